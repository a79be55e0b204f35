// Opens a socket to a server: options, source address, non-blocking connect (manual 5.2). Returns a
// descriptor whose connect is under way. Called by mux/links.ts for traffic, once per connection.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  EINPROGRESS,
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  IPPROTO_TCP,
  SO_BINDTODEVICE,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from '../../shared/sys/constants.ts';
import type { SourceModel } from '../../shared/config/model.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';

/** What does not depend on the stream; made once per server. */
export interface SocketPlan {
  /** Address to bind before connecting, null: the system chooses. */
  readonly source: SocketAddress | null;
  readonly sourceDomain: number;
  /** NUL-terminated interface name, null: none. */
  readonly device: Uint8Array | null;
  readonly keepAlive: boolean;
  readonly userTimeoutMs: number;
}

/** Start only. */
export function socketPlan(
  sys: Sys,
  source: SourceModel | null,
  keepAlive: boolean,
  userTimeoutMs: number,
): SocketPlan {
  let address: SocketAddress | null = null;
  let domain = AF_UNSPEC;
  if (source !== null && source.address !== null && source.address.host !== '') {
    const family = source.address.host.includes(':') ? 'ipv6' : 'ipv4';
    const { host, port } = source.address;
    const wanted = sys.address();
    if ((host !== '0.0.0.0' && host !== '::') || port > 0) {
      if (encodeAddress({ family, host, port }, wanted)) address = wanted;
      domain = family === 'ipv6' ? AF_INET6 : AF_INET;
    }
  }
  const name = source?.interface ?? '';
  const device = name === '' ? null : Uint8Array.from(Buffer.from(`${name}\0`, 'latin1'));
  return { source: address, sourceDomain: domain, device, keepAlive, userTimeoutMs };
}

/** Descriptor with a connect under way, or minus errno (nothing stays open). */
export function openSocket(
  sys: Sys,
  domain: number,
  target: SocketAddress,
  plan: SocketPlan,
): number {
  const fd = sys.socket(domain, SOCK_STREAM, 0);
  if (fd < 0) return fd;
  const failed = domain === AF_UNIX ? 0 : applyOptions(sys, fd, domain, plan);
  const result = failed < 0 ? failed : sys.connect(fd, target);
  if (result < 0 && result !== -EINPROGRESS) {
    sys.close(fd);
    return result;
  }
  return fd;
}

function applyOptions(sys: Sys, fd: number, domain: number, plan: SocketPlan): number {
  sys.setsockoptInt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (plan.keepAlive) sys.setsockoptInt(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (plan.userTimeoutMs > 0) {
    sys.setsockoptInt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, plan.userTimeoutMs);
  }
  if (plan.device !== null) {
    const result = sys.setsockoptBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, plan.device);
    if (result < 0) return result;
  }
  if (plan.source === null || plan.sourceDomain !== domain) return 0;
  sys.setsockoptInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  // The port is chosen at connect, so that it only needs to be unique per destination.
  sys.setsockoptInt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  return sys.bind(fd, plan.source);
}
