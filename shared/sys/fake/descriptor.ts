// What a descriptor of the fake kernel may stand for, and the small kinds: byte queues, pipes,
// event counters, files in memory. Used by sys.ts only. Never looks at a clock, never sleeps.

import { EAGAIN, EPIPE, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT } from '../constants.ts';

/** One entry of an epoll set, as the thing watched sees it. */
export interface Watch {
  readonly events: number;
  readonly exclusive: boolean;
  /** Puts the entry on its set's ready list. */
  queue(): void;
}

/** What a descriptor stands for: shared by copies of the descriptor, gone with the last of them. */
export interface Description {
  references: number;
  readonly wakes: Wakes;
  /** The level: which epoll events hold now. */
  events(): number;
  /** Minus errno, or how many bytes were put into `into`. */
  read(into: Uint8Array): number;
  /** Minus errno, or how many bytes were taken. */
  write(from: Uint8Array): number;
  /** The last copy was closed. */
  release(): void;
}

/** Who is told when a level may have changed: the edges of epoll(7). */
export class Wakes {
  readonly watches: Watch[] = [];
  #turn = 0;

  add(watch: Watch): void {
    this.watches.push(watch);
  }

  remove(watch: Watch): void {
    const index = this.watches.indexOf(watch);
    if (index >= 0) this.watches.splice(index, 1);
  }

  /** Queues everybody who asked for one of `key`, but one only of the exclusive, in turn. */
  wake(key: number): void {
    const count = this.watches.length;
    const first = this.#turn;
    let taken = false;
    for (let i = 0; i < count; i++) {
      const index = (first + i) % count;
      const watch = this.watches[index]!;
      if (((watch.events | EPOLLERR | EPOLLHUP) & key) === 0) continue;
      if (watch.exclusive && taken) continue;
      if (watch.exclusive) {
        taken = true;
        this.#turn = index + 1;
      }
      watch.queue();
    }
  }
}

/** A first-in first-out queue of bytes. */
export class ByteQueue {
  length = 0;
  /** How many bytes ever left: positions in the stream are counted from the first byte. */
  taken = 0;
  readonly #chunks: Uint8Array[] = [];

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes.slice());
    this.length += bytes.length;
  }

  /** Fills `into` as far as there are bytes; returns how many. */
  take(into: Uint8Array): number {
    const count = this.peek(into);
    let left = count;
    while (left > 0) {
      const chunk = this.#chunks[0]!;
      if (chunk.length > left) {
        this.#chunks[0] = chunk.subarray(left);
        left = 0;
      } else {
        this.#chunks.shift();
        left -= chunk.length;
      }
    }
    this.length -= count;
    this.taken += count;
    return count;
  }

  peek(into: Uint8Array): number {
    let at = 0;
    for (const chunk of this.#chunks) {
      if (at === into.length) break;
      const part = chunk.subarray(0, into.length - at);
      into.set(part, at);
      at += part.length;
    }
    return at;
  }

  /** Empties the queue into a new array. */
  drain(): Uint8Array {
    const all = new Uint8Array(this.length);
    this.take(all);
    return all;
  }
}

/** What the two ends of a pipe share. */
interface PipeBody {
  readonly bytes: ByteQueue;
  capacityBytes: number;
  reader: PipeEnd | null;
  writer: PipeEnd | null;
}

/** One end of a pipe. */
export class PipeEnd implements Description {
  references = 0;
  readonly wakes = new Wakes();
  readonly isReader: boolean;
  readonly body: PipeBody;

  constructor(isReader: boolean, body: PipeBody) {
    this.isReader = isReader;
    this.body = body;
  }

  events(): number {
    const { bytes, reader, writer } = this.body;
    if (this.isReader) return (bytes.length > 0 ? EPOLLIN : 0) | (writer === null ? EPOLLHUP : 0);
    return (this.free() > 0 ? EPOLLOUT : 0) | (reader === null ? EPOLLERR : 0);
  }

  free(): number {
    return this.body.capacityBytes - this.body.bytes.length;
  }

  read(into: Uint8Array): number {
    const { bytes, writer } = this.body;
    if (bytes.length === 0) return writer === null ? 0 : -EAGAIN;
    const count = bytes.take(into);
    writer?.wakes.wake(EPOLLOUT);
    return count;
  }

  write(from: Uint8Array): number {
    if (this.body.reader === null) return -EPIPE;
    const count = Math.min(from.length, this.free());
    if (count === 0 && from.length > 0) return -EAGAIN;
    this.body.bytes.push(from.subarray(0, count));
    this.body.reader.wakes.wake(EPOLLIN);
    return count;
  }

  release(): void {
    if (this.isReader) this.body.reader = null;
    else this.body.writer = null;
    this.body.reader?.wakes.wake(EPOLLHUP);
    this.body.writer?.wakes.wake(EPOLLERR);
  }
}

const PIPE_BYTES = 65536;

/** A new pipe: the end to read from, the end to write to. */
export function makePipe(): readonly [PipeEnd, PipeEnd] {
  const body: PipeBody = {
    bytes: new ByteQueue(),
    capacityBytes: PIPE_BYTES,
    reader: null,
    writer: null,
  };
  body.reader = new PipeEnd(true, body);
  body.writer = new PipeEnd(false, body);
  return [body.reader, body.writer];
}

/** An eventfd. */
export class EventCounter implements Description {
  references = 0;
  readonly wakes = new Wakes();
  count = 0;

  events(): number {
    return (this.count > 0 ? EPOLLIN : 0) | EPOLLOUT;
  }

  signal(): void {
    this.count++;
    this.wakes.wake(EPOLLIN);
  }

  /** How many signals waited, 0 for none. */
  drain(): number {
    const count = this.count;
    this.count = 0;
    return count;
  }

  read(into: Uint8Array): number {
    if (this.count === 0) return -EAGAIN;
    new DataView(into.buffer, into.byteOffset).setBigUint64(0, BigInt(this.drain()), true);
    return 8;
  }

  write(from: Uint8Array): number {
    this.count += Number(new DataView(from.buffer, from.byteOffset).getBigUint64(0, true));
    this.wakes.wake(EPOLLIN);
    return 8;
  }

  release(): void {
    this.count = 0;
  }
}

/** A file in memory: memfd, or a path opened to be created. Survives its descriptors. */
export class MemoryFile {
  bytes: Uint8Array = new Uint8Array(new SharedArrayBuffer(0));

  resize(length: number): void {
    const grown = new Uint8Array(new SharedArrayBuffer(length));
    grown.set(this.bytes.subarray(0, length));
    this.bytes = grown;
  }
}

/** An open file: its content and a position. */
export class OpenFile implements Description {
  references = 0;
  readonly wakes = new Wakes();
  readonly file: MemoryFile;
  #at = 0;

  constructor(file: MemoryFile) {
    this.file = file;
  }

  events(): number {
    return EPOLLIN | EPOLLOUT;
  }

  read(into: Uint8Array): number {
    const part = this.file.bytes.subarray(this.#at, this.#at + into.length);
    into.set(part);
    this.#at += part.length;
    return part.length;
  }

  write(from: Uint8Array): number {
    const end = this.#at + from.length;
    if (end > this.file.bytes.length) this.file.resize(end);
    this.file.bytes.set(from, this.#at);
    this.#at = end;
    return from.length;
  }

  release(): void {
    this.#at = 0;
  }
}
