// Idle connections of one thread to one server (manual, http-reuse, pool-*). The last one given
// back is taken first, so that the others can grow old and be closed.

import { enterWithin, leave, liveIdleSafe, liveNeeded } from '../../shared/segment/live.ts';
import type { ConnectionPlace } from '../conn/connection.ts';
import type { Timed } from '../loop/timers.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import { ConnectionNeed } from './connection-need.ts';
import type { H1Back, IdlePool } from './h1-back.ts';
import type { IdleShare } from './idle-share.ts';

export class ServerPool implements IdlePool, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly server: Server;
  private readonly thread: ThreadContext;
  private readonly idle: H1Back[];
  /** pool-max-conn, over all threads; -1: no limit. */
  private readonly limit: number;
  private readonly purgeMs: number;
  /** pool-low-conn: with fewer idle connections than this, none is taken from another thread. */
  private readonly lowConn: number;
  private readonly need: ConnectionNeed;
  /** Descriptors from which only one idle connection is kept, and none. */
  private readonly fdsLow: number;
  private readonly fdsHigh: number;
  private readonly useMax: number;
  /** null: connections stay with the thread that made them. */
  private readonly share: IdleShare | null;
  private readonly serverNumber: number;
  /**
   * strict-maxconn: what no other thread could take over or close is not kept, so that it does not
   * stand in the way of connections that others need.
   */
  private readonly isStrict: boolean;

  /** `serverNumber`: position among all servers of the configuration, for the share. */
  constructor(
    thread: ThreadContext,
    server: Server,
    share: IdleShare | null,
    serverNumber: number,
  ) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.server = server;
    this.thread = thread;
    this.idle = [];
    const { poolMaxConn, poolPurgeDelayMs, poolLowConn, maxReuse } = server.model;
    this.isStrict = server.model.strictMaxconn && thread.program.model.global.nbthread > 1;
    this.limit = poolPurgeDelayMs === 0 ? 0 : poolMaxConn;
    this.lowConn = poolLowConn;
    this.need = new ConnectionNeed(poolLowConn);
    const { ulimitN, tune } = thread.program.model.global;
    this.fdsLow = descriptorLimit(ulimitN, tune.poolLowFdRatio);
    this.fdsHigh = descriptorLimit(ulimitN, tune.poolHighFdRatio);
    this.purgeMs = poolPurgeDelayMs;
    // max-reuse counts the uses after the first.
    this.share = share;
    this.serverNumber = serverNumber;
    this.useMax = maxReuse < 0 ? Number.MAX_SAFE_INTEGER : maxReuse + 1;
  }

  get size(): number {
    return this.idle.length;
  }

  /** How many are this thread's own: those that another has taken may not have been noticed yet. */
  idleCount(): number {
    const { idle, share } = this;
    let count = 0;
    for (let i = 0; i < idle.length; i++) {
      const { shareSlot, shareTicket } = idle[i];
      if (shareSlot < 0 || share!.isOffered(shareSlot, shareTicket)) count++;
    }
    return count;
  }

  /** A connection made for `hash` that has been used at least `usesMin` times; null: none. */
  take(hash: string, usesMin: number): H1Back | null {
    const { idle } = this;
    for (let i = idle.length - 1; i >= 0; i--) {
      const mux = idle[i];
      if (mux.hash !== hash || mux.useCount < usesMin) continue;
      if (!this.drop(mux)) continue;
      if (mux.connection.isOpen && !mux.connection.hangup) return mux;
      mux.close();
    }
    return null;
  }

  /**
   * Takes a descriptor made for `hash` over from another thread; -1: none is offered. `takenUses`
   * tells its uses.
   */
  takeOver(hash: string, usesMin: number): number {
    const { share, server, serverNumber } = this;
    if (share === null || this.isLow()) return -1;
    if (!share.takeOver(serverNumber, usesMin, hash)) return -1;
    leave(server.words, server.liveAt + liveIdleSafe);
    return share.fd;
  }

  /** Uses of the connection that `takeOver` has just returned. */
  get takenUses(): number {
    return this.share === null ? 0 : this.share.uses;
  }

  /** Destinations that rules choose are no kinds: there may be any number of them. */
  private isWorthKeeping({ hash }: H1Back): boolean {
    const { idle, need, server } = this;
    if (hash === '' || idle.length === 0 || server.target.isDynamic)
      return need.isWorthKeeping(idle.length, false);
    let isOnly = true;
    for (let i = 0; i < idle.length && isOnly; i++) isOnly = idle[i].hash !== hash;
    return need.isWorthKeeping(idle.length, isOnly);
  }

  /** The process uses more descriptors than an idle connection is worth (tune.pool-*-fd-ratio). */
  private usesMany(limit: number): boolean {
    return (this.thread.gauges?.descriptors() ?? 0) >= limit;
  }

  /** A new connection is needed: beyond the higher ratio, an idle one makes room for it. */
  makeRoom(): void {
    if (this.idle.length > 0 && this.usesMany(this.fdsHigh + 1)) this.lost(this.idle[0]);
  }

  private isLow(): boolean {
    const { server, lowConn } = this;
    if (lowConn === 0 || this.usesMany(this.fdsLow)) return false;
    return Atomics.load(server.words, server.liveAt + liveIdleSafe) < lowConn;
  }

  /** A stream has got a connection: an idle one, one of another thread's, or a new one. */
  borrowed(): void {
    const before = this.need.needed;
    this.need.borrowed();
    this.publishNeed(before);
  }

  /** Its connection is not the stream's any more, and has been put here, kept apart or closed. */
  returned(): void {
    this.need.returned();
  }

  private publishNeed(before: number): void {
    const { needed } = this.need;
    const { server } = this;
    if (needed !== before) {
      Atomics.add(server.words, server.liveAt + liveNeeded, needed - before);
    }
  }

  /**
   * All has been said on `mux`, and its stream still hands the end of it on: other threads may have
   * the connection from here on. Who hears the last byte and asks again at once, on another thread,
   * finds it idle.
   */
  offer(mux: H1Back): void {
    const { share } = this;
    if (share === null || mux.shareSlot >= 0 || mux.connection.transport !== null) return;
    if (!this.isWanted(mux) || !this.mayEnter()) return;
    this.expose(mux, share);
    if (mux.shareSlot < 0) leave(this.server.words, this.server.liveAt + liveIdleSafe);
  }

  /** Keeps a clean connection, or closes it when there are enough. */
  put(mux: H1Back): void {
    const { share } = this;
    if (mux.shareSlot >= 0 && !share!.isOffered(mux.shareSlot, mux.shareTicket)) {
      mux.abandon();
      return;
    }
    this.offer(mux);
    const isCounted = mux.shareSlot >= 0;
    if (!isCounted && (this.isStrict || !this.isWanted(mux) || !this.mayEnter())) {
      mux.close();
      return;
    }
    mux.detach(this);
    mux.poolIndex = this.idle.length;
    this.idle.push(mux);
    if (this.dueMs === 0 && this.purgeMs > 0) {
      this.thread.timers.schedule(this, this.thread.time.nowMs + this.purgeMs);
    }
  }

  /** Closes what is not clean; what was on offer is taken back first, or is not ours any more. */
  discard(mux: H1Back): void {
    if (this.withdraw(mux)) mux.close();
  }

  private isWanted(mux: H1Back): boolean {
    if (this.limit === 0 || mux.useCount >= this.useMax || this.usesMany(this.fdsHigh))
      return false;
    if (this.idle.length > 0 && this.usesMany(this.fdsLow)) return false;
    return this.isWorthKeeping(mux);
  }

  private expose(mux: H1Back, share: IdleShare): void {
    const { connection, useCount, hash } = mux;
    mux.shareSlot = share.offer(this.serverNumber, connection.fd, useCount, hash);
    if (mux.shareSlot >= 0) mux.shareTicket = share.ticketAt(mux.shareSlot);
  }

  /** Takes it off the list of offers; false: another thread has its descriptor. */
  private withdraw(mux: H1Back): boolean {
    const { shareSlot } = mux;
    if (shareSlot < 0) return true;
    mux.shareSlot = -1;
    if (!this.share!.reclaim(shareSlot, mux.shareTicket)) {
      mux.abandon();
      return false;
    }
    leave(this.server.words, this.server.liveAt + liveIdleSafe);
    return true;
  }

  /** Counts one more idle connection unless that would exceed pool-max-conn (-1: no limit). */
  private mayEnter(): boolean {
    const { words, liveAt } = this.server;
    return enterWithin(words, liveAt + liveIdleSafe, Math.max(this.limit, 0));
  }

  /** The server closed it, or said something unasked. */
  lost(mux: H1Back): void {
    if (this.drop(mux)) mux.close();
  }

  /** Closes half of what is beyond the need, of those that nobody has used for a whole delay. */
  onTimeout(nowMs: number): void {
    const { idle, purgeMs, need } = this;
    const before = need.needed;
    let left = need.settle(idle.length);
    this.publishNeed(before);
    for (let i = idle.length - 1; i >= 0 && left > 0; i--) {
      const mux = idle[i];
      if (nowMs - mux.idleSinceMs < purgeMs) continue;
      this.lost(mux);
      left--;
    }
    if (idle.length > 0 || need.needed > 0) this.thread.timers.schedule(this, nowMs + purgeMs);
  }

  /**
   * Makes room for another connection: closes an idle one of this thread, or one that another
   * offers, whose `place` is given up here. False: none is idle.
   */
  closeOne(place: ConnectionPlace): boolean {
    const { idle, share, server, serverNumber } = this;
    if (idle.length > 0) {
      this.lost(idle[0]);
      return true;
    }
    if (share === null || !share.takeOver(serverNumber, 0, null)) return false;
    leave(server.words, server.liveAt + liveIdleSafe);
    this.thread.sys.close(share.fd);
    place.leave();
    return true;
  }

  /** Closes everything: the server went down, or the process stops. */
  clear(): void {
    while (this.idle.length > 0) this.lost(this.idle[this.idle.length - 1]);
    this.thread.timers.remove(this);
  }

  /**
   * Takes `mux` off the list; false: another thread has taken its descriptor, nothing is left to
   * close.
   */
  private drop(mux: H1Back): boolean {
    const { idle } = this;
    const last = idle.pop()!;
    if (last !== mux) {
      idle[mux.poolIndex] = last;
      last.poolIndex = mux.poolIndex;
    }
    mux.poolIndex = -1;
    if (mux.shareSlot >= 0) return this.withdraw(mux);
    leave(this.server.words, this.server.liveAt + liveIdleSafe);
    return true;
  }
}

/** So many percent of all descriptors; without a limit there is none. */
function descriptorLimit(limit: number, percent: number): number {
  return limit > 0 ? Math.ceil((limit * percent) / 100) : Number.POSITIVE_INFINITY;
}
