// The sending half of a connection that carries one message at a time. Heads are written into the
// thread's scratch area and leave in one call together with the payload; what the kernel does not take
// is kept in one pending slot, so that nobody else's memory is needed to finish.
//
//   one call:  A = head and chunk size (scratch)   B = payload (its owner's slot)   C = chunk end

import { blocked, type Connection } from '../conn/connection.ts';
import type { Pipe } from '../conn/pipes.ts';
import { writeChunkHeader, writeLastChunk, writeTrailers } from '../http/h1-write.ts';
import type { ThreadContext } from '../thread-context.ts';
import { type Outbound, sideGone } from './side.ts';

/** Payload up to this size is copied behind the head: one plain send beats a vector. */
const copyMaxBytes = 2048;
/** Longest chunk size line plus chunk end plus last chunk. */
const chunkRoomBytes = 32;

export class Output implements Outbound {
  readonly connection: Connection;
  readonly thread: ThreadContext;
  /** The message leaves in chunks (RFC 9112 7.1). */
  chunked: boolean;
  /** The message has no body for its reader (HEAD, 204, 304): payload is taken and goes nowhere. */
  discards: boolean;
  /** Headroom for PROXY headers and the like: sent before anything else. */
  private trailersAt: number;
  private trailersLength: number;
  private pendingAt: number;
  private pendingStart: number;
  private pendingEnd: number;
  /** Payload that waits in the kernel; leaves after the pending slot. */
  private pipe: Pipe | null;

  constructor(connection: Connection, thread: ThreadContext) {
    this.connection = connection;
    this.thread = thread;
    this.chunked = false;
    this.discards = false;
    this.trailersAt = 0;
    this.trailersLength = 0;
    this.pendingAt = -1;
    this.pendingStart = 0;
    this.pendingEnd = 0;
    this.pipe = null;
  }

  setTrailers(at: number, length: number): void {
    this.trailersAt = at;
    this.trailersLength = this.discards ? 0 : length;
  }

  /**
   * Sends `headLength` bytes that stand at the start of the scratch area, then payload.
   * Returns payload bytes taken, or sideGone.
   */
  start(headLength: number, at: number, length: number, done: boolean): number {
    if (!this.chunked || this.discards) this.trailersLength = 0;
    if (!this.discards) return this.gather(headLength, at, length, done);
    this.chunked = false;
    const sent = this.gather(headLength, 0, 0, false);
    return sent === sideGone ? sideGone : length;
  }

  send(at: number, length: number, done: boolean): number {
    if (!this.flush()) return this.connection.isOpen ? 0 : sideGone;
    if (this.discards) return length;
    if (this.chunked) return length > 0 || done ? this.gather(0, at, length, done) : 0;
    if (length === 0 || !this.connection.writable) return 0;
    const sent = this.connection.send(at, length, false);
    if (sent === blocked) return 0;
    return sent < 0 ? sideGone : sent;
  }

  flush(): boolean {
    return this.connection.flush() && this.flushSlot() && this.flushPipe();
  }

  private flushSlot(): boolean {
    if (this.pendingAt < 0) return true;
    if (!this.connection.isOpen || !this.connection.writable) return false;
    const length = this.pendingEnd - this.pendingStart;
    const sent = this.connection.send(this.pendingAt + this.pendingStart, length, false);
    if (sent < 0) return false;
    this.pendingStart += sent;
    if (sent < length) return false;
    this.releaseSlot();
    return this.connection.isFlushed();
  }

  private flushPipe(): boolean {
    const { pipe, connection } = this;
    if (pipe === null) return true;
    while (connection.isOpen && connection.writable && pipe.held > 0) {
      const sent = connection.sys.splice(pipe.readFd, connection.fd, pipe.held, false);
      if (sent <= 0) {
        connection.writable = false;
        return false;
      }
      pipe.held -= sent;
      connection.bytesSent += sent;
    }
    if (pipe.held > 0) return false;
    this.releasePipe();
    return true;
  }

  sendPipe(pipe: Pipe): void {
    this.pipe = pipe;
    this.flushPipe();
  }

  isFlushed(): boolean {
    return this.pendingAt < 0 && this.pipe === null && this.connection.isFlushed();
  }

  queuedBytes(): number {
    const kept = this.pendingAt < 0 ? 0 : this.pendingEnd - this.pendingStart;
    return kept + (this.pipe === null ? 0 : this.pipe.held);
  }

  isRaw(): boolean {
    return !this.chunked && !this.discards && this.isFlushed() && this.connection.transport === null;
  }

  /** Gives the pending slot and pipe back. */
  release(): void {
    this.releaseSlot();
    this.releasePipe();
  }

  private releaseSlot(): void {
    if (this.pendingAt < 0) return;
    this.thread.memory.release(this.pendingAt);
    this.pendingAt = -1;
  }

  private releasePipe(): void {
    if (this.pipe === null) return;
    this.thread.pipes.release(this.pipe);
    this.pipe = null;
  }

  /** Keeps `length` bytes at `at` to be sent first. False: no slot or no room. */
  stash(at: number, length: number): boolean {
    if (length === 0) return true;
    const { memory } = this.thread;
    if (this.pendingAt < 0) {
      this.pendingAt = memory.take();
      if (this.pendingAt < 0) return false;
      this.pendingStart = 0;
      this.pendingEnd = 0;
    }
    if (this.pendingEnd + length > memory.slotBytes) return false;
    memory.bytes.copyWithin(this.pendingAt + this.pendingEnd, at, at + length);
    this.pendingEnd += length;
    return true;
  }

  private gather(headLength: number, at: number, length: number, done: boolean): number {
    const scratch = this.thread.scratchAt;
    const { bytes, slotBytes } = this.thread.memory;
    let a = headLength;
    let b = length;
    let c = 0;
    if (this.chunked) {
      const room = slotBytes - headLength - chunkRoomBytes - this.trailersLength;
      b = Math.min(b, Math.max(0, room));
      if (b > 0) a = writeChunkHeader(bytes, scratch + a, b) - scratch;
    }
    const copied = b <= copyMaxBytes || this.connection.transport !== null;
    if (copied && b > 0) bytes.copyWithin(scratch + a, at, at + b);
    if (this.chunked) c = this.endChunk(scratch + a + (copied ? b : 0), b > 0, done && b === length);
    const sent = this.push(copied, a, at, b, c);
    if (sent === a + b + c) return b;
    return sent < 0 ? sideGone : this.keepRest(copied, sent, a, at, b, c);
  }

  /** What follows the data of a chunk, and the last chunk with its trailers; returns its length. */
  private endChunk(at: number, hasData: boolean, last: boolean): number {
    const { bytes } = this.thread.memory;
    let end = at;
    if (hasData) end = writeLineEnd(bytes, end);
    if (!last) return end - at;
    const { trailers, memory } = this.thread;
    if (this.trailersLength > 0) {
      // Parsed again: another body may have ended on this thread since. Framing lines stay behind.
      trailers.parse(this.trailersAt, this.trailersLength);
      this.trailersLength = 0;
      const written = writeTrailers(trailers.message, end, memory.slotBytes);
      if (written > 0) return end + written - at;
    }
    return writeLastChunk(bytes, end) - at;
  }

  private push(copied: boolean, a: number, at: number, b: number, c: number): number {
    const { connection, thread } = this;
    if (!connection.writable || !this.isFlushed()) return 0;
    const total = a + b + c;
    if (total === 0) return 0;
    let sent: number;
    if (copied) {
      sent = connection.send(thread.scratchAt, total, false);
    } else {
      const { vector, memory } = thread;
      vector.clear();
      if (a > 0) vector.add(memory.region, thread.scratchAt, a);
      vector.add(memory.region, at, b);
      if (c > 0) vector.add(memory.region, thread.scratchAt + a, c);
      sent = connection.sendVector(vector, total);
    }
    return sent === blocked ? 0 : sent;
  }

  /** The kernel took `sent` of A, B and C: framing must be kept, plain payload may stay where it is. */
  private keepRest(
    copied: boolean,
    sent: number,
    a: number,
    at: number,
    b: number,
    c: number,
  ): number {
    const scratch = this.thread.scratchAt;
    if (!this.chunked) {
      if (sent >= a) return sent - a;
      return this.stash(scratch + sent, a - sent) ? 0 : sideGone;
    }
    let kept = true;
    if (copied) {
      kept = this.stash(scratch + sent, a + b + c - sent);
    } else {
      if (sent < a) kept = this.stash(scratch + sent, a - sent);
      const bodySent = Math.max(0, sent - a);
      if (bodySent < b) kept = this.stash(at + bodySent, b - bodySent) && kept;
      const tailSent = Math.max(0, sent - a - b);
      kept = this.stash(scratch + a + tailSent, c - tailSent) && kept;
    }
    return kept ? b : sideGone;
  }
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = 13;
  bytes[at + 1] = 10;
  return at + 2;
}
