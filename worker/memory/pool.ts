// The thread's buffer memory: one region cut into slots of tune.bufsize, taken and given back by
// offset; behind them, where the configuration asks for it, slots of two other sizes. Everything
// that handles traffic bytes holds an offset into this one region, so that no view is ever made
// while serving. A pool that is empty answers -1: the caller waits, it never grows without bound.

import assert from 'node:assert/strict';
import type { Region, Sys } from '../../shared/sys/sys.ts';

/** Slots of one size. */
class SlotArea {
  readonly startAt: number;
  readonly slotBytes: number;
  readonly slotMax: number;
  private readonly free: Int32Array;
  private freeCount: number;
  untouched: number;

  constructor(startAt: number, { slotBytes, slotMax }: SlotSizes) {
    this.startAt = startAt;
    this.slotBytes = slotBytes;
    this.slotMax = slotMax;
    this.free = new Int32Array(slotMax);
    this.freeCount = 0;
    this.untouched = 0;
  }

  take(): number {
    if (this.freeCount > 0) return this.free[--this.freeCount];
    if (this.untouched === this.slotMax) return -1;
    return this.startAt + this.untouched++ * this.slotBytes;
  }

  release(at: number): void {
    assert((at - this.startAt) % this.slotBytes === 0);
    this.free[this.freeCount++] = at;
  }
}

/** `slotMax` 0: there are none. */
export interface SlotSizes {
  readonly slotBytes: number;
  readonly slotMax: number;
}

const noSlots: SlotSizes = { slotBytes: 1, slotMax: 0 };

export class SlotPool {
  readonly region: Region;
  readonly bytes: Uint8Array;
  /** The same memory, for reading several bytes at once. */
  readonly view: DataView;
  readonly slotBytes: number;
  readonly slotMax: number;
  /** tune.bufsize.small and tune.bufsize.large. */
  readonly smallBytes: number;
  readonly largeBytes: number;
  /** Slots handed out now. */
  inUse: number;
  /** Times `take` found nothing. */
  exhausted: number;
  private readonly normal: SlotArea;
  private readonly small: SlotArea;
  private readonly large: SlotArea;

  /** All together must stay below 2^31, so that offsets are small integers. */
  constructor(
    sys: Sys,
    slotBytes: number,
    slotMax: number,
    extra: { readonly small: SlotSizes; readonly large: SlotSizes } = noExtra,
  ) {
    const { small, large } = extra;
    const normalBytes = slotBytes * slotMax;
    const smallEnd = normalBytes + small.slotBytes * small.slotMax;
    const length = smallEnd + large.slotBytes * large.slotMax;
    assert(slotBytes > 0 && slotMax > 0 && length < 2 ** 31);
    this.region = sys.region(length);
    this.bytes = this.region.bytes;
    const { buffer, byteOffset, byteLength } = this.bytes;
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.slotBytes = slotBytes;
    this.slotMax = slotMax;
    this.smallBytes = small.slotMax === 0 ? 0 : small.slotBytes;
    this.largeBytes = large.slotMax === 0 ? 0 : large.slotBytes;
    this.inUse = 0;
    this.exhausted = 0;
    this.normal = new SlotArea(0, { slotBytes, slotMax });
    this.small = new SlotArea(normalBytes, small);
    this.large = new SlotArea(smallEnd, large);
  }

  /** Slots that have ever been handed out: memory the system has had to give. */
  get touched(): number {
    return this.normal.untouched;
  }

  /**
   * Offset of a slot whose content is undefined, or -1 when all are in use. Most recently used
   * first.
   */
  take(): number {
    const at = this.normal.take();
    if (at < 0) this.exhausted++;
    else this.inUse++;
    return at;
  }

  /** One of `smallBytes`, -1: there is none. */
  takeSmall(): number {
    return this.count(this.small.take());
  }

  /** One of `largeBytes`, -1: there is none. */
  takeLarge(): number {
    return this.count(this.large.take());
  }

  private count(at: number): number {
    if (at >= 0) this.inUse++;
    return at;
  }

  /** Size of the slot that begins at `at`. */
  sizeOf(at: number): number {
    if (at < this.small.startAt) return this.slotBytes;
    return at < this.large.startAt ? this.smallBytes : this.largeBytes;
  }

  /** Gives back a slot that was taken. */
  release(at: number): void {
    assert(at >= 0 && this.inUse > 0);
    this.inUse--;
    if (at < this.small.startAt) this.normal.release(at);
    else if (at < this.large.startAt) this.small.release(at);
    else this.large.release(at);
  }
}

const noExtra = { small: noSlots, large: noSlots };
