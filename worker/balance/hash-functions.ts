// The functions of `hash-type` (manual 4.2) over bytes, as unsigned 32-bit numbers, by name. Pure.

import { crc32, djb2, sdbm, wt6 } from '../../shared/hash.ts';

export type HashFunction = (bytes: Uint8Array, at: number, length: number) => number;

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
