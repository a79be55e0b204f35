// Writes the parameters of a FastCGI request as name-value pairs into memory that it is given:
// names in capitals with underscores, as CGI has them (RFC 3875 4.1). Used by mux/fcgi-request.ts
// and by health checks. Never writes past its room; one that does not fit makes all of it refused.

import { lengthBytes, writeLength } from './fcgi-records.ts';
import { latin1, writeLatin1 } from './message.ts';

/** Bytes of names as they are written: letters in capitals, digits, all else an underscore. */
const nameByte = new Uint8Array(256).fill(95);
for (let i = 0; i < 10; i++) nameByte[48 + i] = 48 + i;
for (let i = 0; i < 26; i++) {
  nameByte[65 + i] = 65 + i;
  nameByte[97 + i] = 65 + i;
}

const noBytes = new Uint8Array(0);

export class ParamWriter {
  private bytes: Uint8Array;
  private startAt: number;
  private at: number;
  private end: number;
  /** Something did not fit. */
  isFull: boolean;

  constructor() {
    this.bytes = noBytes;
    this.startAt = 0;
    this.at = 0;
    this.end = 0;
    this.isFull = false;
  }

  /** Begins to write at `at`, at most `room` bytes. */
  start(bytes: Uint8Array, at: number, room: number): void {
    this.bytes = bytes;
    this.startAt = at;
    this.at = at;
    this.end = at + room;
    this.isFull = false;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.at - this.startAt;
  }

  /** Both lengths, if the pair fits. */
  private open(nameLength: number, valueLength: number): boolean {
    const lengths = lengthBytes(nameLength) + lengthBytes(valueLength);
    if (this.at + lengths + nameLength + valueLength > this.end) this.isFull = true;
    if (this.isFull) return false;
    this.at = writeLength(this.bytes, this.at, nameLength);
    this.at = writeLength(this.bytes, this.at, valueLength);
    return true;
  }

  /** `name` as it is, with a value of one character per byte. */
  text(name: string, value: string): void {
    if (!this.open(name.length, value.length)) return;
    writeLatin1(this.bytes, this.at, name);
    writeLatin1(this.bytes, this.at + name.length, value);
    this.at += name.length + value.length;
  }

  /** `name` as it is, with a value that stands in the same memory. */
  copy(name: string, valueAt: number, valueLength: number): void {
    if (!this.open(name.length, valueLength)) return;
    writeLatin1(this.bytes, this.at, name);
    this.at += name.length;
    this.bytes.copyWithin(this.at, valueAt, valueAt + valueLength);
    this.at += valueLength;
  }

  /** A header of the request or a parameter of rules: `prefix`, then the name made one of CGI. */
  field(prefix: string, name: FieldPlace, valueAt: number, valueLength: number): void {
    const { bytes } = this;
    if (!this.open(prefix.length + name.length, valueLength)) return;
    writeLatin1(bytes, this.at, prefix);
    this.at += prefix.length;
    for (let i = 0; i < name.length; i++) bytes[this.at++] = nameByte[bytes[name.at + i]];
    bytes.copyWithin(this.at, valueAt, valueAt + valueLength);
    this.at += valueLength;
  }
}

/** Where a header's name stands. */
export interface FieldPlace {
  at: number;
  length: number;
}

/** `name` as a parameter has it. Start time, and checks. */
export function paramName(name: string): string {
  const bytes = Buffer.from(name, 'latin1');
  for (let i = 0; i < bytes.length; i++) bytes[i] = nameByte[bytes[i]];
  return latin1(bytes, 0, bytes.length);
}
