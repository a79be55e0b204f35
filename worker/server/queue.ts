// Streams waiting for a slot, of one thread and one server (or one backend: any server). Ordered by
// priority class, then by arrival plus priority offset (manual, set-priority-*), then first come
// first. The length that limits and statistics see is shared by all threads, and so is the order of
// each thread's first stream, so that the first of all is found; the streams themselves are not.

import { enter, leave, liveDequeued, liveQueued, liveWaiters } from '../../shared/segment/live.ts';
import type { Stream } from '../stream/stream.ts';
import type { Server } from './server.ts';

/** One place in a queue; pooled by the queue's thread. */
export class Waiter {
  stream: Stream | null;
  queue: WaitQueue | null;
  /** Class, then arrival in loop milliseconds plus the priority offset: the least is next. */
  order: number;
  turn: number;
  /** Position in the queue's heap. */
  place: number;
  /** What `dequeued` was on arrival. */
  entry: number;

  constructor() {
    this.stream = null;
    this.queue = null;
    this.order = 0;
    this.turn = 0;
    this.place = -1;
    this.entry = 0;
  }
}

const classMax = 0x7ff;
const offsetMaxMs = 0x7ffff;
/** One class: 41 bits of milliseconds, so that all of an order fits into the 53 of a number. */
const classStep = 2 ** 41;

/** Nobody waits: after everybody who does. */
export const orderNone = Number.POSITIVE_INFINITY;

function orderOf({ priorityClass, priorityOffset }: Stream, nowMs: number): number {
  const atMs = Math.floor(nowMs) + bounded(priorityOffset, offsetMaxMs) + offsetMaxMs;
  return (bounded(priorityClass, classMax) + classMax) * classStep + atMs;
}

function bounded(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}

/** Where the queues of one backend on one thread are told about. */
export interface QueuePlace {
  readonly threadIndex: number;
  /** The segment's words. */
  readonly words: Int32Array;
  /** FarmBlock.heads of the thread. */
  readonly heads: Float64Array;
}

export class WaitQueue {
  /** null: streams that any server of the backend may take. */
  readonly server: Server | null;
  readonly words: Int32Array;
  readonly liveAt: number;
  private readonly waiterWord: number;
  private readonly waiterBit: number;
  private readonly heap: Waiter[];
  private count: number;
  private turns: number;
  private readonly spare: Waiter[];
  /** Place in every thread's heads: 0 is the queue for any server. */
  private readonly headAt: number;
  private heads: Float64Array;

  constructor(server: Server | null, liveAt: number, place: QueuePlace) {
    const { threadIndex, heads } = place;
    this.server = server;
    this.words = place.words;
    this.liveAt = liveAt;
    this.waiterWord = liveAt + liveWaiters + (threadIndex >>> 5);
    this.waiterBit = 1 << (threadIndex & 31);
    this.heap = [];
    this.count = 0;
    this.turns = 0;
    this.spare = [];
    this.headAt = server === null ? 0 : server.index + 1;
    this.heads = heads;
    this.tell();
  }

  /** The first of this queue is told in other memory from now on. */
  useHeads(heads: Float64Array): void {
    this.heads = heads;
    this.tell();
  }

  private tell(): void {
    this.heads[this.headAt] = this.count === 0 ? orderNone : this.heap[0].order;
  }

  /** Order of the first stream that another thread has here. */
  firstOf(heads: Float64Array): number {
    return heads[this.headAt];
  }

  /** Streams of this thread in this queue. */
  get length(): number {
    return this.count;
  }

  /** Streams of all threads in this queue. */
  total(): number {
    return Atomics.load(this.words, this.liveAt + liveQueued);
  }

  first(): Waiter | null {
    return this.count === 0 ? null : this.heap[0];
  }

  /** Queues the stream; returns how many wait now, over all threads. */
  push(stream: Stream, nowMs: number): number {
    const waiter = this.spare.pop() ?? new Waiter();
    waiter.stream = stream;
    waiter.queue = this;
    waiter.order = orderOf(stream, nowMs);
    waiter.turn = this.turns++;
    waiter.entry = Atomics.load(this.words, this.liveAt + liveDequeued);
    stream.waiter = waiter;
    this.rise(waiter, this.count++);
    this.tell();
    if (this.count === 1) Atomics.or(this.words, this.waiterWord, this.waiterBit);
    return enter(this.words, this.liveAt + liveQueued);
  }

  /** Takes a waiter of this queue out and notes in its stream how many went before it. */
  remove(waiter: Waiter): void {
    const stream = waiter.stream as Stream; // a queued waiter always has one
    const passed = (Atomics.load(this.words, this.liveAt + liveDequeued) - waiter.entry + 1) | 0;
    if (this.server === null) stream.backendQueue += passed;
    else stream.serverQueue += passed;
    stream.waiter = null;
    this.unlink(waiter);
    this.tell();
    waiter.stream = null;
    waiter.queue = null;
    this.spare.push(waiter);
    if (this.count === 0) Atomics.and(this.words, this.waiterWord, ~this.waiterBit);
    leave(this.words, this.liveAt + liveQueued);
  }

  /** As `remove`, for a stream that gets its slot: those behind it moved up. */
  serve(waiter: Waiter): void {
    this.remove(waiter);
    Atomics.add(this.words, this.liveAt + liveDequeued, 1);
  }

  private unlink(waiter: Waiter): void {
    const { heap } = this;
    const last = heap[--this.count];
    heap.length = this.count;
    if (last === waiter) return;
    const at = waiter.place;
    if (at > 0 && comesBefore(last, heap[(at - 1) >> 1])) this.rise(last, at);
    else this.sink(last, at);
  }

  private rise(waiter: Waiter, from: number): void {
    const { heap } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (!comesBefore(waiter, above)) break;
      heap[at] = above;
      above.place = at;
      at = parent;
    }
    heap[at] = waiter;
    waiter.place = at;
  }

  private sink(waiter: Waiter, from: number): void {
    const { heap, count } = this;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && comesBefore(heap[child + 1], heap[child])) child++;
      const below = heap[child];
      if (!comesBefore(below, waiter)) break;
      heap[at] = below;
      below.place = at;
      at = child;
    }
    heap[at] = waiter;
    waiter.place = at;
  }
}

/** A server's own queue goes first among equals: compare it as `a`. */
export function comesBefore(a: Waiter, b: Waiter): boolean {
  if (a.order !== b.order) return a.order < b.order;
  return a.queue === b.queue ? a.turn < b.turn : true;
}
