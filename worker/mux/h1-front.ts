// HTTP/1 towards the client: reads requests one after another, writes their responses, and decides
// whether the connection lives on (RFC 9112 9.3). One stream at a time; pipelined requests wait in
// the slot. An idle connection holds this object, its Connection, and nothing else.

import { blocked, type Connection, type ConnectionOwner } from '../conn/connection.ts';
import { markProxied } from '../http/h1-proxy-connection.ts';
import { h1ErrorStatus, h1PrefaceH2, type HeadState, type H1Limits } from '../http/h1.ts';
import { parseRequestHead } from '../http/h1-head.ts';
import { writeResponseHead } from '../http/h1-write.ts';
import { type Message, methodOther } from '../http/message.ts';
import type { Timed } from '../loop/timers.ts';
import type { ProxyPlan } from '../program.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { glitchKills, rare } from './glitches.ts';
import { armHead, armIdle, armLinger, awaitMemory, stampHead } from './h1-front-deadlines.ts';
import * as trace from './h1-front-traces.ts';
import { drainUnread, hasLeft } from './h1-leaving.ts';
import { captureUnreadable, noteOddity } from './h1-oddities.ts';
import { mayPersist, settleResponse } from './h1-persistence.ts';
import { becomeH2, mayBecomeH2 } from './h1-upgrade.ts';
import { Output } from './output.ts';
import { headBytesMax, Receiver } from './receiver.ts';
import type { FrontHost, FrontMux } from './front.ts';
import { inboundClosed, type Side, sideGone } from './side.ts';
import { releaseHead, takeHead } from './spares.ts';

/** Waiting for the first byte of a request, slot or no slot. */
const stateIdle = 0;
/** Part of a head has arrived. */
const stateHead = 1;
/** A stream is at work. */
const stateBusy = 2;
/** Everything is said; what is pending leaves, then the connection closes. */
const stateClosing = 3;
const stateClosed = 4;

export class H1Front implements FrontMux, Side, ConnectionOwner, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly httpMajor = 1;
  readonly multiplex = null;
  glitches: number;
  readonly connection: Connection;
  readonly inbound: Receiver;
  readonly outbound: Output;
  /** A client's connection is its own. */
  isPrivate: boolean;
  readonly session: Session;
  readonly host: FrontHost;
  readonly thread: ThreadContext;
  readonly proxy: ProxyPlan;
  private readonly limits: H1Limits;
  /** While a head is received. */
  private head: HeadState | null;
  stream: Stream | null;
  private state: number;
  /** Requests served before the current one. */
  requestCount: number;
  /** When the connection became idle, loop ms. */
  idleSinceMs: number;
  /** Deadline of the head being received, 0: none. */
  headDueMs: number;
  /** The response under way leaves the connection usable. */
  persistent: boolean;
  /** Method as received: rules may change it, the client still expects what it asked for. */
  methodReceived: number;

  constructor(host: FrontHost, session: Session, limits: H1Limits) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.connection = session.connection;
    this.inbound = new Receiver(session.connection, host.thread);
    this.outbound = new Output(session.connection, host.thread);
    this.isPrivate = true;
    this.session = session;
    this.host = host;
    this.thread = host.thread;
    this.proxy = session.frontend;
    this.limits = limits;
    this.head = null;
    this.stream = null;
    this.state = stateIdle;
    this.requestCount = 0;
    this.glitches = 0;
    this.idleSinceMs = session.acceptMs;
    this.headDueMs = 0;
    this.persistent = true;
    this.methodReceived = methodOther;
    this.connection.owner = this;
  }

  /** The connection is ready for HTTP: start waiting for a request. */
  start(): void {
    trace.begun(this.session);
    armIdle(this);
    if (this.connection.readable) this.onReadable();
  }

  /** A TCP session goes on as HTTP: `stream` is its first request, `from` has its first bytes. */
  adopt(stream: Stream, from: Receiver): void {
    this.inbound.takeOver(from);
    this.stream = stream;
    stream.front = this;
    this.beginHead(stream);
    stream.times.firstByteMs = this.thread.time.nowMs;
    if (this.inbound.rawEnd > this.inbound.rawAt) this.parse(headBytesMax(this.thread));
    else this.receiveHead();
  }

  // ---- events ----

  onReadable(): void {
    if (this.state === stateBusy) this.host.exchange.onFrontReadable(this.stream!);
    else if (this.state === stateClosing) this.drain();
    else if (this.state !== stateClosed) this.receiveHead();
  }

  onWritable(): void {
    if (this.state === stateBusy) this.host.exchange.onFrontWritable(this.stream!);
    else if (this.state === stateClosed) return;
    else if (this.outbound.flush() && this.state === stateClosing) this.drain();
  }

  onTimeout(nowMs: number): void {
    if (this.state === stateClosing) {
      this.close();
      return;
    }
    if (this.state !== stateIdle && this.state !== stateHead) return;
    if (this.headDueMs > nowMs + 1) {
      this.receiveHead();
      return;
    }
    // A keep-alive connection that stays quiet is closed without a word, as HAProxy does.
    if (this.state === stateIdle && this.mayLeaveSilently) this.close();
    else this.refuse(408, 'c');
  }

  // ---- requests ----

  private receiveHead(): void {
    const { inbound } = this;
    if (!inbound.hold()) {
      awaitMemory(this);
      return;
    }
    const limit = headBytesMax(this.thread);
    const got = inbound.receiveRaw(limit);
    if (got > 0) {
      if (this.state === stateIdle) this.firstByte();
      this.parse(limit);
    } else if (got !== blocked) {
      this.headEnded();
    } else if (inbound.rawEnd === inbound.rawAt) {
      inbound.drop();
      // There was memory again, but nothing to read: idle as before.
      if (this.state === stateIdle && this.headDueMs > 0) armIdle(this);
    }
  }

  private firstByte(): void {
    const stream = this.host.takeStream(this.session, this);
    this.stream = stream;
    this.beginHead(stream);
  }

  private beginHead(stream: Stream): void {
    this.state = stateHead;
    this.head = takeHead(this.limits);
    stampHead(this, stream.times);
    armHead(this);
  }

  private parse(limit: number): void {
    const { inbound } = this;
    const head = this.head!; // taken with the stream, by the first byte
    const stream = this.stream!;
    const length = parseRequestHead(
      stream.request,
      inbound.rawAt,
      inbound.rawEnd - inbound.rawAt,
      head,
    );
    if (length > 0) {
      this.requestReady(stream, length);
    } else if (length < 0) {
      if (length === h1PrefaceH2 && mayBecomeH2(this)) {
        this.upgrade(stream);
        return;
      }
      captureUnreadable(this, stream, head.errorAt);
      this.refuseUnreadable(length === h1PrefaceH2 ? 405 : h1ErrorStatus(length));
    } else if (inbound.rawEnd - inbound.slotAt >= limit) {
      this.refuse(head.inFields ? 431 : 414, 'P');
    } else if (this.connection.readable) {
      // The end of the connection, or another TLS record: no event will tell of either.
      this.thread.defer(() => this.moreHead());
    }
  }

  /** The rest of a head is looked for after the current batch of events. */
  private moreHead(): void {
    if (this.state === stateHead && this.connection.isOpen) this.receiveHead();
  }

  /** HTTP/2 takes the connection over, and what has been read of it. */
  private upgrade(stream: Stream): void {
    this.stream = null;
    this.releaseHead();
    this.state = stateClosed;
    becomeH2(this, stream);
  }

  private requestReady(stream: Stream, headLength: number): void {
    const { inbound, thread } = this;
    const { request } = stream;
    this.state = stateBusy;
    this.headDueMs = 0;
    const isOdd = this.head!.violationAt >= 0;
    this.releaseHead();
    trace.received(stream);
    thread.timers.cancel(this);
    stream.times.requestMs = thread.time.nowMs;
    if (this.proxy.usesProxyHeader) markProxied(request);
    this.persistent = mayPersist(request);
    this.methodReceived = request.method;
    if (isOdd && noteOddity(this, rare.h1Request) === glitchKills) {
      this.refuse(400, 'P');
      return;
    }
    inbound.begin(headLength, request.framing, request.contentLength);
    this.host.exchange.onRequest(stream);
  }

  private releaseHead(): void {
    releaseHead(this.head);
    this.head = null;
  }

  /** End of stream or error before a whole head. */
  private headEnded(): void {
    const isPartial = this.inbound.rawEnd > this.inbound.rawAt;
    // A client that has ended its side still reads: what is left of the last response leaves first.
    if (!isPartial && this.mayLeaveSilently) this.closeGracefully();
    else this.refuse(400, 'C');
  }

  /** Nothing was said, and that is nothing to talk about: between requests, or a mere probe. */
  private get mayLeaveSilently(): boolean {
    return this.requestCount > 0 || this.proxy.ignoresProbes;
  }

  private refuseUnreadable(status: number): void {
    noteOddity(this, rare.h1RequestLost);
    this.refuse(status, 'P');
  }

  private refuse(status: number, cause: string): void {
    trace.refused(this.session);
    if (this.stream === null) {
      this.firstByte();
      this.stream!.times.firstByteMs = -1;
    }
    this.thread.timers.cancel(this);
    this.state = stateBusy;
    this.releaseHead();
    this.persistent = false;
    this.methodReceived = methodOther;
    this.inbound.failure = inboundClosed;
    this.host.exchange.onBadRequest(this.stream!, status, cause);
  }

  // ---- responses ----

  sendHead(message: Message, at: number, length: number, done: boolean): number {
    trace.sending(this.stream, message);
    const { thread, outbound } = this;
    const room = thread.memory.slotBytes;
    if (message.status < 200 && message.status !== 101) {
      const headLength = writeResponseHead(message, thread.scratchAt, room, 0);
      outbound.chunked = false;
      outbound.discards = false;
      return headLength < 0 ? sideGone : outbound.start(headLength, at, 0, false);
    }
    const adds = settleResponse(this, message, done);
    if (adds < 0) return sideGone;
    const headLength = writeResponseHead(message, thread.scratchAt, room, adds);
    return headLength < 0 ? sideGone : outbound.start(headLength, at, length, done);
  }

  becomeTunnel(): void {
    this.persistent = false;
    this.outbound.chunked = false;
    this.inbound.becomeTunnel();
  }

  finish(): void {
    if (this.outbound.isFlushed()) this.connection.finish();
  }

  isHungUp(): boolean {
    return hasLeft(this);
  }

  isBroken(): boolean {
    return this.connection.broken;
  }

  readLast(): void {
    const { connection, thread, stream } = this;
    connection.hangup = true;
    connection.readable = true;
    thread.defer(() => {
      if (this.stream === stream && connection.isOpen) this.onReadable();
    });
  }

  // ---- between requests ----

  /** The stream is over. `keep`: its response was complete and well delimited. */
  streamEnded(stream: Stream, keep: boolean): void {
    trace.streamEnded(stream);
    this.stream = null;
    this.requestCount++;
    if (!keep || !this.persistent || !this.inbound.bodyDone || !this.connection.isOpen) {
      this.closeGracefully();
      return;
    }
    this.state = stateIdle;
    this.idleSinceMs = this.thread.time.nowMs;
    this.inbound.rewind();
    armIdle(this);
    if (this.inbound.slotAt >= 0 || this.connection.readable) {
      this.thread.defer(() => this.nextRequest());
    }
  }

  /** A pipelined request is looked at after the current batch of events. */
  private nextRequest(): void {
    if (this.state !== stateIdle) return;
    if (this.inbound.slotAt >= 0) {
      const limit = this.thread.program.model.global.tune.bufsize;
      this.firstByte();
      this.parse(limit);
    } else if (this.connection.isOpen && this.connection.readable) {
      this.receiveHead();
    }
  }

  /** Between two requests, and quiet since `sinceMs` at least. */
  isIdleSince(sinceMs: number): boolean {
    return this.state === stateIdle && this.idleSinceMs <= sinceMs;
  }

  collect(into: Stream[]): void {
    if (this.stream !== null && this.state === stateBusy) into.push(this.stream);
  }

  closeGracefully(): void {
    if (this.state === stateClosed) return;
    this.state = stateClosing;
    if (!this.connection.isOpen || this.outbound.flush()) {
      this.drain();
      return;
    }
    armLinger(this);
  }

  /** Closes once all is said, and what the client has sent on is read. */
  private drain(): void {
    if (this.connection.isOpen) {
      if (!this.outbound.isFlushed()) return;
      drainUnread(this);
    }
    this.close();
  }

  /** Ends everything now. */
  close(): void {
    if (this.state === stateClosed) return;
    const { stream, state } = this;
    trace.ended(this.session);
    this.state = stateClosed;
    this.stream = null;
    this.thread.timers.remove(this);
    this.inbound.drop();
    this.outbound.release();
    this.connection.close();
    if (stream !== null && state === stateHead) this.host.releaseStream(stream);
    this.host.frontClosed(this.session);
  }
}
