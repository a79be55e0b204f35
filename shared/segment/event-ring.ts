// A ring of log lines and events in memory that all threads of a process share: proxy threads
// write, the control thread reads (forwarders, `show events`). The memory may be a file's
// (backing-file). A writer never waits for a reader: the oldest records make room, and where a
// reader holds them (a forwarder that has not sent them yet) the new one is refused and counted.
//
//   byte 0    words: magic, lock, wake counter, refused since told, readers
//        64   64-bit floats: oldest record, end of the newest, then one position for each reader
//       256   area: records of a length (4 bytes) and bytes, all the way round
//
// Positions count bytes since the ring was made; they never wrap.

import { lockWord, unlockWord } from './word-lock.ts';

const headerBytes = 256;
const readersMax = 16;
const lengthBytes = 4;
export const ringMagic = 0x474e5248;

const wordMagic = 0;
const wordLock = 1;
const wordWake = 2;
const wordRefused = 3;
const floatOldest = 8;
const floatEnd = 9;
const floatReaders = 10;
const noReader = -1;

/** Memory of a ring whose area holds at least `areaBytes`: whole pages, for files. */
export function ringBytes(areaBytes: number): number {
  return Math.ceil((areaBytes + headerBytes) / 4096) * 4096;
}

/** Fresh memory of its own. */
export function makeRing(areaBytes: number): Uint8Array {
  return formatRing(new Uint8Array(new SharedArrayBuffer(ringBytes(areaBytes))));
}

/** Makes an empty ring of memory. Once, before anybody uses it. */
export function formatRing(bytes: Uint8Array): Uint8Array {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, headerBytes / 4);
  const floats = new Float64Array(bytes.buffer, bytes.byteOffset, headerBytes / 8);
  words.fill(0);
  floats.fill(noReader, floatReaders, floatReaders + readersMax);
  words[wordMagic] = ringMagic;
  return bytes;
}

export class EventRing {
  /** Longest record. */
  readonly recordMax: number;
  private readonly words: Int32Array;
  private readonly floats: Float64Array;
  private readonly area: Uint8Array;

  constructor(bytes: Uint8Array) {
    const { buffer, byteOffset, length } = bytes;
    this.words = new Int32Array(buffer, byteOffset, headerBytes / 4);
    this.floats = new Float64Array(buffer, byteOffset, headerBytes / 8);
    this.area = bytes.subarray(headerBytes);
    this.recordMax = length - headerBytes - lengthBytes;
  }

  // ---- writers ----

  /** Adds a record, cut to what the ring can hold; false: refused, and counted. */
  write(from: Uint8Array, at: number, length: number): boolean {
    const size = Math.min(length, this.recordMax);
    lockWord(this.words, wordLock);
    const fits = this.makeRoom(size + lengthBytes);
    if (fits) this.put(from, at, size);
    unlockWord(this.words, wordLock);
    if (!fits) Atomics.add(this.words, wordRefused, 1);
    return fits;
  }

  /** Two records of together so many bytes fit now: room is made for them. */
  fits(bytes: number): boolean {
    lockWord(this.words, wordLock);
    const fits = bytes <= this.recordMax && this.makeRoom(bytes + 2 * lengthBytes);
    unlockWord(this.words, wordLock);
    return fits;
  }

  private makeRoom(bytes: number): boolean {
    const { floats } = this;
    const limit = floats[floatEnd] + bytes - this.area.length;
    let oldest = floats[floatOldest];
    while (oldest < limit) {
      if (this.isHeld(oldest)) return false;
      oldest += lengthBytes + this.lengthAt(oldest);
      floats[floatOldest] = oldest;
    }
    return true;
  }

  private isHeld(position: number): boolean {
    const { floats } = this;
    for (let i = floatReaders; i < floatReaders + readersMax; i++) {
      if (floats[i] !== noReader && floats[i] <= position) return true;
    }
    return false;
  }

  private put(from: Uint8Array, at: number, length: number): void {
    const { area, floats } = this;
    const end = floats[floatEnd];
    for (let i = 0; i < lengthBytes; i++) {
      area[(end + i) % area.length] = (length >>> (8 * i)) & 255;
    }
    let to = (end + lengthBytes) % area.length;
    for (let i = at; i < at + length; i++) {
      area[to] = from[i];
      if (++to === area.length) to = 0;
    }
    floats[floatEnd] = end + lengthBytes + length;
  }

  private lengthAt(position: number): number {
    const { area } = this;
    let length = 0;
    for (let i = lengthBytes - 1; i >= 0; i--) {
      length = length * 256 + area[(position + i) % area.length];
    }
    return length;
  }

  /** Wakes who waits in `nextWrite`: once after a batch of writes. */
  wake(): void {
    Atomics.add(this.words, wordWake, 1);
    Atomics.notify(this.words, wordWake);
  }

  /** Takes the number of records refused since the last time it was taken. */
  takeRefused(): number {
    return Atomics.exchange(this.words, wordRefused, 0);
  }

  /** Puts back what was taken and could not be told. */
  refuse(count: number): void {
    Atomics.add(this.words, wordRefused, count);
  }

  get refused(): number {
    return Atomics.load(this.words, wordRefused);
  }

  // ---- readers ----

  /** Position of the oldest record, and behind the newest. */
  get oldest(): number {
    return this.floats[floatOldest];
  }

  get end(): number {
    return this.floats[floatEnd];
  }

  /** Holds records from `position` on until they are read; the reader's number, -1: too many. */
  hold(position: number): number {
    lockWord(this.words, wordLock);
    const { floats } = this;
    let reader = 0;
    while (reader < readersMax && floats[floatReaders + reader] !== noReader) reader++;
    if (reader < readersMax) {
      floats[floatReaders + reader] = Math.max(position, floats[floatOldest]);
    }
    unlockWord(this.words, wordLock);
    return reader < readersMax ? reader : -1;
  }

  /** What the reader has read so far may make room now. */
  advance(reader: number, position: number): void {
    this.floats[floatReaders + reader] = position;
  }

  release(reader: number): void {
    this.floats[floatReaders + reader] = noReader;
  }

  /**
   * Copies records from `position` on, up to about `bytesMax` bytes, and gives each to `take`. What
   * has made room meanwhile is passed over. The position to go on from.
   */
  read(position: number, bytesMax: number, take: (record: Buffer) => void): number {
    const records: Buffer[] = [];
    lockWord(this.words, wordLock);
    let at = Math.max(position, this.oldest);
    const start = at;
    while (at < this.end && at - start < bytesMax) {
      const length = this.lengthAt(at);
      records.push(this.copy(at + lengthBytes, length));
      at += lengthBytes + length;
    }
    unlockWord(this.words, wordLock);
    for (const record of records) take(record);
    return at;
  }

  private copy(position: number, length: number): Buffer {
    const { area } = this;
    const record = Buffer.allocUnsafe(length);
    const at = position % area.length;
    const first = Math.min(length, area.length - at);
    record.set(area.subarray(at, at + first), 0);
    if (first < length) record.set(area.subarray(0, length - first), first);
    return record;
  }

  /** Resolves when something was written after `seen` (a value of `wakes`), or after `limitMs`. */
  async nextWrite(seen: number, limitMs: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.words, wordWake, seen, limitMs);
    if (waiting.async) await waiting.value;
  }

  /** Number of `wake` calls so far. */
  get wakes(): number {
    return Atomics.load(this.words, wordWake);
  }
}
