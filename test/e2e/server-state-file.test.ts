// What the runtime API has changed outlives a restart through a file of server states, global or of
// one backend; what the configuration has changed since wins; servers without an address wait.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-state-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function config(folder: string, from: string, servers: string): string {
  return `global
    user root
    chroot /
    server-state-base ${folder}
    server-state-file all
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
    load-server-state-from-file ${from}
backend be
    server-state-file-name mine
${servers}`;
}

const usual = `    server-template s 1-4 127.0.0.1:9 weight 10
    server off 127.0.0.1:9 disabled
    server kept 127.0.0.1:9 weight 20
    server named localhost:9 init-addr last,libc
`;

async function ask(proxy: RunningProxy, line: string): Promise<string> {
  return (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd();
}

/** Of every server: name, address, state, admin, weight, configured weight, port. */
async function states(proxy: RunningProxy): Promise<string[]> {
  const text = await ask(proxy, 'show servers state');
  return text
    .split('\n')
    .slice(2)
    .map((line) => {
      const fields = line.split(' ');
      return [...fields.slice(3, 9), fields[18]].join(' ');
    });
}

const changes = [
  'set server be/s2 state maint',
  'set server be/s3 state drain',
  'set server be/s4 weight 50%',
  'set server be/s1 addr 127.0.0.1 port 99',
  'enable server be/off',
  'set weight be/kept 7',
  'set server be/named addr 127.0.0.3',
];

test('states outlive a restart', async (context) => {
  const folder = folderOf(context);
  const first = startProxy(context, { config: config(folder, 'none', usual) });
  for (const line of changes) await ask(first, line);
  const wanted = [
    's1 127.0.0.1 2 0 10 10 99',
    's2 127.0.0.1 0 1 10 10 9',
    's3 127.0.0.1 2 8 10 10 9',
    's4 127.0.0.1 2 0 5 10 9',
    'off 127.0.0.1 2 4 1 1 9',
    'kept 127.0.0.1 2 0 7 20 9',
    'named 127.0.0.3 2 0 1 1 9',
  ];
  assert.deepEqual(await states(first), wanted);
  const dump = `${await ask(first, 'show servers state')}\n`;
  await first.stop();
  for (const [from, name] of [
    ['global', 'all'],
    ['local', 'mine'],
  ]) {
    writeFileSync(join(folder, name), dump);
    const again = startProxy(context, { config: config(folder, from, usual) });
    assert.deepEqual(await states(again), wanted, from);
    await again.stop();
  }
});

test('what the configuration says anew wins over the file', async (context) => {
  const folder = folderOf(context);
  const first = startProxy(context, { config: config(folder, 'none', usual) });
  for (const line of changes) await ask(first, line);
  writeFileSync(join(folder, 'all'), `${await ask(first, 'show servers state')}\n`);
  await first.stop();
  const other = `    server s2 127.0.0.1:9 weight 30 disabled
    server s4 127.0.0.1:9 weight 40
    server off 127.0.0.1:9
    server named localhost:9 init-addr 127.0.0.7
    server open nowhere.invalid:9 init-addr none
    server fresh 127.0.0.1:9
`;
  const again = startProxy(context, { config: config(folder, 'global', other) });
  assert.deepEqual(await states(again), [
    's2 127.0.0.1 0 5 30 30 9',
    's4 127.0.0.1 2 0 40 40 9',
    'off 127.0.0.1 2 0 1 1 9',
    'named 127.0.0.7 2 0 1 1 9',
    'open - 0 32 1 1 9',
    'fresh 127.0.0.1 2 0 1 1 9',
  ]);
  assert.equal(
    await ask(again, 'set server be/open addr 127.0.0.9'),
    "IP changed from '(none)' to '127.0.0.9' by 'stats socket command'",
  );
  assert.equal((await states(again))[4], 'open 127.0.0.9 2 0 1 1 9');
  await again.stop();
});

test('a file that cannot be understood is told of and changes nothing', async (context) => {
  const folder = folderOf(context);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['2\n', /\[WARNING\].*Can't get version of the server state file/],
    ['', /\[NOTICE\].*Empty server state file/],
    ['1\n2 be 1 s1 x\n', /corrupted server state file '.*mine' at line 1\./],
    [
      '1\n2 be 1 s1 127.0.0.1 9 0 1 1 0 1 0 0 0 0 0 0 - 9 - 0 0 - - 0\n',
      /application failed for server 'be\/s1', invalid srv_op_state value '9'/,
    ],
    [
      '1\n2 be 1 gone 127.0.0.1 2 0 1 1 0 1 0 0 0 0 0 0 - 9 - 0 0 - - 0\n',
      /can't find server 'gone' in backend 'be'/,
    ],
    ['1\n7 be 1 s1 127.0.0.1 2 0 1 1 0 1 0 0 0 0 0 0 - 9 - 0 0 - - 0\n', /backend ID mismatch/],
  ];
  for (const [text, expected] of cases) {
    writeFileSync(join(folder, 'mine'), text);
    const servers = '    server s1 127.0.0.1:9\n';
    const proxy = startProxy(context, { config: config(folder, 'local', servers) });
    assert.deepEqual(await states(proxy), ['s1 127.0.0.1 2 0 1 1 9']);
    assert.match(proxy.output, expected);
    await proxy.stop();
  }
});

test('show servers state: health before the first check, with and without default-server', async (context) => {
  const config = `global
  stats socket "${inherited('cli')}"
defaults
  mode http
  timeout connect 5s
  timeout server 5s
backend a
  server plain 127.0.0.1:1
  server up 127.0.0.1:1 check inter 1h init-state fully-up rise 5
backend b
  default-server rise 7 inter 1h
  server plain 127.0.0.1:1 rise 3
  server checked 127.0.0.1:1 check
`;
  // 'a/up' and 'b/checked' are not checked for an hour but for their place in the spread.
  const proxy = startProxy(context, { config });
  const rows = (await exchange(proxy.port('cli'), 'show servers state\n')).split('\n');
  const health = rows
    .filter((row) => /^\d+ /.test(row))
    .map((row) => row.split(' '))
    .map((fields) => `${fields[1]}/${fields[3]} ${fields[10] === '1' ? fields[12] : 'checked'}`);
  const first = health.filter((row) => !row.endsWith('checked'));
  assert.deepEqual(first.slice(0, 1), ['a/plain 0']);
  assert.ok(first.includes('b/plain 7'), health.join(', '));
});
