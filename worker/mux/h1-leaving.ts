// The end of an HTTP/1 client's connection: whether the client has left, and what must be read
// before a close, which would turn into a reset otherwise. Called by h1-front.ts.

import type { Connection } from '../conn/connection.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Receiver } from './receiver.ts';

/** A client's connection, as far as its end goes. */
export interface LeavingFront {
  readonly connection: Connection;
  readonly inbound: Receiver;
  readonly thread: ThreadContext;
}

const drainReadsMax = 4;

/** A pipelined request that waits behind the current one proves that nobody has left yet. */
export function hasLeft({ connection, inbound, thread }: LeavingFront): boolean {
  if (!connection.hangup || connection.broken) return connection.broken;
  if (inbound.rawEnd > inbound.rawAt) return false;
  return connection.transport !== null || connection.peek(thread.scratchAt, 1) === 0;
}

/**
 * Unread request bytes would turn the close into a reset that destroys the response: reads them,
 * as far as they have come. The connection is open, and everything has been sent.
 */
export function drainUnread({ connection, inbound, thread }: LeavingFront): void {
  // Nothing unread: the close itself ends the connection in order.
  if (connection.readable || !inbound.bodyDone) connection.finish();
  for (let i = 0; i < drainReadsMax && connection.readable; i++) {
    if (connection.recv(thread.scratchAt, thread.memory.slotBytes) <= 0) break;
  }
}
