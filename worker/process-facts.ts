// What the control thread knows of its process beside the counters: CPU time of the proxy threads
// as the kernel counts it, bytes a second, warnings, limits that were changed. Answers `show info`
// and `show activity`; control.ts calls `sample` once a second.

import { closeSync, openSync, readSync } from 'node:fs';
import type { RateLimit, WorkerStart } from '../shared/messages.ts';
import { liveCurrent } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import type { ThreadTimes } from './runtime/context.ts';
import type { StatsSource } from './stats/source.ts';

export interface FactSources {
  readonly start: WorkerStart;
  /** Kernel ids of the proxy threads, by index; 0: unknown. */
  readonly threadIds: readonly number[];
  nowMs(): number;
  /** Bytes sent so far, by all threads. */
  bytesOut(): number;
}

interface ThreadClock {
  /** /proc/self/task/ID/schedstat, opened before a chroot; -1: there is none. */
  readonly fd: number;
  runMs: number;
  waitMs: number;
  busyPercent: number;
}

/** A sample younger than this says nothing of a rate. */
const sampleLeastMs = 100;

export class ProcessFacts {
  /** Set by `set anon global-key` and `anonkey`. */
  anonKey: number;
  debugCommands: number;
  warnings: number;
  /** Milliseconds from the start of the process until it served. */
  bootMs: number;
  readonly rateLimits: Record<RateLimit, number>;
  private readonly sources: FactSources;
  private readonly clocks: readonly ThreadClock[];
  private sampledMs: number;
  private bytesOut: number;
  private bytesRate: number;

  constructor(sources: FactSources) {
    const { start, threadIds } = sources;
    const { global } = start.model;
    this.sources = sources;
    this.anonKey = global.anonKey;
    this.debugCommands = 0;
    this.warnings = start.startupLogs.split('[WARNING]').length - 1;
    this.bootMs = 0;
    this.rateLimits = {
      connections: global.maxconnrate,
      sessions: global.maxsessrate,
      tlsSessions: global.maxsslrate,
    };
    this.clocks = threadIds.map((id) => ({ fd: openClock(id), ...noTime }));
    this.sampledMs = sources.nowMs();
    this.bytesOut = sources.bytesOut();
    this.bytesRate = 0;
    this.sample();
  }

  /** Once a second. */
  sample(): void {
    const nowMs = this.sources.nowMs();
    const elapsedMs = nowMs - this.sampledMs;
    if (elapsedMs < sampleLeastMs) return;
    for (const clock of this.clocks) {
      const before = clock.runMs;
      readClock(clock);
      clock.busyPercent = percent((clock.runMs - before) / elapsedMs);
    }
    const bytes = this.sources.bytesOut();
    this.bytesRate = Math.max(0, Math.round(((bytes - this.bytesOut) * 1000) / elapsedMs));
    this.bytesOut = bytes;
    this.sampledMs = nowMs;
  }

  threadTimes(): readonly ThreadTimes[] {
    for (const clock of this.clocks) readClock(clock);
    return this.clocks;
  }

  /** Lines of `show info`. */
  info(): Readonly<Record<string, number>> {
    const busy = this.clocks.reduce((sum, { busyPercent }) => sum + busyPercent, 0);
    return {
      Idle_pct: 100 - Math.round(busy / Math.max(1, this.clocks.length)),
      BytesOutRate: this.bytesRate,
      DebugCommandsIssued: this.debugCommands,
      TotalWarnings: this.warnings,
      BootTime_ms: this.bootMs,
      ConnRateLimit: this.rateLimits.connections,
      SessRateLimit: this.rateLimits.sessions,
      SslRateLimit: this.rateLimits.tlsSessions,
    };
  }

  close(): void {
    for (const { fd } of this.clocks) if (fd >= 0) closeSync(fd);
  }
}

/** What the control thread adds to the numbers of the segment. */
export interface ControlCounts {
  /** Runtime sessions, and sockets they come through. */
  readonly sessions: number;
  readonly cliListeners: number;
  readonly patterns: { readonly added: number; readonly freed: number };
}

/** Lines of `show info` made of what is there now. */
export function processLines(
  stats: StatsSource,
  { sessions, cliListeners, patterns }: ControlCounts,
): Readonly<Record<string, string | number>> {
  const { reader, live, objects, model, listeners } = stats;
  const { global, proxies } = model;
  const current = live.sum(objects.process, liveCurrent);
  const isOpen = (proxyIndex: number): boolean => stats.frontStatus(proxyIndex) === 'OPEN';
  const open = listeners.filter((one) => isOpen(one.proxyIndex)).length + cliListeners;
  const streams = reader.gauge(objects.process, field.CurrStreams);
  const isStopping = proxies.every((_, index) => stats.frontStatus(index) === 'STOP');
  return {
    PatternsAdded: patterns.added,
    PatternsFreed: patterns.freed,
    Listeners: open,
    Jobs: open + current + sessions,
    Tasks: current + streams,
    Nbthread: global.nbthread,
    Pid: process.pid,
    Hard_maxconn: global.maxconn,
    'Ulimit-n': global.ulimitN,
    CurrConns: current,
    node: global.node,
    description: global.description,
    Stopping: isStopping ? 1 : 0,
  };
}

const noTime = { runMs: 0, waitMs: 0, busyPercent: 0 };
const percent = (share: number): number => Math.max(0, Math.min(100, Math.round(share * 100)));
const text = Buffer.alloc(64);

function openClock(threadId: number): number {
  try {
    return openSync(`/proc/self/task/${threadId}/schedstat`, 'r');
  } catch {
    // A kernel without scheduler statistics: times stay 0 and the process counts as idle.
    return -1;
  }
}

/** "nanoseconds run, nanoseconds ready and waiting, slices". */
function readClock(clock: ThreadClock): void {
  if (clock.fd < 0) return;
  const length = readSync(clock.fd, text, 0, text.length, 0);
  const [run, wait] = text.toString('latin1', 0, length).split(' ');
  clock.runMs = Number(run) / 1e6;
  clock.waitMs = Number(wait) / 1e6;
}
