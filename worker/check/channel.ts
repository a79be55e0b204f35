// The connection of one check: how it is opened, what is sent and received over it, and the frames
// in between when it speaks HTTP/2. A run has one and opens it anew for every `connect`. It tells
// its run what happened and decides nothing.

import { Connection, blocked, type ConnectionOwner } from '../conn/connection.ts';
import { Opening } from '../conn/opening.ts';
import { readOwn, readPeer } from '../conn/socket-address.ts';
import type { FcgiAppPlan } from '../program.ts';
import type { Answer } from './answer.ts';
import { type CheckRoute, openCheck } from './connect.ts';
import { FcgiExchange } from './fcgi.ts';
import { type CheckRequest, H2Exchange } from './h2.ts';
import { h1Text } from './request.ts';
import type { CheckPool } from './idle.ts';
import type { CheckStage } from './stage.ts';

/** Who is told of a channel's life. */
export interface ChannelUser {
  /** 0, or minus errno; the connection's `fault` says more. */
  opened(result: number): void;
  readable(): void;
  writable(): void;
}

/** What `receive` came to. */
export const receivedSome = 0;
/** The peer broke HTTP/2 or FastCGI. */
export const receivedBroken = -1;

/** A request and its answer in frames or records: h2.ts, fcgi.ts. */
export interface FramedExchange {
  /** What must be sent because of what has come. */
  reply: string;
  /** HTTP/1 text that has not been taken yet. */
  answer: string;
  /** The answer is whole, or nothing more of it will come. */
  readonly ended: boolean;
  /** The peer broke the protocol or gave the request up, or it could not be told. */
  readonly broken: boolean;
  readonly trailers: Map<string, string>;
  /** All that is sent for a request. */
  request(request: CheckRequest, scheme: string): string;
  /** Takes bytes that have come. */
  feed(bytes: Uint8Array): void;
}

const nothing = new Uint8Array(0);

export class CheckChannel implements ConnectionOwner {
  connection: Connection | null;
  route: CheckRoute | null;
  /** TCP is connected, TLS and the rest are under way. */
  isOpening: boolean;
  isReady: boolean;
  private readonly stage: CheckStage;
  private readonly user: ChannelUser;
  private opening: Opening | null;
  /** null: its HTTP is HTTP/1. */
  private framed: FramedExchange | null;
  private unsent: Uint8Array;
  /** Where its connection comes from or may go when the check is over, null: nowhere. */
  private pool: CheckPool | null;
  /** Exchanges of the connection before this check, and requests of this check. */
  private usesBefore: number;
  private requests: number;

  constructor(stage: CheckStage, user: ChannelUser) {
    this.connection = null;
    this.route = null;
    this.isOpening = false;
    this.isReady = false;
    this.stage = stage;
    this.user = user;
    this.opening = null;
    this.framed = null;
    this.unsent = nothing;
    this.pool = null;
    this.usesBefore = 0;
    this.requests = 0;
  }

  /** Its connection was one that had been idle. */
  get isReused(): boolean {
    return this.usesBefore > 0;
  }

  /** Takes an idle connection; false: there is none that would do. */
  reuse(route: CheckRoute): boolean {
    const connection = route.pool?.take(this) ?? null;
    if (connection === null) return false;
    this.route = route;
    this.usesBefore = route.pool!.takenUses;
    this.connection = connection;
    this.isReady = true;
    return true;
  }

  /** Others may use its connection when all has been answered. */
  get stays(): boolean {
    return this.pool !== null;
  }

  /** Begins to connect; 0 or minus errno. */
  open(route: CheckRoute): number {
    const { stage } = this;
    this.route = route;
    const fd = openCheck(stage.sys, route);
    if (fd < 0) return fd;
    const connection = new Connection(stage.poller, stage.memory.region, fd, this);
    this.connection = connection;
    this.isOpening = true;
    this.opening = new Opening(connection, this, route.openingSteps(), (result) => {
      this.isOpening = false;
      this.isReady = result === 0;
      this.user.opened(result);
    });
    const result = connection.watch();
    if (result >= 0) return 0;
    this.close();
    return result;
  }

  /** TCP's handshake is over. */
  isConnected(): boolean {
    return this.opening?.connected === true;
  }

  isEncrypted(): boolean {
    return this.connection !== null && this.connection.transport !== null;
  }

  /** From now on its HTTP goes as was negotiated or said. `app`: what FastCGI is spoken to. */
  speakHttp(app: FcgiAppPlan | null): void {
    const { connection } = this;
    this.framed = null;
    this.pool = this.route?.pool ?? null;
    if (connection === null) return;
    const protocol = this.route?.protocolOf(connection) ?? '';
    if (protocol === 'h2') this.framed = new H2Exchange();
    else if (protocol === 'fcgi' && app !== null) this.speakFcgi(connection, app);
  }

  private speakFcgi(connection: Connection, app: FcgiAppPlan): void {
    const { sys } = this.stage;
    const scratch = sys.address();
    readOwn(sys, connection.fd, scratch, connection.source);
    readPeer(sys, connection.fd, scratch, connection.destination);
    this.framed = new FcgiExchange(app, connection);
  }

  /** The check is over: what is clean is kept for others, the rest closed. */
  finish(answer: Answer | null): void {
    const { connection, pool, usesBefore } = this;
    if (connection === null || pool === null || answer === null || !this.isClean(answer)) {
      this.close();
      return;
    }
    this.opening = null;
    this.connection = null;
    this.close();
    pool.put(connection, usesBefore + 1);
  }

  private isClean(answer: Answer): boolean {
    const { connection, framed, unsent, requests } = this;
    if (connection === null || framed !== null || unsent.length > 0 || requests !== 1) return false;
    if (!this.isReady || connection.readable || connection.hangup) return false;
    return answer.leavesOpen();
  }

  /** Nothing is heard of it any more; reset, unless its step wants to linger. */
  close(): void {
    const { connection } = this;
    this.opening?.cancel();
    this.opening = null;
    this.connection = null;
    this.isOpening = false;
    this.isReady = false;
    this.framed = null;
    this.unsent = nothing;
    this.pool = null;
    this.usesBefore = 0;
    this.requests = 0;
    if (connection === null) return;
    if (this.route?.lingers !== true) connection.resetOnClose();
    connection.close();
  }

  onReadable(): void {
    this.user.readable();
  }

  onWritable(): void {
    this.user.writable();
  }

  // ---- sending ----

  /** Takes bytes, one character each; `flush` sends them. */
  put(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.unsent = this.unsent.length === 0 ? bytes : Buffer.concat([this.unsent, bytes]);
  }

  putRequest(request: CheckRequest): void {
    this.requests++;
    if (this.framed === null) this.put(h1Text(request));
    else this.put(this.framed.request(request, this.isEncrypted() ? 'https' : 'http'));
  }

  /** 1: all is with the kernel, 0: the socket is full, below zero: minus errno. */
  flush(): number {
    const { connection, stage } = this;
    if (connection === null) return 0;
    while (this.unsent.length > 0) {
      const length = Math.min(this.unsent.length, stage.memory.slotBytes);
      stage.memory.bytes.set(this.unsent.subarray(0, length), stage.scratchAt);
      const sent = connection.send(stage.scratchAt, length, false);
      if (sent < 0) return sent === blocked ? 0 : sent;
      this.unsent = this.unsent.subarray(sent);
      if (sent < length) return 0;
    }
    return connection.isFlushed() ? 1 : 0;
  }

  // ---- receiving ----

  /** Takes what has come into `answer`. receivedSome, receivedBroken, or minus errno below that. */
  receive(answer: Answer): number {
    const { connection } = this;
    while (connection?.readable === true && !answer.ended && !answer.isFull()) {
      const room = answer.pool.slotBytes - answer.length;
      const at = this.framed === null ? answer.at + answer.length : this.stage.scratchAt;
      const got = connection.recv(at, room);
      if (got === blocked) break;
      if (got < 0 && answer.length === 0) return got - 1;
      if (got <= 0) answer.ended = true;
      else if (this.framed === null) answer.length += got;
      else if (!this.takeFrames(this.framed, answer, got)) return receivedBroken;
    }
    return receivedSome;
  }

  /** Frames become an answer of HTTP/1; some are answered at once. */
  private takeFrames(framed: FramedExchange, answer: Answer, length: number): boolean {
    const at = this.stage.scratchAt;
    framed.feed(this.stage.memory.bytes.subarray(at, at + length));
    answer.append(framed.answer);
    framed.answer = '';
    answer.trailers = framed.trailers;
    if (framed.ended) answer.ended = true;
    if (framed.reply !== '') this.put(framed.reply);
    framed.reply = '';
    return !framed.broken && this.flush() >= 0;
  }
}
