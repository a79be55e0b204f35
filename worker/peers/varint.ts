// Integers of the peers protocol (HAProxy's doc/peers-v2.0.txt, I): one byte up to 239, then four
// bits and seven more with every byte. Up to 64 bits; what a double cannot hold exactly is rounded.
//
//   value < 240      1 byte
//   otherwise        1111vvvv, then the rest less 240 in groups of seven, 1vvvvvvv ... 0vvvvvvv

const twoBytes = 0xf0;
const firstBits = 4;
const stopByte = 0x80;
const groupBits = 7;
const exact = 2 ** 53;
/** Longest encoding of 64 bits. */
export const varintMax = 10;

/** Writes a value of 0 to 2^64-1 at `at`; returns where the next byte goes. */
export function writeVarint(bytes: Buffer, at: number, value: number): number {
  if (value < twoBytes) {
    bytes[at] = value;
    return at + 1;
  }
  return value < exact ? writeLong(bytes, at, value) : writeBig(bytes, at, BigInt(value));
}

function writeLong(bytes: Buffer, at: number, value: number): number {
  bytes[at] = (value % 16) | twoBytes;
  let rest = Math.floor((value - twoBytes) / 2 ** firstBits);
  let next = at + 1;
  while (rest >= stopByte) {
    bytes[next++] = (rest % stopByte) | stopByte;
    rest = Math.floor((rest - stopByte) / 2 ** groupBits);
  }
  bytes[next++] = rest;
  return next;
}

function writeBig(bytes: Buffer, at: number, value: bigint): number {
  bytes[at] = Number(value & 15n) | twoBytes;
  let rest = (value - BigInt(twoBytes)) >> BigInt(firstBits);
  let next = at + 1;
  while (rest >= BigInt(stopByte)) {
    bytes[next++] = Number(rest & 127n) | stopByte;
    rest = (rest - BigInt(stopByte)) >> BigInt(groupBits);
  }
  bytes[next++] = Number(rest);
  return next;
}

/** An int of C as its 64 bits. */
export function writeSigned(bytes: Buffer, at: number, value: number): number {
  return value >= 0
    ? writeVarint(bytes, at, value)
    : writeBig(bytes, at, BigInt.asUintN(64, BigInt(value)));
}

/** Reads along bytes; `failed` once something was not there. */
export class ByteReader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
  failed: boolean;

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.failed = false;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** 0 and `failed` when the value is cut off or longer than 64 bits. */
  varint(): number {
    const { bytes, end } = this;
    const first = this.at;
    if (this.failed || first >= end) return this.fail();
    let value = bytes[this.at++];
    if (value < twoBytes) return value;
    let scale = 2 ** firstBits;
    for (;;) {
      if (this.at >= end || this.at - first >= varintMax) return this.fail();
      const byte = bytes[this.at++];
      value += byte * scale;
      if (byte < stopByte) return value;
      scale *= 2 ** groupBits;
    }
  }

  /** The low 32 bits as an int of C, whatever 64 bits were sent. */
  signed(): number {
    const from = this.at;
    const value = this.varint();
    if (value < exact || this.failed) return value | 0;
    return lowWord(this.bytes, from);
  }

  /** 32 bits in network order. */
  word(): number {
    if (this.failed || this.left < 4) return this.fail();
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  /** `length` bytes as latin1. */
  text(length: number): string {
    if (this.failed || length > this.left) {
      this.fail();
      return '';
    }
    this.at += length;
    return this.bytes.toString('latin1', this.at - length, this.at);
  }

  skip(length: number): void {
    if (length > this.left) this.fail();
    else this.at += length;
  }

  private fail(): number {
    this.failed = true;
    return 0;
  }
}

function lowWord(bytes: Buffer, from: number): number {
  let value = BigInt(bytes[from]);
  let shift = BigInt(firstBits);
  let at = from + 1;
  for (; bytes[at] >= stopByte; at++) {
    value += BigInt(bytes[at]) << shift;
    shift += BigInt(groupBits);
  }
  value += BigInt(bytes[at]) << shift;
  return Number(BigInt.asIntN(32, value));
}
