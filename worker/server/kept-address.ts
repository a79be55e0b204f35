// The address that a name server has given a server, kept in the server's words for the worker that
// comes after this one: servers without an address of the configuration would be in maintenance
// until the first answer, for the worker that leaves too. Control thread.
//
//   serverAddressFamily  0 none, 4, 6      serverAddress  4 words, network order in memory
//   serverPort                             serverNameHash  of the name that was resolved

import type { AddressModel, ServerModel } from '../../shared/config/model.ts';
import {
  type ServerWords,
  serverAddress,
  serverAddressFamily,
  serverNameHash,
  serverPort,
} from '../../shared/segment/server-state.ts';
import { formatIpv6, parseIpv6 } from '../../shared/sys/sockaddr.ts';

/** Notes where the server is; a host '' forgets it. */
export function keepAddress({ words, at }: ServerWords, server: ServerModel): void {
  const { host, port } = server.address;
  const bytes = bytesOf(words, at + serverAddress);
  if (host.includes(':')) parseIpv6(host, bytes, 0);
  else bytes.set(host.split('.').map(Number));
  words[at + serverPort] = port;
  words[at + serverNameHash] = hashOf(server);
  words[at + serverAddressFamily] = host === '' ? 0 : host.includes(':') ? 6 : 4;
}

/** Where a server of this name was last; null: nobody knows. */
export function keptAddress({ words, at }: ServerWords, server: ServerModel): AddressModel | null {
  const family = words[at + serverAddressFamily];
  if (family === 0 || words[at + serverNameHash] !== hashOf(server)) return null;
  const bytes = bytesOf(words, at + serverAddress);
  const host = family === 6 ? formatIpv6(bytes, 0) : [...bytes.subarray(0, 4)].join('.');
  // A service gives its port too.
  const isService = server.srvRecord !== '';
  const { port, portOffset } = server.address;
  return {
    ...server.address,
    family: family === 6 ? 'ipv6' : 'ipv4',
    host,
    port: isService ? words[at + serverPort] : port,
    portOffset: isService ? false : portOffset,
  };
}

function bytesOf({ buffer, byteOffset }: Int32Array, at: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + at * 4, 16);
}

/** FNV-1a. */
function hashOf({ fqdn, srvRecord, resolvers }: ServerModel): number {
  let hash = 0x811c9dc5;
  for (const char of Buffer.from(`${resolvers} ${srvRecord || fqdn}`, 'latin1')) {
    hash = Math.imul(hash ^ char, 0x01000193);
  }
  return hash;
}
