// Connections of one thread to servers: opened here, taken from the idle pools or given back to
// them (manual, http-reuse). The stream engine asks for a side and gets one; what lies between the
// socket and the mux is decided here.

import { enter, leave, liveCurrent } from '../../shared/segment/live.ts';
import { formatPeer } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { Connection } from '../conn/connection.ts';
import { type Approach, openSocket, plainApproach } from '../conn/connector.ts';
import { readEndpoint, readOwn } from '../conn/socket-address.ts';
import { throughSocks } from '../conn/socks4.ts';
import type { Program, ProxyPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import { writeTarget } from '../server/target.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { type BackOpenings, plainOpenings } from './back-openings.ts';
import { clientNamespace } from './client-namespace.ts';
import { FcgiStream } from './fcgi-stream.ts';
import { H1Back } from './h1-back.ts';
import { countConnection, countStream, endStream, forget, moveConnection } from './h1-counts.ts';
import { H2Stream } from './h2-stream.ts';
import type { H2Tools } from './h2-tools.ts';
import { clearMuxes, muxIdleCount, MuxLinks, type NewConnection, wantsH1 } from './mux-links.ts';
import { Opening } from '../conn/opening.ts';
import { OwnConnections } from './own-connections.ts';
import { ReversedLinks } from './reversed-links.ts';
import { claimPlace, type ServerLink, serverLink, type ThreadShares } from './server-link.ts';
import type { Exchange } from './side.ts';
import { TcpSide } from './tcp.ts';

/** A connection was ready at once, or is on its way. Below zero: minus errno. */
export const linkReady = 1;
export const linkPending = 0;

type LinkSide = H1Back | TcpSide | H2Stream | FcgiStream;

export class Links {
  private readonly thread: ThreadContext;
  private readonly exchange: Exchange;
  private readonly shares: ThreadShares;
  /** Of servers that connect to us, and to servers that requests come from (rhttp@). */
  readonly reversed: ReversedLinks;
  private readonly servers: Map<Server, ServerLink>;
  private readonly address: SocketAddress;
  /** Who keeps idle connections that only one client may use. */
  private readonly owners: Set<OwnConnections>;
  /** Scratch of the kernel's answer about our end of a connection. */
  private readonly ownEnd: SocketAddress;
  /** Filled by `sharingKey` when `isLent`. */
  private readonly lent: SocketAddress;
  private isLent: boolean;
  /** The stream at hand needs HTTP/1 of a server that speaks HTTP/2 too (`ws`). */
  private isPlain: boolean;
  private readonly approach: Approach;
  private readonly openings: BackOpenings;
  private readonly muxLinks: MuxLinks;

  constructor(
    thread: ThreadContext,
    exchange: Exchange,
    shares: ThreadShares,
    openings: BackOpenings = plainOpenings,
  ) {
    this.thread = thread;
    this.exchange = exchange;
    this.shares = shares;
    numberServers(thread.program);
    this.owners = new Set();
    this.servers = new Map();
    this.address = thread.sys.address();
    this.ownEnd = thread.sys.address();
    this.lent = thread.sys.address();
    this.isLent = false;
    this.isPlain = false;
    this.approach = plainApproach();
    this.openings = openings;
    this.muxLinks = new MuxLinks(thread, exchange);
    this.reversed = new ReversedLinks(thread, exchange, openings, this);
  }

  connect(stream: Stream, server: Server): number {
    const link = this.linkOf(stream.backend, server);
    if (server.isReversed) return this.connectReversed(stream, server, link);
    if (!writeTarget(server.target, stream.destination, stream.target, this.address)) {
      return -EHOSTUNREACH;
    }
    let hash = this.sharingKey(stream, server, link);
    const { h2, fcgi } = link.muxes;
    this.isPlain = h2 !== null && wantsH1(stream, server);
    if (this.isPlain) hash += ' http/1.1';
    if (stream.frontend.isHttp) {
      const isShared = fcgi !== null || (h2 !== null && !this.isPlain);
      if (isShared && this.multiplex(stream, link, hash, server)) return linkReady;
      const reused = fcgi === null ? this.takeIdle(stream, link, hash) : null;
      if (reused !== null) {
        this.use(stream, reused, server);
        link.pool.borrowed();
        return linkReady;
      }
    }
    return this.open(stream, server, link, hash);
  }

  /** The server connects to us: a connection that is there, or was on another thread, or none. */
  private connectReversed(stream: Stream, server: Server, link: ServerLink): number {
    const h2 = link.muxes.h2!;
    const hash = this.sharingKey(stream, server, link);
    if (this.multiplex(stream, link, hash, server)) return linkReady;
    const { moving } = link;
    const moved = moving?.takeOver(hash) ?? null;
    const mux = moved === null ? null : this.reversed.goOn(stream, link, moved, hash);
    if (mux !== null) {
      h2.add(mux, null);
      this.use(stream, mux.attach(stream), server);
      return linkReady;
    }
    const exists = moving === null ? h2.knows(hash) : moving.knows(hash);
    return exists ? -EAGAIN : -ENOTCONN;
  }

  private sharingKey(stream: Stream, server: Server, { lend, plan }: ServerLink): string {
    let key = this.openings.keyOf(stream, server);
    if (stream.backMark >= 0) key += ` mark ${stream.backMark}`;
    if (stream.backTos >= 0) key += ` tos ${stream.backTos}`;
    if (plan.isWhereClientIs) key += ` namespace ${clientNamespace(stream)}`;
    if (!server.isReversed && server.target.isDynamic) key += ` ${formatPeer(this.address)}`;
    this.isLent = lend?.(stream, this.lent) ?? false;
    return this.isLent ? `${key} from ${formatPeer(this.lent)}` : key;
  }

  /** Uses a connection of several streams that is there; false: none has room. */
  private multiplex(stream: Stream, link: ServerLink, hash: string, server: Server): boolean {
    const side = this.muxLinks.take(stream, link.muxes, hash);
    if (side !== null) this.use(stream, side, server);
    return side !== null;
  }

  private takeIdle(stream: Stream, link: ServerLink, hash: string): H1Back | null {
    const { pool } = link;
    const own = stream.session.own?.take(pool.server, hash) ?? null;
    if (own !== null) return own;
    const policy = stream.backend.model.httpReuse;
    if (policy === 'never') return null;
    const first = stream.session.streamCount <= 1;
    if (first && policy === 'safe') return null;
    const usesMin = first && policy === 'aggressive' ? 2 : 0;
    if (pool.size > 0) {
      const kept = pool.take(hash, usesMin);
      if (kept !== null) return kept;
    }
    return link.isShared ? this.adopt(link, hash, pool.takeOver(hash, usesMin)) : null;
  }

  /** Builds a mux around a descriptor taken over from another thread; null: there was none. */
  private adopt(link: ServerLink, hash: string, fd: number): H1Back | null {
    if (fd < 0) return null;
    const { thread, exchange } = this;
    const { pool } = link;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    connection.place = link.place;
    readEndpoint(this.address, connection.destination);
    if (thread.program.readsBackSource) readOwn(thread.sys, fd, this.ownEnd, connection.source);
    const back = new H1Back(thread, exchange, connection, pool.server, link.limits, hash);
    back.outbound.names = link.names;
    back.useCount = pool.takenUses;
    if (connection.watch() < 0) {
      connection.close();
      return null;
    }
    back.row = link.row;
    moveConnection(thread.counters.values, link.row, 1);
    // It was idle and clean; whether it has died since, the first event or write tells.
    connection.writable = true;
    return back;
  }

  private open(stream: Stream, server: Server, link: ServerLink, hash: string): number {
    const { thread, exchange } = this;
    const { approach } = this;
    approach.mark = stream.backMark;
    approach.tos = stream.backTos;
    approach.namespace = link.plan.isWhereClientIs ? clientNamespace(stream) : '';
    approach.lent = this.isLent ? this.lent : null;
    approach.hasData = stream.frontend.isHttp || (stream.front?.inbound.bodyLength ?? 0) > 0;
    link.pool.makeRoom();
    if (!claimPlace(server, link)) return -EAGAIN;
    const fd = openSocket(thread.sys, this.address, link.plan, approach);
    if (fd < 0) {
      link.place?.leave();
      return fd;
    }
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    connection.place = link.place;
    readEndpoint(this.address, connection.destination);
    if (thread.program.readsBackSource) {
      readOwn(thread.sys, fd, this.ownEnd, connection.source);
    }
    const back = stream.frontend.isHttp
      ? new H1Back(thread, exchange, connection, server, link.limits, hash)
      : new TcpSide(thread, exchange, connection, false);
    if (back instanceof H1Back) back.outbound.names = link.names;
    const isPlain = this.isPlain;
    let steps = this.openings.stepsOf(stream, server, isPlain ? 'http/1.1' : '');
    if (link.plan.via !== null) steps = throughSocks(thread, this.address, steps);
    new Opening(connection, back, steps, (result) => {
      if (stream.back !== back) return;
      const made = result === 0 && back instanceof H1Back ? { first: back, hash } : null;
      if (made === null || !this.multiplexed(stream, link, isPlain, made)) {
        exchange.onConnected(stream, result);
      }
    });
    const watched = connection.watch();
    if (watched < 0) {
      connection.close();
      return watched;
    }
    if (back instanceof H1Back) {
      back.row = link.row;
      countConnection(thread.counters.values, link.row);
    }
    this.use(stream, back, server);
    if (stream.frontend.isHttp) link.pool.borrowed();
    return linkPending;
  }

  /** One connection for many streams is not counted as that of one. */
  private multiplexed(
    stream: Stream,
    { muxes, pool, row }: ServerLink,
    isPlain: boolean,
    made: NewConnection,
  ): boolean {
    if (!this.muxLinks.start(stream, muxes, isPlain, made)) return false;
    forget(this.thread.counters.values, row);
    made.first.row = -1;
    pool.returned();
    return true;
  }

  private use(stream: Stream, back: LinkSide, server: Server): void {
    if (back instanceof H1Back || back instanceof TcpSide) back.attach(stream);
    if (back instanceof H1Back) countStream(this.thread.counters.values, rowOf(stream));
    stream.back = back;
    stream.backConnection = back.connection;
    stream.servedBy = back.connection;
    enter(server.words, server.liveAt + liveCurrent);
  }

  /**
   * The server's answer to `stream` is here in full, and its end is about to leave for the client:
   * threads that share idle connections may have this one from now on.
   */
  offer(stream: Stream): void {
    const { back, server } = stream;
    if (this.shares.share === null || server === null || !(back instanceof H1Back)) return;
    if (!back.isAnswered() || !this.isForAll(stream, back)) return;
    if (this.thread.stopping || server.isMaintained()) return;
    this.linkOf(stream.backend, server).pool.offer(back);
  }

  private isForAll({ backend }: Stream, back: H1Back): boolean {
    return backend.model.httpReuse !== 'never' && !back.isPrivate;
  }

  /** The stream is done with its side: kept if it is clean, else closed. */
  release(stream: Stream, reusable: boolean): void {
    const back = stream.back as LinkSide | null;
    const { server } = stream;
    if (back === null || server === null) return;
    stream.back = null;
    stream.backConnection = null;
    leave(server.words, server.liveAt + liveCurrent);
    if (back instanceof H2Stream || back instanceof FcgiStream) {
      back.streamEnded();
      return;
    }
    if (!(back instanceof H1Back)) {
      back.close();
      return;
    }
    endStream(this.thread.counters.values, rowOf(stream));
    const { pool } = this.linkOf(stream.backend, server);
    const isKept = reusable && !this.thread.stopping && !server.isMaintained();
    if (!isKept || !back.isReusable()) pool.discard(back);
    else if (this.isForAll(stream, back)) pool.put(back);
    else this.keepOwn(stream.session, back);
    pool.returned();
  }

  /** Keeps a connection for the next requests of the same client. */
  private keepOwn(session: Session, back: H1Back): void {
    if (!session.connection.isOpen) {
      back.close();
      return;
    }
    session.own ??= new OwnConnections(this.owners);
    session.own.keep(back, session.frontend.model.maxSessionSrvConns);
  }

  /** Closes idle connections of every server: soft stop. */
  clear(): void {
    for (const link of this.servers.values()) {
      link.pool.clear();
      clearMuxes(link.muxes);
    }
  }

  /** Closes idle connections to `server`: it is in maintenance, or has another address. */
  clearServer(server: Server): void {
    const link = this.servers.get(server);
    if (link !== undefined) {
      link.pool.clear();
      clearMuxes(link.muxes);
    }
    for (const own of this.owners) own.clearServer(server);
  }

  /** Nothing that was worked out for connections to `server` holds any more. */
  forgetServer(server: Server): void {
    this.clearServer(server);
    this.servers.delete(server);
  }

  /** Idle connections that any client may use, by the server's object; 0 is left out. */
  idleCounts(): (readonly [object: number, idle: number])[] {
    const rows: [number, number][] = [];
    for (const [{ object }, { pool, muxes }] of this.servers) {
      const idle = pool.idleCount() + muxIdleCount(muxes);
      if (idle > 0) rows.push([object, idle]);
    }
    return rows;
  }

  /** What connections that speak HTTP/2 share. */
  h2Tools(): H2Tools {
    return this.muxLinks.toolsOfH2();
  }

  linkOf(backend: ProxyPlan, server: Server): ServerLink {
    const known = this.servers.get(server);
    if (known !== undefined) return known;
    const link = serverLink(this.thread, backend, server, this.shares);
    this.servers.set(server, link);
    return link;
  }
}

/** Counter row of the backend whose server the stream has. */
const rowOf = (stream: Stream): number => stream.backend.backend!.row;

/** Gives every server of the configuration its place among shared idle connections. */
function numberServers(program: Program): void {
  let next = 0;
  let reversed = 0;
  for (const { backend, model } of program.proxies) {
    for (const server of backend?.servers ?? []) {
      server.shareNumber = next + server.index;
      if (server.isReversed) server.reverseNumber = reversed++;
    }
    next += model.servers.length;
  }
}

const EHOSTUNREACH = 113;
const EAGAIN = 11;
const ENOTCONN = 107;

const unowned = { onReadable(): void {}, onWritable(): void {} };
