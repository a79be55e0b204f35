// Parses the head of an HTTP/1 message into a Message: first line, header lines, and what follows
// from them together. Called by the muxes and checks for every head. It reads nothing outside
// [at, at + length), allocates nothing and keeps no reference. Strict as RFC 9112 where the
// reference is: blank lines before the first line are skipped, a bare LF ends a line, folds become
// spaces; `option accept-unsafe-violations-in-http-*` relaxes what the manual lists, nothing else.

import {
  type HeadState,
  h1ErrorLineEnd,
  h1ErrorMethod,
  h1ErrorStatusLine,
  h1ErrorTarget,
  h1ErrorVersion,
  h1PrefaceH2,
} from './h1.ts';
import { parseFields } from './h1-field.ts';
import { settleRequest, settleResponse } from './h1-settle.ts';
import type { SlotPool } from '../memory/pool.ts';
import { bodyNone, type Message, methodGet, methodOther, methods } from './message.ts';
import {
  carriageReturn,
  digitZero,
  hash,
  isDigit,
  lineFeed,
  lowerToken,
  slash,
  space,
  tab,
  targetByte,
} from './syntax.ts';

/** Passes over an incomplete head with each new line; later ones wait for the empty line. */
const passesMax = 64;

/**
 * Parses the request head in the `length` bytes at `at` (what has come so far, from its first
 * byte). Returns its length with the empty line and leading blank lines; 0: incomplete, call
 * again with more; below zero: an `h1Error*`, offset in `state.errorAt`. Any thread; RFC 9112 3,
 * 5, 6.
 */
export function parseRequestHead(
  message: Message,
  at: number,
  length: number,
  state: HeadState,
): number {
  state.isResponse = false;
  return parseHead(message, at, length, state);
}

/** The same for a response; `state.requestMethod` says to which method. RFC 9112 4. */
export function parseResponseHead(
  message: Message,
  at: number,
  length: number,
  state: HeadState,
): number {
  state.isResponse = true;
  return parseHead(message, at, length, state);
}

function parseHead(message: Message, at: number, length: number, state: HeadState): number {
  const end = at + length;
  if (state.scanned > 0 && !isWorthAPass(message.bytes, at, end, state)) {
    state.scanned = length;
    return 0;
  }
  state.passes++;
  state.scanned = length;
  clearHead(message, at, state);
  const start = skipBlankLines(message.bytes, at, end, state);
  if (start === end) return 0;
  let result = start < 0 ? start : parseFirstLine(message, start, end, state);
  if (result > 0 && state.inFields) result = parseFields(message, result, end, state);
  if (result <= 0) return refusedHead(at, result, state);
  message.headLength = result - at;
  result = state.isResponse ? settleResponse(message, state) : settleRequest(message, state);
  if (result < 0) return refusedHead(at, result, state);
  if (state.violationAt >= 0) state.violationAt -= at;
  message.receivedEdition = ++message.edition;
  return message.headLength;
}

function parseFirstLine(message: Message, at: number, end: number, state: HeadState): number {
  return state.isResponse
    ? parseStatusLine(message, at, end, state)
    : parseRequestLine(message, at, end, state);
}

/** Makes the offset of an error count from the head's start. */
export function refusedHead(at: number, result: number, state: HeadState): number {
  if (result < 0) state.errorAt -= at;
  return result;
}

/**
 * Is there a line end in what is new? And after many passes: one that ends an empty line? So a
 * head that comes a byte at a time is not read over and over, yet a bad line is refused as soon
 * as it ends.
 */
export function isWorthAPass(
  bytes: Uint8Array,
  at: number,
  end: number,
  state: HeadState,
): boolean {
  for (let i = at + state.scanned; i < end; i++) {
    if (bytes[i] !== lineFeed) continue;
    if (state.passes < passesMax || (i > at && bytes[i - 1] === lineFeed)) return true;
    if (i > at + 1 && bytes[i - 1] === carriageReturn && bytes[i - 2] === lineFeed) return true;
  }
  return false;
}

/** Forgets what the last head left in `message` and `state`. */
export function clearHead(message: Message, at: number, state: HeadState): void {
  message.count = 0;
  message.headAt = at;
  message.headLength = 0;
  message.protocolLength = 0;
  message.framing = bodyNone;
  message.contentLength = -1;
  message.flags = 0;
  message.grown = 0;
  state.inFields = false;
  state.violationAt = -1;
  state.hostWord = -1;
  state.seen = 0;
}

/** Offset of the first byte that is no line end, `end`: none yet, or an error (CR without LF). */
function skipBlankLines(bytes: Uint8Array, at: number, end: number, state: HeadState): number {
  let i = at;
  while (i < end) {
    if (bytes[i] === carriageReturn) {
      if (++i === end) break;
      if (bytes[i] !== lineFeed) return state.fail(i, h1ErrorLineEnd);
    } else if (bytes[i] !== lineFeed) break;
    i++;
  }
  return i;
}

/** `method SP target SP version`; returns the start of the first header line, 0, or an error. */
function parseRequestLine(message: Message, start: number, end: number, state: HeadState): number {
  const { bytes } = message;
  let at = start;
  while (at < end && lowerToken[bytes[at]] !== 0) at++;
  if (at === end) return 0;
  if (at === start || !isBlankOrEnd(bytes[at])) return state.fail(at, h1ErrorMethod);
  message.methodAt = start;
  message.methodLength = at - start;
  message.method = methodCodeAt(bytes, start, at - start);
  at = skipBlanks(bytes, at, end);
  message.targetAt = at;
  at = skipTarget(message.pool, at, end, state);
  if (at < 0) return at;
  message.targetLength = at - message.targetAt;
  at = skipBlanks(bytes, at, end);
  if (at === end) return 0;
  const versionAt = at;
  at = parseVersion(message, at, end, state);
  if (at <= 0) return at;
  if (isPreface(message, versionAt)) return state.fail(start, h1PrefaceH2);
  const next = afterFirstLine(bytes, at, end, state);
  // HTTP/0.9 ends here: there are no header lines.
  if (at === versionAt) state.inFields = false;
  return next;
}

/** First letter and length of a method are enough to tell which known one it can be. */
const methodCodes = new Uint8Array(256).fill(methodOther);
const methodBytes = methods.map((name) => Uint8Array.from(Buffer.from(name)));
methodBytes.forEach((name, code) => {
  methodCodes[name.length * 32 + (name[0] & 31)] = code;
});

/** Code of the method token of `length` bytes at `at`. */
export function methodCodeAt(bytes: Uint8Array, at: number, length: number): number {
  if (length > 7) return methodOther;
  const code = methodCodes[length * 32 + (bytes[at] & 31)];
  if (code === methodOther) return code;
  const name = methodBytes[code];
  for (let i = 0; i < length; i++) if (bytes[at + i] !== name[i]) return methodOther;
  return code;
}

/**
 * Version and its text; returns the offset after it, 0: incomplete, or an error (RFC 9112 2.3).
 */
function parseVersion(message: Message, at: number, end: number, state: HeadState): number {
  const { bytes } = message;
  let stop = at;
  while (stop < end && isVersionByte(bytes[stop])) stop++;
  if (stop === end) return 0;
  const isEnded = isLineEnd(bytes[stop]) !== state.isResponse && isBlankOrEnd(bytes[stop]);
  if (!isEnded) return state.fail(stop, h1ErrorVersion);
  const number = versionNumber(bytes, at, stop - at);
  if (number < 0) {
    // Without a version: HTTP/0.9, which knows GET only and no server may answer with.
    const isOld = !state.isResponse && message.method === methodGet && message.targetLength > 0;
    if (stop === at && !isOld) return state.fail(at, h1ErrorVersion);
    const verdict = state.tolerate(at, h1ErrorVersion);
    if (verdict < 0) return verdict;
  }
  message.version = number >= 11 ? 11 : 10;
  message.protocolAt = at;
  message.protocolLength = number < 10 ? stop - at : 0;
  return stop;
}

/** Ten times major plus minor, -1: the text is not of the form HTTP/d.d. */
function versionNumber(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 8 || bytes[at] !== 72 || bytes[at + 1] !== 84 || bytes[at + 2] !== 84) return -1;
  if (bytes[at + 3] !== 80 || bytes[at + 4] !== slash || bytes[at + 6] !== 46) return -1;
  if (!isDigit(bytes[at + 5]) || !isDigit(bytes[at + 7])) return -1;
  return (bytes[at + 5] - digitZero) * 10 + bytes[at + 7] - digitZero;
}

/** Capitals, digits, dot and slash. */
function isVersionByte(byte: number): boolean {
  return (byte >= 46 && byte <= 57) || (byte >= 65 && byte <= 90);
}

/**
 * Four bytes at a time while all are in 0x24-0x7e: taking the bounds off borrows for any other.
 */
const lowestFour = 0x24242424;
const highestFour = 0x7e7e7e7e;
const highBits = 0x80808080 | 0;

/** Offset of the byte that ends the target: a blank, a line end, or `end`. */
function skipTarget(pool: SlotPool, start: number, end: number, state: HeadState): number {
  const { bytes, view } = pool;
  let at = start;
  for (const wordsEnd = end - 4; at <= wordsEnd; at += 4) {
    const four = view.getInt32(at, true);
    if ((((four - lowestFour) | (highestFour - four)) & highBits) !== 0) break;
  }
  for (;;) {
    while (at < end && targetByte[bytes[at]] !== 0) at++;
    if (at === end || isBlankOrEnd(bytes[at])) return at;
    if (bytes[at] !== hash && bytes[at] < 128) return state.fail(at, h1ErrorTarget);
    const verdict = state.tolerate(at, h1ErrorTarget);
    if (verdict < 0) return verdict;
    at++;
  }
}

/** `PRI * HTTP/2.0`: what an HTTP/2 client says first (RFC 9113 3.4). */
function isPreface(message: Message, versionAt: number): boolean {
  const { bytes, methodAt, targetAt } = message;
  // Version 11 says that eight bytes of the form HTTP/d.d are there.
  return (
    message.version === 11 &&
    message.methodLength === 3 &&
    bytes[methodAt] === 80 &&
    bytes[methodAt + 1] === 82 &&
    bytes[methodAt + 2] === 73 &&
    message.targetLength === 1 &&
    bytes[targetAt] === 42 &&
    bytes[versionAt + 5] === 50 &&
    bytes[versionAt + 7] === digitZero
  );
}

/** `version SP status [SP reason]`; returns the start of the first header line, 0, or an error. */
function parseStatusLine(message: Message, start: number, end: number, state: HeadState): number {
  const { bytes } = message;
  let at = parseVersion(message, start, end, state);
  if (at <= 0) return at;
  at = skipBlanks(bytes, at, end);
  if (at === end) return 0;
  const statusAt = at;
  let status = 0;
  for (; at < end && isDigit(bytes[at]); at++) {
    status = status * 10 + bytes[at] - digitZero;
    if (at - statusAt < 3) continue;
    const verdict = status > 65535 ? h1ErrorStatusLine : state.tolerate(at, h1ErrorStatusLine);
    if (verdict < 0) return state.fail(at, verdict);
  }
  if (at === end) return 0;
  // Codes below 100 are refused although the reference lets them through: RFC 9112 4 has three
  // digits.
  if (status < 100 || !isBlankOrEnd(bytes[at])) return state.fail(at, h1ErrorStatusLine);
  message.status = status;
  at = skipBlanks(bytes, at, end);
  message.reasonAt = at;
  while (at < end && bytes[at] !== carriageReturn && bytes[at] !== lineFeed) at++;
  message.reasonLength = at - message.reasonAt;
  return afterFirstLine(bytes, at, end, state);
}

/**
 * Steps over CR LF or LF; returns the next offset (which may be `end`), 0: incomplete, or an
 * error.
 */
function afterFirstLine(bytes: Uint8Array, at: number, end: number, state: HeadState): number {
  if (at === end) return 0;
  let next = at;
  if (bytes[next] === carriageReturn && ++next === end) return 0;
  if (bytes[next] !== lineFeed) return state.fail(next, h1ErrorLineEnd);
  state.inFields = true;
  return next + 1;
}

function skipBlanks(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
  return at;
}

function isBlankOrEnd(byte: number): boolean {
  return byte === space || byte === tab || isLineEnd(byte);
}

function isLineEnd(byte: number): boolean {
  return byte === carriageReturn || byte === lineFeed;
}
