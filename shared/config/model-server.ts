// What the Model knows of servers: their lines, their TLS, and what servers that are added at run
// time may start from.

import type { Place } from './diagnostic.ts';
import type { AddressModel } from './model.ts';
import type { AgentModel, ServerCheckModel } from './model-check.ts';
import type { ResolutionModel } from './model-resolvers.ts';

export interface ServerModel {
  readonly place: Place;
  /** '': the server has been deleted, its place is free (see isGone). */
  name: string;
  /** Added by the runtime API. */
  isDynamic: boolean;
  id: number;
  guid: string;
  /** The name that was written, '' when it was a number; `address` is what it gave. */
  fqdn: string;
  /** Name of the SRV record that gives name and address, '' for none. */
  srvRecord: string;
  /** Resolvers section that keeps the address up to date, '' for none. */
  resolvers: string;
  resolution: ResolutionModel;
  /** Ways of `init-addr`, empty for the usual ones. */
  initAddr: readonly string[];
  /** What a file of server states says of it. */
  savedState: SavedStateModel | null;
  address: AddressModel;
  weight: number;
  backup: boolean;
  disabled: boolean;
  maxconn: number;
  minconn: number;
  maxqueue: number;
  maxReuse: number;
  poolMaxConn: number;
  poolLowConn: number;
  poolPurgeDelayMs: number;
  check: boolean;
  checkPort: number;
  checkAddress: AddressModel | null;
  checkSendProxy: boolean;
  /** How its checks differ from its traffic and from the checks of its proxy. */
  checks: ServerCheckModel;
  agent: AgentModel;
  /** Keys of consistent hashing: 'id' (default), 'addr', 'addr-port', 'guid'. */
  hashKey: string;
  interMs: number;
  fastinterMs: number;
  downinterMs: number;
  rise: number;
  fall: number;
  cookie: string;
  /** It was made of the server's address (worker/sample/dynamic-cookie.ts). */
  hasDynamicCookie: boolean;
  /** No stick rule remembers it. */
  nonStick: boolean;
  /** Of peers only: the part of the keys that it is sent, 0: all. */
  shard: number;
  redir: string;
  sendProxy: 0 | 1 | 2;
  proxyV2Options: readonly string[];
  /** TLVs of set-proxy-v2-tlv-fmt: type and log format, '' for an empty value. */
  proxyTlvs: readonly { readonly type: number; readonly format: string }[];
  /** Expression of `pool-conn-name`: what connections are shared by, '' for the SNI. */
  poolConnName: string;
  source: SourceModel | null;
  /** `rise` of the default-server that it starts from, 0: there is none. Shown as its health. */
  presetRise: number;
  tcpUtMs: number;
  /** maxconn limits connections, idle ones included. */
  strictMaxconn: boolean;
  /** `idle-ping`, 0: no PING. */
  idlePingMs: number;
  socket: ServerSocketModel;
  tfo: boolean;
  track: string;
  ssl: ServerSslModel | null;
  /** `no-ssl` was written. */
  noSsl: boolean;
  /** What `set server ssl on` turns on: a default-server said `ssl`, the line `no-ssl`. */
  spareSsl: ServerSslModel | null;
  /** The proxy protocol the mux speaks: '' automatic, 'h1', 'h2'. */
  proto: string;
  /** How log lines are framed (RFC 6587), and bytes of them that may wait, 0: a buffer. */
  logProto: 'legacy' | 'octet-count';
  logBufsize: number;
  /** Protocol that WebSocket goes over. */
  ws: 'auto' | 'h1' | 'h2';
}

/** `source`: where connections to servers come from. */
export interface SourceModel {
  /** null: only the interface is asked for (source 0.0.0.0 gives family ipv4, host ''). */
  readonly address: AddressModel | null;
  /** Source ports to choose from, 0 and 0: the kernel's choice. */
  readonly portLow: number;
  readonly portHigh: number;
  readonly interface: string;
  /** '', 'client', 'clientip', 'hdr_ip(NAME[,N])' or 'address' (then `usesrcAddress`). */
  readonly usesrc: string;
  readonly usesrcAddress: AddressModel | null;
}

/** What sockets to a server are like; a copy of a server shares it, words make another. */
export interface ServerSocketModel {
  /** `socks4`: the proxy in between, null for none. */
  readonly socks4: AddressModel | null;
  readonly checkViaSocks4: boolean;
  /** `tcp-md5sig`: key of the signatures, `cc`: how congestion is avoided; '' for none. */
  readonly md5Key: string;
  readonly congestion: string;
  /** Network namespace, '' for that of the process, '*' for that of the client. */
  readonly namespace: string;
}

/** One line of `show servers state`, as far as it is not in other fields of the model. */
export interface SavedStateModel {
  /** Last address, '' for none. */
  readonly address: string;
  readonly state: number;
  readonly admin: number;
  readonly weight: number;
  readonly weightConfigured: number;
  readonly sinceChangeSeconds: number;
  readonly checkStatus: number;
  readonly checkResult: number;
  readonly checkHealth: number;
  readonly checkFlags: number;
  readonly agentFlags: number;
  /** The name is one that was set while serving. */
  readonly isRenamed: boolean;
}

/** A `default-server`, '' for the one without a name: what servers added later may start from. */
export interface ServerPresetModel {
  readonly name: string;
  readonly server: ServerModel;
  readonly tls: ServerSslModel | null;
  readonly tlsOn: boolean;
}

/** A server or backend that was deleted at run time: only its place is left. */
export function isGone({ name }: Pick<ServerModel, 'name'>): boolean {
  return name === '';
}

/** A name, or an SRV record, was written where its address stands. */
export function isNamed({ fqdn, srvRecord }: Pick<ServerModel, 'fqdn' | 'srvRecord'>): boolean {
  return fqdn !== '' || srvRecord !== '';
}

export interface ServerSslModel {
  verify: 'none' | 'required';
  verifyHost: string;
  caFile: string;
  crlFile: string;
  /** Name in the store of certificates, '' for none. */
  crt: string;
  /** Expression words of `sni EXPR`, empty for none. */
  sni: string;
  /** Without `sni`, HTTP servers are asked for under the name of the request's Host. */
  sniAuto: boolean;
  /** Sessions are resumed. */
  sslReuse: boolean;
  /** May the server ask for another handshake? '' leaves that to the library: yes. */
  renegotiation: '' | 'yes' | 'no';
  alpn: string;
  ciphers: string;
  ciphersuites: string;
  curves: string;
  sigalgs: string;
  clientSigalgs: string;
  sslMinVer: string;
  sslMaxVer: string;
}
