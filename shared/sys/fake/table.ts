// The descriptor table of the fake kernel: lowest free number first, reference counts, and what a
// descriptor that does not exist costs. Used by sys.ts only.

import { EMFILE } from '../constants.ts';
import type { Description } from './descriptor.ts';
import { EpollSet } from './epoll.ts';

/** 0 to 2 are taken, as in a real process. */
const FIRST = 3;

export class FakeTable {
  /** How often a descriptor was used that was not open. */
  misuse = 0;
  readonly limit: number;
  readonly #open = new Map<number, Description>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** The descriptor's number, or minus EMFILE. */
  install(description: Description): number {
    let fd = FIRST;
    while (this.#open.has(fd)) fd++;
    if (fd >= this.limit) return -EMFILE;
    this.put(fd, description);
    return fd;
  }

  put(fd: number, description: Description): void {
    description.references++;
    this.#open.set(fd, description);
  }

  hasRoomFor(count: number): boolean {
    return this.#open.size + FIRST + count <= this.limit;
  }

  /** Null, and one more misuse, when `fd` is not open. */
  get(fd: number): Description | null {
    const description = this.#open.get(fd) ?? null;
    if (description === null) this.misuse++;
    return description;
  }

  isOpen(fd: number): boolean {
    return this.#open.has(fd);
  }

  /** False when `fd` was not open. */
  close(fd: number): boolean {
    const description = this.get(fd);
    if (description === null) return false;
    this.#open.delete(fd);
    this.release(description);
    return true;
  }

  /** Gives one reference back; the last one takes the description out of every epoll set. */
  release(description: Description): void {
    description.references--;
    if (description.references > 0) return;
    for (const other of this.#open.values()) {
      if (other instanceof EpollSet) other.forget(description);
    }
    description.release();
  }

  numbers(): number[] {
    return [...this.#open.keys()].sort((a, b) => a - b);
  }
}
