// The sending half of a connection that carries one message at a time. Heads are written into the
// thread's scratch area and leave in one call together with the payload; what the kernel does not
// take is kept in slots of its own, so that nobody else's memory is needed to finish.
//
//   one call:  A = head and chunk size (scratch)   B = payload (its owner's slot)   C = chunk end
//   kept:      first slot, then what is in a pipe, then second slot

import { blocked, type Connection } from '../conn/connection.ts';
import type { Pipe } from '../conn/pipes.ts';
import { writeChunkHeader, writeLastChunk, writeTrailers } from '../http/h1-write.ts';
import type { NameCase } from '../http/name-case.ts';
import { copyBytes } from '../memory/small.ts';
import type { ThreadContext } from '../thread-context.ts';
import { PendingBytes } from './pending.ts';
import { type Outbound, sideGone } from './side.ts';

/** Payload up to this size is copied behind the head: one plain send beats a vector. */
const copyMaxBytes = 2048;
/** Longest chunk size line plus chunk end plus last chunk. */
const chunkRoomBytes = 32;

/** The parts of the call under way, see above; `copied`: B stands behind A in the scratch area. */
const parts = { copied: false, a: 0, at: 0, b: 0, c: 0 };

export class Output implements Outbound {
  readonly connection: Connection;
  readonly thread: ThreadContext;
  /** Header names that this peer wants otherwise, null mostly. */
  names: NameCase | null;
  /** The message leaves in chunks (RFC 9112 7.1). */
  chunked: boolean;
  /** The message has no body for its reader (HEAD, 204, 304): payload is taken and goes nowhere. */
  discards: boolean;
  /**
   * The chunk that left last came out of a pipe: the line end after it leaves before what follows.
   */
  private owesLineEnd: boolean;
  /** Headroom for PROXY headers and the like: sent before anything else. */
  private trailersAt: number;
  private trailersLength: number;
  /** null until the socket has left something behind. */
  private first: PendingBytes | null;
  /** Payload that waits in the kernel. */
  private pipe: Pipe | null;
  /** null until something had to wait behind a pipe or a full slot. */
  private second: PendingBytes | null;
  isFollowed: boolean;
  /** The kernel may keep the end of what was sent last back. */
  private isHeldBack: boolean;

  constructor(connection: Connection, thread: ThreadContext) {
    this.connection = connection;
    this.thread = thread;
    this.names = null;
    this.chunked = false;
    this.discards = false;
    this.owesLineEnd = false;
    this.trailersAt = 0;
    this.trailersLength = 0;
    this.first = null;
    this.pipe = null;
    this.second = null;
    this.isFollowed = false;
    this.isHeldBack = false;
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
    if (this.names !== null) {
      this.names.apply(this.thread.memory.bytes, this.thread.scratchAt, headLength);
    }
    if (!this.discards) return this.gather(headLength, at, length, done);
    this.chunked = false;
    const sent = this.gather(headLength, 0, 0, false);
    return sent === sideGone ? sideGone : length;
  }

  send(at: number, length: number, done: boolean): number {
    const isFlushed = this.flush();
    if (!this.connection.isOpen) return sideGone;
    if (this.discards) return length;
    // The last chunk is taken whatever waits: nobody comes back for it.
    if (this.chunked && length === 0) return done ? this.gather(0, at, 0, true) : 0;
    if (!isFlushed) return 0;
    if (this.chunked) return this.gather(0, at, length, done);
    if (length === 0 || !this.connection.writable) return 0;
    const sent = this.connection.send(at, length, this.takeMark(done));
    if (sent === blocked) return 0;
    return sent < 0 ? sideGone : sent;
  }

  flush(): boolean {
    if (!this.connection.flush() || !this.flushFirst() || !this.flushPipe()) return false;
    const { first, second } = this;
    if (second === null || second.isEmpty()) return true;
    this.first = second;
    this.second = first;
    return this.flushFirst();
  }

  /** May the kernel keep the end of the coming send back? Once per mark. */
  private takeMark(done: boolean): boolean {
    const isHeldBack = this.isFollowed && !done && this.connection.transport === null;
    this.isFollowed = false;
    this.isHeldBack = isHeldBack;
    return isHeldBack;
  }

  letGo(): void {
    if (!this.isHeldBack) return;
    this.isHeldBack = false;
    if (this.connection.isOpen) this.connection.push();
  }

  private flushFirst(): boolean {
    const { first, connection } = this;
    if (first === null || first.isEmpty()) return true;
    if (!connection.isOpen || !connection.writable) return false;
    const sent = connection.send(first.at, first.length, false);
    if (sent < 0) return false;
    first.consume(this.thread.memory, sent);
    return first.isEmpty() && connection.isFlushed();
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
      connection.splicedOut += sent;
    }
    if (pipe.held > 0) return false;
    this.releasePipe();
    return true;
  }

  sendPipe(pipe: Pipe): void {
    if (this.chunked && !this.openChunk(pipe.held)) {
      this.thread.pipes.release(pipe);
      this.connection.close();
      return;
    }
    this.pipe = pipe;
    this.flush();
  }

  /** The line before a chunk whose data is in a pipe. False: no memory for what the socket left. */
  private openChunk(length: number): boolean {
    const { scratchAt, memory } = this.thread;
    const at = this.owesLineEnd ? writeLineEnd(memory.bytes, scratchAt) : scratchAt;
    const end = writeChunkHeader(memory.bytes, at, length);
    const sent = Math.max(0, this.connection.send(scratchAt, end - scratchAt, true));
    this.owesLineEnd = true;
    return this.stash(scratchAt + sent, end - scratchAt - sent);
  }

  isFlushed(): boolean {
    const { first, second } = this;
    if (this.pipe !== null || !this.connection.isFlushed()) return false;
    return (first === null || first.isEmpty()) && (second === null || second.isEmpty());
  }

  offeredBytes(): number {
    return this.connection.bytesSent + this.queuedBytes();
  }

  queuedBytes(): number {
    let bytes = this.first === null || this.first.isEmpty() ? 0 : this.first.length;
    if (this.pipe !== null) bytes += this.pipe.held;
    if (this.second !== null && !this.second.isEmpty()) bytes += this.second.length;
    return bytes;
  }

  isRaw(): boolean {
    return !this.discards && this.connection.transport === null && this.isFlushed();
  }

  /** Gives slots and pipe back. */
  release(): void {
    const { memory } = this.thread;
    this.first?.release(memory);
    this.second?.release(memory);
    this.releasePipe();
  }

  private releasePipe(): void {
    if (this.pipe === null) return;
    this.thread.pipes.release(this.pipe);
    this.pipe = null;
  }

  /** Keeps `length` bytes at `at` to be sent in their turn. False: no slot or no room. */
  stash(at: number, length: number): boolean {
    if (length === 0) return true;
    const { second, thread } = this;
    this.first ??= new PendingBytes();
    const { first } = this;
    const isBehind = this.pipe !== null || (second !== null && !second.isEmpty());
    if (!isBehind && first.hasRoom(thread.memory, length)) {
      return first.keep(thread.memory, at, length);
    }
    this.second ??= new PendingBytes();
    return this.second.keep(thread.memory, at, length);
  }

  private gather(headLength: number, at: number, length: number, done: boolean): number {
    if (!this.connection.isOpen) return sideGone;
    const scratch = this.thread.scratchAt;
    const { memory } = this.thread;
    const { bytes, slotBytes } = memory;
    let a = headLength;
    let b = length;
    let c = 0;
    if (this.chunked) {
      const room = slotBytes - headLength - chunkRoomBytes - this.trailersLength;
      b = Math.min(b, Math.max(0, room));
      if (this.owesLineEnd) a = writeLineEnd(bytes, scratch + a) - scratch;
      this.owesLineEnd = false;
      if (b > 0) a = writeChunkHeader(bytes, scratch + a, b) - scratch;
    }
    const copied = b <= copyMaxBytes || this.connection.transport !== null;
    if (copied && b > 0) copyBytes(memory, scratch + a, at, b);
    if (this.chunked)
      c = this.endChunk(scratch + a + (copied ? b : 0), b > 0, done && b === length);
    parts.copied = copied;
    parts.a = a;
    parts.at = at;
    parts.b = b;
    parts.c = c;
    const sent = this.push(this.takeMark(done));
    if (sent === a + b + c) return b;
    return sent < 0 ? sideGone : this.keepRest(sent);
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
      if (written > 0 && this.names !== null) this.names.apply(bytes, end, written);
      if (written > 0) return end + written - at;
    }
    return writeLastChunk(bytes, end) - at;
  }

  private push(isFollowed: boolean): number {
    const { connection, thread } = this;
    const { copied, a, at, b, c } = parts;
    if (!connection.writable || !this.isFlushed()) return 0;
    const total = a + b + c;
    if (total === 0) return 0;
    let sent: number;
    if (copied) {
      sent = connection.send(thread.scratchAt, total, isFollowed);
    } else {
      const { vector, memory } = thread;
      vector.clear();
      if (a > 0) vector.add(memory.region, thread.scratchAt, a);
      vector.add(memory.region, at, b);
      if (c > 0) vector.add(memory.region, thread.scratchAt + a, c);
      sent = connection.sendVector(vector, total, isFollowed);
    }
    return sent === blocked ? 0 : sent;
  }

  /**
   * The kernel took `sent` of A, B and C: framing must be kept, plain payload may stay where it
   * is.
   */
  private keepRest(sent: number): number {
    const { copied, a, at, b, c } = parts;
    const scratch = this.thread.scratchAt;
    if (!this.chunked) {
      if (sent >= a) return sent - a;
      return this.stash(scratch + sent, a - sent) ? 0 : this.lose();
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
    return kept ? b : this.lose();
  }

  /** Part of a message has left and there is no memory for the rest: nothing may follow it. */
  private lose(): number {
    this.connection.close();
    return sideGone;
  }
}

function writeLineEnd(bytes: Uint8Array, at: number): number {
  bytes[at] = 13;
  bytes[at + 1] = 10;
  return at + 2;
}
