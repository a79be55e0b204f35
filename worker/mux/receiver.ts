// The receiving half of a connection that carries one message at a time (h1, tcp): one slot of
// memory, the undecoded bytes in it, and the payload shown to the stream.
//
//   slot   | head (kept while rules and logs refer to it) | payload shown | undecoded | free
//          0                                       bodyBase  bodyAt          rawAt       rawEnd
//
// An idle connection holds no slot.

import { blocked } from '../conn/connection.ts';
import type { BodyDecoder, TrailerReader } from '../http/h1-body.ts';
import {
  type Message,
  bodyChunked,
  bodyLength as framingLength,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
} from '../http/message.ts';
import { relocate } from '../http/relocation.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { ThreadContext } from '../thread-context.ts';
import { type Inbound, inboundClosed } from './side.ts';
import { releaseDecoder, takeDecoder } from './spares.ts';

/** Where bytes come from: a Connection, or one stream of several on it. */
export interface ByteSource {
  /** `recv` has something to say. */
  readable: boolean;
  /** null: bytes may bypass memory. */
  readonly transport: object | null;
  bytesReceived: number;
  splicedIn: number;
  /** As Connection.recv. */
  recv(at: number, length: number): number;
}

/** What may be received of a head: the rest of its slot is for what rules add to it. */
export function headBytesMax({ program }: ThreadContext): number {
  const { bufsize, maxrewrite } = program.model.global.tune;
  return bufsize - maxrewrite;
}

export class Receiver implements Inbound {
  readonly connection: ByteSource;
  readonly pool: SlotPool;
  private readonly trailers: TrailerReader;
  /** While a message is received: from `begin` to `rewind`. */
  private decoder: BodyDecoder | null;
  /** Slot, -1: none. Offsets below are absolute. */
  slotAt: number;
  slotEnd: number;
  rawAt: number;
  rawEnd: number;
  bodyAt: number;
  bodyLength: number;
  bodyDone: boolean;
  failure: number;
  taken: number;
  trailersAt: number;
  trailersLength: number;
  /** Also what makes a bypass worth it although the length is unknown. */
  hasMore: boolean;
  private bodyBase: number;
  private framing: number;

  constructor(connection: ByteSource, thread: ThreadContext) {
    this.connection = connection;
    this.pool = thread.memory;
    this.trailers = thread.trailers;
    this.decoder = null;
    this.slotAt = -1;
    this.slotEnd = 0;
    this.rawAt = 0;
    this.rawEnd = 0;
    this.bodyAt = 0;
    this.bodyLength = 0;
    this.bodyDone = false;
    this.failure = 0;
    this.taken = 0;
    this.trailersAt = 0;
    this.trailersLength = 0;
    this.hasMore = false;
    this.bodyBase = 0;
    this.framing = 0;
  }

  /** Makes sure there is a slot; false: the pool is empty. */
  hold(): boolean {
    if (this.slotAt >= 0) return true;
    const at = this.pool.take();
    if (at < 0) return false;
    this.slotAt = at;
    this.slotEnd = at + this.pool.slotBytes;
    this.rawAt = at;
    this.rawEnd = at;
    this.bodyBase = at;
    this.bodyAt = at;
    return true;
  }

  /** Takes over the slot of a receiver of plain bytes: what it shows is undecoded here. */
  takeOver(from: Receiver): void {
    releaseDecoder(from.decoder);
    from.decoder = null;
    if (from.slotAt < 0) return;
    const { slotAt, slotEnd, bodyAt, bodyLength, rawAt, rawEnd } = from;
    const { bytes } = this.pool;
    const undecoded = rawEnd - rawAt;
    bytes.copyWithin(slotAt, bodyAt, bodyAt + bodyLength);
    bytes.copyWithin(slotAt + bodyLength, rawAt, rawEnd);
    from.slotAt = -1;
    from.bodyLength = 0;
    this.slotAt = slotAt;
    this.slotEnd = slotEnd;
    this.rawAt = slotAt;
    this.rawEnd = slotAt + bodyLength + undecoded;
    this.bodyBase = slotAt;
    this.bodyAt = slotAt;
  }

  /** Gives the slot back; whatever was in it is forgotten. */
  drop(): void {
    if (this.slotAt < 0) return;
    this.pool.release(this.slotAt);
    this.slotAt = -1;
    this.rawAt = 0;
    this.rawEnd = 0;
    this.bodyLength = 0;
  }

  capacity(): number {
    return this.slotAt < 0 ? this.pool.slotBytes : this.slotEnd - this.slotAt;
  }

  enlarge(message: Message): boolean {
    const { pool } = this;
    if (this.slotAt < 0 || pool.largeBytes === 0) return false;
    if (this.capacity() === pool.largeBytes) return true;
    const at = pool.takeLarge();
    if (at >= 0) this.moveTo(at, message);
    return at >= 0;
  }

  shrink(message: Message): void {
    const { pool, slotAt } = this;
    if (slotAt < 0 || !this.bodyDone || this.rawEnd - slotAt > pool.smallBytes) return;
    if (this.capacity() <= pool.smallBytes) return;
    const at = pool.takeSmall();
    if (at >= 0) this.moveTo(at, message);
  }

  /** What is in the slot moves to another one, which takes its place. */
  private moveTo(to: number, message: Message | null): void {
    const { pool, slotAt } = this;
    const length = this.rawEnd - slotAt;
    const by = to - slotAt;
    pool.bytes.copyWithin(to, slotAt, slotAt + length);
    if (message !== null) relocate(message, slotAt, to, length);
    if (this.trailersAt >= slotAt && this.trailersAt < slotAt + length) this.trailersAt += by;
    this.slotAt = to;
    this.slotEnd = to + pool.sizeOf(to);
    this.rawAt += by;
    this.rawEnd += by;
    this.bodyBase += by;
    this.bodyAt += by;
    pool.release(slotAt);
  }

  /** Receives raw bytes for a head, up to `limit` bytes of the slot in use. As Connection.recv. */
  receiveRaw(limit: number): number {
    const room = Math.min(this.slotAt + limit, this.slotEnd) - this.rawEnd;
    if (room <= 0) return blocked;
    const got = this.connection.recv(this.rawEnd, room);
    if (got > 0) this.rawEnd += got;
    this.hasMore = got === room;
    return got;
  }

  /**
   * Prepares for the next head: undecoded bytes move to the slot's start, an empty slot is given
   * back.
   */
  rewind(): void {
    this.bodyLength = 0;
    this.bodyDone = false;
    this.hasMore = false;
    this.failure = 0;
    this.framing = bodyNone;
    releaseDecoder(this.decoder);
    this.decoder = null;
    if (this.slotAt < 0) return;
    const left = this.rawEnd - this.rawAt;
    if (left === 0) {
      this.drop();
      return;
    }
    if (this.rawAt > this.slotAt) {
      this.pool.bytes.copyWithin(this.slotAt, this.rawAt, this.rawEnd);
      this.rawAt = this.slotAt;
      this.rawEnd = this.slotAt + left;
    }
    this.restore();
  }

  /** The next message begins in a slot of the usual size. */
  private restore(): void {
    const { pool } = this;
    if (this.capacity() === pool.slotBytes) return;
    const at = pool.take();
    if (at >= 0) this.moveTo(at, null);
  }

  /**
   * A head of `headLength` bytes at rawAt has been parsed: what follows is payload framed like
   * this.
   */
  begin(headLength: number, framing: number, contentLength: number): void {
    this.rawAt += headLength;
    this.bodyBase = this.rawAt;
    this.bodyAt = this.rawAt;
    this.bodyLength = 0;
    this.failure = 0;
    this.taken = 0;
    this.trailersLength = 0;
    this.framing = framing;
    this.decoder ??= takeDecoder(this.trailers);
    this.decoder.start(framing, contentLength);
    this.bodyDone = this.decoder.done;
    if (!this.bodyDone && this.rawEnd > this.rawAt) this.decode();
  }

  /** From here on: raw bytes until the end of the connection. What was shown stays. */
  becomeTunnel(): void {
    this.framing = bodyTunnel;
    this.decoder ??= takeDecoder(this.trailers);
    this.decoder.start(bodyTunnel, -1);
    this.bodyDone = false;
    if (this.bodyLength === 0) this.bodyAt = this.rawAt;
    if (this.rawEnd > this.rawAt) this.decode();
  }

  receive(): boolean {
    if (this.bodyDone || this.failure !== 0 || !this.connection.readable) return false;
    if (!this.hold()) return false;
    this.compact();
    // What comes behind the message must fit into a usual slot.
    const room = Math.min(this.slotEnd - this.rawEnd, this.pool.slotBytes);
    if (room === 0) return false;
    const got = this.connection.recv(this.rawEnd, room);
    if (got === blocked) {
      // A quiet tunnel holds no memory.
      if (this.rawEnd === this.slotAt && this.bodyLength === 0) this.drop();
      return false;
    }
    if (got <= 0) {
      this.ended(got);
      return true;
    }
    this.rawEnd += got;
    this.hasMore = got === room;
    this.decode();
    return true;
  }

  consume(length: number): void {
    this.taken += length;
    this.bodyAt += length;
    this.bodyLength -= length;
    if (this.bodyLength === 0) this.compact();
  }

  bypassable(): number {
    if (this.bodyLength > 0 || this.rawEnd > this.rawAt || this.bodyDone) return 0;
    if (this.failure !== 0 || this.connection.transport !== null) return 0;
    const { decoder } = this;
    if (decoder === null) return 0;
    if (this.framing === framingLength) return decoder.remaining;
    if (this.framing === bodyChunked) return decoder.isInPayload() ? decoder.remaining : 0;
    const isEndless = this.framing === bodyTunnel || this.framing === bodyUntilClose;
    return isEndless && this.hasMore ? bypassMax : 0;
  }

  bypassed(length: number): void {
    this.taken += length;
    this.hasMore = length >= flowingBytes;
    this.connection.bytesReceived += length;
    this.connection.splicedIn += length;
    const { decoder } = this;
    if (decoder === null) return;
    if (this.framing !== framingLength && this.framing !== bodyChunked) return;
    decoder.pass(length);
    this.bodyDone = decoder.done;
  }

  /** The connection ended (0) or failed (minus errno) while payload was expected. */
  ended(result: number): void {
    if (result === 0 && (this.framing === bodyUntilClose || this.framing === bodyTunnel)) {
      this.bodyDone = true;
    } else {
      this.failure = result === 0 ? inboundClosed : result;
    }
  }

  private decode(): void {
    const { rawAt } = this;
    const decoder = this.decoder!; // decodes only what has begun
    decoder.decode(this.pool.bytes, rawAt, this.rawEnd - rawAt);
    const got = decoder.payloadLength;
    if (got > 0) this.append(decoder.payloadAt, got);
    this.rawAt = rawAt + decoder.consumed;
    this.bodyDone = decoder.done;
    if (decoder.error < 0) this.failure = decoder.error;
    if (decoder.done && decoder.trailersLength > 0) {
      this.trailersAt = decoder.trailersAt;
      this.trailersLength = decoder.trailersLength;
    }
  }

  private append(at: number, length: number): void {
    if (this.bodyLength === 0) this.bodyAt = at;
    const end = this.bodyAt + this.bodyLength;
    if (end !== at) this.pool.bytes.copyWithin(end, at, at + length);
    this.bodyLength += length;
  }

  /** Moves what is left to the front of the payload area, when that makes room. */
  private compact(): void {
    if (this.slotAt < 0) return;
    if (this.bodyLength === 0) {
      const left = this.rawEnd - this.rawAt;
      if (left > 0 && this.rawAt > this.bodyBase) {
        this.pool.bytes.copyWithin(this.bodyBase, this.rawAt, this.rawEnd);
      }
      this.rawAt = this.bodyBase;
      this.rawEnd = this.bodyBase + left;
      this.bodyAt = this.bodyBase;
    } else if (this.slotEnd - this.rawEnd < compactBelow) {
      this.closeGaps();
    }
  }

  /** Payload to the start of its area, undecoded bytes right behind it. */
  private closeGaps(): void {
    const { bytes } = this.pool;
    const end = this.bodyBase + this.bodyLength;
    if (this.bodyAt > this.bodyBase) {
      bytes.copyWithin(this.bodyBase, this.bodyAt, this.bodyAt + this.bodyLength);
      this.bodyAt = this.bodyBase;
    }
    const left = this.rawEnd - this.rawAt;
    if (left > 0 && this.rawAt > end) bytes.copyWithin(end, this.rawAt, this.rawEnd);
    this.rawAt = end;
    this.rawEnd = end + left;
  }
}

/** Less free room than this: payload that was partly taken moves down. */
const compactBelow = 4096;
/** A bypass of less than this was not worth two calls: the next bytes come through memory. */
const flowingBytes = 16_384;
/** The most one splice moves: a pipe's usual capacity grown by tune.pipesize is far below. */
const bypassMax = 1 << 20;
