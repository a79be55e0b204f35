// What dashboards tell: samples of a small worker, rates, scope, changes only, bytes of texts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardNews } from '../../shared/dashboard-messages.ts';
import { allocateLatency, LatencyWriter } from '../../shared/segment/latency.ts';
import { field } from '../../shared/segment/metrics.ts';
import { adminForcedMaint } from '../../shared/segment/server-state.ts';
import { sampleStats } from '../stats/sample-stats.ts';
import { openDashboard } from './dashboard.ts';
import { column, type FullMessage, point, type TickMessage } from './wire.ts';

const config = `global
  nbthread 1
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend fe
  bind 127.0.0.1:80
  stats uri /s
  stats dashboard
frontend own
  bind 127.0.0.1:81
  stats dashboard /own
  stats scope be
  stats show-legends
backend be
  description B\xc3\xbcro
  server one 127.0.0.1:8001
  server two 127.0.0.1:8002 backup
`;

function sample(text = config) {
  const stats = sampleStats(text);
  let nowMs = 5_000_000;
  const source = { ...stats.source, nowMs: () => nowMs };
  const told: DashboardNews[] = [];
  const latency = allocateLatency(1, 3);
  const dashboard = openDashboard(
    {
      stats: source,
      tables: { list: [], references: null as never },
      broadcast: (message) => void told.push(message as DashboardNews),
    },
    {
      start: { model: source.model, generation: 4, loads: [{ at: 1, what: 'start', detail: '' }] },
      dashboard: { page: '', policy: '', token: 'secret', latency },
    },
  )!;
  const beat = (): void => {
    nowMs += 1000;
    dashboard.beat();
  };
  return { ...stats, dashboard, told, beat, writer: stats.writer, latency };
}

function read(bytes: Uint8Array | null): { name: string; data: unknown } {
  const text = Buffer.from(bytes ?? []).toString('utf8');
  const [, name, data] = /^event: (\w+)\ndata: (.*)\n\n$/s.exec(text) ?? assert.fail(text);
  return { name, data: JSON.parse(data) };
}

const watch = (proxyIndex: number, viewers: number, wantsFull: boolean) =>
  ({ type: 'dashboard-watch', threadIndex: 0, proxyIndex, viewers, wantsFull }) as const;

/** A whole picture is made behind other work. */
async function fullOf({ dashboard, told }: ReturnType<typeof sample>, proxyIndex: number) {
  dashboard.watch(watch(proxyIndex, 1, true));
  while (!told.some((one) => one.proxyIndex === proxyIndex && one.full !== null)) {
    await new Promise((settle) => setTimeout(settle, 1));
  }
  const { full } = told.findLast((one) => one.full !== null)!;
  const { name, data } = read(full);
  assert.equal(name, 'full');
  return data as FullMessage;
}

test('nothing is told while nobody looks', () => {
  const { beat, told } = sample();
  for (let i = 0; i < 3; i++) beat();
  assert.deepEqual(told, []);
});

test('a whole picture has all in scope, its history, and texts as they were written', async () => {
  const world = sample();
  world.beat();
  world.beat();
  const full = await fullOf(world, 0);
  assert.deepEqual(
    full.proxies.map(({ name }) => name),
    ['fe', 'own', 'be'],
  );
  assert.deepEqual(
    full.proxies[2].servers.map(({ name, address, isBackup }) => [name, address, isBackup]),
    [
      ['one', '', false],
      ['two', '', true],
    ],
  );
  assert.equal(full.proxies[2].description, 'B\u00fcro');
  assert.equal(full.token, 'secret');
  assert.equal(full.process.generation, 4);
  assert.equal(full.history.length, 2);
  assert.deepEqual(full.loads, [{ at: 1, what: 'start', detail: '' }]);
  assert.equal(full.rows['0']['f'][column.status], 'OPEN');
  assert.equal(full.rows['2']['0'][column.status], 'no check');
  const own = await fullOf(world, 1);
  assert.deepEqual(
    own.proxies.map(({ name }) => name),
    ['be'],
  );
  assert.equal(own.proxies[0].servers[0].address, '127.0.0.1:8001');
});

test('a tick tells rates, percentiles and what has changed', async () => {
  const world = sample();
  const { source, writer, dashboard, told, beat, latency } = world;
  beat();
  await fullOf(world, 0);
  told.length = 0;
  beat();
  const { front } = source.objects.proxies[0];
  const { back, servers } = source.objects.proxies[2];
  writer.values[writer.row(front) + field.req_tot] += 50;
  writer.values[writer.row(front) + field.hrsp_5xx] += 5;
  writer.values[writer.row(back) + field.req_tot] += 50;
  writer.values[writer.row(back) + field.econ] += 2;
  writer.values[writer.row(back) + field.hrsp_5xx] += 2;
  writer.values[writer.row(servers[0]) + field.req_tot] += 20;
  new LatencyWriter(latency, 1, 0).count(2, 10);
  dashboard.note(2, 5, 'Server be/one is going DOWN');
  source.servers[2][1].setAdmin(adminForcedMaint, 0);
  beat();
  const { name, data } = read(told.at(-1)!.tick);
  assert.equal(name, 'tick');
  const tick = data as TickMessage;
  assert.equal(tick.point[point.requests], 50);
  assert.equal(tick.point[point.serverErrors], 5);
  assert.equal(tick.point[point.failures], 2);
  assert.ok(Math.abs(Number(tick.point[point.p95]) - 10) < 2);
  assert.deepEqual(Object.keys(tick.rows), ['0', '2']);
  assert.equal(tick.rows['0']['f'][column.errorRate], 5);
  // Two failed connections, both answered with 503.
  assert.equal(tick.rows['2']['b'][column.errorRate], 2);
  assert.equal(tick.rows['2']['0'][column.rate], 20);
  assert.equal(tick.rows['2']['1'][column.status], 'MAINT');
  assert.ok(Number(tick.rows['2']['b'][column.p50]) > 8);
  assert.deepEqual(
    tick.events?.map(({ proxy, text }) => [proxy, text]),
    [['be', 'Server be/one is going DOWN']],
  );
  beat();
  beat();
  const quiet = read(told.at(-1)!.tick).data as TickMessage;
  assert.equal(quiet.events, undefined);
  assert.deepEqual(quiet.rows['0'], undefined);
  dashboard.watch(watch(0, 0, false));
  const before = told.length;
  beat();
  assert.equal(told.length, before);
});

test('a server that a new viewer is shown first is told to the others as well', async () => {
  const world = sample();
  world.beat();
  await fullOf(world, 0);
  world.beat();
  assert.equal(read(world.told.at(-1)!.tick).name, 'tick');
  Object.assign(world.source.model.proxies[2].servers[0].address, { host: '127.0.0.9' });
  world.told.length = 0;
  await fullOf(world, 0);
  world.beat();
  assert.equal(read(world.told.at(-1)!.tick).name, 'full');
  world.beat();
  assert.equal(read(world.told.at(-1)!.tick).name, 'tick');
});

test('a failed reload is told', async () => {
  const world = sample();
  world.beat();
  await fullOf(world, 0);
  world.beat();
  world.dashboard.load({ at: 2, what: 'failed', detail: 'unknown keyword' });
  world.beat();
  const tick = read(world.told.at(-1)!.tick).data as TickMessage;
  assert.deepEqual(
    tick.loads?.map(({ what }) => what),
    ['start', 'failed'],
  );
});

test('many servers are read between other work, and told at once', async () => {
  const servers = Array.from({ length: 400 }, (_, i) => `  server s${i} 127.0.0.1:1\n`);
  const one = sample(`${config}backend many\n${servers.join('')}`);
  const { source, told, beat, writer } = one;
  const full = await fullOf(one, 0);
  assert.equal(Object.keys(full.rows['3']).length, 401);
  assert.equal(full.proxies[3].servers.length, 400);
  told.length = 0;
  for (const object of source.objects.proxies[3].servers) {
    writer.values[writer.row(object) + field.req_tot] += 7;
  }
  beat();
  beat(); // left out: the first one is still being worked at
  assert.equal(told.length, 0);
  let turns = 0;
  for (; told.length === 0; turns++) await new Promise((settle) => setImmediate(settle));
  assert.ok(turns > 3, `${turns}`);
  const { name, data } = read(told[0].tick);
  assert.equal(name, 'tick');
  const rows = (data as TickMessage).rows['3'];
  assert.equal(Object.keys(rows).length, 400);
  assert.equal(rows['399'][column.total], 7);
  assert.equal(told.length, 1);
});
