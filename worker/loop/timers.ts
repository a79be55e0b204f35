// One coarse timer wheel per thread. Extending a timeout is a store in the entry: the entry stays
// where it is linked and is looked at again when its old bucket comes up. Only an earlier deadline
// moves it.
//
//   buckets of 2 ms, 4096 of them: a horizon of 8.2 s; a later deadline waits at the far end and is
//   linked anew when its bucket comes up (a handful of moves per minute-long timeout).

/** What can wait in the wheel. Fields are owned by the wheel, `onTimeout` by the entry's class. */
export interface Timed {
  /** When it is due, in the loop's milliseconds; 0: never. */
  dueMs: number;
  /** Bucket it is linked in, -1: none. */
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  /** Called once when `dueMs` has passed; the entry is no longer linked and `dueMs` is 0. */
  onTimeout(nowMs: number): void;
}

/** Who calls entries that are due in place of the wheel: loop/profile.ts. */
export interface TimerWatch {
  fire(entry: Timed, nowMs: number): void;
}

const bucketMs = 2;
const bucketCount = 4096;
const bucketMask = bucketCount - 1;
const wordCount = bucketCount / 32;
/** `bucket` of an entry whose bucket is being fired. Linked, so not -1. */
const firingBucket = bucketCount;

export class Timers {
  private readonly heads: (Timed | null)[];
  /** One bit per non-empty bucket. */
  private readonly occupied: Int32Array;
  /** Ticks (bucketMs each) up to which everything has been looked at. */
  private tick: number;
  /** Entries of the bucket being fired that have not had their turn. */
  private firing: Timed | null;
  /** Entries linked now. */
  size: number;
  /** null: entries are called directly. */
  watch: TimerWatch | null;

  constructor(nowMs: number) {
    this.heads = new Array<Timed | null>(bucketCount).fill(null);
    this.occupied = new Int32Array(wordCount);
    this.tick = Math.floor(nowMs / bucketMs);
    this.firing = null;
    this.size = 0;
    this.watch = null;
  }

  /** Makes `entry` due at `dueMs`. */
  schedule(entry: Timed, dueMs: number): void {
    entry.dueMs = dueMs;
    if (entry.bucket >= 0) {
      // Where it is linked counts, not its last deadline: that may have been cancelled meanwhile.
      if (entry.bucket !== firingBucket && dueMs >= this.linkedMs(entry)) return;
      this.unlink(entry);
    }
    this.link(entry);
  }

  /** Forgets the deadline. The entry may stay linked until its bucket comes up. */
  cancel(entry: Timed): void {
    entry.dueMs = 0;
  }

  /** Unlinks at once: for an entry whose memory will be used for something else. */
  remove(entry: Timed): void {
    entry.dueMs = 0;
    if (entry.bucket >= 0) this.unlink(entry);
  }

  /** Milliseconds the loop may sleep: -1 when nothing is linked. */
  sleepMs(nowMs: number): number {
    if (this.size === 0) return -1;
    const next = this.nextTick();
    const wait = next * bucketMs - nowMs;
    return wait <= 0 ? 0 : Math.ceil(wait);
  }

  /** Fires what is due. `nowMs` never goes back. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / bucketMs);
    if (this.size === 0 || target - this.tick > bucketCount) {
      if (this.size === 0) {
        this.tick = target;
        return;
      }
      this.tick = target - bucketCount;
    }
    while (this.tick < target) {
      this.tick++;
      const index = this.tick & bucketMask;
      if (this.heads[index] !== null) this.fire(index, nowMs);
    }
  }

  private fire(index: number, nowMs: number): void {
    // The chain moves to `firing` first: a callback may link, unlink or remove any entry meanwhile.
    this.firing = this.heads[index];
    this.heads[index] = null;
    this.occupied[index >> 5] &= ~(1 << (index & 31));
    for (let e = this.firing; e !== null; e = e.timerNext) e.bucket = firingBucket;
    while (this.firing !== null) {
      const entry: Timed = this.firing;
      this.unlink(entry);
      this.settle(entry, nowMs);
    }
  }

  private settle(entry: Timed, nowMs: number): void {
    if (entry.dueMs === 0) return;
    if (entry.dueMs > nowMs) {
      this.link(entry);
      return;
    }
    entry.dueMs = 0;
    if (this.watch === null) entry.onTimeout(nowMs);
    else this.watch.fire(entry, nowMs);
  }

  /** When the bucket that `entry` is linked in comes up. */
  private linkedMs(entry: Timed): number {
    const ahead = (entry.bucket - this.tick) & bucketMask;
    return (this.tick + (ahead === 0 ? bucketCount : ahead)) * bucketMs;
  }

  private link(entry: Timed): void {
    let tick = Math.ceil(entry.dueMs / bucketMs);
    if (tick <= this.tick) tick = this.tick + 1;
    else if (tick - this.tick >= bucketCount) tick = this.tick + bucketCount - 1;
    const index = tick & bucketMask;
    const head = this.heads[index];
    entry.bucket = index;
    entry.timerPrevious = null;
    entry.timerNext = head;
    if (head !== null) head.timerPrevious = entry;
    this.heads[index] = entry;
    this.occupied[index >> 5] |= 1 << (index & 31);
    this.size++;
  }

  private unlink(entry: Timed): void {
    const { timerNext: next, timerPrevious: previous, bucket } = entry;
    if (previous !== null) previous.timerNext = next;
    else if (bucket === firingBucket) this.firing = next;
    else this.heads[bucket] = next;
    if (next !== null) next.timerPrevious = previous;
    if (bucket !== firingBucket && this.heads[bucket] === null) {
      this.occupied[bucket >> 5] &= ~(1 << (bucket & 31));
    }
    entry.timerNext = null;
    entry.timerPrevious = null;
    entry.bucket = -1;
    this.size--;
  }

  private nextTick(): number {
    const start = this.tick + 1;
    for (let step = 0; step < bucketCount; ) {
      const index = (start + step) & bucketMask;
      const word = this.occupied[index >> 5] >>> (index & 31);
      if (word !== 0) return start + step + (31 - Math.clz32(word & -word));
      step += 32 - (index & 31);
    }
    return start + bucketCount;
  }
}
