// Connections of one thread to servers: opened here, taken from the idle pools or given back to
// them (manual, http-reuse). The stream engine asks for a side and gets one; what lies between the
// socket and the mux is decided here.

import { enter, leave, liveCurrent } from '../../shared/segment/live.ts';
import { formatPeer } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { Connection } from '../conn/connection.ts';
import { type Approach, openSocket, type SocketPlan, socketPlan } from '../conn/connector.ts';
import { readEndpoint, readOwn } from '../conn/socket-address.ts';
import { serverOptions } from '../conn/socket-options.ts';
import { H1Limits } from '../http/h1.ts';
import type { Program, ProxyPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import { sourceWriter, type WriteSource } from '../server/source.ts';
import { writeTarget } from '../server/target.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import { H1Back } from './h1-back.ts';
import { ServerPool } from './idle-pool.ts';
import type { IdleShare } from './idle-share.ts';
import { Opening, type OpeningStep } from '../conn/opening.ts';
import type { Exchange } from './side.ts';
import { TcpSide } from './tcp.ts';

/** A connection was ready at once, or is on its way. Below zero: minus errno. */
export const linkReady = 1;
export const linkPending = 0;

const noSteps: readonly OpeningStep[] = [];
const plainOpenings: BackOpenings = { keyOf: () => '', stepsOf: () => noSteps };

/** What one server needs for new connections, on this thread. */
interface ServerLink {
  readonly plan: SocketPlan;
  /** Address to appear from, by stream (usesrc); null: the plan's own. */
  readonly lend: WriteSource | null;
  readonly pool: ServerPool;
  readonly limits: H1Limits;
}

/**
 * What lies between connect and payload, by who knows PROXY headers and TLS (stream/openings.ts).
 */
export interface BackOpenings {
  /** What two streams must have in common to share a connection: manual, http-reuse. '' mostly. */
  keyOf(stream: Stream, server: Server): string;
  /** Steps of a new connection for the stream that `keyOf` was asked about last. */
  stepsOf(stream: Stream, server: Server): readonly OpeningStep[];
}

export class Links {
  private readonly thread: ThreadContext;
  private readonly exchange: Exchange;
  private readonly share: IdleShare | null;
  /** Number of a proxy's first server among all servers. */
  private readonly serverBase: readonly number[];
  private readonly servers: Map<Server, ServerLink>;
  private readonly address: SocketAddress;
  /** Scratch of the kernel's answer about our end of a connection. */
  private readonly own: SocketAddress;
  /** Filled by `sharingKey` when `isLent`. */
  private readonly lent: SocketAddress;
  private isLent: boolean;
  private readonly approach: Approach;
  private readonly openings: BackOpenings;

  constructor(
    thread: ThreadContext,
    exchange: Exchange,
    share: IdleShare | null,
    openings: BackOpenings = plainOpenings,
  ) {
    this.thread = thread;
    this.exchange = exchange;
    this.share = share;
    this.serverBase = serverBases(thread.program);
    this.servers = new Map();
    this.address = thread.sys.address();
    this.own = thread.sys.address();
    this.lent = thread.sys.address();
    this.isLent = false;
    this.approach = { lent: null, hasData: false };
    this.openings = openings;
  }

  connect(stream: Stream, server: Server): number {
    const link = this.linkOf(stream.backend, server);
    if (!writeTarget(server.target, stream.destination, stream.target, this.address)) {
      return -EHOSTUNREACH;
    }
    const hash = this.sharingKey(stream, server, link);
    if (stream.frontend.isHttp) {
      const reused = this.takeIdle(stream, link, hash);
      if (reused !== null) {
        this.use(stream, reused, server);
        return linkReady;
      }
    }
    return this.open(stream, server, link, hash);
  }

  private sharingKey(stream: Stream, server: Server, { lend }: ServerLink): string {
    let key = this.openings.keyOf(stream, server);
    if (server.target.isDynamic) key += ` ${formatPeer(this.address)}`;
    this.isLent = lend?.(stream, this.lent) ?? false;
    return this.isLent ? `${key} from ${formatPeer(this.lent)}` : key;
  }

  private takeIdle(stream: Stream, link: ServerLink, hash: string): H1Back | null {
    const { pool } = link;
    const own = takeOwn(stream.session, pool.server, hash);
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
    return hash === '' ? this.adopt(link, pool.takeOver(usesMin)) : null;
  }

  /** Builds a mux around a descriptor taken over from another thread; null: there was none. */
  private adopt(link: ServerLink, fd: number): H1Back | null {
    if (fd < 0) return null;
    const { thread, exchange } = this;
    const { pool } = link;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    readEndpoint(this.address, connection.destination);
    if (thread.program.readsBackSource) readOwn(thread.sys, fd, this.own, connection.source);
    const back = new H1Back(thread, exchange, connection, pool.server, link.limits, '');
    back.useCount = pool.takenUses;
    if (connection.watch() < 0) {
      connection.close();
      return null;
    }
    // It was idle and clean; whether it has died since, the first event or write tells.
    connection.writable = true;
    return back;
  }

  private open(stream: Stream, server: Server, link: ServerLink, hash: string): number {
    const { thread, exchange } = this;
    const { approach } = this;
    approach.lent = this.isLent ? this.lent : null;
    approach.hasData = stream.frontend.isHttp || (stream.front?.inbound.bodyLength ?? 0) > 0;
    const fd = openSocket(thread.sys, this.address, link.plan, approach);
    if (fd < 0) return fd;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    readEndpoint(this.address, connection.destination);
    if (thread.program.readsBackSource) {
      readOwn(thread.sys, fd, this.own, connection.source);
    }
    const back = stream.frontend.isHttp
      ? new H1Back(thread, exchange, connection, server, link.limits, hash)
      : new TcpSide(thread, exchange, connection, false);
    const steps = this.openings.stepsOf(stream, server);
    new Opening(connection, back, steps, (result) => {
      if (stream.back === back) exchange.onConnected(stream, result);
    });
    const watched = connection.watch();
    if (watched < 0) {
      connection.close();
      return watched;
    }
    this.use(stream, back, server);
    return linkPending;
  }

  private use(stream: Stream, back: H1Back | TcpSide, server: Server): void {
    back.attach(stream);
    stream.back = back;
    stream.backConnection = back.connection;
    stream.servedBy = back.connection;
    enter(server.words, server.liveAt + liveCurrent);
  }

  /** The stream is done with its side: kept if it is clean, else closed. */
  release(stream: Stream, reusable: boolean): void {
    const back = stream.back as H1Back | TcpSide | null;
    const { server } = stream;
    if (back === null || server === null) return;
    stream.back = null;
    stream.backConnection = null;
    leave(server.words, server.liveAt + liveCurrent);
    if (reusable && back instanceof H1Back && back.isReusable() && !this.thread.stopping) {
      const isShared = stream.backend.model.httpReuse !== 'never' && !back.isPrivate;
      if (isShared) this.linkOf(stream.backend, server).pool.put(back);
      else keepOwn(stream.session, back);
      return;
    }
    back.close();
  }

  /** Closes idle connections of every server: soft stop. */
  clear(): void {
    for (const link of this.servers.values()) link.pool.clear();
  }

  /** Idle connections to `server` are of no use any more (it went down). */
  clearServer(server: Server): void {
    this.servers.get(server)?.pool.clear();
  }

  private linkOf(backend: ProxyPlan, server: Server): ServerLink {
    const known = this.servers.get(server);
    if (known !== undefined) return known;
    const { thread } = this;
    const { tune } = thread.program.model.global;
    const { model } = backend;
    const { options } = model;
    const source = server.model.source ?? model.source;
    const { tcpUtMs: userTimeoutMs, tfo: fastOpen } = server.model;
    const link: ServerLink = {
      plan: socketPlan(thread.sys, {
        source,
        options: serverOptions({ model, tune, userTimeoutMs }),
        fastOpen,
        resetsOnClose: options['nolinger'] === true,
        portShare: thread.index / Math.max(1, thread.program.model.global.nbthread),
      }),
      lend: sourceWriter(source, backend.sourceHeaders[server.index]),
      pool: new ServerPool(
        thread,
        server,
        this.share,
        this.serverBase[backend.index] + server.index,
      ),
      limits: new H1Limits(
        tune.httpMaxhdr - 1,
        options['accept-unsafe-violations-in-http-response'] === true ||
          options['accept-invalid-http-response'] === true,
      ),
    };
    this.servers.set(server, link);
    return link;
  }
}

/** The connection that only this client may use (http-reuse never, NTLM), when it fits. */
function takeOwn(session: Session, server: Server, hash: string): H1Back | null {
  const own = session.ownBack;
  if (own === null || own.server !== server || own.hash !== hash) return null;
  session.ownBack = null;
  if (own.connection.isOpen && !own.connection.hangup) return own;
  own.close();
  return null;
}

/** Keeps a connection for the next request of the same client; the one kept before is closed. */
function keepOwn(session: Session, back: H1Back): void {
  session.ownBack?.close();
  session.ownBack = null;
  if (!session.connection.isOpen) {
    back.close();
    return;
  }
  session.ownBack = back;
  back.detach({
    lost: (mux) => {
      if (session.ownBack === mux) session.ownBack = null;
      mux.close();
    },
  });
}

function serverBases(program: Program): number[] {
  let next = 0;
  return program.proxies.map(({ model }) => {
    const base = next;
    next += model.servers.length;
    return base;
  });
}

const EHOSTUNREACH = 113;

const unowned = { onReadable(): void {}, onWritable(): void {} };
