// The numbers of a day that tools read, without a tool: `show stat` and `show info` say what was
// sent, a server that refused has had its session, a failed exchange leaves nothing behind.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { exchange, inherited, request, startProxy } from '../../harness/proxy.ts';
import { countOf, Site, siteProgram, type StatRow } from '../../harness/site.ts';

const numbers = (row: StatRow | undefined, ...names: readonly string[]): number[] =>
  names.map((name) => Number(row?.[name]));

test('show stat and show info count what was sent', async (owner) => {
  const site = await Site.open(owner);
  const info = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(await site.command('show info'))?.[1]);
  const connectionsBefore = await info('CumConns');
  const requestsBefore = await info('CumReq');
  await site.day();
  const total = countOf(() => true);
  const rows = await site.stat();
  const front = rows.get('web/FRONTEND');
  const counted = ['stot', 'req_tot', 'h1req', 'h1_total_connections', 'h1_total_streams'];
  assert.deepEqual(numbers(front, ...counted), Array(5).fill(total));
  assert.deepEqual(numbers(front, 'dreq', 'ereq', 'scur'), [2, 1, 0]);
  assert.deepEqual(numbers(front, 'h1_open_connections', 'h1_open_streams'), [0, 0]);
  const back = rows.get('app/BACKEND');
  const sent = countOf(({ where }) => where.startsWith('app/'));
  const ofBack = ['stot', 'req_tot', 'lbtot', 'h1_total_connections', 'h1_total_streams'];
  assert.deepEqual(numbers(back, ...ofBack), [sent, sent, sent - 2, sent, sent]);
  assert.deepEqual(numbers(back, 'h1_open_connections', 'h1_open_streams'), [0, 0]);
  // A server has as many requests as it has answered, but a session for each attempt.
  const servers = ['one', 'two'].map((name) => numbers(rows.get(`app/${name}`), 'req_tot', 'stot'));
  const answered = countOf(({ where, state }) => where.startsWith('app/') && state === '--');
  assert.equal(servers[0][0] + servers[1][0], answered);
  assert.equal(servers[0][1] + servers[1][1], sent);
  const refused = rows.get('refused/closed');
  assert.deepEqual(numbers(refused, 'stot', 'rate_max', 'econ', 'req_tot'), [1, 1, 1, 0]);
  assert.ok(numbers(refused, 'lastsess')[0] >= 0 && numbers(refused, 'bin')[0] > 0);
  // Every look at the socket is a connection and a request of the process.
  const more = (await info('CumConns')) - connectionsBefore;
  assert.equal((await info('CumReq')) - requestsBefore, more);
  assert.ok((await info('CurrStreams')) >= 1);
  assert.equal((await info('CumStreams')) + 1, await info('CumStreams'));
  await site.proxy.stop();
});

test('the log of failures: counts of what remains, and letters of the cookie', async (owner) => {
  const site = await Site.open(owner);
  await site.day();
  const log = readFileSync(site.writeLog(), 'utf8');
  assert.match(
    log,
    / 502 \d+ - - SHNN 1\/1\/0\/0\/0 0\/0 \{\} "GET \/close\/9\/silent HTTP\/1\.1"\n/,
  );
  assert.match(
    log,
    / 502 \d+ - - PHNN 1\/1\/0\/0\/0 0\/0 \{\} "GET \/junk\/9\/babble HTTP\/1\.1"\n/,
  );
  assert.match(
    log,
    / 400 \d+ - - CHNN \d\/\d\/0\/0\/0 0\/0 \{\} "GET \/hold\/9\/left HTTP\/1\.1"\n/,
  );
  await site.proxy.stop();
});

test('who is asked for an account is answered, not denied; who is sent away has no status', async (owner) => {
  const config = `global
  log stdout format raw local0
  stats socket "${inherited('cli')}"
userlist people
  user ann insecure-password secret
defaults
  mode http
  log global
  option httplog
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend fe
  bind "${inherited('fe')}"
  http-request reject if { path /away }
  http-request auth unless { http_auth(people) }
  http-request return status 204
`;
  const proxy = startProxy(owner, { config, ...siteProgram });
  for (const account of ['ann:guess', 'ann:secret']) {
    const head = `Authorization: Basic ${btoa(account)}\r\nConnection: close\r\n`;
    await request(proxy.port('fe'), `GET /${account} HTTP/1.1\r\nHost: a\r\n${head}\r\n`);
  }
  await request(proxy.port('fe'), 'GET /away HTTP/1.1\r\nHost: a\r\n\r\n');
  await proxy.printed('GET /away ');
  assert.match(proxy.output, / 401 \d+ - - LR-- .* "GET \/ann:guess /);
  const csv = await exchange(proxy.port('cli'), 'show stat\n');
  const [head, row] = csv.split('\n').map((line) => line.replace('# ', '').split(','));
  const cell = (name: string): string | undefined => row?.[head?.indexOf(name) ?? -1];
  assert.deepEqual([cell('dreq'), cell('intercepted'), cell('hrsp_other')], ['1', '2', '1']);
  await proxy.stop();
});
