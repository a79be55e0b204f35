// Every family's commands, run in sessions over a small worker in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveCurrent } from '../../shared/segment/live.ts';
import { field } from '../../shared/segment/metrics.ts';
import * as state from '../../shared/segment/server-state.ts';
import { runtimeCommands } from './catalog.ts';
import { usageOf } from '../../shared/command-help.ts';
import { converse, sampleContext, sampleState } from './sample-context.ts';

const text = `
defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:18891
  default_backend b
backend b
  server s1 127.0.0.1:18892 check weight 10
  server s2 127.0.0.1:18893 disabled
backend static
  balance static-rr
  server s1 127.0.0.1:18892 weight 10
`;

const table = runtimeCommands();

function worker() {
  const sample = sampleContext(text);
  const run = async (line: string, level: 'user' | 'operator' | 'admin' = 'admin') => {
    const answer = await converse(sample.context, table, [`${line}\n`], sampleState(level));
    return answer.replace(/\n<end>$/, '');
  };
  const server = sample.context.stats.servers[1];
  const word = (index: number, at: number): number => server[index].words[server[index].at + at];
  return { ...sample, run, word };
}

test('every listed command has help, and one example of each runs', () => {
  for (const command of table.all) {
    assert.ok(
      command.words.every((one) => /^[a-z_-]+$/.test(one)),
      usageOf(command),
    );
    if (command.help !== '') assert.match(command.help, /^[a-z].*[^.]$/, usageOf(command));
  }
});

test('weights', async () => {
  const { run, word, done } = worker();
  const cases: readonly [string, string, number][] = [
    ['get weight b/s1', '10 (initial 10)\n', 10],
    ['set weight b/s1 20', '', 20],
    ['get weight b/s1', '20 (initial 10)\n', 20],
    ['set server b/s1 weight 50%', '', 5],
    ['set weight b/s1 100000%', '', 256],
    ['set weight b/s1', 'Require <weight> or <weight%>.\n', 256],
    ['set weight b/s1 300', 'Absolute weight can only be between 0 and 256 inclusive.\n', 256],
    ['set weight b/s1 -1', 'Absolute weight can only be between 0 and 256 inclusive.\n', 256],
    ['set weight b/s1 -1%', 'Relative weight must be positive.\n', 256],
    ['set weight b/s1 x', 'Empty weight string empty or preceded by garbage\n', 256],
    ['set weight b/s1 5x', 'Trailing garbage in weight string\n', 256],
    ['set weight b/#1 7', '', 7],
  ];
  for (const [line, answer, weight] of cases) {
    assert.equal(await run(line), answer, line);
    assert.equal(word(0, state.serverWeight), weight, line);
  }
  assert.deepEqual(new Set(done), new Set(['changed 1/0']));
  assert.match(await run('set weight static/s1 5'), /only accepts weights '0%' and '100%'/);
  assert.equal(await run('set weight static/s1 0%'), '');
  assert.equal(await run('set weight b/s1 5', 'operator'), 'Permission denied\n');
});

test('servers that are not there', async () => {
  const { run } = worker();
  const cases: readonly [string, string][] = [
    ['get weight', "Require 'backend/server'.\n"],
    ['get weight b', "Require 'backend/server'.\n"],
    ['get weight b/', "Require 'backend/server'.\n"],
    ['get weight x/s1', 'No such backend.\n'],
    ['get weight f/s1', 'No such backend.\n'],
    ['get weight b/x', 'No such server.\n'],
    ['set server b/s9 state ready', 'No such server.\n'],
  ];
  for (const [line, answer] of cases) assert.equal(await run(line), answer, line);
});

test('administrative states', async () => {
  const { run, word, done } = worker();
  const left = '0 sessions active, 0 requeued, 0 remaining in queue.';
  const online = '0 sessions requeued, 0 total in queue.';
  const none = `. 0 active and 0 backup servers left. ${left}`;
  const other = `. 1 active and 0 backup servers left. ${left}`;
  const going = `Server b/s1 is going DOWN for maintenance`;
  const ready = 'is UP/READY (leaving forced maintenance).';
  const byHand = 'reason: changed from CLI';
  const empty = 'report 1 0 backend b has no server available!';
  const steps: readonly [string, number, number, number, string, boolean][] = [
    ['set server b/s1 state maint', 0, 1, 0, `${going}${none}`, true],
    ['set server b/s1 state maint', 0, 1, 0, '', false],
    [
      'set server b/s1 state drain',
      ...([0, 8, 2] as const),
      `Server b/s1 enters drain state. 0 active and 0 backup servers online. ${online}`,
      false,
    ],
    [
      'set server b/s1 state ready',
      ...([0, 0, 2] as const),
      'Server b/s1 is UP (leaving forced drain).',
      false,
    ],
    ['disable server b/s1', 0, 1, 0, `${going}${none}`, true],
    ['enable server b/s1', 0, 0, 2, `Server b/s1 ${ready}`, false],
    ['enable server b/s2', 1, 4, 2, `Server b/s2 ${ready}`, false],
    ['set server b/s1 health down', 0, 0, 0, `Server b/s1 is DOWN, ${byHand}${other}`, false],
    [
      'set server b/s1 state maint',
      ...([0, 1, 0] as const),
      'Server b/s1 was DOWN and now enters maintenance.',
      false,
    ],
    ['set server b/s1 state ready', 0, 0, 2, `Server b/s1 ${ready}`, false],
    [
      'set server b/s1 health stopping',
      ...([0, 0, 3] as const),
      `Server b/s1 is stopping, ${byHand}. 1 active and 0 backup servers online. ${online}`,
      false,
    ],
    [
      'set server b/s1 health up',
      ...([0, 0, 2] as const),
      `Server b/s1 is UP, ${byHand}. 2 active and 0 backup servers online. ${online}`,
      false,
    ],
  ];
  for (const [line, server, admin, operational, told, isEmpty] of steps) {
    done.length = 0;
    assert.equal(await run(line), '', line);
    assert.equal(word(server, state.serverAdmin), admin, line);
    assert.equal(word(server, state.serverState), operational, line);
    const level = told.includes('going DOWN') ? 1 : 5;
    const expected = told === '' ? [] : [`changed 1/${server}`, `report 1 ${level} ${told}`];
    assert.deepEqual(done, isEmpty ? [...expected, empty] : expected, line);
  }
  assert.equal(word(0, state.serverHealth), 4, 'up by hand starts with full health');
  assert.match(await run('set server b/s1 state foo'), /expects 'ready', 'drain' and 'maint'/);
  assert.match(await run('set server b/s1 health foo'), /expects 'up', 'stopping', or 'down'/);
  assert.match(await run('set server b/s1 foo'), /^usage: set server <backend>\/<server> addr \|/);
});

test('health checks and maxconn of a server', async () => {
  const { run, word } = worker();
  assert.equal(await run('disable health b/s1'), '');
  assert.equal(word(0, state.serverCheckFlags), state.checkConfigured);
  assert.equal(await run('enable health b/s1'), '');
  assert.equal(word(0, state.serverCheckFlags), state.checkConfigured | state.checkEnabled);
  assert.match(await run('enable health b/s2'), /Health check was not configured/);
  assert.equal(await run('set maxconn server b/s1 12'), '');
  assert.equal(word(0, state.serverMaxconn), 12);
  assert.match(await run('set maxconn server b/s1'), /Require <maxconn>/);
  assert.match(await run('set maxconn server b/s1 x'), /preceded by garbage/);
  assert.match(await run('set maxconn server b/s1 1x'), /Trailing garbage/);
});

test('show servers state and conn', async () => {
  const { run, answers, context } = worker();
  const states = (await run('show servers state')).split('\n');
  assert.equal(states[0], '1');
  assert.match(states[1], /^# be_id be_name srv_id .* srv_agent_port$/);
  assert.equal(states[2], '3 b 1 s1 127.0.0.1 2 0 10 10 0 1 0 0 6 0 0 0 - 18892 - 0 0 - - 0');
  assert.equal(states[3], '3 b 2 s2 127.0.0.1 0 5 1 1 0 1 0 0 8 0 0 0 - 18893 - 0 0 - - 0');
  assert.equal(states[1].split(' ').length - 1, states[2].split(' ').length);
  assert.equal((await run('show servers state static')).trimEnd().split('\n').length, 3);
  assert.equal(await run('show servers state nope'), "Can't find backend.\n");
  const connections = (await run('show servers conn b')).split('\n');
  assert.match(connections[0], / safe_nb idle_lim idle_cur idle_per_thr\[2\]$/);
  const row = 'b/s1 3/1 127.0.0.1 18892 - 5000 0 0 0 0 0 0 0 -1 0';
  assert.equal(connections[1], `${row} - -`, 'no thread has answered');
  const [object] = context.stats.objects.proxies[1].servers;
  answers['idle'] = [
    [1, [[object, 3]]],
    [0, []],
  ];
  assert.equal((await run('show servers conn b')).split('\n')[1], `${row} 0 3`);
});

test('frontends', async () => {
  const { run, done } = worker();
  const steps: readonly [string, string][] = [
    ['enable frontend f', 'All sockets are already enabled.\n'],
    ['disable frontend f', ''],
    ['disable frontend f', 'All sockets are already disabled.\n'],
    ['enable frontend f', ''],
    ['shutdown frontend f', ''],
    ['shutdown frontend f', 'Frontend was already shut down.\n'],
    ['disable frontend f', 'Frontend was previously shut down, cannot disable.\n'],
    ['enable frontend f', 'Frontend was previously shut down, cannot enable.\n'],
    ['disable frontend', 'A frontend name is expected.\n'],
    ['disable frontend b', 'No such frontend.\n'],
    ['set maxconn frontend f 5', ''],
    ['set maxconn frontend f', 'Integer value expected.\n'],
    ['set maxconn frontend f -1', 'Value out of range.\n'],
    ['set maxconn global 900', ''],
    ['set maxconn global 2000', 'Value out of range.\n'],
    ['set maxconn global', 'Expects an integer value.\n'],
  ];
  for (const [line, answer] of steps) assert.equal(await run(line), answer, line);
  assert.deepEqual(done, ['maxconn 0 5', 'maxconn global 900']);
});

test('clear counters: maxima for an operator, everything for an administrator', async () => {
  const { run, context } = worker();
  const { reader, live, objects, segment } = context.stats;
  const front = objects.proxies[0].front;
  const server = objects.proxies[1].servers[0];
  const row = context.counters.row(front);
  const fill = (): void => {
    for (const at of [row, context.counters.row(server)]) segment.floats[at + field.stot] += 5;
    segment.floats[row + field.rate_max] = 9;
  };
  fill();
  assert.equal(await run('clear counters', 'operator'), '');
  assert.equal(reader.peak(front, field.rate_max), 0);
  assert.equal(reader.sum(front, field.stot), 5);
  assert.equal(live.peak(front, liveCurrent + 1), 0);
  assert.equal(await run('clear counters all', 'operator'), 'Permission denied\n');
  assert.equal(await run('clear counters server b/s1'), 'Server counters cleared.\n');
  assert.equal(reader.sum(server, field.stot), 0);
  assert.equal(reader.sum(front, field.stot), 5);
  assert.equal(await run('clear counters all'), '');
  assert.equal(reader.sum(front, field.stot), 0);
  fill();
  assert.equal(reader.sum(front, field.stot), 5);
  assert.equal(await run('clear counters', 'user'), 'Permission denied\n');
});

test('clear counters server: in a file that others read only when it is forced', async () => {
  const { run, context } = worker();
  const { reader, objects, model, segment } = context.stats;
  const server = objects.proxies[1].servers[0];
  const row = context.counters.row(server);
  segment.floats[row + field.stot] += 5;
  model.global.shmStatsFile = '/dev/shm/lb';
  assert.match(await run('clear counters server b/s1'), /shared-memory stats file.*'force'/);
  assert.equal(reader.sum(server, field.stot), 5);
  assert.equal(await run('clear counters server b/s1 force'), 'Server counters cleared.\n');
  assert.equal(reader.sum(server, field.stot), 0);
});

test('show info, stat, backend, env, version, startup-logs', async () => {
  const { run } = worker();
  assert.match(await run('show info'), /^Name: HAProxy\n/);
  assert.match(await run('show info typed'), /^0\.Name\.1:POSV:str:HAProxy\n/);
  assert.equal(JSON.parse(await run('show info json'))[0].field.name, 'Name');
  assert.match(await run('show info desc'), /^Name: HAProxy:".+"\n/);
  assert.match(await run('show stat'), /^# pxname,svname,/);
  assert.match(await run('show stat b 4 -1 typed'), /^S\.3\.1\.0\.pxname\.1:KNSV:str:b\n/);
  assert.match(await run('show stat 3 2 -1'), /\nb,BACKEND,[^\n]*\n$/);
  assert.match(await run('show stat -1 4 -1 no-maint'), /\nb,s1,/);
  assert.doesNotMatch(await run('show stat -1 4 -1 no-maint'), /\nb,s2,/);
  assert.equal(await run('show stat nope 4 -1'), 'No such proxy.\n');
  assert.equal(await run('show stat domain nope'), 'Invalid statistics domain.\n');
  assert.equal(await run('show backend'), '# name\nb\nstatic\n');
  assert.equal(await run('show env HOME'), 'HOME=/root\n');
  assert.equal(await run('show env'), 'HOME=/root\nEMPTY=\n');
  assert.equal(await run('show env NOPE'), 'Variable not found\n');
  assert.equal(await run('show env', 'user'), 'Permission denied\n');
  assert.match(await run('show version'), /^3\.5-/);
  assert.equal(await run('show startup-logs'), 'a message of the start\n');
  assert.equal(await run('show cli sockets'), '# socket lvl processes\n');
});
