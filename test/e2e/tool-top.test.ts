// `hawser top` on a real proxy with real traffic: as text, as JSON, and live in a terminal.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { inherited, type Owner, type RunningProxy, request, startProxy } from '../harness/proxy.ts';
import { noTmux, Terminal } from '../harness/terminal.ts';
import { runTool } from '../harness/tool.ts';

const config = `global
  nbthread 1
  maxconn 100
  user root
  chroot /
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend web
  bind "${inherited('web')}"
  http-request return status 200 if { path /fine }
  use_backend lost if { path /lost }
  default_backend site
backend site
  server one 127.0.0.1:1
  server two 127.0.0.1:1 disabled
backend lost
`;

async function startMaster(owner: Owner): Promise<RunningProxy> {
  const proxy = startProxy(owner, { config, args: ['-W', '-S', inherited('mcli')] });
  await proxy.printed('Loading success.');
  return proxy;
}

const socketOf = (proxy: RunningProxy): string[] => ['--socket', `127.0.0.1:${proxy.port('mcli')}`];

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: top\r\nConnection: close\r\n\r\n`;

test('once, as text and as JSON', async (t) => {
  const proxy = await startMaster(t);
  const options = [...socketOf(proxy), '--interval', '0.1'];
  const { status, out } = await runTool(['top', '--once', ...options]);
  assert.equal(status, 0);
  const [title, ...lines] = out.trim().split('\n');
  assert.match(title, /NAME +STATE +REQ\/S +ERR\/S/);
  assert.deepEqual(
    lines.map((line) => line.slice(2).split(/ +/)[0]),
    ['web', 'site', 'site/one', 'site/two', 'lost'],
  );
  const servers = await runTool(['top', '--json', '--kind', 'server', ...options]);
  const told = JSON.parse(servers.out) as { servers: unknown; rows: { server: string }[] };
  assert.deepEqual(told.servers, { 'no check': 1, MAINT: 1 });
  assert.deepEqual(
    told.rows.map(({ server }) => server),
    ['one', 'two'],
  );
  assert.equal((await runTool(['top', '--sort', 'nonsense'])).status, 2);
  await proxy.stop();
});

test('live: traffic, sort, filter, size, and the end of it', { skip: noTmux }, async (t) => {
  const proxy = await startMaster(t);
  const options = [...socketOf(proxy), '--interval', '0.2'];
  const terminal = new Terminal(t, ['top', ...options], [110, 16]);
  await terminal.shows(/^> web +OPEN +0 +0 /m);
  let isOver = false;
  const traffic = (async () => {
    while (!isOver)
      for (const path of ['/fine', '/lost']) await request(proxy.port('web'), get(path));
  })();
  await terminal.shows(/^> web +OPEN +[1-9]/m);
  // A backend without servers fails in red.
  await terminal.shows(/lost(?:.*)\x1b\[31m +[1-9][\d.k]*/, true);
  isOver = true;
  await traffic;
  terminal.type('s');
  await terminal.shows(/^1-2 of 2 .* servers /m);
  terminal.type('/');
  await terminal.shows(/^\/_/m);
  terminal.type('maint');
  await terminal.shows(/^1|^\/maint_/m);
  terminal.type('Enter');
  const filtered = await terminal.shows(/^1-1 of 1 .* like maint/m);
  assert.match(filtered, /^ {2}site\/two +MAINT/m);
  terminal.resize(60, 9);
  const small = await terminal.shows(/^(?!.*SINCE)(?!.*QUEUE).*STATE.*$/m);
  assert.match(small, /^ {2}site\/two +MAINT/m);
  assert.equal(
    small.split('\n').findIndex((line) => line.startsWith('1-1 of 1')),
    8,
  );
  terminal.type('a', '?');
  await terminal.shows(/^ {2}q +leave$/m);
  terminal.type('q');
  await terminal.shows(/^status 0$/m);
  assert.doesNotMatch(terminal.screen(), /site\/two/, 'the screen is as it was');
  await proxy.stop();
});

test('live: a proxy that is gone is told, and top stays', { skip: noTmux }, async (t) => {
  const proxy = await startMaster(t);
  const terminal = new Terminal(t, ['top', ...socketOf(proxy), '--interval', '0.2'], [100, 12]);
  await terminal.shows(/^> web /m);
  await proxy.stop();
  await terminal.shows(/^cannot speak to .*: nobody listens there/m);
  terminal.type('q');
  await terminal.shows(/^status 0$/m);
});

const noHaproxy = spawnSync('haproxy', ['-v']).status === 0 ? false : 'haproxy is not installed';

test('HAProxy is understood too: status, top, cli', { skip: noHaproxy }, async (t) => {
  const text = config.replace('  http-request return status 200 if { path /fine }\n', '');
  const args = ['-W', '-db', '-S', inherited('mcli')];
  const proxy = startProxy(t, { config: text, args, command: ['haproxy'] });
  const socket = socketOf(proxy);
  // It listens before its worker is there.
  while ((await runTool(['status', ...socket])).status !== 0) {
    assert.equal(await Promise.race([proxy.exited, Promise.resolve(-1)]), -1, proxy.output);
  }
  const { out } = await runTool(['status', ...socket]);
  assert.match(out, /^serving \(version \d[\s\S]*\n *\d+ +master [\s\S]*\n *\d+ +serving /);
  const { out: table } = await runTool(['top', '--once', '--interval', '0.1', ...socket]);
  assert.match(table, /\n> web +OPEN [\s\S]*\n {2}site\/two +MAINT /);
  const { out: stat } = await runTool(['cli', ...socket, 'show', 'servers', 'conn', 'site']);
  assert.match(stat, /^# bkname\/svname/);
  await proxy.stop();
});
