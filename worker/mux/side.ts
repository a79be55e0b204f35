// The contract between a mux and a stream: one side (front or back) of one exchange. mux/tcp.ts and
// mux/h1-*.ts fill it; h2 will. The stream never asks which one it talks to.
//
//   front mux --inbound--> stream --outbound--> back side        (request)
//   back mux  --inbound--> stream --outbound--> front side       (response)
//
// Receiving shows decoded payload in place; what the stream could not hand on stays, and the mux
// stops reading until `consume` makes room. Sending answers how much was taken; the mux calls the
// stream again (Exchange.onFrontWritable / onBackWritable) when there is room.

import type { Connection } from '../conn/connection.ts';
import type { Pipe } from '../conn/pipes.ts';
import type { Message } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';

/** The other end or the framing failed: nothing more can be sent or received. */
export const sideGone = -1;

export interface Inbound {
  /** Payload shown now, in the thread's memory. */
  bodyAt: number;
  bodyLength: number;
  /** The whole message has been received; nothing follows what is shown. */
  bodyDone: boolean;
  /** 0, or why no more can come: minus errno, inboundClosed, or an h1Error code. */
  failure: number;
  /** Payload bytes taken since the head. */
  taken: number;
  /** Trailer lines with their empty line, once bodyDone (RFC 9112 7.1.2); length 0: none. */
  trailersAt: number;
  trailersLength: number;
  /** The last receive took all that there was room for: the next one will find more. */
  readonly hasMore: boolean;
  /** Takes `length` bytes off what is shown. */
  consume(length: number): void;
  /** One receive, if there is room and the socket has something. True when anything changed. */
  receive(): boolean;
  /** Bytes of the buffer that what is shown lies in. */
  capacity(): number;
  /**
   * Shows in a large buffer (tune.bufsize.large) what is shown, and what follows. `message`: its
   * head may move along. True when it is there.
   */
  enlarge(message: Message): boolean;
  /** Keeps a message that has come in full in a small buffer, if it fits. */
  shrink(message: Message): void;
  /** Bytes that may bypass memory (splice): 0 when something is shown or framing needs a look. */
  bypassable(): number;
  /** `length` bytes have bypassed. */
  bypassed(length: number): void;
}

/**
 * `Inbound.failure`: the peer closed before the message was complete. Below every h1Error and
 * errno.
 */
export const inboundClosed = -1000;
/** The peer has not acted on the message and said so: it may be sent again (RFC 9113 8.7). */
export const inboundRefused = -1001;
/** The peer closed in the middle of a message head. */
export const inboundTruncated = -1002;
/** The message cannot be told in the protocol of the peer: nothing was sent. */
export const inboundUntold = -1003;
/** The same because nobody knows how long it is. */
export const inboundUnmeasured = -1004;

export interface Outbound {
  /**
   * Set before a send when more of the message is at hand: the kernel may keep an incomplete
   * segment back for it. The send takes the mark off.
   */
  isFollowed: boolean;
  /** Nothing more is at hand after all: what the kernel keeps back leaves now. */
  letGo(): void;
  /** Sends payload; `done`: nothing follows. Bytes taken (0: blocked), or sideGone. */
  send(at: number, length: number, done: boolean): number;
  /**
   * Trailer lines to send after the last chunk; ignored where the message does not leave in chunks.
   */
  setTrailers(at: number, length: number): void;
  /** Sends what is pending; true when nothing is left. */
  flush(): boolean;
  isFlushed(): boolean;
  /** Bytes kept here that the kernel has not taken yet. */
  queuedBytes(): number;
  /** Bytes handed on so far, heads and what is kept included; grows only. */
  offeredBytes(): number;
  /**
   * Keeps `length` bytes of the thread's memory to be sent before anything else. False: no room.
   */
  stash(at: number, length: number): boolean;
  /** Sends what `pipe` holds and gives it back; takes it over while the socket is blocked. */
  sendPipe(pipe: Pipe): void;
  /** Payload may come out of a pipe (no TLS, nothing pending). */
  isRaw(): boolean;
}

/** A connection that carries several streams at once. */
export interface Multiplex {
  /** Streams there are now. */
  readonly streamCount: number;
  /** Streams that its server's side allows at once; 0: no limit. */
  readonly streamMax: number;
}

export interface Side {
  readonly connection: Connection;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  /** Major version of HTTP that the connection speaks; TCP counts as 1. */
  readonly httpMajor: number;
  /** What a connection with several streams tells; null: it has one at a time. */
  readonly multiplex: Multiplex | null;
  /** Oddities of the peer on the connection so far (manual 7.3.3, fc_glitches). */
  readonly glitches: number;
  /** Only the session that uses it now may use the connection again. */
  isPrivate: boolean;
  /**
   * Sends the head of `message` and as much of the payload as goes with it.
   * Returns payload bytes taken, or sideGone.
   */
  sendHead(message: Message, at: number, length: number, done: boolean): number;
  /** The message exchange became a tunnel (101, CONNECT): bytes in both directions until closed. */
  becomeTunnel(): void;
  /** Half-close after what was sent (TCP, tunnels). */
  finish(): void;
  /** The peer gave the exchange up, or at least its half of it; `isBroken`: both directions. */
  isHungUp(): boolean;
  isBroken(): boolean;
  /** A send failed: what the peer said before is still to be read, and then its end. */
  readLast(): void;
}

/** What muxes call: the stream engine, handed to them at start (a rank above). */
export interface Exchange {
  /** A complete request head stands in stream.request. */
  onRequest(stream: Stream): void;
  /** Payload, end or failure on the client's side. */
  onFrontReadable(stream: Stream): void;
  onFrontWritable(stream: Stream): void;
  /** The server connection is established, or failed with minus errno. */
  onConnected(stream: Stream, result: number): void;
  /** A complete response head stands in stream.response (1xx included). */
  onResponse(stream: Stream): void;
  /** The server's answer cannot be used: `failure` as Inbound.failure. */
  onResponseFailure(stream: Stream, failure: number): void;
  onBackReadable(stream: Stream): void;
  onBackWritable(stream: Stream): void;
  /** A request that could not be read: answer `status` (0: none) and log with these letters. */
  onBadRequest(stream: Stream, status: number, cause: string): void;
}
