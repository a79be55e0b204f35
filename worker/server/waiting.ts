// The queues of one backend on one thread, and who gets a slot that became free. A slot is taken
// with one compare-and-exchange on the shared count, so maxconn holds over threads. When the stream
// that has waited longest waits on another thread, that thread is woken and takes the slot: nobody
// else may, because whoever comes while others wait joins the queue.

import { enterWithin, leave, liveServed, liveWaiters } from '../../shared/segment/live.ts';
import type { Stream } from '../stream/stream.ts';
import type { Balancer } from './balancer.ts';
import type { FarmBlock } from './farm.ts';
import { comesBefore, orderNone, type QueuePlace, type Waiter, WaitQueue } from './queue.ts';
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

/** Streams served in one go. */
const servedMax = 200;

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
  /** The first of each queue, by thread; this thread's own is among them. */
  private heads: readonly Float64Array[];
  private queuePlace: QueuePlace;
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
    place: { readonly words: Int32Array; readonly liveAt: number; readonly block: FarmBlock },
    thread: { readonly threadIndex: number; readonly threadCount: number },
  ) {
    const { words, liveAt, block } = place;
    const { threadIndex } = thread;
    this.queuePlace = { words, threadIndex, heads: block.heads(threadIndex) };
    this.backendQueue = new WaitQueue(null, liveAt, this.queuePlace);
    this.serverQueues = servers.map(
      (server) => new WaitQueue(server, server.liveAt, this.queuePlace),
    );
    this.heads = headsOf(block, thread.threadCount);
    this.host = { resume: unbound, wakeThread: unbound };
    this.servers = servers;
    this.balancer = balancer;
    this.words = words;
    this.backendLiveAt = liveAt;
    this.threadIndex = threadIndex;
    this.threadCount = thread.threadCount;
    this.assigning = null;
    this.ready = [];
    this.resuming = false;
    this.count = 0;
  }

  /** A server joined, in a place that may have been another's. Between two turns. */
  admit(server: Server): void {
    this.serverQueues[server.index] = new WaitQueue(server, server.liveAt, this.queuePlace);
  }

  /** The backend balances in other memory from now on. */
  useBlock(block: FarmBlock, balancer: Balancer): void {
    this.balancer = balancer;
    const heads = block.heads(this.threadIndex);
    this.queuePlace = { ...this.queuePlace, heads };
    this.heads = headsOf(block, this.threadCount);
    for (const queue of [this.backendQueue, ...this.serverQueues]) queue.useHeads(heads);
  }

  /** Takes a slot of `server` for the stream. False: it is full. */
  take(stream: Stream, server: Server): boolean {
    const { words } = this;
    if (!enterWithin(words, server.liveAt + liveServed, server.dynamicMax())) return false;
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

  /** Offers free slots of `server` to those who wait on any thread, oldest first. */
  serve(server: Server): void {
    const { backendQueue } = this;
    const own = this.serverQueues[server.index];
    if (own.total() === 0 && backendQueue.total() === 0) return;
    const any =
      server.isUsable() && this.balancer.roster.takesFromBackend(server) ? backendQueue : null;
    for (let served = 0; served < servedMax; served++) {
      const waiter = this.next(own, any);
      const other = this.threadBefore(waiter, own, any);
      if (other >= 0) {
        if (this.hasSlot(server)) this.host.wakeThread(other);
        return;
      }
      if (waiter === null || !this.grant(waiter, server)) return;
    }
  }

  private hasSlot(server: Server): boolean {
    const limit = server.dynamicMax();
    return limit === 0 || server.served() < limit;
  }

  private next(own: WaitQueue, any: WaitQueue | null): Waiter | null {
    const first = own.first();
    const other = any === null ? null : any.first();
    if (first === null || other === null) return first ?? other;
    return comesBefore(first, other) ? first : other;
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
    this.serveBackendQueue();
  }

  /** Whoever waits for any server, oldest first: here, or by waking the thread of the first. */
  private serveBackendQueue(): void {
    const { backendQueue } = this;
    for (let served = 0; served < servedMax; served++) {
      const waiter = backendQueue.first();
      const other = this.threadBefore(waiter, backendQueue, null);
      if (other >= 0) {
        this.host.wakeThread(other);
        return;
      }
      if (waiter === null) return;
      const server = this.serverFor(waiter.stream as Stream);
      if (server === null || !this.grant(waiter, server)) return;
    }
  }

  /** What the algorithm says if it can be had now, or any other server that can. */
  private serverFor(stream: Stream): Server | null {
    const { balancer, servers } = this;
    const picked = balancer.pick(stream, null);
    if (picked !== null && this.hasSlot(picked)) return picked;
    if (balancer.skipsFull) return null;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i];
      if (!server.isUsable() || !balancer.roster.takesFromBackend(server)) continue;
      if (server.hasRoom()) return server;
    }
    return null;
  }

  /** The thread whose first stream in these queues comes before `waiter`; -1: it is the first. */
  private threadBefore(waiter: Waiter | null, own: WaitQueue, any: WaitQueue | null): number {
    const { heads } = this;
    if (this.threadCount === 1) return -1;
    let least = waiter === null ? orderNone : waiter.order;
    let found = -1;
    for (let half = 0; half < 2; half++) {
      let bits = this.othersOf(own, half) | (any === null ? 0 : this.othersOf(any, half));
      for (; bits !== 0; bits &= bits - 1) {
        const thread = half * 32 + 31 - Math.clz32(bits & -bits);
        let order = own.firstOf(heads[thread]);
        if (any !== null) order = Math.min(order, any.firstOf(heads[thread]));
        // Its bit says that somebody waits: one that has not been told yet is better than none.
        if (order >= least && (found >= 0 || waiter !== null)) continue;
        least = order;
        found = thread;
      }
    }
    return found;
  }

  /** Threads other than this one with streams in the queue: bits of 32 threads. */
  private othersOf(queue: WaitQueue, half: number): number {
    const bits = Atomics.load(this.words, queue.liveAt + liveWaiters + half);
    return this.threadIndex >>> 5 === half ? bits & ~(1 << (this.threadIndex & 31)) : bits;
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
    else this.serveBackendQueue();
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

function headsOf(block: FarmBlock, threads: number): readonly Float64Array[] {
  return Array.from({ length: threads }, (_, threadIndex) => block.heads(threadIndex));
}

function unbound(): never {
  throw new Error('the backend has no host yet');
}
