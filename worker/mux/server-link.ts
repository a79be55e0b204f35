// What a thread works out once for connections to one server: its socket, limits and pools. Made by
// links.ts when the first connection is wanted, and again when the server has changed.

import { leave, liveConnections, reserveWithin } from '../../shared/segment/live.ts';
import type { ConnectionPlace } from '../conn/connection.ts';
import { type SocketPlan, socketPlan } from '../conn/connector.ts';
import { serverOptions } from '../conn/socket-options.ts';
import { H1Limits } from '../http/h1.ts';
import type { NameCase } from '../http/name-case.ts';
import type { ProxyPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import { sourceWriter, type WriteSource } from '../server/source.ts';
import type { ThreadContext } from '../thread-context.ts';
import { H2Moving } from './h2-moving.ts';
import { ServerPool } from './idle-pool.ts';
import type { IdleShare } from './idle-share.ts';
import { closeOneMux, muxesOf, type ServerMuxes } from './mux-links.ts';
import type { ReversedShare } from './reversed-share.ts';

/** What one server needs for new connections, on this thread. */
export interface ServerLink {
  readonly plan: SocketPlan;
  /** Address to appear from, by stream (usesrc); null: the plan's own. */
  readonly lend: WriteSource | null;
  readonly pool: ServerPool;
  /** Counter row of the backend. */
  readonly row: number;
  /** Under strict-maxconn: where each connection leaves its place; null otherwise. */
  readonly place: ConnectionPlace | null;
  /** Other threads' idle connections may be taken over: they are clear. */
  readonly isShared: boolean;
  readonly muxes: ServerMuxes;
  /** Moves connections of a server that connects to us between threads; null: they stay. */
  readonly moving: H2Moving | null;
  readonly limits: H1Limits;
  /** Header names that its servers want otherwise, null: none. */
  readonly names: NameCase | null;
}

/** Connections of all threads, null where they do not share. */
export interface ThreadShares {
  readonly share: IdleShare | null;
  readonly reversedShare: ReversedShare | null;
}

/** Of a thread that is alone, or keeps to itself. */
export const noShares: ThreadShares = { share: null, reversedShare: null };

/** Works out what `thread` needs for connections to `server` of `backend`. */
export function serverLink(
  thread: ThreadContext,
  backend: ProxyPlan,
  server: Server,
  { share, reversedShare }: ThreadShares,
): ServerLink {
  const { tune } = thread.program.model.global;
  const { model } = backend;
  const { options } = model;
  const source = server.model.source ?? model.source;
  const { tcpUtMs: userTimeoutMs, tfo: fastOpen } = server.model;
  return {
    plan: socketPlan(thread.sys, {
      source,
      options: serverOptions({ model, tune, userTimeoutMs }),
      fastOpen,
      resetsOnClose: options['nolinger'] === true,
      socket: server.model.socket,
      usesSocks: true,
      namespaces: thread.namespaces ?? null,
      portShare: thread.index / Math.max(1, thread.program.model.global.nbthread),
    }),
    lend: sourceWriter(source, backend.serverLines[server.index].sourceHeader),
    pool: new ServerPool(thread, server, server.shareNumber < 0 ? null : share, server.shareNumber),
    row: backend.backend!.row,
    place: server.model.strictMaxconn || server.isReversed ? placeOf(server) : null,
    isShared: server.model.ssl === null,
    names: backend.serverNames,
    muxes: muxesOf(thread, server),
    moving:
      server.isReversed && reversedShare !== null
        ? new H2Moving(thread, reversedShare, server)
        : null,
    limits: new H1Limits(
      tune.httpMaxhdr - 1,
      options['accept-unsafe-violations-in-http-response'] === true,
      false,
      thread.program.model.global.h1DoNotCloseOnInsecureTransferEncoding,
    ),
  };
}

/** The words are those of now: a server that is deleted has others. */
function placeOf({ words, liveAt }: Server): ConnectionPlace {
  return { leave: () => void leave(words, liveAt + liveConnections) };
}

/**
 * strict-maxconn: a place for one more connection to `server`, if need be that of an idle one.
 * False: all are in use, or idle where nobody else may close them.
 */
export function claimPlace(server: Server, { pool, muxes, place }: ServerLink): boolean {
  if (place === null) return true;
  const { words, liveAt } = server;
  for (let tries = 0; tries < placeTriesMax; tries++) {
    if (reserveWithin(words, liveAt + liveConnections, server.maxconn())) return true;
    if (!pool.closeOne(place) && !closeOneMux(muxes)) return false;
  }
  return false;
}

/** Another thread may be faster each time. */
const placeTriesMax = 3;
