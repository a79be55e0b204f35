// One client connection as the acceptor keeps it: what rules see of it, and the mux that reads it.
// Made by stream/acceptor.ts; it outlives the streams it carries.

import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import type { Connection } from '../conn/connection.ts';
import { Endpoint } from '../conn/endpoint.ts';
import type { Opening } from '../conn/opening.ts';
import type { ProxyTlv } from '../conn/proxy-header.ts';
import { readOwn } from '../conn/socket-address.ts';
import { tlsSessionOf } from '../conn/tls.ts';
import type { FrontMux } from '../mux/front.ts';
import type { OwnConnections } from '../mux/own-connections.ts';
import type { TcpSide } from '../mux/tcp.ts';
import type { ListenerPlan, ProxyPlan } from '../program.ts';
import type { Sample } from '../sample/sample.ts';
import type { Tracker } from '../tables/tracking.ts';
import type { Attachment, Session } from './session.ts';
import type { Stream } from './stream.ts';

const noTlvs: readonly ProxyTlv[] = [];
/** Shared by all that track nothing: stays empty. */
const noTrackers: Tracker[] = [];

/** Makes connections that clients would make elsewhere (reverse-door.ts). */
export interface Dialer {
  /** The roles have turned round. False: there is no room for another client. */
  turned(): boolean;
  /** The connection is gone. */
  ended(): void;
}

/** One client connection on this thread. */
export class ClientSession implements Session {
  readonly connection: Connection;
  readonly listener: ListenerPlan;
  /** Its HTTP twin once the session has become HTTP. */
  frontend: ProxyPlan;
  source: Endpoint;
  destination: Endpoint;
  expectsProxy: boolean;
  /** `expect-netscaler-cip`: a NetScaler's header comes first. */
  expectsClientIp: boolean;
  hasProxyHeader: boolean;
  proxyTlvs: readonly ProxyTlv[];
  /** While the preamble is under way. */
  opening: Opening | null;
  /** null and `noTrackers` until something is kept: most connections never have either. */
  private ownVariables: (Sample | null)[] | null;
  trackers: Tracker[];
  acceptMs: number;
  acceptWallMs: number;
  handshakeMs: number;
  streamCount: number;
  own: OwnConnections | null;
  /** A server has authenticated such a connection: requests stay with it where they can. */
  prefersLast: boolean;
  /** HTTP version that `switch-mode` names, '' for what the client speaks. */
  httpProtocol: string;
  attach: Attachment | null;
  /** Who has made the connection (rhttp@); null: the client. */
  dialer: Dialer | null;
  /** null until the preamble is over, and in TCP mode. */
  http: FrontMux | null;
  tcp: TcpSide | null;
  /** In TCP mode; HTTP's are with its mux. */
  stream: Stream | null;
  /** Position in the acceptor's list. */
  place: number;

  constructor(connection: Connection, listener: ListenerPlan, nowMs: number, wallMs: number) {
    this.connection = connection;
    this.listener = listener;
    this.frontend = listener.proxy;
    this.source = connection.source;
    this.destination = connection.destination;
    this.expectsProxy = false;
    this.expectsClientIp = false;
    this.hasProxyHeader = false;
    this.proxyTlvs = noTlvs;
    this.opening = null;
    this.ownVariables = null;
    this.trackers = noTrackers;
    this.acceptMs = nowMs;
    this.acceptWallMs = wallMs;
    this.handshakeMs = 0;
    this.streamCount = 0;
    this.own = null;
    this.prefersLast = false;
    this.httpProtocol = '';
    this.attach = null;
    this.dialer = null;
    this.http = null;
    this.tcp = null;
    this.stream = null;
    this.place = -1;
  }

  get variables(): (Sample | null)[] {
    this.ownVariables ??= [];
    return this.ownVariables;
  }

  trackersToFill(): Tracker[] {
    if (this.trackers === noTrackers) this.trackers = [];
    return this.trackers;
  }
}

/** Streams of one client; HTTP/2 has many at once. */
export function streamsOf({ http, stream }: ClientSession): Stream[] {
  const streams: Stream[] = [];
  if (http !== null) http.collect(streams);
  else if (stream !== null) streams.push(stream);
  return streams;
}

/** By configuration, else by what TLS negotiated (RFC 9113 3.2, 3.3). */
export function speaksH2({ listener, connection }: ClientSession): boolean {
  const { proto } = listener.bind;
  return proto === '' ? tlsSessionOf(connection)?.alpn() === 'h2' : proto === 'h2';
}

/**
 * The address of a listener bound to one; transparent ones and wildcards have none of their own.
 */
export function listenerEndpoint(
  sys: Sys,
  listener: ListenerPlan,
  scratch: SocketAddress,
): Endpoint {
  const own = new Endpoint();
  const { object, bind } = listener;
  const wildcard = object.host === '' || object.host === '*' || object.host === '0.0.0.0';
  if (bind.transparent || wildcard || object.host === '::') return own;
  readOwn(sys, object.fd, scratch, own);
  return own;
}
