// Hundreds of reloads under load: keep-alive and new connections ask all the time while the master
// is told to reload, each time when the last one is done; now and then a worker is killed instead.
// No request may fail but for what a killed worker had in hand, every answer is counted, once, and
// nothing is left behind in the master. A tool; e2e/reload.test.ts does a few. Needs `wrk` and
// `haproxy`.
//
// Run: node dist/test/torture/reloads.js [reloads [killEvery]]

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type LoadResult, runLoad } from '../bench/load.ts';
import { treeMemoryBytes } from '../bench/process-tree.ts';
import { configText } from '../bench/rows.ts';
import { firstAnswer, type Peer, Stand } from '../bench/stand.ts';
import { exchange, inherited } from '../harness/proxy.ts';

const connections = 16;
const perSecond = 500;
/** One load ends and the next begins: wrk runs for a fixed time. */
const loadSeconds = 10;

const front = ['stick-table type ip size 1k store http_req_cnt', 'http-request track-sc0 src'];

interface Sums {
  answered: number;
  failed: number;
  slowestUs: number;
}

/** Loads until `isOver`; wrk counts answers only, with up to `connections` in hand at its end. */
async function load(
  stand: Stand,
  peer: Peer,
  headers: readonly string[],
  isOver: () => boolean,
): Promise<Sums & { readonly runs: number }> {
  const sums = { answered: 0, failed: 0, slowestUs: 0, runs: 0 };
  const url = `http://127.0.0.1:${peer.proxy.port('fe')}/32`;
  const options = { url, seconds: loadSeconds, connections, headers, rate: perSecond };
  while (!isOver()) {
    const result: LoadResult = await runLoad(stand.folder, options);
    sums.answered += result.requests;
    sums.failed += result.errors;
    sums.slowestUs = Math.max(sums.slowestUs, result.p999Us);
    sums.runs++;
  }
  return sums;
}

interface MasterState {
  readonly descriptors: number;
  readonly bytes: number;
  readonly workers: number;
}

async function look({ proxy }: Peer): Promise<MasterState> {
  const shown = await exchange(proxy.port('mcli'), 'show proc\n');
  return {
    descriptors: readdirSync(`/proc/${proxy.pid}/fd`).length,
    bytes: treeMemoryBytes(proxy.pid),
    workers: shown.split('\n').filter((line) => /^\d+\s+worker\s/.test(line)).length,
  };
}

/** Requests as `show stat` and the table count them. */
async function counted({
  proxy,
}: Peer): Promise<{ readonly stat: number; readonly table: number }> {
  const ask = (line: string): Promise<string> => exchange(proxy.port('mcli'), `@1 ${line}\n`);
  const [head, ...rows] = (await ask('show stat fe 1 -1')).split('\n');
  const at = head.split(',').indexOf('req_tot');
  const stat = Number(rows[0].split(',')[at]);
  const table = Number(/http_req_cnt=(\d+)/.exec(await ask('show table fe'))?.[1]);
  return { stat, table };
}

async function run(reloads: number, killEvery: number): Promise<void> {
  const stand = new Stand(2);
  try {
    const config = configText(stand, { front });
    const peer = stand.start('hawser', config, ['-W', '-S', inherited('mcli')]);
    await firstAnswer(peer.proxy);
    const before = await look(peer);
    let isOver = false;
    const kinds = [[], ['Connection: close']];
    const loads = kinds.map((headers) => load(stand, peer, headers, () => isOver));
    let killed = 0;
    for (let done = 0; done < reloads; done++) {
      const answer = await exchange(peer.proxy.port('mcli'), 'reload\n');
      assert.match(answer, /Success=1/, `reload ${done + 1}`);
      if (killEvery > 0 && (done + 1) % killEvery === 0) {
        const shown = await exchange(peer.proxy.port('mcli'), 'show proc\n');
        process.kill(Number(/^(\d+)\s+worker\s/m.exec(shown)?.[1]), 'SIGKILL');
        killed++;
      }
      if ((done + 1) % 25 === 0) console.log(`${done + 1} reloads`);
    }
    isOver = true;
    const sums = await Promise.all(loads);
    // Old workers of the last reloads end when their last connection does.
    for (let i = 0; i < 100 && (await look(peer)).workers > 1; i++) await wait(100);
    const after = await look(peer);
    const { stat, table } = await counted(peer);
    const answered = sums.reduce((sum, one) => sum + one.answered, 1);
    const inHand = sums.reduce((sum, one) => sum + one.runs, 0) * connections;
    const failed = sums.reduce((sum, one) => sum + one.failed, 0);
    console.log(
      `${reloads} reloads, ${killed} workers killed: ${answered} answered, ${failed} failed; ` +
        `counted ${stat} in statistics, ${table} in the table (at most ${inHand} more were in hand); ` +
        `p99.9 at most ${(Math.max(...sums.map((one) => one.slowestUs)) / 1000).toFixed(0)} ms; ` +
        `workers ${before.workers} to ${after.workers}, descriptors of the master ` +
        `${before.descriptors} to ${after.descriptors}, memory ${mb(before)} to ${mb(after)} MB`,
    );
    if (killed === 0) {
      assert.equal(failed, 0);
      for (const count of [stat, table]) {
        assert.ok(count >= answered && count <= answered + inHand, 'every answer is counted, once');
      }
    }
    assert.equal(after.workers, 1);
    assert.ok(after.descriptors <= before.descriptors, 'descriptors of the master');
    await peer.proxy.stop('SIGTERM');
  } finally {
    await stand.end();
  }
}

const mb = ({ bytes }: MasterState): string => (bytes / 1e6).toFixed(0);

const [reloads = '200', killEvery = '0'] = process.argv.slice(2);
await run(Number(reloads), Number(killEvery));
