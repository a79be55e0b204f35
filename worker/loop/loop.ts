// The loop of a proxy thread (DESIGN 2): one epoll set in which libuv's own descriptor is a member,
// so the thread sleeps in one place. Traffic never leaves `turn`; when libuv has something to do
// the loop steps back into it and is called again through a socketpair that libuv watches.

import { empty } from '../memory/small.ts';
import { AF_UNIX, EPOLLIN, SOCK_STREAM } from '../../shared/sys/constants.ts';
import type { ProfilingMode } from '../../shared/profiling-mode.ts';
import type { Region, Sys } from '../../shared/sys/sys.ts';
import type { LoopTime } from '../thread-context.ts';
import { type FdHandler, Poller } from './poller.ts';
import { LoopProfile } from './profile.ts';
import { Timers } from './timers.ts';

/** The longest sleep: the clock is published and the stop flag seen at least this often. */
const sleepMaxMs = 1000;
/** How busy a thread is, is told for windows of this length. */
const usageWindowMs = 500;

export interface LoopHooks {
  /** Shared monotonic milliseconds; called once per turn. */
  nowMs(): number;
  /** Once per turn, after the events and timers: flush logs, publish the load. */
  endOfTurn(): void;
  /** A handler threw: a fault of ours. The loop goes on. */
  onFault(error: unknown): void;
}

export interface LoopSettings {
  /** Events of one look, tune.maxpollevents. */
  readonly batchMax: number;
  /** profiling.tasks. */
  readonly profiling: ProfilingMode;
}

export class Loop implements FdHandler {
  readonly sys: Sys;
  readonly poller: Poller;
  readonly timers: Timers;
  readonly time: LoopTime;
  readonly profile: LoopProfile;
  /** In profiles: what happens while libuv has the thread. */
  readonly profileName = 'libuv';
  private readonly hooks: LoopHooks;
  private deferred: (() => void)[];
  private spare: (() => void)[];
  private readonly uvFd: number;
  private uvReady: boolean;
  private uvDueMs: number;
  private readonly pair: Int32Array;
  private readonly byte: Region;
  private stopped: boolean;
  /** Turns taken, and turns that found nothing: for `show activity`. */
  turns: number;
  idleTurns: number;
  /** Events seen. */
  events: number;
  /** Share of the last half second that was spent working, percent. */
  usagePercent: number;
  /** Wall clock at which that half second began, and how much of it was spent waiting. */
  private usageSinceMs: number;
  private waitedMs: number;
  /** Wall clock when the last wait ended; when libuv was given the thread, 0: not measured. */
  private awakeMs: number;
  private leftNs: number;

  constructor(sys: Sys, hooks: LoopHooks, { batchMax, profiling }: LoopSettings) {
    this.sys = sys;
    this.hooks = hooks;
    this.poller = new Poller(sys, batchMax);
    this.time = { nowMs: hooks.nowMs(), wallMs: sys.wallUs() / 1000 };
    this.timers = new Timers(this.time.nowMs);
    this.profile = new LoopProfile(profiling, this.time.nowMs, () => sys.monotonicNs());
    this.timers.watch = this.profile.isOn ? this.profile : null;
    this.deferred = [];
    this.spare = [];
    this.uvFd = sys.uvBackendFd();
    this.uvReady = false;
    this.uvDueMs = Infinity;
    this.pair = new Int32Array(2);
    this.byte = sys.region(1);
    this.stopped = false;
    this.turns = 0;
    this.idleTurns = 0;
    this.events = 0;
    this.usagePercent = 0;
    this.usageSinceMs = this.time.wallMs;
    this.waitedMs = 0;
    this.awakeMs = this.time.wallMs;
    this.leftNs = 0;
    if (this.uvFd >= 0) this.poller.add(this.uvFd, EPOLLIN, this);
  }

  /**
   * Enters libuv's life: `resume` is wired to the far end of a socketpair by the caller
   * (worker/thread.ts), which calls `turn` on every byte. Returns that far end's descriptor.
   */
  nest(): number {
    const result = this.sys.socketpair(AF_UNIX, SOCK_STREAM, this.pair);
    if (result < 0) throw new Error(`socketpair failed: errno ${-result}`);
    return this.pair[1];
  }

  /** libuv's backend descriptor is readable. */
  onEvents(_events: number): void {
    this.uvReady = true;
  }

  /** Runs `act` after the current batch, before sleeping. */
  defer(act: () => void): void {
    this.deferred.push(act);
  }

  /** Acts that are to run before the loop sleeps. */
  get waiting(): number {
    return this.deferred.length;
  }

  stop(): void {
    this.stopped = true;
  }

  /** libuv has something to do that its descriptor does not tell of: the turn ends soon. */
  yieldToUv(): void {
    this.uvReady = true;
  }

  /** One look at what is there, without waiting: libuv has not settled yet. */
  glance(): void {
    if (this.stopped) return;
    this.refreshTime();
    this.once(0);
    if (!this.stopped) this.sys.write(this.pair[0], this.byte, 0, 1);
  }

  /** Serves until libuv wants its turn or the loop is stopped. */
  turn(): void {
    this.uvReady = false;
    if (this.leftNs > 0) this.profile.note(this.profileName, 'libuv', this.leftNs);
    const uvMs = this.sys.uvTimeoutMs();
    this.refreshTime();
    this.uvDueMs = uvMs < 0 ? Infinity : this.time.nowMs + uvMs;
    while (!this.stopped) {
      this.once(this.sleepMs());
      if (this.uvReady || this.time.nowMs >= this.uvDueMs) break;
    }
    this.leftNs = this.profile.isOn ? this.sys.monotonicNs() : 0;
    if (!this.stopped) this.sys.write(this.pair[0], this.byte, 0, 1);
  }

  /** One batch: wait, events, timers, deferred work. Tests call it directly. */
  once(timeoutMs: number): void {
    const beforeMs = this.sys.wallUs() / 1000;
    this.profile.turned(Math.max(0, beforeMs - this.awakeMs) * 1000);
    const count = this.poller.wait(timeoutMs);
    this.turns++;
    if (count === 0) this.idleTurns++;
    else this.events += count;
    this.refreshTime();
    this.awakeMs = this.time.wallMs;
    this.measure(beforeMs);
    const { profile } = this;
    this.timers.watch = profile.isOn ? profile : null;
    if (profile.isOn) profile.wokenNs = this.sys.monotonicNs();
    for (let i = 0; i < count; i++) this.guardEvent(i);
    this.guardTimers();
    this.runDeferred();
    this.hooks.endOfTurn();
  }

  /** How long the loop may sleep now, ms. */
  sleepMs(): number {
    if (this.deferred.length > 0) return 0;
    let sleep = this.timers.sleepMs(this.time.nowMs);
    if (sleep < 0 || sleep > sleepMaxMs) sleep = sleepMaxMs;
    const uvMs = this.uvDueMs - this.time.nowMs;
    return uvMs < sleep ? Math.max(0, Math.ceil(uvMs)) : sleep;
  }

  /** The thread has slept since `beforeMs`. A clock that was set makes no time. */
  private measure(beforeMs: number): void {
    const { wallMs } = this.time;
    this.waitedMs += Math.max(0, wallMs - beforeMs);
    const wholeMs = wallMs - this.usageSinceMs;
    if (wholeMs >= 0 && wholeMs < usageWindowMs) return;
    const workedMs = Math.max(0, wholeMs - this.waitedMs);
    this.usagePercent = wholeMs > 0 ? Math.round((workedMs / wholeMs) * 100) : 0;
    this.usageSinceMs = wallMs;
    this.waitedMs = 0;
  }

  private refreshTime(): void {
    const nowMs = this.hooks.nowMs();
    if (nowMs > this.time.nowMs) this.time.nowMs = nowMs;
    this.time.wallMs = this.sys.wallUs() / 1000;
  }

  // The guards are the only `try` on the hot path: a fault in one stream must not end the loop.
  private guardEvent(index: number): void {
    try {
      if (this.profile.isOn) this.dispatchMeasured(index);
      else this.poller.dispatch(index);
    } catch (error) {
      this.hooks.onFault(error);
    }
  }

  private dispatchMeasured(index: number): void {
    const handler = this.poller.handlerAt(index);
    if (handler === null) return;
    const name = handler.profileName ?? handler.constructor.name;
    const startNs = this.sys.monotonicNs();
    this.poller.dispatch(index);
    this.profile.note(name, 'events', startNs);
  }

  private guardTimers(): void {
    try {
      this.timers.advance(this.time.nowMs);
    } catch (error) {
      this.hooks.onFault(error);
    }
  }

  private runDeferred(): void {
    if (this.deferred.length === 0) return;
    const batch = this.deferred;
    this.deferred = this.spare;
    for (let i = 0; i < batch.length; i++) {
      try {
        if (this.profile.isOn) this.actMeasured(batch[i]);
        else batch[i]();
      } catch (error) {
        this.hooks.onFault(error);
      }
    }
    empty(batch);
    this.spare = batch;
  }

  private actMeasured(act: () => void): void {
    const startNs = this.sys.monotonicNs();
    act();
    this.profile.note(act.name === '' ? 'act' : act.name, 'deferred', startNs);
  }
}
