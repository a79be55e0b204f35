// Header lines of HTTP/1 (RFC 9112 5): finds name and value, lower-cases names in place, unfolds,
// and hands lines that frame the message or belong to the connection to h1-special.ts. Called by
// h1-head.ts for heads and by h1-body.ts for trailers. It writes only inside the lines, and so that
// a second pass over a head that was incomplete reads the same.

import {
  type HeadState,
  h1ErrorHeaderCount,
  h1ErrorLineEnd,
  h1ErrorName,
  h1ErrorValue,
} from './h1.ts';
import { handleSpecial, specialAt } from './h1-special.ts';
import type { SlotPool } from '../memory/pool.ts';
import { hashStart, headerWords, type Message } from './message.ts';
import { carriageReturn, colon, lineFeed, lowerToken, space, tab } from './syntax.ts';

/**
 * Reads header lines from `from` into the table of `message`, which it empties first. Returns the
 * offset after the empty line, 0 when `end` comes first, or an error. `message.grown` gets the
 * bytes that the lines take when written.
 */
export function parseFields(message: Message, from: number, end: number, state: HeadState): number {
  const { bytes, headers } = message;
  const wordMax = Math.min(message.headerMax, state.limits.headerMax) * headerWords;
  let word = 0;
  let written = 0;
  let at = from;
  while (at < end) {
    const nameAt = at;
    let byte = bytes[at];
    let lower = lowerToken[byte];
    let hash = hashStart;
    while (lower !== 0) {
      if (lower !== byte) bytes[at] = lower;
      hash = Math.imul(hash, 33) ^ lower;
      if (++at === end) return 0;
      byte = bytes[at];
      lower = lowerToken[byte];
    }
    const nameLength = at - nameAt;
    if (byte !== colon || nameLength === 0) {
      if (nameLength === 0 && (byte === carriageReturn || byte === lineFeed)) {
        message.count = word / headerWords;
        message.grown = written;
        return afterEmptyLine(bytes, at, end, state);
      }
      at = skipBadLine(bytes, nameAt, end, state);
      if (at <= 0) return at;
      continue;
    }
    at = parseValue(message.pool, at + 1, end, state);
    if (at <= 0) return at;
    if (word >= wordMax) return state.fail(nameAt, h1ErrorHeaderCount);
    headers[word] = nameAt;
    headers[word + 1] = nameLength;
    headers[word + 2] = state.valueAt;
    headers[word + 3] = state.valueLength;
    headers[word + 4] = hash;
    const special = specialAt(bytes, nameAt, nameLength, hash);
    if (special !== 0) {
      const verdict = handleSpecial(special, message, word, state);
      if (verdict < 0) return verdict;
      // Framing and routing have no place in trailers (RFC 9110 6.5.1): checked, never passed on.
      if (verdict === 0 || state.isTrailers) continue;
    }
    written += nameLength + headers[word + 3] + 4;
    word += headerWords;
  }
  return 0;
}

function afterEmptyLine(bytes: Uint8Array, at: number, end: number, state: HeadState): number {
  if (bytes[at] === lineFeed) return at + 1;
  if (at + 1 === end) return 0;
  return bytes[at + 1] === lineFeed ? at + 2 : state.fail(at + 1, h1ErrorLineEnd);
}

/**
 * Four bytes at a time: a byte is below 14 when taking 14 from it borrows and its own high bit is
 * 0.
 */
const belowFourteen = 0x0e0e0e0e;
const highBits = 0x80808080 | 0;

/**
 * Reads the value that starts after the colon, into state.valueAt and valueLength. Returns the
 * start of the next line (a byte that is there), 0: incomplete, or an error.
 */
function parseValue(pool: SlotPool, from: number, end: number, state: HeadState): number {
  const { bytes, view } = pool;
  let at = from;
  if (at < end && bytes[at] === space) at++;
  const valueAt = at;
  for (const wordsEnd = end - 4; at <= wordsEnd; at += 4) {
    const four = view.getInt32(at, true);
    if (((four - belowFourteen) & ~four & highBits) !== 0) break;
  }
  while (at < end && bytes[at] > carriageReturn) at++;
  if (at + 2 >= end || bytes[at] !== carriageReturn || bytes[at + 1] !== lineFeed) {
    return parseOddValue(bytes, from, end, state);
  }
  const next = bytes[at + 2];
  if (next === space || next === tab) return parseOddValue(bytes, from, end, state);
  if (at > valueAt && (bytes[valueAt] === space || bytes[at - 1] === space)) {
    return parseOddValue(bytes, from, end, state);
  }
  state.valueAt = valueAt;
  state.valueLength = at - valueAt;
  return at + 2;
}

/** The same for values with folds, tabs, NUL, spaces around, bare LF, or cut short. */
function parseOddValue(bytes: Uint8Array, from: number, end: number, state: HeadState): number {
  let at = from;
  let stop = from;
  for (;;) {
    stop = lineStop(bytes, at, end, state);
    if (stop <= 0) return stop;
    at = stop;
    if (bytes[at] === carriageReturn) {
      if (++at === end) return 0;
      if (bytes[at] !== lineFeed) return state.fail(at, h1ErrorLineEnd);
    }
    if (++at === end) return 0;
    if (bytes[at] !== space && bytes[at] !== tab) break;
    for (let i = stop; i < at; i++) bytes[i] = space;
  }
  let start = from;
  while (start < stop && (bytes[start] === space || bytes[start] === tab)) start++;
  while (stop > start && (bytes[stop - 1] === space || bytes[stop - 1] === tab)) stop--;
  state.valueAt = start;
  state.valueLength = stop - start;
  return at;
}

/** Offset of the CR or LF that ends a line, 0: not there yet. NUL is refused (RFC 9110 5.5). */
function lineStop(bytes: Uint8Array, from: number, end: number, state: HeadState): number {
  for (let at = from; at < end; at++) {
    const byte = bytes[at];
    if (byte > carriageReturn) continue;
    if (byte === carriageReturn || byte === lineFeed) return at;
    if (byte === 0) {
      const verdict = state.tolerate(at, h1ErrorValue);
      if (verdict < 0) return verdict;
    }
  }
  return 0;
}

/**
 * A line whose name holds anything but token characters: an error, or, when relaxed, a line that
 * is dropped (as long as it has a name and a colon). Returns the start of the next line.
 */
function skipBadLine(bytes: Uint8Array, from: number, end: number, state: HeadState): number {
  let at = from;
  for (; at < end && bytes[at] !== colon; at++) {
    if (lowerToken[bytes[at]] !== 0) continue;
    if (bytes[at] === lineFeed) return state.fail(at, h1ErrorName);
    const verdict = state.tolerate(at, h1ErrorName);
    if (verdict < 0) return verdict;
  }
  if (at === end) return 0;
  if (at === from) return state.fail(at, h1ErrorName);
  return parseOddValue(bytes, at + 1, end, state);
}
