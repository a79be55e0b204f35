// The shared clock: monotonic time that all processes of a segment agree on, and that goes on
// where the last writer stopped (SHM-STATS.md 4.7, 4.8). Each thread has one; the loop turns it
// once per turn. The only stored value is the largest time seen: offsets are derived, so that
// another boot or another host cannot leave a wrong one behind.

import { longClockNs } from './layout.ts';
import type { Segment } from './segment.ts';

/** How far time may run ahead of what others see before it is published. */
const publishStepNs = 1e6;

export class SharedClock {
  /** Shared time of the last turn. Never goes back. */
  nowNs: number;
  nowMs: number;
  /**
   * Shared time minus this machine's monotonic time. Threads of one process start from its value.
   */
  offsetNs: number;
  private publishedNs: number;
  private readonly longs: BigInt64Array;

  /** `offsetNs` of a clock of the same process, or null to continue the stored time. */
  constructor(segment: Segment, monotonicNs: number, offsetNs: number | null) {
    this.longs = segment.longs;
    const stored = this.stored();
    this.offsetNs = offsetNs ?? stored - monotonicNs;
    this.publishedNs = stored;
    this.nowNs = Math.max(stored, monotonicNs + this.offsetNs);
    this.nowMs = this.nowNs / 1e6;
  }

  /**
   * Takes a reading of CLOCK_MONOTONIC. Costs two comparisons, and once per millisecond an
   * atomic.
   */
  turn(monotonicNs: number): void {
    const local = monotonicNs + this.offsetNs;
    if (local < this.nowNs) {
      // The kernel's clock stepped back (another CPU, a resumed machine): stand still, then go on.
      this.offsetNs = this.nowNs - monotonicNs;
      return;
    }
    this.nowNs = local;
    if (local - this.publishedNs >= publishStepNs) this.publish(monotonicNs);
    this.nowMs = this.nowNs / 1e6;
  }

  private publish(monotonicNs: number): void {
    for (;;) {
      const seen = Atomics.load(this.longs, longClockNs);
      const others = Number(seen);
      if (others >= this.nowNs) {
        this.nowNs = others;
        this.offsetNs = others - monotonicNs;
        break;
      }
      const mine = BigInt(Math.floor(this.nowNs));
      if (Atomics.compareExchange(this.longs, longClockNs, seen, mine) === seen) break;
    }
    this.publishedNs = this.nowNs;
  }

  private stored(): number {
    return Number(Atomics.load(this.longs, longClockNs));
  }
}

/**
 * Nanoseconds between the stored time and this machine's clock: far from 0 after a reboot, on
 * another host, or after a long stop. The master reports it once when it exceeds the heartbeat
 * timeout.
 */
export function clockSkewNs(segment: Segment, monotonicNs: number): number {
  return Number(Atomics.load(segment.longs, longClockNs)) - monotonicNs;
}
