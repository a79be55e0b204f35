// The thread's buffer memory: one region cut into slots of tune.bufsize, taken and given back by
// offset. Everything that handles traffic bytes holds an offset into this one region, so that no
// view is ever made while serving. A pool that is empty answers -1: the caller waits, it never
// grows without bound.

import assert from 'node:assert/strict';
import type { Region, Sys } from '../../shared/sys/sys.ts';

export class SlotPool {
  readonly region: Region;
  readonly bytes: Uint8Array;
  /** The same memory, for reading several bytes at once. */
  readonly view: DataView;
  readonly slotBytes: number;
  readonly slotMax: number;
  /** Slots handed out now. */
  inUse: number;
  /** Times `take` found nothing. */
  exhausted: number;
  private readonly free: Int32Array;
  private freeCount: number;
  private untouched: number;

  /** `slotBytes` × `slotMax` must stay below 2^31, so that offsets are small integers. */
  constructor(sys: Sys, slotBytes: number, slotMax: number) {
    assert(slotBytes > 0 && slotMax > 0 && slotBytes * slotMax < 2 ** 31);
    this.region = sys.region(slotBytes * slotMax);
    this.bytes = this.region.bytes;
    const { buffer, byteOffset, byteLength } = this.bytes;
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.slotBytes = slotBytes;
    this.slotMax = slotMax;
    this.inUse = 0;
    this.exhausted = 0;
    this.free = new Int32Array(slotMax);
    this.freeCount = 0;
    this.untouched = 0;
  }

  /** Slots that have ever been handed out: memory the system has had to give. */
  get touched(): number {
    return this.untouched;
  }

  /**
   * Offset of a slot whose content is undefined, or -1 when all are in use. Most recently used
   * first.
   */
  take(): number {
    if (this.freeCount > 0) {
      this.inUse++;
      return this.free[--this.freeCount];
    }
    if (this.untouched === this.slotMax) {
      this.exhausted++;
      return -1;
    }
    this.inUse++;
    return this.untouched++ * this.slotBytes;
  }

  /** Gives back a slot that `take` returned. */
  release(at: number): void {
    assert(at >= 0 && at % this.slotBytes === 0 && this.inUse > 0);
    this.inUse--;
    this.free[this.freeCount++] = at;
  }
}
