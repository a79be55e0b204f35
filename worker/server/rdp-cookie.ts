// `persist rdp-cookie` (manual 4.2): the cookie that a terminal server gives its client names the
// server by address and port, as "<address>.<port>.0000", each a number of its bytes in network
// order read in the order of a little-endian machine.

import { AF_INET } from '../../shared/sys/constants.ts';
import type { Evaluate } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { Server } from './server.ts';

const pattern = /^(\d{1,10})\.(\d{1,5})\./;

export class RdpCookie {
  private readonly evaluate: Evaluate;
  private readonly servers: readonly Server[];
  private readonly usesDown: boolean;

  /** `evaluate` reads the cookie of the stream's request. `servers` grows with their backend. */
  constructor(evaluate: Evaluate, servers: readonly Server[], usesDown: boolean) {
    this.evaluate = evaluate;
    this.servers = servers;
    this.usesDown = usesDown;
  }

  /** Sets stream.server and its flags when the cookie names a server that may be used. */
  choose(stream: Stream): void {
    if (stream.serverAssigned) return;
    const { sample } = stream;
    sample.restart();
    if (!this.evaluate(stream, sample)) return;
    const match = pattern.exec(sample.text);
    if (match === null) return;
    const address = Number(match[1]);
    const port = swapped(Number(match[2]));
    for (let i = 0; i < this.servers.length; i++) {
      const server = this.servers[i];
      if (!isAt(server, address, port)) continue;
      if (server.isLeaving || (server.isStopped() && !this.usesDown)) continue;
      stream.server = server;
      stream.serverAssigned = true;
      stream.serverForced = true;
      return;
    }
  }
}

const swapped = (port: number): number => ((port & 0xff) << 8) | ((port >> 8) & 0xff);

/** `encoded` is a struct sockaddr_in: family, port and address. */
function isAt({ target }: Server, address: number, port: number): boolean {
  const { encoded } = target;
  if (target.domain !== AF_INET || encoded === null || target.port !== port) return false;
  const own = encoded[4] | (encoded[5] << 8) | (encoded[6] << 16) | (encoded[7] << 24);
  return own >>> 0 === address;
}
