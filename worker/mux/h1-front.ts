// HTTP/1 towards the client: reads requests one after another, writes their responses, and decides
// whether the connection lives on (RFC 9112 9.3). One stream at a time; pipelined requests wait in
// the slot. An idle connection holds this object, its Connection, and nothing else.

import { sourceH1 } from '../../shared/trace/sources.ts';
import {
  pointH1End,
  pointH1Error,
  pointH1New,
  pointH1Received,
  pointH1Sent,
  pointH1StreamEnd,
  traceSession,
  traceStream,
} from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { blocked, type Connection, type ConnectionOwner } from '../conn/connection.ts';
import { markProxied } from '../http/h1-proxy-connection.ts';
import { h1ErrorStatus, h1PrefaceH2, type HeadState, type H1Limits } from '../http/h1.ts';
import { parseRequestHead } from '../http/h1-head.ts';
import { framingBroken, settleEdits } from '../http/h1-outgoing.ts';
import { transferEncodingName } from '../http/h1-special.ts';
import { addChunked, addProxyName, writeResponseHead } from '../http/h1-write.ts';
import {
  bodyChunked,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  type Message,
  methodHead,
  methodOther,
  proxyHeader,
} from '../http/message.ts';
import type { Timed } from '../loop/timers.ts';
import { persistClose, type ProxyPlan } from '../program.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import { endsConnections, type ThreadContext } from '../thread-context.ts';
import { glitchBorne, glitchKills, judgeGlitches, rare } from './glitches.ts';
import { Output } from './output.ts';
import { Receiver } from './receiver.ts';
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

/** No memory for a head: ask again this often, as long as timeout http-request lasts. */
const memoryRetryMs = 10;

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
  private readonly host: FrontHost;
  private readonly thread: ThreadContext;
  private readonly proxy: ProxyPlan;
  private readonly limits: H1Limits;
  /** While a head is received. */
  private head: HeadState | null;
  private stream: Stream | null;
  private state: number;
  /** Requests served before the current one. */
  requestCount: number;
  /** When the connection became idle, loop ms. */
  private idleSinceMs: number;
  /** Deadline of the head being received, 0: none. */
  private headDueMs: number;
  /** The response under way leaves the connection usable. */
  private persistent: boolean;
  /** Method as received: rules may change it, the client still expects what it asked for. */
  private methodReceived: number;

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
    if (tracer.isOn(sourceH1)) traceSession(pointH1New, this.session, '[F] new connection');
    this.armIdle();
    if (this.connection.readable) this.onReadable();
  }

  /** A TCP session goes on as HTTP: `stream` is its first request, `from` has its first bytes. */
  adopt(stream: Stream, from: Receiver): void {
    this.inbound.takeOver(from);
    this.stream = stream;
    stream.front = this;
    this.beginHead(stream);
    stream.times.firstByteMs = this.thread.time.nowMs;
    if (this.inbound.rawEnd > this.inbound.rawAt) this.parse(this.headBytesMax());
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
      this.awaitMemory();
      return;
    }
    const limit = this.headBytesMax();
    const got = inbound.receiveRaw(limit);
    if (got > 0) {
      if (this.state === stateIdle) this.firstByte();
      this.parse(limit);
    } else if (got !== blocked) {
      this.headEnded();
    } else if (inbound.rawEnd === inbound.rawAt) {
      inbound.drop();
      // There was memory again, but nothing to read: idle as before.
      if (this.state === stateIdle && this.headDueMs > 0) this.armIdle();
    }
  }

  private headBytesMax(): number {
    const { bufsize, maxrewrite } = this.thread.program.model.global.tune;
    return bufsize - maxrewrite;
  }

  /** Something came and there is no slot for it: asks again, as long as a head may take. */
  private awaitMemory(): void {
    const { thread, proxy } = this;
    const { nowMs } = thread.time;
    const limitMs = proxy.timeouts.httpRequestMs || proxy.timeouts.clientMs || lingerMs;
    if (this.headDueMs === 0) this.headDueMs = nowMs + limitMs;
    thread.timers.schedule(this, nowMs + memoryRetryMs);
  }

  private firstByte(): void {
    const stream = this.host.takeStream(this.session, this);
    this.stream = stream;
    this.beginHead(stream);
  }

  private beginHead(stream: Stream): void {
    const { thread, session, proxy } = this;
    this.state = stateHead;
    this.head = takeHead(this.limits);
    const { times } = stream;
    times.acceptMs = this.requestCount === 0 ? session.acceptMs : this.idleSinceMs;
    times.acceptWallMs = thread.time.wallMs - (thread.time.nowMs - times.acceptMs);
    times.requestWallMs = thread.time.wallMs;
    times.handshakeMs = this.requestCount === 0 ? session.handshakeMs : 0;
    times.firstByteMs = thread.time.nowMs;
    times.idleMs = thread.time.nowMs - times.acceptMs - times.handshakeMs;
    const limitMs = proxy.timeouts.httpRequestMs || proxy.timeouts.clientMs;
    // timeout http-request counts from the accept on the first request (manual 4).
    const from = this.requestCount === 0 ? session.acceptMs : thread.time.nowMs;
    this.headDueMs = limitMs > 0 ? from + limitMs : 0;
    if (this.headDueMs > 0) thread.timers.schedule(this, this.headDueMs);
    else thread.timers.cancel(this);
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
      if (length === h1PrefaceH2 && this.mayUpgrade) {
        this.upgrade(stream);
        return;
      }
      const { rawAt, rawEnd } = inbound;
      const bytes = { at: rawAt, length: rawEnd - rawAt, errorAt: head.errorAt };
      this.thread.errors?.note(stream, false, bytes);
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

  /** The first request of a clear connection may be the preface of HTTP/2 (RFC 9113 3.3). */
  private get mayUpgrade(): boolean {
    const { connection, proxy, session } = this;
    if (this.requestCount > 0 || connection.transport !== null) return false;
    if (session.httpProtocol !== '' || session.listener.bind.proto !== '') return false;
    return proxy.model.options['disable-h2-upgrade'] !== true;
  }

  private upgrade(stream: Stream): void {
    const { inbound, session, host } = this;
    this.stream = null;
    host.releaseStream(stream);
    this.releaseHead();
    session.streamCount--;
    this.state = stateClosed;
    this.thread.timers.remove(this);
    const { slotAt, rawAt, rawEnd } = inbound;
    inbound.slotAt = -1;
    host.upgrade(session, slotAt, rawAt, rawEnd);
  }

  private requestReady(stream: Stream, headLength: number): void {
    const { inbound, thread } = this;
    const { request } = stream;
    this.state = stateBusy;
    this.headDueMs = 0;
    const isOdd = this.head!.violationAt >= 0;
    this.releaseHead();
    if (tracer.isOn(sourceH1)) {
      traceStream(pointH1Received, stream, '[F] rcvd H1 request headers', request);
    }
    thread.timers.cancel(this);
    stream.times.requestMs = thread.time.nowMs;
    if (this.proxy.usesProxyHeader) markProxied(request);
    this.persistent = mayPersist(request);
    this.methodReceived = request.method;
    if (isOdd && this.glitch(rare.h1Request) === glitchKills) {
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
    this.glitch(rare.h1RequestLost);
    this.refuse(status, 'P');
  }

  /** The client did something odd; a verdict of glitches.ts. */
  private glitch(place: number): number {
    const { thread } = this;
    this.glitches++;
    this.host.noteGlitch(this.session);
    const { h1FrontGlitches: max } = thread.program.model.global.tune;
    const verdict = judgeGlitches(thread, place, this.glitches, max);
    if (verdict !== glitchBorne) this.persistent = false;
    return verdict;
  }

  private refuse(status: number, cause: string): void {
    if (tracer.isOn(sourceH1)) traceSession(pointH1Error, this.session, '[F] no valid request');
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
    if (tracer.isOn(sourceH1) && this.stream !== null) {
      traceStream(pointH1Sent, this.stream, '[F] sending H1 response headers', message);
    }
    const { thread, outbound } = this;
    const room = thread.memory.slotBytes;
    if (message.status < 200 && message.status !== 101) {
      const headLength = writeResponseHead(message, thread.scratchAt, room, 0);
      outbound.chunked = false;
      outbound.discards = false;
      return headLength < 0 ? sideGone : outbound.start(headLength, at, 0, false);
    }
    const edits = settleEdits(message, false);
    if (edits === framingBroken) return sideGone;
    const adds = this.frame(message, edits, done) | (outbound.chunked ? edits & addChunked : 0);
    outbound.discards =
      this.methodReceived === methodHead ||
      message.framing === bodyNone ||
      isBodyless(message.status);
    const headLength = writeResponseHead(message, thread.scratchAt, room, adds);
    return headLength < 0 ? sideGone : outbound.start(headLength, at, length, done);
  }

  /** Decides framing and persistence of a final response; returns what the writer adds. */
  private frame(message: Message, edits: number, done: boolean): number {
    const { outbound } = this;
    if (message.framing === bodyTunnel) {
      outbound.chunked = false;
      this.persistent = false;
      return 0;
    }
    const { version, flags } = this.stream!.request;
    const named = (flags & proxyHeader) === 0 ? 0 : addProxyName;
    if (message.framing === bodyChunked && version < 11) {
      // An HTTP/1.0 client knows no chunks: the end of the connection ends the body.
      message.framing = bodyUntilClose;
      message.removeAll(transferEncodingName);
    }
    outbound.chunked = message.framing === bodyChunked;
    if (this.mustClose(message, edits, done)) this.persistent = false;
    if (((edits | message.flags) & connectionUpgrade) !== 0) return 0;
    if (!this.persistent) return message.version >= 11 ? named | connectionClose : 0;
    return message.version >= 11 && version >= 11 ? 0 : named | connectionKeepAlive;
  }

  private mustClose(message: Message, edits: number, done: boolean): boolean {
    if ((edits & connectionClose) !== 0 || endsConnections(this.thread)) return true;
    if (message.framing === bodyUntilClose && this.methodReceived !== methodHead) return true;
    // Chunks in HTTP/1.0: the peer may not have meant what it wrote (RFC 9112 6.1).
    if (message.framing === bodyChunked && message.version < 11) return true;
    if (this.proxy.persist === persistClose && (edits & connectionKeepAlive) === 0) return true;
    return done && !this.inbound.bodyDone;
  }

  becomeTunnel(): void {
    this.persistent = false;
    this.outbound.chunked = false;
    this.inbound.becomeTunnel();
  }

  finish(): void {
    if (this.outbound.isFlushed()) this.connection.finish();
  }

  /** A pipelined request that waits behind the current one proves that nobody has left yet. */
  isHungUp(): boolean {
    const { connection, inbound, thread } = this;
    if (!connection.hangup || connection.broken) return connection.broken;
    if (inbound.rawEnd > inbound.rawAt) return false;
    return connection.transport !== null || connection.peek(thread.scratchAt, 1) === 0;
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
    if (tracer.isOn(sourceH1)) traceStream(pointH1StreamEnd, stream, '[F] H1 stream is over');
    this.stream = null;
    this.requestCount++;
    if (!keep || !this.persistent || !this.inbound.bodyDone || !this.connection.isOpen) {
      this.closeGracefully();
      return;
    }
    this.state = stateIdle;
    this.idleSinceMs = this.thread.time.nowMs;
    this.inbound.rewind();
    this.armIdle();
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

  private armIdle(): void {
    const { timeouts } = this.proxy;
    const first = this.requestCount === 0;
    const limitMs = first
      ? timeouts.httpRequestMs || timeouts.clientMs
      : timeouts.httpKeepAliveMs || timeouts.httpRequestMs || timeouts.clientMs;
    this.headDueMs = 0;
    if (limitMs > 0) this.thread.timers.schedule(this, this.idleSinceMs + limitMs);
    else this.thread.timers.cancel(this);
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
    const limitMs = this.proxy.timeouts.clientMs || lingerMs;
    this.thread.timers.schedule(this, this.thread.time.nowMs + limitMs);
  }

  /**
   * Unread request bytes would turn the close into a reset that destroys the response: read them.
   */
  private drain(): void {
    if (!this.connection.isOpen) {
      this.close();
      return;
    }
    if (!this.outbound.isFlushed()) return;
    const { thread } = this;
    // Nothing unread: the close itself ends the connection in order.
    if (this.connection.readable || !this.inbound.bodyDone) this.connection.finish();
    for (let i = 0; i < drainReadsMax && this.connection.readable; i++) {
      if (this.connection.recv(thread.scratchAt, thread.memory.slotBytes) <= 0) break;
    }
    this.close();
  }

  /** Ends everything now. */
  close(): void {
    if (this.state === stateClosed) return;
    const { stream, state } = this;
    if (tracer.isOn(sourceH1)) traceSession(pointH1End, this.session, '[F] connection ends');
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

/** Does the client let its connection live on (RFC 9112 9.3)? */
function mayPersist(request: Message): boolean {
  if ((request.flags & connectionClose) !== 0) return false;
  return request.version >= 11 || (request.flags & connectionKeepAlive) !== 0;
}

/** Responses without a body whatever their lines say (RFC 9110 6.4.1). */
function isBodyless(status: number): boolean {
  return status === 204 || status === 304;
}

const drainReadsMax = 4;
/** How long what is pending may take to leave when no client timeout says so. */
const lingerMs = 10_000;
