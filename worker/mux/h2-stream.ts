// One stream of an HTTP/2 connection as a side of an exchange, towards clients and servers alike.
// Pooled by its connection. It knows the state of RFC 9113 5.1 as three facts: what was received to
// the end, what was sent to the end, and whether the stream was reset.

import { sourceH2 } from '../../shared/trace/sources.ts';
import { pointH2StreamEnd, traceStream } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import type { Connection } from '../conn/connection.ts';
import { errorCancel, errorInternal, errorNone } from '../http/h2-frames.ts';
import type { Message } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { H2Inbound } from './h2-inbound.ts';
import { H2Outbound } from './h2-outbound.ts';
import { type Exchange, inboundClosed, type Multiplex, type Side, sideGone } from './side.ts';

/** The connection of a stream, as far as the stream needs it (h2-link.ts). */
export interface StreamLink extends Multiplex {
  /** Oddities of the peer. */
  readonly glitches: number;
  readonly connection: Connection;
  readonly thread: ThreadContext;
  readonly exchange: Exchange;
  readonly isFront: boolean;
  /**
   * Writes the head of `message`, `ends`: with END_STREAM. Answers the bytes of the block, or
   * sideGone (the stream has been reset).
   */
  writeHead(side: H2Stream, message: Message, ends: boolean): number;
  /** RST_STREAM; the stream is over. */
  reset(side: H2Stream, code: number): void;
  /** Nothing more is to be said or heard: the side goes back to the pool. */
  closed(side: H2Stream): void;
}

export class H2Stream implements Side {
  readonly httpMajor = 2;
  readonly inbound: H2Inbound;
  readonly outbound: H2Outbound;
  link: StreamLink;
  id: number;
  isPrivate: boolean;
  stream: Stream | null;
  /** Request method as received or sent: it decides whether a response has a body. */
  method: number;
  /** An extended CONNECT stands for the upgrade of HTTP/1 (RFC 8441). */
  isExtended: boolean;
  /** A request that keeps both directions open: any CONNECT. */
  isTunnel: boolean;
  /** Payload is still to come (h2-link.ts counts). */
  isReceiving: boolean;
  /** The final head of the peer has come (responses; of requests it is the first). */
  hasHead: boolean;
  isReset: boolean;
  /** Code of the peer's RST_STREAM, -1: there was none. */
  resetCode: number;

  constructor(link: StreamLink) {
    this.inbound = new H2Inbound(link.thread.memory);
    this.outbound = new H2Outbound(link.thread.memory, this);
    this.link = link;
    this.id = 0;
    this.isPrivate = false;
    this.stream = null;
    this.method = 0;
    this.isExtended = false;
    this.isTunnel = false;
    this.isReceiving = false;
    this.hasHead = false;
    this.isReset = false;
    this.resetCode = -1;
  }

  get glitches(): number {
    return this.link.glitches;
  }

  get multiplex(): Multiplex {
    return this.link;
  }

  get connection(): Connection {
    return this.link.connection;
  }

  /** Not part of any exchange yet. Windows and link are set by the connection. */
  restart(link: StreamLink, id: number): void {
    this.link = link;
    this.id = id;
    this.stream = null;
    this.isExtended = false;
    this.isTunnel = false;
    this.isReceiving = false;
    this.hasHead = false;
    this.isReset = false;
    this.resetCode = -1;
  }

  isHungUp(): boolean {
    return this.isReset || this.inbound.failure !== 0;
  }

  isBroken(): boolean {
    return this.isHungUp();
  }

  sendHead(message: Message, at: number, length: number, done: boolean): number {
    const { outbound, link } = this;
    if (outbound.isGone) return sideGone;
    const isInterim = link.isFront && message.status < 200 && message.status !== 101;
    const isOpen = link.isFront ? message.status === 101 : this.isTunnel;
    const isWhole = done && (length === 0 || outbound.discards);
    const ends = isWhole && !isInterim && !isOpen && outbound.hasNoTrailers();
    const written = link.writeHead(this, message, ends);
    if (written < 0) return sideGone;
    outbound.offered += written;
    outbound.isEnded = ends;
    if (isInterim || isOpen) return length;
    if (ends) outbound.isDone = true;
    return ends || (length === 0 && !done) ? length : outbound.send(at, length, done);
  }

  becomeTunnel(): void {
    this.inbound.becomeTunnel();
  }

  /** Half-close of a tunnel. */
  finish(): void {
    this.outbound.isDone = true;
    this.outbound.end();
  }

  /** What the peer said before its end has been received: only the end is left to tell. */
  readLast(): void {
    const { stream } = this;
    if (stream === null) return;
    this.link.thread.defer(() => {
      if (this.stream === stream) this.notifyFailure(inboundClosed);
    });
  }

  // ---- what the connection tells ----

  /** Payload, its end or a failure stands in `inbound`. */
  notifyReadable(): void {
    const { stream, link } = this;
    if (stream === null) return;
    if (link.isFront) link.exchange.onFrontReadable(stream);
    else link.exchange.onBackReadable(stream);
  }

  notifyWritable(): void {
    const { stream, link, outbound } = this;
    if (stream !== null) {
      if (link.isFront) link.exchange.onFrontWritable(stream);
      else link.exchange.onBackWritable(stream);
      return;
    }
    if (outbound.flush()) this.settle();
  }

  /** The peer reset the stream, or its connection is gone. */
  fail(failure: number): void {
    this.isReset = true;
    this.outbound.isGone = true;
    this.notifyFailure(failure);
    if (this.stream === null) this.link.closed(this);
  }

  private notifyFailure(failure: number): void {
    const { stream, link, inbound } = this;
    if (inbound.failure === 0 && !inbound.bodyDone) inbound.failure = failure;
    if (stream === null) return;
    if (link.isFront || this.hasHead) this.notifyReadable();
    else link.exchange.onResponseFailure(stream, failure);
  }

  // ---- the end ----

  /** The engine is done with the stream. */
  streamEnded(): void {
    if (tracer.isOn(sourceH2) && this.stream !== null) {
      traceStream(pointH2StreamEnd, this.stream, 'stream is over');
    }
    this.stream = null;
    const { inbound } = this;
    // What still comes has no reader.
    inbound.drop();
    if (this.outbound.flush()) this.settle();
    else if (this.outbound.isGone) this.settle();
  }

  /** Nothing is pending: ends the stream in the way that fits what was said. */
  private settle(): void {
    const { outbound, inbound, link } = this;
    if (this.isReset) {
      link.closed(this);
    } else if (!outbound.isEnded) {
      if (outbound.isDone && outbound.end()) this.settle();
      else link.reset(this, outbound.isGone ? errorInternal : errorCancel);
    } else if (!inbound.isEnded) {
      // The answer is complete, the rest of the request is not wanted (RFC 9113 8.1).
      link.reset(this, link.isFront ? errorNone : errorCancel);
    } else {
      link.closed(this);
    }
  }
}
