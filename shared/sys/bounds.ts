// The bounds rule of every call that takes a region. Used by the real kernel, by TLS and by the
// fake kernel of the tests, so that all three refuse the same mistakes. Loads nothing native.

import type { Region } from './sys.ts';

/**
 * Throws a RangeError unless [at, at + length) lies inside `memory`. One comparison of the unsigned
 * form settles negative numbers, fractions and NaN together.
 */
export function checkBounds(memory: Region, at: number, length: number): void {
  if (at >>> 0 !== at || length >>> 0 !== length || at + length > memory.bytes.length) {
    throw new RangeError(`${length} bytes at ${at} of a region of ${memory.bytes.length}`);
  }
}
