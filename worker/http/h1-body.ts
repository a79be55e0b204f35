// Takes the framing off HTTP/1 bodies (RFC 9112 6, 7): where the payload is, and when the body is
// over. One decoder per connection and direction, used by the muxes. Chunk lines are consumed as
// they come; payload is shown in place and moved only over chunk lines between two pieces of it:
//   received:  5 CRLF h e l l o CRLF 3 CRLF a b c CRLF 0 CRLF CRLF
//   shown:            h e l l o a b c                               payloadAt, payloadLength

import { chunkBytesMax, chunkLineBytesMax, type H1Limits, HeadState, h1ErrorChunk } from './h1.ts';
import { parseFields } from './h1-field.ts';
import { bodyChunked, bodyLength, bodyNone, type Message } from './message.ts';
import { carriageReturn, hexValue, lineFeed, semicolon, space, tab } from './syntax.ts';

const stateSize = 0;
const stateSizeBlank = 1;
const stateExtension = 2;
const stateQuoted = 3;
const stateEscaped = 4;
const stateSizeLineFeed = 5;
const stateData = 6;
const stateDataReturn = 7;
const stateDataLineFeed = 8;
const stateTrailers = 9;

/** Where trailers are parsed into: one per thread, overwritten by the next body with trailers. */
export class TrailerReader {
  readonly message: Message;
  readonly state: HeadState;

  constructor(message: Message, limits: H1Limits) {
    this.message = message;
    this.state = new HeadState(limits);
    this.state.isTrailers = true;
  }

  /**
   * Parses the trailer lines in the `length` bytes at `at` into `message`. Returns their length
   * with the empty line, 0: incomplete, or an error (offset in `state.errorAt`).
   */
  parse(at: number, length: number): number {
    const { message, state } = this;
    state.hostWord = -1;
    state.seen = 0;
    state.violationAt = -1;
    message.count = 0;
    message.headAt = at;
    message.headLength = 0;
    message.contentLength = -1;
    const end = parseFields(message, at, at + length, state);
    if (end < 0) state.errorAt -= at;
    if (end <= 0) return end;
    message.headLength = end - at;
    return end - at;
  }
}

export class BodyDecoder {
  /** Payload found by the last `decode`. */
  payloadAt: number;
  payloadLength: number;
  /** Received bytes the last `decode` is done with; the caller takes them off its buffer. */
  consumed: number;
  /** Nothing of the message follows what has been consumed. */
  done: boolean;
  /** 0, or an h1Error*; `errorAt` bytes after `at`. Payload before it is shown all the same. */
  error: number;
  errorAt: number;
  /** Bytes of the body, or of the current chunk, still to come; may be passed by (`pass`). */
  remaining: number;
  /** Trailer lines of a chunked body that is done, as received; length 0: none. */
  trailersAt: number;
  trailersLength: number;
  /** Of the thread whose memory is decoded. */
  trailers: TrailerReader;
  private framing: number;
  private state: number;
  private lineBytes: number;
  private trailersSeen: number;

  constructor(trailers: TrailerReader) {
    this.payloadAt = 0;
    this.payloadLength = 0;
    this.consumed = 0;
    this.done = true;
    this.error = 0;
    this.errorAt = 0;
    this.remaining = 0;
    this.trailersAt = 0;
    this.trailersLength = 0;
    this.trailers = trailers;
    this.framing = bodyNone;
    this.state = stateSize;
    this.lineBytes = 0;
    this.trailersSeen = 0;
  }

  /** Begins a body: `Message.framing` and `contentLength` of its head. */
  start(framing: number, contentLength: number): void {
    this.framing = framing;
    this.payloadLength = 0;
    this.consumed = 0;
    this.error = 0;
    this.trailersLength = 0;
    this.state = stateSize;
    this.lineBytes = 0;
    this.trailersSeen = 0;
    this.remaining = 0;
    if (framing === bodyLength) this.remaining = contentLength;
    else if (framing !== bodyNone && framing !== bodyChunked) {
      this.remaining = Number.MAX_SAFE_INTEGER;
    }
    this.done = framing === bodyNone || (framing === bodyLength && contentLength === 0);
  }

  /**
   * Looks at the `rawLength` received bytes at `at`: first what the last call did not consume,
   * then what is new. A buffer that is full of what this does not consume holds trailers too
   * large for it.
   */
  decode(bytes: Uint8Array, at: number, rawLength: number): void {
    this.payloadAt = at;
    this.payloadLength = 0;
    this.consumed = 0;
    if (this.done || this.error < 0) return;
    if (this.framing === bodyChunked) {
      this.decodeChunks(bytes, at, at + rawLength);
      return;
    }
    const length = Math.min(rawLength, this.remaining);
    this.payloadLength = length;
    this.consumed = length;
    this.pass(length);
  }

  /** Accounts for payload that went another way (splice): at most `remaining` bytes. */
  pass(length: number): void {
    if (this.framing === bodyChunked) {
      this.remaining -= length;
      if (this.remaining === 0) this.state = stateDataReturn;
    } else if (this.framing === bodyLength) {
      this.remaining -= length;
      this.done = this.remaining === 0;
    }
  }

  /** True while payload of the current chunk or body comes next, so that `pass` may be used. */
  isInPayload(): boolean {
    return this.framing === bodyChunked ? this.state === stateData : !this.done;
  }

  private decodeChunks(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && !this.done) {
      let next = at;
      if (this.state === stateData) next = this.takePayload(bytes, at, end);
      else if (this.state === stateTrailers) next = this.takeTrailers(bytes, at, end);
      else next = this.takeLine(bytes, at, end);
      if (this.error < 0) {
        this.errorAt = next - start;
        break;
      }
      if (next === at) break;
      at = next;
    }
    this.consumed = at - start;
  }

  private takePayload(bytes: Uint8Array, at: number, end: number): number {
    const available = end - at;
    const length = Math.min(available, this.remaining);
    const to = this.payloadAt + this.payloadLength;
    if (this.payloadLength === 0) this.payloadAt = at;
    else if (to !== at) bytes.copyWithin(to, at, at + length);
    this.payloadLength += length;
    this.pass(length);
    return at + length;
  }

  /** Bytes of a chunk line or of the line end after a chunk, until it is over. */
  private takeLine(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const next = this.step(bytes[at]);
      if (next < 0) {
        this.error = h1ErrorChunk;
        return at;
      }
      this.state = next;
      at++;
      if (next === stateData || next === stateTrailers) break;
    }
    return at;
  }

  /** The state after `byte`, -1: it may not be here. */
  private step(byte: number): number {
    if (this.state === stateDataReturn) return byte === carriageReturn ? stateDataLineFeed : -1;
    if (this.state === stateDataLineFeed) {
      this.lineBytes = 0;
      return byte === lineFeed ? stateSize : -1;
    }
    if (++this.lineBytes > chunkLineBytesMax) return -1;
    if (this.state === stateSizeLineFeed) {
      if (byte !== lineFeed) return -1;
      return this.remaining === 0 ? stateTrailers : stateData;
    }
    return this.state <= stateSizeBlank ? this.stepSize(byte) : this.stepExtension(byte);
  }

  private stepSize(byte: number): number {
    const digit = hexValue[byte];
    if (digit < 16) {
      this.remaining = this.remaining * 16 + digit;
      return this.state === stateSize && this.remaining <= chunkBytesMax ? stateSize : -1;
    }
    if (this.lineBytes === 1) return -1;
    if (byte === carriageReturn) return stateSizeLineFeed;
    if (byte === semicolon) return stateExtension;
    return byte === space || byte === tab ? stateSizeBlank : -1;
  }

  /** Extensions end at the line end, which may not be inside quotes (RFC 9112 7.1.1). */
  private stepExtension(byte: number): number {
    const isControl = (byte < space && byte !== tab) || byte === 127;
    if (isControl) {
      return byte === carriageReturn && this.state === stateExtension ? stateSizeLineFeed : -1;
    }
    if (this.state === stateEscaped) return stateQuoted;
    if (byte === 92) return this.state === stateQuoted ? stateEscaped : -1;
    if (byte === 34) return this.state === stateQuoted ? stateExtension : stateQuoted;
    return this.state;
  }

  /** All trailer lines at once; looks at them again only when another line has ended. */
  private takeTrailers(bytes: Uint8Array, at: number, end: number): number {
    let i = at + this.trailersSeen;
    while (i < end && bytes[i] !== lineFeed) i++;
    this.trailersSeen = end - at;
    if (i === end) return at;
    const length = this.trailers.parse(at, end - at);
    if (length < 0) {
      this.error = length;
      return at + this.trailers.state.errorAt;
    }
    if (length === 0) return at;
    this.done = true;
    this.trailersAt = at;
    this.trailersLength = this.trailers.message.count > 0 ? length : 0;
    return at + length;
  }
}
