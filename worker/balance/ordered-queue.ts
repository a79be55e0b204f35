// Servers in order of a key, first come first served among equal keys: a binary heap over the
// shared columns of a backend. Several queues share the key, order and place columns, because a
// server waits in at most one of them. All calls are made by the holder of the backend's lock.

import type { FarmBlock } from '../server/farm.ts';

/** Columns that all queues of one backend share. */
export interface QueueColumns {
  readonly keys: Float64Array;
  /** Turn at which a server came in: breaks ties. */
  readonly turns: Float64Array;
  /** Position in its queue's heap, -1: in none. */
  readonly places: Int32Array;
}

/** Number of FarmBlock.numbers that counts turns. */
export const numberTurns = 0;

export class OrderedQueue {
  private readonly slots: Int32Array;
  private readonly words: Int32Array;
  private readonly wordCount: number;
  private readonly numbers: Float64Array;
  private readonly keys: Float64Array;
  private readonly turns: Float64Array;
  private readonly places: Int32Array;

  /** `slots`: the int column of the heap; `wordCount`: the header word with its length. */
  constructor(block: FarmBlock, slots: Int32Array, wordCount: number, columns: QueueColumns) {
    this.slots = slots;
    this.words = block.words;
    this.wordCount = wordCount;
    this.numbers = block.numbers;
    this.keys = columns.keys;
    this.turns = columns.turns;
    this.places = columns.places;
  }

  get count(): number {
    return this.words[this.wordCount];
  }

  /** The server with the lowest key, -1: empty. */
  first(): number {
    return this.words[this.wordCount] === 0 ? -1 : this.slots[0];
  }

  /** The server at heap position `at`; children of `at` are 2at+1 and 2at+2. */
  at(position: number): number {
    return this.slots[position];
  }

  /** Puts a server that is in no queue behind all with the same key. */
  insert(server: number, key: number): void {
    const count = this.words[this.wordCount]++;
    this.keys[server] = key;
    this.turns[server] = this.numbers[numberTurns]++;
    this.rise(server, count);
  }

  /** Takes a server of this queue out. */
  remove(server: number): void {
    const place = this.places[server];
    const last = --this.words[this.wordCount];
    this.places[server] = -1;
    if (place === last) return;
    const moved = this.slots[last];
    if (place > 0 && this.isBefore(moved, this.slots[(place - 1) >> 1])) this.rise(moved, place);
    else this.sink(moved, place);
  }

  isBefore(a: number, b: number): boolean {
    const keyA = this.keys[a];
    const keyB = this.keys[b];
    return keyA < keyB || (keyA === keyB && this.turns[a] < this.turns[b]);
  }

  private rise(server: number, from: number): void {
    const { slots, places } = this;
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = slots[parent];
      if (!this.isBefore(server, above)) break;
      slots[at] = above;
      places[above] = at;
      at = parent;
    }
    slots[at] = server;
    places[server] = at;
  }

  private sink(server: number, from: number): void {
    const { slots, places } = this;
    const count = this.words[this.wordCount];
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && this.isBefore(slots[child + 1], slots[child])) child++;
      const below = slots[child];
      if (!this.isBefore(below, server)) break;
      slots[at] = below;
      places[below] = at;
      at = child;
    }
    slots[at] = server;
    places[server] = at;
  }
}
