// The master's promises, on real processes and sockets with a fake worker: starting, reloading,
// dying, stopping, HAProxy's exit statuses. What a worker does with traffic is told elsewhere.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  exchange,
  exchangeAbstract,
  fakeProgram,
  inherited,
  type Owner,
  type RunningProxy,
  startProxy,
} from '../harness/proxy.ts';

const global = 'global\n    nbthread 1\n    maxconn 100\n    user root\n    chroot /\n';
const timeouts =
  'defaults\n    mode http\n    timeout client 5s\n    timeout server 5s\n    timeout connect 5s\n';
const frontend = (name: string, bind = inherited('fe')): string =>
  `frontend ${name}\n    bind "${bind}"\n    default_backend b\n`;
const backend = 'backend b\n    server s 127.0.0.1:1\n';
const config = (name: string, bind?: string): string =>
  `${global}${timeouts}${frontend(name, bind)}${backend}`;

const masterArgs = ['-W', '-S', inherited('mcli')];

function startMaster(context: Owner, text = config('one'), args = masterArgs): RunningProxy {
  return startProxy(context, { config: text, args, entry: fakeProgram });
}

/** Process id, generation and proxy name that the fake worker says. */
async function whoServes(proxy: RunningProxy): Promise<string[]> {
  return (await exchange(proxy.port('fe'), '')).trim().split(' ');
}

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('mcli'), `${line}\n`);

test('a process without master serves, and signals end it as the kernel says', async (context) => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGUSR1', 0],
  ] as const) {
    const proxy = startProxy(context, { config: config('one'), entry: fakeProgram });
    const [pid, , name] = await whoServes(proxy);
    assert.equal(Number(pid), proxy.pid);
    assert.equal(name, 'one');
    assert.equal(await proxy.stop(signal), status, signal);
  }
});

for (const [kind, args] of [
  ['a process', ['-db']],
  ['a master', masterArgs],
] as const) {
  test(`${kind} that is still starting keeps a soft stop in mind`, async (context) => {
    const text = `.notice "reading"\n${config('one')}`;
    const proxy = startProxy(context, { config: text, entry: fakeProgram, args });
    await proxy.printed('reading');
    proxy.signal('SIGUSR1');
    assert.equal(await proxy.exited, 0, proxy.output);
  });
}

test('a master ends with its workers: 130 after SIGINT, else 0', async (context) => {
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
    ['SIGUSR1', 0],
  ] as const) {
    const proxy = startMaster(context);
    const [pid] = await whoServes(proxy);
    assert.notEqual(Number(pid), proxy.pid);
    await proxy.printed('Loading success.');
    assert.equal(await proxy.stop(signal), status, signal);
    assert.match(proxy.output, /All workers exited/);
  }
});

test('reload: a new worker serves, the old one finishes what it has', async (context) => {
  const proxy = startMaster(context);
  const [first] = await whoServes(proxy);
  const held = connect(proxy.port('fe'), '127.0.0.1');
  await new Promise((settle) => held.once('data', settle));
  proxy.configure(config('two'));
  assert.match(await command(proxy, 'reload'), /^Success=1\n--\n(?:.|\n)*Loading success\.\n/);
  const [second, , name] = await whoServes(proxy);
  assert.notEqual(second, first);
  assert.equal(name, 'two');
  const table = await command(proxy, 'show proc');
  assert.match(table, new RegExp(`^${proxy.pid} +master +1 \\[failed: 0\\] +0d00h00m`, 'm'));
  assert.match(table, new RegExp(`# workers\n${second} +worker +0 `));
  assert.match(table, new RegExp(`# old workers\n${first} +worker +1 `));
  held.end();
  await proxy.printed(`Former worker (${first}) exited with code 0`);
  await proxy.stop();
});

test('a reload that fails leaves the running worker and says why', async (context) => {
  const proxy = startMaster(context);
  const [first] = await whoServes(proxy);
  const cases: [string, RegExp][] = [
    [config('bad'), /this proxy is bad/],
    [config('refuses-to-start'), /exited with code 1/],
    ['frontend x\n    nonsense\n', /unknown keyword 'nonsense'/],
    [config('one', '203.0.113.1:1'), /cannot bind socket \(Cannot assign requested address\)/],
  ];
  for (const [text, reason] of cases) {
    proxy.configure(text);
    const answer = await command(proxy, 'reload');
    assert.match(answer, /^Success=0\n--\n/);
    assert.match(answer, reason);
    assert.equal((await whoServes(proxy))[0], first);
  }
  assert.match(await command(proxy, 'show startup-logs'), /Cannot assign requested address/);
  assert.match(await command(proxy, 'prompt'), /master\[ReloadFailed\]> /);
  assert.match(await command(proxy, 'show proc'), /4 \[failed: 4\]/);
  await proxy.stop();
});

test('SIGUSR2 and SIGHUP reload, and every reload is done', async (context) => {
  const proxy = startMaster(context);
  await whoServes(proxy);
  await proxy.printed('Loading success.');
  proxy.signal('SIGUSR2');
  await proxy.printed('Loading success.', 2);
  proxy.signal('SIGHUP');
  await proxy.printed('Loading success.', 3);
  assert.equal((await whoServes(proxy))[1], '3');
  await proxy.stop();
});

test('a worker that is killed is replaced, and clients in the queue are served', async (context) => {
  const proxy = startMaster(context);
  const [first] = await whoServes(proxy);
  await proxy.printed('Loading success.');
  process.kill(Number(first), 'SIGKILL');
  const answers = await Promise.all(Array.from({ length: 8 }, () => whoServes(proxy)));
  for (const [pid] of answers) assert.notEqual(pid, first);
  assert.match(proxy.output, /Current worker \(\d+\) exited with code 137/);
  assert.equal(await proxy.stop(), 130);
});

test('a worker that dies again and again is started later and later', async (context) => {
  const proxy = startMaster(context, config('dies-at-once'));
  await proxy.printed('Starting a new worker at once');
  await proxy.printed('Starting a new worker after 100 ms');
  await proxy.printed('Starting a new worker after 200 ms');
  assert.equal(await proxy.stop('SIGTERM'), 3);
});

test('a first start that fails ends the master with a status of its own', async (context) => {
  for (const text of [config('bad'), config('refuses-to-start'), 'listen x\n    nonsense\n']) {
    const proxy = startMaster(context, text);
    assert.equal(await proxy.exited, 1, proxy.output);
    await proxy.stop();
  }
});

test('warnings are fatal with -dW and only then', async (context) => {
  for (const args of [masterArgs, ['-db']]) {
    const strict = startMaster(context, config('odd'), [...args, '-dW']);
    assert.equal(await strict.stop('SIGCONT'), 1, strict.output);
    assert.match(strict.output, /'zero-warning' is set/);
    const lenient = startMaster(context, config('odd'), [...args]);
    assert.equal((await whoServes(lenient))[2], 'odd');
    await lenient.printed(': this proxy');
    assert.match(
      lenient.output,
      /\[WARNING\] +\(\d+\) : config : parsing \[.*cfg:\d+\] : this proxy/,
    );
    await lenient.stop();
  }
});

test('every address that cannot be bound is named in one run', async (context) => {
  const taken = createServer();
  await new Promise<void>((settle) => taken.listen(0, '127.0.0.1', settle));
  const { port } = taken.address() as AddressInfo;
  const proxy = startProxy(context, {
    config: config('one', `127.0.0.1:${port},203.0.113.1:1`),
    entry: fakeProgram,
  });
  assert.equal(await proxy.stop('SIGCONT'), 1);
  taken.close();
  const place = `Binding \\[.*cfg:\\d+\\] for frontend one: protocol tcpv4: cannot bind socket`;
  const used = `${place} \\(Address already in use\\) for \\[127\\.0\\.0\\.1:${port}\\]\\.`;
  const absent = `${place} \\(Cannot assign requested address\\) for \\[203\\.0\\.113\\.1:1\\]\\.`;
  assert.match(proxy.output, new RegExp(`\\[ALERT\\] +\\(\\d+\\) : ${used}`));
  assert.match(proxy.output, new RegExp(absent));
});

test('in the background: the starter leaves when the proxy serves, or with its status', async (context) => {
  const starter = startProxy(context, {
    config: config('one'),
    args: ['-D', '-p', '$folder/pid'],
    entry: fakeProgram,
  });
  assert.equal(await starter.exited, 0, starter.output);
  const pid = Number(readFileSync(join(starter.folder, 'pid'), 'utf8'));
  assert.notEqual(pid, starter.pid);
  assert.equal(Number((await whoServes(starter))[0]), pid);
  process.kill(pid, 'SIGTERM');
  await starter.stop();
  const failing = startProxy(context, { config: config('bad'), args: ['-D'], entry: fakeProgram });
  assert.equal(await failing.stop('SIGCONT'), 1);
  assert.match(failing.output, /this proxy is bad/);
});

test('the classic hand-over: -sf takes over an address that only one process can hold', async (context) => {
  const name = `hawser-test-${process.pid}`;
  const served = async (): Promise<string> => (await exchangeAbstract(name)).trim();
  const old = startProxy(context, {
    config: `${config('old')}${frontend('abstract', `abns@${name}`)}`,
    entry: fakeProgram,
  });
  await whoServes(old);
  assert.match(await served(), / abstract$/);
  const text = config('new', `abns@${name}`);
  const refused = startProxy(context, { config: text, entry: fakeProgram });
  assert.equal(await refused.stop('SIGCONT'), 1);
  assert.match(refused.output, /cannot bind UNIX socket \(already in use\)/);
  const args = ['-db', '-sf', String(old.pid)];
  const next = startProxy(context, { config: text, args, entry: fakeProgram });
  assert.equal(await old.exited, 0, old.output);
  assert.match(await served(), / new$/);
  await next.stop();
  await old.stop();
});

test('commands reach the process that their prefix names', async (context) => {
  const proxy = startMaster(context);
  const [pid] = await whoServes(proxy);
  await proxy.printed('Loading success.');
  const cases: [string, string][] = [
    ['@1 show info', `${pid} admin: show info\n\n`],
    [`@!${pid} show info; @master show version`, `${pid} admin: show info\n\n3.5-dev5\n\n`],
    ['@1; expert-mode on; debug it', `${pid} admin: expert-mode on -;debug it\n\n`],
    ['@@1 a; b', `${pid} admin: a; b\n\n`],
    ['operator; @1 x', `${pid} operator: x\n\n`],
    ['user; operator', 'Permission denied!\n\n'],
    ['user; reload', 'Permission denied\n\n'],
    ['@2 x', "Can't find the target PID matching the prefix '@2'\n"],
    ['@!1 x', "Can't find the target PID matching the prefix '@!1'\n"],
    ['@1 set map <<\na b\nc d\n\nshow version', `${pid} admin: set mapa b\nc d\n\n3.5-dev5\n\n`],
    ['set severity-output string; @1 x', `${pid} admin: set severity-output string -;x\n\n`],
    ['show proc wrong', "'show proc' only supports 'debug' as argument\n\n"],
    ['echo a\\;b', 'a\\;b\n\n'],
    ['quit; show version', ''],
  ];
  for (const [line, expected] of cases) {
    assert.equal(await command(proxy, line), expected, line);
  }
  assert.match(await command(proxy, 'nonsense'), /^Unknown command: 'nonsense'/);
  await proxy.stop();
});

test('an answer without end is passed on, until its client says something or leaves', async (context) => {
  const proxy = startMaster(context);
  await proxy.printed('Loading success.');
  const socket = connect(proxy.port('mcli'), '127.0.0.1').setEncoding('latin1');
  let text = '';
  let arrived = (): void => undefined;
  socket.on('data', (part: string) => {
    text += part;
    arrived();
  });
  const until = (what: string): Promise<void> =>
    new Promise((settle) => {
      arrived = () => {
        if (text.includes(what)) settle();
      };
      arrived();
    });
  socket.write('@1 endless\n');
  await until('begun\n');
  socket.write('show version\n');
  await proxy.printed('endless answer 1 was stopped');
  await until('3.5-dev5\n');
  socket.write('@1 endless\n');
  await until('begun\n3.5-dev5\n\nbegun\n');
  socket.destroy();
  await proxy.printed('endless answer 2 was stopped');
  await proxy.stop();
});
