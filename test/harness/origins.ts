// HTTP servers on several loopback addresses that say on which of them they were asked: for tests
// in which the address of a server changes.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Owner } from './proxy.ts';

/**
 * The same port on each of the addresses, until the test ends. `x-host` of an answer is the address
 * that was asked, its body the Host header.
 */
export async function origins(owner: Owner, ...hosts: readonly string[]): Promise<number> {
  const servers: Server[] = [];
  let port = 0;
  for (const host of hosts) {
    const server = createServer((asked, reply) => {
      reply.setHeader('x-host', asked.socket.localAddress ?? '');
      reply.end(asked.headers.host);
    });
    server.listen(port, host);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    servers.push(server);
  }
  owner.after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  return port;
}
