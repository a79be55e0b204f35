// Writes a Message as HTTP/1 text into the thread's memory (RFC 9112 2, 3, 4, 5), and the framing
// of chunks. Called by the muxes for every message. Header lines that still are as they were
// received and lie next to each other are copied in one go; edited ones come from the annex. It
// never changes the message and never writes past the room it is given.

import { copyBytes, type Viewed } from '../memory/small.ts';
import {
  connectionClose,
  connectionKeepAlive,
  headerName,
  headerWords,
  type Message,
  methodOptions,
  methodOther,
  methods,
  normalizedTarget,
} from './message.ts';
import { reasonBytes } from './syntax-reason.ts';
import {
  carriageReturn,
  colon,
  digitZero,
  isWord,
  lineFeed,
  memberEnd,
  slash,
  space,
  splitTarget,
  TargetParts,
  tab,
  trimmedEnd,
} from './syntax.ts';

/**
 * What the writer adds besides the lines of the message; or it with connectionClose or
 * -KeepAlive.
 */
export const addChunked = 64;
/** The Connection line is a Proxy-Connection line. */
export const addProxyName = 128;

/**
 * Where the head being written has got to; one per thread is enough, a head is written in one go.
 */
class Output implements Viewed {
  bytes: Uint8Array;
  view: DataView;
  at: number;
  end: number;

  constructor() {
    this.bytes = none;
    this.view = new DataView(none.buffer);
    this.at = 0;
    this.end = 0;
  }
}

const none = new Uint8Array(0);
const output = new Output();

function open(message: Message, at: number, room: number): Output {
  output.bytes = message.bytes;
  output.view = message.pool.view;
  output.at = at;
  output.end = at + room;
  return output;
}

/**
 * Writes the request head into `message.bytes` at `at`, at most `room` bytes. `adds`:
 * connectionClose or connectionKeepAlive for that Connection line (0: none), addChunked for
 * `transfer-encoding: chunked`. Returns the bytes written, -1: not enough room (what is at `at`
 * is then undefined). Any thread.
 */
export function writeRequestHead(message: Message, at: number, room: number, adds: number): number {
  const length = message.methodLength + message.targetLength + versionLength(message) + 5;
  if (length > room) return -1;
  const out = open(message, at, room);
  const known = message.method !== methodOther;
  if (known) putText(out, methodBytes[message.method]);
  else putBytes(out, message.methodAt, message.methodLength);
  putByte(out, space);
  if ((message.flags & normalizedTarget) === 0) {
    putBytes(out, message.targetAt, message.targetLength);
  } else putPath(message, out);
  putByte(out, space);
  putVersion(message, out);
  putLineEnd(out);
  return putFields(message, out) && putAdded(out, adds) ? out.at - at : -1;
}

/** The same for a response head. An absent reason phrase becomes the usual one of its status. */
export function writeResponseHead(
  message: Message,
  at: number,
  room: number,
  adds: number,
): number {
  const usual = message.reasonLength === 0 ? reasonBytes(message.status) : none;
  if (versionLength(message) + 9 + message.reasonLength + usual.length > room) return -1;
  const out = open(message, at, room);
  putVersion(message, out);
  putByte(out, space);
  putDecimal(out, message.status);
  putByte(out, space);
  putBytes(out, message.reasonAt, message.reasonLength);
  putText(out, usual);
  putLineEnd(out);
  return putFields(message, out) && putAdded(out, adds) ? out.at - at : -1;
}

/** The path of a target that is absolute only because HTTP/2 made it so. */
function putPath(message: Message, out: Output): void {
  const { pathAt, pathLength, schemeLength } = splitTarget(
    message.bytes,
    message.targetAt,
    message.targetLength,
    parts,
  );
  if (pathLength > 0) putBytes(out, pathAt, pathLength);
  else if (schemeLength === 0) putBytes(out, message.targetAt, message.targetLength);
  else putByte(out, message.method === methodOptions ? star : slash);
}

const parts = new TargetParts();
const star = 42;

const version10 = Uint8Array.from(Buffer.from('HTTP/1.0'));
const version11 = Uint8Array.from(Buffer.from('HTTP/1.1'));
const methodBytes = methods.map((name) => Uint8Array.from(Buffer.from(name)));

function versionLength(message: Message): number {
  return message.protocolLength > 0 ? message.protocolLength : 8;
}

function putVersion(message: Message, out: Output): void {
  if (message.protocolLength > 0) putBytes(out, message.protocolAt, message.protocolLength);
  else putText(out, message.version >= 11 ? version11 : version10);
}

/**
 * The lines of the table. A run is a stretch of memory that already is what would be written: ": "
 * between names and values, CR LF between lines. Received heads mostly are one run.
 */
function putFields(message: Message, out: Output): boolean {
  const { bytes, headers } = message;
  const wordEnd = message.count * headerWords;
  let runAt = 0;
  let runEnd = 0;
  for (let word = 0; word < wordEnd; word += headerWords) {
    const nameAt = headers[word];
    const nameLength = headers[word + 1];
    if (nameLength === 0) continue;
    const valueAt = headers[word + 2];
    if (isWritten(bytes, nameAt + nameLength, valueAt) && headers[word + 4] !== teName.hash) {
      if (
        nameAt !== runEnd + 2 ||
        bytes[runEnd] !== carriageReturn ||
        bytes[runEnd + 1] !== lineFeed
      ) {
        if (!putRun(out, runAt, runEnd)) return false;
        runAt = nameAt;
      }
      runEnd = valueAt + headers[word + 3];
      continue;
    }
    if (!putRun(out, runAt, runEnd)) return false;
    runAt = 0;
    runEnd = 0;
    if (!putField(message, word, out)) return false;
  }
  return putRun(out, runAt, runEnd);
}

/** Is there just ": " from the end of a name to its value? */
function isWritten(bytes: Uint8Array, nameEnd: number, valueAt: number): boolean {
  return valueAt === nameEnd + 2 && bytes[nameEnd] === colon && bytes[nameEnd + 1] === space;
}

/** A run of lines and the CR LF of the last one. */
function putRun(out: Output, from: number, end: number): boolean {
  if (from === end) return true;
  if (out.at + end - from + 2 > out.end) return false;
  putBytes(out, from, end - from);
  putLineEnd(out);
  return true;
}

const teName = headerName('te');
const trailersWord = Uint8Array.from(Buffer.from('trailers'));

/**
 * One line from wherever its parts are. Of TE only `trailers` is passed on: this hop does the
 * rest.
 */
function putField(message: Message, word: number, out: Output): boolean {
  const { headers } = message;
  const nameLength = headers[word + 1];
  const valueAt = headers[word + 2];
  const valueLength = headers[word + 3];
  const isTe = headers[word + 4] === teName.hash && nameLength === 2;
  if (isTe && !hasTrailers(message.bytes, valueAt, valueAt + valueLength)) return true;
  const length = isTe ? trailersWord.length : valueLength;
  if (out.at + nameLength + length + 4 > out.end) return false;
  putBytes(out, headers[word], nameLength);
  putByte(out, colon);
  putByte(out, space);
  if (isTe) putText(out, trailersWord);
  else putBytes(out, valueAt, valueLength);
  putLineEnd(out);
  return true;
}

/** Is `trailers` a member of the TE list, without parameters? */
export function hasTrailers(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    const stop = memberEnd(bytes, at, end);
    if (isWord(bytes, at, trimmedEnd(bytes, at, stop) - at, trailersWord)) return true;
    at = stop;
  }
  return false;
}

const proxyPrefix = Uint8Array.from(Buffer.from('proxy-'));
const closeLine = Uint8Array.from(Buffer.from('connection: close\r\n'));
const keepAliveLine = Uint8Array.from(Buffer.from('connection: keep-alive\r\n'));
const chunkedLine = Uint8Array.from(Buffer.from('transfer-encoding: chunked\r\n'));

/** The added lines and the empty line. */
function putAdded(out: Output, adds: number): boolean {
  const named = adds & (connectionClose | connectionKeepAlive);
  if (named !== 0 && (adds & addProxyName) !== 0 && !putLine(out, proxyPrefix)) return false;
  if ((adds & connectionClose) !== 0 && !putLine(out, closeLine)) return false;
  if ((adds & connectionKeepAlive) !== 0 && !putLine(out, keepAliveLine)) return false;
  if ((adds & addChunked) !== 0 && !putLine(out, chunkedLine)) return false;
  if (out.at + 2 > out.end) return false;
  putLineEnd(out);
  return true;
}

function putLine(out: Output, line: Uint8Array): boolean {
  if (out.at + line.length > out.end) return false;
  putText(out, line);
  return true;
}

function putByte(out: Output, byte: number): void {
  out.bytes[out.at++] = byte;
}

function putLineEnd(out: Output): void {
  out.bytes[out.at++] = carriageReturn;
  out.bytes[out.at++] = lineFeed;
}

function putText(out: Output, text: Uint8Array): void {
  const { bytes, at } = out;
  const { length } = text;
  for (let i = 0; i < length; i++) bytes[at + i] = text[i];
  out.at += length;
}

function putBytes(out: Output, from: number, length: number): void {
  copyBytes(out, out.at, from, length);
  out.at += length;
}

/** A status: three digits, more only when a relaxed response brought them. */
function putDecimal(out: Output, number: number): void {
  let unit = 100;
  while (unit * 10 <= number) unit *= 10;
  for (; unit >= 1; unit = Math.floor(unit / 10)) {
    out.bytes[out.at++] = digitZero + (Math.floor(number / unit) % 10);
  }
}

/** Bytes that `writeChunkHeader` takes at most: eight digits and CR LF. */
export const chunkHeaderBytesMax = 10;

/**
 * Writes the line before a chunk of `length` bytes (1 to 2^32 - 1) at `at`; returns the offset
 * after it. A chunk is followed by CR LF, the last one by `writeLastChunk`.
 */
export function writeChunkHeader(bytes: Uint8Array, at: number, length: number): number {
  let shift = 28;
  while (shift > 0 && length >>> shift === 0) shift -= 4;
  let to = at;
  for (; shift >= 0; shift -= 4) bytes[to++] = hexDigits[(length >>> shift) & 15];
  bytes[to++] = carriageReturn;
  bytes[to++] = lineFeed;
  return to;
}

const hexDigits = Uint8Array.from(Buffer.from('0123456789abcdef'));
const lastChunk = Uint8Array.from(Buffer.from('0\r\n\r\n'));

/** Bytes of `writeLastChunk`. */
export const lastChunkBytes = 5;

/** Writes the last chunk without trailers at `at`; returns the offset after it. */
export function writeLastChunk(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < lastChunk.length; i++) bytes[at + i] = lastChunk[i];
  return at + lastChunk.length;
}

/**
 * Writes trailers (the lines of `message`, read by the body decoder) after a last chunk's `0 CR
 * LF`, with the empty line. Returns the bytes written, or -1 when there is no room.
 */
export function writeTrailers(message: Message, at: number, room: number): number {
  if (room < 3) return -1;
  const out = open(message, at, room);
  putByte(out, digitZero);
  putLineEnd(out);
  return putFields(message, out) && putAdded(out, 0) ? out.at - at : -1;
}
