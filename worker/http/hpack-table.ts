// The tables of HPACK (RFC 7541 2.3): the static one, shared, and a dynamic one per connection and
// direction. Used by hpack-decoder.ts and hpack-encoder.ts. A dynamic table takes no memory before
// its first entry.
//
//   bytes:    | old, evicted | name value | name value | ... | free |       live part <= sizeMax
//   entries:  entryWords per entry, a ring: [0] at  [1] length of the name  [2] of the
//             value  [3] hash of the name

import { headerName, type HeaderName } from './message.ts';

interface StaticEntry {
  readonly name: HeaderName;
  readonly value: Uint8Array;
}

/** RFC 7541 appendix A; index 0 does not exist. A value follows `=`. */
const staticTexts =
  ':authority|:method=GET|:method=POST|:path=/|:path=/index.html|:scheme=http|:scheme=https|' +
  ':status=200|:status=204|:status=206|:status=304|:status=400|:status=404|:status=500|' +
  'accept-charset|accept-encoding=gzip, deflate|accept-language|accept-ranges|accept|' +
  'access-control-allow-origin|age|allow|authorization|cache-control|content-disposition|' +
  'content-encoding|content-language|content-length|content-location|content-range|' +
  'content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|' +
  'if-none-match|if-range|if-unmodified-since|last-modified|link|location|max-forwards|' +
  'proxy-authenticate|proxy-authorization|range|referer|refresh|retry-after|server|set-cookie|' +
  'strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate';

export const staticEntries: readonly StaticEntry[] = `|${staticTexts}`.split('|').map((text) => {
  const [name, value = ''] = text.split('=');
  return { name: headerName(name), value: Uint8Array.from(Buffer.from(value, 'latin1')) };
});

/** Indexes above this one are dynamic. */
export const staticMax = 61;

/** What an entry costs besides its bytes (RFC 7541 4.1). */
export const entryOverhead = 32;
const entryWords = 4;
/** Runs up to this many bytes are copied in a loop: a native call costs more. */
export const loopBytesMax = 48;
/** What `save` writes before all entries, and before the bytes of each. */
const savedHeadBytes = 8;
const savedEntryBytes = 12;
const none = new Uint8Array(0);
const noEntries = new Int32Array(0);

export class DynamicTable {
  /** Bytes with overhead that the entries may take; set by `resize`. */
  sizeMax: number;
  size: number;
  count: number;
  /** Entries ever inserted: the newest has this number, the oldest `inserted - count + 1`. */
  inserted: number;
  bytes: Uint8Array;
  private entries: Int32Array;
  private entryMask: number;
  private used: number;
  /** The most `sizeMax` may become. */
  private readonly limit: number;

  constructor(limit: number) {
    this.sizeMax = limit;
    this.limit = limit;
    this.size = 0;
    this.count = 0;
    this.inserted = 0;
    this.bytes = none;
    this.entries = noEntries;
    this.entryMask = 0;
    this.used = 0;
  }

  /** Word of the entry with number `inserted`; see the picture for what stands there. */
  wordOf(number: number): number {
    return (number & this.entryMask) * entryWords;
  }

  nameAt(word: number): number {
    return this.entries[word];
  }

  nameLength(word: number): number {
    return this.entries[word + 1];
  }

  valueLength(word: number): number {
    return this.entries[word + 2];
  }

  nameHash(word: number): number {
    return this.entries[word + 3];
  }

  /** RFC 7541 4.3. `sizeMax` beyond the limit is the caller's mistake. */
  resize(sizeMax: number): void {
    this.sizeMax = Math.min(sizeMax, this.limit);
    this.evict(0);
  }

  /**
   * Room for an entry, after making it (RFC 7541 4.4): where the name goes, and right behind it the
   * value. -1: the entry is larger than the table, which is empty now. What the caller copies from
   * must not be this table's own bytes.
   */
  insert(nameLength: number, valueLength: number, hash: number): number {
    const length = nameLength + valueLength;
    this.evict(length + entryOverhead);
    if (length + entryOverhead > this.sizeMax) return -1;
    if (this.bytes.length === 0) this.allocate();
    if (this.used + length > this.bytes.length) this.compact();
    const at = this.used;
    this.used += length;
    this.size += length + entryOverhead;
    this.count++;
    const word = this.wordOf(++this.inserted);
    this.entries[word] = at;
    this.entries[word + 1] = nameLength;
    this.entries[word + 2] = valueLength;
    this.entries[word + 3] = hash;
    return at;
  }

  /** Writes all entries at `at` of `into`; where they end, -1: there is no room. */
  save(into: Uint8Array, at: number): number {
    const needed = savedHeadBytes + this.count * savedEntryBytes + this.size;
    if (at + needed > into.length) return -1;
    const view = new DataView(into.buffer, into.byteOffset);
    view.setInt32(at, this.sizeMax);
    view.setInt32(at + 4, this.count);
    let to = at + savedHeadBytes;
    for (let number = this.inserted - this.count + 1; number <= this.inserted; number++) {
      const word = this.wordOf(number);
      const length = this.nameLength(word) + this.valueLength(word);
      view.setInt32(to, this.nameLength(word));
      view.setInt32(to + 4, this.valueLength(word));
      view.setInt32(to + 8, this.nameHash(word));
      const from = this.nameAt(word);
      into.set(this.bytes.subarray(from, from + length), to + savedEntryBytes);
      to += savedEntryBytes + length;
    }
    return to;
  }

  /** Reads into an empty table what `save` has written at `at`; where it ends. */
  load(from: Uint8Array, at: number): number {
    const view = new DataView(from.buffer, from.byteOffset);
    this.resize(view.getInt32(at));
    let next = at + savedHeadBytes;
    for (let left = view.getInt32(at + 4); left > 0; left--) {
      const nameLength = view.getInt32(next);
      const valueLength = view.getInt32(next + 4);
      const to = this.insert(nameLength, valueLength, view.getInt32(next + 8));
      next += savedEntryBytes;
      this.put(to, from, next, nameLength + valueLength);
      next += nameLength + valueLength;
    }
    return next;
  }

  /** Copies `length` bytes at `fromAt` of `from` to `at`, which `insert` answered. */
  put(at: number, from: Uint8Array, fromAt: number, length: number): void {
    const { bytes } = this;
    if (length > loopBytesMax) bytes.set(from.subarray(fromAt, fromAt + length), at);
    else for (let i = 0; i < length; i++) bytes[at + i] = from[fromAt + i];
  }

  /** Is the run of `length` bytes at `at` equal to the one at `fromAt` of `from`? */
  holds(at: number, from: Uint8Array, fromAt: number, length: number): boolean {
    const { bytes } = this;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== from[fromAt + i]) return false;
    return true;
  }

  /** Removes the oldest entries until `room` bytes more would fit. */
  private evict(room: number): void {
    while (this.count > 0 && this.size + room > this.sizeMax) {
      const word = this.wordOf(this.inserted - this.count + 1);
      this.size -= this.entries[word + 1] + this.entries[word + 2] + entryOverhead;
      this.count--;
    }
    if (this.count === 0) this.used = 0;
  }

  private allocate(): void {
    this.bytes = new Uint8Array(this.limit * 2);
    let entryMax = 1;
    while (entryMax < this.limit / entryOverhead) entryMax *= 2;
    this.entries = new Int32Array(entryMax * entryWords);
    this.entryMask = entryMax - 1;
  }

  /** Moves the live bytes, at most half of all, to the start. */
  private compact(): void {
    const oldest = this.inserted - this.count + 1;
    const from = this.entries[this.wordOf(oldest)];
    this.bytes.copyWithin(0, from, this.used);
    for (let number = oldest; number <= this.inserted; number++) {
      this.entries[this.wordOf(number)] -= from;
    }
    this.used -= from;
  }
}
