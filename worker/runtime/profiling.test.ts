// `show profiling` and `set profiling`: words, sums over threads, and what memory holds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from './catalog.ts';
import type { ThreadProfile } from './context.ts';
import { converse, sampleContext, sampleState } from './sample-context.ts';
import { shortTime } from './profiling.ts';

const table = runtimeCommands();

function worker() {
  const sample = sampleContext('frontend f\n  mode http\n  bind 127.0.0.1:18891\n');
  const run = async (line: string, level: 'operator' | 'admin' = 'admin') => {
    const answer = await converse(sample.context, table, [`${line}\n`], sampleState(level));
    return answer.replace(/\n<end>$/, '');
  };
  return { ...sample, run };
}

const thread = (isOn: boolean, calls: number): ThreadProfile => ({
  ...{ mode: 'auto', isOn, startedMs: 1000, stoppedMs: 0, nowMs: 3500 },
  entries: [
    { name: 'H1Front', cause: 'events', calls, workNs: calls * 1500, waitNs: 0 },
    { name: 'H1Front', cause: 'timer', calls: 1, workNs: 90_000_000, waitNs: 12_000 },
  ],
});

const head =
  'Per-task CPU profiling              : auto-on       # set profiling tasks {on|auto|off}\n' +
  'Memory usage profiling              : off           # set profiling memory {on|off}\n';
const tasksHead =
  'Tasks activity over 2.500 sec till 0.000 sec ago:\n' +
  '  function                      calls   cpu_tot   cpu_avg   lkw_avg   lkd_avg   mem_avg   lat_avg\n';
const none = '      -         -         -   ';
const events = `  H1Front                           7   10.50us   1.500us${none}      -    <- events\n`;
const timer = `  H1Front                           2   180.0ms   90.00ms${none}   12.00us <- timer\n`;
const summed = `  H1Front                           9   180.0ms   20.00ms${none}   2.667us\n`;

test('show profiling: status and calls, summed over threads, in every order', async () => {
  const { run, answers } = worker();
  answers['profile'] = [thread(false, 3), thread(true, 4)];
  const cases: readonly [string, string][] = [
    ['show profiling', head + tasksHead + events + timer],
    ['show profiling status', head],
    ['show profiling tasks bytime', tasksHead + timer + events],
    ['show profiling tasks byctx', tasksHead + events + timer],
    ['show profiling tasks aggr', tasksHead + summed],
    ['show profiling tasks 1', tasksHead + events],
  ];
  for (const [line, answer] of cases) assert.equal(await run(line), answer, line);
  assert.match(await run('show profiling x'), /^Expects either 'all', 'status', 'tasks', 'memory'/);
  assert.equal(await run('show profiling', 'operator'), 'Permission denied\n');
});

test('set profiling tasks: what threads are told, what is refused', async () => {
  const { run, done } = worker();
  assert.equal(await run('set profiling tasks on no-lock'), '');
  assert.equal(await run('set profiling tasks auto'), '');
  assert.equal(await run('set profiling tasks off'), '');
  assert.deepEqual(done, ['profile-tasks 2', 'profile-tasks 1', 'profile-tasks 0']);
  assert.match(await run('set profiling tasks on lock'), /^'lock' is not supported yet/);
  for (const line of ['set profiling tasks', 'set profiling tasks on x']) {
    assert.match(await run(line), /^Expects a combination of either 'on', 'auto', 'off'/);
  }
  assert.equal(await run('set profiling'), "Expects either 'tasks' or 'memory'.\n");
  assert.equal(done.length, 3, 'a line with a mistake changes nothing');
});

test('memory: what a function holds is found, and kept after off', async () => {
  const { run, answers, done, context } = worker();
  answers['profile'] = [{ ...thread(false, 1), nowMs: context.stats.nowMs() }];
  answers['heap-rows'] = [[{ name: 'ofThread', place: 'x.js:3', bytes: 4096 }]];
  assert.equal(await run('set profiling memory x'), "Expects either 'on' or 'off'.\n");
  assert.equal(await run('set profiling memory on'), '');
  const held: unknown[] = [];
  function holdsMuch(): void {
    for (let i = 0; i < 100_000; i++) held.push({ i, text: `text ${i}` });
  }
  holdsMuch();
  assert.match(await run('show profiling status'), /Memory usage profiling +: on /);
  const shown = /\n +\d+ +\d+\.\d {2}holdsMuch@profiling\.test\.js:\d+\n/;
  const listing = await run('show profiling memory');
  assert.match(listing, /^Memory held by call place over [\d.]+ sec till 0\.000 sec ago, /);
  assert.match(listing, shown);
  assert.match(listing, /\n {10}4096 +\d+\.\d {2}ofThread@x\.js:3\n/);
  assert.equal(await run('set profiling memory off'), '');
  assert.match(await run('show profiling memory'), shown);
  assert.match(await run('show profiling memory aggr'), / {2}\*@profiling\.test\.js\n/);
  assert.equal((await run('show profiling memory 1')).split('\n').length, 5);
  assert.deepEqual(done, ['profile-memory 1', 'profile-memory 0']);
  assert.equal(held.length, 100_000);
});

test('times are as short as they can be told', () => {
  const cases: readonly [number, string][] = [
    [0, '   -   '],
    [12, '12.00ns'],
    [1234, '1.234us'],
    [12_345_678, '12.35ms'],
    [59_900_000_000, '59.90s '],
    [3_600_000_000_000, '1.000h '],
  ];
  for (const [ns, text] of cases) assert.equal(shortTime(ns), text);
});
