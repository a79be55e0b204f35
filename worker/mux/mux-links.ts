// Connections to servers that carry several streams: which protocol a server is spoken to in, a
// stream on one that is there, and the mux of a new one (manual, http-reuse, proto, ws). Called by
// links.ts, which opens sockets and counts.

import { tlsSessionOf } from '../conn/tls.ts';
import { connectionUpgrade, headerName } from '../http/message.ts';
import type { Server } from '../server/server.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { FcgiBack } from './fcgi-back.ts';
import type { FcgiStream } from './fcgi-stream.ts';
import { FcgiTools } from './fcgi-tools.ts';
import type { H1Back } from './h1-back.ts';
import { H2Back } from './h2-back.ts';
import type { H2Stream } from './h2-stream.ts';
import { H2Tools } from './h2-tools.ts';
import { MuxPool, type PooledMux } from './mux-pool.ts';
import type { Exchange } from './side.ts';

/** Connections of one thread to one server, by protocol; null: it is never spoken. */
export interface ServerMuxes {
  readonly h2: MuxPool<H2Back> | null;
  readonly fcgi: MuxPool<FcgiBack> | null;
}

/** None is open yet. */
export function muxesOf(thread: ThreadContext, server: Server): ServerMuxes {
  return {
    h2: mayH2(server) ? new MuxPool<H2Back>(thread, server) : null,
    fcgi: server.model.proto === 'fcgi' ? new MuxPool<FcgiBack>(thread, server) : null,
  };
}

/** Closes what is idle. */
export function clearMuxes({ h2, fcgi }: ServerMuxes): void {
  h2?.clear();
  fcgi?.clear();
}

/** How many are idle. */
export function muxIdleCount({ h2, fcgi }: ServerMuxes): number {
  return (h2?.idleCount ?? 0) + (fcgi?.idleCount ?? 0);
}

/** Closes an idle one, if there is any, to make room for another kind. */
export function closeOneMux({ h2, fcgi }: ServerMuxes): boolean {
  return h2?.closeOne() === true || fcgi?.closeOne() === true;
}

/** A connection has come up: it is one of several streams from here on. */
export interface NewConnection {
  readonly first: H1Back;
  readonly hash: string;
}

export class MuxLinks {
  private readonly thread: ThreadContext;
  private readonly exchange: Exchange;
  /** Made by the first connection that speaks the protocol. */
  private h2Tools: H2Tools | null;
  private fcgiTools: FcgiTools | null;

  constructor(thread: ThreadContext, exchange: Exchange) {
    this.thread = thread;
    this.exchange = exchange;
    this.h2Tools = null;
    this.fcgiTools = null;
  }

  /** A side on a connection that is there; null: none has room. */
  take(stream: Stream, { h2, fcgi }: ServerMuxes, hash: string): H2Stream | FcgiStream | null {
    if (fcgi !== null) return takeMux(stream, fcgi, hash)?.attach(stream) ?? null;
    const mux = h2 === null ? null : takeMux(stream, h2, hash);
    return mux === null || mux.awaitsSettings(stream) ? null : mux.attach(stream);
  }

  /** A mux takes the place of the connection's first one. False: it stays as it is. */
  start(stream: Stream, { h2, fcgi }: ServerMuxes, isPlain: boolean, made: NewConnection): boolean {
    if (fcgi !== null) this.startFcgi(stream, fcgi, made);
    else if (h2 !== null && !isPlain && speaksH2(made.first)) this.startH2(stream, h2, made);
    else return false;
    return true;
  }

  /** What connections that speak HTTP/2 share. */
  toolsOfH2(): H2Tools {
    this.h2Tools ??= new H2Tools(this.thread, false);
    return this.h2Tools;
  }

  private startH2(stream: Stream, pool: MuxPool<H2Back>, { first, hash }: NewConnection): void {
    const { row } = stream.backend.backend!;
    const { server } = first;
    const target = { server, hash, keeper: pool, row, moving: null, hearsPreface: false };
    const mux = new H2Back(this.toolsOfH2(), first.connection, this.exchange, target);
    pool.add(mux, ownerOf(stream));
    const side = mux.attach(stream);
    stream.back = side;
    mux.start();
    if (mux.awaitsSettings(stream)) mux.waitForSettings(side);
    else this.exchange.onConnected(stream, 0);
  }

  private startFcgi(stream: Stream, pool: MuxPool<FcgiBack>, { first, hash }: NewConnection): void {
    this.fcgiTools ??= new FcgiTools(this.thread);
    const { app } = stream.backend.fcgi!; // the loader has seen to it
    const target = { app, server: first.server, hash, keeper: pool };
    const mux = new FcgiBack(this.fcgiTools, first.connection, this.exchange, target);
    pool.add(mux, ownerOf(stream));
    stream.back = mux.attach(stream);
    mux.start();
    if (!mux.awaitsValues) this.exchange.onConnected(stream, 0);
  }
}

/** Who alone may use a new connection, null: anybody. */
const ownerOf = ({ backend, session }: Stream) =>
  backend.model.httpReuse === 'never' ? session : null;

function takeMux<T extends PooledMux>(stream: Stream, pool: MuxPool<T>, hash: string): T | null {
  const isReversed = stream.server?.isReversed === true;
  const policy = isReversed ? 'always' : stream.backend.model.httpReuse;
  // A first request may use any connection when it is sent again should that prove dead.
  const safely = stream.backend.backend?.retry.reusesSafely === true;
  const first = stream.session.streamCount <= 1 && !safely;
  const isShared = policy !== 'never' && !(first && policy === 'safe');
  const usesMin = first && policy === 'aggressive' ? 2 : 0;
  return pool.take(stream.session, hash, isShared, usesMin);
}

/** HTTP/2 by `proto h2`, or by what TLS may negotiate. */
function mayH2({ model }: Server): boolean {
  if (model.proto !== '') return model.proto === 'h2';
  if (model.address.family === 'rhttp') return true;
  return model.ssl?.alpn.split(',').includes('h2') ?? false;
}

/** `ws`: over which protocol WebSocket goes (manual 5.2). */
export function wantsH1({ request }: Stream, { model }: Server): boolean {
  if ((request.flags & connectionUpgrade) === 0 || model.ws === 'h2') return false;
  const upgrade = request.find(upgradeName, 0);
  if (upgrade < 0 || request.valueText(upgrade).toLowerCase() !== 'websocket') return false;
  if (model.ws === 'h1') return true;
  return model.proto === '' && (model.ssl?.alpn.split(',').includes('http/1.1') ?? false);
}

const upgradeName = headerName('upgrade');

function speaksH2({ connection, server }: H1Back): boolean {
  if (server.model.proto !== '') return server.model.proto === 'h2';
  return tlsSessionOf(connection)?.alpn() === 'h2';
}
