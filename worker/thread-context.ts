// What everything on one proxy thread shares: the door to the kernel, memory, time, counters and the
// compiled program. One object per thread, made by worker/thread.ts, handed to whoever needs it.

import type { CounterWriter } from '../shared/segment/counters.ts';
import type { Sys } from '../shared/sys/sys.ts';
import type { Timers } from './loop/timers.ts';
import type { SlotPool } from './memory/pool.ts';
import type { Program } from './program.ts';

/** Read once per turn of the loop; nobody else asks the kernel for the time. */
export interface LoopTime {
  /** Shared monotonic clock, milliseconds with fraction. */
  nowMs: number;
  /** Wall clock, milliseconds since the epoch with fraction. */
  wallMs: number;
}

export interface ThreadContext {
  /** 0-based. `thread` in logs and fetches is index + 1. */
  readonly index: number;
  readonly sys: Sys;
  readonly memory: SlotPool;
  readonly time: LoopTime;
  readonly timers: Timers;
  readonly counters: CounterWriter;
  /** Set once, right after compiling. */
  program: Program;
  /** Process variables (proc.*), by index; each thread has a copy kept equal by edits. */
  readonly processVariables: import('./sample/sample.ts').Sample[];
  /** Cheap uniform number in [0, 1): xorshift, seeded per thread (a test seeds it). */
  random(): number;
  /** Runs `act` after the current batch of events, before sleeping. */
  defer(act: () => void): void;
  /** True from the start of a soft stop. */
  stopping: boolean;
}
