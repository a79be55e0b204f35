// HTTP/2 towards the client: each HEADERS frame of a new stream becomes a request with a stream of
// the engine, up to the limits that were announced (manual, tune.h2.fe.*). Says goodbye with GOAWAY
// when the process stops or the connection has served enough. What a connection does whatever side
// it is on is in h2-link.ts.

import { rare } from '../memory/rare-events.ts';
import type { Connection } from '../conn/connection.ts';
import * as h2 from '../http/h2-frames.ts';
import { headBad, headMalformed } from '../http/h2-pseudo.ts';
import { writeResponseBlock } from '../http/h2-write.ts';
import { type Message, methodHead } from '../http/message.ts';
import type { Timed } from '../loop/timers.ts';
import type { ProxyPlan } from '../program.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import { endsConnections, scratchSlots, type ThreadContext } from '../thread-context.ts';
import { countMalformed } from './h2-counts.ts';
import type { FrontHost, FrontMux } from './front.ts';
import { Deadline } from './deadline.ts';
import { H2Link } from './h2-link.ts';
import { IdlePing } from './idle-ping.ts';
import { type H2Role, refusedBlock } from './h2-role.ts';
import { sendSettings } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import type { H2Tools } from './h2-tools.ts';
import { takeTrailers } from './h2-trailers.ts';
import { grant } from './h2-windows.ts';

export class H2Front implements FrontMux, H2Role, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly isFront = true;
  readonly hearsPreface: boolean;
  readonly row: number;
  readonly connection: Connection;
  readonly session: Session;
  readonly link: H2Link;
  private readonly host: FrontHost;
  private readonly thread: ThreadContext;
  private readonly tools: H2Tools;
  private readonly proxy: ProxyPlan;
  private readonly relaxed: boolean;
  /** Highest stream of the client's. */
  private lastId: number;
  private streamCount: number;
  private hasGreeted: boolean;
  /** When the last stream ended, loop ms. */
  private idleSinceMs: number;
  /** Slot for the strings of the head that is being decoded, -1: none. */
  private headSlotAt: number;
  private isStopping: boolean;
  /** null: its line has no idle-ping. */
  private readonly ping: IdlePing | null;

  /** Until the first settings of a server we have connected to; null otherwise. */
  private deadline: Deadline | null;

  /** `isReversed`: the connection was made by us, who begin as a client (rhttp@). */
  constructor(host: FrontHost, session: Session, tools: H2Tools, isReversed = false) {
    this.hearsPreface = !isReversed;
    this.deadline = null;
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.row = host.rowOf(session);
    this.connection = session.connection;
    this.session = session;
    this.host = host;
    this.thread = host.thread;
    this.tools = tools;
    this.proxy = session.frontend;
    const { options } = session.frontend.model;
    this.relaxed =
      options['accept-unsafe-violations-in-http-request'] === true ||
      options['accept-invalid-http-request'] === true;
    this.lastId = 0;
    this.streamCount = 0;
    this.hasGreeted = false;
    this.idleSinceMs = session.acceptMs;
    this.headSlotAt = -1;
    this.isStopping = false;
    this.link = new H2Link(this, tools, session.connection, host.exchange);
    const { idlePingMs } = session.listener.bind;
    this.ping = idlePingMs > 0 ? new IdlePing(this.link, idlePingMs) : null;
    session.connection.owner = this.link;
  }

  start(): void {
    this.arm();
    this.greet();
    if (this.connection.readable || this.link.demux.hasBytes) this.link.demux.read();
  }

  /**
   * Begins as a client on a connection to a server. With the settings of the server the roles turn
   * round: the host is told. It may take until `dueMs`.
   */
  startReversed(dueMs: number): void {
    this.hasGreeted = true;
    this.deadline = new Deadline(this.thread.timers, this.link, dueMs);
    this.link.output.put(h2.preface);
    sendSettings(this.link.output, this.tools.limits, false);
    if (this.connection.readable) this.link.demux.read();
  }

  /** Our SETTINGS do not wait for the client's preface (RFC 9113 3.4). */
  private greet(): void {
    if (this.hasGreeted) return;
    this.hasGreeted = true;
    sendSettings(this.link.output, this.tools.limits, this.isFront);
  }

  // ---- heads ----

  stringsAt(side: H2Stream | null): number {
    if (side !== null) return -1;
    if (this.headSlotAt < 0) this.headSlotAt = this.thread.memory.take();
    return this.headSlotAt;
  }

  onHead(side: H2Stream | null, id: number, ends: boolean, isReadable: boolean): number {
    const { link } = this;
    if (side !== null) return takeTrailers(link, side, ends && isReadable);
    if (id <= this.lastId) {
      // A stream that was reset may have frames on their way (RFC 9113 5.1).
      return (id & 1) === 0 ? h2.errorProtocol : link.glitch(1, rare.h2HeadLate);
    }
    if ((id & 1) === 0) return h2.errorProtocol;
    this.lastId = id;
    if (this.isStopping && link.isEnding) return this.refuse(id);
    const { totalMax, streamMax } = this.tools.limits;
    if (totalMax > 0 && ++this.streamCount > totalMax + streamMax) return h2.errorCalm;
    if (streamMax > 0 && link.streams.size >= streamMax) {
      this.refuse(id);
      return link.glitch(1, rare.h2StreamsMany);
    }
    if (this.headSlotAt < 0) return this.refuse(id);
    const fault = isReadable ? this.begin(id, ends) : this.spoil(id);
    if (totalMax > 0 && this.streamCount >= totalMax && !link.isEnding) {
      link.sendGoaway(this.lastId + 2 * streamMax, h2.errorNone);
    }
    return fault;
  }

  private refuse(id: number): number {
    this.link.sendNumber(h2.frameReset, id, h2.errorRefused);
    return 0;
  }

  /** The head breaks the rules: only its stream is lost (RFC 9113 8.1.1). */
  private spoil(id: number): number {
    this.link.sendNumber(h2.frameReset, id, h2.errorProtocol);
    this.link.count(countMalformed);
    this.host.noteBadRequest(this.session);
    return this.link.glitch(1, rare.h2HeadOdd);
  }

  private begin(id: number, ends: boolean): number {
    const { link, thread, tools } = this;
    const side = link.open(id);
    const stream = this.host.takeStream(this.session, side);
    side.stream = stream;
    const { request } = stream;
    const result = tools.reader.readRequest(request, tools.block, ends, this.relaxed);
    if (result === headMalformed) {
      side.stream = null;
      this.host.releaseStream(stream);
      link.noteReceiving(side, false);
      side.isReset = true;
      link.closed(side);
      return this.spoil(id);
    }
    thread.timers.cancel(this);
    this.ping?.busy();
    side.inbound.headAt = this.headSlotAt;
    this.headSlotAt = -1;
    side.method = request.method;
    side.isExtended = tools.reader.isExtendedConnect;
    side.outbound.discards = false;
    side.hasHead = true;
    this.time(stream);
    this.expectPayload(side, request, ends);
    if (result === headBad) link.exchange.onBadRequest(stream, 400, 'P');
    else link.exchange.onRequest(stream);
    return 0;
  }

  private expectPayload(side: H2Stream, request: Message, ends: boolean): void {
    const { inbound } = side;
    inbound.expected = side.isExtended ? -1 : request.contentLength;
    if (ends) {
      inbound.end();
      return;
    }
    this.link.noteReceiving(side, true);
    if (side.isExtended) {
      // Nothing belongs to the request; what comes waits for the tunnel.
      inbound.isHeld = true;
      inbound.bodyDone = true;
    } else if (inbound.expected === 0) {
      inbound.bodyDone = true;
    }
    grant(this.link, inbound);
  }

  private time(stream: Stream): void {
    const { thread, session } = this;
    const { times } = stream;
    const isFirst = session.streamCount <= 1;
    times.acceptMs = isFirst ? session.acceptMs : thread.time.nowMs;
    times.acceptWallMs = thread.time.wallMs - (thread.time.nowMs - times.acceptMs);
    times.requestWallMs = thread.time.wallMs;
    times.handshakeMs = isFirst ? session.handshakeMs : 0;
    times.firstByteMs = thread.time.nowMs;
    times.idleMs = thread.time.nowMs - times.acceptMs - times.handshakeMs;
    times.requestMs = thread.time.nowMs;
  }

  writeBlock(side: H2Stream, message: Message): number {
    const { scratchAt, memory } = this.thread;
    const isAccepted = side.isExtended && message.status === 101;
    if (message.status === 101 && !isAccepted) return refusedBlock;
    if (message.status >= 200) {
      const { status } = message;
      side.outbound.discards = side.method === methodHead || status === 204 || status === 304;
    }
    const room = { at: scratchAt, length: memory.slotBytes * scratchSlots };
    return writeResponseBlock(this.link.encoder, message, room, isAccepted);
  }

  // ---- the connection ----

  onSettings(): void {
    const { deadline } = this;
    if (deadline === null) return;
    this.deadline = null;
    deadline.end();
    this.idleSinceMs = this.thread.time.nowMs;
    this.host.turnedRound(this.session);
    if (!this.link.isClosed) this.arm();
  }

  /** The client is there: its timeout begins again, those of requests do not (idle-ping). */
  onPong(): void {
    const { ping, link } = this;
    if (ping === null || link.streams.size > 0) return;
    ping.answered();
    const { clientMs } = this.proxy.timeouts;
    if (clientMs > 0 && !this.hasRequestLimit()) {
      this.thread.timers.schedule(this, this.thread.time.nowMs + clientMs);
    }
  }

  onGoaway(_lastId: number): void {
    if (this.link.streams.size === 0) this.closeSoon();
  }

  onFatal(): void {
    this.host.noteBadConnection(this.session);
  }

  onGlitch(): void {
    this.host.noteGlitch(this.session);
  }

  /** A reset before the answer began is what floods are made of (manual, fc_glitches). */
  onReset(side: H2Stream): number {
    return side.outbound.offered === 0 ? this.link.glitch(1, rare.h2ResetEarly) : 0;
  }

  onStreamClosed(): void {
    const { link, thread } = this;
    if (endsConnections(thread)) this.announceEnd();
    if (link.streams.size > 0) return;
    this.idleSinceMs = thread.time.nowMs;
    if (link.isEnding) this.closeSoon();
    else this.arm();
  }

  /** Streams that are under way may finish; the client sends no new ones. */
  private announceEnd(): void {
    if (this.isStopping) return;
    this.isStopping = true;
    this.link.sendGoaway(this.lastId, h2.errorNone);
  }

  /** Closes once what was said has left. */
  private closeSoon(): void {
    const { link, thread } = this;
    if (link.output.send()) {
      thread.defer(() => {
        if (link.streams.size === 0) link.close();
      });
      return;
    }
    const limitMs = this.proxy.timeouts.clientMs || lingerMs;
    thread.timers.schedule(this, thread.time.nowMs + limitMs);
  }

  holds(): boolean {
    return true;
  }

  onActivity(): void {
    const { link } = this;
    if (link.isEnding && link.streams.size === 0 && link.output.isEmpty()) this.closeSoon();
  }

  isPast(id: number): boolean {
    return id <= this.lastId && (id & 1) === 1;
  }

  lastPeerId(): number {
    return this.lastId;
  }

  onClosed(): void {
    this.thread.timers.remove(this);
    this.ping?.end();
    this.deadline?.end();
    if (this.headSlotAt >= 0) this.thread.memory.release(this.headSlotAt);
    this.headSlotAt = -1;
    this.host.frontClosed(this.session);
  }

  onTimeout(): void {
    const { link } = this;
    if (link.isClosed || link.streams.size > 0) return;
    if (link.demux.hasPreface) link.sendGoaway(this.lastId, h2.errorNone);
    link.output.send();
    link.close();
  }

  /** timeout http-keep-alive between streams, http-request or client before the first. */
  private arm(): void {
    this.ping?.quiet();
    const { timeouts } = this.proxy;
    const isFirst = this.lastId === 0;
    const limitMs = isFirst
      ? timeouts.httpRequestMs || timeouts.clientMs
      : timeouts.httpKeepAliveMs || timeouts.httpRequestMs || timeouts.clientMs;
    if (limitMs > 0) this.thread.timers.schedule(this, this.idleSinceMs + limitMs);
    else this.thread.timers.cancel(this);
  }

  /** A timeout of requests is set: that of the client does not stand in for it. */
  private hasRequestLimit(): boolean {
    const { httpKeepAlive, httpRequest } = this.proxy.model.timeouts;
    return httpRequest > 0 || (this.lastId > 0 && httpKeepAlive > 0);
  }

  // ---- what the acceptor asks ----

  streamEnded(stream: Stream, _keep: boolean): void {
    (stream.front as H2Stream).streamEnded();
  }

  isIdleSince(sinceMs: number): boolean {
    return this.link.streams.size === 0 && this.idleSinceMs <= sinceMs;
  }

  collect(into: Stream[]): void {
    for (const { stream } of this.link.streams.values()) if (stream !== null) into.push(stream);
  }

  closeGracefully(): void {
    if (this.link.isClosed) return;
    this.announceEnd();
    if (this.link.streams.size === 0) this.closeSoon();
  }

  close(): void {
    this.link.close();
  }
}

/** How long what is pending may take to leave when no client timeout says so. */
const lingerMs = 10_000;
