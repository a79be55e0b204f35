// Lines of `show info` made from the configuration, sampled maxima, and the sentences of SIGHUP.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enter, liveCurrent, liveQueued } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import { CounterWriter } from '../../shared/segment/counters.ts';
import { countRate } from '../../shared/segment/rate.ts';
import { stateStopped } from '../../shared/segment/server-state.ts';
import { proxyStateLines } from './dump.ts';
import { processInfo, uptimeText } from './process-info.ts';
import { sampleMaxima } from './sampler.ts';
import { sampleStats } from './sample-stats.ts';
import { infoText } from './table.ts';

const text = `
global
  maxconn 500
  maxconnrate 9
  nbthread 3
  description the node
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:18891
  bind 127.0.0.1:18892
  default_backend b
backend b
  server s1 127.0.0.1:18893
  server s2 127.0.0.1:18894 backup
`;

test('limits and identity come from the configuration, and the control thread may correct them', () => {
  const { source, fronts, live, writer } = sampleStats(text);
  enter(live.words, live.row(source.objects.process) + liveCurrent);
  const info = processInfo(source);
  const expected: readonly [string, string | number][] = [
    ['Maxconn', 500],
    ['ConnRateLimit', 9],
    ['Nbthread', 3],
    ['description', 'the node'],
    ['Process_num', 1],
    ['Listeners', 2],
    ['Jobs', 3],
    ['CurrConns', 1],
    ['Uptime', '0d 0h00m05s'],
  ];
  for (const [name, value] of expected) assert.equal(info[name], value, name);
  writer.values[writer.row(source.objects.proxies[0].front) + field.resbout] += 30;
  writer.values[writer.row(source.objects.proxies[1].back) + field.reqbout] += 12;
  assert.equal(processInfo(source)['TotalBytesOut'], 42);
  fronts[0] = 'PAUSED';
  assert.equal(processInfo(source)['Listeners'], 0);
  const corrected = { ...source, info: () => ({ Maxconn: 7 }) };
  assert.equal(processInfo(corrected)['Maxconn'], 7);
});

test('every made line is a line of show info, and those printed have a value', () => {
  const { source } = sampleStats(text);
  const lines = infoText(source, { format: 'text', withHelp: false, asFloat: false });
  for (const [name, value] of Object.entries(processInfo(source))) {
    if (value !== null) assert.ok(lines.includes(`${name}: `), name);
  }
  assert.doesNotMatch(lines, /: \n|null|undefined|NaN/);
});

test('uptime for reading', () => {
  const cases: readonly [number, string][] = [
    [0, '0d 0h00m00s'],
    [59.9, '0d 0h00m59s'],
    [3_661, '0d 1h01m01s'],
    [90_061, '1d 1h01m01s'],
  ];
  for (const [seconds, expected] of cases) assert.equal(uptimeText(seconds), expected);
});

test('the maximum of a rate is of all threads together', () => {
  const { source, writer, control, segment } = sampleStats(text);
  const { front } = source.objects.proxies[0];
  const other = new CounterWriter(segment, 0, 7);
  for (const one of [writer, other]) {
    countRate(one.values, one.row(front) + field.rate, source.nowMs(), 10);
  }
  assert.equal(source.reader.peak(front, field.rate_max), 0);
  sampleMaxima(source, control);
  assert.equal(source.reader.peak(front, field.rate_max), 20);
});

test('states in sentences', () => {
  const { source, live, writer } = sampleStats(text);
  const { back, servers } = source.objects.proxies[1];
  enter(live.words, live.row(servers[0]) + liveQueued);
  enter(live.words, live.row(back) + liveQueued);
  writer.values[writer.row(servers[0]) + field.stot] += 12;
  assert.deepEqual(proxyStateLines(source, 1), [
    'SIGHUP: Server b/s1 is UP. Conn: 0 act, 1 pend, 12 tot.',
    'SIGHUP: Server b/s2 is UP. Conn: 0 act, 0 pend, 0 tot.',
    'SIGHUP: Proxy b has 1 active servers and 1 backup servers available. ' +
      'Conn: act(FE+BE): 0+0, 2 pend (1 unass), tot(FE+BE): 0+0.',
  ]);
  source.servers[1][0].setState(stateStopped, 5000);
  source.backends[1]?.refresh(5000);
  assert.match(proxyStateLines(source, 1)[2], /^SIGHUP: Proxy b is running on backup servers !/);
  assert.match(proxyStateLines(source, 0)[0], /^SIGHUP: Proxy f has no servers\./);
});
