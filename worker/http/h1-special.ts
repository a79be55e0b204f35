// The header lines of HTTP/1 that frame a message or belong to the connection: Host, Content-
// Length, Transfer-Encoding, Connection, Upgrade, Expect. h1-field.ts calls `handleSpecial` for
// each; what must wait for the complete head (`takeOutMembers`) is called by h1-head.ts. Until
// then bytes are only read.

import {
  fieldChunked,
  fieldChunkedLast,
  fieldContentLength,
  fieldExpect,
  fieldOtherCoding,
  fieldRewrite,
  fieldTransferEncoding,
  fieldUpgrade,
  fieldWebsocket,
  type HeadState,
  h1ErrorContentLength,
  h1ErrorHost,
  h1ErrorTransferEncoding,
} from './h1.ts';
import {
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  type HeaderName,
  hasHost,
  headerName,
  headerWords,
  type Message,
} from './message.ts';
import {
  comma,
  digitZero,
  forbiddenAuthorityByte,
  isSameWord,
  isWord,
  memberEnd,
  space,
  tab,
  trimmedEnd,
} from './syntax.ts';

/** Answers of a handler besides errors: the line stays in the table, or is left out. */
const keep = 1;
const drop = 0;

type Handler = (message: Message, word: number, state: HeadState) => number;

export const connectionName = headerName('connection');
export const upgradeName = headerName('upgrade');
export const contentLengthName = headerName('content-length');
export const transferEncodingName = headerName('transfer-encoding');

const specials: readonly { readonly name: HeaderName; readonly handle: Handler }[] = [
  { name: headerName('host'), handle: host },
  { name: contentLengthName, handle: contentLength },
  { name: transferEncodingName, handle: transferEncoding },
  { name: connectionName, handle: connection },
  { name: upgradeName, handle: upgrade },
  { name: headerName('expect'), handle: expect },
];

/** Special number (index + 1) by length of the name: no two have the same. */
const byLength = new Uint8Array(32);
specials.forEach((special, index) => {
  byLength[special.name.bytes.length] = index + 1;
});

/** Number of the special header called so, 0: none. The name is lower case already. */
export function specialAt(bytes: Uint8Array, at: number, length: number, hash: number): number {
  const number = length < 32 ? byLength[length] : 0;
  if (number === 0) return 0;
  const { name } = specials[number - 1];
  return name.hash === hash && isWord(bytes, at, length, name.bytes) ? number : 0;
}

/** Lets the header in the table at `word` speak: 1: it stays, 0: it is left out, or an error. */
export function handleSpecial(
  number: number,
  message: Message,
  word: number,
  state: HeadState,
): number {
  return specials[number - 1].handle(message, word, state);
}

/** The first Host is checked, others must repeat it (RFC 9112 3.2) and are left out. */
function host(message: Message, word: number, state: HeadState): number {
  if (state.isResponse) return keep;
  const { bytes, headers } = message;
  const at = headers[word + 2];
  const length = headers[word + 3];
  if (state.hostWord >= 0) {
    const first = state.hostWord;
    if (headers[first + 3] === length && isSameWord(bytes, headers[first + 2], at, length)) {
      return drop;
    }
    return state.fail(at, h1ErrorHost);
  }
  const forbidden = forbiddenAuthorityByte(bytes, at, length);
  if (forbidden >= 0) return state.fail(forbidden, h1ErrorHost);
  state.hostWord = word;
  message.flags |= hasHost;
  return keep;
}

/**
 * One or more equal numbers (RFC 9112 6.3); anything else is an error, also lengths above 2^53 -
 * 1, where the reference stops at 2^64 - 1. The value is narrowed to the number without leading
 * zeros.
 */
function contentLength(message: Message, word: number, state: HeadState): number {
  const { bytes, headers } = message;
  const start = headers[word + 2];
  const end = start + headers[word + 3];
  const isFirst = (state.seen & fieldContentLength) === 0;
  let length = isFirst ? -1 : message.contentLength;
  let at = start;
  for (;;) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    const digitsAt = at;
    let number = 0;
    let firstAt = -1;
    for (; at < end; at++) {
      const digit = bytes[at] - digitZero;
      if (digit < 0 || digit > 9) break;
      if (firstAt < 0 && digit > 0) firstAt = at;
      number = number * 10 + digit;
      if (number > Number.MAX_SAFE_INTEGER) return state.fail(start, h1ErrorContentLength);
    }
    if (at === digitsAt || (length >= 0 && number !== length)) {
      return state.fail(start, h1ErrorContentLength);
    }
    length = number;
    headers[word + 2] = firstAt < 0 ? at - 1 : firstAt;
    headers[word + 3] = at - headers[word + 2];
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    if (at === end) break;
    if (bytes[at++] !== comma) return state.fail(start, h1ErrorContentLength);
  }
  message.contentLength = length;
  state.seen |= fieldContentLength;
  return isFirst ? keep : drop;
}

const chunkedWord = Uint8Array.from(Buffer.from('chunked'));

/**
 * Codings in order of application (RFC 9112 6.1): chunked once, and last in a request. Empty
 * members and a second chunked are let through in a relaxed response only. The value is narrowed
 * to `chunked`.
 */
function transferEncoding(message: Message, word: number, state: HeadState): number {
  const { bytes, headers } = message;
  const start = headers[word + 2];
  const end = start + headers[word + 3];
  const isRepeated = (state.seen & fieldChunked) !== 0;
  let isBad = start === end;
  if (start < end) state.seen |= fieldTransferEncoding;
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    if (at === end) break;
    const stop = memberEnd(bytes, at, end);
    const length = trimmedEnd(bytes, at, stop) - at;
    if (length === 0 || stop + 1 === end) isBad = true;
    state.seen &= ~fieldChunkedLast;
    if (isWord(bytes, at, length, chunkedWord)) {
      if ((state.seen & fieldChunked) !== 0) isBad = true;
      state.seen |= fieldChunked | fieldChunkedLast;
      headers[word + 2] = at;
      headers[word + 3] = length;
    } else if (length > 0) {
      if (!state.isResponse && (state.seen & fieldChunked) !== 0) {
        return state.fail(start, h1ErrorTransferEncoding);
      }
      state.seen |= fieldOtherCoding;
    }
    at = stop;
  }
  if (isBad) {
    if (!state.isResponse) return state.fail(start, h1ErrorTransferEncoding);
    const verdict = state.tolerate(start, h1ErrorTransferEncoding);
    if (verdict < 0) return verdict;
  }
  return isRepeated || start === end ? drop : keep;
}

const closeWord = Uint8Array.from(Buffer.from('close'));
const keepAliveWord = Uint8Array.from(Buffer.from('keep-alive'));
const upgradeWord = Uint8Array.from(Buffer.from('upgrade'));
const websocketWord = Uint8Array.from(Buffer.from('websocket'));
const h2cWord = Uint8Array.from(Buffer.from('h2c'));
const h2Word = Uint8Array.from(Buffer.from('h2'));

/** What a list member means: which flag it sets, and whether the writer makes it anew. */
function connectionMember(bytes: Uint8Array, at: number, length: number): number {
  if (isWord(bytes, at, length, keepAliveWord)) return connectionKeepAlive;
  if (isWord(bytes, at, length, closeWord)) return connectionClose;
  return isWord(bytes, at, length, upgradeWord) ? connectionUpgrade : 0;
}

/** `close` and `keep-alive` become flags and leave the list (the writer makes them anew). */
function connection(message: Message, word: number, state: HeadState): number {
  const { bytes, headers } = message;
  const end = headers[word + 2] + headers[word + 3];
  let left = 0;
  let taken = 0;
  for (let at = headers[word + 2]; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    if (at === end) break;
    const stop = memberEnd(bytes, at, end);
    const flag = connectionMember(bytes, at, trimmedEnd(bytes, at, stop) - at);
    message.flags |= flag;
    if ((flag & (connectionClose | connectionKeepAlive)) !== 0) taken++;
    else left++;
    at = stop;
  }
  if (left === 0) return drop;
  if (taken > 0) state.seen |= fieldRewrite;
  return keep;
}

/** `h2` and `h2c` leave the list: a running connection stays HTTP/1. */
function upgrade(message: Message, word: number, state: HeadState): number {
  const { bytes, headers } = message;
  const end = headers[word + 2] + headers[word + 3];
  let left = 0;
  let taken = 0;
  for (let at = headers[word + 2]; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    if (at === end) break;
    const stop = memberEnd(bytes, at, end);
    const length = trimmedEnd(bytes, at, stop) - at;
    if (isHttp2(bytes, at, length)) taken++;
    else left++;
    if (isWord(bytes, at, length, websocketWord)) state.seen |= fieldWebsocket;
    at = stop;
  }
  if (left === 0) return drop;
  state.seen |= taken > 0 ? fieldUpgrade | fieldRewrite : fieldUpgrade;
  return keep;
}

function isHttp2(bytes: Uint8Array, at: number, length: number): boolean {
  return isWord(bytes, at, length, h2cWord) || isWord(bytes, at, length, h2Word);
}

const continueWord = Uint8Array.from(Buffer.from('100-continue'));

function expect(message: Message, word: number, state: HeadState): number {
  const { bytes, headers } = message;
  if (isWord(bytes, headers[word + 2], headers[word + 3], continueWord)) state.seen |= fieldExpect;
  return keep;
}

/**
 * Takes members out of the Connection and Upgrade lists of a complete head: close, keep-alive,
 * h2, h2c, and `upgrade` when `withUpgrade`. A list that ends up empty leaves the table.
 */
export function takeOutMembers(message: Message, withUpgrade: boolean): void {
  const { headers } = message;
  const wordEnd = message.count * headerWords;
  for (let word = 0; word < wordEnd; word += headerWords) {
    const hash = headers[word + 4];
    if (hash === connectionName.hash && headers[word + 1] === connectionName.bytes.length) {
      compactList(message, word, withUpgrade ? 2 : 1);
    } else if (hash === upgradeName.hash && headers[word + 1] === upgradeName.bytes.length) {
      compactList(message, word, 0);
    }
  }
}

/** `level`: 0 an Upgrade list, 1 a Connection list, 2 one that also loses `upgrade`. */
function compactList(message: Message, word: number, level: number): void {
  const { bytes, headers } = message;
  const start = headers[word + 2];
  const end = start + headers[word + 3];
  let written = start;
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    if (at === end) break;
    const stop = memberEnd(bytes, at, end);
    const length = trimmedEnd(bytes, at, stop) - at;
    if (!isTakenOut(bytes, at, length, level)) {
      if (written > start) bytes[written++] = comma;
      for (let i = 0; i < length; i++) bytes[written++] = bytes[at + i];
    }
    at = stop;
  }
  message.grown += written - end;
  headers[word + 3] = written - start;
  if (written === start) dropField(message, word);
}

function isTakenOut(bytes: Uint8Array, at: number, length: number, level: number): boolean {
  if (level === 0) return isHttp2(bytes, at, length);
  const flag = connectionMember(bytes, at, length);
  return flag === connectionUpgrade ? level === 2 : flag !== 0;
}

/** Takes the header at `word` out of the table of a head that was just parsed. */
export function dropField(message: Message, word: number): void {
  const { headers } = message;
  message.grown -= headers[word + 1] + headers[word + 3] + 4;
  headers[word + 1] = 0;
  headers[word + 4] = 0;
}

/**
 * Index of the first header from `from` on whose name holds anything but letters, digits and
 * hyphens, -1: none (`option http-restrict-req-hdr-names`, which acts after the http-request
 * rules).
 */
export function restrictedHeader(message: Message, from: number): number {
  const { bytes, headers } = message;
  for (let i = from; i < message.count; i++) {
    const at = headers[i * headerWords];
    const end = at + headers[i * headerWords + 1];
    for (let k = at; k < end; k++) if (isRestricted(bytes[k])) return i;
  }
  return -1;
}

/** Names are lower case in a message. */
function isRestricted(byte: number): boolean {
  return !(byte === 45 || (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122));
}

/** Takes every header called `name` out of the table of a head that was just parsed. */
export function dropFields(message: Message, name: HeaderName): void {
  for (let i = message.find(name, 0); i >= 0; i = message.find(name, i + 1)) {
    dropField(message, i * headerWords);
  }
}
