// The contract between a client connection's mux and the rank above (stream/acceptor.ts): what the
// mux needs, and what it answers. mux/h1-front.ts and mux/h2-front.ts fill it.

import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Exchange, Side } from './side.ts';

/** Pooled streams, who runs them, and who keeps sessions. */
export interface FrontHost {
  readonly thread: ThreadContext;
  readonly exchange: Exchange;
  takeStream(session: Session, front: Side): Stream;
  /** The stream never became a request: give it back without a word. */
  releaseStream(stream: Stream): void;
  /** Counter row of the session's frontend. */
  rowOf(session: Session): number;
  /** The client did something odd (manual, fc_glitches). */
  noteGlitch(session: Session): void;
  /** A request was refused before it became a stream. */
  noteBadRequest(session: Session): void;
  /** The client broke the protocol: the connection ends. */
  noteBadConnection(session: Session): void;
  /** We have connected to a server, and it takes our place: requests come from it now (rhttp@). */
  turnedRound(session: Session): void;
  /** The client connection is gone. */
  frontClosed(session: Session): void;
  /**
   * HTTP/2 begins on a connection that HTTP/1 has read the first bytes of: `rawAt` to `rawEnd` of
   * the slot at `slotAt`, which is the callee's from here on.
   */
  upgrade(session: Session, slotAt: number, rawAt: number, rawEnd: number): void;
}

/** A client connection that speaks HTTP. */
export interface FrontMux {
  /** The connection is ready for HTTP: start waiting for a request. */
  start(): void;
  /** The stream is over. `keep`: its response was complete and well delimited. */
  streamEnded(stream: Stream, keep: boolean): void;
  /** Between two requests, and quiet since `sinceMs` at least. */
  isIdleSince(sinceMs: number): boolean;
  closeGracefully(): void;
  /** Adds the streams that are at work. */
  collect(into: Stream[]): void;
  /** Ends everything now. */
  close(): void;
}
