// Bytes that a socket did not take, in a slot of the thread's memory until it does. Owned by an
// Output; it holds a slot only while there are bytes.

import { copyBytes } from '../memory/small.ts';
import type { SlotPool } from '../memory/pool.ts';

export class PendingBytes {
  /** Slot, -1: nothing is kept. */
  private slotAt: number;
  private start: number;
  private end: number;

  constructor() {
    this.slotAt = -1;
    this.start = 0;
    this.end = 0;
  }

  isEmpty(): boolean {
    return this.slotAt < 0;
  }

  /** First byte and number of bytes; only when not empty. */
  get at(): number {
    return this.slotAt + this.start;
  }
  get length(): number {
    return this.end - this.start;
  }

  hasRoom(memory: SlotPool, length: number): boolean {
    return this.slotAt < 0 ? length <= memory.slotBytes : this.end + length <= memory.slotBytes;
  }

  /** Adds `length` bytes at `from`. False: no slot or no room, nothing was added. */
  keep(memory: SlotPool, from: number, length: number): boolean {
    if (!this.hasRoom(memory, length)) return false;
    if (this.slotAt < 0) {
      this.slotAt = memory.take();
      if (this.slotAt < 0) return false;
      this.start = 0;
      this.end = 0;
    }
    copyBytes(memory, this.slotAt + this.end, from, length);
    this.end += length;
    return true;
  }

  /** The first `length` bytes have left; an empty slot is given back. */
  consume(memory: SlotPool, length: number): void {
    this.start += length;
    if (this.start === this.end) this.release(memory);
  }

  release(memory: SlotPool): void {
    if (this.slotAt < 0) return;
    memory.release(this.slotAt);
    this.slotAt = -1;
  }
}
