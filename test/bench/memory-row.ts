// Memory of an idle keep-alive connection: the growth of the process tree over many connections
// that have made one request each and wait. SIGQUIT has both programs give back what nothing uses
// before each look: when a collector last ran is no property of a connection.

import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { runLoad } from './load.ts';
import { treeMemoryBytes } from './process-tree.ts';
import type { Result } from './result.ts';
import { configText } from './rows.ts';
import type { Peer, Stand } from './stand.ts';

/** Opened before the first look, so that what grows in steps has begun to. */
const firstConnections = 500;
const idleConnections = 4000;
/** Long enough for the signal to have done its work. */
const settleMs = 2000;

export async function measureMemory(stand: Stand): Promise<readonly Result[]> {
  const peers = await stand.startBoth(configText(stand));
  try {
    const [hawser, haproxy] = [await growth(stand, peers[0]), await growth(stand, peers[1])];
    return [
      {
        row: `memory per idle keep-alive connection, of ${idleConnections}`,
        unit: 'B',
        hawser,
        haproxy,
        budget: 1.0,
        bounds: 'ratio',
      },
    ];
  } finally {
    await stand.stop(peers);
  }
}

/** Bytes per connection, after the program has been under load. */
async function growth(stand: Stand, { proxy }: Peer): Promise<number> {
  const port = proxy.port('fe');
  await runLoad(stand.folder, {
    url: `http://127.0.0.1:${port}/32`,
    seconds: 3,
    connections: 64,
  });
  const sockets: Socket[] = [];
  const openUntil = async (count: number): Promise<number> => {
    while (sockets.length < count) {
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => openIdle(port)))));
    }
    proxy.signal('SIGQUIT');
    await wait(settleMs);
    return treeMemoryBytes(proxy.pid);
  };
  try {
    const before = await openUntil(firstConnections);
    const after = await openUntil(firstConnections + idleConnections);
    return (after - before) / idleConnections;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** A connection that has had its answer. */
function openIdle(port: number): Promise<Socket> {
  return new Promise((settle, refuse) => {
    const socket = connect({ host: '127.0.0.1', port }, () => {
      socket.write('GET /32 HTTP/1.1\r\nHost: bench\r\n\r\n');
    });
    socket.on('error', refuse);
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      if (text.endsWith('x'.repeat(32))) settle(socket);
    });
    socket.on('close', () => refuse(new Error('an idle connection was closed')));
  });
}
