// The contract between an HTTP/2 connection (h2-link.ts) and what is special to its side of the
// proxy: h2-front.ts and h2-back.ts fill it.

import type { Message } from '../http/message.ts';
import type { H2Stream } from './h2-stream.ts';

/** What differs between clients and servers. Errors of the connection are numbers other than 0. */
export interface H2Role {
  readonly isFront: boolean;
  /** The peer began the connection: its preface comes first. */
  readonly hearsPreface: boolean;
  /** Counter row of the frontend or backend. */
  readonly row: number;
  /** Memory of a slot's size for the strings of a head; -1: none that is kept. */
  stringsAt(side: H2Stream | null): number;
  /**
   * A head for stream `id` has been decoded into the tools' block; `side` is null for a stream that
   * is not there. `isReadable`: false when it was too large for the block.
   */
  onHead(side: H2Stream | null, id: number, ends: boolean, isReadable: boolean): number;
  /**
   * Writes the block of a head to the scratch area; its length, refusedBlock, or -1: the encoder is
   * of no use any more.
   */
  writeBlock(side: H2Stream, message: Message): number;
  /** The peer's settings have come, or changed. */
  onSettings(): void;
  onGoaway(lastId: number): void;
  /** The peer has answered a PING. */
  onPong(): void;
  /** The peer did something odd. */
  onGlitch(): void;
  /** The peer reset a stream. */
  onReset(side: H2Stream): number;
  /** A stream has ended, and is not in the link's list any more. */
  onStreamClosed(): void;
  /** The peer broke the protocol, or memory is out: the connection is about to be closed. */
  onFatal(): void;
  /** The connection is closed; the streams have been told. */
  onClosed(): void;
  /** Is `id` a stream that existed and is over? */
  isPast(id: number): boolean;
  /** The last stream of the peer's that was acted on. */
  lastPeerId(): number;
  /** The connection is this thread's; false: another one has taken it. */
  holds(): boolean;
  /** Something was received or sent: timers. */
  onActivity(): void;
}

/** `H2Role.writeBlock`: the message cannot be told in HTTP/2; the connection is fine. */
export const refusedBlock = -2;
