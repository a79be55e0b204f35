// A lock in the segment that knows its owner: one word, 0 or the token of the process that holds
// it. A process that dies with the lock loses it to the next one that wants it, which must then
// repair what the lock protects. Threads of one process share a token: a thread does not die
// alone. Called on the hot path; never held over a call that may sleep.

import { slotBytes, slotsAt } from './layout.ts';
import type { Segment } from './segment.ts';

const generationMask = 0xffffff;
const eSrch = 3;

/** Looks at the lock before the thread gives the processor away. */
const spinsMax = 256;
/** Rounds of sleep between two questions whether the owner lives. */
const roundsPerQuestion = 16;
const sleepMs = 0.1;

/** What a process that owns `slot` writes into locks: never 0, another one after each start. */
export function lockToken(segment: Segment, slot: number): number {
  const generation = Atomics.load(segment.words, slotWord(slot) + 1);
  return ((generation & generationMask) << 7) | (slot + 1) | 0;
}

function slotWord(slot: number): number {
  return (slotsAt + slot * slotBytes) / 4;
}

/** Free lock: taken at once. True: it was taken over from a dead owner. Hot path. */
export function acquire(segment: Segment, at: number, token: number): boolean {
  if (Atomics.compareExchange(segment.words, at, 0, token) === 0) return false;
  return wait(segment, at, token);
}

/** Hot path. A lock that was taken over meanwhile is left to its new owner. */
export function release(segment: Segment, at: number, token: number): void {
  Atomics.compareExchange(segment.words, at, token, 0);
}

function wait(segment: Segment, at: number, token: number): boolean {
  const { words } = segment;
  for (let round = 0; ; round++) {
    for (let spin = 0; spin < spinsMax; spin++) {
      if (words[at] === 0 && Atomics.compareExchange(words, at, 0, token) === 0) return false;
    }
    const holder = Atomics.load(words, at);
    if (holder === 0) continue;
    if (round % roundsPerQuestion === roundsPerQuestion - 1 && isDead(segment, holder)) {
      if (Atomics.compareExchange(words, at, holder, token) === holder) return true;
    }
    // The owner does not wake anybody: that would cost it more than a short sleep costs us.
    Atomics.wait(words, at, holder, sleepMs);
  }
}

/** True when the process behind a token has gone, or its slot was taken from it. */
function isDead(segment: Segment, token: number): boolean {
  const { words, sys } = segment;
  const at = slotWord((token & 0x7f) - 1);
  const owner = Atomics.load(words, at);
  const generation = Atomics.load(words, at + 1) & generationMask;
  if (owner <= 0 || generation !== ((token >>> 7) & generationMask)) return true;
  return sys.kill(owner, 0) === -eSrch;
}
