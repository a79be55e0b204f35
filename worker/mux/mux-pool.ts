// Connections of one thread to one server that carry several streams (HTTP/2, FastCGI), busy and
// idle (manual, http-reuse, pool-*, max-reuse). A busy connection with room is taken before an idle
// one, so that the idle ones can grow old and be closed.

import { enter, leave, liveIdleSafe } from '../../shared/segment/live.ts';
import type { Timed } from '../loop/timers.ts';
import type { Server } from '../server/server.ts';
import type { Session } from '../stream/session.ts';
import type { ThreadContext } from '../thread-context.ts';

/** A connection with several streams, as its pool sees it. */
export interface PooledMux {
  /** What streams must have in common to share it: manual http-reuse. */
  readonly hash: string;
  /** Streams carried so far. */
  readonly useCount: number;
  /** Streams that may be added now. */
  readonly room: number;
  readonly streamCount: number;
  /** Only streams of this client may use it; null: any. */
  owner: Session | null;
  /** It counts among the idle connections of the server. */
  isIdle: boolean;
  /** When its last stream ended, loop ms. */
  readonly idleSinceMs: number;
  /** Another thread has not taken it while it was idle here; who asks uses it then. */
  holds(): boolean;
  isStillHere(): boolean;
  close(): void;
}

/** Who keeps connections to one server. */
export interface MuxKeeper<T> {
  /** A stream of `mux` has ended: it may have become idle. */
  freed(mux: T): void;
  /** `mux` is closed. */
  gone(mux: T): void;
  /** Another thread has taken `mux`, which was idle. */
  moved(mux: T): void;
}

export class MuxPool<T extends PooledMux> implements MuxKeeper<T>, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly thread: ThreadContext;
  private readonly server: Server;
  private readonly all: T[];
  /** How many of them carry no stream and wait for one. */
  idleCount: number;
  private readonly idleMax: number;
  private readonly purgeMs: number;
  private readonly useMax: number;

  constructor(thread: ThreadContext, server: Server) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.thread = thread;
    this.server = server;
    this.all = [];
    this.idleCount = 0;
    const { poolMaxConn, poolPurgeDelayMs, maxReuse } = server.model;
    const { strictMaxconn } = server.model;
    const isAlone = thread.program.model.global.nbthread <= 1;
    this.idleMax = poolMaxConn < 0 ? Number.MAX_SAFE_INTEGER : poolMaxConn;
    // No other thread could close it to make room for one of its own.
    if (strictMaxconn && !isAlone) this.idleMax = 0;
    this.purgeMs = poolPurgeDelayMs;
    this.useMax = maxReuse < 0 ? Number.MAX_SAFE_INTEGER : maxReuse + 1;
  }

  /**
   * A connection with room that was made for `hash`: the client's own, or when `isShared` anybody's
   * that has carried `usesMin` streams. null: none.
   */
  take(session: Session, hash: string, isShared: boolean, usesMin: number): T | null {
    let found: T | null = null;
    for (let i = 0; i < this.all.length; i++) {
      const mux = this.all[i];
      if (mux.hash !== hash || mux.useCount >= this.useMax || mux.room <= 0) continue;
      if (mux.owner !== session && (mux.owner !== null || !isShared)) continue;
      if (mux.owner === null && mux.useCount < usesMin) continue;
      if (!mux.holds()) {
        i--;
        continue;
      }
      found = mux;
      if (!mux.isIdle) break;
    }
    if (found !== null) this.wake(found);
    return found;
  }

  /** A new connection; `owner`: the only client that may use it, null: any. */
  add(mux: T, owner: Session | null): void {
    mux.owner = owner;
    this.all.push(mux);
  }

  private wake(mux: T): void {
    if (!mux.isIdle) return;
    mux.isIdle = false;
    this.idleCount--;
    leave(this.server.words, this.server.liveAt + liveIdleSafe);
  }

  freed(mux: T): void {
    if (mux.streamCount > 0 || mux.isIdle) return;
    const isAlone = mux.owner !== null && !mux.owner.connection.isOpen;
    const isUseless = isAlone || this.server.isMaintained();
    if (isUseless || this.idleCount >= this.idleMax || mux.useCount >= this.useMax) {
      mux.close();
      return;
    }
    mux.isIdle = true;
    this.idleCount++;
    enter(this.server.words, this.server.liveAt + liveIdleSafe);
    if (this.dueMs === 0 && this.purgeMs > 0) {
      this.thread.timers.schedule(this, this.thread.time.nowMs + this.purgeMs);
    }
  }

  moved(mux: T): void {
    if (!mux.isIdle) return;
    mux.isIdle = false;
    this.idleCount--;
  }

  gone(mux: T): void {
    this.wake(mux);
    const place = this.all.indexOf(mux);
    if (place < 0) return;
    const last = this.all.pop()!;
    if (last !== mux) this.all[place] = last;
  }

  /** Closes what has been idle for longer than the purge delay. */
  onTimeout(nowMs: number): void {
    let oldest = 0;
    for (let i = this.all.length - 1; i >= 0; i--) {
      const mux = this.all[i];
      if (!mux.isIdle) continue;
      // What a server has opened is not closed here: nobody could open it again.
      if (this.server.isReversed) {
        if (!mux.isStillHere()) mux.holds();
        oldest = nowMs;
      } else if (nowMs - mux.idleSinceMs >= this.purgeMs) mux.close();
      else if (oldest === 0 || mux.idleSinceMs < oldest) oldest = mux.idleSinceMs;
    }
    if (oldest > 0) this.thread.timers.schedule(this, oldest + this.purgeMs);
  }

  /** There is a connection for `hash`, with room or without. */
  knows(hash: string): boolean {
    for (let i = 0; i < this.all.length; i++) if (this.all[i].hash === hash) return true;
    return false;
  }

  /** Closes one that is idle, to make room for another kind; false: none is. */
  closeOne(): boolean {
    for (let i = 0; i < this.all.length; i++) {
      if (!this.all[i].isIdle) continue;
      this.all[i].close();
      return true;
    }
    return false;
  }

  /** Closes what is idle: the server went down, or the process stops. */
  clear(): void {
    for (let i = this.all.length - 1; i >= 0; i--) if (this.all[i].isIdle) this.all[i].close();
    this.thread.timers.remove(this);
  }
}
