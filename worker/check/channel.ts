// The connection of one check: how it is opened, what is sent and received over it, and the frames
// in between when it speaks HTTP/2. A run has one and opens it anew for every `connect`. It tells
// its run what happened and decides nothing.

import { Connection, blocked, type ConnectionOwner } from '../conn/connection.ts';
import { Opening } from '../conn/opening.ts';
import type { Answer } from './answer.ts';
import { type CheckRoute, openCheck } from './connect.ts';
import { type CheckRequest, H2Exchange } from './h2.ts';
import { h1Text } from './request.ts';
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
/** The peer broke HTTP/2. */
export const receivedBroken = -1;

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
  private h2: H2Exchange | null;
  private unsent: Uint8Array;

  constructor(stage: CheckStage, user: ChannelUser) {
    this.connection = null;
    this.route = null;
    this.isOpening = false;
    this.isReady = false;
    this.stage = stage;
    this.user = user;
    this.opening = null;
    this.h2 = null;
    this.unsent = nothing;
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

  /** From now on its HTTP goes as was negotiated or said. */
  speakHttp(): void {
    const { connection, route } = this;
    const isHttp2 = connection !== null && route?.protocolOf(connection) === 'h2';
    this.h2 = isHttp2 ? new H2Exchange() : null;
  }

  /** Nothing is heard of it any more; reset, unless its step wants to linger. */
  close(): void {
    const { connection } = this;
    this.opening?.cancel();
    this.opening = null;
    this.connection = null;
    this.isOpening = false;
    this.isReady = false;
    this.h2 = null;
    this.unsent = nothing;
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
    if (this.h2 === null) this.put(h1Text(request));
    else this.put(this.h2.request(request, this.isEncrypted() ? 'https' : 'http'));
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
      const at = this.h2 === null ? answer.at + answer.length : this.stage.scratchAt;
      const got = connection.recv(at, room);
      if (got === blocked) break;
      if (got < 0 && answer.length === 0) return got - 1;
      if (got <= 0) answer.ended = true;
      else if (this.h2 === null) answer.length += got;
      else if (!this.takeFrames(this.h2, answer, got)) return receivedBroken;
    }
    return receivedSome;
  }

  /** Frames become an answer of HTTP/1; some are answered at once. */
  private takeFrames(h2: H2Exchange, answer: Answer, length: number): boolean {
    const at = this.stage.scratchAt;
    h2.feed(this.stage.memory.bytes.subarray(at, at + length));
    answer.append(h2.answer);
    h2.answer = '';
    answer.trailers = h2.trailers;
    if (h2.ended) answer.ended = true;
    if (h2.reply !== '') this.put(h2.reply);
    h2.reply = '';
    return !h2.broken && this.flush() >= 0;
  }
}
