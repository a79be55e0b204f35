// A large pattern file that all threads of a process read at one place: its bytes as the loader has
// read them, where its entries are in them, and a hash of their texts. The control thread copies
// the bytes, the first thread that compiles a user of the file reads them into tables, the others
// wait for it. From then on nothing here changes: what edits do is beside it in every thread
// (base-entries.ts). Look-ups run while serving.
//
//   words  state, form, entries, slots - 1, bytes, lengths, lines, the lengths ...
//          entries   4 words each: text at, its length, value at, its length
//          next      1 word each: number of the next entry with the same text, 0: none
//          slots     2 words each: hash, number of the first entry with such a text, 0: free
//   bytes  the file
//   then   what shared-networks.ts makes of it, when somebody asks
//
// Numbers of entries count from 1 in the order of the file, as those of other lists do.

import { networkBytes, SharedNetworks } from './shared-networks.ts';

const wordState = 0;
const wordIsMap = 1;
const wordCount = 2;
const wordSlotMask = 3;
const wordBytes = 4;
const wordLengths = 5;
const wordLines = 6;
const wordFirstLength = 7;
/** With more different lengths of texts, prefixes and suffixes are not looked for here. */
const lengthsMax = 128;
const headWords = wordFirstLength + lengthsMax;
const entryWords = 4;
const slotWords = 2;

const stateRaw = 0;
const stateBusy = 1;
const stateReady = 2;

/** Different values that are kept once each. */
const sharedValuesMax = 4096;

const newline = 10;
const carriageReturn = 13;
const tab = 9;
const blank = 32;
const comment = 35;

/** Memory for a file of this content (bytes as latin1). Control thread, before threads start. */
export function allocateSharedList(content: string): SharedArrayBuffer {
  let lines = 1;
  for (let at = content.indexOf('\n'); at >= 0; at = content.indexOf('\n', at + 1)) lines++;
  let slots = 16;
  while (slots < lines * 1.5) slots *= 2;
  const words = headWords + lines * (entryWords + 1) + slots * slotWords;
  const textBytes = roundedUp(content.length);
  const buffer = new SharedArrayBuffer(words * 4 + textBytes + networkBytes(lines, slots));
  const head = new Int32Array(buffer, 0, headWords);
  head[wordLines] = lines;
  head[wordSlotMask] = slots - 1;
  head[wordBytes] = content.length;
  Buffer.from(buffer).write(content, words * 4, 'latin1');
  return buffer;
}

const roundedUp = (bytes: number): number => (bytes + 3) & ~3;

const prime = 0x01000193;
const seed = 0x811c9dc5 | 0;

/** Spreads the bits of a sum of bytes. */
function finish(sum: number): number {
  let hash = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const scratch = new Int32Array(lengthsMax);

export class SharedList {
  /** Entries, numbered from 1. */
  readonly count: number;
  private readonly memory: SharedArrayBuffer;
  private readonly networksAt: number;
  private found: SharedNetworks | null;
  private readonly head: Int32Array;
  private readonly entries: Int32Array;
  private readonly next: Int32Array;
  private readonly slots: Int32Array;
  private readonly slotMask: number;
  private readonly bytes: Uint8Array;
  private readonly buffer: Buffer;
  /** Different lengths of texts, ascending. */
  private lengths: Int32Array;

  /** Reads the file if nobody has; waits while another thread does. */
  constructor(memory: SharedArrayBuffer, isMap: boolean) {
    const head = new Int32Array(memory, 0, headWords);
    const slotCount = head[wordSlotMask] + 1;
    const byteCount = head[wordBytes];
    const lines = head[wordLines];
    const bytesAt = (headWords + lines * (entryWords + 1) + slotCount * slotWords) * 4;
    this.memory = memory;
    this.networksAt = bytesAt + roundedUp(byteCount);
    this.found = null;
    const nextAt = (headWords + lines * entryWords) * 4;
    this.head = head;
    this.entries = new Int32Array(memory, headWords * 4, lines * entryWords);
    this.next = new Int32Array(memory, nextAt, lines);
    this.slots = new Int32Array(memory, nextAt + lines * 4, slotCount * slotWords);
    this.slotMask = head[wordSlotMask];
    this.bytes = new Uint8Array(memory, bytesAt, byteCount);
    this.buffer = Buffer.from(memory, bytesAt, byteCount);
    this.lengths = head.subarray(wordFirstLength, wordFirstLength);
    if (Atomics.compareExchange(head, wordState, stateRaw, stateBusy) === stateRaw) {
      this.read(isMap);
      Atomics.store(head, wordState, stateReady);
      Atomics.notify(head, wordState);
    } else {
      while (Atomics.wait(head, wordState, stateBusy) === 'ok');
    }
    this.count = head[wordCount];
    this.lengths = head.subarray(wordFirstLength, wordFirstLength + head[wordLengths]);
  }

  /** Read with keys only, or with values: all users of a file agree (pattern-file.ts). */
  get isMap(): boolean {
    return this.head[wordIsMap] === 1;
  }

  /** Prefixes and suffixes can be looked for. */
  get hasLengths(): boolean {
    return this.lengths.length > 0;
  }

  /** The entries as networks; they are read when somebody asks first. */
  networks(): SharedNetworks {
    if (this.found === null) {
      const { memory, networksAt, head, slotMask } = this;
      this.found = new SharedNetworks({
        memory,
        at: networksAt,
        lines: head[wordLines],
        slotCount: slotMask + 1,
        texts: this,
      });
    }
    return this.found;
  }

  // ---- entries by number ----

  text(number: number): string {
    const at = (number - 1) * entryWords;
    const from = this.entries[at];
    return this.buffer.toString('latin1', from, from + this.entries[at + 1]);
  }

  textLength(number: number): number {
    return this.entries[(number - 1) * entryWords + 1];
  }

  /** Where the value is: equal numbers are equal values. */
  valueAt(number: number): number {
    return this.entries[(number - 1) * entryWords + 2];
  }

  value(number: number): string {
    const at = (number - 1) * entryWords + 2;
    const from = this.entries[at];
    return this.buffer.toString('latin1', from, from + this.entries[at + 1]);
  }

  /** Line of the file. */
  line(number: number): number {
    const end = this.entries[(number - 1) * entryWords];
    let line = 1;
    let at = this.buffer.indexOf(newline);
    for (; at >= 0 && at < end; at = this.buffer.indexOf(newline, at + 1)) line++;
    return line;
  }

  /** The next entry with the same text, 0: none. */
  after(number: number): number {
    return this.next[number - 1];
  }

  // ---- look-ups: numbers of entries, 0: none ----

  /** The first entry with this text. */
  find(text: string): number {
    const { length } = text;
    let sum = seed;
    for (let i = 0; i < length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), prime);
    return this.probe(finish(sum), text, 0, length);
  }

  /**
   * The first entry of the longest text that starts `text`, and is shorter than `below`: the
   * caller asks again for the next one.
   */
  longestPrefix(text: string, below: number): number {
    const { lengths } = this;
    const { length } = text;
    let known = 0;
    let sum = seed;
    for (let i = 0; known < lengths.length && lengths[known] < below; i++) {
      if (lengths[known] === i) scratch[known++] = finish(sum);
      if (i === length) break;
      sum = Math.imul(sum ^ text.charCodeAt(i), prime);
    }
    for (let i = known - 1; i >= 0; i--) {
      const found = this.probe(scratch[i], text, 0, lengths[i]);
      if (found > 0) return found;
    }
    return 0;
  }

  /** The first entry of the list that ends `text` and has a number above `above`. */
  firstSuffix(text: string, above: number): number {
    const { lengths } = this;
    const { length } = text;
    let first = 0;
    for (let i = 0; i < lengths.length && lengths[i] <= length; i++) {
      const from = length - lengths[i];
      let sum = seed;
      for (let at = from; at < length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), prime);
      let found = this.probe(finish(sum), text, from, length);
      while (found > 0 && found <= above) found = this.next[found - 1];
      if (found > 0 && (first === 0 || found < first)) first = found;
    }
    return first;
  }

  private probe(hash: number, text: string, from: number, to: number): number {
    const { slots, slotMask } = this;
    for (let slot = hash & slotMask; ; slot = (slot + 1) & slotMask) {
      const number = slots[slot * slotWords + 1];
      if (number === 0) return 0;
      if (slots[slot * slotWords] !== hash) continue;
      if (this.isText(number, text, from, to)) return number;
    }
  }

  private isText(number: number, text: string, from: number, to: number): boolean {
    const { entries, bytes } = this;
    const at = (number - 1) * entryWords;
    if (entries[at + 1] !== to - from) return false;
    const start = entries[at] - from;
    for (let i = from; i < to; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  // ---- reading, once per process ----

  private read(isMap: boolean): void {
    const { bytes, buffer, head } = this;
    const isCut = buffer.includes(carriageReturn) || buffer.includes(0);
    const values = new Map<string, number>();
    let count = 0;
    for (let from = 0; from < bytes.length; ) {
      const found = buffer.indexOf(newline, from);
      const lineEnd = found < 0 ? bytes.length : found;
      const end = isCut ? this.cutAt(from, lineEnd) : lineEnd;
      if (bytes[from] !== comment && this.readLine(count, from, end, isMap ? values : null)) {
        count++;
      }
      from = lineEnd + 1;
    }
    head[wordCount] = count;
    head[wordIsMap] = isMap ? 1 : 0;
    // From the end, so that the first of equal texts is the one that is found.
    for (let number = count; number > 0; number--) this.index(number);
    this.noteLengths(count);
  }

  /** What follows a CR or NUL is no part of a line. */
  private cutAt(from: number, end: number): number {
    const { bytes } = this;
    for (let at = from; at < end; at++) {
      if (bytes[at] === carriageReturn || bytes[at] === 0) return at;
    }
    return end;
  }

  /** As parseListFile and parseMapFile do; false: there is no entry in this line. */
  private readLine(
    count: number,
    from: number,
    end: number,
    values: Map<string, number> | null,
  ): boolean {
    const { entries } = this;
    const textAt = this.skipBlanks(from, end);
    if (textAt === end) return false;
    const at = count * entryWords;
    entries[at] = textAt;
    entries[at + 1] = end - textAt;
    if (values === null) return true;
    const textEnd = this.blankAt(textAt, end);
    const valueAt = this.skipBlanks(textEnd, end);
    let valueEnd = end;
    while (valueEnd > valueAt && this.isBlank(valueEnd - 1)) valueEnd--;
    entries[at + 1] = textEnd - textAt;
    entries[at + 2] = this.sharedValue(values, valueAt, valueEnd);
    entries[at + 3] = valueEnd - valueAt;
    return true;
  }

  /** Where a value that is the same was before; otherwise here. */
  private sharedValue(values: Map<string, number>, at: number, end: number): number {
    const value = this.buffer.toString('latin1', at, end);
    const known = values.get(value);
    if (known !== undefined) return known;
    if (values.size < sharedValuesMax) values.set(value, at);
    return at;
  }

  private isBlank(at: number): boolean {
    return this.bytes[at] === blank || this.bytes[at] === tab;
  }

  private skipBlanks(from: number, end: number): number {
    let at = from;
    while (at < end && this.isBlank(at)) at++;
    return at;
  }

  private blankAt(from: number, end: number): number {
    let at = from;
    while (at < end && !this.isBlank(at)) at++;
    return at;
  }

  private index(number: number): void {
    const { entries, bytes, slots, slotMask } = this;
    const at = (number - 1) * entryWords;
    const from = entries[at];
    const end = from + entries[at + 1];
    let sum = seed;
    for (let i = from; i < end; i++) sum = Math.imul(sum ^ bytes[i], prime);
    const hash = finish(sum);
    for (let slot = hash & slotMask; ; slot = (slot + 1) & slotMask) {
      const other = slots[slot * slotWords + 1];
      if (other !== 0 && (slots[slot * slotWords] !== hash || !this.isTwin(number, other)))
        continue;
      this.next[number - 1] = other;
      slots[slot * slotWords] = hash;
      slots[slot * slotWords + 1] = number;
      return;
    }
  }

  private isTwin(one: number, other: number): boolean {
    const { entries, bytes } = this;
    const [a, b] = [(one - 1) * entryWords, (other - 1) * entryWords];
    const length = entries[a + 1];
    if (length !== entries[b + 1]) return false;
    const [from, to] = [entries[a], entries[b]];
    for (let i = 0; i < length; i++) if (bytes[from + i] !== bytes[to + i]) return false;
    return true;
  }

  private noteLengths(count: number): void {
    const { entries, head } = this;
    const lengths = new Set<number>();
    for (let i = 0; i < count; i++) lengths.add(entries[i * entryWords + 1]);
    if (lengths.size > lengthsMax) return;
    const sorted = [...lengths].sort((a, b) => a - b);
    head.set(sorted, wordFirstLength);
    head[wordLengths] = sorted.length;
  }
}
