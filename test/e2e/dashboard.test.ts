// The live dashboard through a running proxy: who may see it, what its stream tells, changes of
// servers and who may not make them, viewers that do not read, and reloads.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { FullMessage, TickMessage } from '../../worker/dashboard/wire.ts';
import { column } from '../../worker/dashboard/wire.ts';
import { type EventStream, openEvents, type StreamEvent } from '../harness/event-stream.ts';
import { exchange, inherited, startProxy } from '../harness/proxy.ts';

const config = `global
  nbthread 2
  hard-stop-after 30s
  stats socket "${inherited('cli')}" level admin
defaults base
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend open
  bind "${inherited('open')}"
  stats uri /stats
  stats dashboard
  stats admin if TRUE
  http-request track-sc0 src table kept
  http-request return status 503 if { path /fail }
  default_backend be
frontend closed
  bind "${inherited('closed')}"
  stats uri /stats
  stats dashboard /ops
  stats auth ann:secret
  stats scope be
backend be
  server one 127.0.0.1:1
  server two 127.0.0.1:1
backend kept
  stick-table type ip size 100 expire 1m store http_req_rate(10s),http_req_cnt
`;

const get = (target: string, headers = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n${headers}\r\n`;

const account = { authorization: `Basic ${btoa('ann:secret')}` };

async function fullOf(stream: EventStream): Promise<FullMessage> {
  return JSON.parse((await stream.next(({ name }) => name === 'full')).data) as FullMessage;
}

/** As a browser does: the process that leaves may still take a connection, and sends it on. */
async function comeBack(port: number): Promise<readonly [EventStream, FullMessage]> {
  for (;;) {
    const stream = await openEvents(port, '/stats/live;events');
    const { name, data } = await stream.next();
    if (name === 'full') return [stream, JSON.parse(data) as FullMessage];
    assert.equal(name, 'leaving');
    await stream.ended;
  }
}

/** The first tick that `wanted` accepts. */
async function tickOf(
  stream: EventStream,
  wanted: (tick: TickMessage) => boolean,
): Promise<TickMessage> {
  const isIt = ({ name, data }: StreamEvent): boolean =>
    name === 'tick' && wanted(JSON.parse(data) as TickMessage);
  return JSON.parse((await stream.next(isIt)).data) as TickMessage;
}

test('the page is for those of the statistics page, and whole', async (owner) => {
  const proxy = startProxy(owner, { config });
  const page = await exchange(proxy.port('open'), get('/stats/live'));
  assert.match(page, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(page, /content-security-policy: default-src 'none'; script-src 'sha256-/);
  assert.match(page, /cache-control: no-store\r\n/);
  assert.match(page, /name="hawser-admin" content="yes"/);
  assert.ok(page.trimEnd().endsWith('</html>') || /<\/html>\r\n0\r\n\r\n$/.test(page));
  assert.match(page, /name="hawser-classic" content="\/stats"/);
  const classic = await exchange(proxy.port('open'), get('/stats'));
  assert.match(classic, /<a href="\/stats\/live">Live dashboard<\/a>/);
  const closed = proxy.port('closed');
  for (const target of ['/ops', '/ops;events']) {
    assert.match(await exchange(closed, get(target)), /^HTTP\/1\.1 401 [\s\S]*www-authenticate/);
  }
  const seen = await exchange(closed, get('/ops', `Authorization: ${account.authorization}\r\n`));
  assert.match(seen, /name="hawser-admin" content="no"/);
  assert.match(seen, /name="hawser-token" content=""/);
  assert.match(await exchange(closed, get('/opsx')), /^HTTP\/1\.1 503 /);
  await proxy.stop();
});

test('the stream tells what happens, within its scope', async (owner) => {
  const proxy = startProxy(owner, { config });
  const open = proxy.port('open');
  const stream = await openEvents(open, '/stats/live;events');
  assert.equal(stream.response.headers['content-type'], 'text/event-stream');
  const full = await fullOf(stream);
  assert.deepEqual(
    full.proxies.map(({ name }) => name),
    ['open', 'closed', 'be', 'kept'],
  );
  assert.equal(full.rows['2']['0'][column.status], 'no check');
  assert.deepEqual(
    full.loads.map(({ what }) => what),
    ['start'],
  );
  await exchange(open, get('/fail'));
  const tick = await tickOf(stream, ({ rows }) => Number(rows['0']?.['f'][column.total]) >= 1);
  assert.ok(Number(tick.rows['0']['f'][column.sessions]) >= 1);
  const { tables } = await tickOf(stream, (one) => (one.tables?.[0]?.rows.length ?? 0) > 0);
  assert.equal(tables![0].name, 'kept');
  assert.deepEqual(tables![0].columns, ['http_req_rate(10s)', 'http_req_cnt']);
  assert.equal(tables![0].rows[0][0], '127.0.0.1');
  const narrow = await openEvents(proxy.port('closed'), '/ops;events', account);
  const scoped = await fullOf(narrow);
  assert.deepEqual(
    scoped.proxies.map(({ name }) => name),
    ['be'],
  );
  assert.deepEqual(scoped.tables, []);
  narrow.close();
  stream.close();
  await proxy.stop();
});

test('who asks only for the head of the stream takes no place', async (owner) => {
  const one = config.replace('nbthread 2', 'nbthread 1');
  const proxy = startProxy(owner, { config: one });
  const open = proxy.port('open');
  const head = get('/stats/live;events').replace('GET', 'HEAD');
  // More than a thread has room for.
  for (let i = 0; i < 70; i++) assert.match(await exchange(open, head), /^HTTP\/1\.1 200 /);
  const stream = await openEvents(open, '/stats/live;events');
  await fullOf(stream);
  stream.close();
  await proxy.stop();
});

test('servers and backends that come at run time are shown, and may be changed', async (owner) => {
  const proxy = startProxy(owner, { config });
  const open = proxy.port('open');
  const cli = (line: string): Promise<string> => exchange(proxy.port('cli'), `${line}\n`);
  const stream = await openEvents(open, '/stats/live;events');
  const { token } = await fullOf(stream);
  assert.match(await cli('add server be/late 127.0.0.1:1'), /New server registered/);
  const { proxies, rows } = await fullOf(stream);
  const be = proxies[2];
  assert.deepEqual(
    be.servers.map(({ name }) => name),
    ['one', 'two', 'late'],
  );
  assert.equal(rows['2']['2'][column.status], 'MAINT');
  const ready = change(`s=late&action=ready&b=%23${be.id}`, `X-Hawser-Token: ${token}\r\n`);
  assert.match(await exchange(open, ready), /"outcome":"DONE"/);
  await tickOf(stream, (tick) => tick.rows['2']?.['2']?.[column.status] === 'no check');
  await cli('set server be/late state maint');
  await cli('del server be/late');
  const without = await fullOf(stream);
  assert.equal(without.proxies[2].servers.length, 2);
  assert.match(await cli('add backend fresh from base'), /New backend registered/);
  const fresh = await fullOf(stream);
  assert.equal(fresh.proxies[4].name, 'fresh');
  assert.equal(fresh.rows['4']['b'][column.status], 'UP');
  stream.close();
  await proxy.stop();
});

const change = (words: string, headers: string): string => {
  const length = `Content-Length: ${words.length}\r\n`;
  return `POST /stats/live HTTP/1.1\r\nHost: here\r\nConnection: close\r\n${length}${headers}\r\n${words}`;
};

test('changes need the token of the page, and are seen by all', async (owner) => {
  const proxy = startProxy(owner, { config });
  const open = proxy.port('open');
  const stream = await openEvents(open, '/stats/live;events');
  const { token, proxies } = await fullOf(stream);
  const { id } = proxies[2];
  const drain = `s=one&action=drain&b=%23${id}`;
  const own = `X-Hawser-Token: ${token}\r\n`;
  const refused = [
    '',
    'X-Hawser-Token: wrong\r\n',
    `${own}Origin: http://there\r\n`,
    `${own}Sec-Fetch-Site: cross-site\r\n`,
  ];
  for (const headers of refused) {
    const answer = await exchange(open, change(drain, headers));
    assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*"outcome":"DENY"/, headers);
  }
  const made = await exchange(open, change(drain, `${own}Origin: http://here\r\n`));
  assert.match(made, /^HTTP\/1\.1 200 [\s\S]*\{"outcome":"DONE"\}/);
  const texts: string[] = [];
  await tickOf(stream, ({ rows, events }) => {
    texts.push(...(events ?? []).map(({ text }) => text));
    return rows['2']?.['0']?.[column.status] === 'DRAIN';
  });
  assert.match(texts.join(), /Server be\/one .*drain/i);
  const csv = await exchange(open, get('/stats;csv'));
  assert.match(csv, /\nbe,one,.*,DRAIN,/);
  assert.match(await exchange(open, change(`action=drain&b=%23${id}`, own)), /"outcome":"NONE"/);
  stream.close();
  await proxy.stop();
});

test('a viewer that does not read ends with the timeout of clients, others go on', async (owner) => {
  const slow = config
    .replace('timeout client 5s', 'timeout client 500ms')
    .replace('nbthread 2', 'nbthread 2\n  tune.sndbuf.client 16k\n  log stdout format raw local0')
    .replace('stats uri', 'log global\n  option httplog\n  stats uri');
  // More than the buffers of the kernel hold.
  const many = Array.from({ length: 4000 }, (_, i) => `  server s${i} 127.0.0.1:1\n`).join('');
  const proxy = startProxy(owner, { config: `${slow}backend many\n${many}` });
  const open = proxy.port('open');
  const stream = await openEvents(open, '/stats/live;events');
  await fullOf(stream);
  const deaf = connect({ host: '127.0.0.1', port: open });
  deaf.on('error', () => undefined);
  deaf.pause();
  deaf.write(get('/stats/live;events').replace('close', 'keep-alive'));
  // The line of its end: not of the other one's, which is still there.
  await proxy.printed('"GET /stats/live;events HTTP/1.1"');
  // Longer than the timeout of clients, and still there.
  for (let ticks = 0; ticks < 3; ticks++) await tickOf(stream, () => true);
  deaf.destroy();
  stream.close();
  await proxy.stop();
});

test('a reload ends the stream at once; the next process goes on', async (owner) => {
  const args = ['-W', '-S', inherited('mcli')];
  const proxy = startProxy(owner, { config, args });
  await proxy.printed('Loading success.');
  const open = proxy.port('open');
  const stream = await openEvents(open, '/stats/live;events');
  const first = await fullOf(stream);
  proxy.configure(`${config}\nnonsense\n`);
  assert.match(await exchange(proxy.port('mcli'), 'reload\n'), /^Success=0/);
  const told = await tickOf(stream, ({ loads }) => loads !== undefined);
  assert.equal(told.loads?.at(-1)?.what, 'failed');
  assert.match(told.loads?.at(-1)?.detail ?? '', /nonsense/);
  proxy.configure(config);
  const ended = stream.ended;
  assert.match(await exchange(proxy.port('mcli'), 'reload\n'), /^Success=1/);
  await stream.next(({ name }) => name === 'leaving');
  assert.equal(await ended, true, 'the answer is whole');
  const [again, second] = await comeBack(open);
  assert.notEqual(second.process.pid, first.process.pid);
  assert.notEqual(second.token, first.token);
  assert.deepEqual(
    second.loads.map(({ what }) => what),
    ['start', 'failed', 'reload'],
  );
  await proxy.printed(`Former worker (${first.process.pid}) exited with code 0`);
  again.close();
  await proxy.stop('SIGTERM');
});

test('what cannot be is refused in words', async (owner) => {
  const wrong = config.replace('stats dashboard /ops', 'stats dashboard /stats');
  const proxy = startProxy(owner, { config: wrong });
  assert.equal(await proxy.exited, 1);
  assert.match(
    proxy.output,
    /\[\S+:\d+\] : 'stats dashboard' and 'stats uri' are both at '\/stats': give it a path/,
  );
});
