// Encodes headers (RFC 7541 6) into a header block, with a dynamic table. One encoder per
// connection, because the peer's decoder follows it; called by h2-write.ts header by header.
// Strings leave as they are: what repeats leaves as an index, and what does not is not worth the
// coding.

import {
  DynamicTable,
  entryOverhead,
  loopBytesMax,
  staticEntries,
  staticMax,
} from './hpack-table.ts';
import { headerName, type HeaderName } from './message.ts';
import { digitZero } from './syntax.ts';

/** Values beyond this length are not kept: they would push the others out. */
const keptValueMax = 256;
/** The most of the peer's table that is used. */
const tableMax = 4096;
const slotCount = 128;

/** How a header may be represented. */
const keepAlways = 0;
/** Its value rarely comes twice. */
const keepNever = 1;
/** It is a secret: no hop may keep it (RFC 7541 7.1.3). */
const keepSecret = 2;

const treatments = new Map<number, number>();
const volatileNames =
  ':path|age|content-length|content-range|etag|if-modified-since|if-none-match|location|set-cookie';
for (const text of volatileNames.split('|')) treatments.set(headerName(text).hash, keepNever);
for (const text of ['authorization', 'proxy-authorization', 'cookie']) {
  treatments.set(headerName(text).hash, keepSecret);
}

/** First index of each name in the static table, in open addressing by its hash; 0: free. */
const staticByName = new Uint8Array(256);
/** Where the name with this hash is, or would be. */
const slotOfName = (hash: number): number => {
  for (let slot = hash & 255; ; slot = (slot + 1) & 255) {
    const index = staticByName[slot];
    if (index === 0 || staticEntries[index].name.hash === hash) return slot;
  }
};
for (let index = 1; index <= staticMax; index++) {
  const slot = slotOfName(staticEntries[index].name.hash);
  if (staticByName[slot] === 0) staticByName[slot] = index;
}

const firstStatusIndex = 8;
const statusIndex = new Map<number, number>();
[200, 204, 206, 304, 400, 404, 500].forEach((status, place) => {
  statusIndex.set(status, firstStatusIndex + place);
});

export class HpackEncoder {
  readonly table: DynamicTable;
  /** Entry numbers by hash of name and value, and by hash of the name: the latest of each. */
  private readonly byPair: Int32Array;
  private readonly byName: Int32Array;
  /** The table's size has changed and the peer must be told first (RFC 7541 4.2), -1: no. */
  private announced: number;
  /** The smallest size since it was told last. */
  private smallest: number;
  private bytes: Uint8Array;
  /** The header at hand. */
  private nameAt: number;
  private nameLength: number;
  private valueAt: number;
  private valueLength: number;
  private hash: number;
  /** Where the next byte goes, and where the room ends. */
  at: number;
  private end: number;

  constructor() {
    this.table = new DynamicTable(tableMax);
    this.byPair = new Int32Array(slotCount);
    this.byName = new Int32Array(slotCount);
    this.announced = -1;
    this.smallest = tableMax;
    this.bytes = this.table.bytes;
    this.nameAt = 0;
    this.nameLength = 0;
    this.valueAt = 0;
    this.valueLength = 0;
    this.hash = 0;
    this.at = 0;
    this.end = 0;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  limit(size: number): void {
    const wanted = Math.min(size, tableMax);
    if (wanted === this.table.sizeMax && this.announced < 0) return;
    this.smallest = this.announced < 0 ? wanted : Math.min(this.smallest, wanted);
    this.announced = wanted;
    this.table.resize(wanted);
  }

  /** Sizes that the peer is still to be told: the last one (-1: nothing) and the smallest. */
  get sizesToTell(): readonly [number, number] {
    return [this.announced, this.smallest];
  }

  /** As `sizesToTell` of another encoder, whose table this one has. */
  tellSizes(announced: number, smallest: number): void {
    this.announced = announced;
    this.smallest = smallest;
  }

  /** Begins a block of at most `room` bytes at `at`. False: no room for what must come first. */
  start(bytes: Uint8Array, at: number, room: number): boolean {
    this.bytes = bytes;
    this.at = at;
    this.end = at + room;
    if (this.announced < 0) return true;
    if (room < sizeUpdateBytes) return false;
    if (this.smallest < this.announced) this.putInteger(32, 5, this.smallest);
    this.putInteger(32, 5, this.announced);
    this.announced = -1;
    return true;
  }

  /** An entry of the static table, name and value. */
  putStatic(index: number): boolean {
    if (this.at === this.end) return false;
    this.bytes[this.at++] = 128 | index;
    return true;
  }

  /**
   * The header at `word` of `headers` (Message.headers); its strings are in the memory the block is
   * written to. False: no room; the table has not changed and the block must not be sent.
   */
  putField(headers: Int32Array, word: number): boolean {
    this.nameAt = headers[word];
    this.nameLength = headers[word + 1];
    this.valueAt = headers[word + 2];
    this.valueLength = headers[word + 3];
    this.hash = headers[word + 4];
    if (this.at + this.nameLength + this.valueLength + fieldOverhead > this.end) return false;
    const treatment = treatments.get(this.hash) ?? keepAlways;
    if (treatment === keepAlways && this.valueLength <= keptValueMax) {
      this.putKept();
      return true;
    }
    const known = this.nameIndex();
    this.putInteger(treatment === keepSecret ? 16 : 0, 4, known);
    if (known === 0) this.putString(this.nameAt, this.nameLength);
    this.putString(this.valueAt, this.valueLength);
    return true;
  }

  /** `:status` (RFC 9113 8.3.2); three digits. */
  putStatus(status: number): boolean {
    const index = statusIndex.get(status);
    if (index !== undefined) return this.putStatic(index);
    if (this.at + 5 > this.end) return false;
    const { bytes } = this;
    bytes[this.at++] = firstStatusIndex;
    bytes[this.at++] = 3;
    bytes[this.at++] = digitZero + Math.floor(status / 100);
    bytes[this.at++] = digitZero + (Math.floor(status / 10) % 10);
    bytes[this.at++] = digitZero + (status % 10);
    return true;
  }

  /** A header whose name and value are not in the block's memory. */
  putText(name: HeaderName, value: Uint8Array): boolean {
    if (!this.putName(name, value.length)) return false;
    this.putInteger(0, 7, value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
    return true;
  }

  /** A header with a name that is not in the block's memory: pseudo headers. */
  putNamed(name: HeaderName, valueAt: number, valueLength: number): boolean {
    if (!this.putName(name, valueLength)) return false;
    this.putString(valueAt, valueLength);
    return true;
  }

  /** The name of a literal that is not kept, if there is room for its value too. */
  private putName(name: HeaderName, valueLength: number): boolean {
    const { bytes: text } = name;
    if (this.at + text.length + valueLength + fieldOverhead > this.end) return false;
    const index = staticByName[slotOfName(name.hash)];
    this.putInteger(0, 4, index);
    if (index > 0) return true;
    this.putInteger(0, 7, text.length);
    this.bytes.set(text, this.at);
    this.at += text.length;
    return true;
  }

  /** By an index of both, else as a literal that the table keeps. */
  private putKept(): void {
    const { table, bytes, nameAt, nameLength, valueAt, valueLength } = this;
    const pair = this.pairHash() & (slotCount - 1);
    const number = this.byPair[pair];
    if (this.isEntry(number)) {
      this.putInteger(128, 7, staticMax + 1 + table.inserted - number);
      return;
    }
    const known = this.nameIndex();
    const isKept = nameLength + valueLength + entryOverhead <= table.sizeMax;
    this.putInteger(isKept ? 64 : 0, isKept ? 6 : 4, known);
    if (isKept) {
      const at = table.insert(nameLength, valueLength, this.hash);
      table.put(at, bytes, nameAt, nameLength);
      table.put(at + nameLength, bytes, valueAt, valueLength);
      this.byPair[pair] = table.inserted;
      this.byName[this.hash & (slotCount - 1)] = table.inserted;
    }
    if (known === 0) this.putString(nameAt, nameLength);
    this.putString(valueAt, valueLength);
  }

  private pairHash(): number {
    const { bytes, valueAt } = this;
    const end = valueAt + this.valueLength;
    let { hash } = this;
    for (let i = valueAt; i < end; i++) hash = Math.imul(hash, 33) ^ bytes[i];
    return hash ^ (hash >>> 15);
  }

  /** Is there still an entry with this number? */
  private isLive(number: number): boolean {
    return number > this.table.inserted - this.table.count;
  }

  /** Is the entry with this number the header at hand? */
  private isEntry(number: number): boolean {
    const { table, bytes, nameLength, valueLength } = this;
    if (!this.isLive(number)) return false;
    const word = table.wordOf(number);
    if (table.nameLength(word) !== nameLength || table.valueLength(word) !== valueLength) {
      return false;
    }
    const at = table.nameAt(word);
    return (
      table.holds(at, bytes, this.nameAt, nameLength) &&
      table.holds(at + nameLength, bytes, this.valueAt, valueLength)
    );
  }

  /** Index of an entry with the name at hand, 0: none is known. */
  private nameIndex(): number {
    const { table, bytes, nameAt, nameLength, hash } = this;
    const index = staticByName[slotOfName(hash)];
    if (index > 0) {
      const known = staticEntries[index].name.bytes;
      if (known.length === nameLength && isSame(known, bytes, nameAt)) return index;
    }
    const number = this.byName[hash & (slotCount - 1)];
    if (!this.isLive(number)) return 0;
    const word = table.wordOf(number);
    if (table.nameLength(word) !== nameLength) return 0;
    if (!table.holds(table.nameAt(word), bytes, nameAt, nameLength)) return 0;
    return staticMax + 1 + table.inserted - number;
  }

  private putInteger(pattern: number, bits: number, value: number): void {
    const mask = (1 << bits) - 1;
    if (value < mask) {
      this.bytes[this.at++] = pattern | value;
      return;
    }
    this.bytes[this.at++] = pattern | mask;
    let left = value - mask;
    for (; left >= 128; left >>>= 7) this.bytes[this.at++] = 128 | (left & 127);
    this.bytes[this.at++] = left;
  }

  private putString(at: number, length: number): void {
    this.putInteger(0, 7, length);
    const { bytes, at: to } = this;
    if (length > loopBytesMax) bytes.copyWithin(to, at, at + length);
    else for (let i = 0; i < length; i++) bytes[to + i] = bytes[at + i];
    this.at += length;
  }
}

/** Does `name` stand at `at`? */
function isSame(name: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[at + i]) return false;
  return true;
}

/** Two size updates of a 13-bit number. */
const sizeUpdateBytes = 8;
/** Three integers: index, length of the name, length of the value. */
const fieldOverhead = 15;
