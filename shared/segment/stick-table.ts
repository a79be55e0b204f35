// One stick table as one thread sees it (manual 11.1): entries by key, the least recently used one
// first to go, references that keep an entry. All threads and processes of the segment see the
// same entries. Every call but `key*` and `enter` happens between `enter` and `leave`, which are
// the lock; nothing in between may allocate, wait or call the kernel, but for a table that grows.

import { chunkAt } from './chunks.ts';
import { acquire, lockToken, release } from './owner-lock.ts';
import type { Segment } from './segment.ts';
import { queueChange } from './table-changes.ts';
import { hashWords, packBytes } from './table-key.ts';
import { type Column, type DataTypeDef, dataTypes } from './table-data.ts';
import {
  bucketMask,
  bucketShift,
  claimTableChunk,
  entryChanged,
  entryHash,
  entryHolders,
  entryKey,
  entryNext,
  entryUsed,
  entryYounger,
  headerWords,
  locateChunks,
  tableFree,
  tableFresh,
  tableGeometry,
  type TableGeometry,
  tableHeld,
  tableLock,
  tableOldest,
  type TablePolicy,
  tableUsed,
} from './table-layout.ts';
import { appendYoungest, insertByUse, unlinkEntry } from './table-order.ts';
import type { TableReferences } from './table-references.ts';
import { repairTable } from './table-repair.ts';

/** Expired entries that are dropped with every new one. */
const dropsPerTake = 2;
/** The same in a full table that only expiry makes room in: held ones may stand before others. */
const dropsPerShutTake = 64;

const none: readonly StickTable[] = [];

export class StickTable {
  readonly segment: Segment;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  /** Object of the segment that the chunks belong to. */
  readonly object: number;
  readonly policy: TablePolicy;
  readonly geometry: TableGeometry;
  /** Columns by DataTypeDef.id, undefined: not stored. */
  readonly columns: readonly (Column | undefined)[];
  /** First word of the header. */
  readonly header: number;
  /** What peers have counted for the same keys: reading adds it up (aggregate). Set at start. */
  shares: readonly StickTable[];
  /** The key that the next `find` or `take` is about, as entries hold it. */
  readonly key: Int32Array;
  private keyUsed: number;
  private readonly chunks: Int32Array;
  private readonly firstChunk: number;
  private readonly perChunk: number;
  private readonly slotWords: number;
  private readonly mask: number;
  private readonly size: number;
  private readonly expireMs: number;
  private readonly slot: number;
  private readonly token: number;
  private readonly reports: boolean;

  constructor(segment: Segment, object: number, policy: TablePolicy, slot: number) {
    this.segment = segment;
    this.words = segment.words;
    this.floats = segment.floats;
    this.object = object;
    this.policy = policy;
    this.geometry = tableGeometry(policy.shape);
    const { columns, keyWords, chunksMax, firstEntryChunk } = this.geometry;
    const byId: (Column | undefined)[] = dataTypes.map(() => undefined);
    byId.push(undefined);
    for (const column of columns) byId[column.type.id] = column;
    this.columns = byId;
    this.key = new Int32Array(keyWords);
    this.keyUsed = keyWords;
    this.chunks = new Int32Array(chunksMax);
    this.firstChunk = firstEntryChunk;
    this.perChunk = this.geometry.entriesPerChunk;
    this.slotWords = this.geometry.slotWords;
    this.mask = this.geometry.buckets - 1;
    this.size = policy.shape.size;
    this.expireMs = policy.expireMs;
    this.reports = policy.reports;
    this.shares = none;
    this.slot = slot;
    this.token = lockToken(segment, slot);
    locateChunks(segment, object, this.chunks);
    this.header = this.chunks[0];
  }

  get name(): string {
    return this.policy.shape.name;
  }

  /** Entries there are; those that have expired count until they are dropped. Needs no lock. */
  get used(): number {
    return this.words[this.header + tableUsed];
  }

  column(type: DataTypeDef): Column | undefined {
    return this.columns[type.id];
  }

  /** Types ip and integer. */
  keyNumber(value: number): void {
    this.key[0] = value;
    this.keyUsed = 1;
  }

  /** Types ipv6 and binary: latin1; what is missing is zero, what is too long is cut off. */
  keyBytes(text: string): void {
    const { length } = this.key;
    const bytes = this.policy.shape.keyType === 'ipv6' ? 16 : this.policy.shape.keyLength;
    packBytes(this.key, 0, text, Math.min(text.length, bytes));
    this.keyUsed = length;
  }

  /** Type string: latin1, cut at the table's length. */
  keyText(text: string): void {
    const length = Math.min(text.length, this.policy.shape.keyLength);
    this.key[0] = length;
    packBytes(this.key, 1, text, length);
    this.keyUsed = 1 + ((length + 3) >> 2);
  }

  /**
   * The key of an entry, which begins at word `first`, of a table that has keys of the same type
   * and no longer ones.
   */
  keyFrom({ words }: StickTable, first: number): void {
    const { keyType } = this.policy.shape;
    const at = first + entryKey;
    this.keyUsed = keyType === 'string' ? 1 + ((words[at] + 3) >> 2) : this.key.length;
    for (let i = 0; i < this.keyUsed; i++) this.key[i] = words[at + i];
  }

  /** The key as it is now, for `keyPut`. */
  keyCopy(): Int32Array {
    return this.key.slice(0, this.keyUsed);
  }

  keyPut(words: Int32Array): void {
    this.key.set(words);
    this.keyUsed = words.length;
  }

  enter(): void {
    if (acquire(this.segment, this.header + tableLock, this.token)) repairTable(this);
  }

  leave(): void {
    release(this.segment, this.header + tableLock, this.token);
  }

  // ---- entries ----

  /** First word of an entry. */
  at(entry: number): number {
    const ordinal = (entry / this.perChunk) | 0;
    let base = this.chunks[this.firstChunk + ordinal];
    if (base === 0) {
      locateChunks(this.segment, this.object, this.chunks);
      base = this.chunks[this.firstChunk + ordinal];
    }
    return base + (entry - ordinal * this.perChunk) * this.slotWords;
  }

  /** Word that holds the first entry of a bucket. */
  bucketAt(hash: number): number {
    const bucket = hash & this.mask;
    const ordinal = bucket >>> bucketShift;
    const base = this.chunks[ordinal];
    return (ordinal === 0 ? base + headerWords : base) + (bucket & bucketMask);
  }

  /** The entry of the key, -1: none. An expired one is dropped. */
  find(nowMs: number): number {
    const { words } = this;
    const hash = hashWords(this.key, this.keyUsed);
    let entry = words[this.bucketAt(hash)] - 1;
    while (entry >= 0) {
      const at = this.at(entry);
      if (words[at + entryHash] === hash && this.hasKey(at)) {
        if (!this.isExpired(at, nowMs)) return entry;
        this.remove(entry);
        return -1;
      }
      entry = words[at + entryNext] - 1;
    }
    return -1;
  }

  /** The entry of the key, used just now; made when there is none. -1: the table is full. */
  take(nowMs: number): number {
    const found = this.find(nowMs);
    if (found >= 0) {
      this.touch(found, nowMs);
      return found;
    }
    this.dropExpired(nowMs, this.isShut ? dropsPerShutTake : dropsPerTake);
    const entry = this.allocate();
    if (entry < 0) return -1;
    const { words } = this;
    const at = this.at(entry);
    words.fill(0, at + entryKey, at + this.slotWords);
    for (let i = 0; i < this.keyUsed; i++) words[at + entryKey + i] = this.key[i];
    const hash = hashWords(this.key, this.keyUsed);
    words[at + entryHash] = hash;
    this.floats[(at + entryUsed) >> 1] = nowMs;
    const bucket = this.bucketAt(hash);
    words[at + entryNext] = words[bucket];
    appendYoungest(this, entry, at);
    words[this.header + tableUsed]++;
    // From here on a repair counts the entry in.
    Atomics.store(words, at + entryHolders, 1);
    words[bucket] = entry + 1;
    if (this.reports && words[at + entryChanged] === 0) queueChange(this, entry, at);
    return entry;
  }

  /** The entry is used or changed now: it will be the last to go, and peers will hear of it. */
  touch(entry: number, nowMs: number): void {
    const at = this.at(entry);
    if (this.reports && this.words[at + entryChanged] === 0) queueChange(this, entry, at);
    // Within a millisecond the order does not matter, and moving an entry touches three.
    if (nowMs - this.floats[(at + entryUsed) >> 1] >= 1) insertByUse(this, entry, at, nowMs);
  }

  /** The entry was last used at `usedMs`, which may be before or after what is known of it. */
  setUsed(entry: number, usedMs: number): void {
    insertByUse(this, entry, this.at(entry), usedMs);
  }

  usedMs(entry: number): number {
    return this.floats[(this.at(entry) + entryUsed) >> 1];
  }

  isExpired(at: number, nowMs: number): boolean {
    const { expireMs } = this;
    if (expireMs === 0 || this.words[at + entryHolders] > 1) return false;
    return this.floats[(at + entryUsed) >> 1] + expireMs <= nowMs;
  }

  /** Milliseconds until the entry goes when nobody uses it any more; 0: it does not expire. */
  expiresIn(entry: number, nowMs: number): number {
    if (this.expireMs === 0) return 0;
    const used = this.floats[(this.at(entry) + entryUsed) >> 1];
    return Math.max(0, Math.ceil(used + this.expireMs - nowMs));
  }

  /** References that hold the entry. */
  trackers(entry: number): number {
    return this.words[this.at(entry) + entryHolders] - 1;
  }

  /** Keeps an entry until `drop`; returns what to hand to it, -1: the segment is full. */
  hold(entry: number, references: TableReferences): number {
    const record = references.add(this.object, entry);
    if (record < 0) return record;
    this.words[this.at(entry) + entryHolders]++;
    this.words[this.header + tableHeld]++;
    return record;
  }

  drop(entry: number, record: number, references: TableReferences): void {
    references.remove(record);
    const at = this.at(entry) + entryHolders;
    if (this.words[at] <= 1) return;
    this.words[at]--;
    this.words[this.header + tableHeld]--;
  }

  /** Takes an entry out of the table. Nobody may hold it. */
  remove(entry: number): void {
    const { words, header } = this;
    const at = this.at(entry);
    Atomics.store(words, at + entryHolders, 0);
    let link = this.bucketAt(words[at + entryHash]);
    while (words[link] !== entry + 1) {
      if (words[link] === 0) break;
      link = this.at(words[link] - 1) + entryNext;
    }
    if (words[link] !== 0) words[link] = words[at + entryNext];
    unlinkEntry(this, at);
    words[at + entryNext] = words[header + tableFree];
    words[header + tableFree] = entry + 1;
    words[header + tableUsed]--;
  }

  /** Drops at most `most` expired entries; returns how many there were. */
  dropExpired(nowMs: number, most: number): number {
    if (this.expireMs === 0) return 0;
    const { words, floats, header } = this;
    let dropped = 0;
    for (let visits = 0; visits < most; visits++) {
      const entry = words[header + tableOldest] - 1;
      if (entry < 0) break;
      const at = this.at(entry);
      if (floats[(at + entryUsed) >> 1] + this.expireMs > nowMs) break;
      if (words[at + entryHolders] > 1) {
        insertByUse(this, entry, at, nowMs);
      } else {
        this.remove(entry);
        dropped++;
      }
    }
    return dropped;
  }

  /** Calls `visit` with entries from the oldest on until it answers false. */
  eachEntry(visit: (entry: number) => boolean): void {
    const { words, header } = this;
    for (let entry = words[header + tableOldest] - 1; entry >= 0; ) {
      const younger = words[this.at(entry) + entryYounger] - 1;
      if (!visit(entry)) return;
      entry = younger;
    }
  }

  /** Entries that were ever in use: a walk in pieces over all memory asks for these numbers. */
  get entriesEver(): number {
    return this.words[this.header + tableFresh];
  }

  isUsed(entry: number): boolean {
    return this.words[this.at(entry) + entryHolders] > 0;
  }

  private get isShut(): boolean {
    return !this.policy.purges && this.used >= this.size;
  }

  private hasKey(at: number): boolean {
    const { words, key, keyUsed } = this;
    for (let i = 0; i < keyUsed; i++) {
      if (words[at + entryKey + i] !== key[i]) return false;
    }
    return true;
  }

  private allocate(): number {
    const { words, header } = this;
    if (words[header + tableUsed] >= this.size) {
      if (!this.policy.purges || !this.evict()) return -1;
    }
    const free = words[header + tableFree] - 1;
    if (free >= 0) {
      words[header + tableFree] = words[this.at(free) + entryNext];
      return free;
    }
    const fresh = words[header + tableFresh];
    if (!this.hasMemory(fresh)) {
      // The segment is full: the table stays as large as it is.
      return this.policy.purges && this.evict() ? this.allocate() : -1;
    }
    words[header + tableFresh] = fresh + 1;
    return fresh;
  }

  /** The least recently used entry that nobody holds makes room. */
  private evict(): boolean {
    const { words, header } = this;
    let entry = words[header + tableOldest] - 1;
    while (entry >= 0) {
      const at = this.at(entry);
      if (words[at + entryHolders] === 1) {
        this.remove(entry);
        return true;
      }
      entry = words[at + entryYounger] - 1;
    }
    return false;
  }

  private hasMemory(entry: number): boolean {
    const ordinal = this.firstChunk + ((entry / this.perChunk) | 0);
    if (this.chunks[ordinal] !== 0) return true;
    if (ordinal >= this.chunks.length) return false;
    locateChunks(this.segment, this.object, this.chunks);
    if (this.chunks[ordinal] !== 0) return true;
    const chunk = claimTableChunk(this.segment, this.object, ordinal, this.slot);
    if (chunk < 0) return false;
    this.chunks[ordinal] = chunkAt(this.segment, chunk) / 4;
    return true;
  }
}
