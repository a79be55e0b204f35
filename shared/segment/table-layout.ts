// Where the parts of a stick table lie in its chunks, and how a table is found again. Called at
// start by table-store.ts, and by stick-table.ts whenever a table has grown by a chunk.
//
//   chunk 0        words 0-2047 header (below), 2048-10239 the first 8192 buckets
//   chunks 1..b    more buckets, 8192 each
//   chunks b+1..   entries; an entry never crosses a chunk
//
//   entry          0 next of its bucket + 1, 1 older + 1, 2 younger + 1, 3 references + 1
//                  (0: free), 4-5 last use (float, shared ms), 6 hash, 7 next changed one + 2
//                  (0: not waiting, table-changes.ts), 8... key, then data (table-data.ts)
//
// A string's key is its length in bytes and then the bytes, four to a word, the last filled with 0.

import { chunkAt, chunkKey, claimChunk, eachChunk, kindTable, writerOf } from './chunks.ts';
import { chunkBytes } from './layout.ts';
import type { Segment } from './segment.ts';
import { type Column, layColumns, storageWords, type StoredType } from './table-data.ts';

/** Types of keys; a number of this list stands in the header. */
export const keyTypes = ['ip', 'ipv6', 'integer', 'string', 'binary'] as const;
export type KeyType = (typeof keyTypes)[number];

/** What decides over the memory of a table. */
export interface TableShape {
  readonly name: string;
  readonly keyType: KeyType;
  /** Bytes of binary keys, most bytes of string keys. */
  readonly keyLength: number;
  readonly size: number;
  readonly store: readonly StoredType[];
}

/** What a process makes of a table: may differ between two that share its memory. */
export interface TablePolicy {
  readonly shape: TableShape;
  /** Entries leave this long after their last use, 0: never. */
  readonly expireMs: number;
  /** False (nopurge): a full table takes no more entries. */
  readonly purges: boolean;
  /** Bytes count in rates divided by this. */
  readonly bytesRateFactor: number;
  /** What changes is queued for peers. */
  readonly reports: boolean;
}

const chunkWords = chunkBytes / 4;
export const headerWords = 2048;
const bucketsPerChunk = 8192;
export const bucketShift = 13;
export const bucketMask = bucketsPerChunk - 1;

// Header words.
export const tableLock = 0;
export const tableState = 1;
export const tableUsed = 3;
/** Entries that were ever in use: those behind it are zeroes. */
export const tableFresh = 4;
export const tableFree = 5;
export const tableOldest = 6;
export const tableYoungest = 7;
/** Largest of all tables of a name: the one in use last. */
export const tableSequence = 8;
export const tableKeyType = 9;
export const tableKeyLength = 10;
export const tableSize = 11;
export const tableColumnCount = 12;
/** Entries that peers have to hear of, oldest change first; each + 1. */
export const tableFirstChange = 13;
export const tableLastChange = 14;
/** 1: the table has learned all that its peers knew. */
export const tableLearned = 15;
/** References there are into the table, as those who hold and drop them count. */
export const tableHeld = 16;
export const tableColumns = 64;

export const stateReady = 2;

// Words of an entry.
export const entryNext = 0;
export const entryOlder = 1;
export const entryYounger = 2;
export const entryHolders = 3;
export const entryUsed = 4;
export const entryHash = 6;
/** Place in the queue of changes for peers. */
export const entryChanged = 7;
export const entryKey = 8;

export interface TableGeometry {
  readonly keyWords: number;
  readonly columns: readonly Column[];
  readonly slotWords: number;
  /** Power of two. */
  readonly buckets: number;
  /** First ordinal of chunks with entries. */
  readonly firstEntryChunk: number;
  readonly entriesPerChunk: number;
  /** Ordinals in all. */
  readonly chunksMax: number;
}

/** Start only. */
export function tableGeometry(shape: TableShape): TableGeometry {
  const keyWords = wordsOfKey(shape.keyType, shape.keyLength);
  const columns = layColumns(shape.store, entryKey + keyWords);
  const last = columns.at(-1);
  const end = last === undefined ? entryKey + keyWords : endOf(last);
  const slotWords = wordsOfSlot(end);
  const buckets = Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(shape.size, 1))));
  const firstEntryChunk = Math.max(1, Math.ceil(buckets / bucketsPerChunk));
  const entriesPerChunk = Math.floor(chunkWords / slotWords);
  const chunksMax = firstEntryChunk + Math.ceil(shape.size / entriesPerChunk);
  return { keyWords, columns, slotWords, buckets, firstEntryChunk, entriesPerChunk, chunksMax };
}

/** A whole number of cache lines where that takes little more: an entry then touches one less. */
function wordsOfSlot(words: number): number {
  const lines = Math.ceil(words / lineWords) * lineWords;
  return lines - words <= lines / 8 ? lines : words + (words % 2);
}

const lineWords = 16;

function endOf({ type, length, offset }: Column): number {
  return offset + storageWords[type.storage] * length;
}

/** Longest key: an entry must fit a chunk together with all data there are. */
export const keyLengthMax = 16_384;

function wordsOfKey(type: KeyType, length: number): number {
  if (type === 'ipv6') return 4;
  if (type === 'string') return 1 + Math.ceil(length / 4);
  return type === 'binary' ? Math.ceil(length / 4) : 1;
}

/** Bytes that a full table takes of the segment. */
export function tableBytes(shape: TableShape): number {
  return tableGeometry(shape).chunksMax * chunkBytes;
}

/** Two tables with this text are the same memory. */
export function shapeText({ keyType, keyLength, size, store }: TableShape): string {
  const types = layColumns(store, 0).map(
    ({ type, length, periodMs }) => `${type.id}x${length}/${periodMs}`,
  );
  return `${keyType},${keyLength},${size},${types.join(',')}`;
}

/** First words of the chunks of a table by ordinal, 0: there is none yet. */
export function locateChunks(segment: Segment, object: number, into: Int32Array): void {
  eachChunk(segment, chunkKey(kindTable, object), (chunk) => {
    const ordinal = writerOf(segment, chunk);
    if (ordinal < into.length) into[ordinal] = chunkAt(segment, chunk) / 4;
  });
}

/** A chunk that outlives the process. Returns its number, or what claimChunk says. */
export function claimTableChunk(
  segment: Segment,
  object: number,
  ordinal: number,
  slot: number,
): number {
  const claim = { kind: kindTable, part: object, writer: ordinal, stays: true };
  return claimChunk(segment, { ...claim, slot, prepare: () => {} });
}
