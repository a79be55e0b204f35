// Small numbers of one process that change all the time and that all its threads read: how busy
// each thread is, and how many connections each listening socket has. Made by the control thread
// before threads start; it ends with the process.
//
//   threads x 16 words (0: CPU usage in percent, 1: descriptors) | one word per listener
//
// A thread's word has one writer and a cache line of its own; those of sockets are counted.

const threadWords = 16;

export class Gauges {
  private readonly words: Int32Array;
  private readonly threads: number;

  constructor(buffer: SharedArrayBuffer, threads: number) {
    this.words = new Int32Array(buffer);
    this.threads = threads;
  }

  setUsage(thread: number, percent: number): void {
    this.words[thread * threadWords] = percent;
  }

  /** Descriptors that a thread watches. */
  setDescriptors(thread: number, count: number): void {
    this.words[thread * threadWords + 1] = count;
  }

  /** Those of all threads. */
  descriptors(): number {
    let sum = 0;
    for (let i = 0; i < this.threads; i++) sum += this.words[i * threadWords + 1];
    return sum;
  }

  usageOf(thread: number): number {
    return this.words[thread * threadWords];
  }

  /** Of all threads together. */
  usage(): number {
    return this.usageOfThreads(0, this.threads);
  }

  /** Of the threads of a group. */
  usageOfThreads(first: number, count: number): number {
    let sum = 0;
    for (let i = first; i < first + count; i++) sum += this.usageOf(i);
    return Math.round(sum / Math.max(1, count));
  }

  enterSocket(listener: number): void {
    Atomics.add(this.words, this.threads * threadWords + listener, 1);
  }

  leaveSocket(listener: number): void {
    Atomics.sub(this.words, this.threads * threadWords + listener, 1);
  }

  /** Connections that came through the socket and are still there. */
  socketConnections(listener: number): number {
    return Atomics.load(this.words, this.threads * threadWords + listener);
  }
}

/** Zeroes for so many threads and listeners. Control thread. */
export function allocateGauges(threads: number, listeners: number): SharedArrayBuffer {
  return new SharedArrayBuffer((threads * threadWords + listeners) * 4);
}
