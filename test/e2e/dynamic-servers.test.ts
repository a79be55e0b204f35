// Servers that come and go while the process serves, over real sockets and with two threads: an
// added one gets traffic once it is enabled, by every algorithm; more than there was room for can
// join; one in use or named by the configuration stays; a deleted one leaves no trace.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

async function named(context: TestContext, name: string): Promise<number> {
  const server: Server = createServer((asked, reply) => {
    const answer = (): void => {
      reply.setHeader('x-server', name);
      reply.end();
    };
    if (asked.url === '/hold') held.push(answer);
    else answer();
    for (const seen of watchers.splice(0)) seen();
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Requests for /hold that wait for their answers; who wants to know of requests. */
const held: (() => void)[] = [];
const watchers: (() => void)[] = [];
const arrival = (): Promise<void> => new Promise((settle) => watchers.push(settle));

function config(balance: string, servers = ''): string {
  return `global
    nbthread 2
    user root
    chroot /
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    acl busy srv_sess_rate(be/named) gt 500
    default_backend be
backend be
    ${balance}
    default-server weight 7
    default-server name light weight 3
    server named 127.0.0.1:9 disabled
${servers}`;
}

async function ask(proxy: RunningProxy, line: string): Promise<string> {
  return (await exchange(proxy.port('cli'), `${line}\n`)).trimEnd();
}

const get = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;

async function servedBy(proxy: RunningProxy, path = '/'): Promise<string> {
  const answer = await request(proxy.port('fe'), get(path));
  return /x-server: (\w+)/i.exec(answer)?.[1] ?? answer.split('\r\n')[0];
}

/** The servers that answer as many requests as twice their number. */
async function serving(proxy: RunningProxy, count: number): Promise<string> {
  const names = new Set<string>();
  for (let i = 0; i < count * 2; i++) names.add(await servedBy(proxy, `/${i}`));
  return [...names].sort().join();
}

const unavailable = 'HTTP/1.1 503 Service Unavailable';

for (const balance of [
  'roundrobin',
  'leastconn',
  'first',
  'random',
  'uri\n    hash-type consistent',
]) {
  test(`a server joins, serves and leaves: balance ${balance.split('\n')[0]}`, async (context) => {
    const port = await named(context, 'a');
    const other = await named(context, 'b');
    const proxy = startProxy(context, { config: config(`balance ${balance}`) });
    assert.equal(await servedBy(proxy), unavailable);
    assert.equal(await ask(proxy, `add server be/s1 127.0.0.1:${port}`), 'New server registered.');
    assert.equal(await servedBy(proxy), unavailable, 'it begins in maintenance');
    await ask(proxy, 'enable server be/s1');
    assert.equal(await serving(proxy, 2), 'a');
    await ask(proxy, `add server be/s2 127.0.0.1:${other}; enable server be/s2`);
    assert.match(await serving(proxy, 20), balance === 'first' ? /^a$/ : /^a,b$/);
    assert.equal(
      await ask(proxy, 'del server be/s1'),
      'Only servers in maintenance mode can be deleted.',
    );
    await ask(proxy, 'disable server be/s1');
    assert.equal(await ask(proxy, 'wait 5s srv-removable be/s1'), 'Done.');
    assert.equal(await ask(proxy, 'del server be/s1'), 'Server deleted.');
    assert.equal(await serving(proxy, 4), 'b');
    assert.doesNotMatch(await ask(proxy, 'show stat'), /be,s1,/);
    assert.doesNotMatch(await ask(proxy, 'show servers state'), / s1 /);
    await proxy.stop();
  });
}

test('more servers join than there was room for, and their numbers begin anew', async (context) => {
  const port = await named(context, 'a');
  const proxy = startProxy(context, { config: config('balance roundrobin') });
  for (let i = 1; i <= 70; i++) {
    const line = `add server be/s${i} 127.0.0.1:${port}; enable server be/s${i}`;
    assert.match(await ask(proxy, line), /^New server registered\./);
  }
  for (let i = 0; i < 140; i++) assert.equal(await servedBy(proxy), 'a');
  const shown = await ask(proxy, 'show stat be 4 -1');
  const totals = [...shown.matchAll(/^be,s\d+,(?:[^,]*,){5}(\d+),/gm)].map(([, total]) => total);
  assert.equal(totals.length, 70);
  assert.deepEqual(new Set(totals), new Set(['2']), 'the rotation goes on over all of them');
  for (let i = 1; i <= 70; i++) {
    await ask(proxy, `disable server be/s${i}; wait 5s srv-removable be/s${i}`);
    assert.equal(await ask(proxy, `del server be/s${i}`), 'Server deleted.');
  }
  assert.equal(await servedBy(proxy), unavailable);
  for (let i = 1; i <= 40; i++) await ask(proxy, `add server be/s${i} 127.0.0.1:${port}`);
  await ask(proxy, 'enable server be/s40');
  assert.equal(await servedBy(proxy), 'a');
  assert.match(await ask(proxy, 'show stat be 4 -1'), /^be,s40,(?:[^,]*,){5}1,/m);
  assert.match(await ask(proxy, 'show servers state be'), /^3 be 41 s40 127\.0\.0\.1 2 0 /m);
  await proxy.stop();
});

test('a server in use, or that the configuration names, stays', async (context) => {
  const port = await named(context, 'a');
  const proxy = startProxy(context, { config: config('balance roundrobin') });
  assert.match(
    await ask(proxy, 'del server be/named'),
    /^This server cannot be removed at runtime/,
  );
  assert.match(await ask(proxy, 'wait 1s srv-removable be/named'), /^Failed\. This server cannot/);
  await ask(proxy, `add server be/s1 127.0.0.1:${port}; enable server be/s1`);
  const arrived = arrival();
  const waiting = servedBy(proxy, '/hold');
  await arrived;
  await ask(proxy, 'disable server be/s1');
  const busy = 'Server still has connections attached to it, cannot remove it.';
  assert.equal(await ask(proxy, 'del server be/s1'), busy);
  assert.equal(await ask(proxy, 'wait 20ms srv-removable be/s1'), `Wait delay expired. ${busy}`);
  const free = ask(proxy, 'wait 5s srv-removable be/s1; del server be/s1');
  for (const answer of held.splice(0)) answer();
  assert.equal(await waiting, 'a');
  assert.equal(await free, 'Done.\n\nServer deleted.');
  assert.equal(await ask(proxy, 'del server be/s1'), 'No such server.');
  await proxy.stop();
});

test('what a server starts from, and words that are refused', async (context) => {
  const proxy = startProxy(context, { config: config('balance roundrobin') });
  const weight = async (words: string): Promise<string> => {
    assert.equal(
      await ask(proxy, `add server be/x 127.0.0.1:1 ${words}`),
      'New server registered.',
    );
    const shown = await ask(proxy, 'get weight be/x');
    assert.equal(await ask(proxy, 'del server be/x'), 'Server deleted.');
    return shown;
  };
  assert.equal(await weight(''), '1 (initial 1)');
  assert.equal(await weight('from be:'), '7 (initial 7)');
  assert.equal(await weight('from srv:light'), '3 (initial 3)');
  assert.equal(await weight('from srv:be/named weight 9'), '9 (initial 9)');
  assert.equal(await ask(proxy, 'show default-server'), '* be\n  be/light');
  const refused: readonly (readonly [string, RegExp])[] = [
    ['be/', /^Require 'backend\/server'/],
    ['no/x 127.0.0.1:1', /^No such backend/],
    ['be/named 127.0.0.1:1', /^Already exists a server with the same name/],
    ['be/x', /expects <name> and <addr>\[:<port>\] as arguments/],
    ['be/x! 127.0.0.1:1', /character '!' is not permitted/],
    ['be/x 127.0.0.1:1 rice 3', /unknown keyword 'rice'; did you mean 'rise' maybe \?/],
    ['be/x 127.0.0.1:1 enabled', /'enabled' option is not accepted for dynamic server/],
    ['be/x 127.0.0.1:1 id 1', /server id 1 is already used by server 'named'/],
    ['be/x 127.0.0.1:1 ssl', /no CA file/],
    ['be/x 127.0.0.1:1 ssl verify none sni nothing', /unknown fetch method 'nothing'/],
    ['be/x 127.0.0.1:1 track named', /does not have any check nor agent enabled/],
    ['be/x 127.0.0.1:1 track gone', /unable to find required server 'gone'/],
  ];
  for (const [words, reason] of refused) {
    assert.match(await ask(proxy, `add server ${words}`), reason);
  }
  assert.doesNotMatch(await ask(proxy, 'show servers state'), / x /);
  assert.match(await ask(proxy, 'add server help'), /^List of keywords.*\nweight\n/s);
  await proxy.stop();
});

test('a server moves to another address, and gets another name', async (context) => {
  const port = await named(context, 'a');
  const other = await named(context, 'b');
  const servers = `    server s1 127.0.0.1:${port}\n`;
  const proxy = startProxy(context, { config: config('balance roundrobin', servers) });
  const set = (words: string): Promise<string> => ask(proxy, `set server be/s1 ${words}`);
  assert.equal(await servedBy(proxy), 'a');
  assert.equal(await set('addr 127.0.0.1'), 'nothing changed');
  assert.equal(await set('addr here'), "Invalid addr 'here'");
  assert.equal(
    await set(`addr 127.0.0.1 port ${other}`),
    `port changed from '${port}' to '${other}' by 'stats socket command'`,
  );
  assert.equal(await serving(proxy, 4), 'b');
  assert.equal(
    await set('addr ::1 port +2'),
    "IP changed from '127.0.0.1' to '::1', " +
      `port changed from '${other}' to '+2' by 'stats socket command'`,
  );
  assert.match(await set('name s9'), /^Server must be in maintenance mode/);
  await ask(proxy, 'disable server be/s1');
  assert.match(await set('name named'), /^A server with the same name already exists/);
  assert.equal(await set('name s9'), 'Server name updated.');
  assert.equal(await set(`addr 127.0.0.1 port ${port}`), 'No such server.');
  await ask(proxy, `set server be/s9 addr 127.0.0.1 port ${port}; enable server be/s9`);
  assert.equal(await servedBy(proxy), 'a');
  // The name that is free again is another server's, with numbers of its own.
  await ask(proxy, `add server be/s1 127.0.0.1:${other} weight 7; enable server be/s1`);
  assert.equal(await serving(proxy, 2), 'a,b');
  assert.match(await ask(proxy, 'show stat be 4 -1'), /^be,s1,(?:[^,]*,){5}2,/m);
  await proxy.stop();
});
