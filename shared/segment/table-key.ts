// Keys of stick tables as words: how bytes become words and words a bucket. Called by
// stick-table.ts for every look-up.

/** 32 well-mixed bits of the first `used` words. */
export function hashWords(key: Int32Array, used: number): number {
  let hash = 0x2545f491;
  for (let i = 0; i < used; i++) {
    let word = Math.imul(key[i], 0xcc9e2d51);
    word = (word << 15) | (word >>> 17);
    hash ^= Math.imul(word, 0x1b873593);
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64;
    hash |= 0;
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/**
 * Bytes of a latin1 text, four to a word, the last filled with zeroes; from word 0 on all of `into`
 * is filled.
 */
export function packBytes(into: Int32Array, from: number, text: string, length: number): void {
  let word = 0;
  let at = from;
  for (let i = 0; i < length; i++) {
    word |= text.charCodeAt(i) << ((i & 3) << 3);
    if ((i & 3) === 3) {
      into[at++] = word;
      word = 0;
    }
  }
  if ((length & 3) !== 0) into[at++] = word;
  while (from === 0 && at < into.length) into[at++] = 0;
}
