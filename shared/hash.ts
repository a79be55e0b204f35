// Hashes and checksums of bytes, as unsigned 32-bit numbers: HAProxy's sdbm, djb2 and wt6, CRC-32
// and CRC-32C, XXH32. `length` bytes at `at` are taken. Pure; any thread.

/** sdbm, going on from `start`. */
export function sdbm(bytes: Uint8Array, at: number, length: number, start = 0): number {
  let hash = start | 0;
  for (let i = at; i < at + length; i++) hash = (bytes[i] + Math.imul(hash, 65_599)) | 0;
  return hash >>> 0;
}

/** djb2 from its usual start. */
export function djb2(bytes: Uint8Array, at: number, length: number): number {
  let hash = 5381;
  for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 33) + bytes[i]) | 0;
  return hash >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Two halves that turn each other by steps taken from the data (HAProxy's own). */
export function wt6(bytes: Uint8Array, at: number, length: number): number {
  let low = 0xa53c965a | 0;
  let high = 0x5ca6953a;
  let lowBits = 6;
  let highBits = 18;
  for (let i = at; i < at + length; i++) {
    low = ~(low ^ bytes[i]);
    high = ~(high + bytes[i]);
    const turned = turn(high, lowBits);
    high = turn(low, highBits);
    low = turned;
    const mixed = ((low >>> 16) ^ high) & 0xffff;
    lowBits = mixed & 31;
    highBits = mixed >>> 11;
  }
  return (low ^ high) >>> 0;
}

/** A turn by no bit leaves the value alone. */
function turn(value: number, bits: number): number {
  return bits === 0 ? value : rotate(value, bits);
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

/** CRC-32 (ISO-HDLC). */
export function crc32(bytes: Uint8Array, at: number, length: number): number {
  let crc = -1;
  for (let i = at; i < at + length; i++) crc = (crc >>> 8) ^ crc32Table[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

/** CRC-32C (RFC 4960 appendix B); the four bytes at `hole` count as zero (-1: none do). */
export function crc32c(bytes: Uint8Array, at: number, length: number, hole = -1): number {
  let crc = -1;
  for (let i = at; i < at + length; i++) {
    const byte = hole >= 0 && i >= hole && i < hole + 4 ? 0 : bytes[i];
    crc = (crc >>> 8) ^ crc32cTable[(crc ^ byte) & 255];
  }
  return ~crc >>> 0;
}

/** Spreads mixed numbers over the whole circle: a prime near three quarters of 2^32. */
const spreadPrime = 3_221_225_473;

/** Bob Jenkins' full avalanche of one 32-bit number, then spread. */
export function avalanche(value: number): number {
  let a = value | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ (a >>> 19);
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = (a + 0xd3a2646c) ^ (a << 9);
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ (a >>> 16);
  return Math.imul(a, spreadPrime) >>> 0;
}

const prime1 = 0x9e3779b1 | 0;
const prime2 = 0x85ebca77 | 0;
const prime3 = 0xc2b2ae3d | 0;
const prime4 = 0x27d4eb2f;
const prime5 = 0x165667b1;

/** 32 bits, least significant byte first. */
function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function lane(value: number, input: number): number {
  return Math.imul(rotate((value + Math.imul(input, prime2)) | 0, 13), prime1);
}

/** XXH32 of all of `bytes`, as its specification describes it (github.com/Cyan4973/xxHash, doc). */
export function xxh32(bytes: Uint8Array, seed: number): number {
  const { length } = bytes;
  let at = 0;
  let hash = (seed + prime5) | 0;
  if (length >= 16) {
    let a = (seed + prime1 + prime2) | 0;
    let b = (seed + prime2) | 0;
    let c = seed | 0;
    let d = (seed - prime1) | 0;
    for (; at + 16 <= length; at += 16) {
      a = lane(a, word(bytes, at));
      b = lane(b, word(bytes, at + 4));
      c = lane(c, word(bytes, at + 8));
      d = lane(d, word(bytes, at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(word(bytes, at), prime3)) | 0, 17), prime4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at], prime5)) | 0, 11), prime1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), prime2);
  hash = Math.imul(hash ^ (hash >>> 13), prime3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
