// What health checks cost: each program checks 5 000 servers every 2 s, with nothing else to do,
// and their CPU times are compared. Once with a connection alone, once with an HTTP request.

import { setTimeout as wait } from 'node:timers/promises';
import { treeCpuUs } from './process-tree.ts';
import type { Result } from './result.ts';
import { configText } from './rows.ts';
import { firstAnswer, type Peer, type Stand } from './stand.ts';

const servers = 5000;
const interSeconds = 2;
/** Every server has been checked several times, and V8 has optimized: a proxy runs for weeks. */
const warmSeconds = 10;
const windowSeconds = 6;

function manyChecks(port: number, lines: readonly string[]): string {
  const text = ['backend checked', ...lines.map((line) => `  ${line}`)];
  text.push(`  default-server inter ${interSeconds}s rise 1 fall 1`);
  for (let server = 0; server < servers; server++) {
    text.push(`  server s${server} 127.0.0.1:${port} check`);
  }
  return `${text.join('\n')}\n`;
}

export async function measureChecks(stand: Stand): Promise<readonly Result[]> {
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['connection', []],
    ['HTTP request', ['option httpchk GET /32']],
  ];
  const results: Result[] = [];
  for (const [name, lines] of kinds) results.push(await measureKind(stand, name, lines));
  return results;
}

async function measureKind(stand: Stand, name: string, lines: readonly string[]): Promise<Result> {
  const config = configText(stand, { more: manyChecks(stand.originPort, lines) });
  const hawser = await measureOne(stand, 'hawser', config);
  const haproxy = await measureOne(stand, 'haproxy', config);
  return {
    row: `${servers} servers checked every ${interSeconds} s, ${name}: CPU per check`,
    unit: 'µs',
    hawser,
    haproxy,
    budget: 1.5,
    bounds: 'ratio',
  };
}

/** Microseconds per check, of one program alone: its servers would not hold the checks of both. */
async function measureOne(stand: Stand, name: Peer['name'], config: string): Promise<number> {
  const peer = stand.start(name, config);
  try {
    await firstAnswer(peer.proxy);
    await wait(warmSeconds * 1000);
    const before = treeCpuUs(peer.proxy.pid);
    await wait(windowSeconds * 1000);
    const checks = (servers / interSeconds) * windowSeconds;
    return (treeCpuUs(peer.proxy.pid) - before) / checks;
  } finally {
    await stand.stop([peer]);
  }
}
