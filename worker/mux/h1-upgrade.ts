// An HTTP/1 client whose first bytes turn out to be the preface of HTTP/2 (RFC 9113 3.3): when that
// is welcome, and how the connection is handed over. Called by h1-front.ts.

import type { Connection } from '../conn/connection.ts';
import type { Timed } from '../loop/timers.ts';
import type { ProxyPlan } from '../program.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { FrontHost } from './front.ts';
import type { Receiver } from './receiver.ts';

/** A client's connection, as far as another protocol may take it over. */
export interface ReplaceableFront extends Timed {
  readonly connection: Connection;
  readonly host: FrontHost;
  readonly inbound: Receiver;
  readonly proxy: ProxyPlan;
  readonly requestCount: number;
  readonly session: Session;
  readonly thread: ThreadContext;
}

/** Only the first request of a clear connection, and where no line says otherwise. */
export function mayBecomeH2({
  connection,
  proxy,
  session,
  requestCount,
}: ReplaceableFront): boolean {
  if (requestCount > 0 || connection.transport !== null) return false;
  if (session.httpProtocol !== '' || session.listener.bind.proto !== '') return false;
  return proxy.model.options['disable-h2-upgrade'] !== true;
}

/**
 * Gives the connection and what has been read to HTTP/2, and `stream`, which never became a
 * request, back. The front is of no use after this.
 */
export function becomeH2(front: ReplaceableFront, stream: Stream): void {
  const { inbound, session, host } = front;
  host.releaseStream(stream);
  session.streamCount--;
  front.thread.timers.remove(front);
  const { slotAt, rawAt, rawEnd } = inbound;
  inbound.slotAt = -1;
  host.upgrade(session, slotAt, rawAt, rawEnd);
}
