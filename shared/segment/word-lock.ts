// A lock in one word of shared memory, for the few hundred nanoseconds in which threads of one
// process agree on something: nobody may die or wait while holding it. Locks that outlive their
// holder are in owner-lock.ts. Hot path: two atomic operations when nobody else wants it.

const lockFree = 0;
const lockHeld = 1;
const lockAwaited = 2;
/** The holder may have lost its processor: spin a little before sleeping. */
const spinsMax = 200;
const lockWaitMs = 10;

/** Takes the lock at `words[at]`, which is 0 in the beginning. Never nest. */
export function lockWord(words: Int32Array, at: number): void {
  if (Atomics.compareExchange(words, at, lockFree, lockHeld) !== lockFree) contend(words, at);
}

/** Only by its holder. */
export function unlockWord(words: Int32Array, at: number): void {
  if (Atomics.exchange(words, at, lockFree) === lockAwaited) Atomics.notify(words, at, 1);
}

function contend(words: Int32Array, at: number): void {
  for (let spins = 0; spins < spinsMax; spins++) {
    if (Atomics.compareExchange(words, at, lockFree, lockHeld) === lockFree) return;
  }
  while (Atomics.exchange(words, at, lockAwaited) !== lockFree) {
    Atomics.wait(words, at, lockAwaited, lockWaitMs);
  }
}
