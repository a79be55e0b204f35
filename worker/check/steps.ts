// Reads the words of one `tcp-check` or `http-check` rule into a step: connect, send, comment and
// actions here; `expect` in expect.ts and expect-http.ts. Start only; mistakes go to the scope.

import { parseAddress } from '../../shared/address.ts';
import type { AddressModel } from '../../shared/config/model.ts';
import type { FormatText, Scope, WordCursor } from '../keyword.ts';
import { kindSint } from '../sample/sample.ts';
import { parseHex } from './hex.ts';
import type { ConnectStep, RequestStep, SendStep } from './plan.ts';

const constant =
  (text: string): FormatText =>
  () =>
    text;

/** Takes the word that belongs to `name`; null after an alert. */
function take(words: WordCursor, scope: Scope, name: string, what = 'a string'): string | null {
  if (!words.atEnd() && words.peek() !== '') return words.next();
  scope.alertAt(words.here(), `'${name}' expects ${what} as argument`);
  return null;
}

// ---- connect ----

type ConnectDraft = { -readonly [K in keyof ConnectStep]: ConnectStep[K] };

type ReadConnect = (
  words: WordCursor,
  scope: Scope,
  step: ConnectDraft,
  isHttp: boolean,
) => boolean;

const flag =
  (set: Partial<ConnectDraft>): ReadConnect =>
  (_words, _scope, step) => {
    Object.assign(step, set);
    return true;
  };

function readAddress(words: WordCursor, scope: Scope, step: ConnectDraft): boolean {
  const text = take(words, scope, 'addr', '<ipv4|ipv6>');
  if (text === null) return false;
  const { address, error } = parseAddress(text, { port: true, names: false });
  if (address === null) {
    scope.alert(`'addr' : ${error}`);
    return false;
  }
  const { family, socket, host, portLow: port, fd } = address;
  step.address = { family, socket, host, port, portOffset: false, fd } satisfies AddressModel;
  return true;
}

function readPort(words: WordCursor, scope: Scope, step: ConnectDraft): boolean {
  const text = take(words, scope, 'port', 'a port number or a sample expression');
  if (text === null) return false;
  if (!/^\d+$/.test(text)) {
    step.portOf = scope.expressionOf(text, kindSint)?.evaluate ?? null;
    return step.portOf !== null;
  }
  step.port = Number(text);
  if (step.port >= 1 && step.port <= 65_535) return true;
  scope.alert(
    `expects a valid TCP port (from range 1 to 65535) or a sample expression, got ${text}`,
  );
  return false;
}

const protocols: Readonly<Record<string, readonly string[]>> = {
  'tcp-check': ['none'],
  'http-check': ['h1', 'h2', 'fcgi'],
};

function readProtocol(
  words: WordCursor,
  scope: Scope,
  step: ConnectDraft,
  isHttp: boolean,
): boolean {
  const text = take(words, scope, 'proto', 'a MUX protocol');
  if (text === null) return false;
  const kind = isHttp ? 'http-check' : 'tcp-check';
  if (!protocols[kind].includes(text)) {
    const isKnown = Object.values(protocols).some((names) => names.includes(text));
    const what = isKnown ? `invalid MUX protocol '${text}' for ${kind}` : `'${text}' is not known`;
    scope.alert(`'proto' : ${what}`);
    return false;
  }
  if (text === 'fcgi' && (scope.proxy?.fcgiApp ?? '') === '') {
    scope.alert("'proto' : fcgi needs an application", "'use-fcgi-app' names one");
    return false;
  }
  step.proto = text;
  return true;
}

const textField =
  (name: string, field: 'comment' | 'sni' | 'alpn'): ReadConnect =>
  (words, scope, step) => {
    const text = take(words, scope, name);
    step[field] = text ?? '';
    return text !== null;
  };

const connectWords: ReadonlyMap<string, ReadConnect> = new Map<string, ReadConnect>([
  ['default', flag({ isDefault: true })],
  ['addr', readAddress],
  ['port', readPort],
  ['proto', readProtocol],
  ['send-proxy', flag({ sendsProxy: true })],
  ['via-socks4', flag({ viaSocks4: true })],
  ['linger', flag({ lingers: true })],
  ['ssl', flag({ tls: true })],
  ['sni', textField('sni', 'sni')],
  ['alpn', textField('alpn', 'alpn')],
  ['comment', textField('comment', 'comment')],
]);

/** The connection of checks that have no `connect` rule. */
export function newConnect(number: number, fields: Partial<ConnectStep> = {}): ConnectStep {
  return {
    kind: 'connect',
    number,
    comment: '',
    address: null,
    port: 0,
    portOf: null,
    sendsProxy: false,
    viaSocks4: false,
    tls: false,
    sni: '',
    sniOf: null,
    alpn: '',
    proto: '',
    lingers: false,
    delaysAck: false,
    isDefault: false,
    isImplicit: false,
    ...fields,
  };
}

/** Reads the words after `connect`; null after an alert. */
export function readConnect(
  words: WordCursor,
  scope: Scope,
  number: number,
  isHttp: boolean,
): ConnectStep | null {
  const step: ConnectDraft = newConnect(number);
  while (!words.atEnd()) {
    const word = words.next();
    const read = connectWords.get(word);
    if (read === undefined) {
      const list = [...connectWords.keys()].map((name) => `'${name}'`).join(', ');
      scope.alert(`expects ${list} but got '${word}' as argument`);
      return null;
    }
    if (!read(words, scope, step, isHttp)) return null;
  }
  return step;
}

// ---- send of tcp-check ----

export const sendWords = new Set(['send', 'send-lf', 'send-binary', 'send-binary-lf']);

/** Reads the words after `send` and its kin; null after an alert. */
export function readSend(
  words: WordCursor,
  scope: Scope,
  word: string,
  number: number,
): SendStep | null {
  const isBinary = word.startsWith('send-binary');
  const data = take(words, scope, word, isBinary ? 'a binary string' : 'a string');
  if (data === null) return null;
  const comment = readComment(words, scope);
  if (comment === null) return null;
  const step = { kind: 'send', number, comment } as const;
  if (word.endsWith('-lf')) {
    const format = scope.logFormat(data, 'text');
    return format === null ? null : { ...step, text: format, isHex: isBinary };
  }
  const bytes = isBinary ? parseHex(data) : data;
  if (bytes !== null) return { ...step, text: constant(bytes), isHex: false };
  scope.alert(`'${data}' invalid binary string: an even number of hexadecimal digits is expected`);
  return null;
}

/** `comment TEXT` at the end of a line; null after an alert. */
function readComment(words: WordCursor, scope: Scope): string | null {
  let comment = '';
  while (!words.atEnd()) {
    const word = words.next();
    if (word !== 'comment') {
      scope.alert(`expects 'comment' but got '${word}' as argument`);
      return null;
    }
    const text = take(words, scope, 'comment');
    if (text === null) return null;
    comment = text;
  }
  return comment;
}

// ---- send of http-check ----

type ReadRequest = (words: WordCursor, scope: Scope, step: RequestStep, word: string) => boolean;

type Header = RequestStep['headers'][number];

function readHeader(words: WordCursor, scope: Scope, step: RequestStep): boolean {
  const name = take(words, scope, 'hdr', '<name> and <value>');
  const value = name === null ? null : take(words, scope, 'hdr', '<name> and <value>');
  if (name === null || value === null) return false;
  const lower = name.toLowerCase();
  // The length is ours to tell.
  if (lower === 'content-length' || lower === 'transfer-encoding') return true;
  if (lower === 'host' && step.headers.some((header) => header.name === 'host')) {
    scope.alert(`'${name}' header already defined`);
    return false;
  }
  const format = scope.logFormat(value, 'text');
  if (format === null) return false;
  step.headers = [...step.headers, { name: lower, value: format } satisfies Header];
  return true;
}

const formatField =
  (field: 'uri' | 'body'): ReadRequest =>
  (words, scope, step, word) => {
    const text = take(words, scope, word);
    if (text === null) return false;
    const format = word.endsWith('-lf') ? scope.logFormat(text, 'text') : constant(text);
    step[field] = format;
    return format !== null;
  };

const plainField =
  (field: 'method' | 'version' | 'comment'): ReadRequest =>
  (words, scope, step, word) => {
    const text = take(words, scope, word);
    step[field] = text ?? '';
    return text !== null;
  };

const requestWords: ReadonlyMap<string, ReadRequest> = new Map<string, ReadRequest>([
  ['meth', plainField('method')],
  ['uri', formatField('uri')],
  ['uri-lf', formatField('uri')],
  ['ver', plainField('version')],
  ['hdr', readHeader],
  ['body', formatField('body')],
  ['body-lf', formatField('body')],
  ['comment', plainField('comment')],
]);

/** A request that says nothing: the usual method, URI and version. */
export function newRequest(number: number, isFromOption: boolean): RequestStep {
  return {
    kind: 'request',
    number,
    comment: '',
    isFromOption,
    method: '',
    uri: null,
    version: '',
    headers: [],
    body: null,
  };
}

/** Reads the words after `send` of http-check; null after an alert. */
export function readRequest(words: WordCursor, scope: Scope, number: number): RequestStep | null {
  const step = newRequest(number, false);
  while (!words.atEnd()) {
    const word = words.next();
    const read = requestWords.get(word);
    if (read === undefined) {
      const list = [...requestWords.keys()].map((name) => `'${name}'`).join(', ');
      scope.alert(`expects ${list} but got '${word}' as argument`);
      return null;
    }
    if (!read(words, scope, step, word)) return null;
  }
  return step;
}

/** The request of `option httpchk [METHOD] [URI [VERSION [HOST]]]`. */
export function optionRequest(words: WordCursor, scope: Scope): RequestStep | null {
  const args = [...words.words.slice(words.index)];
  const step = newRequest(0, true);
  step.method = args.length > 1 ? args[0] : '';
  const uri = args.length > 1 ? args[1] : (args[0] ?? '');
  step.uri = uri === '' ? null : constant(uri);
  step.version = args[2] ?? '';
  if (step.version.includes('\r\n')) {
    scope.alert(
      'hiding headers or body at the end of the version string is unsupported, ' +
        "'http-check send' says them",
    );
    return null;
  }
  if (args[3] === undefined) return step;
  const host = scope.logFormat(args[3], 'text');
  if (host === null) return null;
  step.headers = [{ name: 'host', value: host }];
  return step;
}

/** What `newer` says takes the place of what `older` said. */
export function mergeRequests(older: RequestStep, newer: RequestStep): void {
  if (newer.method !== '') older.method = newer.method;
  if (newer.uri !== null) older.uri = newer.uri;
  if (newer.version !== '') older.version = newer.version;
  if (newer.headers.length > 0) older.headers = newer.headers;
  if (newer.body !== null) older.body = newer.body;
}
