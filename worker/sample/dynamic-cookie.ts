// Cookies made of what a server is reached at (manual 4.2, dynamic-cookie-key): equal on all load
// balancers that know the secret, whatever the order of servers. Set in the model before threads
// start, and by the control thread whenever an address, the secret or the switch changes.

import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import { AF_INET, AF_INET6 } from '../../shared/sys/constants.ts';
import { serverTarget } from '../server/target.ts';
import { xxh64Text } from './hash.ts';

/** What of a server's model is made here. */
export type DynamicCookie = Pick<ServerModel, 'cookie' | 'hasDynamicCookie'>;

/** The cookie of one server as its backend stands now; one of its own stays. */
export function dynamicCookie(proxy: ProxyModel, server: ServerModel): DynamicCookie {
  const { cookie, hasDynamicCookie } = server;
  if (cookie !== '' && !hasDynamicCookie) return { cookie, hasDynamicCookie: false };
  const { hasDynamicCookies, dynamicCookieKey: key } = proxy;
  const made = hasDynamicCookies && key !== '' ? makeCookie(key, server) : '';
  return { cookie: made, hasDynamicCookie: made !== '' };
}

/** Sets them in all servers of a backend. */
export function setDynamicCookies(proxy: ProxyModel): void {
  for (const server of proxy.servers) Object.assign(server, dynamicCookie(proxy, server));
}

/** Servers whose cookie an earlier one has too: they cannot be told apart. */
export function twinCookies({ servers }: ProxyModel): readonly ServerModel[] {
  const seen = new Set<string>();
  return servers.filter((server) => {
    const { cookie, hasDynamicCookie, disabled } = server;
    if (!hasDynamicCookie) return false;
    const isTwin = seen.has(cookie) && !disabled;
    seen.add(cookie);
    return isTwin;
  });
}

/** XXH64 of secret, address and port in network order; '': only IP addresses have one. */
function makeCookie(key: string, server: ServerModel): string {
  const { family, port } = server.address;
  if (family !== 'ipv4' && family !== 'ipv6') return '';
  const bytes = addressBytes(server);
  if (bytes === null) return '';
  const portBytes = [port >>> 24, (port >>> 16) & 0xff, (port >>> 8) & 0xff, port & 0xff];
  const text = key + String.fromCharCode(...bytes, ...portBytes);
  return xxh64Text(text, 0n).toString(16).padStart(16, '0');
}

function addressBytes(server: ServerModel): Uint8Array | null {
  const { domain, encoded } = serverTarget(server);
  if (encoded === null) return null;
  // Of a server without address of its own, struct sockaddr tells the family.
  const isIpv4 = domain === AF_INET || (domain !== AF_INET6 && encoded[0] === AF_INET);
  return isIpv4 ? encoded.subarray(4, 8) : encoded.subarray(8, 24);
}
