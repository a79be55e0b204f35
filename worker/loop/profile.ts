// What the calls of one thread's loop cost, by who is called and why (manual, profiling.tasks;
// management.txt, show profiling). The loop asks `isOn` and tells of each call when it is; the
// stream engine measures streams (cpu_ns_tot) while it is. Plain fields, this thread's alone.

import type { ProfilingMode } from '../../shared/profiling-mode.ts';
import type { Timed, TimerWatch } from './timers.ts';

/** Calls of one kind of object for one reason since profiling began. */
export interface ProfileEntry {
  /** Class of who was called. */
  readonly name: string;
  readonly cause: ProfileCause;
  calls: number;
  /** Time within the calls, and between the wake-up of the thread and the calls. */
  workNs: number;
  waitNs: number;
}

export type ProfileCause = 'events' | 'timer' | 'deferred' | 'libuv';

/** The average is over about this many turns (manual: the last 1024 loops). */
const averageTurns = 1024;
/** `auto` begins at the first and ends below the second. */
const slowTurnUs = 1000;
const quickTurnUs = 990;
/** Classes of this program are some dozens; more than this would be a mistake of ours. */
const entriesMax = 256;

export class LoopProfile implements TimerWatch {
  mode: ProfilingMode;
  /** Calls are measured now. */
  isOn: boolean;
  /** Of the shared clock; 0: never, and not yet. */
  startedMs: number;
  stoppedMs: number;
  /** Microseconds of a turn between two waits, a sliding average. */
  averageUs: number;
  /** When the thread woke up for the calls that follow, nanoseconds. */
  wokenNs: number;
  private readonly nowNs: () => number;
  /** By cause, then by name: a text made of both would be an allocation per call. */
  private readonly entries: Readonly<Record<ProfileCause, Map<string, ProfileEntry>>>;
  private entryCount: number;

  constructor(mode: ProfilingMode, nowMs: number, nowNs: () => number) {
    this.mode = mode;
    this.isOn = mode === 'on';
    this.startedMs = this.isOn ? nowMs : 0;
    this.stoppedMs = 0;
    this.averageUs = 0;
    this.wokenNs = 0;
    this.nowNs = nowNs;
    this.entries = { events: new Map(), timer: new Map(), deferred: new Map(), libuv: new Map() };
    this.entryCount = 0;
  }

  /** `on` begins anew; `auto` keeps what is there; `off` keeps the last results. */
  setMode(mode: ProfilingMode, nowMs: number): void {
    this.mode = mode;
    if (mode === 'on') this.clear();
    if (mode !== 'off') {
      this.startedMs = nowMs;
      this.stoppedMs = 0;
    } else if (this.startedMs > 0) this.stoppedMs = nowMs;
    this.isOn = mode === 'on' || (mode === 'auto' && this.isOn);
  }

  /** A turn took this long; switches `auto` on and off. */
  turned(us: number): void {
    this.averageUs += (us - this.averageUs) / averageTurns;
    if (this.mode !== 'auto') return;
    if (this.averageUs >= slowTurnUs) this.isOn = true;
    else if (this.averageUs < quickTurnUs) this.isOn = false;
  }

  /** Notes a call that began at `startNs` and ends now. */
  note(name: string, cause: ProfileCause, startNs: number): void {
    const entry = this.entryOf(name, cause);
    entry.calls++;
    entry.workNs += Math.max(0, this.nowNs() - startNs);
    if (cause !== 'libuv') entry.waitNs += Math.max(0, startNs - this.wokenNs);
  }

  /** A timer that is due. */
  fire(entry: Timed, nowMs: number): void {
    const startNs = this.nowNs();
    const { name } = entry.constructor;
    entry.onTimeout(nowMs);
    this.note(name, 'timer', startNs);
  }

  /** Everything noted so far, in no order. */
  list(): readonly ProfileEntry[] {
    const all: ProfileEntry[] = [];
    for (const byName of Object.values(this.entries)) {
      for (const entry of byName.values()) all.push(entry);
    }
    return all;
  }

  private clear(): void {
    for (const byName of Object.values(this.entries)) byName.clear();
    this.entryCount = 0;
  }

  private entryOf(name: string, cause: ProfileCause): ProfileEntry {
    const byName = this.entries[cause];
    const known = byName.get(name);
    if (known !== undefined) return known;
    if (this.entryCount >= entriesMax && name !== 'other') return this.entryOf('other', cause);
    const entry = { name, cause, calls: 0, workNs: 0, waitNs: 0 };
    byName.set(name, entry);
    this.entryCount++;
    return entry;
  }
}
