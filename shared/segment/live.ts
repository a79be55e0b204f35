// What one process knows about each object right now and all its threads must agree on:
// connections, served, queued, cursors. One cache line per object, atomics, in chunks that go
// back to zero with the process: a crash leaves no count behind. Other processes of the segment
// have their own.

import { chunkAt, chunkCount, claimChunk, keyOf, kindLive, ownerOf } from './chunks.ts';
import type { Batch } from './counters.ts';
import { liveRowsPerChunk, liveWords, wordChunkRevision } from './layout.ts';
import { noRoom } from './objects.ts';
import type { Segment } from './segment.ts';

// Every word that `enter` counts is followed by the word that keeps its maximum.
/** Frontend, listener: client connections. Backend: streams. Server: connections in use. */
export const liveCurrent = 0;
export const liveCurrentMax = 1;
/** Server: streams it has (what maxconn limits). */
export const liveServed = 2;
export const liveServedMax = 3;
/** Backend: waiting for any server. Server: waiting for this one. */
export const liveQueued = 4;
export const liveQueuedMax = 5;
/** Estimated number of connections needed. */
export const liveNeeded = 6;
/** Frontend: log lines so far (%lc). */
export const liveLines = 6;
/** Streams that have left the queue so far: how far a waiting one has come. */
export const liveDequeued = 7;
/** Idle connections kept to a server: safe, unsafe, private. */
export const liveIdleSafe = 8;
export const liveIdleUnsafe = 10;
/** Server: connections there are, under strict-maxconn; nothing keeps a maximum of unsafe ones. */
export const liveConnections = 11;
export const liveIdlePrivate = 12;
/** One bit for each thread that has streams waiting here: two words. */
export const liveWaiters = 14;

export class LiveWords {
  /** The whole segment as words: `words[row(object) + liveCurrent]`. */
  readonly words: Int32Array;
  private readonly segment: Segment;
  private readonly slot: number;
  private readonly chunks: number[];

  /** All threads of a process make one with the same slot; they share the rows. */
  constructor(segment: Segment, slot: number) {
    this.words = segment.words;
    this.segment = segment;
    this.slot = slot;
    this.chunks = [];
  }

  /**
   * Index into `words` of the object's line. At start only; the control thread asks for every
   * object before threads run, so that all find the same chunk. Throws SegmentError when there is
   * no room.
   */
  row(objectIndex: number): number {
    const part = Math.floor(objectIndex / liveRowsPerChunk);
    const chunk = this.chunks[part] ?? this.claim(part);
    return liveIndex(this.segment, chunk, objectIndex);
  }

  private claim(part: number): number {
    const chunk = claimChunk(this.segment, {
      slot: this.slot,
      kind: kindLive,
      part,
      writer: 0,
      prepare: () => {},
    });
    if (chunk < 0) throw noRoom(chunk);
    this.chunks[part] = chunk;
    return chunk;
  }
}

function liveIndex(segment: Segment, chunk: number, objectIndex: number): number {
  return chunkAt(segment, chunk) / 4 + (objectIndex % liveRowsPerChunk) * liveWords;
}

/** Adds one and keeps the maximum in the word after it; returns the new value. Hot path. */
export function enter(words: Int32Array, at: number): number {
  const value = Atomics.add(words, at, 1) + 1;
  let highest = words[at + 1];
  while (value > highest) {
    const seen = Atomics.compareExchange(words, at + 1, highest, value);
    if (seen === highest) break;
    highest = seen;
  }
  return value;
}

/** Takes one away; returns the new value. Hot path. */
export function leave(words: Int32Array, at: number): number {
  return Atomics.sub(words, at, 1) - 1;
}

/**
 * Adds one unless that would exceed `limit` (0: no limit); false: full. Hot path: this is how
 * maxconn holds over threads.
 */
export function enterWithin(words: Int32Array, at: number, limit: number): boolean {
  const value = enterIf(words, at, limit);
  return value > 0;
}

/**
 * As enterWithin, for what may not come after all: the maximum is kept by `keepPeak` once it has.
 */
export function reserveWithin(words: Int32Array, at: number, limit: number): boolean {
  if (limit <= 0) {
    Atomics.add(words, at, 1);
    return true;
  }
  for (;;) {
    const seen = Atomics.load(words, at);
    if (seen >= limit) return false;
    if (Atomics.compareExchange(words, at, seen, seen + 1) === seen) return true;
  }
}

/** Keeps the maximum of a word in the word after it. */
export function keepPeak(words: Int32Array, at: number): void {
  const value = Atomics.load(words, at);
  let highest = words[at + 1];
  while (value > highest) {
    const seen = Atomics.compareExchange(words, at + 1, highest, value);
    if (seen === highest) return;
    highest = seen;
  }
}

function enterIf(words: Int32Array, at: number, limit: number): number {
  if (limit <= 0) return enter(words, at);
  for (;;) {
    const seen = Atomics.load(words, at);
    if (seen >= limit) return 0;
    if (Atomics.compareExchange(words, at, seen, seen + 1) !== seen) continue;
    if (seen + 1 > words[at + 1]) Atomics.store(words, at + 1, seen + 1);
    return seen + 1;
  }
}

/** Adds up the live words of all processes. Control thread and tools. */
export class LiveReader {
  private readonly segment: Segment;
  /** Chunks by part as indexes of words, rebuilt when a chunk changed hands. */
  private parts: number[][];
  private revision: number;

  constructor(segment: Segment) {
    this.segment = segment;
    this.parts = [];
    this.revision = -1;
  }

  /** Sum of one word over the live processes. */
  sum(objectIndex: number, word: number): number {
    const chunks = this.chunksOf(objectIndex);
    const { words } = this.segment;
    const place = placeOf(objectIndex) + word;
    let total = 0;
    for (let i = 0; i < chunks.length; i++) total += words[chunks[i] + place];
    return total;
  }

  /** The sums of a batch. */
  sums({ objects, from, to, values, valuesAt }: Batch, word: number): void {
    this.follow();
    const { words } = this.segment;
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.parts, objects[i]);
      const place = placeOf(objects[i]) + word;
      let total = 0;
      for (let k = 0; k < chunks.length; k++) total += words[chunks[k] + place];
      values[valuesAt + i - from] = total;
    }
  }

  /** The largest value among the live processes: for words that keep a maximum. */
  peak(objectIndex: number, word: number): number {
    return this.highest(this.chunksOf(objectIndex), placeOf(objectIndex) + word);
  }

  /** The same of a batch. */
  peaks({ objects, from, to, values, valuesAt }: Batch, word: number): void {
    this.follow();
    for (let i = from; i < to; i++) {
      const chunks = partOf(this.parts, objects[i]);
      values[valuesAt + i - from] = this.highest(chunks, placeOf(objects[i]) + word);
    }
  }

  private highest(chunks: readonly number[], place: number): number {
    const { words } = this.segment;
    let highest = 0;
    for (let i = 0; i < chunks.length; i++) {
      const value = words[chunks[i] + place];
      if (value > highest) highest = value;
    }
    return highest;
  }

  /** `clear counters`: maxima start again from the value of now. `word` is the one counted. */
  clearPeak(objectIndex: number, word: number): void {
    const { words } = this.segment;
    for (const chunk of this.chunksOf(objectIndex)) {
      const at = chunk + placeOf(objectIndex) + word;
      Atomics.store(words, at + 1, Atomics.load(words, at));
    }
  }

  private chunksOf(objectIndex: number): readonly number[] {
    this.follow();
    return partOf(this.parts, objectIndex);
  }

  private follow(): void {
    const revision = Atomics.load(this.segment.words, wordChunkRevision);
    if (revision !== this.revision) this.rebuild(revision);
  }

  private rebuild(revision: number): void {
    const { segment } = this;
    this.revision = revision;
    this.parts = [];
    for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
      const key = keyOf(segment, chunk);
      if (key >>> 24 !== kindLive || ownerOf(segment, chunk) < 0) continue;
      const part = (key & 0xffffff) - 1;
      (this.parts[part] ??= []).push(chunkAt(segment, chunk) / 4);
    }
  }
}

const nowhere: readonly number[] = [];

/** Of an object that there is not (-1): nothing. */
function partOf(parts: readonly number[][], objectIndex: number): readonly number[] {
  return objectIndex < 0 ? nowhere : (parts[(objectIndex / liveRowsPerChunk) >>> 0] ?? nowhere);
}

/** Where an object's line lies within a chunk. */
const placeOf = (objectIndex: number): number => (objectIndex % liveRowsPerChunk) * liveWords;
