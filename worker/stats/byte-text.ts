// Text as bytes (latin1) that grows in one buffer: how answers of many thousand cells are written
// without a string for each. What was written is taken, or lent, piece by piece.
// Control thread and proxy threads, one object per answer.

/** Copying fewer bytes than this one by one is quicker than asking for it. */
const shortMax = 8;

const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;

/** Powers of ten that a 32-bit number may reach. */
const digitsMax = 10;

export class ByteText {
  private buffer: Uint8Array;
  private readonly pieceBytes: number;
  private length: number;

  /** `pieceBytes`: `isFull` from then on. */
  constructor(pieceBytes: number) {
    this.pieceBytes = pieceBytes;
    this.buffer = new Uint8Array(pieceBytes * 2);
    this.length = 0;
  }

  get isFull(): boolean {
    return this.length >= this.pieceBytes;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** What was written since the last time; from now on the taker's. */
  take(): Uint8Array {
    const piece = this.lend();
    this.buffer = Buffer.allocUnsafeSlow(this.pieceBytes * 2);
    return piece;
  }

  /** The same for who is done with it before anything else is written. */
  lend(): Uint8Array {
    const piece = this.buffer.subarray(0, this.length);
    this.length = 0;
    return piece;
  }

  private need(bytes: number): void {
    if (this.length + bytes > this.buffer.length) this.grow(bytes);
  }

  private grow(bytes: number): void {
    const grown = new Uint8Array(Math.max(this.buffer.length * 2, this.length + bytes));
    grown.set(this.buffer);
    this.buffer = grown;
  }

  byte(code: number): void {
    this.need(1);
    this.buffer[this.length++] = code;
  }

  bytes(from: Uint8Array): void {
    const { length } = from;
    this.need(length);
    const { buffer } = this;
    const at = this.length;
    if (length > shortMax) buffer.set(from, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = from[i];
    this.length = at + length;
  }

  /** The first `length` of these bytes. */
  begin(from: Uint8Array, length: number): void {
    this.bytes(from);
    this.length -= from.length - length;
  }

  text(text: string): void {
    const { length } = text;
    this.need(length);
    const { buffer } = this;
    const at = this.length;
    for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i);
    this.length = at + length;
  }

  /** A number as JavaScript writes it. */
  number(value: number): void {
    if (value !== value >>> 0) {
      this.text(String(value));
      return;
    }
    if (value < 10) {
      this.byte(zero + value);
      return;
    }
    this.need(digitsMax);
    let digits = 1;
    for (let rest = value; rest >= 10; rest = (rest / 10) >>> 0) digits++;
    let at = this.length + digits;
    this.length = at;
    for (let rest = value; digits > 0; digits--) {
      const tenth = (rest / 10) >>> 0;
      this.buffer[--at] = zero + rest - tenth * 10;
      rest = tenth;
    }
  }

  /** A field of CSV: quoted only where the text would be ambiguous. */
  csv(text: string): void {
    const at = this.length;
    this.text(text);
    const { buffer } = this;
    for (let i = at; i < this.length; i++) {
      const code = buffer[i];
      if (code !== quote && code !== comma && code !== 0x0a && code !== 0x0d) continue;
      this.length = at;
      this.text(`"${text.replaceAll('"', '""')}"`);
      return;
    }
  }
}

/** What is written often, made once. */
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
