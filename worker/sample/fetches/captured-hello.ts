// Fetches of what a client has said in its hello (manual 7.3.4, tune.ssl.capture-buffer-size): the
// lists of suites, extensions, groups, point formats, versions and signatures, each as it came or
// without the values that mean nothing (GREASE, RFC 8701).

import { tlsSessionOf } from '../../conn/tls.ts';
import type { ArgumentDef, FetchDef } from '../../keyword.ts';
import type { TlsSession } from '../../../shared/sys/tls.ts';
import type { Stream } from '../../stream/stream.ts';
import { xxh64Text } from '../hash.ts';
import { wrapped } from '../int64.ts';
import { kindBinary, kindSint, kindString, type Sample } from '../sample.ts';
import { plain } from './row.ts';

/** All lists together have as many bytes as are captured, in this order. */
export interface HelloLists {
  readonly version: number;
  readonly suites: string;
  readonly extensions: string;
  readonly groups: string;
  readonly formats: string;
  readonly versions: string;
  readonly signatures: string;
  /** All suites, however many are captured. */
  readonly allSuites: string;
}

/** Walks over bytes in a string; beyond the end there are zeros. */
class Walk {
  readonly text: string;
  at: number;

  constructor(text: string, at: number) {
    this.text = text;
    this.at = at;
  }

  number(bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value = value * 256 + (this.text.charCodeAt(this.at++) || 0);
    return value;
  }

  take(length: number): string {
    const from = this.at;
    this.at += length;
    return this.text.slice(from, this.at);
  }
}

/** Extensions whose content is a list, and bytes of its length. */
const listHeads: ReadonlyMap<number, number> = new Map([
  [10, 2],
  [11, 1],
  [13, 2],
  [43, 1],
]);
const helloAt = 4;
const randomBytes = 32;

/** Reads a handshake message with a client hello; `max`: bytes to keep. null: it is none. */
export function readHello(text: string, max: number): HelloLists | null {
  if (text.length < helloAt + 2 + randomBytes || text.charCodeAt(0) !== 1) return null;
  const walk = new Walk(text, helloAt);
  const version = walk.number(2);
  walk.take(randomBytes);
  walk.take(walk.number(1));
  const allSuites = walk.take(walk.number(2));
  walk.take(walk.number(1));
  const end = Math.min(text.length, walk.number(2) + walk.at);
  let extensions = '';
  const found = new Map<number, string>();
  while (walk.at + 4 <= end) {
    extensions += text.slice(walk.at, walk.at + 2);
    const type = walk.number(2);
    const content = new Walk(walk.take(walk.number(2)), 0);
    const head = listHeads.get(type);
    if (head !== undefined) found.set(type, content.take(content.number(head)));
  }
  let left = max;
  const keep = (list: string, unit = 1): string => {
    const kept = list.slice(0, left - (left % unit));
    left -= kept.length;
    return kept;
  };
  const suites = keep(allSuites);
  const keptExtensions = keep(extensions, 2);
  return {
    version,
    suites,
    extensions: keptExtensions,
    groups: keep(found.get(10) ?? ''),
    formats: keep(found.get(11) ?? ''),
    versions: keep(found.get(43) ?? ''),
    signatures: keep(found.get(13) ?? ''),
    allSuites,
  };
}

/** Pairs of equal bytes that end in A mean nothing. */
function withoutGrease(list: string): string {
  let kept = '';
  for (let at = 0; at + 1 < list.length; at += 2) {
    const isGrease = list[at] === list[at + 1] && (list.charCodeAt(at) & 15) === 10;
    if (!isGrease) kept += list.slice(at, at + 2);
  }
  return kept;
}

const known = new WeakMap<TlsSession, HelloLists>();

function helloOf(stream: Stream): HelloLists | null {
  const session = tlsSessionOf(stream.session.connection);
  if (session === null) return null;
  const before = known.get(session);
  if (before !== undefined) return before;
  const max = stream.thread.program.model.global.tune.sslCaptureBytes;
  const lists = max === 0 ? null : readHello(session.clientHello(), max);
  if (lists !== null) known.set(session, lists);
  return lists;
}

const filter: readonly ArgumentDef[] = [{ name: 'filter', type: 'sint', optional: true }];

type Give = (stream: Stream, list: string, out: Sample) => boolean;

const listRow = (
  name: string,
  returns: number,
  help: string,
  { pick, give }: { readonly pick: (hello: HelloLists) => string; readonly give: Give },
): FetchDef => ({
  name,
  args: filter,
  returns,
  reads: 'client-connection',
  help,
  example: `${name}(1)`,
  build: ([option]) => {
    const isFiltered = Number(option ?? 0) !== 0;
    return (stream, out) => {
      const hello = helloOf(stream);
      if (hello === null) return false;
      const list = pick(hello);
      return give(stream, isFiltered ? withoutGrease(list) : list, out);
    };
  },
});

const binary: Give = (_stream, list, out) => out.setBinary(list);
/** Bytes all the same: HAProxy lists some of these as text. */
const bytes: Give = (_stream, list, out) => out.setText(list);

/** Names of suites with commas; one that OpenSSL does not know is UNKNOWN with its number. */
function suiteNames(stream: Stream, list: string, out: Sample): boolean {
  const session = tlsSessionOf(stream.session.connection);
  let names = '';
  for (let at = 0; at + 1 < list.length; at += 2) {
    const suite = list.charCodeAt(at) * 256 + list.charCodeAt(at + 1);
    const name = session?.suiteName(suite) ?? '';
    const text = name === '' ? `UNKNOWN(${suite.toString(16).padStart(4, '0')})` : name;
    names += at === 0 ? text : `,${text}`;
  }
  return out.setText(names);
}

function suiteHex(_stream: Stream, list: string, out: Sample): boolean {
  return out.setBinary(Buffer.from(list, 'latin1').toString('hex').toUpperCase());
}

const rows: readonly (readonly [string, keyof HelloLists, string, number?])[] = [
  ['ssl_fc_cipherlist_bin', 'suites', 'suites that the client knows', kindString],
  ['ssl_fc_extlist_bin', 'extensions', 'extensions of the client hello', kindString],
  ['ssl_fc_eclist_bin', 'groups', 'groups that the client knows', kindString],
  ['ssl_fc_supported_versions_bin', 'versions', 'versions of TLS that the client knows'],
  ['ssl_fc_sigalgs_bin', 'signatures', 'signatures that the client knows'],
];

export const capturedHello: readonly FetchDef[] = [
  ...rows.map(([name, field, help, kind = kindBinary]) => {
    const give = kind === kindString ? bytes : binary;
    return listRow(name, kind, help, { pick: (hello) => String(hello[field]), give });
  }),
  plain(
    'ssl_fc_ecformats_bin',
    [kindString, 'client-connection'],
    'point formats that the client knows',
    (stream, out) => {
      const hello = helloOf(stream);
      return hello !== null && out.setText(hello.formats);
    },
  ),
  listRow('ssl_fc_cipherlist_hex', kindBinary, 'suites that the client knows, in hexadecimal', {
    pick: ({ suites }) => suites,
    give: suiteHex,
  }),
  listRow('ssl_fc_cipherlist_str', kindString, 'names of the suites that the client knows', {
    pick: ({ suites }) => suites,
    give: suiteNames,
  }),
  plain(
    'ssl_fc_cipherlist_xxh',
    [kindSint, 'client-connection'],
    'hash of the suites that the client knows',
    (stream, out) => {
      const hello = helloOf(stream);
      return hello !== null && out.setInt(wrapped(xxh64Text(hello.allSuites, 0n)));
    },
  ),
  plain(
    'ssl_fc_protocol_hello_id',
    [kindSint, 'client-connection'],
    'version that the client hello begins with',
    (stream, out) => {
      const hello = helloOf(stream);
      return hello !== null && out.setInt(hello.version);
    },
  ),
];
