// The Huffman code of HPACK (RFC 7541 5.2 and appendix B), decoding only: what is sent is never
// longer as it is than a peer may accept, and the dynamic table saves more. Called by hpack.ts for
// each coded string. Pure: bytes in, bytes out; it never writes past the room it is given.

/**
 * Bits of the code of each symbol, 0 to 255 and the end-of-string symbol: one character each,
 * digits of base 36. The code is canonical, so that its lengths say all (appendix B).
 */
const lengths =
  'DNSSSSSSSOUSSUSSSSSSSSUSSSSSSSSS6AACD68BAA8B8666555666666678F6CAD67777777777777777777777878DJ' +
  'DE6F56565666577666567655677777FBEDSKMKKMMMNMNNNNNONOOMNONNNNLMNMNNOMLKMMNNLNMMOLMNNLLMLNMNNKM' +
  'MMNMMNQQKJMNMPQQQRRQOPJLQRRQROLLQQSRRRKOKLMLLNMMPPOOQNQRQQRRRRRSRRRRRQU';

const symbolCount = 257;
const bitsMax = 30;
const endOfString = 256;

/** By the next eight bits: symbol << 4 | bits of its code; 0: the code is longer. */
const short = new Uint16Array(256);
/** By bits of a code: the first code of that length, how many there are, and where they start. */
const firstCode = new Int32Array(bitsMax + 1);
const codeCount = new Int32Array(bitsMax + 1);
const firstIndex = new Int32Array(bitsMax + 1);
/** Symbols in the order of their codes. */
const symbols = new Uint16Array(symbolCount);

function build(): void {
  let code = 0;
  let index = 0;
  for (let bits = 1; bits <= bitsMax; bits++) {
    code *= 2;
    firstCode[bits] = code;
    firstIndex[bits] = index;
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      if (Number.parseInt(lengths[symbol], 36) !== bits) continue;
      if (bits <= 8) short.fill((symbol << 4) | bits, code << (8 - bits), (code + 1) << (8 - bits));
      symbols[index++] = symbol;
      codeCount[bits]++;
      code++;
    }
  }
}
build();

/** The string is not of this code, or ends with more than padding. */
export const huffmanInvalid = -1;
/** It does not fit. */
export const huffmanTooLong = -2;

/** Where decoded bytes go: from `at` on, not beyond `end`. */
export interface Room {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
}

/**
 * Decodes `length` bytes at `at` of `from` into `room`. Returns the bytes written, huffmanInvalid
 * or huffmanTooLong. Proxy thread; RFC 7541 5.2.
 */
export function decodeHuffman(from: Uint8Array, at: number, length: number, room: Room): number {
  const { bytes: to, at: toAt, end: writtenMax } = room;
  const bitEnd = length * 8;
  let written = toAt;
  let bit = 0;
  while (bit < bitEnd) {
    let found = short[bitsAt(from, at, bit, bitEnd)];
    let bits = found & 15;
    found >>= 4;
    if (bits === 0) {
      const long = longCode(from, at, bit, bitEnd);
      bits = long & 31;
      found = long >> 5;
    }
    if (found === endOfString || bit + bits > bitEnd) {
      return isPadding(from, at, bit, bitEnd) ? written - toAt : huffmanInvalid;
    }
    if (written === writtenMax) return huffmanTooLong;
    to[written++] = found;
    bit += bits;
  }
  return written - toAt;
}

/** Eight bits from `bit` on; those after the end are ones, as padding is. */
function bitsAt(from: Uint8Array, at: number, bit: number, bitEnd: number): number {
  const byte = at + (bit >> 3);
  const next = (bit | 7) + 1 < bitEnd ? from[byte + 1] : 255;
  return (((from[byte] << 8) | next) >> (8 - (bit & 7))) & 255;
}

/** A code of more than eight bits: symbol << 5 | bits. Ones without end are the end of string. */
function longCode(from: Uint8Array, at: number, start: number, bitEnd: number): number {
  let code = bitsAt(from, at, start, bitEnd);
  for (let bits = 9; bits <= bitsMax; bits++) {
    const bit = start + bits - 1;
    const one = bit >= bitEnd ? 1 : (from[at + (bit >> 3)] >> (7 - (bit & 7))) & 1;
    code = code * 2 + one;
    const place = code - firstCode[bits];
    if (place < codeCount[bits]) return (symbols[firstIndex[bits] + place] << 5) | bits;
  }
  return (endOfString << 5) | bitsMax;
}

/** Fewer than eight bits, all ones (RFC 7541 5.2). */
function isPadding(from: Uint8Array, at: number, bit: number, bitEnd: number): boolean {
  const left = bitEnd - bit;
  return left < 8 && (from[at + (bit >> 3)] & ((1 << left) - 1)) === (1 << left) - 1;
}
