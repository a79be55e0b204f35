// The objects of the segment: every frontend, backend, server and listener under an identity that
// survives reloads, and the words all processes share about it (server-state.ts gives them
// meaning). Called at start by whoever brings a configuration up; lookups never happen while
// serving.
//
//   record (512 bytes)   word 0 state, 1 type, 2 identity length, 4-5 users (a bit per process
//                        slot), bytes 32-255 identity (latin1), words 64-127 shared words
//
// Records are only written under one lock whose word names its holder; the lock of a dead holder
// is taken over. A record is published by its state, and counted after that: a kill before the
// count leaves a place that the next registration writes again.

import {
  chunkAt,
  chunkCount,
  chunkKey,
  chunkNone,
  claimChunk,
  freeChunks,
  keyOf,
  kindCounters,
  kindLive,
  kindObjects,
  kindTable,
} from './chunks.ts';
import {
  liveRowsPerChunk,
  liveWords,
  objectBytes,
  objectsPerChunk,
  rowBytes,
  rowsPerChunk,
  slotsMax,
  wordObjectCount,
  wordObjectLock,
  wordObjectRewrites,
} from './layout.ts';
import { type Segment, SegmentError } from './segment.ts';

export const typeProcess = 1;
export const typeFrontend = 2;
export const typeBackend = 3;
export const typeServer = 4;
export const typeListener = 5;
export const typeTable = 6;

const wordState = 0;
const wordType = 1;
const wordIdentityLength = 2;
const wordUsers = 4;
const identityAt = 32;
const identityMax = 224;
const sharedWordsAt = 64;

const stateWriting = 1;
const stateReady = 2;
/** Nobody's any more: the next registration may have the place. */
const stateVacant = 3;

/** Identity of an object without `guid`: never equal to a configured one, which has no slash. */
export function derivedIdentity(...names: readonly string[]): string {
  return `/${names.join('/')}`;
}

export class ObjectTable {
  private readonly segment: Segment;
  /** The segment's bytes again, with methods for text. */
  private readonly text: Buffer;
  private readonly pid: number;
  private readonly known: Map<string, number>;
  private readonly chunks: number[];
  private scanned: number;
  /** Places that this process has made vacant. */
  private readonly vacant: number[];
  /** Places given to other objects, as of the last look. */
  private rewrites: number;

  constructor(segment: Segment) {
    this.segment = segment;
    const { buffer, byteOffset, length } = segment.bytes;
    this.text = Buffer.from(buffer, byteOffset, length);
    this.pid = segment.sys.getpid();
    this.known = new Map();
    this.chunks = [];
    this.scanned = 0;
    this.vacant = [];
    this.rewrites = 0;
  }

  /** Objects ever registered. */
  get count(): number {
    return Atomics.load(this.segment.words, wordObjectCount);
  }

  /**
   * The index of an object, new or found again, marked as used by process `slot` (-1: by nobody).
   * Throws SegmentError when the segment has no room for another object.
   */
  register(type: number, identity: string, slot: number): number {
    const name = boundedIdentity(identity);
    let index = this.find(type, name);
    if (index < 0) index = withLock(this.segment, this.pid, () => this.append(type, name));
    if (slot >= 0) {
      const at = this.recordWord(index) + wordUsers + (slot >>> 5);
      Atomics.or(this.segment.words, at, 1 << (slot & 31));
    }
    return index;
  }

  /**
   * Process `slot` uses an object no more, and nothing of it refers to its words. Without another
   * user its numbers are forgotten and its place is free. Control thread.
   */
  release(index: number, slot: number): void {
    const { words } = this.segment;
    withLock(this.segment, this.pid, () => {
      const at = this.recordWord(index);
      Atomics.and(words, at + wordUsers + (slot >>> 5), ~(1 << (slot & 31)));
      if (words[at + wordUsers] !== 0 || words[at + wordUsers + 1] !== 0) return;
      this.known.delete(`${this.typeOf(index)}${this.identityOf(index)}`);
      this.vacate(index);
      Atomics.store(words, at + wordState, stateVacant);
      this.vacant.push(index);
    });
  }

  /** Index of an object, or -1. */
  find(type: number, identity: string): number {
    this.scan();
    const name = boundedIdentity(identity);
    const index = this.known.get(`${type}${name}`) ?? -1;
    if (index < 0) return index;
    // The place may have been given up, or to another object, behind our back.
    if (Atomics.load(this.segment.words, this.recordWord(index) + wordState) !== stateReady) {
      return -1;
    }
    return this.typeOf(index) === type && this.identityOf(index) === name ? index : -1;
  }

  typeOf(index: number): number {
    return this.segment.words[this.recordWord(index) + wordType];
  }

  identityOf(index: number): string {
    const at = this.recordWord(index);
    const from = at * 4 + identityAt;
    return this.text.toString('latin1', from, from + this.segment.words[at + wordIdentityLength]);
  }

  /** Index into Segment.words of the object's first shared word. Any thread, at start. */
  sharedWords(index: number): number {
    return this.recordWord(index) + sharedWordsAt;
  }

  private recordWord(index: number): number {
    const part = Math.floor(index / objectsPerChunk);
    const chunk = this.chunks[part] ?? this.locate(part);
    return (chunkAt(this.segment, chunk) + (index % objectsPerChunk) * objectBytes) / 4;
  }

  private locate(part: number): number {
    const key = chunkKey(kindObjects, part);
    for (let chunk = chunkCount(this.segment) - 1; chunk >= 0; chunk--) {
      if (keyOf(this.segment, chunk) === key) {
        this.chunks[part] = chunk;
        return chunk;
      }
    }
    const claim = { slot: -1, kind: kindObjects, part, writer: 0, prepare: () => {} };
    const chunk = claimChunk(this.segment, claim);
    if (chunk < 0) throw noRoom(chunk);
    this.chunks[part] = chunk;
    return chunk;
  }

  /** Reads the records that appeared since the last look. */
  private scan(): void {
    const rewrites = Atomics.load(this.segment.words, wordObjectRewrites);
    if (rewrites !== this.rewrites) this.forget();
    this.rewrites = rewrites;
    const count = this.count;
    for (; this.scanned < count; this.scanned++) {
      const state = Atomics.load(this.segment.words, this.recordWord(this.scanned) + wordState);
      if (state === stateReady) this.remember(this.scanned);
    }
  }

  private remember(index: number): void {
    this.known.set(`${this.typeOf(index)}${this.identityOf(index)}`, index);
  }

  private forget(): void {
    this.known.clear();
    this.scanned = 0;
  }

  private append(type: number, identity: string): number {
    const { words, layout } = this.segment;
    const count = this.count;
    const already = this.find(type, identity);
    if (already >= 0) return already;
    const index = this.takeVacant() ?? (count < layout.objectsMax ? count : this.recycle());
    if (index < count) this.vacate(index);
    this.write(index, type, identity);
    if (index === count) Atomics.store(words, wordObjectCount, count + 1);
    else this.rewrites = Atomics.add(words, wordObjectRewrites, 1) + 1;
    this.remember(index);
    return index;
  }

  /** A place left by `release` that nobody else has taken meanwhile. */
  private takeVacant(): number | undefined {
    for (let index = this.vacant.pop(); index !== undefined; index = this.vacant.pop()) {
      if (this.segment.words[this.recordWord(index) + wordState] === stateVacant) return index;
    }
    return undefined;
  }

  private write(index: number, type: number, identity: string): void {
    const { words, bytes } = this.segment;
    const at = this.recordWord(index);
    Atomics.store(words, at + wordState, stateWriting);
    bytes.fill(0, at * 4 + 4, at * 4 + objectBytes);
    words[at + wordType] = type;
    words[at + wordIdentityLength] = identity.length;
    this.text.write(identity, at * 4 + identityAt, 'latin1');
    Atomics.store(words, at + wordState, stateReady);
  }

  /** From here on nobody finds the former object, so its rows may be zeroed. */
  private vacate(index: number): void {
    Atomics.store(this.segment.words, this.recordWord(index) + wordState, stateWriting);
    clearRows(this.segment, index);
    freeChunks(this.segment, chunkKey(kindTable, index));
  }

  /** The table is full: the place of an object that no live process uses any more. */
  private recycle(): number {
    const { words, layout } = this.segment;
    for (let index = 0; index < layout.objectsMax; index++) {
      const at = this.recordWord(index);
      const used = words[at + wordUsers] !== 0 || words[at + wordUsers + 1] !== 0;
      if (words[at + wordState] === stateReady && used) continue;
      return index;
    }
    throw new SegmentError(
      `the segment holds its maximum of ${layout.objectsMax} objects (shm-stats-file-max-objects)`,
    );
  }
}

/**
 * A process is gone: it uses no object any more. Called by the sweep of its slot, may be
 * repeated.
 */
export function dropUsers(segment: Segment, slot: number): void {
  const { words } = segment;
  const bit = 1 << (slot & 31);
  for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
    if (keyOf(segment, chunk) >>> 24 !== kindObjects) continue;
    const first = chunkAt(segment, chunk) / 4 + wordUsers + (slot >>> 5);
    for (let i = 0; i < objectsPerChunk; i++) {
      Atomics.and(words, first + (i * objectBytes) / 4, ~bit);
    }
  }
}

/** Zeroes what every chunk holds for an object whose place is given to another one. */
function clearRows(segment: Segment, index: number): void {
  const counters = chunkKey(kindCounters, Math.floor(index / rowsPerChunk));
  const live = chunkKey(kindLive, Math.floor(index / liveRowsPerChunk));
  const rowAt = (index % rowsPerChunk) * rowBytes;
  const liveAt = (index % liveRowsPerChunk) * liveWords * 4;
  for (let chunk = chunkCount(segment) - 1; chunk >= 0; chunk--) {
    const key = keyOf(segment, chunk);
    const at = chunkAt(segment, chunk);
    if (key === counters) segment.bytes.fill(0, at + rowAt, at + rowAt + rowBytes);
    if (key === live) segment.bytes.fill(0, at + liveAt, at + liveAt + liveWords * 4);
  }
}

/** Long names keep their start and get a hash of the whole, so that they stay apart. */
function boundedIdentity(identity: string): string {
  if (identity.length <= identityMax) return identity;
  return `${identity.slice(0, identityMax - 18)}#${hash64(identity)}`;
}

function hash64(text: string): string {
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  for (let i = 0; i < text.length; i++) {
    high = Math.imul(high ^ text.charCodeAt(i), 16_777_619);
    low = Math.imul(low ^ text.charCodeAt(i), 0x5bd1e995) ^ (low >>> 15);
  }
  return hex(high) + hex(low);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** The error for a negative answer of the chunk allocator. */
export function noRoom(result: number): SegmentError {
  return new SegmentError(
    result === chunkNone
      ? 'the segment is full: no room for more counters'
      : `no room on the disk of the segment (errno ${-result - 1})`,
  );
}

const eSrch = 3;
const lockPollMs = 2;
const lockPollsMax = 5000;

/** Runs `body` while this process holds the object lock; a dead holder loses it at once. */
function withLock<T>(segment: Segment, self: number, body: () => T): T {
  const { words, sys } = segment;
  for (let polls = 0; ; polls++) {
    const holder = Atomics.compareExchange(words, wordObjectLock, 0, self);
    if (holder === 0) break;
    const dead = holder !== self && sys.kill(holder, 0) === -eSrch;
    if (dead || polls >= lockPollsMax) {
      if (Atomics.compareExchange(words, wordObjectLock, holder, self) === holder) break;
    }
    Atomics.wait(words, wordObjectLock, holder, lockPollMs);
  }
  try {
    return body();
  } finally {
    Atomics.compareExchange(words, wordObjectLock, self, 0);
    Atomics.notify(words, wordObjectLock, 1);
  }
}

/** Slots whose bit is set, for tests and `show` commands. */
export function usersOf(segment: Segment, table: ObjectTable, index: number): number[] {
  const at = table.sharedWords(index) - sharedWordsAt + wordUsers;
  const users: number[] = [];
  for (let slot = 0; slot < slotsMax; slot++) {
    if ((segment.words[at + (slot >>> 5)] & (1 << (slot & 31))) !== 0) users.push(slot);
  }
  return users;
}
