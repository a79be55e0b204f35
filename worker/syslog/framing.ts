// Messages in a stream (RFC 6587): counted octets, or lines. Bytes come in any pieces; what is
// not whole waits for more. Control thread only.

const lineFeed = 10;
const carriageReturn = 13;
const space = 32;
/** Digits of a count that may be waited for. */
const digitsMax = 10;

/** A whole message: `length` bytes at `at`. */
export type TakeMessage = (bytes: Buffer, at: number, length: number) => void;

export class FrameReader {
  private waiting: Buffer;
  private readonly lengthMax: number;
  /** Lines, whatever a message begins with. */
  private readonly isByLine: boolean;

  constructor(lengthMax: number, isByLine: boolean) {
    this.waiting = Buffer.alloc(0);
    this.lengthMax = lengthMax;
    this.isByLine = isByLine;
  }

  /** Gives every message that is whole now to `take`; false: the stream is none of messages. */
  push(chunk: Buffer, take: TakeMessage): boolean {
    const bytes = this.waiting.length === 0 ? chunk : Buffer.concat([this.waiting, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const isLine = this.isByLine || bytes[at] === 60;
      const next = isLine ? this.readLine(bytes, at, take) : this.readCounted(bytes, at, take);
      if (next === wrong) return false;
      if (next === unfinished) break;
      at = next;
    }
    // A copy: the chunk is the socket's, and may be much larger.
    this.waiting = Buffer.from(bytes.subarray(at));
    return true;
  }

  private readLine(bytes: Buffer, at: number, take: TakeMessage): number {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) return bytes.length - at < this.lengthMax ? unfinished : wrong;
    if (end - at >= this.lengthMax) return wrong;
    const hasReturn = end > at && bytes[end - 1] === carriageReturn;
    take(bytes, at, end - at - (hasReturn ? 1 : 0));
    return end + 1;
  }

  private readCounted(bytes: Buffer, at: number, take: TakeMessage): number {
    if (bytes[at] < 49 || bytes[at] > 57) return wrong;
    let stop = at;
    let length = 0;
    for (; bytes[stop] !== space; stop++) {
      if (stop === bytes.length) return stop - at < digitsMax ? unfinished : wrong;
      if (bytes[stop] < 48 || bytes[stop] > 57) return wrong;
      length = length * 10 + bytes[stop] - 48;
    }
    if (length > this.lengthMax) return wrong;
    if (stop + 1 + length > bytes.length) return unfinished;
    take(bytes, stop + 1, length);
    return stop + 1 + length;
  }
}

const unfinished = -1;
const wrong = -2;
