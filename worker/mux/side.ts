// The contract between a mux and a stream: one side (front or back) of one exchange. mux/tcp.ts and
// mux/h1.ts fill it; h2 will. The stream never asks which one it talks to.
//
//   front mux --onHead/onBody--> stream --sendHead/sendBody--> back side        (request)
//   back mux  --onHead/onBody--> stream --sendHead/sendBody--> front side       (response)
//
// Receiving is push with consumption: the mux shows decoded payload in place (bodyAt, bodyLength,
// bodyDone) and calls the stream; what the stream could not hand on stays and the mux stops reading
// until `consume` makes room. Sending answers how much was taken; `onWritable` comes when there is room.

import type { Connection } from '../conn/connection.ts';
import type { Message } from '../http/message.ts';

/** Errors of sending, below zero: the connection is gone. */
export const sideGone = -1;

export interface Side {
  readonly connection: Connection;
  // ---- receiving: payload shown now, in the thread's memory ----
  bodyAt: number;
  bodyLength: number;
  /** The whole message has been received; nothing follows what is shown. */
  bodyDone: boolean;
  /** Takes `length` bytes off what is shown. The mux may receive more at once. */
  consume(length: number): void;
  /** Receives more if the socket has more and there is room; updates bodyAt/bodyLength/bodyDone. */
  receiveBody(): void;

  // ---- sending ----
  /**
   * Sends the head of `message` and as much of the payload as goes with it; `done`: nothing follows.
   * Returns payload bytes taken, or sideGone.
   */
  sendHead(message: Message, at: number, length: number, done: boolean): number;
  /** Sends payload. Returns bytes taken (0: blocked, wait for onWritable), or sideGone. */
  sendBody(at: number, length: number, done: boolean): number;
  /** All that was taken has left for the kernel. */
  isFlushed(): boolean;
}
