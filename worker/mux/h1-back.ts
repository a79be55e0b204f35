// HTTP/1 towards a server: one connection, one exchange at a time, then back to the idle pool.
// Writes the request, reads interim and final responses (RFC 9112 9.2, 9110 15.2).

import { sourceH1 } from '../../shared/trace/sources.ts';
import { pointH1Received, pointH1Sent, traceStream } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { blocked, type Connection, type ConnectionOwner } from '../conn/connection.ts';
import { takeProxyConnection } from '../http/h1-proxy-connection.ts';
import { type HeadState, h1ErrorWebsocketKey, type H1Limits } from '../http/h1.ts';
import { parseResponseHead } from '../http/h1-head.ts';
import { framingBroken, payloadDropped, settleEdits } from '../http/h1-outgoing.ts';
import { addChunked, addProxyName, writeRequestHead } from '../http/h1-write.ts';
import {
  bodyChunked,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  type Message,
  proxyHeader,
  versionH2,
} from '../http/message.ts';
import { persistKeepAlive, persistServerClose } from '../program.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { glitchBorne, glitchKills, judgeGlitches, rare } from './glitches.ts';
import { moveConnection } from './h1-counts.ts';
import { askWebsocket, isWebsocket } from './h1-websocket.ts';
import { Output } from './output.ts';
import { headBytesMax, Receiver } from './receiver.ts';
import { type Exchange, inboundClosed, inboundTruncated, type Side, sideGone } from './side.ts';
import { releaseHead, takeHead } from './spares.ts';

/** Who keeps idle connections (conn/reuse.ts). */
export interface IdlePool {
  /** The idle connection has died or said something unasked. */
  lost(mux: H1Back): void;
}

export class H1Back implements Side, ConnectionOwner {
  readonly httpMajor = 1;
  readonly multiplex = null;
  glitches: number;
  readonly connection: Connection;
  readonly inbound: Receiver;
  readonly outbound: Output;
  readonly server: Server;
  /** What streams must have in common to use it (SNI, source, ...): manual http-reuse. */
  readonly hash: string;
  private readonly exchange: Exchange;
  private readonly thread: ThreadContext;
  private readonly limits: H1Limits;
  /** While a stream uses the connection. */
  private head: HeadState | null;
  private stream: Stream | null;
  private pool: IdlePool | null;
  /** The response head of the current exchange has been read. */
  private answered: boolean;
  /** Sec-WebSocket-Accept that a 101 must have, '' for any. */
  private acceptExpected: string;
  private persistent: boolean;
  /** Exchanges carried; 1 while the first is under way. */
  useCount: number;
  /** Only the session that opened it may use it again (NTLM and the like). */
  isPrivate: boolean;
  /** When it became idle, loop ms. */
  idleSinceMs: number;
  /** Position in the pool's list. */
  poolIndex: number;
  /** Where it is offered to other threads (idle-share.ts), -1: nowhere. */
  shareSlot: number;
  shareTicket: number;
  /** Counter row of the backend it was opened for, -1: not counted, or not any more. */
  row: number;

  constructor(
    thread: ThreadContext,
    exchange: Exchange,
    connection: Connection,
    server: Server,
    limits: H1Limits,
    hash: string,
  ) {
    this.connection = connection;
    this.inbound = new Receiver(connection, thread);
    this.outbound = new Output(connection, thread);
    this.server = server;
    this.hash = hash;
    this.exchange = exchange;
    this.thread = thread;
    this.limits = limits;
    this.head = null;
    this.stream = null;
    this.pool = null;
    this.answered = false;
    this.acceptExpected = '';
    this.persistent = true;
    this.useCount = 0;
    this.glitches = 0;
    this.isPrivate = false;
    this.idleSinceMs = 0;
    this.poolIndex = -1;
    this.shareSlot = -1;
    this.shareTicket = 0;
    this.row = -1;
    connection.owner = this;
  }

  /** Starts an exchange for `stream`. */
  attach(stream: Stream): void {
    this.stream = stream;
    this.pool = null;
    this.answered = false;
    this.persistent = true;
    this.useCount++;
    this.releaseHead();
    this.head = takeHead(this.limits);
  }

  /** The exchange is over; the connection waits in `pool`. */
  detach(pool: IdlePool): void {
    this.stream = null;
    this.pool = pool;
    this.inbound.rewind();
    this.releaseHead();
    this.idleSinceMs = this.thread.time.nowMs;
  }

  /** The exchange ended cleanly and another may follow. */
  isReusable(): boolean {
    return this.inbound.bodyLength === 0 && this.isAnswered();
  }

  /** The same, but for the end of the answer that has not been handed on. */
  isAnswered(): boolean {
    const { inbound, connection } = this;
    if (!this.answered || !this.persistent || !connection.isOpen || connection.hangup) return false;
    return (
      inbound.bodyDone &&
      inbound.failure === 0 &&
      inbound.rawEnd === inbound.rawAt &&
      this.outbound.isFlushed()
    );
  }

  onReadable(): void {
    if (this.stream === null) {
      if (this.saysNothing()) return;
      if (this.pool !== null) this.pool.lost(this);
      else this.close();
    } else if (this.answered) {
      this.exchange.onBackReadable(this.stream);
    } else {
      this.receiveHead();
    }
  }

  /** TLS speaks for itself while the connection is idle: tickets, keys. */
  private saysNothing(): boolean {
    const { connection, thread } = this;
    if (connection.transport === null || connection.hangup) return false;
    return connection.recv(thread.scratchAt, 1) === blocked;
  }

  onWritable(): void {
    if (this.stream !== null) this.exchange.onBackWritable(this.stream);
  }

  /** Reads what has come of the response head. */
  private receiveHead(): void {
    const stream = this.stream!;
    const { inbound, thread } = this;
    if (!inbound.hold()) {
      this.exchange.onResponseFailure(stream, -12);
      return;
    }
    const limit = headBytesMax(thread);
    for (let i = 0; i < readsMax; i++) {
      const got = inbound.receiveRaw(limit);
      if (got === blocked) {
        if (inbound.rawEnd === inbound.rawAt) inbound.drop();
        return;
      }
      if (got <= 0) {
        this.exchange.onResponseFailure(stream, this.lossOf(got));
        return;
      }
      if (this.parse(stream, limit)) return;
      if (this.stream !== stream || !this.connection.readable) return;
    }
    thread.defer(() => {
      if (this.stream === stream && this.connection.isOpen) this.receiveHead();
    });
  }

  /** What to tell of a connection that ended (0) or failed before a whole head had come. */
  private lossOf(got: number): number {
    if (this.inbound.rawEnd > this.inbound.rawAt) return inboundTruncated;
    return got === 0 ? inboundClosed : got;
  }

  /** True when the answer's final head (or a failure) has been handed on. */
  private parse(stream: Stream, limit: number): boolean {
    const { inbound } = this;
    const head = this.head!; // taken by attach, with the stream
    while (inbound.rawEnd > inbound.rawAt) {
      head.requestMethod = stream.request.method;
      const { response } = stream;
      const length = parseResponseHead(
        response,
        inbound.rawAt,
        inbound.rawEnd - inbound.rawAt,
        head,
      );
      if (length === 0) {
        if (inbound.rawEnd - inbound.slotAt < limit) return false;
        this.exchange.onResponseFailure(stream, -1);
        return true;
      }
      if (length < 0) {
        const { rawAt, rawEnd } = inbound;
        const bytes = { at: rawAt, length: rawEnd - rawAt, errorAt: head.errorAt };
        stream.thread.errors?.note(stream, true, bytes);
        this.glitch(rare.h1ResponseLost);
        this.exchange.onResponseFailure(stream, length);
        return true;
      }
      if (response.status >= 200 || response.status === 101) {
        this.finalHead(stream, length);
        return true;
      }
      this.interim(stream, length);
      if (this.stream !== stream) return true;
    }
    return false;
  }

  private releaseHead(): void {
    releaseHead(this.head);
    this.head = null;
  }

  private finalHead(stream: Stream, length: number): void {
    const { response } = stream;
    this.answered = true;
    if (tracer.isOn(sourceH1)) {
      traceStream(pointH1Received, stream, '[B] rcvd H1 response headers', response);
    }
    if (!isWebsocket(response, this.acceptExpected)) {
      this.exchange.onResponseFailure(stream, h1ErrorWebsocketKey);
      return;
    }
    if ((stream.request.flags & proxyHeader) !== 0) takeProxyConnection(response);
    this.persistent =
      this.persistent &&
      (response.flags & connectionClose) === 0 &&
      (response.version >= 11 || (response.flags & connectionKeepAlive) !== 0);
    if (this.head!.violationAt >= 0 && this.glitch(rare.h1Response) === glitchKills) {
      this.exchange.onResponseFailure(stream, -1);
      return;
    }
    this.inbound.begin(length, response.framing, response.contentLength);
    this.exchange.onResponse(stream);
  }

  /** The server said something odd; a verdict of glitches.ts. */
  private glitch(place: number): number {
    this.glitches++;
    const { h1BackGlitches: max } = this.thread.program.model.global.tune;
    const verdict = judgeGlitches(this.thread, place, this.glitches, max);
    if (verdict !== glitchBorne) this.persistent = false;
    return verdict;
  }

  private interim(stream: Stream, length: number): void {
    this.inbound.rawAt += length;
    this.head!.restart();
    this.exchange.onResponse(stream);
    stream.response.reset();
    if (this.stream === stream && this.inbound.rawEnd === this.inbound.rawAt) this.inbound.rewind();
  }

  sendHead(message: Message, at: number, length: number, done: boolean): number {
    if (tracer.isOn(sourceH1) && this.stream !== null) {
      traceStream(pointH1Sent, this.stream, '[B] sending H1 request headers', message);
    }
    const { thread, outbound } = this;
    if (message.version === versionH2) {
      const accept = askWebsocket(message);
      if (accept === null) return sideGone;
      this.acceptExpected = accept;
    }
    const edits = settleEdits(message, true);
    if (edits === framingBroken) return sideGone;
    outbound.discards = (edits & payloadDropped) !== 0;
    outbound.chunked = message.framing === bodyChunked;
    const room = thread.memory.slotBytes;
    const adds = this.adds(message, edits) | (outbound.chunked ? edits & addChunked : 0);
    const headLength = writeRequestHead(message, thread.scratchAt, room, adds);
    if (headLength < 0) return sideGone;
    return outbound.start(headLength, at, length, done);
  }

  /** What the writer adds: persistence is announced where it is not the default of the version. */
  private adds(message: Message, edits: number): number {
    const { backend, frontend } = this.stream!;
    const closes = backend.persist !== persistKeepAlive || frontend.persist === persistServerClose;
    const asksToStay = (edits & connectionKeepAlive) !== 0;
    if ((edits & connectionClose) !== 0 || (closes && !asksToStay)) this.persistent = false;
    if (((edits | message.flags) & connectionUpgrade) !== 0) return 0;
    const named = (message.flags & proxyHeader) === 0 ? 0 : addProxyName;
    if (this.persistent || backend.pretendsKeepAlive) {
      return message.version >= 11 ? 0 : named | connectionKeepAlive;
    }
    return message.version >= 11 ? named | connectionClose : 0;
  }

  becomeTunnel(): void {
    this.persistent = false;
    this.outbound.chunked = false;
    this.inbound.becomeTunnel();
  }

  finish(): void {
    if (this.shareSlot >= 0) return; // another thread may use it: ServerPool.offer
    this.persistent = false;
    if (this.outbound.isFlushed()) this.connection.finish();
  }

  /** Another thread has taken the descriptor over: it is not ours to close. */
  abandon(): void {
    this.uncount();
    this.stream = null;
    this.pool = null;
    this.inbound.drop();
    this.outbound.release();
    this.connection.abandon();
  }

  isHungUp(): boolean {
    return this.connection.hangup;
  }

  isBroken(): boolean {
    return this.connection.broken;
  }

  readLast(): void {
    const { connection, thread, stream } = this;
    connection.hangup = true;
    connection.readable = true;
    thread.defer(() => {
      if (this.stream !== stream || stream === null || !connection.isOpen) return;
      this.onReadable();
      if (this.stream !== stream || this.answered || connection.readable) return;
      // Nothing said and nothing broken: it was we who could not write the request (no memory, a
      // head that rules made too long). Nobody would ever answer.
      this.exchange.onResponseFailure(stream, inboundClosed);
    });
  }

  close(): void {
    if (this.owesNothing()) this.connection.resetOnClose();
    this.uncount();
    this.stream = null;
    this.pool = null;
    this.inbound.drop();
    this.outbound.release();
    this.connection.close();
  }

  private uncount(): void {
    if (this.row >= 0) moveConnection(this.thread.counters.values, this.row, -1);
    this.row = -1;
  }

  /**
   * All was said and answered, and the server has not closed: a reset ends the connection at once,
   * where an orderly close would keep a local port in TIME_WAIT for each (as HAProxy does).
   */
  private owesNothing(): boolean {
    const { connection, inbound, outbound } = this;
    if (!connection.isOpen || connection.hangup || connection.transport !== null) return false;
    return this.pool !== null || (this.answered && inbound.bodyDone && outbound.isFlushed());
  }
}

/** Receives per event while a head is incomplete. */
const readsMax = 4;
