// Decodes header blocks (RFC 7541 3, 6) into a list of offsets. One decoder per connection; called
// by mux/h2-*.ts with each complete block, in order, also for streams that are refused: the table
// must follow the peer's. It says nothing about what the headers mean (h2-head.ts does).

import { decodeHuffman, huffmanTooLong } from './huffman.ts';
import { DynamicTable, loopBytesMax, staticEntries, staticMax } from './hpack-table.ts';
import { hashStart, headerWords } from './message.ts';

/** The block breaks the rules, and the table with it: a connection error (RFC 7541 2.3.3, 5). */
export const hpackBroken = -1;
/** Too many headers or bytes for the list; the table has followed. */
export const hpackTooLarge = -2;

/** A decoded block: words as in Message.headers, strings in the memory of the caller. */
export class HeaderBlock {
  bytes: Uint8Array;
  /** Where the next string goes, and where the room ends. */
  at: number;
  end: number;
  readonly words: Int32Array;
  readonly max: number;
  count: number;

  constructor(max: number) {
    this.bytes = new Uint8Array(0);
    this.at = 0;
    this.end = 0;
    this.words = new Int32Array(max * headerWords);
    this.max = max;
    this.count = 0;
  }

  /** Empty, with `room` bytes at `at` of `bytes` for the strings. */
  restart(bytes: Uint8Array, at: number, room: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = at + room;
    this.count = 0;
  }
}

/** What reading a part of a block came to; below zero it is broken. */
const fine = 1;
const noRoom = 0;
const broken = -1;

export class HpackDecoder {
  readonly table: DynamicTable;
  private readonly tableMax: number;
  private block: HeaderBlock;
  /** The list is lost: too many headers or bytes. Decoding goes on for the table's sake. */
  private overflown: boolean;
  /** Cursor of the block being read. */
  private from: Uint8Array;
  private at: number;
  private end: number;
  /** Of the string read last, and the hash of the name. */
  private stringAt: number;
  private stringLength: number;
  private hash: number;

  /** `tableMax`: SETTINGS_HEADER_TABLE_SIZE as announced. */
  constructor(tableMax: number) {
    this.table = new DynamicTable(tableMax);
    this.tableMax = tableMax;
    this.block = noBlock;
    this.overflown = false;
    this.from = noBlock.bytes;
    this.at = 0;
    this.end = 0;
    this.stringAt = 0;
    this.stringLength = 0;
    this.hash = 0;
  }

  /**
   * Decodes the `length` bytes at `at` of `from` into `block` (restarted by the caller). Returns 0,
   * hpackBroken or hpackTooLarge. `from` and the block's room must not overlap. Proxy thread;
   * RFC 7541 6.
   */
  decode(from: Uint8Array, at: number, length: number, block: HeaderBlock): number {
    const startAt = block.at;
    this.block = block;
    this.overflown = false;
    this.from = from;
    this.at = at;
    this.end = at + length;
    let mayResize = true;
    while (this.at < this.end) {
      const fieldAt = this.at;
      let result = this.field(from[fieldAt], mayResize);
      if (result === noRoom) {
        // What was decoded is given up to make room for what the table needs.
        this.overflown = true;
        block.at = startAt;
        this.at = fieldAt;
        result = this.field(from[fieldAt], mayResize);
      }
      if (result !== fine) return hpackBroken;
      if (this.overflown) block.at = startAt;
      if ((from[fieldAt] & 0xe0) !== 32) mayResize = false;
    }
    return this.overflown ? hpackTooLarge : 0;
  }

  private field(byte: number, mayResize: boolean): number {
    if (byte >= 128) return this.indexed();
    if (byte >= 64) return this.literal(6, true);
    if (byte < 32) return this.literal(4, false);
    return mayResize ? this.resize() : broken;
  }

  /** An integer with a prefix of `bits` (RFC 7541 5.1), -1: cut short, or beyond 2^28. */
  private integer(bits: number): number {
    if (this.at === this.end) return -1;
    const mask = (1 << bits) - 1;
    let value = this.from[this.at++] & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.at === this.end) return -1;
      const byte = this.from[this.at++];
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
    return -1;
  }

  private resize(): number {
    const size = this.integer(5);
    if (size < 0 || size > this.tableMax) return broken;
    this.table.resize(size);
    return fine;
  }

  private indexed(): number {
    const index = this.integer(7);
    if (index <= 0) return broken;
    if (index <= staticMax) {
      const { name, value } = staticEntries[index];
      const nameLength = name.bytes.length;
      const at = this.reserve(nameLength + value.length);
      if (at < 0) return noRoom;
      this.put(at, name.bytes, 0, nameLength);
      this.put(at + nameLength, value, 0, value.length);
      this.add(at, nameLength, value.length, name.hash);
      return fine;
    }
    const { table } = this;
    const word = this.dynamicWord(index);
    if (word < 0) return broken;
    const nameLength = table.nameLength(word);
    const valueLength = table.valueLength(word);
    const at = this.reserve(nameLength + valueLength);
    if (at < 0) return noRoom;
    this.put(at, table.bytes, table.nameAt(word), nameLength + valueLength);
    this.add(at, nameLength, valueLength, table.nameHash(word));
    return fine;
  }

  /** Word of an entry in the table, -1: there is none with this index. */
  private dynamicWord(index: number): number {
    const age = index - staticMax - 1;
    return age < this.table.count ? this.table.wordOf(this.table.inserted - age) : -1;
  }

  private literal(bits: number, isKept: boolean): number {
    const index = this.integer(bits);
    if (index < 0) return broken;
    let result = index === 0 ? this.newName() : this.knownName(index);
    if (result !== fine) return result;
    const at = this.stringAt;
    const nameLength = this.stringLength;
    const { hash } = this;
    result = this.string();
    if (result !== fine) return result;
    const valueLength = this.stringLength;
    if (isKept) {
      const { table, block } = this;
      const keptAt = table.insert(nameLength, valueLength, hash);
      if (keptAt >= 0) table.put(keptAt, block.bytes, at, nameLength + valueLength);
    }
    this.add(at, nameLength, valueLength, hash);
    return fine;
  }

  private newName(): number {
    const result = this.string();
    if (result !== fine) return result;
    const { bytes } = this.block;
    const end = this.stringAt + this.stringLength;
    let hash = hashStart;
    for (let i = this.stringAt; i < end; i++) hash = Math.imul(hash, 33) ^ bytes[i];
    this.hash = hash;
    return fine;
  }

  private knownName(index: number): number {
    const { table } = this;
    const isStatic = index <= staticMax;
    const word = isStatic ? 0 : this.dynamicWord(index);
    if (word < 0) return broken;
    const known = isStatic ? staticEntries[index].name : null;
    const length = known === null ? table.nameLength(word) : known.bytes.length;
    const at = this.reserve(length);
    if (at < 0) return noRoom;
    if (known === null) this.put(at, table.bytes, table.nameAt(word), length);
    else this.put(at, known.bytes, 0, length);
    this.stringAt = at;
    this.stringLength = length;
    this.hash = known === null ? table.nameHash(word) : known.hash;
    return fine;
  }

  /** A string literal (RFC 7541 5.2), decoded to where the block's next string goes. */
  private string(): number {
    const isCoded = this.at < this.end && this.from[this.at] >= 128;
    const length = this.integer(7);
    if (length < 0 || this.at + length > this.end) return broken;
    const { block, at } = this;
    this.at += length;
    let written = length;
    if (isCoded) {
      written = decodeHuffman(this.from, at, length, block);
      if (written < 0) return written === huffmanTooLong ? noRoom : broken;
    } else {
      if (block.at + length > block.end) return noRoom;
      this.put(block.at, this.from, at, length);
    }
    this.stringAt = block.at;
    this.stringLength = written;
    block.at += written;
    return fine;
  }

  /** `length` bytes of the block's room, -1: there are not as many. */
  private reserve(length: number): number {
    const { block } = this;
    const { at } = block;
    if (at + length > block.end) return -1;
    block.at = at + length;
    return at;
  }

  private put(at: number, from: Uint8Array, fromAt: number, length: number): void {
    const { bytes } = this.block;
    if (length > loopBytesMax) bytes.set(from.subarray(fromAt, fromAt + length), at);
    else for (let i = 0; i < length; i++) bytes[at + i] = from[fromAt + i];
  }

  private add(at: number, nameLength: number, valueLength: number, hash: number): void {
    const { block } = this;
    if (block.count === block.max) this.overflown = true;
    if (this.overflown) return;
    const { words } = block;
    const word = block.count++ * headerWords;
    words[word] = at;
    words[word + 1] = nameLength;
    words[word + 2] = at + nameLength;
    words[word + 3] = valueLength;
    words[word + 4] = hash;
  }
}

const noBlock = new HeaderBlock(0);
