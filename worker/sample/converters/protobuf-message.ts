// Fields of a Protocol Buffers message by their path of numbers (protobuf.dev, "Encoding"). Pure;
// proxy thread; called by protocols.ts. Groups, which the format has given up, end a search.

import type { Int64 } from '../int64.ts';
import { wrapped } from '../int64.ts';

/** Wire types. */
const wireVarint = 0;
const wireLong = 1;
const wireBytes = 2;
const wireWord = 5;

const scratch = new DataView(new ArrayBuffer(8));

/** How a field type is written, and how its number is made from the bytes at `at`. */
export interface ProtobufType {
  readonly wire: number;
  readonly read: (text: string, at: number) => Int64;
}

const plainVarint: ProtobufType = { wire: wireVarint, read: (text, at) => wrapped(bits(text, at)) };
/** Zigzag: the lowest bit is the sign. */
const signedVarint: ProtobufType = {
  wire: wireVarint,
  read: (text, at) => {
    const value = bits(text, at);
    return wrapped((value >> 1n) ^ -(value & 1n));
  },
};
const long: ProtobufType = {
  wire: wireLong,
  read: (text, at) => wrapped(load(text, at, 8).getBigInt64(0, true)),
};

/** Floating point is cut at the point; what no integer can stand for is 0. */
const whole = (value: number): Int64 =>
  Number.isFinite(value) ? wrapped(BigInt(Math.trunc(value))) : 0;

/** Types by name; a text or a message inside has none, its bytes are the value. */
export const protobufTypes: ReadonlyMap<string, ProtobufType> = new Map([
  ['int32', plainVarint],
  ['int64', plainVarint],
  ['uint32', plainVarint],
  ['uint64', plainVarint],
  ['bool', plainVarint],
  ['enum', plainVarint],
  ['sint32', signedVarint],
  ['sint64', signedVarint],
  ['fixed64', long],
  ['sfixed64', long],
  ['double', { wire: wireLong, read: (text, at) => whole(load(text, at, 8).getFloat64(0, true)) }],
  ['fixed32', { wire: wireWord, read: (text, at) => load(text, at, 4).getUint32(0, true) }],
  ['sfixed32', { wire: wireWord, read: (text, at) => load(text, at, 4).getInt32(0, true) }],
  ['float', { wire: wireWord, read: (text, at) => whole(load(text, at, 4).getFloat32(0, true)) }],
]);

function load(text: string, at: number, bytes: number): DataView {
  for (let i = 0; i < bytes; i++) scratch.setUint8(i, text.charCodeAt(at + i));
  return scratch;
}

/** The 64 bits of a variable-length number whose end has been found. */
function bits(text: string, at: number): bigint {
  let value = 0n;
  for (let i = at, shift = 0n; ; i++, shift += 7n) {
    const byte = text.charCodeAt(i);
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
}

/** Bytes a variable-length number of 64 bits may take. */
const varintMax = 10;

/** First byte behind the number at `at`; -1: it does not end before `end`. */
function varintEnd(text: string, at: number, end: number): number {
  const last = Math.min(end, at + varintMax);
  for (let i = at; i < last; i++) if (text.charCodeAt(i) < 128) return i + 1;
  return -1;
}

/** A small number of that kind: keys and lengths. */
function small(text: string, at: number): number {
  let value = 0;
  for (let i = at, scale = 1; ; i++, scale *= 128) {
    const byte = text.charCodeAt(i);
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

/** What `findField` has found: the bytes of the value, and how they are written. */
export const found = { at: 0, end: 0, wire: 0 };

/**
 * Looks for the field at `path` within bytes `from` to `end` of a message: the first number at the
 * top, each next one inside the one before. True: see `found`.
 */
export function findField(
  text: string,
  from: number,
  end: number,
  path: readonly number[],
): boolean {
  let at = from;
  let stop = end;
  for (let depth = 0; at < stop; ) {
    const valueAt = readKey(text, at, stop);
    if (valueAt < 0) return false;
    if (key.field !== path[depth]) {
      at = found.end;
      continue;
    }
    if (depth === path.length - 1) return true;
    if (found.wire !== wireBytes) return false;
    at = found.at;
    stop = found.end;
    depth++;
  }
  return false;
}

const key = { field: 0 };

/** Reads a key and finds its value: `found` and `key` are set. -1: the message is broken. */
function readKey(text: string, at: number, stop: number): number {
  const keyEnd = varintEnd(text, at, stop);
  if (keyEnd < 0) return -1;
  const number = small(text, at);
  key.field = Math.floor(number / 8);
  found.wire = number % 8;
  found.at = keyEnd;
  if (found.wire === wireBytes) {
    found.at = varintEnd(text, keyEnd, stop);
    if (found.at < 0) return -1;
    found.end = found.at + small(text, keyEnd);
  } else if (found.wire === wireVarint) found.end = varintEnd(text, keyEnd, stop);
  else if (found.wire === wireLong) found.end = keyEnd + 8;
  else if (found.wire === wireWord) found.end = keyEnd + 4;
  else return -1;
  return found.end < 0 || found.end > stop ? -1 : found.at;
}
