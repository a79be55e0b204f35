// Records of FastCGI 1.0: their numbers and layout, name-value pairs, and what can be told of a
// response from the records at hand. Used by mux/fcgi-*.ts and by health checks. Pure: bytes in and
// out, no state that outlives a call.
//
//   byte    0        1     2   3      4      5         6         7
//        version | type | id     | content length | padding | reserved | content | padding

export const recordHeaderBytes = 8;
/** The longest content that 16 bits can tell. */
export const recordBytesMax = 0xffff;
export const requestIdMax = 0xffff;
const recordVersion = 1;

export const recordBegin = 1;
export const recordAbort = 2;
export const recordEnd = 3;
export const recordParams = 4;
export const recordStdin = 5;
export const recordStdout = 6;
export const recordStderr = 7;
export const recordGetValues = 9;
export const recordValues = 10;
export const recordUnknown = 11;

/** What a request can come to (protocolStatus of END_REQUEST). */
export const statusComplete = 0;
export const statusNoMultiplex = 1;
export const statusOverloaded = 2;
export const statusUnknownRole = 3;

export const endBytes = 8;
export const beginBytes = recordHeaderBytes + 8;
const roleResponder = 1;
const keepConnection = 1;

/** The header of one record. Filled again and again. */
export class RecordHeader {
  type: number;
  id: number;
  length: number;
  padding: number;

  constructor() {
    this.type = 0;
    this.id = 0;
    this.length = 0;
    this.padding = 0;
  }

  /** Reads the eight bytes at `at`. False: another version of the protocol, or none of it. */
  read(bytes: Uint8Array, at: number): boolean {
    this.type = bytes[at + 1];
    this.id = (bytes[at + 2] << 8) | bytes[at + 3];
    this.length = (bytes[at + 4] << 8) | bytes[at + 5];
    this.padding = bytes[at + 6];
    return bytes[at] === recordVersion;
  }

  /** Records about the connection have number 0, those about a request another one. */
  isMisplaced(): boolean {
    return this.isKnown() && (this.id === 0) !== this.type >= recordGetValues;
  }

  isKnown(): boolean {
    return this.type >= recordBegin && this.type <= recordUnknown;
  }
}

/** Writes a header without padding; returns the offset after it. `length`: 0 to 65535. */
export function writeRecordHeader(
  bytes: Uint8Array,
  at: number,
  { type, id, length }: Pick<RecordHeader, 'type' | 'id' | 'length'>,
): number {
  bytes[at] = recordVersion;
  bytes[at + 1] = type;
  bytes[at + 2] = id >>> 8;
  bytes[at + 3] = id;
  bytes[at + 4] = length >>> 8;
  bytes[at + 5] = length;
  bytes[at + 6] = 0;
  bytes[at + 7] = 0;
  return at + recordHeaderBytes;
}

const beginHeader = { type: recordBegin, id: 0, length: beginBytes - recordHeaderBytes };

/** A whole BEGIN_REQUEST for a responder; `keeps`: the connection is to stay. */
export function writeBegin(bytes: Uint8Array, at: number, id: number, keeps: boolean): number {
  beginHeader.id = id;
  const to = writeRecordHeader(bytes, at, beginHeader);
  bytes.fill(0, to, to + 8);
  bytes[to + 1] = roleResponder;
  bytes[to + 2] = keeps ? keepConnection : 0;
  return to + 8;
}

/** Where a pair's name and value stand. */
export class Pair {
  nameAt: number;
  nameLength: number;
  valueAt: number;
  valueLength: number;

  constructor() {
    this.nameAt = 0;
    this.nameLength = 0;
    this.valueAt = 0;
    this.valueLength = 0;
  }

  /** Reads the pair at `at`; returns the offset after it, -1: it does not end before `end`. */
  read(bytes: Uint8Array, at: number, end: number): number {
    let next = lengthEnd(bytes, at, end);
    if (next < 0) return -1;
    this.nameLength = lengthAt(bytes, at);
    const valueLengthAt = next;
    next = lengthEnd(bytes, next, end);
    if (next < 0) return -1;
    this.valueLength = lengthAt(bytes, valueLengthAt);
    this.nameAt = next;
    this.valueAt = next + this.nameLength;
    const stop = this.valueAt + this.valueLength;
    return stop > end ? -1 : stop;
  }
}

/** Lengths below 128 take one byte, others four with the highest bit set. */
const isLong = (byte: number): boolean => byte >= 128;

function lengthEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const next = at + (isLong(bytes[at]) ? 4 : 1);
  return next > end ? -1 : next;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  if (!isLong(bytes[at])) return bytes[at];
  return (
    (bytes[at] & 127) * 0x1000000 + (bytes[at + 1] << 16) + (bytes[at + 2] << 8) + bytes[at + 3]
  );
}

/** Bytes that the length of a name or value takes. */
export const lengthBytes = (length: number): number => (length < 128 ? 1 : 4);

/** Writes such a length, below 2^31; returns the offset after it. */
export function writeLength(bytes: Uint8Array, at: number, length: number): number {
  if (length < 128) {
    bytes[at] = length;
    return at + 1;
  }
  bytes[at] = (length >>> 24) | 128;
  bytes[at + 1] = length >>> 16;
  bytes[at + 2] = length >>> 8;
  bytes[at + 3] = length;
  return at + 4;
}

/** What is left of a record whose header has been read. */
export interface RecordRest {
  readonly left: number;
  readonly padding: number;
}

const ahead = new RecordHeader();

/**
 * Bytes of output that request `id` has in what was received from `at` to `end`, which begins in
 * the middle of one of its records of output; -1: its end is not there.
 */
export function outputAhead(
  bytes: Uint8Array,
  { at, end }: { readonly at: number; readonly end: number },
  { left, padding }: RecordRest,
  id: number,
): number {
  let total = left;
  let next = at + left + padding;
  while (next + recordHeaderBytes <= end) {
    if (!ahead.read(bytes, next)) return -1;
    const isOwn = ahead.id === id;
    if (isOwn && ahead.type === recordEnd) return total;
    if (isOwn && ahead.type === recordStdout) {
      if (ahead.length === 0) return total;
      total += ahead.length;
    }
    next += recordHeaderBytes + ahead.length + ahead.padding;
  }
  return -1;
}
