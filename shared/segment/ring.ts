// Bounded rings between the threads of one process: accepted descriptors on their way to the
// thread that will serve them, and the words by which threads see each other's load. Plain shared
// memory of the process, not of the segment: descriptors mean nothing to anybody else and die
// with it.
//
//   per thread: load line (64 bytes: connections, sleeping), ring: head and tail line, slots
//   slot (16 bytes): sequence, fd, listener, spare
//
// Many producers, one consumer. A slot's sequence says whose turn it is: `position` free for the
// producer of that position, `position + 1` filled for the consumer. A full ring refuses; the
// caller keeps the connection itself and the refusal is counted.

const lineWords = 16;
const slotWords = 4;
/** Power of two: positions wrap by mask. */
const slotsPerRing = 1024;
const slotMask = slotsPerRing - 1;

const loadConnections = 0;
const loadSleeping = 1;
const loadRefused = 2;
const ringTail = lineWords;
const ringHead = 2 * lineWords;
const ringSlots = 3 * lineWords;
const threadWords = ringSlots + slotsPerRing * slotWords;

/** Memory for `threads` threads; made by the control thread, handed to each thread. */
export function makeThreadRings(threads: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(threads * threadWords * 4);
  const words = new Int32Array(buffer);
  for (let thread = 0; thread < threads; thread++) {
    const first = thread * threadWords + ringSlots;
    for (let slot = 0; slot < slotsPerRing; slot++) words[first + slot * slotWords] = slot;
  }
  return buffer;
}

/** All threads' rings and load words, as one thread sees them. */
export class ThreadRings {
  readonly threads: number;
  /** Filled by `pop`. */
  fd: number;
  listener: number;
  private readonly words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.threads = this.words.length / threadWords;
    this.fd = -1;
    this.listener = -1;
  }

  /** Hands a descriptor to `thread`; false: its ring is full, keep it. Hot path. */
  push(thread: number, fd: number, listener: number): boolean {
    const { words } = this;
    const base = thread * threadWords;
    let position = Atomics.load(words, base + ringTail);
    for (;;) {
      const slot = base + ringSlots + (position & slotMask) * slotWords;
      const turn = (Atomics.load(words, slot) - position) | 0;
      if (turn < 0) {
        Atomics.add(words, base + loadRefused, 1);
        return false;
      }
      const next = (position + 1) | 0;
      if (turn === 0) {
        const seen = Atomics.compareExchange(words, base + ringTail, position, next);
        if (seen === position) {
          words[slot + 1] = fd;
          words[slot + 2] = listener;
          Atomics.store(words, slot, next);
          return true;
        }
        position = seen;
      } else {
        position = Atomics.load(words, base + ringTail);
      }
    }
  }

  /**
   * Takes the next descriptor for `thread` (its owner only) into `fd` and `listener`. Hot path.
   */
  pop(thread: number): boolean {
    const { words } = this;
    const base = thread * threadWords;
    const position = words[base + ringHead];
    const slot = base + ringSlots + (position & slotMask) * slotWords;
    const next = (position + 1) | 0;
    if (Atomics.load(words, slot) !== next) return false;
    this.fd = words[slot + 1];
    this.listener = words[slot + 2];
    words[base + ringHead] = next;
    Atomics.store(words, slot, (position + slotsPerRing) | 0);
    return true;
  }

  /** Times a ring refused. */
  refusals(thread: number): number {
    return Atomics.load(this.words, thread * threadWords + loadRefused);
  }

  /** Client connections a thread has; its owner writes, others read. */
  setLoad(thread: number, connections: number): void {
    this.words[thread * threadWords + loadConnections] = connections;
  }

  loadOf(thread: number): number {
    return this.words[thread * threadWords + loadConnections];
  }

  /**
   * The thread with the fewest connections, descriptors still in its ring included; `preferred`
   * wins a tie. Hot path: one read per thread.
   */
  leastLoaded(preferred: number): number {
    let best = preferred;
    let fewest = this.expected(preferred);
    for (let thread = 0; thread < this.threads; thread++) {
      const load = this.expected(thread);
      if (load < fewest) {
        fewest = load;
        best = thread;
      }
    }
    return best;
  }

  /** Descriptors in all rings: accepted by a thread, not taken yet by the one that will serve. */
  waiting(): number {
    const { words } = this;
    let count = 0;
    for (let base = 0; base < words.length; base += threadWords) {
      count += (Atomics.load(words, base + ringTail) - Atomics.load(words, base + ringHead)) | 0;
    }
    return count;
  }

  private expected(thread: number): number {
    const { words } = this;
    const base = thread * threadWords;
    return words[base + loadConnections] + ((words[base + ringTail] - words[base + ringHead]) | 0);
  }

  /**
   * Owner, before it sleeps: announces it, and says whether it may (false: something came
   * meanwhile). The announcement and the producer's push are both sequentially consistent, so no
   * wake is lost.
   */
  sleep(thread: number): boolean {
    const { words } = this;
    const base = thread * threadWords;
    Atomics.store(words, base + loadSleeping, 1);
    const position = words[base + ringHead];
    const slot = base + ringSlots + (position & slotMask) * slotWords;
    if (Atomics.load(words, slot) !== ((position + 1) | 0)) return true;
    Atomics.store(words, base + loadSleeping, 0);
    return false;
  }

  /** Owner, after it slept. */
  awake(thread: number): void {
    Atomics.store(this.words, thread * threadWords + loadSleeping, 0);
  }

  /**
   * Producer, after a push: true when it must signal the thread's eventfd. One signal per sleep.
   */
  mustWake(thread: number): boolean {
    return Atomics.compareExchange(this.words, thread * threadWords + loadSleeping, 1, 0) === 1;
  }
}
