// Pipes for splice: taken for one stretch of payload, kept while they hold bytes, used again when
// empty.

import type { Sys } from '../../shared/sys/sys.ts';

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
  /** Bytes inside. */
  held: number;
}

/** Empty pipes kept for the next stretch. */
const spareMax = 32;

export class PipePool {
  readonly sys: Sys;
  private readonly spare: Pipe[];
  private readonly sizeBytes: number;
  private readonly ends: Int32Array;
  /** Pipes in use, of `limit` (global maxpipes, or a quarter of maxconn). */
  inUse: number;
  private readonly limit: number;

  /** `sizeBytes`: tune.pipesize, 0 for the system's. */
  constructor(sys: Sys, sizeBytes: number, limit: number) {
    this.sys = sys;
    this.spare = [];
    this.sizeBytes = sizeBytes;
    this.ends = new Int32Array(2);
    this.inUse = 0;
    this.limit = limit;
  }

  /** Empty pipes kept. */
  get spares(): number {
    return this.spare.length;
  }

  /** null: no descriptors, or the limit is reached: the payload goes through memory then. */
  take(): Pipe | null {
    if (this.inUse >= this.limit) return null;
    const kept = this.spare.pop();
    if (kept !== undefined) {
      this.inUse++;
      return kept;
    }
    if (this.sys.pipe(this.ends) < 0) return null;
    if (this.sizeBytes > 0) this.sys.setPipeSize(this.ends[1], this.sizeBytes);
    this.inUse++;
    return { readFd: this.ends[0], writeFd: this.ends[1], held: 0 };
  }

  release(pipe: Pipe): void {
    this.inUse--;
    if (pipe.held === 0 && this.spare.length < spareMax) {
      this.spare.push(pipe);
      return;
    }
    this.sys.close(pipe.readFd);
    this.sys.close(pipe.writeFd);
  }
}
