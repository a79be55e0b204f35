// One log line being built: a cursor over bytes. Appending never fails: what does not fit is cut
// off. Used by the log's writers while serving; no strings are made for numbers.

export class LineBuffer {
  readonly bytes: Uint8Array;
  at: number;
  /** First offset that may not be written. */
  end: number;
  /** Where the message proper starts, after its header. */
  messageAt: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
    this.messageAt = 0;
  }

  /** Starts a line at `at` of at most `length` bytes. */
  start(at: number, length: number): void {
    this.at = at;
    this.messageAt = at;
    this.end = Math.min(this.bytes.length, at + length);
  }

  byte(code: number): void {
    if (this.at < this.end) this.bytes[this.at++] = code;
  }

  /** Characters as they are: constants and text already checked. */
  text(text: string): void {
    const length = Math.min(text.length, this.end - this.at);
    const { bytes, at } = this;
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i);
    this.at = at + length;
  }

  /** Bytes as they are. */
  copy(from: Uint8Array, at: number, length: number): void {
    const room = Math.min(length, this.end - this.at);
    const { bytes } = this;
    for (let i = 0, to = this.at; i < room; i++) bytes[to++] = from[at + i];
    this.at += room;
  }

  /** Text from outside: bytes that would break the line become `#XX` (manual 8.6). */
  escaped(text: string, codes: Uint8Array): void {
    const { length } = text;
    for (let i = 0; i < length && this.at < this.end; i++) {
      const code = text.charCodeAt(i) & 255;
      if (codes[code] === 0) this.bytes[this.at++] = code;
      else this.coded(code);
    }
  }

  /** The same for bytes of a message. */
  escapedBytes(from: Uint8Array, at: number, length: number, codes: Uint8Array): void {
    for (let i = at; i < at + length && this.at < this.end; i++) {
      const code = from[i];
      if (codes[code] === 0) this.bytes[this.at++] = code;
      else this.coded(code);
    }
  }

  private coded(code: number): void {
    this.byte(35);
    this.byte(hexDigits[code >> 4]);
    this.byte(hexDigits[code & 15]);
  }

  /** A decimal integer. */
  number(value: number): void {
    let rest = Math.trunc(value);
    if (rest < 0) {
      this.byte(45);
      rest = -rest;
    }
    if (rest < 10) {
      this.byte(48 + rest);
      return;
    }
    const width = digitCount(rest);
    if (this.at + width > this.end) {
      this.text(String(rest));
      return;
    }
    const { bytes } = this;
    let i = this.at + width;
    this.at = i;
    for (let n = 0; n < width; n++) {
      const next = Math.floor(rest / 10);
      bytes[--i] = 48 + (rest - next * 10);
      rest = next;
    }
  }

  /** Three digits with leading zeroes: milliseconds. */
  millis(value: number): void {
    const hundreds = (value / 100) | 0;
    const tens = ((value / 10) | 0) % 10;
    this.byte(48 + hundreds);
    this.byte(48 + tens);
    this.byte(48 + (value % 10));
  }
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}

const hexDigits = Uint8Array.from(Buffer.from('0123456789ABCDEF', 'latin1'));

/** Which bytes are written as `#XX`: control characters, bytes from 127 on, and `extra`. */
export function escapeCodes(extra: string): Uint8Array {
  const codes = new Uint8Array(256);
  for (let i = 0; i < 256; i++)
    codes[i] = i < 32 || i > 126 || extra.includes(String.fromCharCode(i)) ? 1 : 0;
  return codes;
}
