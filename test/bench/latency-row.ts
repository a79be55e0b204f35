// Latency while there is room: both programs at a third of the rate that haproxy reaches, in turns.

import { type LoadResult, runLoad } from './load.ts';
import type { Result } from './result.ts';
import { configText } from './rows.ts';
import type { Peer, Stand } from './stand.ts';

const connections = 64;
const rounds = 3;
const budgets = { p50Us: 1.0, p99Us: 1.2, p999Us: 1.5 } as const;
const titles = { p50Us: 'p50', p99Us: 'p99', p999Us: 'p99.9' } as const;

/** The lowest of the rounds: what the machine did beside does not make a program faster. */
export async function measureLatency(stand: Stand, seconds: number): Promise<readonly Result[]> {
  const peers = await stand.startBoth(configText(stand));
  try {
    const load = (peer: Peer, rate: number, forSeconds: number): Promise<LoadResult> =>
      runLoad(stand.folder, {
        url: `http://127.0.0.1:${peer.proxy.port('fe')}/32`,
        seconds: forSeconds,
        connections,
        rate,
      });
    let rate = 0;
    for (const peer of peers) {
      const full = await load(peer, 0, 2);
      rate = full.requests / full.seconds / 3;
    }
    const results: LoadResult[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [index, peer] of peers.entries()) {
        results[index].push(await load(peer, rate, seconds));
      }
    }
    return resultsOf(results, rate);
  } finally {
    await stand.stop(peers);
  }
}

function resultsOf([hawser, haproxy]: readonly LoadResult[][], rate: number): readonly Result[] {
  const least = (all: readonly LoadResult[], key: keyof typeof budgets): number =>
    Math.min(...all.map((one) => one[key]));
  return (['p50Us', 'p99Us', 'p999Us'] as const).map((key) => ({
    row: `latency at a third of the load, ${titles[key]}`,
    unit: 'µs',
    hawser: least(hawser, key),
    haproxy: least(haproxy, key),
    budget: budgets[key],
    bounds: 'ratio',
    note: `${rate.toFixed(0)} requests/s`,
  }));
}
