// Idle connections of one thread to one server (manual, http-reuse, pool-*). The last one given
// back is taken first, so that the others can grow old and be closed.

import { enter, leave, liveIdleSafe } from '../../shared/segment/live.ts';
import type { Timed } from '../loop/timers.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { H1Back, IdlePool } from './h1-back.ts';

export class ServerPool implements IdlePool, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly server: Server;
  private readonly thread: ThreadContext;
  private readonly idle: H1Back[];
  /** This thread's share of pool-max-conn, -1: no limit. */
  private readonly limit: number;
  private readonly purgeMs: number;
  private readonly useMax: number;

  constructor(thread: ThreadContext, server: Server, threadCount: number) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.server = server;
    this.thread = thread;
    this.idle = [];
    const { poolMaxConn, poolPurgeDelayMs, maxReuse } = server.model;
    this.limit = poolMaxConn < 0 ? -1 : Math.ceil(poolMaxConn / threadCount);
    this.purgeMs = poolPurgeDelayMs;
    // max-reuse counts the uses after the first.
    this.useMax = maxReuse < 0 ? Number.MAX_SAFE_INTEGER : maxReuse + 1;
  }

  get size(): number {
    return this.idle.length;
  }

  /** A connection made for `hash` that has been used at least `usesMin` times; null: none. */
  take(hash: string, usesMin: number): H1Back | null {
    const { idle } = this;
    for (let i = idle.length - 1; i >= 0; i--) {
      const mux = idle[i];
      if (mux.hash !== hash || mux.useCount < usesMin) continue;
      this.drop(mux);
      if (mux.connection.isOpen && !mux.connection.hangup) return mux;
      mux.close();
    }
    return null;
  }

  /** Keeps a clean connection, or closes it when there are enough. */
  put(mux: H1Back): void {
    const full = this.limit >= 0 && this.idle.length >= this.limit;
    if (full || mux.useCount >= this.useMax) {
      mux.close();
      return;
    }
    mux.detach(this);
    mux.poolIndex = this.idle.length;
    this.idle.push(mux);
    enter(this.server.words, this.server.liveAt + liveIdleSafe);
    if (this.dueMs === 0 && this.purgeMs > 0) {
      this.thread.timers.schedule(this, this.thread.time.nowMs + this.purgeMs);
    }
  }

  /** The server closed it, or said something unasked. */
  lost(mux: H1Back): void {
    this.drop(mux);
    mux.close();
  }

  /** Closes what has been idle for longer than the purge delay. */
  onTimeout(nowMs: number): void {
    const { idle } = this;
    let oldest = 0;
    for (let i = idle.length - 1; i >= 0; i--) {
      const mux = idle[i];
      if (nowMs - mux.idleSinceMs >= this.purgeMs) this.lost(mux);
      else if (oldest === 0 || mux.idleSinceMs < oldest) oldest = mux.idleSinceMs;
    }
    if (idle.length > 0) this.thread.timers.schedule(this, oldest + this.purgeMs);
  }

  /** Closes everything: the server went down, or the process stops. */
  clear(): void {
    while (this.idle.length > 0) this.lost(this.idle[this.idle.length - 1]);
    this.thread.timers.remove(this);
  }

  private drop(mux: H1Back): void {
    const { idle } = this;
    const last = idle.pop()!;
    if (last !== mux) {
      idle[mux.poolIndex] = last;
      last.poolIndex = mux.poolIndex;
    }
    mux.poolIndex = -1;
    leave(this.server.words, this.server.liveAt + liveIdleSafe);
  }
}
