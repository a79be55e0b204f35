// From the start of the process to the first answer: with a small configuration and with a large
// one. The socket is bound before, so the client waits in its queue and nothing polls.

import { performance } from 'node:perf_hooks';
import type { Result } from './result.ts';
import { configText } from './rows.ts';
import { firstAnswer, type Peer, type Stand } from './stand.ts';

const rounds = 7;
const backends = 500;
const servers = 10;

function manyBackends(): string {
  const lines: string[] = [];
  for (let backend = 0; backend < backends; backend++) {
    lines.push(`backend be${backend}`);
    for (let server = 0; server < servers; server++) {
      lines.push(`  server s${server} 127.0.0.1:${20_000 + server}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

export async function measureStart(stand: Stand): Promise<readonly Result[]> {
  const cases = [
    { row: 'start to first answer, small', config: configText(stand), budget: 150 },
    {
      row: `start to first answer, ${backends} backends x ${servers} servers`,
      config: configText(stand, { more: manyBackends() }),
      budget: 350,
    },
  ];
  const results: Result[] = [];
  for (const { row, config, budget } of cases) {
    const times: Record<Peer['name'], number[]> = { hawser: [], haproxy: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of ['hawser', 'haproxy'] as const) {
        times[name].push(await startOnce(stand, name, config));
      }
    }
    const [hawser, haproxy] = [median(times.hawser), median(times.haproxy)];
    results.push({ row, unit: 'ms', hawser, haproxy, budget, bounds: 'value' });
  }
  return results;
}

async function startOnce(stand: Stand, name: Peer['name'], config: string): Promise<number> {
  const before = performance.now();
  const peer = stand.start(name, config);
  await firstAnswer(peer.proxy);
  const ms = performance.now() - before;
  await stand.stop([peer]);
  return ms;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
