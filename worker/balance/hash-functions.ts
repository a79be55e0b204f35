// The functions of `hash-type` (manual 4.2) and of consistent hashing, over bytes, as unsigned
// 32-bit numbers: sdbm, djb2, wt6, crc32, none, the avalanche modifier, and XXH32 for addresses.
// Pure.

export type HashFunction = (bytes: Uint8Array, at: number, length: number) => number;

function sdbm(bytes: Uint8Array, at: number, length: number): number {
  let hash = 0;
  for (let i = at; i < at + length; i++) hash = (bytes[i] + Math.imul(hash, 65_599)) | 0;
  return hash >>> 0;
}

function djb2(bytes: Uint8Array, at: number, length: number): number {
  let hash = 5381;
  for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 33) + bytes[i]) | 0;
  return hash >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Two halves that turn each other by steps taken from the data (HAProxy's own). */
function wt6(bytes: Uint8Array, at: number, length: number): number {
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

const crcTable = new Int32Array(256).map((_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

function crc32(bytes: Uint8Array, at: number, length: number): number {
  let crc = -1;
  for (let i = at; i < at + length; i++) crc = (crc >>> 8) ^ crcTable[(crc ^ bytes[i]) & 255];
  return ~crc >>> 0;
}

const digitZero = 0x30;

/** The key is a decimal number already; its low 32 bits are the hash. */
function none(bytes: Uint8Array, at: number, length: number): number {
  let i = at;
  const negative = length > 0 && bytes[i] === 0x2d;
  if (negative || (length > 0 && bytes[i] === 0x2b)) i++;
  let value = 0;
  for (; i < at + length; i++) {
    const digit = bytes[i] - digitZero;
    if (digit < 0 || digit > 9) break;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return (negative ? -value : value) >>> 0;
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

function word(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function lane(value: number, input: number): number {
  return Math.imul(rotate((value + Math.imul(input, prime2)) | 0, 13), prime1);
}

/** XXH32 as its specification describes it (github.com/Cyan4973/xxHash, doc). */
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

export const hashFunctions: ReadonlyMap<string, HashFunction> = new Map(
  Object.entries({ sdbm, djb2, wt6, crc32, none }),
);

/** `hash-type` understood. */
export interface HashType {
  readonly consistent: boolean;
  readonly hash: HashFunction;
  readonly avalanche: boolean;
  /** The key is not hashed: it must be a number in text form. */
  readonly takesNumber: boolean;
}

/** The words of `hash-type`, checked by the loader. Consistent hashing mixes unless told how. */
export function hashTypeOf(words: readonly string[]): HashType {
  const [method = 'map-based', name = '', modifier = ''] = words;
  const consistent = method === 'consistent';
  const hash = hashFunctions.get(name);
  const mixes = name === 'avalanche' || modifier === 'avalanche';
  return {
    consistent,
    hash: hash ?? sdbm,
    avalanche: mixes || (consistent && hash === undefined),
    takesNumber: name === 'none',
  };
}
