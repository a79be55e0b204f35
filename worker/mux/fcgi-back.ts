// A FastCGI connection to an application: requests of one stream after another, of several at once
// where the application multiplexes (manual 10.1.1, keep-conn, mpxs-conns, max-reqs, get-values).
// What is received is cut into records by fcgi-demux.ts; who may use it is decided by mux-pool.ts.

import { sourceFcgi } from '../../shared/trace/sources.ts';
import type { Connection, ConnectionOwner } from '../conn/connection.ts';
import {
  outputAhead,
  type RecordHeader,
  recordAbort,
  requestIdMax,
  statusComplete,
  statusNoMultiplex,
  statusUnknownRole,
} from '../http/fcgi-records.ts';
import type { Message } from '../http/message.ts';
import {
  pointFcgiEnd,
  pointFcgiError,
  pointFcgiNew,
  pointFcgiRecord,
  pointFcgiStreamEnd,
  traceConnection,
  traceStream,
} from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { rare } from '../memory/rare-events.ts';
import type { Timed } from '../loop/timers.ts';
import type { FcgiAppPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { FcgiDemux, type OutputReader, type RecordTarget } from './fcgi-demux.ts';
import { logErrors } from './fcgi-errors.ts';
import { FcgiSending } from './fcgi-sending.ts';
import type { FcgiStream } from './fcgi-stream.ts';
import type { FcgiTools } from './fcgi-tools.ts';
import { getValues, readValues } from './fcgi-values.ts';
import type { MuxKeeper, PooledMux } from './mux-pool.ts';
import { type Exchange, inboundClosed, inboundRefused, type Multiplex } from './side.ts';

/** Records that mean nothing to us since the last request began: then it is given up. */
const strayMax = 64;
/** How long the application may take to say that a request is over that nobody waits for. */
const drainMs = 5000;
/** `Inbound.failure` of records that make no sense: as a framing error of HTTP/1. */
const malformed = -1;
const ECONNRESET = 104;

/** What a connection is for. */
export interface FcgiTarget {
  readonly app: FcgiAppPlan;
  readonly server: Server;
  readonly hash: string;
  readonly keeper: MuxKeeper<FcgiBack>;
}

export class FcgiBack implements ConnectionOwner, RecordTarget, Multiplex, PooledMux, Timed {
  // Timed
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;

  readonly connection: Connection;
  readonly exchange: Exchange;
  readonly app: FcgiAppPlan;
  readonly server: Server;
  readonly hash: string;
  readonly demux: FcgiDemux;
  owner: Session | null;
  useCount: number;
  idleSinceMs: number;
  isIdle: boolean;
  glitches: number;
  /** Requests at once. */
  streamMax: number;
  private strays: number;
  private readonly thread: ThreadContext;
  private readonly tools: FcgiTools;
  private readonly keeper: MuxKeeper<FcgiBack>;
  readonly sending: FcgiSending;
  /** By number: those at work, and those whose end has not come yet. */
  private readonly sides: Map<number, FcgiStream>;
  /** Sides that no exchange waits for. */
  private draining: number;
  /** What the application allows is known, or was not asked. */
  private isReady: boolean;
  /** No more requests. */
  private isEnding: boolean;
  isClosed: boolean;

  constructor(tools: FcgiTools, connection: Connection, exchange: Exchange, target: FcgiTarget) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.connection = connection;
    this.exchange = exchange;
    this.app = target.app;
    this.server = target.server;
    this.hash = target.hash;
    this.keeper = target.keeper;
    this.thread = tools.thread;
    this.tools = tools;
    this.demux = new FcgiDemux(connection, tools.thread, this);
    this.sending = new FcgiSending(connection, tools.thread, () => this.afterSend());
    this.owner = null;
    this.useCount = 0;
    this.idleSinceMs = 0;
    this.isIdle = false;
    this.glitches = 0;
    this.strays = 0;
    this.streamMax = target.app.requestMax;
    this.sides = new Map();
    this.draining = 0;
    this.isReady = !target.app.asksValues;
    this.isEnding = false;
    this.isClosed = false;
  }

  /** The connection is up. */
  start(): void {
    this.connection.owner = this;
    this.trace(pointFcgiNew, 'new connection');
    if (!this.isReady) this.sending.output.put(getValues);
    if (this.connection.readable) this.thread.defer(this.read);
  }

  private readonly read = (): void => {
    if (this.connection.isOpen) this.demux.read();
  };

  // ---- streams ----

  get streamCount(): number {
    return this.sides.size;
  }

  /** Requests that may be added now. */
  get room(): number {
    if (this.isClosed || this.isEnding || !this.isReady) return 0;
    return Math.min(this.streamMax, requestIdMax) - this.sides.size;
  }

  /** It never changes threads. */
  holds(): boolean {
    return true;
  }

  isStillHere(): boolean {
    return true;
  }

  /** A side for `stream`; there must be room, or it is the first. */
  attach(stream: Stream): FcgiStream {
    let id = 1;
    while (this.sides.has(id)) id++;
    const side = this.tools.take(this, id);
    side.stream = stream;
    this.sides.set(id, side);
    this.useCount++;
    this.strays = 0;
    if (!this.app.keepsConnections) this.isEnding = true;
    return side;
  }

  /** Does the request have to wait for what the application allows? */
  get awaitsValues(): boolean {
    return !this.isReady;
  }

  /**
   * No exchange waits for `side`; its number is free when the application says so. `isComplete`:
   * both directions came to their end.
   */
  detached(side: FcgiStream, isComplete: boolean): void {
    if (side.isOver || !side.isBegun || this.isClosed) {
      this.forget(side);
      return;
    }
    if (!isComplete) this.abort(side);
    this.draining++;
    if (this.dueMs === 0) this.thread.timers.schedule(this, this.thread.time.nowMs + drainMs);
  }

  private forget(side: FcgiStream): void {
    if (this.sides.get(side.id) !== side) return;
    this.sides.delete(side.id);
    this.tools.release(side);
    if (this.isClosed) return;
    if (this.sides.size > 0) {
      this.keeper.freed(this);
      return;
    }
    this.thread.timers.remove(this);
    this.idleSinceMs = this.thread.time.nowMs;
    const isUseless = this.isEnding || !this.isReady || this.thread.stopping;
    if (isUseless) this.thread.defer(this.closeIdle);
    else this.keeper.freed(this);
  }

  /** Bound once: what was said last leaves first. */
  private readonly closeIdle = (): void => {
    if (this.sides.size === 0) this.close();
  };

  /** Requests that nobody waits for hold up others: it is of no use. */
  onTimeout(): void {
    if (this.isClosed) return;
    if (this.draining === this.sides.size) this.close();
    else if (this.draining > 0) {
      this.isEnding = true;
      this.thread.timers.schedule(this, this.thread.time.nowMs + drainMs);
    }
  }

  // ---- sending ----

  /** Begins the request with all its parameters. Bytes written, -1: it cannot be told. */
  writeHead(side: FcgiStream, stream: Stream, message: Message, bodyBytes: number): number {
    const { request } = this.tools;
    const length = request.write(stream, message, this.app, bodyBytes);
    if (length < 0 || this.isClosed) return -1;
    const written = request.send(this.sending.output, side.id, this.app.keepsConnections);
    side.isBegun = written > 0;
    return written;
  }

  /** The application may stop. */
  abort(side: FcgiStream): void {
    if (this.isClosed || !side.isBegun || side.isOver || side.isAborted) return;
    side.isAborted = true;
    this.sending.record(recordAbort, side.id, 0);
  }

  onWritable(): void {
    this.sending.output.send();
    this.afterSend();
  }

  private afterSend(): void {
    if (this.isClosed) return;
    if (this.sending.output.isBroken) {
      // What it said before is read first.
      if (this.connection.readable) this.demux.read();
      if (!this.isClosed) this.close();
      return;
    }
    this.sending.wake();
  }

  // ---- receiving ----

  onReadable(): void {
    this.demux.read();
  }

  isReadable(): boolean {
    return !this.isClosed;
  }

  onRecord({ type, id, length, padding }: RecordHeader): void {
    if (!tracer.isOn(sourceFcgi)) return;
    this.trace(pointFcgiRecord, `rcvd record type=${type} id=${id} len=${length} pad=${padding}`);
  }

  readerOf(id: number): OutputReader | null {
    const side = this.sides.get(id);
    if (side !== undefined && side.stream === null) return null;
    if (side !== undefined && !side.stdout.hasEnded) return side.stdout;
    this.stray();
    return null;
  }

  onOutputEnd(id: number): void {
    const side = this.sides.get(id);
    if (side === undefined) this.stray();
    else if (side.stream !== null) side.endOutput();
  }

  onErrors(id: number, at: number, length: number): void {
    if (!this.sides.has(id)) this.stray();
    logErrors(this.thread, this.app, at, length);
  }

  onRequestEnd(id: number, status: number): void {
    const side = this.sides.get(id);
    if (side === undefined) {
      this.stray();
      return;
    }
    if (tracer.isOn(sourceFcgi) && side.stream !== null) {
      traceStream(pointFcgiStreamEnd, side.stream, `request is over, status ${status}`);
    }
    side.isOver = true;
    side.outbound.isGone = true;
    if (status === statusNoMultiplex) this.streamMax = 1;
    else if (status !== statusComplete) this.isEnding = true;
    if (side.stream === null) {
      this.draining--;
      this.forget(side);
      return;
    }
    // A request that was turned away may be sent again, unless nobody would ever take it.
    const isRefused = status !== statusComplete && status !== statusUnknownRole;
    if (isRefused) side.fail(inboundRefused);
    else side.endOutput();
  }

  onValues(at: number, length: number): boolean {
    if (length >= 0) {
      const { multiplexes } = this.app;
      const max = readValues(this.thread.memory.bytes, { at, length }, multiplexes, this.streamMax);
      if (max < 0) return false;
      this.streamMax = max;
    }
    if (this.isReady) return true;
    this.isReady = true;
    for (const side of this.sides.values()) {
      if (side.stream !== null) this.exchange.onConnected(side.stream, 0);
    }
    return true;
  }

  onStray(): boolean {
    this.stray();
    return !this.isClosed;
  }

  /** A record that belongs to nothing: a few are passed over. */
  private stray(): void {
    this.glitch(rare.fcgiStray);
    if (++this.strays >= strayMax) this.closeWith(malformed);
  }

  /** Something of the application made no sense. */
  glitch(place: number): void {
    this.glitches++;
    this.thread.rare.note(place);
    this.trace(pointFcgiError, 'a record that makes no sense');
  }

  /** Where the rest of the output of `side` ends in what was received; -1: it is not known. */
  outputAhead(side: FcgiStream): number {
    const { demux, thread } = this;
    return outputAhead(thread.memory.bytes, demux.rest, demux, side.id);
  }

  // ---- the end ----

  onEnd(_result: number): void {
    this.close();
  }

  onFatal(at: number, length: number): void {
    this.glitch(rare.fcgiFatal);
    for (const { stream } of this.sides.values()) {
      if (stream !== null && length > 0) {
        this.thread.errors?.note(stream, true, { at, length, errorAt: 0 });
      }
    }
    this.closeWith(malformed);
  }

  /** Tells the streams and closes. */
  close(): void {
    this.closeWith(inboundClosed);
  }

  private closeWith(failure: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.trace(pointFcgiEnd, 'connection ends');
    this.thread.timers.remove(this);
    for (const side of this.sides.values()) {
      const { stream } = side;
      side.isOver = true;
      if (stream === null) this.forget(side);
      else if (this.isReady) side.fail(failure);
      else this.exchange.onConnected(stream, -ECONNRESET);
    }
    this.demux.release();
    this.sending.output.release();
    this.connection.close();
    this.keeper.gone(this);
  }

  private trace(point: typeof pointFcgiNew, text: string): void {
    if (tracer.isOn(sourceFcgi)) traceConnection(point, this.connection, text);
  }
}
