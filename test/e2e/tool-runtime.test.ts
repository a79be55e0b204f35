// The tool's `cli` and `logs` on a real master and worker, and by hand in a terminal.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { inherited, type Owner, type RunningProxy, request, startProxy } from '../harness/proxy.ts';
import { noTmux, Terminal } from '../harness/terminal.ts';
import { runTool } from '../harness/tool.ts';

const config = `global
  nbthread 1
  maxconn 100
  user root
  chroot /
  log ring@web local0
ring web
  format rfc3164
defaults
  mode http
  log global
  option httplog
  timeout client 600s
  timeout connect 5s
  timeout server 5s
frontend f
  bind "${inherited('f')}"
  http-request return status 404 if { path /none }
  http-request return status 503 if { path /busy }
  http-request return status 200
backend site
  server first 127.0.0.1:1
`;

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: tool\r\nConnection: close\r\n\r\n`;

async function startMaster(owner: Owner): Promise<RunningProxy> {
  const proxy = startProxy(owner, { config, args: ['-W', '-S', inherited('mcli')] });
  await proxy.printed('Loading success.');
  return proxy;
}

const socketOf = (proxy: RunningProxy): string[] => ['--socket', `127.0.0.1:${proxy.port('mcli')}`];

test('cli: at a master, commands of workers go to the current one', async (t) => {
  const proxy = await startMaster(t);
  const cli = (...words: string[]) => runTool(['cli', ...socketOf(proxy), ...words]);
  assert.match((await cli('show', 'info')).out, /^Name: HAProxy\n/);
  assert.match((await cli('show proc')).out, /^#<PID>/);
  assert.match((await cli('@1', 'show', 'servers', 'conn', 'site')).out, /^# bkname\/svname/);
  assert.match((await cli('help')).out, /show proc/);
  const unknown = await cli('show', 'nonsense');
  assert.equal(unknown.status, 1);
  assert.match(unknown.out, /^Unknown command: /);
  await proxy.stop();
});

test('cli: commands from standard input, one a line', async (t) => {
  const proxy = await startMaster(t);
  const many = await runTool(['cli', ...socketOf(proxy)], 'show version\n# no command\necho two\n');
  assert.equal(many.status, 0);
  assert.match(many.out, /^\S+\ntwo\n$/);
  await proxy.stop();
});

test('cli: what the proxy refuses has status 1, on a line of several commands too', async (t) => {
  const proxy = await startMaster(t);
  const cli = (...words: string[]) => runTool(['cli', ...socketOf(proxy), ...words]);
  const good = await cli('set', 'weight', 'site/first', '5');
  assert.deepEqual([good.status, good.out], [0, '']);
  for (const command of [
    'set weight site/first x',
    'disable server site/nobody',
    'show info; show table nobody',
    'show version; nonsense',
    '@9 show info',
    'show events nobody -w',
  ]) {
    const { status, out } = await cli(command);
    assert.equal(status, 1, command);
    assert.doesNotMatch(out, /\[\d\]: /, 'severities are ours');
  }
  const both = await cli('show info; show servers conn site');
  assert.equal(both.status, 0);
  assert.match(both.out, /\nsite\/first /);
  await proxy.stop();
});

test('cli: a payload on standard input belongs to its command', async (t) => {
  const proxy = await startMaster(t);
  const socket = socketOf(proxy);
  for (const [begin, end] of [
    ['<<', ''],
    ['<<END', 'END'],
  ]) {
    const input = `add map nowhere ${begin}\nshow info\n${end}\nshow version\n`;
    const { status, out } = await runTool(['cli', ...socket], input);
    assert.equal(status, 1);
    assert.match(out, /^Unknown map identifier\.[^\n]*\n\d\S*\n$/);
  }
  await proxy.stop();
});

test('a port where HTTP is spoken is told as such', async (t) => {
  const proxy = await startMaster(t);
  const socket = ['--socket', `127.0.0.1:${proxy.port('f')}`];
  for (const words of [['status'], ['cli', ...socket, 'show', 'info'], ['logs', '--list']]) {
    const { status, out, err } = await runTool([...words, ...(words.length > 2 ? [] : socket)]);
    assert.deepEqual([status, out], [3, '']);
    assert.match(err, /speaks HTTP, not the runtime API\n$/);
  }
  await proxy.stop();
});

test('logs: what a ring holds, by level and by pattern', async (t) => {
  const proxy = await startMaster(t);
  for (const path of ['/fine', '/none', '/busy']) await request(proxy.port('f'), get(path));
  const logs = (...words: string[]) => runTool(['logs', ...socketOf(proxy), ...words]);
  assert.deepEqual((await logs('--list')).out.trim().split('\n').toSorted(), ['buf0', 'web']);
  const whole = (await logs('--no-follow')).out.trim().split('\n');
  assert.equal(whole.length, 3);
  const some = (await logs('web', '--no-follow', '--grep', 'GET /(none|busy)')).out;
  assert.deepEqual(
    Array.from(some.matchAll(/"GET (\S+)/g), (found) => found[1]),
    ['/none', '/busy'],
  );
  const one = await logs('--no-follow', '--json', '--grep', 'fine');
  const line = JSON.parse(one.out) as { level: string; status: number };
  assert.deepEqual([line.level, line.status], ['info', 200]);
  assert.equal((await logs('--no-follow', '--level', 'err')).out, '');
  assert.equal((await logs('--no-follow', '--grep', '(')).status, 2);
  const none = await logs('elsewhere');
  assert.equal(none.status, 1);
  assert.match(none.err, /there is no ring 'elsewhere'; there are: .*web/);
  await proxy.stop();
});

test('logs: follows new lines, also those of the worker after a reload', async (t) => {
  const proxy = await startMaster(t);
  const entry = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [entry, 'logs', '--all', ...socketOf(proxy)]);
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  let arrived = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    arrived();
  });
  const until = (what: RegExp): Promise<void> =>
    new Promise((settle) => {
      arrived = () => {
        if (what.test(text)) settle();
      };
      arrived();
    });
  await request(proxy.port('f'), get('/one'));
  await until(/GET \/one /);
  await runTool(['reload', ...socketOf(proxy)]);
  await request(proxy.port('f'), get('/two'));
  await until(/GET \/two /);
  const gone = new Promise((settle) => child.once('exit', settle));
  await proxy.stop();
  assert.equal(await gone, 0);
  assert.equal(text.trim().split('\n').length, 2, text);
});

test('cli by hand: completion, history, what goes on and how it ends', {
  skip: noTmux,
}, async (t) => {
  const proxy = await startMaster(t);
  const terminal = new Terminal(t, ['cli', ...socketOf(proxy)], [100, 30]);
  await terminal.shows(/^master>$/m);
  // A tab that comes together with other keys would be pasted text.
  terminal.type('show servers con');
  await terminal.shows(/^master> show servers con$/m);
  terminal.type('Tab');
  await terminal.shows(/^master> show servers conn$/m);
  terminal.type('si');
  await terminal.shows(/conn si$/m);
  terminal.type('Tab');
  await terminal.shows(/conn site$/m);
  terminal.type('Enter');
  await terminal.shows(/^site\/first /m);
  terminal.type('show events web -w', 'Enter');
  await request(proxy.port('f'), get('/live'));
  await terminal.shows(/GET \/live /);
  terminal.type('C-c');
  await terminal.shows(/GET \/live [\s\S]*\nmaster>$/m);
  terminal.type('Up', 'Up');
  await terminal.shows(/^master> show servers conn site$/m);
  terminal.type('C-c');
  terminal.type('prompt', 'Enter');
  await terminal.shows(/^the prompt stays: .*\nmaster>$/m);
  terminal.type('show version; show servers conn site', 'Enter');
  await terminal.shows(
    /^master> show version;[^\n]*\n\d[^\n]*\n# bkname[\s\S]*\nsite\/first [^\n]*\nmaster>$/m,
  );
  terminal.type('C-d');
  await terminal.shows(/^status 0$/m);
  await proxy.stop();
});

test('logs in a terminal: errors are red, warnings yellow', {
  skip: noTmux,
}, async (t) => {
  const proxy = await startMaster(t);
  const terminal = new Terminal(t, ['logs', '--all', ...socketOf(proxy)], [160, 20]);
  for (const path of ['/busy', '/none', '/fine']) await request(proxy.port('f'), get(path));
  const screen = await terminal.shows(/GET \/fine/, true);
  assert.match(screen, /\x1b\[31m<134>[^\n]* 503 [^\n]*\n/);
  assert.match(screen, /\x1b\[33m<134>[^\n]* 404 /);
  assert.match(screen, /\n(?:\x1b\[39m)?<134>[^\n]* 200 /);
  await proxy.stop();
});

test('logs in a terminal: a ring without lines is said to be waited for', {
  skip: noTmux,
}, async (t) => {
  const proxy = await startMaster(t);
  const whole = new Terminal(t, ['logs', '--all', ...socketOf(proxy)], [160, 20]);
  await whole.shows(/^hawser: ring 'web': waiting for new lines; Ctrl-C ends$/m);
  const once = new Terminal(t, ['logs', '--no-follow', ...socketOf(proxy)], [160, 20]);
  await once.shows(/^hawser: ring 'web': it is empty$/m);
  await request(proxy.port('f'), get('/fine'));
  await whole.shows(/GET \/fine/);
  const fresh = new Terminal(t, ['logs', ...socketOf(proxy)], [160, 20]);
  await fresh.shows(/^hawser: ring 'web': waiting for new lines, --all shows those it holds/m);
  const script = await runTool(['logs', '--no-follow', ...socketOf(proxy)]);
  assert.match(script.out, /GET \/fine/);
  assert.equal(script.err, '');
  await proxy.stop();
});
