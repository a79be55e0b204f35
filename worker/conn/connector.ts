// Opens a socket to a server: options, source address, non-blocking connect (manual 5.2). Returns a
// descriptor whose connect is under way. Called by mux/links.ts for traffic, once per connection.

import type { AddressModel, ServerSocketModel, SourceModel } from '../../shared/config/model.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EINPROGRESS,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TRANSPARENT,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_CONGESTION,
  TCP_FASTOPEN_CONNECT,
  TCP_MD5SIG,
  TCP_QUICKACK,
} from '../../shared/sys/constants.ts';
import { encodeAddress, familyOf, portOf, setPort } from '../../shared/sys/sockaddr.ts';
import { clientNamespaceWord, type Namespaces } from '../../shared/sys/namespaces.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { congestionName, md5Signature } from '../../shared/sys/tcp-options.ts';
import { familyIpv4, familyIpv6 } from './endpoint.ts';
import {
  applyOptions,
  resetOnClose,
  setMark,
  setTos,
  type SocketOption,
} from './socket-options.ts';

/** What does not depend on the stream; made once per server and thread. */
export interface SocketPlan {
  /** Address to bind before connecting, null: the system chooses. */
  readonly source: SocketAddress | null;
  readonly sourceDomain: number;
  /** Source ports to take in turn, null: the kernel chooses, or the address says. */
  readonly ports: PortTurn | null;
  /** NUL-terminated interface name, null: none. */
  readonly device: Uint8Array | null;
  readonly options: readonly SocketOption[];
  readonly resetsOnClose: boolean;
  /** Where to connect instead: a SOCKS4 proxy, null mostly. */
  readonly via: SocketAddress | null;
  /** `cc`, null: as the system has it; `tcp-md5sig`, '' for none. */
  readonly congestion: Uint8Array | null;
  readonly md5Key: string;
  /** Network namespace that sockets are made in, '' for the thread's own. */
  readonly namespace: string;
  /** `namespace *`: that of the client instead. */
  readonly isWhereClientIs: boolean;
  readonly namespaces: Namespaces | null;
  /** `tfo`: the first bytes leave with the SYN, where there are some. */
  readonly fastOpen: boolean;
}

/** What depends on the stream; one object per thread, filled before each call. */
export interface Approach {
  /** The address to appear from (usesrc), null: the plan's own. */
  lent: SocketAddress | null;
  /** `set-bc-mark`, `set-bc-tos`; -1: none. */
  mark: number;
  tos: number;
  /** We speak first: TCP fast open would wait for that. */
  hasData: boolean;
  /** The handshake's last ACK leaves with the bytes, or the reset, that follow at once. */
  delaysAck: boolean;
  /** Where the client comes from, for servers that are there too; '': as the process. */
  namespace: string;
}

/** One that asks for nothing special. */
export const plainApproach = (): Approach => ({
  lent: null,
  mark: -1,
  tos: -1,
  hasData: false,
  delaysAck: false,
  namespace: '',
});

/** Ports of a range, each thread from its own place on. */
export class PortTurn {
  readonly low: number;
  readonly size: number;
  private offset: number;

  constructor(low: number, high: number, share: number) {
    this.low = low;
    this.size = high - low + 1;
    this.offset = Math.floor(share * this.size);
  }

  next(): number {
    const port = this.low + this.offset;
    this.offset = (this.offset + 1) % this.size;
    return port;
  }
}

export interface SocketPlanInput {
  readonly source: SourceModel | null;
  readonly options: readonly SocketOption[];
  readonly resetsOnClose: boolean;
  readonly fastOpen: boolean;
  readonly socket: ServerSocketModel;
  /** Through the SOCKS4 proxy, if there is one. */
  readonly usesSocks: boolean;
  readonly namespaces: Namespaces | null;
  /** Where this thread begins in a range of ports: 0 to below 1. */
  readonly portShare: number;
}

/** Start only. */
export function socketPlan(sys: Sys, input: SocketPlanInput): SocketPlan {
  const { source, portShare } = input;
  let address: SocketAddress | null = null;
  let domain = AF_UNSPEC;
  const portLow = source?.portLow ?? 0;
  if (source !== null && source.address !== null && source.address.host !== '') {
    const { host, port } = source.address;
    const family = host.includes(':') ? 'ipv6' : 'ipv4';
    const wanted = sys.address();
    if ((host !== '0.0.0.0' && host !== '::') || port > 0 || portLow > 0) {
      if (encodeAddress({ family, host, port }, wanted)) address = wanted;
      domain = family === 'ipv6' ? AF_INET6 : AF_INET;
    }
  }
  const name = source?.interface ?? '';
  const device = name === '' ? null : Uint8Array.from(Buffer.from(`${name}\0`, 'latin1'));
  const isRange = portLow > 0 && source !== null && source.portHigh > portLow;
  const ports = isRange ? new PortTurn(portLow, source.portHigh, portShare) : null;
  const { options, resetsOnClose, fastOpen, socket, usesSocks } = input;
  return {
    source: address,
    sourceDomain: domain,
    ports,
    device,
    options,
    resetsOnClose,
    fastOpen,
    via: usesSocks && socket.socks4 !== null ? encoded(sys, socket.socks4) : null,
    congestion: socket.congestion === '' ? null : congestionName(socket.congestion),
    md5Key: socket.md5Key,
    namespace: socket.namespace,
    isWhereClientIs: socket.namespace === clientNamespaceWord,
    namespaces: input.namespaces,
  };
}

function encoded(sys: Sys, { family, host, port }: AddressModel): SocketAddress | null {
  const into = sys.address();
  return encodeAddress({ family: family as 'ipv4', host, port }, into) ? into : null;
}

/** Tries at most this many ports of a range before a connection counts as failed. */
const portTriesMax = 256;

/** Descriptor with a connect under way, or minus errno (nothing stays open). */
export function openSocket(
  sys: Sys,
  target: SocketAddress,
  plan: SocketPlan,
  approach: Approach,
): number {
  const { ports, via } = plan;
  const to = via ?? target;
  if (ports === null || approach.lent !== null) return openOnce(sys, to, plan, approach);
  let result = -EADDRNOTAVAIL;
  for (let i = 0; i < Math.min(ports.size, portTriesMax); i++) {
    if (plan.source !== null) setPort(plan.source, ports.next());
    result = openOnce(sys, to, plan, approach);
    if (result !== -EADDRINUSE && result !== -EADDRNOTAVAIL) return result;
  }
  return result;
}

function openOnce(sys: Sys, target: SocketAddress, plan: SocketPlan, approach: Approach): number {
  const domain = familyOf(target);
  const { namespaces } = plan;
  const namespace = plan.isWhereClientIs ? approach.namespace : plan.namespace;
  const fd =
    namespace === '' || namespaces === null
      ? sys.socket(domain, SOCK_STREAM, 0)
      : namespaces.socket(namespace, domain, SOCK_STREAM);
  if (fd < 0) return fd;
  if (domain !== AF_UNIX && plan.fastOpen && approach.hasData) {
    sys.setsockoptInt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
  }
  if (domain !== AF_UNIX && approach.delaysAck) sys.setsockoptInt(fd, IPPROTO_TCP, TCP_QUICKACK, 0);
  if (domain !== AF_UNIX) mark(sys, fd, approach, domain === AF_INET ? familyIpv4 : familyIpv6);
  let result = domain === AF_UNIX ? 0 : prepare(sys, fd, plan, sourceFor(plan, approach, domain));
  if (result >= 0 && domain !== AF_UNIX && plan.md5Key !== '') {
    result = sign(sys, fd, target, plan.md5Key);
  }
  if (result >= 0) result = sys.connect(fd, target);
  if (result < 0 && result !== -EINPROGRESS) {
    sys.close(fd);
    return result;
  }
  return fd;
}

/** Segments are signed (RFC 2385): without that the connection is not wanted. */
function sign(sys: Sys, fd: number, { region, length }: SocketAddress, key: string): number {
  const value = md5Signature(region.bytes.subarray(0, length), key);
  return sys.setsockoptBytes(fd, IPPROTO_TCP, TCP_MD5SIG, value);
}

function mark(sys: Sys, fd: number, approach: Approach, family: number): void {
  if (approach.mark >= 0) setMark(sys, fd, family, approach.mark);
  if (approach.tos >= 0) setTos(sys, fd, family, approach.tos);
}

/** The address to bind, null: the kernel's choice. One of another family is of no use. */
function sourceFor(plan: SocketPlan, { lent }: Approach, domain: number): SocketAddress | null {
  if (lent !== null && familyOf(lent) === domain) return lent;
  return plan.sourceDomain === domain ? plan.source : null;
}

function prepare(sys: Sys, fd: number, plan: SocketPlan, source: SocketAddress | null): number {
  applyOptions(sys, fd, plan.options);
  if (plan.resetsOnClose) resetOnClose(sys, fd);
  // One that this kernel does not know leaves the system's in use.
  if (plan.congestion !== null) {
    sys.setsockoptBytes(fd, IPPROTO_TCP, TCP_CONGESTION, plan.congestion);
  }
  if (plan.device !== null) {
    const result = sys.setsockoptBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, plan.device);
    if (result < 0) return result;
  }
  if (source === null) return 0;
  return source === plan.source ? bindTo(sys, fd, source) : bindLent(sys, fd, source);
}

/** Binds to an address that is not this machine's. */
function bindLent(sys: Sys, fd: number, lent: SocketAddress): number {
  const isIpv4 = familyOf(lent) === AF_INET;
  const result = isIpv4
    ? sys.setsockoptInt(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
    : sys.setsockoptInt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
  return result < 0 ? result : bindTo(sys, fd, lent);
}

function bindTo(sys: Sys, fd: number, source: SocketAddress): number {
  sys.setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // Without a port one is chosen at connect, so that it only needs to be unique per destination.
  if (portOf(source) === 0) sys.setsockoptInt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return sys.bind(fd, source);
}
