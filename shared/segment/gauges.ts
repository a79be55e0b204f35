// Small numbers of one process that change all the time and that all its threads read: how busy
// each thread is, and how many connections each listening socket has. Made by the control thread
// before threads start; it ends with the process.
//
//   threads x 16 words (word 0: CPU usage in percent) | one word per listener
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

  usageOf(thread: number): number {
    return this.words[thread * threadWords];
  }

  /** Of all threads together. */
  usage(): number {
    let sum = 0;
    for (let i = 0; i < this.threads; i++) sum += this.usageOf(i);
    return Math.round(sum / this.threads);
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
