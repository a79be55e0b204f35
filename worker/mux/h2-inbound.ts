// The receiving half of an HTTP/2 stream. Payload is shown where the connection received it; what
// the stream could not hand on at once moves to slots of its own, as many as its window allows.
// Trailers wait as HTTP/1 lines, the form every side understands.

import type { SlotPool } from '../memory/pool.ts';
import type { Inbound } from './side.ts';

/** Who keeps the windows of the connection (h2-link.ts). */
export interface Credit {
  /** The stream has handed on `length` bytes of payload. */
  onConsumed(inbound: H2Inbound, length: number): void;
}

export class H2Inbound implements Inbound {
  bodyAt: number;
  bodyLength: number;
  bodyDone: boolean;
  failure: number;
  taken: number;
  trailersAt: number;
  trailersLength: number;
  readonly pool: SlotPool;
  /** Stream number, and who is told of what was consumed. */
  id: number;
  credit: Credit | null;
  /** Slot of the head, -1: none. */
  headAt: number;
  /** Announced length less what has come, -1: none was announced. */
  expected: number;
  /** Payload offset that the peer may send up to, and what has come and been consumed. */
  allowed: number;
  arrived: number;
  /** Payload goes no further until the stream is a tunnel (RFC 8441). */
  isHeld: boolean;
  /** The peer has said that nothing follows. */
  isEnded: boolean;
  /** Something came since the last `receive`. */
  private isFresh: boolean;
  /** What is shown lies in memory of the connection. */
  private isLent: boolean;
  /** Own slots in order; the first is shown when nothing is lent. Ends of their content. */
  private readonly slots: number[];
  private readonly ends: number[];
  private trailersSlotAt: number;

  /** Frames of several streams follow one another: nobody knows whose comes next. */
  readonly hasMore: boolean;

  constructor(pool: SlotPool) {
    this.hasMore = false;
    this.bodyAt = 0;
    this.bodyLength = 0;
    this.bodyDone = false;
    this.failure = 0;
    this.taken = 0;
    this.trailersAt = 0;
    this.trailersLength = 0;
    this.pool = pool;
    this.id = 0;
    this.credit = null;
    this.headAt = -1;
    this.expected = -1;
    this.allowed = 0;
    this.arrived = 0;
    this.isHeld = false;
    this.isEnded = false;
    this.isFresh = false;
    this.isLent = false;
    this.slots = [];
    this.ends = [];
    this.trailersSlotAt = -1;
  }

  /** A new stream: `window` bytes of payload may come. */
  restart(id: number, credit: Credit, window: number): void {
    this.id = id;
    this.credit = credit;
    this.allowed = window;
    this.arrived = 0;
    this.bodyLength = 0;
    this.bodyDone = false;
    this.failure = 0;
    this.taken = 0;
    this.trailersLength = 0;
    this.expected = -1;
    this.isHeld = false;
    this.isEnded = false;
    this.isFresh = false;
    this.isLent = false;
  }

  /** A slot for the head; false: memory is out. */
  hold(): boolean {
    if (this.headAt < 0) this.headAt = this.pool.take();
    return this.headAt >= 0;
  }

  /** `length` bytes of payload at `at`, in memory that is lent until `settle`. */
  arrive(at: number, length: number): boolean {
    this.arrived += length;
    this.isFresh = true;
    if (this.bodyLength > 0 || this.slots.length > 0 || this.isHeld) return this.keep(at, length);
    this.bodyAt = at;
    this.bodyLength = length;
    this.isLent = length > 0;
    return true;
  }

  /** What was lent and is still shown moves to a slot of its own. False: memory is out. */
  settle(): boolean {
    if (!this.isLent) return true;
    this.isLent = false;
    if (this.bodyLength === 0) return true;
    const { bodyAt, bodyLength } = this;
    this.bodyLength = 0;
    if (!this.keep(bodyAt, bodyLength)) return false;
    this.show();
    return true;
  }

  private keep(from: number, length: number): boolean {
    const { pool, slots, ends } = this;
    let at = from;
    let left = length;
    while (left > 0) {
      let last = slots.length - 1;
      if (last < 0 || ends[last] === slots[last] + pool.sizeOf(slots[last])) {
        const slotAt = pool.take();
        if (slotAt < 0) return false;
        slots.push(slotAt);
        ends.push(slotAt);
        last++;
      }
      const room = Math.min(left, slots[last] + pool.sizeOf(slots[last]) - ends[last]);
      pool.bytes.copyWithin(ends[last], at, at + room);
      // The first slot may be shown: what is added to it is shown too.
      if (last === 0 && this.bodyLength > 0 && !this.isLent) this.bodyLength += room;
      ends[last] += room;
      at += room;
      left -= room;
    }
    return true;
  }

  /** Shows the first slot, when nothing is. */
  private show(): boolean {
    if (this.bodyLength > 0 || this.isHeld) return false;
    if (this.slots.length > 0) {
      this.bodyAt = this.slots[0];
      this.bodyLength = this.ends[0] - this.slots[0];
    }
    this.noteEnd();
    return this.bodyLength > 0;
  }

  /** Nothing follows what is shown, if the peer has said so. */
  private noteEnd(): void {
    const isLast = this.slots.length === 0 || (this.slots.length === 1 && !this.isLent);
    if (
      this.isEnded &&
      !this.isHeld &&
      isLast &&
      (this.slots.length === 0 || this.bodyLength > 0)
    ) {
      this.bodyDone = true;
    }
  }

  /** The peer has nothing more to send. */
  end(): void {
    this.isEnded = true;
    this.isFresh = true;
    this.noteEnd();
  }

  /** Trailers as lines with their empty line, `length` bytes at `at`. False: memory is out. */
  keepTrailers(at: number, length: number): boolean {
    this.trailersSlotAt = this.pool.take();
    if (this.trailersSlotAt < 0) return false;
    this.pool.bytes.copyWithin(this.trailersSlotAt, at, at + length);
    this.trailersAt = this.trailersSlotAt;
    this.trailersLength = length;
    return true;
  }

  receive(): boolean {
    const isChanged = this.show() || this.isFresh;
    this.isFresh = false;
    return isChanged;
  }

  consume(length: number): void {
    this.taken += length;
    this.bodyAt += length;
    this.bodyLength -= length;
    if (this.bodyLength === 0 && !this.isLent && this.slots.length > 0) this.dropFirst();
    if (this.credit !== null) this.credit.onConsumed(this, length);
  }

  private dropFirst(): void {
    this.pool.release(this.slots[0]);
    this.slots.shift();
    this.ends.shift();
  }

  capacity(): number {
    const { pool, slots } = this;
    return slots.length === 0 ? pool.slotBytes : pool.sizeOf(slots[0]);
  }

  /** The head has a slot of its own, and stays there. */
  enlarge(): boolean {
    const { pool, slots, ends } = this;
    if (pool.largeBytes === 0) return false;
    if (this.capacity() === pool.largeBytes) return true;
    const at = pool.takeLarge();
    if (at < 0) return false;
    pool.bytes.copyWithin(at, this.bodyAt, this.bodyAt + this.bodyLength);
    let end = at + this.bodyLength;
    // The first of its own slots is the one that is shown, unless what is shown is lent.
    for (let i = this.isLent || this.bodyLength === 0 ? 0 : 1; i < slots.length; i++) {
      pool.bytes.copyWithin(end, slots[i], ends[i]);
      end += ends[i] - slots[i];
    }
    while (slots.length > 0) this.dropFirst();
    slots.push(at);
    ends.push(end);
    this.isLent = false;
    this.bodyLength = 0;
    this.show();
    return true;
  }

  /** A stream keeps nothing that could be smaller: its payload has slots of its own. */
  shrink(): void {}

  /** From here on: raw bytes until the end of the stream. */
  becomeTunnel(): void {
    this.isHeld = false;
    this.bodyDone = false;
    this.expected = -1;
    if (!this.show()) this.noteEnd();
  }

  bypassable(): number {
    return 0;
  }

  bypassed(_length: number): void {}

  /** Gives all memory back. */
  drop(): void {
    this.bodyLength = 0;
    this.isLent = false;
    while (this.slots.length > 0) this.dropFirst();
    if (this.headAt >= 0) this.pool.release(this.headAt);
    this.headAt = -1;
    if (this.trailersSlotAt >= 0) this.pool.release(this.trailersSlotAt);
    this.trailersSlotAt = -1;
  }
}
