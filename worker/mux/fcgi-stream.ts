// One request on a FastCGI connection as the server's side of an exchange: its input goes out in
// records, its output is read as a CGI response (http/cgi-head.ts). Pooled by thread. It may
// outlive its exchange: its number is free when the application has said that the request is over.

import { blocked, type Connection } from '../conn/connection.ts';
import { parseCgiHead } from '../http/cgi-head.ts';
import type { H1Limits, HeadState } from '../http/h1.ts';
import { contentLengthName } from '../http/h1-special.ts';
import {
  bodyChunked,
  bodyLength,
  bodyUntilClose,
  headerName,
  type Message,
  unlinedChunks,
} from '../http/message.ts';
import { httpDate } from '../http/syntax.ts';
import { rare } from '../memory/rare-events.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { FcgiBack } from './fcgi-back.ts';
import { FcgiStdin } from './fcgi-stdin.ts';
import { FcgiStdout } from './fcgi-stdout.ts';
import { headBytesMax, Receiver } from './receiver.ts';
import {
  inboundClosed,
  inboundTruncated,
  inboundUnmeasured,
  inboundUntold,
  type Multiplex,
  type Side,
  sideGone,
} from './side.ts';
import { releaseHead, takeHead } from './spares.ts';

const dateName = headerName('date');
/** Receives per event while a head is incomplete. */
const readsMax = 4;

export class FcgiStream implements Side {
  readonly httpMajor = 1;
  readonly inbound: Receiver;
  readonly outbound: FcgiStdin;
  readonly stdout: FcgiStdout;
  /** Null while it is pooled. */
  link: FcgiBack | null;
  id: number;
  stream: Stream | null;
  isPrivate: boolean;
  /** The request has left, or part of it. */
  isBegun: boolean;
  /** The application was told to stop. */
  isAborted: boolean;
  /** The application has said that the request is over, or never will. */
  isOver: boolean;
  private readonly thread: ThreadContext;
  /** What a request that could not leave comes to. */
  private refusal: number;
  private head: HeadState | null;
  private hasHead: boolean;

  constructor(thread: ThreadContext) {
    this.thread = thread;
    this.stdout = new FcgiStdout(() => this.onOutput());
    this.inbound = new Receiver(this.stdout, thread);
    this.outbound = new FcgiStdin(thread.memory, () => this.onRoom());
    this.link = null;
    this.id = 0;
    this.stream = null;
    this.isPrivate = false;
    this.isBegun = false;
    this.isAborted = false;
    this.isOver = false;
    this.refusal = inboundClosed;
    this.head = null;
    this.hasHead = false;
  }

  restart(link: FcgiBack, id: number, limits: H1Limits): void {
    this.link = link;
    this.id = id;
    this.stream = null;
    this.isPrivate = false;
    this.isBegun = false;
    this.isAborted = false;
    this.isOver = false;
    this.refusal = inboundClosed;
    this.hasHead = false;
    this.stdout.restart(link.demux);
    this.outbound.restart(id, link.sending);
    this.inbound.rewind();
    this.head = takeHead(limits);
  }

  get connection(): Connection {
    return this.link!.connection;
  }

  get multiplex(): Multiplex {
    return this.link!;
  }

  get glitches(): number {
    return this.link?.glitches ?? 0;
  }

  isHungUp(): boolean {
    return this.isOver && this.inbound.failure !== 0;
  }

  isBroken(): boolean {
    return this.isHungUp();
  }

  // ---- the request ----

  sendHead(message: Message, at: number, length: number, done: boolean): number {
    const { outbound, link, stream } = this;
    if (outbound.isGone || link === null || stream === null) return sideGone;
    const total = bodyBytes(stream, length, done);
    const written = total < 0 ? -1 : link.writeHead(this, stream, message, total);
    if (written < 0) {
      this.refusal = total < 0 ? inboundUnmeasured : inboundUntold;
      return sideGone;
    }
    outbound.offered += written;
    return length === 0 && !done ? 0 : outbound.send(at, length, done);
  }

  /** FastCGI has no tunnels: no response makes one. */
  becomeTunnel(): void {}

  /** The client has left, and its server is told. */
  finish(): void {
    this.link?.abort(this);
  }

  /** The request could not leave, or the connection failed: nobody answers it. */
  readLast(): void {
    const { stream } = this;
    if (stream === null) return;
    this.thread.defer(() => {
      if (this.stream === stream) this.fail(this.refusal);
    });
  }

  private onRoom(): void {
    if (this.stream !== null) this.link!.exchange.onBackWritable(this.stream);
  }

  // ---- the response ----

  private onOutput(): void {
    const { stream, link } = this;
    if (stream === null || link === null) return;
    if (this.hasHead) link.exchange.onBackReadable(stream);
    else this.receiveHead(stream, link);
  }

  /** Reads what has come of the response's head. */
  private receiveHead(stream: Stream, link: FcgiBack): void {
    const { inbound, thread } = this;
    if (!inbound.hold()) {
      link.exchange.onResponseFailure(stream, -ENOMEM);
      return;
    }
    const limit = headBytesMax(thread);
    for (let i = 0; i < readsMax && this.stream === stream; i++) {
      const got = inbound.receiveRaw(limit);
      if (got === blocked) {
        if (inbound.rawEnd === inbound.rawAt) inbound.drop();
        return;
      }
      if (got <= 0) {
        link.exchange.onResponseFailure(stream, this.lossOf(got));
        return;
      }
      if (this.parse(stream, link, limit) || !this.stdout.readable) return;
    }
  }

  /** What to tell of output that ended (0) or was lost before a whole head had come. */
  private lossOf(got: number): number {
    const isEnd = got === 0 || got === inboundClosed;
    if (!isEnd) return got;
    return this.inbound.rawEnd > this.inbound.rawAt ? inboundTruncated : inboundClosed;
  }

  /** True when the head, or a failure, has been handed on. */
  private parse(stream: Stream, link: FcgiBack, limit: number): boolean {
    const { inbound } = this;
    const head = this.head!; // taken by restart, given back with the stream
    head.requestMethod = stream.request.method;
    const { rawAt, rawEnd, slotAt } = inbound;
    const length = parseCgiHead(stream.response, rawAt, rawEnd - rawAt, head);
    if (length === 0 && rawEnd - slotAt < limit) return false;
    if (length <= 0) {
      const bytes = { at: rawAt, length: rawEnd - rawAt, errorAt: head.errorAt };
      if (length < 0) this.thread.errors?.note(stream, true, bytes);
      link.glitch(rare.fcgiHeadOdd);
      link.exchange.onResponseFailure(stream, length < 0 ? length : -1);
      return true;
    }
    this.frame(stream, link, length);
    link.exchange.onResponse(stream);
    return true;
  }

  /**
   * How the body leaves: with the length that was announced, else with one that is known by now, in
   * chunks where the client takes them, or until the connection ends. As HAProxy's filter it dates
   * what is not dated.
   */
  private frame(stream: Stream, link: FcgiBack, headLength: number): void {
    const { response, request } = stream;
    const { inbound, stdout } = this;
    this.hasHead = true;
    if (response.find(dateName, 0) < 0) {
      response.add(dateName, httpDate(this.thread.time.wallMs));
    }
    if (request.version < 11) response.version = 10;
    let { framing } = response;
    if (framing === bodyUntilClose) {
      const known = inbound.rawEnd - inbound.rawAt - headLength;
      const ahead = stdout.hasEnded ? 0 : link.outputAhead(this);
      if (ahead >= 0 && response.add(contentLengthName, String(known + ahead))) {
        response.framing = bodyLength;
        response.contentLength = known + ahead;
        framing = bodyLength;
      } else if (response.version >= 11) {
        response.framing = bodyChunked;
        response.flags |= unlinedChunks;
      }
    }
    inbound.begin(headLength, framing, response.contentLength);
  }

  // ---- the end ----

  /** The output is complete, or the request is over. */
  endOutput(): void {
    this.stdout.end(0);
  }

  /** Nothing more will be said or taken. */
  fail(failure: number): void {
    this.outbound.isGone = true;
    this.stdout.end(failure);
  }

  /** The engine is done with the stream. */
  streamEnded(): void {
    const { link, inbound } = this;
    const isAnswered = this.hasHead && inbound.bodyDone && inbound.failure === 0;
    // More than was announced.
    if (inbound.rawEnd > inbound.rawAt) link?.glitch(rare.fcgiSurplus);
    if (this.isPrivate && link !== null) link.owner = this.stream?.session ?? link.owner;
    this.stream = null;
    this.stdout.release();
    inbound.drop();
    inbound.rewind();
    releaseHead(this.head);
    this.head = null;
    this.outbound.release();
    link?.detached(this, isAnswered && this.outbound.isEnded);
  }
}

const ENOMEM = 12;

/** Bytes of the whole body: CGI must be told before it comes (RFC 3875 4.1.2). -1: not known. */
function bodyBytes({ request, front }: Stream, length: number, done: boolean): number {
  if (done) return length;
  if (request.framing === bodyLength) return request.contentLength;
  return front !== null && front.inbound.bodyDone ? front.inbound.bodyLength : -1;
}
