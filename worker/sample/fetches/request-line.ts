// Fetches of the request line: method, target and its parts, version, parameters (manual 7.3.6).
// Texts made from the target are kept until the message is edited.

import {
  nextParameter,
  type ParameterName,
  ParameterSpan,
  parameterName,
  queryStart,
} from '../../http/syntax-query.ts';
import { headerName, latin1, type Message } from '../../http/message.ts';
import { pathIndex } from '../../http/uri.ts';
import type { ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { familyIpv4, familyIpv6 } from '../../conn/endpoint.ts';
import { parseIpv4 } from '../address.ts';
import { avalanche } from '../../../shared/hash.ts';
import { sdbmText } from '../hash.ts';
import { readInt64, wordBytes } from '../int64.ts';
import { kindBinary, kindIpv4, kindMethod, kindSint, kindString, type Sample } from '../sample.ts';
import { alias, plain, requestEver, requestHead } from './row.ts';

const host = headerName('host');
const ofHeaders = 'request-headers';
const ofRequest = 'request';

/** A text of the request that is made once per edition of the message, null: it has none. */
function derived(make: (message: Message) => string | null): Evaluate {
  let lastMessage: Message | null = null;
  let lastEdition = -1;
  let lastText: string | null = null;
  return (stream, out) => {
    const message = requestHead(stream, out);
    if (message === null) return false;
    if (message !== lastMessage || message.edition !== lastEdition) {
      lastText = make(message);
      lastMessage = message;
      lastEdition = message.edition;
    }
    return lastText !== null && out.setText(lastText);
  };
}

/** Path with query, null: the target has none. */
function pathQuery(message: Message): string | null {
  const target = message.target();
  if (target.charCodeAt(0) === 47) return target;
  const at = pathIndex(target);
  return at < 0 ? null : target.slice(at);
}

function path(message: Message): string | null {
  const whole = pathQuery(message);
  if (whole === null) return null;
  const end = whole.indexOf('?');
  return end < 0 ? whole : whole.slice(0, end);
}

function hostText(message: Message): string {
  const index = message.find(host, 0);
  return index < 0 ? '' : message.valueText(index);
}

/** Host and path joined (`base`), or the path alone without a Host. */
function joinedWith(
  part: (message: Message) => string | null,
): (message: Message) => string | null {
  return (message) => {
    const name = hostText(message);
    const found = part(message);
    if (name === '') return found;
    return found?.charCodeAt(0) === 47 ? name + found : name;
  };
}

/** base32: the hash of Host and path (manual 7.3.6). */
function base32(message: Message): number {
  const hash = sdbmText(hostText(message), 0);
  const found = path(message);
  return avalanche(found?.charCodeAt(0) === 47 ? sdbmText(found, hash) : hash);
}

const base32Of: Evaluate = (stream, out) => {
  const message = requestHead(stream, out);
  return message !== null && out.setInt(base32(message));
};

/** url32: the hash of the target without its query, after the Host. */
function url32(message: Message): number {
  let hash = sdbmText(hostText(message), 0);
  const target = pathQuery(message);
  if (target !== null && target.charCodeAt(0) === 47) hash = sdbmText(target, hash);
  return avalanche(hash);
}

const url32Of: Evaluate = (stream, out) => {
  const message = requestHead(stream, out);
  return message !== null && out.setInt(url32(message));
};

/** A hash and the source address behind it. */
function withSource(hash: Evaluate): Evaluate {
  return (stream, out) => {
    const { source } = stream;
    const isIpv4 = source.family === familyIpv4;
    if (!isIpv4 && source.family !== familyIpv6) return false;
    if (!hash(stream, out)) return false;
    const address = isIpv4 ? wordBytes(source.ipv4) : source.bytes;
    return out.setBinary(wordBytes(out.int as number) + address);
  };
}

const method: Evaluate = (stream, out) => {
  const message = requestEver(stream, out);
  return message !== null && out.setMethod(message.methodText());
};

/** `1.1`: digits of the version. */
export function versionText(message: Message): string {
  return message.version === 11
    ? '1.1'
    : message.version === 10
      ? '1.0'
      : otherVersion(message.version);
}

function otherVersion(version: number): string {
  return `${Math.floor(version / 10)}.${version % 10}`;
}

const requestVersion: Evaluate = (stream, out) => {
  const message = requestEver(stream, out);
  return message !== null && out.setText(versionText(message));
};

/** The query string, with its question mark when asked. */
function buildQuery(args: readonly ArgumentValue[], scope: Scope): Evaluate | null {
  const [option = ''] = args as readonly string[];
  if (option !== '' && option !== 'with_qm') {
    scope.alert("the only option of 'query' is 'with_qm'");
    return null;
  }
  const withMark = option === 'with_qm';
  return derived((message) => {
    const target = message.target();
    const at = target.indexOf('?');
    if (at < 0) return null;
    return withMark && at + 1 < target.length ? target.slice(at) : target.slice(at + 1);
  });
}

/** Address or port of an absolute target whose host is an IPv4 address. */
function urlEndpoint(message: Message): { readonly address: number; readonly port: number } | null {
  const found =
    /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/?#@]*@)?([0-9.]+)(?::(\d{1,5}))?(?:[/?#]|$)/.exec(
      message.target(),
    );
  if (found === null) return null;
  const address = parseIpv4(found[2]);
  const standard = found[1].toLowerCase() === 'https' ? 443 : 80;
  return address < 0
    ? null
    : { address, port: found[3] === undefined ? standard : Number(found[3]) };
}

const urlIp: Evaluate = (stream, out) => {
  const message = requestHead(stream, out);
  const found = message === null ? null : urlEndpoint(message);
  return found !== null && out.setIpv4(found.address);
};

const urlPort: Evaluate = (stream, out) => {
  const message = requestHead(stream, out);
  const found = message === null ? null : urlEndpoint(message);
  return found !== null && out.setInt(found.port);
};

const span = new ParameterSpan();

/** The next parameter in [from, end); `out.cursor` goes on. Shared with req.body_param. */
export function takeParameter(
  stream: Stream,
  out: Sample,
  name: ParameterName,
  range: { readonly from: number; readonly end: number },
): boolean {
  const { bytes } = stream.thread.memory;
  span.next = out.cursor > 0 ? out.cursor : range.from;
  span.end = range.end;
  out.more = false;
  if (!nextParameter(bytes, span, name)) return false;
  out.cursor = span.next;
  out.more = span.next < span.end;
  return out.setText(latin1(bytes, span.valueAt, span.valueLength));
}

function buildUrlParam(args: readonly ArgumentValue[]): Evaluate | null {
  const [name = '', delimiter = '', flag = ''] = args as readonly string[];
  const mark = delimiter === '' ? '?' : delimiter[0];
  const wanted = parameterName(name, mark, flag === 'i');
  const range = { from: 0, end: 0 };
  return (stream, out) => {
    const message = requestHead(stream, out);
    if (message === null) return false;
    const { targetAt, targetLength } = message;
    range.from = queryStart(message.bytes, targetAt, targetLength, mark.charCodeAt(0));
    range.end = targetAt + targetLength;
    return range.from >= 0 && takeParameter(stream, out, wanted, range);
  };
}

/** The value as an integer. */
function asInteger(evaluate: Evaluate | null): Evaluate | null {
  if (evaluate === null) return null;
  return (stream, out) => evaluate(stream, out) && out.setInt(readInt64(out.text));
}

const parameterArgs = [
  { name: 'name', type: 'string', optional: true },
  { name: 'delimiter', type: 'string', optional: true },
  { name: 'flag', type: 'string', optional: true },
] as const;

const urlParam: FetchDef = {
  name: 'url_param',
  args: parameterArgs,
  returns: kindString,
  reads: ofHeaders,
  help: 'first value of a parameter of the query string; without a name every value in turn',
  example: 'url_param(id)',
  build: buildUrlParam,
};

const methodRow = plain('method', [kindMethod, ofRequest], 'method of the request', method);
const version = plain(
  'req.ver',
  [kindString, ofRequest],
  'HTTP version of the request, as 1.1',
  requestVersion,
);
const base32Row = plain('base32', [kindSint, ofHeaders], 'hash of Host and path', base32Of);
const url32Row = plain('url32', [kindSint, ofHeaders], 'hash of Host and target', url32Of);

export const requestLine = [
  methodRow,
  plain('path', [kindString, ofHeaders], 'path of the target, without its query', derived(path)),
  plain('pathq', [kindString, ofHeaders], 'path of the target with its query', derived(pathQuery)),
  plain(
    'url',
    [kindString, ofHeaders],
    'the whole request target',
    derived((message) => message.target()),
  ),
  plain('base', [kindString, ofHeaders], 'Host and path', derived(joinedWith(path))),
  plain('baseq', [kindString, ofHeaders], 'Host, path and query', derived(joinedWith(pathQuery))),
  base32Row,
  plain(
    'base32+src',
    [kindBinary, ofHeaders],
    'base32 and the source address',
    withSource(base32Of),
  ),
  url32Row,
  plain('url32+src', [kindBinary, ofHeaders], 'url32 and the source address', withSource(url32Of)),
  plain('url_ip', [kindIpv4, ofHeaders], 'IPv4 address in an absolute target', urlIp),
  plain('url_port', [kindSint, ofHeaders], 'port in an absolute target', urlPort),
  {
    name: 'query',
    args: [{ name: 'option', type: 'string', optional: true }],
    returns: kindString,
    reads: ofHeaders,
    help: 'query string; with_qm keeps its question mark',
    example: 'query(with_qm)',
    build: buildQuery,
  },
  version,
  alias('req_ver', version),
  urlParam,
  alias('urlp', urlParam),
  {
    ...urlParam,
    name: 'urlp_val',
    returns: kindSint,
    help: 'a parameter of the query string as an integer',
    example: 'urlp_val(page)',
    build: (args) => asInteger(buildUrlParam(args)),
  },
] as const satisfies readonly FetchDef[];
