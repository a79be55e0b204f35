// Commands for people who look for a cause: activity, descriptors, pools, waiting, debug.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from './catalog.ts';
import type { DescriptorSnapshot, PoolSnapshot, RareCount, ThreadSnapshot } from './context.ts';
import { converse, sampleContext, sampleState } from './sample-context.ts';

const text = `
defaults
  mode http
frontend f
  bind 127.0.0.1:18891
backend b
  server s1 127.0.0.1:18892
  server s2 192.0.2.1:18893 disabled
`;

const table = runtimeCommands();

function worker() {
  const sample = sampleContext(text);
  const run = async (line: string, level: 'user' | 'operator' | 'admin' = 'admin') => {
    const answer = await converse(sample.context, table, [`${line}\n`], sampleState(level));
    return answer.replace(/\n<end>$/, '');
  };
  return { ...sample, run };
}

/** Lines of commands and their whole answers. */
async function answers(
  run: (line: string) => Promise<string>,
  cases: readonly (readonly [string, string])[],
): Promise<void> {
  for (const [line, answer] of cases) assert.equal(await run(line), answer, line);
}

const thread = (index: number): ThreadSnapshot => ({
  ...{ thread: index, streams: 3, connections: 4, turns: 100 * index, idleTurns: 40 },
  ...{ events: 70, accepted: 9, streamsTotal: 12, timers: 5, memoryFailures: 0, loopUs: 3 },
});

test('show activity: sums, one thread, all threads', async () => {
  const sample = worker();
  sample.answers['thread'] = [thread(2), thread(1)];
  const all = await sample.run('show activity');
  assert.match(all, /^thread_id: 1 \(1\.\.2\)\ndate_now: \d+\.\d{6}\nuptime_now: 93784\.000000\n/);
  assert.match(all, /\nloops: 300 \[ 100 200 \]\n/);
  assert.match(all, /\npoll_io: 220 \[ 60 160 \]\n/);
  assert.match(all, /\navg_cpu_pct: 3 \[ 7 0 \]\n/);
  assert.match(await sample.run('show activity 0'), /\nloops: 300\n/);
  assert.match(await sample.run('show activity 2'), /\nloops: 200\n/);
  const beyond = 'Thread ID number must be between -1 and nbthread\n';
  assert.equal(await sample.run('show activity 3'), beyond);
  assert.match(await sample.run('show threads'), /^ {2}Thread 1 : act=1 wq=1 streams=3 conns=4 /);
  assert.match(await sample.run('show tasks'), /^Running tasks: 24 \(2 threads\)\n/);
});

const pool = (name: string, bytes: number, used: number): PoolSnapshot => ({
  ...{ name, bytes, allocated: used + 1, used, failures: 0 },
});

test('show pools: order, prefix, number', async () => {
  const sample = worker();
  sample.answers['memory'] = [[pool('b', 10, 0), pool('a', 5, 2)], [pool('a', 5, 3)]];
  const a = '  - Pool a (5 bytes) : 7 allocated (35 bytes), 5 used, 0 failures\n';
  const b = '  - Pool b (10 bytes) : 1 allocated (10 bytes), 0 used, 0 failures\n';
  const head = 'Dumping pools usage. Use SIGQUIT to flush them.\n';
  const wrong =
    "Expects either 'byname', 'bysize', 'byusage', 'match <pfx>', 'detailed', or a max number " +
    'of output lines.\n';
  await answers(sample.run, [
    ['show pools', `${head}${b}${a}Total: 2 pools, 45 bytes allocated, 25 used.\n`],
    ['show pools byname 1', `${head}${a}Total: 1 pools, 35 bytes allocated, 25 used.\n`],
    ['show pools bysize', `${head}${b}${a}Total: 2 pools, 45 bytes allocated, 25 used.\n`],
    ['show pools byusage', `${head}${a}Total: 1 pools, 35 bytes allocated, 25 used.\n`],
    ['show pools match b', `${head}${b}Total: 1 pools, 10 bytes allocated, 0 used.\n`],
    ['show pools nonsense', wrong],
  ]);
});

const descriptor = (fd: number, kind: DescriptorSnapshot['kind']): DescriptorSnapshot => ({
  ...{ fd, thread: 1, kind, readable: true, writable: false, hangup: false, broken: false },
  ...{ isTls: false, proxy: 'f', family: 'ipv4', address: '192.0.2.9', port: 80 },
});

test('show fd: one line a descriptor, chosen by kind and number', async () => {
  const sample = worker();
  const shared = descriptor(5, 'listener');
  sample.answers['descriptors'] = [
    [shared, descriptor(8, 'front'), descriptor(3, 'pipe')],
    [{ ...shared, thread: 2 }, descriptor(9, 'back')],
  ];
  const numbers = async (line: string): Promise<string> =>
    (await sample.run(line)).replaceAll(/^ *(\d+) : .*\n/gm, '$1 ');
  await answers(numbers, [
    ['show fd', '3 5 8 9 '],
    ['show fd l', '5 '],
    ['show fd c!f', '9 '],
    ['show fd -l', '3 8 9 '],
    ['show fd !pl', '8 9 '],
    ['show fd 8', '8 '],
    ['show fd /8', '8 '],
    ['show fd 77', ''],
    ['show fd foo', 'Invalid FD type\n'],
  ]);
  assert.match(
    await sample.run('show fd 5'),
    /^ {6}5 : st=.* tmask=0x3 .* fe=f fam=ipv4 lport=80\n/,
  );
  assert.match(await sample.run('set anon on 3; show fd 8'), / src=IPV4\([0-9a-f]{6}\):80 /);
});

test('anonymity: a key hides names; without one they stand', async () => {
  const { run, context } = worker();
  const range = 'Value out of range (1 to 4294967295 expected).\n';
  await answers(run, [
    ['show anon', 'Anonymized mode disabled\n'],
    ['set anon on 5; show anon', '\nAnonymized mode enabled\nKey : 5\n'],
    ['set anon on 5; user; show anon', '\n\nAnonymized mode enabled\n'],
    ['set anon on abc', range],
    ['set anon on 4294967296', range],
    ['set anon off 3', "Key can't be added while disabling anonymized mode\n"],
    ['set anon on 5; set anon off; debug dev hash be', '\n\nbe\n'],
    ['set anon on 5; debug dev hash be', '\n5c7c37\n'],
    ['set anon global-key', 'Expects an integer value.\n'],
    ['set anon global-key 77', ''],
    ['set anon on; show anon', '\nAnonymized mode enabled\nKey : 77\n'],
  ]);
  assert.equal(context.anonKey, 77);
  assert.equal(await run('set anon global-key 7', 'operator'), 'Permission denied\n');
  const states = await run('set anon on 5; show servers state; show servers conn');
  assert.match(states, /\n3 ef508c 1 8e467b 127\.0\.0\.1 /);
  assert.match(states, /\n3 ef508c 2 22a29b IPV4\([0-9a-f]{6}\) /);
});

test('wait: for a time, for a server that can go', async () => {
  const { run } = worker();
  assert.equal(await run('wait 1ms; echo on'), 'Done.\n\non\n');
  await answers(run, [
    ['wait', 'Expects a duration in milliseconds.\n'],
    ['wait x', 'Invalid duration.\n'],
    ['wait 5 srv-removable', 'Missing server name (<backend>/<server>).\n'],
    ['wait 5 srv-removable b', "Require 'backend/server'.\n"],
    ['wait 5 srv-removable b/zz', 'Failed. No such server.\n'],
    ['wait 5 srv-removable b/s1', 'Failed. Only servers in maintenance mode can be deleted.\n'],
    ['wait 5 srv-removable b/s2', 'Done.\n'],
  ]);
  assert.match(await run('wait -h'), /^Usage: wait /);
  assert.match(await run('wait 10 foo'), /^Usage: wait /);
  assert.equal(await run('wait 1', 'operator'), 'Permission denied\n');
});

test('rate limits, debug commands', async () => {
  const { run, done, answers: told } = worker();
  assert.equal(await run('set rate-limit sessions global 20'), '');
  assert.equal(await run('set rate-limit ssl-sessions global 30'), '');
  assert.equal(await run('set rate-limit connections global'), 'Expects an integer value.\n');
  assert.match(await run('set rate-limit foo global 3'), /knows these limits/);
  assert.match(await run('set rate-limit sessions foo 3'), /knows these limits/);
  assert.deepEqual(done.splice(0), ['rate sessions 20', 'rate tlsSessions 30']);
  assert.equal(await run('debug dev log x'), 'This command is restricted to expert mode only.\n');
  assert.equal(await run('expert-mode on -; debug dev log Victory is ours'), '');
  assert.deepEqual(done.splice(0), ['log 6 Victory is ours']);
  told['delay'] = [true, true];
  assert.equal(await run('expert-mode on -; debug dev loop 5'), '');
  assert.deepEqual(done.splice(0), ['delay 5']);
  const dots = `${'.'.repeat(64)}\n${'.'.repeat(5)}\n`;
  assert.equal(await run('expert-mode on -; debug dev write 70'), dots);
  assert.match(await run('expert-mode on -; debug dev write 99999'), /^Output too large/);
  assert.match(await run('show dev'), /\nPlatform info:\n {2}cpu model: .*\n {2}OS name: Linux\n/);
  assert.match(await run('show libs'), /^0x[0-9a-f]{12}-0x[0-9a-f]{12} \(0x[0-9a-f]+\) \//);
  const schema = JSON.parse(await run('show schema json'));
  assert.deepEqual(Object.keys(schema), ['$schema', 'oneOf', 'definitions']);
});

const rareOf = (count: number): readonly RareCount[] => [
  { kind: 'GLT', place: 'mux/h2-front.ts onReset()', about: 'a reset', count },
  { kind: 'CNT', place: 'conn/listener.ts place()', about: 'a full ring', count: 0 },
];

test('debug counters: sums of all threads, kinds, what is chosen', async () => {
  const { run, answers: said, done } = worker();
  said['rare'] = [rareOf(2), rareOf(3)];
  const head = 'Count     Type Location function(): "condition" [comment]\n';
  const glitch = '5          GLT mux/h2-front.ts onReset(): "a reset"\n';
  const full = '0          CNT conn/listener.ts place(): "a full ring"\n';
  await answers(run, [
    ['debug counters', head + glitch],
    ['debug counters all', head + glitch + full],
    ['debug counters all cnt', head + full],
    ['debug counters show bug', head],
    ['debug counters reset glt', ''],
    ['debug counters off', ''],
    ['debug counters on', ''],
  ]);
  assert.deepEqual(done, ['rare-reset 3', 'rare-on 0', 'rare-on 1']);
  assert.match(await run('debug counters foo'), /^Expects an optional action \('reset','show'/);
  assert.equal(await run('debug counters reset', 'operator'), 'Permission denied\n');
  assert.equal(await run('debug counters', 'operator'), head + glitch);
});

test('debug dev close and sched: what they refuse, what they ask threads for', async () => {
  const { run, answers: said, done, context } = worker();
  const expert = (line: string): Promise<string> => run(`expert-mode on; ${line}`);
  said['descriptors'] = [[{ fd: 3, kind: 'listener' }]];
  const cases: readonly [string, string][] = [
    ['close', 'Missing file descriptor number.\n'],
    ['close 3', 'File descriptor was already closed.\n'],
    ['close 3 hard', "'hard' is not supported.\n"],
    ['sched task count=3 inter=0x10', ''],
    ['sched tasklet count=x', "Ignoring unparsable value 'x' for field 'count'.\n"],
    ['sched task rt=1', "Unsupported setting: 'rt=1'.\n"],
    ['check', ''],
  ];
  for (const [line, answer] of cases) {
    assert.equal(await expert(`debug dev ${line}`), `\n${answer}`, line);
  }
  assert.match(await expert('debug dev sched'), /^\nUsage: debug dev sched \{task\|tasklet\}/);
  assert.deepEqual(done, ['stress 1 3 16']);
  assert.equal(context.debugCommands, 8);
});
