// Measures one row of rows.ts: both programs run at once, and are loaded in turns, so that whatever
// else the machine does meets both. What counts is CPU time of the whole process tree per request.

import { type LoadResult, runLoad } from './load.ts';
import { treeCpuUs } from './process-tree.ts';
import type { Result } from './result.ts';
import type { RowDef } from './rows.ts';
import type { Peer, Stand } from './stand.ts';

/** Turns per program. */
const rounds = 3;
/** V8 still optimizes for some seconds under load; a proxy runs for weeks. */
const warmSeconds = 8;

interface Sum {
  cpuUs: number;
  requests: number;
  errors: number;
  faults: string;
}

/** Runs a row for about `2 * (rounds * seconds + warmSeconds)` seconds. */
export async function measureRow(stand: Stand, row: RowDef, seconds: number): Promise<Result> {
  const peers = await stand.startBoth(row.config(stand));
  try {
    for (const peer of peers) await loadOnce(stand, row, peer, warmSeconds);
    const sums = peers.map((): Sum => ({ cpuUs: 0, requests: 0, errors: 0, faults: '' }));
    for (let round = 0; round < rounds; round++) {
      for (const [index, peer] of peers.entries()) {
        const before = treeCpuUs(peer.proxy.pid);
        const result = await loadOnce(stand, row, peer, seconds);
        add(sums[index], treeCpuUs(peer.proxy.pid) - before, result);
      }
    }
    return resultOf(row, sums);
  } finally {
    await stand.stop(peers);
  }
}

function loadOnce(stand: Stand, row: RowDef, peer: Peer, seconds: number): Promise<LoadResult> {
  const { path, ...load } = row.load;
  const scheme = row.isTls === true ? 'https' : 'http';
  const url = `${scheme}://127.0.0.1:${peer.proxy.port('fe')}${path}`;
  return runLoad(stand.folder, { ...load, url, seconds });
}

function add(sum: Sum, cpuUs: number, result: LoadResult): void {
  sum.cpuUs += cpuUs;
  sum.requests += result.requests;
  sum.errors += result.errors;
  if (result.faults !== '') sum.faults = result.faults;
}

function resultOf(row: RowDef, [hawser, haproxy]: readonly Sum[]): Result {
  for (const { requests } of [hawser, haproxy]) {
    if (requests === 0) throw new Error(`${row.name}: nothing was answered`);
  }
  const notes = [
    hawser.errors > 0 ? `hawser failed: ${hawser.faults}` : '',
    haproxy.errors > 0 ? `haproxy failed: ${haproxy.faults}` : '',
  ];
  return {
    row: row.title,
    unit: 'µs',
    hawser: hawser.cpuUs / hawser.requests,
    haproxy: haproxy.cpuUs / haproxy.requests,
    budget: row.budget,
    bounds: 'ratio',
    note: notes.filter((note) => note !== '').join('; '),
  };
}
