// Hashes of byte strings (one character per byte) that converters and fetches give as integers:
// HAProxy's djb2, sdbm and wt6, CRC-32 and CRC-32C, xxHash (its published specification). Pure;
// proxy thread.

/** sdbm, going on from `start`. Unsigned. */
export function sdbmText(text: string, start: number): number {
  let hash = start | 0;
  for (let i = 0; i < text.length; i++) hash = (text.charCodeAt(i) + Math.imul(hash, 65_599)) | 0;
  return hash >>> 0;
}

/** djb2. Unsigned. */
export function djb2Text(text: string): number {
  let hash = 5381;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) + text.charCodeAt(i)) | 0;
  return hash >>> 0;
}

const rotate = (value: number, bits: number): number =>
  bits === 0 ? value : (value << bits) | (value >>> (32 - bits));

/** wt6, HAProxy's own. Unsigned. */
export function wt6Text(text: string): number {
  let low = 0xa53c965a | 0;
  let high = 0x5ca6953a;
  let lowBits = 6;
  let highBits = 18;
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i);
    low = ~(low ^ byte);
    high = ~(high + byte);
    const turned = rotate(high, lowBits);
    high = rotate(low, highBits);
    low = turned;
    const mixed = ((low >>> 16) ^ high) & 0xffff;
    lowBits = mixed & 31;
    highBits = mixed >>> 11;
  }
  return (low ^ high) >>> 0;
}

/** Bob Jenkins' 4-byte full avalanche, then spread by a prime near three quarters of 2^32. */
export function fullAvalanche(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = (a + 0xd3a2646c) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, 3_221_225_473) >>> 0;
}

function crcTable(polynomial: number): Int32Array {
  return new Int32Array(256).map((_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? polynomial : 0);
    return value;
  });
}

const crc32Table = crcTable(0xedb88320);
const crc32cTable = crcTable(0x82f63b78);

function crcText(text: string, table: Int32Array): number {
  let crc = -1;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ table[(crc ^ text.charCodeAt(i)) & 255];
  return ~crc >>> 0;
}

/** CRC-32 (ISO-HDLC). */
export const crc32Text = (text: string): number => crcText(text, crc32Table);
/** CRC-32C (Castagnoli). */
export const crc32cText = (text: string): number => crcText(text, crc32cTable);

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

/** 32 bits, least significant byte first. */
function word(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}

const lane = (value: number, input: number): number =>
  Math.imul(rotate((value + Math.imul(input, prime2)) | 0, 13), prime1);

/** XXH32. */
export function xxh32Text(text: string, seed: number): number {
  const { length } = text;
  let at = 0;
  let hash = (seed + prime5) | 0;
  if (length >= 16) {
    let a = (seed + prime1 + prime2) | 0;
    let b = (seed + prime2) | 0;
    let c = seed | 0;
    let d = (seed - prime1) | 0;
    for (; at + 16 <= length; at += 16) {
      a = lane(a, word(text, at));
      b = lane(b, word(text, at + 4));
      c = lane(c, word(text, at + 8));
      d = lane(d, word(text, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(word(text, at), prime3)) | 0, 17), prime4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(text.charCodeAt(at), prime5)) | 0, 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const big1 = 0x9e3779b185ebca87n;
const big2 = 0xc2b2ae3d27d4eb4fn;
const big3 = 0x165667b19e3779f9n;
const big4 = 0x85ebca77c2b2ae63n;
const big5 = 0x27d4eb2f165667c5n;
const full = 0xffffffffffffffffn;

const turn = (value: bigint, bits: bigint): bigint =>
  ((value << bits) | (value >> (64n - bits))) & full;
const wide = (text: string, at: number): bigint =>
  (BigInt(word(text, at + 4) >>> 0) << 32n) | BigInt(word(text, at) >>> 0);
const round = (value: bigint, input: bigint): bigint =>
  (turn((value + input * big2) & full, 31n) * big1) & full;
const merge = (hash: bigint, value: bigint): bigint =>
  ((hash ^ round(0n, value)) * big1 + big4) & full;

/** XXH64, unsigned. */
export function xxh64Text(text: string, seed: bigint): bigint {
  const { length } = text;
  let at = 0;
  let hash = (seed + big5) & full;
  if (length >= 32) {
    let a = (seed + big1 + big2) & full;
    let b = (seed + big2) & full;
    let c = seed & full;
    let d = (seed - big1) & full;
    for (; at + 32 <= length; at += 32) {
      a = round(a, wide(text, at));
      b = round(b, wide(text, at + 8));
      c = round(c, wide(text, at + 16));
      d = round(d, wide(text, at + 24));
    }
    hash = (turn(a, 1n) + turn(b, 7n) + turn(c, 12n) + turn(d, 18n)) & full;
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  return xxh64End(text, at, (hash + BigInt(length)) & full);
}

function xxh64End(text: string, from: number, start: bigint): bigint {
  let at = from;
  let hash = start;
  for (; at + 8 <= text.length; at += 8) {
    hash = (turn(hash ^ round(0n, wide(text, at)), 27n) * big1 + big4) & full;
  }
  if (at + 4 <= text.length) {
    hash = (turn(hash ^ ((BigInt(word(text, at) >>> 0) * big1) & full), 23n) * big2 + big3) & full;
    at += 4;
  }
  for (; at < text.length; at++) {
    hash = (turn(hash ^ ((BigInt(text.charCodeAt(at)) * big5) & full), 11n) * big1) & full;
  }
  hash = ((hash ^ (hash >> 33n)) * big2) & full;
  hash = ((hash ^ (hash >> 29n)) * big3) & full;
  return hash ^ (hash >> 32n);
}
