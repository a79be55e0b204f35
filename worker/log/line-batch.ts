// The lines of one turn for one destination: written one behind the other into a block of memory.
// Owned by a sink, which sends them and empties the batch.

import type { Region, Sys } from '../../shared/sys/sys.ts';
import { LineBuffer } from './line.ts';

/** Lines that wait for one turn at most, and the bytes they may take. */
export const linesMax = 64;
const bytesMax = 128 * 1024;

export class LineBatch {
  count: number;
  readonly startAt: Int32Array;
  readonly lengths: Int32Array;
  /** Bytes of the header of each line. */
  readonly headers: Int32Array;
  private used: number;
  private memory: Region | null;
  private line: LineBuffer | null;

  constructor() {
    this.count = 0;
    this.startAt = new Int32Array(linesMax);
    this.lengths = new Int32Array(linesMax);
    this.headers = new Int32Array(linesMax);
    this.used = 0;
    this.memory = null;
    this.line = null;
  }

  /** Where the lines lie. Only once something was written. */
  get region(): Region {
    return this.memory as Region;
  }

  /** False: send what waits first. */
  hasRoom(length: number): boolean {
    return this.count < linesMax && this.used + length <= bytesMax;
  }

  begin(sys: Sys, length: number): LineBuffer {
    if (this.line === null) {
      this.memory = sys.region(bytesMax);
      this.line = new LineBuffer(this.memory.bytes);
    }
    this.line.start(this.used, length);
    return this.line;
  }

  commit(line: LineBuffer): void {
    const { count, used } = this;
    this.startAt[count] = used;
    this.lengths[count] = line.at - used;
    this.headers[count] = line.messageAt - used;
    this.used = line.at;
    this.count = count + 1;
  }

  clear(): void {
    this.count = 0;
    this.used = 0;
  }
}
