// The queues of one backend on one thread, and who gets a slot that became free. A slot is taken
// with one compare-and-exchange on the shared count, so maxconn holds over threads; streams that
// wait on other threads are served by waking those threads, in turn.

import {
  enter,
  enterWithin,
  leave,
  liveCurrent,
  liveServed,
  liveWaiters,
} from '../../shared/segment/live.ts';
import type { Stream } from '../stream/stream.ts';
import type { Balancer } from './balancer.ts';
import { comesBefore, type Waiter, WaitQueue } from './queue.ts';
import type { Server } from './server.ts';

/** What a backend asks of the thread it runs on. Filled in by worker/thread.ts. */
export interface BackendHost {
  /**
   * The stream left its queue: call `assign` again. Never called from within `assign` for its
   * stream.
   */
  resume(stream: Stream): void;
  /** Another thread may have streams to serve: make it call `serveWaiters`. */
  wakeThread(threadIndex: number): void;
}

/** Streams served in one go, and how often a thread may serve itself while others wait. */
const servedMax = 200;
const selfServedMax = 9;

export class Waiting {
  readonly backendQueue: WaitQueue;
  readonly serverQueues: WaitQueue[];
  host: BackendHost;
  private readonly servers: readonly Server[];
  private balancer: Balancer;
  private readonly words: Int32Array;
  private readonly backendLiveAt: number;
  private readonly threadIndex: number;
  private readonly threadCount: number;
  private selfServed: number;
  private lastWoken: number;
  /** The stream that is being assigned right now: it is told by the return value. */
  private assigning: Stream | null;
  /**
   * Streams to resume. One may end at once and free a slot for the next: a list, not a recursion.
   */
  private readonly ready: (Stream | null)[];
  private resuming: boolean;
  /** Streams of this thread in any of the queues. */
  count: number;

  constructor(
    servers: readonly Server[],
    balancer: Balancer,
    place: { readonly words: Int32Array; readonly liveAt: number },
    thread: { readonly threadIndex: number; readonly threadCount: number },
  ) {
    const { words, liveAt } = place;
    const index = thread.threadIndex;
    this.backendQueue = new WaitQueue(null, words, liveAt, index);
    this.serverQueues = servers.map((server) => new WaitQueue(server, words, server.liveAt, index));
    this.host = { resume: unbound, wakeThread: unbound };
    this.servers = servers;
    this.balancer = balancer;
    this.words = words;
    this.backendLiveAt = liveAt;
    this.threadIndex = index;
    this.threadCount = thread.threadCount;
    this.selfServed = 0;
    this.lastWoken = index;
    this.assigning = null;
    this.ready = [];
    this.resuming = false;
    this.count = 0;
  }

  /** A server joined, in a place that may have been another's. Between two turns. */
  admit(server: Server): void {
    const queue = new WaitQueue(server, this.words, server.liveAt, this.threadIndex);
    this.serverQueues[server.index] = queue;
  }

  /** The backend balances in other memory from now on. */
  useBalancer(balancer: Balancer): void {
    this.balancer = balancer;
  }

  /** Takes a slot of `server` for the stream. False: it is full. */
  take(stream: Stream, server: Server): boolean {
    const { words } = this;
    if (!enterWithin(words, server.liveAt + liveServed, server.dynamicMax())) return false;
    enter(words, server.liveAt + liveCurrent);
    Atomics.add(words, this.backendLiveAt + liveServed, 1);
    stream.server = server;
    stream.serverAssigned = true;
    stream.serverSlotHeld = true;
    this.balancer.loadChanged(server);
    return true;
  }

  /** Gives the stream's slot back without offering it to anybody. */
  drop(stream: Stream, server: Server): void {
    const { words } = this;
    stream.serverSlotHeld = false;
    Atomics.sub(words, this.backendLiveAt + liveServed, 1);
    leave(words, server.liveAt + liveCurrent);
    leave(words, server.liveAt + liveServed);
    this.balancer.loadChanged(server);
  }

  /** Queues for one server. True: a slot became free meanwhile and the stream has it. */
  queueOnServer(stream: Stream, server: Server, nowMs: number): boolean {
    this.serverQueues[server.index].push(stream, nowMs);
    this.count++;
    this.balancer.loadChanged(server);
    // The last slot may have been given back between our look and our entry: nobody would call us.
    this.assigning = stream;
    this.serve(server);
    this.assigning = null;
    return stream.serverSlotHeld;
  }

  /** Queues for any server. True: it has a slot already. */
  queueOnBackend(stream: Stream, nowMs: number): boolean {
    const queued = this.backendQueue.push(stream, nowMs);
    this.count++;
    const served = Atomics.load(this.words, this.backendLiveAt + liveServed);
    if (queued > 1 && served > 0) return false;
    this.assigning = stream;
    this.serveBackendQueue();
    this.assigning = null;
    return stream.serverSlotHeld;
  }

  /** Offers free slots of `server` to those who wait, oldest first. */
  serve(server: Server): void {
    const { backendQueue } = this;
    const own = this.serverQueues[server.index];
    if (own.total() === 0 && backendQueue.total() === 0) return;
    const sharesBackend = server.isUsable() && this.balancer.roster.takesFromBackend(server);
    const others = this.threadCount > 1 && this.othersWait(own, sharesBackend);
    if (others && ++this.selfServed > selfServedMax) {
      this.selfServed = 0;
      if (this.hasSlot(server)) this.wakeNext(own, sharesBackend);
      return;
    }
    let served = 0;
    while (served < servedMax) {
      const waiter = this.next(own, sharesBackend);
      if (waiter === null) break;
      if (!this.grant(waiter, server)) return;
      served++;
    }
    if (others && this.hasSlot(server)) this.wakeNext(own, sharesBackend);
  }

  private hasSlot(server: Server): boolean {
    const limit = server.dynamicMax();
    return limit === 0 || server.served() < limit;
  }

  private next(own: WaitQueue, sharesBackend: boolean): Waiter | null {
    const first = own.first();
    const any = sharesBackend ? this.backendQueue.first() : null;
    if (first === null || any === null) return first ?? any;
    return comesBefore(first, any) ? first : any;
  }

  /** Gives the waiter a slot of `server`. False: there is none. */
  private grant(waiter: Waiter, server: Server): boolean {
    const stream = waiter.stream as Stream; // a queued waiter always has one
    const queue = waiter.queue as WaitQueue;
    if (!this.take(stream, server)) return false;
    queue.serve(waiter);
    this.count--;
    if (stream !== this.assigning) this.resume(stream);
    return true;
  }

  private resume(stream: Stream): void {
    const { ready } = this;
    ready.push(stream);
    if (this.resuming) return;
    this.resuming = true;
    // The list may grow while it is walked.
    for (let i = 0; i < ready.length; i++) {
      const next = ready[i];
      if (next !== null) this.host.resume(next);
    }
    ready.length = 0;
    this.resuming = false;
  }

  /** Another thread gave a slot back, or a server came up: serves what waits on this thread. */
  serveWaiters(): void {
    for (let i = 0; i < this.servers.length; i++) {
      if (this.serverQueues[i].length > 0) this.serve(this.servers[i]);
    }
    if (this.backendQueue.length > 0) this.serveBackendQueue();
    else if (this.threadCount > 1 && this.backendQueue.total() > 0) this.passOn();
  }

  private serveBackendQueue(): void {
    for (let served = 0; served < servedMax; served++) {
      const waiter = this.backendQueue.first();
      if (waiter === null) return;
      const server = this.balancer.pick(waiter.stream as Stream, null);
      if (server === null || !this.hasSlot(server) || !this.grant(waiter, server)) return;
    }
  }

  /** Woken for nothing: whoever else waits for the backend is next. */
  private passOn(): void {
    this.wake(this.waitersOf(this.backendQueue, 0), this.waitersOf(this.backendQueue, 1));
  }

  private othersWait(own: WaitQueue, sharesBackend: boolean): boolean {
    const low = this.waitersOf(own, 0) | (sharesBackend ? this.waitersOf(this.backendQueue, 0) : 0);
    const high =
      this.waitersOf(own, 1) | (sharesBackend ? this.waitersOf(this.backendQueue, 1) : 0);
    return low !== 0 || high !== 0;
  }

  private wakeNext(own: WaitQueue, sharesBackend: boolean): void {
    const low = this.waitersOf(own, 0) | (sharesBackend ? this.waitersOf(this.backendQueue, 0) : 0);
    const high =
      this.waitersOf(own, 1) | (sharesBackend ? this.waitersOf(this.backendQueue, 1) : 0);
    this.wake(low, high);
  }

  /** Threads other than this one with streams in the queue: bits of 32 threads. */
  private waitersOf(queue: WaitQueue, half: number): number {
    const bits = Atomics.load(this.words, queue.liveAt + liveWaiters + half);
    return this.threadIndex >>> 5 === half ? bits & ~(1 << (this.threadIndex & 31)) : bits;
  }

  private wake(low: number, high: number): void {
    for (let step = 1; step <= this.threadCount; step++) {
      const index = (this.lastWoken + step) % this.threadCount;
      const bits = index < 32 ? low : high;
      if ((bits & (1 << (index & 31))) === 0) continue;
      this.lastWoken = index;
      this.host.wakeThread(index);
      return;
    }
  }

  /**
   * Takes the stream out of the queue it waits in, if any; a slot meant for it goes to the next.
   */
  cancel(stream: Stream): void {
    const at = this.ready.length === 0 ? -1 : this.ready.indexOf(stream);
    if (at >= 0) this.ready[at] = null;
    const { waiter } = stream;
    if (waiter === null) return;
    const queue = waiter.queue as WaitQueue; // set while it waits
    const { server } = queue;
    queue.remove(waiter);
    this.count--;
    if (server !== null) this.balancer.loadChanged(server);
    // Another thread may have woken this one for just this stream.
    if (this.threadCount === 1) return;
    if (server !== null) this.serve(server);
    else if (this.backendQueue.length > 0) this.serveBackendQueue();
    else if (this.backendQueue.total() > 0) this.passOn();
  }

  /** Sends everybody in `queue` back to `assign`, but for those forced to stay. */
  flush(queue: WaitQueue, keepForced: boolean): void {
    const leaving: Stream[] = [];
    const staying: Stream[] = [];
    for (let waiter = queue.first(); waiter !== null; waiter = queue.first()) {
      const stream = waiter.stream as Stream; // a queued waiter always has one
      queue.remove(waiter);
      if (keepForced && stream.persistForced) staying.push(stream);
      else leaving.push(stream);
    }
    for (const stream of staying) queue.push(stream, stream.thread.time.nowMs);
    this.count -= leaving.length;
    for (const stream of leaving) {
      stream.serverAssigned = false;
      stream.serverForced = false;
      this.resume(stream);
    }
  }
}

function unbound(): never {
  throw new Error('the backend has no host yet');
}
