// The contract of a destination of log lines on one thread: lines are written into memory that it
// gives, and leave together at the end of a turn. sender.ts, ring-sender.ts and backend-sender.ts
// fill it; logger.ts uses it.

import type { ServerModel } from '../../shared/config/model.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { LineBuffer } from './line.ts';

/** What chooses a server for each line: a backend in `mode log` (server/backend.ts). */
export interface LineBalancer {
  readonly servers: readonly { readonly model: ServerModel }[];
  /** Index of a server for the line in `bytes`, -1: none is up. */
  pickForLine(bytes: Uint8Array, from: number, to: number): number;
}

export interface LogSink {
  /** Lines that could not be sent, since the start. */
  dropped: number;
  /** How many of these have been told to the counters. */
  counted: number;
  /** Lines waiting now. */
  readonly count: number;
  /** Room for a line of up to `length` bytes, to be written and then given to `commit`. */
  begin(sys: Sys, length: number): LineBuffer;
  /** The line that `begin` started is complete; it ends with a line feed. */
  commit(line: LineBuffer): void;
  /** Sends what waits. Never blocks: what is not taken at once is dropped and counted. */
  flush(sys: Sys): void;
  /** Gives back what it has opened. */
  close(sys: Sys): void;
}
