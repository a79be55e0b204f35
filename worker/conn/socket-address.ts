// Between the kernel's sockaddr and an Endpoint, without making text.

import { AF_INET, AF_INET6, AF_UNIX } from '../../shared/sys/constants.ts';
import { familyOf, formatHost, IPV6_AT, ipv4Of, portOf } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { latin1 } from '../http/message.ts';
import type { Endpoint } from './endpoint.ts';

/** Fills `into` from what the kernel gave. An IPv4-mapped IPv6 address counts as IPv4. */
export function readEndpoint(from: SocketAddress, into: Endpoint): void {
  const family = familyOf(from);
  if (family === AF_INET || family === AF_INET6) {
    const ipv4 = ipv4Of(from);
    if (ipv4 >= 0) into.setIpv4(ipv4, portOf(from));
    else into.setIpv6(latin1(from.region.bytes, IPV6_AT, 16), portOf(from));
  } else if (family === AF_UNIX) {
    into.setUnix(from.length > 2 ? formatHost(from) : '');
  } else {
    into.clear();
  }
}

/** Who is at the other end of `fd`; `scratch` is overwritten. */
export function readPeer(sys: Sys, fd: number, scratch: SocketAddress, into: Endpoint): void {
  if (sys.getpeername(fd, scratch) < 0) into.clear();
  else readEndpoint(scratch, into);
}

/** Our own end of `fd`. */
export function readOwn(sys: Sys, fd: number, scratch: SocketAddress, into: Endpoint): void {
  if (sys.getsockname(fd, scratch) < 0) into.clear();
  else readEndpoint(scratch, into);
}
