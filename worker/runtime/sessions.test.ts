// Commands on streams, over what two threads would answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from './catalog.ts';
import type { StreamSnapshot } from '../stream/snapshot.ts';
import { converse, sampleContext } from './sample-context.ts';

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
  server s1 127.0.0.1:18892
`;

const stream: StreamSnapshot = {
  ...{ id: 0x1f, thread: 2, protocol: 'tcpv4', source: '192.0.2.7:4000' },
  ...{ frontend: 'f', backend: 'b', server: 's1', ageMs: 65_000, expireMs: 500 },
  ...{ frontFd: 7, backFd: 8, retries: 0, uri: '/x', acceptWallMs: 1_795_916_617_420.319 },
  ...{ listener: '', listenerId: 1, destination: '127.0.0.1:80', serverAddress: '127.0.0.1:81' },
  ...{ state: 5, flags: 0x20, waitsInQueue: false, requestPending: 3, responsePending: 4 },
  ...{ bytesIn: 10, bytesOut: 20, status: 200 },
};

const table = runtimeCommands();

function worker() {
  const sample = sampleContext(text);
  const other = { ...stream, id: 2, backend: '', server: '', ageMs: 5, expireMs: -1 };
  sample.answers['sessions'] = [[stream], [other]];
  const run = async (line: string): Promise<string> => {
    const answer = await converse(sample.context, table, [`${line}\n`]);
    return answer.replace(/\n<end>$/, '');
  };
  return { ...sample, run };
}

const row =
  '0x1f: proto=tcpv4 src=192.0.2.7:4000 fe=f be=b srv=s1 ts=05 thr=2 age=1m5s rq[i=3] rp[i=4] ' +
  'scf=[5,20h,fd=1/7,rex=,wex=] scb=[5,20h,fd=1/8,rex=,wex=] exp=500ms rc=0';

test('show sess lists what the threads report, and filters it', async () => {
  const { run } = worker();
  const both = (await run('show sess')).split('\n');
  assert.equal(both[0], row);
  assert.match(both[1], /^0x2: .* be=<NONE> srv=<none> .*age=0s .*exp= /);
  const cases: readonly [string, number][] = [
    ['show sess 0x1f', 1],
    ['show sess older 30', 1],
    ['show sess older 2m', 0],
    ['show sess server b/s1', 1],
    ['show sess backend b', 1],
    ['show sess frontend f', 2],
    ['show sess susp', 1],
    ['show sess all', 2],
  ];
  for (const [line, count] of cases) {
    assert.equal((await run(line)).match(/^0x/gm)?.length ?? 0, count, line);
  }
  assert.equal((await run('show sess show-uri')).split('\n')[0], `${row} uri="/x"`);
});

test('show sess in detail, and what it does not understand', async () => {
  const { run } = worker();
  const detail = await run('show sess 0x1f');
  assert.match(detail, /^0x1f: \[\d\d\/[A-Z][a-z]{2}\/2026:[\d:]{8}\.420319\] id=31 proto=tcpv4/);
  assert.match(detail, /\n {2}frontend=f \(id=2 mode=http\), listener=\? \(id=1\)/);
  assert.match(detail, /\n {2}server=s1 \(id=1\) addr=127\.0\.0\.1:81\n/);
  const refusals: readonly [string, string][] = [
    ['show sess 0x99', 'Session not found.\n'],
    ['show sess foo', "Unsupported option 'foo', try 'help' for more info.\n"],
    ['show sess older', 'Expects a minimum age (in seconds by default).\n'],
    ['show sess older x', 'Invalid age.\n'],
    ['show sess server', 'Missing server name (<backend>/<server>).\n'],
    ['show sess server b', "Require 'backend/server'.\n"],
    ['show sess backend f', 'No such backend.\n'],
    ['show sess frontend b', 'No such frontend.\n'],
  ];
  for (const [line, answer] of refusals) assert.equal(await run(line), answer, line);
  assert.match(await run('show sess help'), /^Usage: show sess/);
});

test('a session with a key hides names, addresses and URIs of streams', async () => {
  const { run } = worker();
  const shown = await run('set anon on 5; show sess show-uri; show sess all');
  assert.match(shown, / src=IPV4\([0-9a-f]{6}\):4000 fe=[0-9a-f]{6} be=[0-9a-f]{6} /);
  assert.doesNotMatch(shown, /192\.0\.2\.7|fe=f |s1|"\/x"/);
});

test('shutdown session and shutdown sessions server ask every thread', async () => {
  const { run, answers, done } = worker();
  answers['shutdown-session'] = [0, 1];
  assert.equal(await run('shutdown session 0x1f'), '');
  assert.deepEqual(done.splice(0), ['shutdown-session 31']);
  answers['shutdown-session'] = [0, 0];
  assert.equal(await run('shutdown session 0x5'), "No such session (use 'show sess').\n");
  const pointer = "Session pointer expected (use 'show sess').\n";
  assert.equal(await run('shutdown session'), pointer);
  assert.equal(await run('shutdown session abc'), pointer);
  done.length = 0;
  assert.equal(await run('shutdown sessions server b/s1'), '');
  assert.deepEqual(done, ['shutdown-server 1 0']);
  assert.equal(await run('shutdown sessions server b/zz'), 'No such server.\n');
  assert.equal(await run('shutdown sessions server'), "Require 'backend/server'.\n");
});
