// Hashes of byte strings (one character per byte) that converters and fetches give as integers:
// those of shared/hash.ts over text, and XXH64 (its published specification). Pure.

import { crc32, crc32c, djb2, sdbm, wt6, xxh32 } from '../../shared/hash.ts';

/** The text at hand as bytes; as long as the longest one was. */
let room = new Uint8Array(4096);

function bytesOf(text: string): Uint8Array {
  if (text.length > room.length) room = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) room[i] = text.charCodeAt(i);
  return room;
}

/** sdbm, going on from `start`. Unsigned, as all below. */
export const sdbmText = (text: string, start: number): number =>
  sdbm(bytesOf(text), 0, text.length, start);
export const djb2Text = (text: string): number => djb2(bytesOf(text), 0, text.length);
export const wt6Text = (text: string): number => wt6(bytesOf(text), 0, text.length);
export const crc32Text = (text: string): number => crc32(bytesOf(text), 0, text.length);
export const crc32cText = (text: string): number => crc32c(bytesOf(text), 0, text.length);
export const xxh32Text = (text: string, seed: number): number =>
  xxh32(bytesOf(text).subarray(0, text.length), seed);

/** 32 bits, least significant byte first. */
function word(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
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
