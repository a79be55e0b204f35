// Text as bytes (latin1): how answers of many thousand cells are written without a string for
// each. What is written often is a Phrase, copied eight bytes at a time; numbers are written as
// digits where they are to stand. Control thread and proxy threads, one object per answer.

import type { Viewed } from '../memory/small.ts';

const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;

/** Bytes that the longest number may take: 17 digits, sign, point, exponent. */
export const numberBytesMax = 26;
/** A copy of a phrase may write this much behind its end, which the next bytes write over. */
export const slackBytes = 8;

/**
 * What is written often, made once. As floats because that is the most that compiled code copies
 * at a time; a float that is none may change on its way, so such bytes are copied one by one.
 */
export class Phrase {
  length: number;
  words: Float64Array;
  /** null mostly: see above. */
  odd: Uint8Array | null;
  /** The memory of `words`. */
  private bytes: Uint8Array;

  constructor(text: string) {
    this.length = 0;
    this.words = new Float64Array((text.length + 7) >> 3);
    this.bytes = new Uint8Array(this.words.buffer);
    this.odd = null;
    this.set(text);
  }

  /** Another text, in the same memory if it can be. */
  set(text: string): void {
    const { length } = text;
    if (length > this.bytes.length) {
      this.words = new Float64Array((length + 7) >> 3);
      this.bytes = new Uint8Array(this.words.buffer);
    }
    this.length = writeText(this.bytes, 0, text);
    this.odd = null;
    const count = (length + 7) >> 3;
    for (let i = 0; i < count; i++) {
      if (Number.isNaN(this.words[i])) this.odd = this.bytes;
    }
  }
}

/** Writes a phrase at `at`, and up to slackBytes more; returns where it ends. */
export function writePhrase({ bytes, view }: Viewed, at: number, phrase: Phrase): number {
  const { length, words, odd } = phrase;
  if (odd !== null) {
    for (let i = 0; i < length; i++) bytes[at + i] = odd[i];
  } else {
    const count = (length + 7) >> 3;
    for (let i = 0; i < count; i++) view.setFloat64(at + (i << 3), words[i], true);
  }
  return at + length;
}

const wholeMax = 2 ** 32;
const tenMillions = 1e8;

/** Writes a number as JavaScript does, numberBytesMax at most; returns where it ends. */
export function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value === value >>> 0) {
    if (value >= 10) return writeWhole(bytes, at, value);
    bytes[at] = zero + value;
    return at + 1;
  }
  // Counts of bytes: two halves that are whole numbers of 32 bits each.
  if (value >= wholeMax && value < wholeMax * tenMillions && Number.isSafeInteger(value)) {
    const high = Math.floor(value / tenMillions);
    const middle = writeWhole(bytes, at, high);
    writeDigits(bytes, middle + 8, value - high * tenMillions, 8);
    return middle + 8;
  }
  return writeText(bytes, at, String(value));
}

function writeWhole(bytes: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit && digits < 10; limit *= 10) digits++;
  writeDigits(bytes, at + digits, value, digits);
  return at + digits;
}

/** `digits` digits that end before `end`. */
function writeDigits(bytes: Uint8Array, end: number, value: number, digits: number): void {
  let rest = value >>> 0;
  for (let i = 1; i <= digits; i++) {
    const tenth = (rest / 10) >>> 0;
    bytes[end - i] = zero + rest - tenth * 10;
    rest = tenth;
  }
}

function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Text that grows in a buffer of its own; what was written is lent piece by piece. */
export class ByteText implements Viewed {
  bytes: Uint8Array;
  view: DataView;
  /** Bytes written; whoever made room may write there by himself and set it. */
  length: number;
  private readonly pieceBytes: number;

  /** `pieceBytes`: `isFull` from then on. */
  constructor(pieceBytes: number) {
    this.pieceBytes = pieceBytes;
    this.bytes = Buffer.allocUnsafeSlow(pieceBytes * 2);
    this.view = viewOf(this.bytes);
    this.length = 0;
  }

  get isFull(): boolean {
    return this.length >= this.pieceBytes;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** What was written since the last time; it stays as it is until more is written. */
  lend(): Uint8Array {
    const piece = this.bytes.subarray(0, this.length);
    this.length = 0;
    return piece;
  }

  /** Room for so many bytes more and the slack of a phrase. */
  need(bytes: number): void {
    if (this.length + bytes + slackBytes > this.bytes.length) this.grow(bytes);
  }

  private grow(bytes: number): void {
    const grown = Buffer.allocUnsafeSlow(
      Math.max(this.bytes.length * 2, this.length + bytes + slackBytes),
    );
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = viewOf(grown);
  }

  byte(code: number): void {
    this.need(1);
    this.bytes[this.length++] = code;
  }

  phrase(phrase: Phrase): void {
    this.need(phrase.length);
    this.length = writePhrase(this, this.length, phrase);
  }

  text(text: string): void {
    this.need(text.length);
    this.length = writeText(this.bytes, this.length, text);
  }

  /** A number as JavaScript writes it. */
  number(value: number): void {
    this.need(numberBytesMax);
    this.length = writeNumber(this.bytes, this.length, value);
  }

  /** A field of CSV: quoted only where the text would be ambiguous. */
  csv(text: string): void {
    const { length } = text;
    this.need(length);
    const { bytes, length: at } = this;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code <= comma && (code === quote || code === comma || code === 0x0a || code === 0x0d)) {
        this.text(`"${text.replaceAll('"', '""')}"`);
        return;
      }
      bytes[at + i] = code;
    }
    this.length = at + length;
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
