// Reverse HTTP (manual, rhttp@): connections that servers have made to us, and those that we make
// to where our requests will come from. Part of mux/links.ts, which knows what each server needs.

import { liveConnections } from '../../shared/segment/live.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { Connection } from '../conn/connection.ts';
import { openSocket, plainApproach } from '../conn/connector.ts';
import { Opening } from '../conn/opening.ts';
import { readEndpoint, readOwn, readPeer } from '../conn/socket-address.ts';
import { throughSocks } from '../conn/socks4.ts';
import type { ProxyPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import { writeTarget } from '../server/target.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { BackOpenings } from './back-openings.ts';
import { H2Back } from './h2-back.ts';
import type { Moved } from './h2-moving.ts';
import type { H2Tools } from './h2-tools.ts';
import type { ServerLink } from './server-link.ts';
import type { Exchange } from './side.ts';

/** Where a server that has connected to us belongs. */
export interface AttachPlace {
  readonly proxy: ProxyPlan;
  readonly server: Server;
}

/** What links.ts knows. */
interface Home {
  linkOf(proxy: ProxyPlan, server: Server): ServerLink;
  h2Tools(): H2Tools;
}

export class ReversedLinks {
  private readonly thread: ThreadContext;
  private readonly exchange: Exchange;
  private readonly openings: BackOpenings;
  private readonly home: Home;
  /** Scratch of the kernel's answers. */
  private readonly address: SocketAddress;
  private readonly ownEnd: SocketAddress;

  constructor(thread: ThreadContext, exchange: Exchange, openings: BackOpenings, home: Home) {
    this.thread = thread;
    this.exchange = exchange;
    this.openings = openings;
    this.home = home;
    this.address = thread.sys.address();
    this.ownEnd = thread.sys.address();
  }

  /** Builds a mux around what `moving` has taken over; null: it cannot be watched. */
  goOn(stream: Stream, link: ServerLink, moved: Moved, hash: string): H2Back | null {
    const { thread, exchange } = this;
    const { moving, pool } = link;
    const { server } = pool;
    const { fd, tlsHandle } = moved;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    connection.place = link.place;
    readPeer(thread.sys, fd, this.address, connection.destination);
    readOwn(thread.sys, fd, this.ownEnd, connection.source);
    if (tlsHandle !== 0) this.openings.adopt(connection, server, tlsHandle);
    const { row } = stream.backend.backend!;
    const target = { server, hash, keeper: link.muxes.h2!, row, moving, hearsPreface: false };
    const mux = new H2Back(this.home.h2Tools(), connection, exchange, target);
    moving!.restore(mux, moved);
    mux.goOn();
    if (connection.watch() >= 0) return mux;
    mux.close();
    return null;
  }

  /**
   * A server has connected to us: once it is ready, streams that ask for `name` may use the
   * connection. It has until `dueMs`.
   */
  attach(connection: Connection, place: AttachPlace, name: string, dueMs: number): void {
    const { proxy, server } = place;
    const link = this.home.linkOf(proxy, server);
    const keeper = link.muxes.h2!;
    const hash = this.openings.keyOfName(name);
    const { row } = proxy.backend!;
    const target = { server, hash, keeper, row, moving: link.moving, hearsPreface: true };
    const mux = new H2Back(this.home.h2Tools(), connection, this.exchange, target);
    mux.welcome(dueMs, () => {
      connection.turnRound();
      connection.place = link.place;
      Atomics.add(server.words, server.liveAt + liveConnections, 1);
      keeper.add(mux, null);
      keeper.freed(mux);
    });
  }

  /**
   * Connects to `server` for no stream of its own (rhttp@); `lent` is evaluated for what the server
   * is told. The connection or minus errno; `report` hears later what became of it: 0, or minus
   * errno.
   */
  dial(
    lent: Stream,
    server: Server,
    report: (connection: Connection, result: number) => void,
  ): Connection | number {
    const { thread } = this;
    const link = this.home.linkOf(lent.backend, server);
    if (!writeTarget(server.target, lent.destination, lent.target, this.address)) {
      return -EHOSTUNREACH;
    }
    this.openings.keyOf(lent, server);
    const approach = plainApproach();
    approach.hasData = true;
    const fd = openSocket(thread.sys, this.address, link.plan, approach);
    if (fd < 0) return fd;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    readEndpoint(this.address, connection.destination);
    readOwn(thread.sys, fd, this.ownEnd, connection.source);
    let steps = this.openings.stepsOf(lent, server, 'h2');
    if (link.plan.via !== null) steps = throughSocks(thread, this.address, steps);
    new Opening(connection, unowned, steps, (result) => report(connection, result));
    const watched = connection.watch();
    if (watched >= 0) return connection;
    connection.close();
    return watched;
  }
}

const unowned = { onReadable(): void {}, onWritable(): void {} };
const EHOSTUNREACH = 113;
