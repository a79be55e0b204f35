// Memory in which the threads of one process balance together: per backend a lock, counts, and
// columns with one entry per server. The control thread makes it before threads start; it dies with
// the process, as a rotation does in HAProxy. What outlives a process (weights, states) is in the
// segment instead.
//
//   start         64 bytes: a bit for each thread that shall look for free slots (two words), then
//                 the number of threads
//   per backend   64 words (word* below), 16 numbers, then for n servers
//                 intColumns x n words and numberColumns x n 64-bit floats, then for each thread
//                 n + 1 64-bit floats: the first of its queue for any server and of each server's
//
// Everything but the lock is plain memory: read and written only by the holder of the lock, but for
// the first of a queue, which its thread writes and all read. A process with one proxy thread takes
// no lock at all.

import type { Model } from '../../shared/config/model.ts';
import { lockWord, unlockWord } from '../../shared/segment/word-lock.ts';

const headerWords = 64;
const headerNumbers = 16;
const intColumns = 12;
const numberColumns = 4;
/** Bytes before the first backend, and the word of it that counts threads. */
const startBytes = 64;
const wordThreads = 2;

export const wordLock = 0;
/** 1: a thread has filled the columns. */
export const wordPrepared = 1;
/** Members in use: active, backup, and the first backup (-1: none, or all backups take part). */
export const wordActive = 2;
export const wordBackups = 3;
export const wordFirstBackup = 4;
/** Sums of effective weights. */
export const wordActiveWeight = 5;
export const wordBackupWeight = 6;
/** First of the words that a balancing algorithm keeps for itself. */
export const wordOwn = 16;

/** One backend's part, as one thread sees it. Columns are indexed by server. */
export class FarmBlock {
  readonly size: number;
  readonly words: Int32Array;
  readonly numbers: Float64Array;
  private readonly buffer: SharedArrayBuffer;
  private readonly columnsAt: number;
  private readonly shared: boolean;

  constructor(buffer: SharedArrayBuffer, at: number, size: number, shared: boolean) {
    this.size = size;
    this.shared = shared;
    this.buffer = buffer;
    this.words = new Int32Array(buffer, at, headerWords);
    this.numbers = new Float64Array(buffer, at + headerWords * 4, headerNumbers);
    this.columnsAt = at + headerWords * 4 + headerNumbers * 8;
  }

  /** A view of column `index` of 0 to 11. Start only. */
  intColumn(index: number): Int32Array {
    const at = this.columnsAt + (numberColumns * 8 + index * 4) * this.size;
    return new Int32Array(this.buffer, at, this.size);
  }

  /** A view of column `index` of 0 to 3. Start only. */
  numberColumn(index: number): Float64Array {
    return new Float64Array(this.buffer, this.columnsAt + index * 8 * this.size, this.size);
  }

  /** What a thread says of its queues (queue.ts); the control thread is the last. */
  heads(threadIndex: number): Float64Array {
    const columns = (numberColumns * 8 + intColumns * 4) * this.size;
    const at = this.columnsAt + columns + threadIndex * (this.size + 1) * 8;
    return new Float64Array(this.buffer, Math.ceil(at / 8) * 8, this.size + 1);
  }

  /** Holds the backend for the few hundred nanoseconds of one decision. Never nest. */
  lock(): void {
    if (this.shared) lockWord(this.words, wordLock);
  }

  unlock(): void {
    if (this.shared) unlockWord(this.words, wordLock);
  }
}

/**
 * Servers that there is room for: those of the configuration and as many again, added at run time.
 * A backend that outgrows its block gets one of twice the size (worker/fleet.ts).
 */
export function roomFor(servers: number): number {
  return Math.max(roomLeast, servers * 2);
}

const roomLeast = 16;

function blockBytes(servers: number, threads: number): number {
  const columns = servers * (intColumns * 4 + numberColumns * 8);
  const heads = (threads + 1) * (servers + 1) * 8;
  const bytes = headerWords * 4 + headerNumbers * 8 + columns + heads;
  return Math.ceil(bytes / 64) * 64;
}

/** Control thread, before threads start: room for every proxy of the model. */
export function allocateFarm(model: Pick<Model, 'proxies'>, threads: number): SharedArrayBuffer {
  let bytes = startBytes;
  for (const { servers } of model.proxies) bytes += blockBytes(roomFor(servers.length), threads);
  const farm = new SharedArrayBuffer(bytes);
  new Int32Array(farm, 0, wordThreads + 1)[wordThreads] = threads;
  return farm;
}

/** The part of proxy `proxyIndex`. `threads`: how many balance here; with one nothing is locked. */
export function farmBlock(
  farm: SharedArrayBuffer,
  model: Pick<Model, 'proxies'>,
  proxyIndex: number,
  threads: number,
): FarmBlock {
  const allocated = new Int32Array(farm, 0, wordThreads + 1)[wordThreads];
  let at = startBytes;
  for (let i = 0; i < proxyIndex; i++) {
    at += blockBytes(roomFor(model.proxies[i].servers.length), allocated);
  }
  const { servers, mode } = model.proxies[proxyIndex];
  // The control thread chooses log servers too.
  return new FarmBlock(farm, at, roomFor(servers.length), threads > 1 || mode === 'log');
}

/** Threads that shall look for free slots: a bit each. */
export class SlotCalls {
  private readonly words: Int32Array;

  constructor(farm: SharedArrayBuffer) {
    this.words = new Int32Array(farm, 0, 2);
  }

  call(threadIndex: number): void {
    Atomics.or(this.words, threadIndex >>> 5, 1 << (threadIndex & 31));
  }

  /** Was the thread called since it last asked. */
  take(threadIndex: number): boolean {
    const { words } = this;
    const bit = 1 << (threadIndex & 31);
    if ((words[threadIndex >>> 5] & bit) === 0) return false;
    return (Atomics.and(words, threadIndex >>> 5, ~bit) & bit) !== 0;
  }
}

/** Memory of one backend that came later, or has outgrown what it had. Control thread. */
export function allocateBlock(servers: number, threads: number): SharedArrayBuffer {
  return new SharedArrayBuffer(blockBytes(servers, threads));
}

/** The same, as a thread sees it. */
export function lateBlock(buffer: SharedArrayBuffer, servers: number, threads: number): FarmBlock {
  return new FarmBlock(buffer, 0, servers, threads > 1);
}

/** A block of its own, for a check of the configuration and for tests. */
export function privateBlock(servers: number): FarmBlock {
  return new FarmBlock(new SharedArrayBuffer(blockBytes(servers, 1)), 0, servers, false);
}
