// One client connection as rules see it: where it came from and through which listener. It outlives
// the streams it carries (keep-alive, multiplexing) and holds their session-wide variables.

import type { Connection } from '../conn/connection.ts';
import type { Endpoint } from '../conn/endpoint.ts';
import type { ProxyTlv } from '../conn/proxy-header.ts';
import type { OwnConnections } from '../mux/own-connections.ts';
import type { ListenerPlan, ProxyPlan } from '../program.ts';
import type { Sample } from '../sample/sample.ts';
import type { Tracker } from '../tables/tracking.ts';

/** What a client that becomes a server is attached to, and under which name. */
export interface Attachment {
  readonly proxyIndex: number;
  readonly serverIndex: number;
  readonly name: string;
}

export interface Session {
  readonly connection: Connection;
  readonly listener: ListenerPlan;
  readonly frontend: ProxyPlan;
  /**
   * The client's address and the one it connected to; a PROXY header or set-src/set-dst overwrites
   * them.
   */
  source: Endpoint;
  destination: Endpoint;
  /** A PROXY header must come first: set by `tcp-request connection expect-proxy`. */
  expectsProxy: boolean;
  /** `expect-netscaler-cip`: a NetScaler's header comes first. */
  expectsClientIp: boolean;
  /** A PROXY header was received (fc_rcvd_proxy), and the TLVs of its version 2. */
  readonly hasProxyHeader: boolean;
  readonly proxyTlvs: readonly ProxyTlv[];
  /** Session variables (sess.*) by index, empty until the first set. */
  readonly variables: (Sample | null)[];
  /** Tracked counters (sc0, sc1, ...), empty until the first rule that tracks. */
  readonly trackers: Tracker[];
  /** The same, for whoever is about to add one. */
  trackersToFill(): Tracker[];
  acceptMs: number;
  acceptWallMs: number;
  /** Milliseconds of handshakes (PROXY, TLS): %Th. */
  handshakeMs: number;
  /** Connections to servers that only this client may use again; closed with the session. */
  own: OwnConnections | null;
  /** A server has authenticated such a connection: requests stay with it where they can. */
  prefersLast: boolean;
  /** `attach-srv`: the client is to become a server; null mostly. */
  attach: Attachment | null;
  /** HTTP version that `switch-mode` names, '' for what the client speaks. */
  httpProtocol: string;
  /** Streams this session has carried. */
  streamCount: number;
}
