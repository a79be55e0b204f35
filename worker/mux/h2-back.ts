// HTTP/2 towards a server: requests of many streams on one connection, up to what both ends allow
// (manual, tune.h2.be.*, http-reuse). Upgrades of HTTP/1 leave as extended CONNECT (RFC 8441).
// What a connection does whatever side it is on is in h2-link.ts; who may use it is decided by
// mux-pool.ts.

import { rare } from '../memory/rare-events.ts';
import type { Connection } from '../conn/connection.ts';
import * as h2 from '../http/h2-frames.ts';
import { writeRequestBlock } from '../http/h2-write.ts';
import {
  bodyLength,
  bodyNone,
  bodyTunnel,
  connectionUpgrade,
  headerName,
  type Message,
  methodConnect,
} from '../http/message.ts';
import { websocketAccept } from '../http/websocket.ts';
import type { Server } from '../server/server.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import { scratchSlots, type ThreadContext } from '../thread-context.ts';
import { Deadline } from './deadline.ts';
import { H2Link } from './h2-link.ts';
import { IdlePing } from './idle-ping.ts';
import type { MuxKeeper, PooledMux } from './mux-pool.ts';
import type { H2Moving } from './h2-moving.ts';
import { type H2Role, refusedBlock } from './h2-role.ts';
import { sendSettings } from './h2-settings.ts';
import type { H2Stream } from './h2-stream.ts';
import type { H2Tools } from './h2-tools.ts';
import { takeTrailers } from './h2-trailers.ts';
import { grant } from './h2-windows.ts';
import { type Exchange, inboundRefused } from './side.ts';

const connectionName = headerName('connection');
const upgradeName = headerName('upgrade');
const acceptName = headerName('sec-websocket-accept');
const keyName = headerName('sec-websocket-key');

/** A server has connected to us and its settings are awaited. */
interface Welcome {
  readonly deadline: Deadline;
  readonly onAttached: () => void;
}

/** What a connection is for. */
export interface H2Target {
  /** Offers it to other threads while it is idle; null: it stays. */
  readonly moving: H2Moving | null;
  /** The server has connected to us. */
  readonly hearsPreface: boolean;
  readonly server: Server;
  /** What streams must have in common to share it: manual http-reuse. */
  readonly hash: string;
  readonly keeper: MuxKeeper<H2Back>;
  /** Counter row of the backend. */
  readonly row: number;
}

export class H2Back implements H2Role, PooledMux {
  readonly isFront = false;
  readonly hearsPreface: boolean;
  readonly row: number;
  readonly connection: Connection;
  readonly server: Server;
  readonly link: H2Link;
  /** What streams must have in common to share it: manual http-reuse. */
  readonly hash: string;
  /** Only streams of this client may use it; null: any. */
  owner: Session | null;
  /** Streams carried so far. */
  useCount: number;
  /** When its last stream ended, loop ms. */
  idleSinceMs: number;
  /** It counts among the idle connections of the server. */
  isIdle: boolean;
  private readonly thread: ThreadContext;
  private readonly tools: H2Tools;
  private readonly keeper: MuxKeeper<H2Back>;
  nextId: number;
  /** Its slot among connections that change threads (h2-moving.ts), -1: it stays here. */
  shareSlot: number;
  /** 0: it is not on offer. */
  shareTicket: number;
  /** null: it stays with its thread. */
  private readonly moving: H2Moving | null;
  /** Until the first settings of a server that has connected to us; null otherwise. */
  private welcoming: Welcome | null;
  /** Streams that need the server's settings before their request can leave. */
  private readonly patient: H2Stream[];
  /** null: the server has no idle-ping. */
  private readonly ping: IdlePing | null;

  constructor(tools: H2Tools, connection: Connection, exchange: Exchange, target: H2Target) {
    this.row = target.row;
    this.connection = connection;
    this.server = target.server;
    this.hash = target.hash;
    this.keeper = target.keeper;
    this.owner = null;
    this.useCount = 0;
    this.idleSinceMs = 0;
    this.isIdle = false;
    this.thread = tools.thread;
    this.tools = tools;
    this.nextId = 1;
    this.shareSlot = -1;
    this.shareTicket = 0;
    this.moving = target.moving;
    this.welcoming = null;
    this.hearsPreface = target.hearsPreface;
    this.patient = [];
    this.link = new H2Link(this, tools, connection, exchange);
    const { idlePingMs } = target.server.model;
    this.ping = idlePingMs > 0 ? new IdlePing(this.link, idlePingMs) : null;
  }

  /** The connection is up: the preface and our settings are the first bytes on it. */
  start(): void {
    this.connection.owner = this.link;
    this.link.output.put(h2.preface);
    sendSettings(this.link.output, this.tools.limits, this.isFront);
    if (this.connection.readable) this.thread.defer(this.read);
  }

  /**
   * A server has connected to us and begins as a client would; with its settings the roles turn
   * round, and `onAttached` is called. It may take until `dueMs`.
   */
  welcome(dueMs: number, onAttached: () => void): void {
    this.connection.owner = this.link;
    this.welcoming = { deadline: new Deadline(this.thread.timers, this.link, dueMs), onAttached };
    sendSettings(this.link.output, this.tools.limits, true);
    if (this.connection.readable) this.thread.defer(this.read);
  }

  /** Goes on with a connection that another thread has begun. */
  goOn(): void {
    this.connection.owner = this.link;
    this.connection.writable = true;
  }

  /** Another thread goes on with it: nothing is closed. */
  abandon(): void {
    this.keeper.moved(this);
    this.link.abandon();
  }

  /** Bound once: on offer again when nothing is under way. */
  private readonly offer = (): void => {
    if (this.isIdle && !this.link.isClosed) this.moving?.offer(this);
  };

  holds(): boolean {
    const { moving } = this;
    if (moving === null || this.shareTicket === 0) return true;
    if (!moving.reclaim(this)) return false;
    this.thread.defer(this.offer);
    return true;
  }

  /** False: another thread has taken it, which was not noticed here yet. */
  isStillHere(): boolean {
    return this.shareTicket === 0 || this.moving!.isOffered(this);
  }

  private readonly read = (): void => {
    if (this.connection.isOpen) this.link.demux.read();
  };

  get streamCount(): number {
    return this.link.streams.size;
  }

  /** Streams that may be added now. */
  get room(): number {
    const { link } = this;
    if (link.isClosed || link.isEnding || this.nextId > h2.streamIdMax - 2) return 0;
    const own = this.tools.limits.streamMax || Number.MAX_SAFE_INTEGER;
    return Math.min(own, link.peer.streamMax) - link.streams.size;
  }

  /** A side for `stream`; there must be room. */
  attach(stream: Stream): H2Stream {
    const side = this.link.open(this.nextId);
    this.nextId += 2;
    this.useCount++;
    this.ping?.busy();
    side.stream = stream;
    return side;
  }

  /** Does the request have to wait for what the server announces (RFC 8441 3)? */
  awaitsSettings(stream: Stream): boolean {
    return !this.link.hasSettings && (stream.request.flags & connectionUpgrade) !== 0;
  }

  /** The exchange hears that the connection is up once the settings have come. */
  waitForSettings(side: H2Stream): void {
    this.patient.push(side);
  }

  onSettings(): void {
    const { welcoming } = this;
    this.welcoming = null;
    if (welcoming !== null) {
      welcoming.deadline.end();
      this.idleSinceMs = this.thread.time.nowMs;
      this.ping?.quiet();
      this.moving?.enlist(this);
      welcoming.onAttached();
      this.thread.defer(this.offer);
    }
    while (this.patient.length > 0) {
      const side = this.patient.pop()!;
      if (side.stream !== null) this.link.exchange.onConnected(side.stream, 0);
    }
  }

  // ---- requests ----

  writeBlock(side: H2Stream, message: Message): number {
    side.method = message.method;
    side.isExtended = (message.flags & connectionUpgrade) !== 0;
    side.isTunnel = side.isExtended || message.method === methodConnect;
    if (side.isExtended && !this.mayUpgrade(message)) return refusedBlock;
    const { scratchAt, memory } = this.thread;
    const room = { at: scratchAt, length: memory.slotBytes * scratchSlots };
    return writeRequestBlock(this.link.encoder, message, room, side.isExtended);
  }

  /** An extended CONNECT has no payload of its own, and not every server knows it. */
  private mayUpgrade(message: Message): boolean {
    return this.link.peer.allowsConnect && message.framing === bodyNone;
  }

  // ---- responses ----

  stringsAt(side: H2Stream | null): number {
    if (side === null || side.hasHead) return -1;
    return side.inbound.hold() ? side.inbound.headAt : -1;
  }

  onHead(side: H2Stream | null, id: number, ends: boolean, isReadable: boolean): number {
    const { link } = this;
    if (side === null)
      return this.isPast(id) ? link.glitch(1, rare.h2BackHeadLate) : h2.errorProtocol;
    if (side.isReset) return 0;
    if (side.hasHead) return takeTrailers(link, side, ends && isReadable);
    const { stream } = side;
    if (stream === null) {
      if (ends) side.inbound.isEnded = true;
      return 0;
    }
    if (side.inbound.headAt < 0 || !isReadable || !this.readHead(side, stream, ends)) {
      link.resetByUs(side, h2.errorProtocol);
      return link.glitch(1, rare.h2BackHeadOdd);
    }
    return 0;
  }

  private readHead(side: H2Stream, stream: Stream, ends: boolean): boolean {
    const { response } = stream;
    const result = this.tools.reader.readResponse(response, this.tools.block, ends, side.method);
    if (result < 0) return false;
    if (response.status < 200) {
      if (ends) return false;
      this.link.exchange.onResponse(stream);
      response.reset();
      return true;
    }
    side.hasHead = true;
    const isAccepted = side.isTunnel && response.status < 300;
    if (isAccepted && side.isExtended && !acceptUpgrade(stream)) return false;
    if (isAccepted) response.framing = bodyTunnel;
    const { inbound } = side;
    inbound.expected = response.framing === bodyLength ? response.contentLength : -1;
    if (ends) inbound.end();
    else this.link.noteReceiving(side, true);
    if (!ends) grant(this.link, inbound);
    this.link.exchange.onResponse(stream);
    return true;
  }

  // ---- the connection ----

  /** Streams beyond `lastId` were not acted on: they may be sent again (RFC 9113 6.8). */
  onGoaway(lastId: number): void {
    for (const side of this.link.streams.values()) {
      if (side.id > lastId) side.fail(inboundRefused);
    }
    if (this.link.streams.size === 0) this.close();
  }

  onFatal(): void {}

  onGlitch(): void {}

  onPong(): void {
    if (this.link.streams.size === 0) this.ping?.answered();
  }

  onReset(_side: H2Stream): number {
    return 0;
  }

  onStreamClosed(): void {
    if (this.link.streams.size > 0) {
      this.keeper.freed(this);
      return;
    }
    this.idleSinceMs = this.thread.time.nowMs;
    this.ping?.quiet();
    if (this.link.isEnding || this.thread.stopping) this.thread.defer(this.closeIdle);
    else {
      this.keeper.freed(this);
      this.thread.defer(this.offer);
    }
  }

  /** Bound once: what was said last leaves first. */
  private readonly closeIdle = (): void => {
    if (!this.link.isClosed && this.link.streams.size === 0) this.close();
  };

  onClosed(): void {
    this.ping?.end();
    this.welcoming?.deadline.end();
    this.moving?.strike(this);
    this.keeper.gone(this);
  }

  onActivity(): void {
    this.offer();
  }

  isPast(id: number): boolean {
    return (id & 1) === 1 && id < this.nextId;
  }

  /** Servers start no streams: push is off. */
  lastPeerId(): number {
    return 0;
  }

  /** Says goodbye and closes. */
  close(): void {
    const { link } = this;
    if (link.isClosed || !this.holds()) return;
    if (link.streams.size === 0) {
      link.sendGoaway(0, h2.errorNone);
      link.output.send();
    }
    link.close();
  }
}

/** The server accepted: to HTTP/1 that is 101 with the lines that go with it (RFC 8441 5). */
function acceptUpgrade({ request, response }: Stream): boolean {
  response.status = 101;
  response.reasonLength = 0;
  response.flags |= connectionUpgrade;
  const upgrade = request.find(upgradeName, 0);
  if (upgrade < 0) return false;
  const protocol = request.valueText(upgrade);
  if (!response.add(connectionName, 'upgrade') || !response.add(upgradeName, protocol))
    return false;
  const key = request.find(keyName, 0);
  if (protocol.toLowerCase() !== 'websocket' || key < 0) return true;
  return response.add(acceptName, websocketAccept(request.valueText(key)));
}
