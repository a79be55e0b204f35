// The file of shm-stats-file: counters and tables before and after every way a proxy may end, over
// a reboot, with two proxies at once, and what happens when the file cannot be had.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { slotBytes, slotsAt, slotsMax } from '../../shared/segment/layout.ts';
import {
  bundledProgram,
  exchange,
  inherited,
  type ProxyOptions,
  type RunningProxy,
  startProxy,
} from '../harness/proxy.ts';

const config = (path: string): string => `global
    nbthread 2
    user root
    chroot /
    shm-stats-file ${path}
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    http-request track-sc0 src table t
    http-request return status 200 hdr count "%[sc0_http_req_cnt] %[sc0_http_req_rate]"
backend t
    stick-table type ip size 1k expire 1h store http_req_cnt,http_req_rate(1h)
`;

/** The bundle: these stories start many, and it starts faster. */
const start = (context: TestContext, options: ProxyOptions): RunningProxy =>
  startProxy(context, { entry: bundledProgram, ...options });

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-state-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'stats');
}

/** What the table says of this request: how many there were, and in the last hour. */
async function ask(proxy: RunningProxy): Promise<string> {
  const answer = await exchange(proxy.port('fe'), 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n');
  return /\r\ncount: ([0-9 ]+)\r\n/.exec(answer)?.[1] ?? answer;
}

/** Requests of the frontend, ever. */
async function total(proxy: RunningProxy): Promise<number> {
  const text = await exchange(proxy.port('cli'), 'show stat fe 1 -1 typed\n');
  return Number(/\.req_tot\.1:\w+:u64:(\d+)/.exec(text)?.[1]);
}

test('counters and tables go on after every kind of end', async (context) => {
  const path = folderOf(context);
  const ends = ['SIGTERM', 'SIGUSR1', 'SIGKILL', 'SIGINT'] as const;
  for (const [i, signal] of ends.entries()) {
    const proxy = start(context, { config: config(path) });
    assert.equal(await ask(proxy), `${i + 1} ${i + 1}`, signal);
    assert.equal(await total(proxy), i + 1, signal);
    await proxy.stop(signal);
  }
});

/** Runs a command with a monotonic clock of its own, as another boot or host has. */
const clock = (aheadSeconds: number): string[] => [
  'unshare',
  '-T',
  '--monotonic',
  String(aheadSeconds),
  '--kill-child',
  '--fork',
];

const hasClocks = (): boolean => {
  const [file, ...args] = clock(100);
  return spawnSync(file, [...args, 'true']).status === 0;
};

test('time goes on where it stopped: after a reboot, on another host, in a file that is old', {
  skip: hasClocks() ? false : 'no time namespaces here',
}, async (context) => {
  const path = folderOf(context);
  const day = 86_400;
  const hosts = [30 * day, 0, 90 * day, 3000];
  for (const [i, aheadSeconds] of hosts.entries()) {
    const command = [...clock(aheadSeconds), process.execPath, fileURLToPath(bundledProgram)];
    const proxy = start(context, { config: config(path), command });
    // The rate of an hour: nothing of it has passed, whatever the clocks say.
    assert.equal(await ask(proxy), `${i + 1} ${i + 1}`, `host ${i}`);
    assert.equal(await total(proxy), i + 1);
    const isTold = /on another boot or host/.test(proxy.output);
    assert.equal(isTold, i > 0, proxy.output);
    const info = await exchange(proxy.port('cli'), 'show info\n');
    assert.match(info, /\nUptime_sec: [0-9]\n/);
    await proxy.stop('SIGKILL');
  }
});

test('two proxies of one file count into one sum and share a table', async (context) => {
  const path = folderOf(context);
  const proxies = [0, 1].map(() => start(context, { config: config(path) }));
  for (let i = 0; i < 6; i++) assert.equal(await ask(proxies[i % 2]), `${i + 1} ${i + 1}`);
  for (const proxy of proxies) assert.equal(await total(proxy), 6);
  await proxies[0].stop('SIGKILL');
  assert.equal(await total(proxies[1]), 6);
  assert.equal(await ask(proxies[1]), '7 7');
  assert.equal(await exchange(proxies[1].port('cli'), 'clear counters all\n'), '\n');
  assert.equal(await total(proxies[1]), 0);
});

test('a file that cannot be had: told, and served from memory', async (context) => {
  const path = folderOf(context);
  const folder = join(path, '..');
  const proxy = start(context, { config: config(folder) });
  assert.equal(await ask(proxy), '1 1');
  assert.equal(await ask(proxy), '2 2');
  assert.equal(await total(proxy), 2);
  assert.match(proxy.output, /cannot open segment file '.*': Is a directory: counters and tables/);
});

/** Heartbeat of a slot, a float. */
const heartbeatAt = 24;

test('64 processes have a place in a file, the next one is served from memory', async (context) => {
  const path = folderOf(context);
  const first = start(context, { config: config(path) });
  assert.equal(await ask(first), '1 1');
  const file = openSync(path, 'r+');
  // The slots of processes that live: this one, which owns none of them really.
  for (let slot = 1; slot < slotsMax; slot++) {
    const at = slotsAt + slot * slotBytes;
    writeSync(file, Int32Array.of(process.pid), 0, 4, at);
    writeSync(file, Float64Array.of(Number.MAX_SAFE_INTEGER), 0, 8, at + heartbeatAt);
  }
  closeSync(file);
  await first.stop('SIGUSR1');
  const second = start(context, { config: config(path) });
  assert.equal(await ask(second), '2 2', 'the first one has left its slot');
  const third = start(context, { config: config(path) });
  assert.equal(await ask(third), '1 1');
  assert.match(
    third.output,
    /in use by 64 processes, no slot is free: counters and tables are kept/,
  );
});

test('-c looks at the configuration and at nothing else', async (context) => {
  const path = folderOf(context);
  const check = async (): Promise<number> =>
    await start(context, { config: config(path), args: ['-c'] }).exited;
  assert.equal(await check(), 0);
  assert.equal(existsSync(path), false);
  writeFileSync(path, 'something else');
  const { mtimeMs } = statSync(path);
  assert.equal(await check(), 0);
  assert.deepEqual(readdirSync(join(path, '..')), ['stats']);
  assert.deepEqual(
    [readFileSync(path, 'latin1'), statSync(path).mtimeMs],
    ['something else', mtimeMs],
  );
});

test('a stats-file is what the next process starts from', async (context) => {
  const path = folderOf(context);
  const withGuid = (more: string): string =>
    config('/dev/shm')
      .replace(/ {4}shm-stats-file .*/, more)
      .replace('frontend fe', 'frontend fe\n    guid web');
  const first = start(context, { config: withGuid('') });
  for (let i = 0; i < 3; i++) await ask(first);
  writeFileSync(path, await exchange(first.port('cli'), 'dump stats-file\n'));
  await first.stop();
  const next = start(context, { config: withGuid(`    stats-file ${path}`) });
  assert.equal(await ask(next), '1 1');
  assert.equal(await total(next), 4);
});
