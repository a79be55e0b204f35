// Fetches that look into a TLS ClientHello or an RDP request without taking part (manual 7.3.5).
// They read the raw payload, as far as it has come; offsets are checked before every read (RFC 8446
// 4.1.2).

import { latin1 } from '../../http/message.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef } from '../../keyword.ts';
import { lowerAscii } from '../../match/text.ts';
import { directionRequest, type Stream } from '../../stream/stream.ts';
import { kindBinary, kindBool, kindSint, kindString, type Sample } from '../sample.ts';
import { alias, plain } from './row.ts';

/** What a look at the payload found. */
const notOne = 0;
const tooShort = 1;
const found = 2;

/** A ClientHello as offsets into the thread's memory; filled by `parseHello`. */
class Hello {
  /** Cipher suites, and the extensions without their total length. */
  ciphersAt: number;
  ciphersLength: number;
  extensionsAt: number;
  extensionsEnd: number;
  constructor() {
    this.ciphersAt = 0;
    this.ciphersLength = 0;
    this.extensionsAt = 0;
    this.extensionsEnd = 0;
  }
}

const hello = new Hello();
const two = (bytes: Uint8Array, at: number): number => (bytes[at] << 8) | bytes[at + 1];

const recordHandshake = 0x16;
const typeClientHello = 1;

/** Reads the hello in [at, at + length); notOne, tooShort or found. */
function parseHello(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return tooShort;
  if (bytes[at] !== recordHandshake) return notOne;
  if (length < 9) return tooShort;
  if (bytes[at + 1] < 3 || two(bytes, at + 3) < 4) return notOne;
  if (bytes[at + 5] !== typeClientHello) return notOne;
  const size = (bytes[at + 6] << 16) | two(bytes, at + 7);
  const end = at + 9 + size;
  if (at + length < end) return tooShort;
  // version, random, session id
  let cursor = at + 9 + 34;
  if (cursor >= end) return notOne;
  cursor += 1 + bytes[cursor];
  if (cursor + 2 > end) return notOne;
  hello.ciphersLength = two(bytes, cursor);
  hello.ciphersAt = cursor + 2;
  cursor = hello.ciphersAt + hello.ciphersLength;
  if (cursor >= end) return notOne;
  cursor += 1 + bytes[cursor];
  if (cursor + 2 > end) return notOne;
  hello.extensionsAt = cursor + 2;
  hello.extensionsEnd = Math.min(end, hello.extensionsAt + two(bytes, cursor));
  return found;
}

/** The client's hello; false: none, or (`out.mayChange`) not whole yet. */
function readHello(stream: Stream, out: Sample): boolean {
  if (stream.direction !== directionRequest) return false;
  const { at, length, ended } = stream.requestPayload;
  const state = parseHello(stream.thread.memory.bytes, at, length);
  if (state === tooShort) out.mayChange = !ended;
  return state === found;
}

/** Where the body of the extension starts, -1: it is not there; its length is in `bodyLength`. */
function findExtension(bytes: Uint8Array, type: number): number {
  let at = hello.extensionsAt;
  while (at + 4 <= hello.extensionsEnd) {
    const length = two(bytes, at + 2);
    if (at + 4 + length > hello.extensionsEnd) return -1;
    if (two(bytes, at) === type) {
      bodyLength = length;
      return at + 4;
    }
    at += 4 + length;
  }
  return -1;
}
let bodyLength = 0;

/** What a fetch makes of an extension's body. */
type TakeBody = (bytes: Uint8Array, at: number, length: number, out: Sample) => boolean;

function extension(type: number, take: TakeBody): Evaluate {
  return (stream, out) => {
    if (!readHello(stream, out)) return false;
    const { bytes } = stream.thread.memory;
    const at = findExtension(bytes, type);
    return at >= 0 && take(bytes, at, bodyLength, out);
  };
}

/** server_name (RFC 6066 3): the first host name. */
const serverName: TakeBody = (bytes, at, length, out) => {
  if (length < 5 || bytes[at + 2] !== 0) return false;
  const size = two(bytes, at + 3);
  return size + 5 <= length && out.setText(latin1(bytes, at + 5, size));
};

/** application_layer_protocol_negotiation (RFC 7301): one name after the other. */
const protocolName: TakeBody = (bytes, at, length, out) => {
  const cursor = out.cursor > 0 ? out.cursor : 2;
  if (cursor >= length || cursor + 1 + bytes[at + cursor] > length) return false;
  const size = bytes[at + cursor];
  out.cursor = cursor + 1 + size;
  out.more = out.cursor < length;
  return out.setText(latin1(bytes, at + cursor + 1, size));
};

/** A list behind its length, as bytes. */
const list: TakeBody = (bytes, at, length, out) => {
  const size = length >= 2 ? two(bytes, at) : 0;
  return size > 0 && size + 2 <= length && out.setBinary(latin1(bytes, at + 2, size));
};

/** Groups of key_share (RFC 8446 4.2.8), two bytes each, without their keys. */
const keyShareGroups: TakeBody = (bytes, at, length, out) => {
  let groups = '';
  const end = at + Math.min(length, 2 + (length >= 2 ? two(bytes, at) : 0));
  for (let cursor = at + 2; cursor + 4 <= end; cursor += 4 + two(bytes, cursor + 2)) {
    groups += latin1(bytes, cursor, 2);
  }
  return groups !== '' && out.setBinary(groups);
};

const cipherList: Evaluate = (stream, out) => {
  if (!readHello(stream, out)) return false;
  return out.setBinary(latin1(stream.thread.memory.bytes, hello.ciphersAt, hello.ciphersLength));
};

/** 0: no session ticket extension, 1: empty, 2: with a ticket. */
const sessionTicket: Evaluate = (stream, out) => {
  if (!readHello(stream, out)) return false;
  const at = findExtension(stream.thread.memory.bytes, 35);
  return out.setInt(at < 0 ? 0 : bodyLength > 0 ? 2 : 1);
};

/** Handshake message type of either side: 1 client hello, 2 server hello. */
const helloType: Evaluate = (stream, out) => {
  const isRequest = stream.direction === directionRequest;
  const { at, length, ended } = isRequest ? stream.requestPayload : stream.responsePayload;
  const { bytes } = stream.thread.memory;
  if (length > 0 && !(bytes[at] >= 0x14 && bytes[at] <= 0x17)) return false;
  const size = length >= 9 ? (bytes[at + 6] << 16) | two(bytes, at + 7) : 0;
  if (length < 9 || length < 9 + size) {
    out.mayChange = !ended;
    return false;
  }
  if (bytes[at + 1] < 3 || two(bytes, at + 3) < 4) return false;
  return out.setInt(bytes[at + 5]);
};

const recordMax = (1 << 14) + 2048;

/** Version the client asks for: major × 65536 + minor. */
const helloVersion: Evaluate = (stream, out) => {
  if (stream.direction !== directionRequest) return false;
  const { at, length, ended } = stream.requestPayload;
  const { bytes, slotBytes } = stream.thread.memory;
  if (length > 0 && !(bytes[at] >= 0x14 && bytes[at] <= 0x17)) return false;
  if (length < 11) {
    out.mayChange = !ended;
    return false;
  }
  const size = two(bytes, at + 3);
  if (bytes[at + 1] < 3 || size < 6 || size > recordMax) return false;
  if (length - 5 < Math.min(size, slotBytes - 5)) {
    out.mayChange = !ended;
    return false;
  }
  return out.setInt(bytes[at + 9] * 65_536 + bytes[at + 10]);
};

/** Bytes before the text of an RDP connection request (TPKT and X.224 headers). */
const rdpHead = 11;

const rdpPattern = /^cookie: *([^=\r\n]*)(=?)([^\r]*)(\r?)(\n?)/i;

/**
 * The value of `Cookie: name=value` in an RDP request; `name` '': any. tooShort, notOne or found.
 */
function readRdpCookie(stream: Stream, name: string, out: Sample): number {
  const { at, length } = stream.requestPayload;
  const text = latin1(stream.thread.memory.bytes, at, Math.min(length, 1024)).slice(rdpHead);
  if (text.length <= 7) return tooShort;
  const cookie = rdpPattern.exec(text);
  if (cookie === null) return notOne;
  const [whole, key, equals, value, cr, lf] = cookie;
  if (equals === '') return whole.length === text.length ? tooShort : notOne;
  if (name !== '' && lowerAscii(key) !== name) return notOne;
  if (cr === '' || (lf === '' && whole.length === text.length)) return tooShort;
  return lf === '' ? notOne : out.setText(value) ? found : notOne;
}

function buildRdpCookie(args: readonly ArgumentValue[]): Evaluate {
  const name = lowerAscii((args[0] as string | undefined) ?? '');
  return (stream, out) => {
    const state = readRdpCookie(stream, name, out);
    if (state === tooShort) out.mayChange = !stream.requestPayload.ended;
    return state === found;
  };
}

function buildRdpCount(args: readonly ArgumentValue[]): Evaluate {
  const evaluate = buildRdpCookie(args);
  return (stream, out) => {
    const value = evaluate(stream, out);
    return !out.mayChange && out.setInt(value ? 1 : 0);
  };
}

const buffer = 'request-buffer';
const anywhere = 'frontend+client-address';
const nameArg: readonly ArgumentDef[] = [{ name: 'name', type: 'string', optional: true }];

const sni = plain(
  'req.ssl_sni',
  [kindString, buffer],
  'server name in a TLS hello',
  extension(0, serverName),
);
const type = plain(
  'req.ssl_hello_type',
  [kindSint, buffer],
  'type of a TLS handshake message',
  helloType,
);
const answerType = plain(
  'res.ssl_hello_type',
  [kindSint, 'response-buffer'],
  'type of a TLS handshake message of the server',
  helloType,
);
const version = plain('req.ssl_ver', [kindSint, buffer], 'version in a TLS hello', helloVersion);
const rdpCookie: FetchDef = {
  name: 'req.rdp_cookie',
  args: nameArg,
  returns: kindString,
  reads: buffer,
  help: 'cookie of an RDP request',
  example: 'req.rdp_cookie(mstshash)',
  build: buildRdpCookie,
};
const rdpCount: FetchDef = {
  name: 'req.rdp_cookie_cnt',
  args: nameArg,
  returns: kindSint,
  reads: buffer,
  help: 'number of cookies of an RDP request',
  example: 'req.rdp_cookie_cnt(mstshash)',
  build: buildRdpCount,
};

export const hellos: readonly FetchDef[] = [
  sni,
  alias('req_ssl_sni', sni),
  plain(
    'req.ssl_alpn',
    [kindString, buffer],
    'protocols in a TLS hello',
    extension(16, protocolName),
  ),
  type,
  alias('req_ssl_hello_type', type),
  answerType,
  alias('rep_ssl_hello_type', answerType),
  version,
  alias('req_ssl_ver', version),
  plain(
    'req.ssl_ec_ext',
    [kindBool, buffer],
    'a TLS hello lists groups',
    extension(10, (_bytes, _at, _length, out) => out.setBool(true)),
  ),
  plain(
    'req.ssl_st_ext',
    [kindSint, buffer],
    'session ticket in a TLS hello: 0 none, 1 empty, 2 present',
    sessionTicket,
  ),
  plain('req.ssl_cipherlist', [kindBinary, anywhere], 'cipher suites in a TLS hello', cipherList),
  plain(
    'req.ssl_supported_groups',
    [kindBinary, anywhere],
    'groups in a TLS hello',
    extension(10, list),
  ),
  plain(
    'req.ssl_sigalgs',
    [kindBinary, anywhere],
    'signature algorithms in a TLS hello',
    extension(13, list),
  ),
  plain(
    'req.ssl_keyshare_groups',
    [kindBinary, anywhere],
    'groups of the key shares in a TLS hello',
    extension(51, keyShareGroups),
  ),
  rdpCookie,
  alias('rdp_cookie', rdpCookie),
  rdpCount,
  alias('rdp_cookie_cnt', rdpCount),
];
