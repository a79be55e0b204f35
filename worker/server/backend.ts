// One backend on one thread: which server a stream gets, when it must wait, what happens when a
// connection fails. Called by the stream engine; owns the counts of its servers, opens no
// connection and keeps no timer. The order of decisions is the manual's: use-server, cookie, then
// balance.

import { enter, leave, liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import { backendRevision } from '../../shared/segment/server-state.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import type { Stream } from '../stream/stream.ts';
import type { Balancer } from './balancer.ts';
import type { Persistence } from './persistence.ts';
import { type RetryPlan, retryPlan } from './retry.ts';
import type { FarmBlock } from './farm.ts';
import type { Server, ServerHome } from './server.ts';
import { type BackendHost, Waiting } from './waiting.ts';
import { isRedirectable } from './redirect.ts';
import type { ObjectWords, ServerWordsTable } from './words.ts';

/** `stream.server` is set and the stream holds a slot: connect. */
export const assignOk = 0;
/** `stream.server` answers with its `redir`: nothing is connected, no slot is needed. */
export const assignRedirect = -1;
/** The stream waits: start timeout queue; `host.resume` comes when it may try again. */
export const assignQueued = 1;
/** No server can be used: 503, SC. */
export const assignNone = 2;
/** The server that must be used has a full queue (maxqueue): 503, SQ. */
export const assignFull = 3;

/** What to do after a connection failed. */
/** Connect to the same server again, now. */
export const retryConnect = 0;
/** Call `assign` again, now. */
export const retryAssign = 1;
/** Wait `retryDelayMs()`, then connect (`stream.serverAssigned`) or call `assign`. */
export const retryWait = 2;
/** Out of retries: 503, SC. The slot has been given back. */
export const retryNever = 3;

const fieldChosen = field.lbtot;
const fieldRetries = field.wretr;
const fieldRedispatches = field.wredis;
const fieldFailed = field.econ;

const retryDelayMaxMs = 1000;

export interface BackendParts {
  readonly model: ProxyModel;
  readonly proxyIndex: number;
  /** Grows with servers that are added at run time. */
  readonly servers: Server[];
  readonly home: ServerHome;
  readonly balancer: Balancer;
  /** The same algorithm in other memory. */
  readonly rebalance: (block: FarmBlock) => Balancer;
  readonly persistence: Persistence;
  readonly table: ServerWordsTable;
  readonly place: ObjectWords;
}

export class Backend {
  readonly proxyIndex: number;
  readonly name: string;
  readonly servers: Server[];
  balancer: Balancer;
  readonly persistence: Persistence;
  /** Index of its object in the segment, and this thread's counter row of it. */
  readonly object: number;
  readonly row: number;
  readonly waiting: Waiting;
  private readonly words: Int32Array;
  private readonly values: Float64Array;
  private readonly stateAt: number;
  private readonly liveAt: number;
  /** backendRevision as of the last refresh. */
  private revision: number;
  private readonly retries: number;
  readonly retry: RetryPlan;
  /** `option use-small-buffers queue`. */
  readonly usesSmallQueue: boolean;
  private readonly redispatch: number;
  private readonly persistsDown: boolean;
  private readonly connectMs: number;
  private readonly mayPreferLast: boolean;
  private readonly prefersLast: boolean;
  private readonly takesOneMore: (server: Server) => boolean;
  /** What it was made of: worker/server/membership.ts. */
  readonly parts: BackendParts;

  constructor(parts: BackendParts) {
    const { model, servers, balancer, table, place } = parts;
    this.parts = parts;
    this.proxyIndex = parts.proxyIndex;
    this.name = model.name;
    this.servers = servers;
    this.balancer = balancer;
    this.persistence = parts.persistence;
    this.object = place.object;
    this.row = place.row;
    this.waiting = new Waiting(
      servers,
      balancer,
      { words: table.words, liveAt: place.liveAt, block: table.farm(parts.proxyIndex) },
      table,
    );
    this.words = table.words;
    this.values = table.values;
    this.stateAt = place.stateAt;
    this.liveAt = place.liveAt;
    this.revision = -1;
    this.retries = model.retries;
    this.retry = retryPlan(model);
    this.usesSmallQueue = model.smallBuffers.includes('queue');
    this.redispatch = model.redispatch;
    this.persistsDown = model.options['persist'] === true;
    this.connectMs = model.timeouts.connect;
    this.mayPreferLast = !balancer.isHash;
    this.prefersLast = model.options['prefer-last-server'] === true;
    const { maxKeepAliveQueue: queueMax } = model;
    this.takesOneMore = (server) =>
      server.isUsable() && (queueMax < 0 || server.hasRoom() || server.queued() < queueMax);
  }

  /** Tells the backend whom to wake. Once per thread, before traffic. */
  bind(host: BackendHost): void {
    this.waiting.host = host;
  }

  /** A stream chose this backend. Every `enter` is followed by one `leave`. */
  enter(stream: Stream): void {
    if (stream.backendEntered) return;
    stream.backendEntered = true;
    enter(this.words, this.liveAt + liveCurrent);
  }

  /** The stream is done with this backend, whatever it was doing; notes the counts logs show. */
  leave(stream: Stream): void {
    this.waiting.cancel(stream);
    this.release(stream);
    if (!stream.backendEntered) return;
    stream.backendEntered = false;
    stream.backendConnections = leave(this.words, this.liveAt + liveCurrent);
  }

  /**
   * A server and a slot of it for the stream; assign* tells. Called to start, again when `resume`
   * said so, and after `connectFailed` answered retryAssign. Hot path.
   */
  assign(stream: Stream): number {
    this.followStates();
    if (!stream.persistDone) {
      stream.persistDone = true;
      this.persistence.choose(stream);
    }
    let result = this.assignOnce(stream);
    if (result === assignFull && stream.serverForced && this.mayMove(stream)) {
      stream.serverForced = false;
      stream.serverAssigned = false;
      result = this.assignOnce(stream);
    }
    if (result === assignFull && !stream.serverForced && !this.balancer.isHash) {
      // Another thread was faster to the last place in that queue: any server will do.
      stream.server = null;
      stream.serverAssigned = false;
      result = this.queueForAny(stream);
    }
    if (result >= assignNone) this.countFailure(result === assignFull ? stream.server : null);
    return result;
  }

  /** Servers may have changed since the last look. Hot path. */
  followStates(): void {
    if (this.words[this.stateAt + backendRevision] !== this.revision) this.statesChanged();
  }

  private mayMove(stream: Stream): boolean {
    return this.redispatch !== 0 && !stream.persistForced;
  }

  private assignOnce(stream: Stream): number {
    if (!stream.serverAssigned) {
      const result = this.choose(stream);
      if (result !== assignOk) return result;
    }
    const server = stream.server as Server; // serverAssigned says so
    if (server.redirect !== null && isRedirectable(stream)) return assignRedirect;
    if (stream.serverSlotHeld) return assignOk;
    if (server.maxconn() === 0 || server.queued() === 0) {
      if (this.waiting.take(stream, server)) return assignOk;
    }
    if (server.maxqueue > 0 && server.queued() >= server.maxqueue) return assignFull;
    return this.waiting.queueOnServer(stream, server, stream.thread.time.nowMs)
      ? assignOk
      : assignQueued;
  }

  /** Lets the algorithm choose; `stream.server` was the last choice and is avoided. */
  private choose(stream: Stream): number {
    const previous = stream.server;
    const held = stream.serverSlotHeld && previous !== null;
    if (held) this.waiting.drop(stream, previous);
    const last = this.mayPreferLast && previous === null ? this.lastServer(stream) : null;
    if (last === null && this.balancer.roster.totalWeight() === 0) {
      stream.server = null;
      if (previous !== null) this.countMove(stream, previous, null);
      if (held) this.waiting.serve(previous);
      return assignNone;
    }
    const server = last ?? (this.allFull() ? null : this.balancer.pick(stream, previous));
    stream.server = server;
    if (previous !== null) this.countMove(stream, previous, server);
    if (server !== null) {
      stream.serverAssigned = true;
      if (server !== previous) {
        this.values[this.row + fieldChosen]++;
        this.values[server.row + fieldChosen]++;
      }
    }
    if (held) this.waiting.serve(previous);
    return server !== null ? assignOk : this.queueForAny(stream);
  }

  /**
   * The server to which this client has a connection of its own (option prefer-last-server; after
   * NTLM also without it), unless its queue is longer than max-keep-alive-queue.
   */
  private lastServer({ session }: Stream): Server | null {
    const { own, prefersLast } = session;
    if (own === null || !(prefersLast || this.prefersLast)) return null;
    return own.serverOf(this.name, prefersLast ? isUsable : this.takesOneMore);
  }

  private queueForAny(stream: Stream): number {
    return this.waiting.queueOnBackend(stream, stream.thread.time.nowMs) ? assignOk : assignQueued;
  }

  /** A queue that others are being served from proves it without looking at a single server. */
  private allFull(): boolean {
    if (!this.balancer.skipsFull) return false;
    const { words, liveAt } = this;
    const queued = Atomics.load(words, liveAt + liveQueued);
    if (queued === 0 || Atomics.load(words, liveAt + liveServed) === 0) return false;
    return queued !== Atomics.load(words, liveAt + liveCurrent);
  }

  private countMove(stream: Stream, previous: Server, server: Server | null): void {
    const { values } = this;
    if (server === previous) {
      values[previous.row + fieldRetries]++;
      values[this.row + fieldRetries]++;
      return;
    }
    if (stream.cookieRequest === 'V') stream.cookieRequest = 'D';
    stream.redispatched = true;
    values[previous.row + fieldRedispatches]++;
    values[this.row + fieldRedispatches]++;
  }

  private countFailure(server: Server | null): void {
    if (server !== null) this.values[server.row + fieldFailed]++;
    this.values[this.row + fieldFailed]++;
  }

  /**
   * The exchange with the server is over: gives the slot back and offers it to who waits.
   * Idempotent.
   */
  release(stream: Stream): void {
    const { server } = stream;
    if (!stream.serverSlotHeld || server === null) return;
    this.waiting.drop(stream, server);
    stream.serverConnections = server.served();
    this.waiting.serve(server);
  }

  /** timeout queue has passed: 503, sQ. The stream has left the queue. */
  queueExpired(stream: Stream): void {
    this.waiting.cancel(stream);
    this.countFailure(stream.serverAssigned ? stream.server : null);
  }

  /** The client went away while its stream was waiting. */
  queueAborted(stream: Stream): void {
    this.waiting.cancel(stream);
  }

  /**
   * A connection to `stream.server` failed (`refused`: an error; else it timed out) or, `reused`,
   * an idle one proved dead. Counts, decides, and returns a retry* constant.
   */
  connectFailed(stream: Stream, refused: boolean, reused: boolean): number {
    const server = stream.server as Server; // there was a connection to it
    const limit = stream.retryMax >= 0 ? stream.retryMax : this.retries;
    if (stream.retries >= limit || !this.retry.onConnect) {
      this.countFailure(server);
      this.release(stream);
      return retryNever;
    }
    const elsewhere = this.moveOn(stream, server, limit);
    const sameServer = !elsewhere || this.balancer.roster.activeCount() <= 1;
    if (refused && sameServer && !reused) return retryWait;
    return elsewhere ? retryAssign : retryConnect;
  }

  /**
   * The exchange failed after the request had left (retry-on), or was answered with a status that
   * is retried. retryNever: no try is left, nothing has changed.
   */
  exchangeFailed(stream: Stream): number {
    const server = stream.server as Server; // it was sent there
    const limit = stream.retryMax >= 0 ? stream.retryMax : this.retries;
    if (stream.retries >= limit) return retryNever;
    return this.moveOn(stream, server, limit) ? retryAssign : retryConnect;
  }

  /** Counts another try; true: another server is to be found for it. */
  private moveOn(stream: Stream, server: Server, limit: number): boolean {
    stream.retries++;
    const elsewhere = this.redispatches(stream, server, limit);
    if (elsewhere) {
      this.release(stream);
      stream.serverForced = false;
      stream.serverAssigned = false;
    } else {
      this.values[server.row + fieldRetries]++;
      this.values[this.row + fieldRetries]++;
    }
    return elsewhere;
  }

  /**
   * Pause before the same server is tried again: a second, or timeout connect when that is shorter.
   */
  retryDelayMs(): number {
    return this.connectMs > 0 ? Math.min(this.connectMs, retryDelayMaxMs) : retryDelayMaxMs;
  }

  /** `option redispatch N`: is it time to try another server. */
  private redispatches(stream: Stream, server: Server, limit: number): boolean {
    const every = this.redispatch;
    if (every === 0 || stream.persistForced) return false;
    if (!server.isRunning()) return true;
    const { retries } = stream;
    if (every > 0 ? retries % every === 0 : isNthBeforeLast(retries, limit, every)) return true;
    return !stream.serverForced && !this.balancer.isHash && this.balancer.roster.activeCount() > 1;
  }

  /**
   * Server states or weights changed: rebuilds what follows from them and moves streams that wait.
   */
  statesChanged(): void {
    this.revision = Atomics.load(this.words, this.stateAt + backendRevision);
    const { waiting, balancer } = this;
    balancer.refresh();
    for (const server of this.servers) {
      const queue = waiting.serverQueues[server.index];
      if (queue.length === 0 || !server.isStopped()) continue;
      if (this.redispatch !== 0 && !this.persistsDown) waiting.flush(queue, true);
      else if (server.isMaintained()) waiting.flush(queue, true);
    }
    if (balancer.roster.totalWeight() === 0) waiting.flush(waiting.backendQueue, false);
    else waiting.serveWaiters();
  }

  /** Looks whether server states changed since they were last looked at. */
  follow(): void {
    if (Atomics.load(this.words, this.stateAt + backendRevision) !== this.revision) {
      this.statesChanged();
    }
  }

  /** This thread was woken: streams that wait here may get slots that other threads gave back. */
  serveWaiters(): void {
    this.follow();
    this.waiting.serveWaiters();
  }

  /** Streams of this thread that wait. */
  hasWaiters(): boolean {
    return this.waiting.count > 0;
  }

  /** Streams in this backend now, over all threads (%bc). */
  connections(): number {
    return Atomics.load(this.words, this.liveAt + liveCurrent);
  }
}

function isUsable(server: Server): boolean {
  return server.isUsable();
}

function isNthBeforeLast(retries: number, limit: number, every: number): boolean {
  const period = limit + 1 + every;
  return period !== 0 && retries % period === 0;
}
