// Streams waiting for a slot, of one thread and one server (or one backend: any server). Ordered by
// priority class, then by arrival plus priority offset (manual, set-priority-*), then first come
// first. The length that limits and statistics see is shared by all threads; the streams themselves
// are not.

import { enter, leave, liveDequeued, liveQueued, liveWaiters } from '../../shared/segment/live.ts';
import type { Stream } from '../stream/stream.ts';
import type { Server } from './server.ts';

/** One place in a queue; pooled by the queue's thread. */
export class Waiter {
  stream: Stream | null;
  queue: WaitQueue | null;
  priorityClass: number;
  /** Arrival in loop milliseconds plus the priority offset. */
  orderMs: number;
  turn: number;
  /** Position in the queue's heap. */
  place: number;
  /** What `dequeued` was on arrival. */
  entry: number;

  constructor() {
    this.stream = null;
    this.queue = null;
    this.priorityClass = 0;
    this.orderMs = 0;
    this.turn = 0;
    this.place = -1;
    this.entry = 0;
  }
}

const classMax = 0x7ff;
const offsetMaxMs = 0x7ffff;

function bounded(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
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

  constructor(server: Server | null, words: Int32Array, liveAt: number, threadIndex: number) {
    this.server = server;
    this.words = words;
    this.liveAt = liveAt;
    this.waiterWord = liveAt + liveWaiters + (threadIndex >>> 5);
    this.waiterBit = 1 << (threadIndex & 31);
    this.heap = [];
    this.count = 0;
    this.turns = 0;
    this.spare = [];
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
    waiter.priorityClass = bounded(stream.priorityClass, classMax);
    waiter.orderMs = nowMs + bounded(stream.priorityOffset, offsetMaxMs);
    waiter.turn = this.turns++;
    waiter.entry = Atomics.load(this.words, this.liveAt + liveDequeued);
    stream.waiter = waiter;
    this.rise(waiter, this.count++);
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
  if (a.priorityClass !== b.priorityClass) return a.priorityClass < b.priorityClass;
  if (a.orderMs !== b.orderMs) return a.orderMs < b.orderMs;
  return a.queue === b.queue ? a.turn < b.turn : true;
}
