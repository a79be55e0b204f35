// Reloads under load: requests that fail, and the slowest ones, while the master is told to reload
// again and again. Keep-alive connections and new ones.

import { setTimeout as wait } from 'node:timers/promises';
import { type LoadResult, runLoad } from './load.ts';
import type { Result } from './result.ts';
import { configText } from './rows.ts';
import { firstAnswer, type Peer, type Stand } from './stand.ts';

const reloads = 10;
const betweenMs = 700;

export async function measureReload(stand: Stand): Promise<readonly Result[]> {
  const kinds = [
    { title: 'keep-alive', headers: [] },
    { title: 'new connections', headers: ['Connection: close'] },
  ];
  const results: Result[] = [];
  for (const { title, headers } of kinds) {
    const hawser = await reloadUnderLoad(stand, 'hawser', headers);
    const haproxy = await reloadUnderLoad(stand, 'haproxy', headers);
    results.push({
      row: `${reloads} reloads under load, ${title}: failed`,
      unit: 'requests',
      hawser: hawser.errors,
      haproxy: haproxy.errors,
      budget: 0,
      bounds: 'value',
      note: `of ${hawser.requests} and ${haproxy.requests}`,
    });
    results.push({
      row: `${reloads} reloads under load, ${title}: p99.9`,
      unit: 'µs',
      hawser: hawser.p999Us,
      haproxy: haproxy.p999Us,
      budget: 1.5,
      bounds: 'ratio',
    });
  }
  return results;
}

async function reloadUnderLoad(
  stand: Stand,
  name: Peer['name'],
  headers: readonly string[],
): Promise<LoadResult> {
  const peer = stand.start(name, configText(stand), ['-W']);
  try {
    await firstAnswer(peer.proxy);
    const seconds = Math.ceil((reloads * betweenMs) / 1000) + 1;
    const url = `http://127.0.0.1:${peer.proxy.port('fe')}/32`;
    const load = runLoad(stand.folder, { url, seconds, connections: 32, headers, rate: 2000 });
    for (let reload = 0; reload < reloads; reload++) {
      await wait(betweenMs);
      peer.proxy.signal('SIGUSR2');
    }
    return await load;
  } finally {
    await stopTree(peer);
  }
}

/** A master ends its workers; killing it would leave them. */
const stopTree = (peer: Peer): Promise<number> => peer.proxy.stop('SIGTERM');
