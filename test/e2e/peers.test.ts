// Peers over real sockets: with the haproxy on PATH in both directions and over all data types,
// among ourselves with and without TLS, over reloads, and next to a peer that dies in the middle of
// a message or talks nonsense.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0;
const withHaproxy = hasHaproxy ? {} : { skip: 'haproxy is not installed' };

const tables = `
    table s type string len 20 size 1k expire 10m store server_id,gpc0,gpc0_rate(1h),gpt0
    table i type ip size 1k expire 10m store conn_cnt,conn_rate(1h),sess_cnt,http_req_cnt,http_req_rate(1h)
    table n type integer size 1k store bytes_in_cnt,bytes_in_rate(1h),bytes_out_cnt,http_err_cnt,http_fail_cnt
    table x type ipv6 size 1k store gpc1,gpc1_rate(1h),http_err_rate(1h)
    table a type string len 8 size 1k store gpt(3),gpc(2),gpc_rate(2,1h)
`;

/** `others`: name and port of each peer but this one. */
function config(others: Readonly<Record<string, number>>, name: string, more = ''): string {
  const lines = Object.entries(others).map(
    ([other, port]) => `    server ${other} 127.0.0.1:${port}\n`,
  );
  return `global
    nbthread 1
    stats socket "${inherited('cli')}" level admin
${more}
defaults
    mode http
    timeout client 20s
    timeout server 20s
    timeout connect 5s
peers mesh
    log stdout format raw local0
    bind "${inherited('peers')}"
    server ${name}
${lines.join('')}${tables}
frontend fe
    bind "${inherited('fe')}"
    http-request track-sc0 path table mesh/s
    http-request sc-inc-gpc0(0)
    http-request return status 200
`;
}

interface Pair {
  readonly a: RunningProxy;
  readonly b: RunningProxy;
}

const commands = {
  hawser: {},
  haproxy: { command: ['haproxy'] },
} as const;
type Kind = keyof typeof commands;

/** Two that know each other: `b` is told where `a` listens, and `a` learns it the other way. */
function startPair(context: TestContext, kinds: readonly [Kind, Kind]): Pair {
  const args = ['-db', '-L'];
  // `a` cannot know the port of `b`: it waits for it to come.
  const a = startProxy(context, {
    config: config({ b: 1 }, 'a'),
    args: [...args, 'a'],
    ...commands[kinds[0]],
  });
  const b = startProxy(context, {
    config: config({ a: a.port('peers') }, 'b'),
    args: [...args, 'b'],
    ...commands[kinds[1]],
  });
  return { a, b };
}

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('cli'), `${line}\n`);

/** Asks until an answer has `text`: the runtime API tells nobody that something changed. */
async function shows(proxy: RunningProxy, line: string, text: RegExp): Promise<string> {
  const until = Date.now() + 60_000;
  for (;;) {
    const answer = await command(proxy, line);
    if (text.test(answer)) return answer;
    if (Date.now() > until) assert.match(answer, text, line);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function untilLearned(ask: (line: string) => Promise<string>): Promise<void> {
  const until = Date.now() + 60_000;
  while (!/id=mesh .*flags=0x[0-9a-f]*3 /.test(await ask('show peers'))) {
    assert.ok(Date.now() < until, 'nobody has taught it, and it still waits');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const settled: readonly (readonly [string, string, RegExp])[] = [
  [
    's key one data.server_id 3 data.gpc0 7 data.gpt0 9 data.gpc0_rate 11',
    's key one',
    /key=one .* server_id=3 gpt0=9 gpc0=7 gpc0_rate\(3600000\)=11\n/,
  ],
  [
    'i key 10.1.2.3 data.conn_cnt 5 data.http_req_cnt 4294967295 data.http_req_rate 6',
    'i key 10.1.2.3',
    /key=10\.1\.2\.3 .* conn_cnt=5 .* http_req_cnt=4294967295 http_req_rate\(3600000\)=6\n/,
  ],
  [
    'n key 4000000000 data.bytes_in_cnt 9876543210123 data.http_fail_cnt 2',
    'n key 4000000000',
    /key=4000000000 .* bytes_in_cnt=9876543210123 .* http_fail_cnt=2\n/,
  ],
  ['x key 2001:db8::7 data.gpc1 8', 'x key 2001:db8::7', /key=2001:db8::7 .* gpc1=8 /],
];

async function bothWays({ a, b }: Pair): Promise<void> {
  await shows(a, 'show peers', /id=b\(remote,active\).*last_status=ESTA/);
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    for (const [set] of settled) await command(from, `set table mesh/${set}`);
    for (const [, key, text] of settled) {
      await shows(to, `show table mesh/${key}`, text);
      await command(to, `clear table mesh/${key}`);
    }
  }
}

test(
  'with haproxy, which connects: every kind of key and data, both ways',
  withHaproxy,
  (context) => bothWays(startPair(context, ['hawser', 'haproxy'])),
);

test('with haproxy, which is connected to', withHaproxy, async (context) => {
  const { a, b } = startPair(context, ['haproxy', 'hawser']);
  await bothWays({ a, b });
  // Arrays and what rules count.
  await exchange(b.port('fe'), 'GET /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await shows(a, 'show table mesh/s', /key=\/path .* gpc0=1 /);
});

test('one that starts later is taught all there is', withHaproxy, async (context) => {
  for (const kinds of [
    ['haproxy', 'hawser'],
    ['hawser', 'haproxy'],
    ['hawser', 'hawser'],
  ] as const) {
    const args = ['-db', '-L'];
    const a = startProxy(context, {
      config: config({ b: 1 }, 'a'),
      args: [...args, 'a'],
      ...commands[kinds[0]],
    });
    for (let i = 0; i < 30; i++) await command(a, `set table mesh/s key k${i} data.gpc0 ${i}`);
    await command(a, 'set table mesh/a key list data.gpc0 1');
    // It counts as taught itself when nobody has taught it for a while.
    await untilLearned((line) => command(a, line));
    const b = startProxy(context, {
      config: config({ a: a.port('peers') }, 'b'),
      args: [...args, 'b'],
      ...commands[kinds[1]],
    });
    await shows(b, 'show table mesh/s', /used:30\n/);
    await shows(b, 'show table mesh/s key k29', / gpc0=29 /);
    await Promise.all([a.stop(), b.stop()]);
  }
});

test('a reload while peers are in sync loses nothing', async (context) => {
  const a = startProxy(context, {
    config: config({ b: 1 }, 'a'),
    args: ['-W', '-S', inherited('mcli'), '-L', 'a'],
  });
  const b = startProxy(context, {
    config: config({ a: a.port('peers') }, 'b'),
    args: ['-db', '-L', 'b'],
  });
  await a.printed('Loading success.');
  const get = (path: string): Promise<string> =>
    exchange(a.port('fe'), `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await get('/1');
  await shows(b, 'show table mesh/s', /key=\/1 .* gpc0=1 /);
  // A worker that has not learned everything leaves that to its successor, whose lesson overwrites.
  await untilLearned((line) => exchange(a.port('mcli'), `@1 ${line}\n`));
  const reload = exchange(a.port('mcli'), 'reload\n');
  for (let i = 0; i < 5; i++) await get('/2');
  assert.match(await reload, /Success=1/);
  for (let i = 0; i < 5; i++) await get('/2');
  await shows(b, 'show table mesh/s', /key=\/2 .* gpc0=10 /);
  const shown = await exchange(a.port('mcli'), '@1 show peers\n');
  assert.match(shown, /id=mesh .* flags=0x1000003 /, 'the new worker needs no lesson');
});

/** Sends bytes to the listener of peers; what came back when it hung up. */
function raw(port: number, bytes: Buffer, isCut = false): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    socket.on('data', (text: string) => {
      answer += text;
      if (isCut) socket.destroy();
    });
  });
}

test('strangers and broken peers are shown the door, and the others go on', async (context) => {
  const { a, b } = startPair(context, ['hawser', 'hawser']);
  await shows(a, 'show peers', /id=b\(remote,active\).*last_status=ESTA/);
  const port = a.port('peers');
  assert.match(a.output, /^Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(mesh\/PEERS\)$/m);
  assert.equal(await raw(port, Buffer.from('GET / HTTP/1.1\r\n\r\n')), '501\n');
  assert.equal(await raw(port, Buffer.from('HAProxyS 9.9\n')), '502\n');
  assert.equal(await raw(port, Buffer.from('HAProxyS 2.1\nz\nb 1 1\n')), '503\n');
  assert.equal(await raw(port, Buffer.from('HAProxyS 2.1\na\nz 1 1\n')), '504\n');
  const noise = Buffer.concat([Buffer.from('HAProxyS 2.1\na\nb 1 1\n'), Buffer.alloc(50, 0xff)]);
  assert.match(await raw(port, noise), /^200\n.*\x01\x00$/s);
  // The start of an update, and then nothing more for ever.
  const half = Buffer.from('HAProxyS 2.1\na\nb 1 1\n\x0a\x80\x30half', 'latin1');
  await raw(port, half, true);
  await shows(b, 'show peers', /id=a\(remote,active\).*last_status=ESTA/);
  await command(b, 'set table mesh/s key after data.gpc0 1');
  await shows(a, 'show table mesh/s', /key=after /);
  assert.match(await command(a, 'show info'), /ActivePeers: 1\nConnectedPeers: 1\n/);
});

/** A limit over the cluster: each counts for itself, and reads what all of them have counted. */
function aggregateConfig(others: Readonly<Record<string, number>>, name: string): string {
  return config(others, name)
    .replace(
      tables,
      '    table g type string len 20 size 1k expire 10m store gpc0,http_req_rate(1h) aggregate\n',
    )
    .replace(
      / {4}http-request track-sc0[\s\S]*$/,
      `    http-request track-sc0 path table mesh/g
    http-request sc-inc-gpc0(0)
    http-request return status 200 hdr x-own "%[sc0_get_gpc0]" hdr x-key "%[path,table_http_req_rate(mesh/g)]"
`,
    );
}

test('an aggregate table adds up what all peers have counted, and says only its own', async (context) => {
  const args = ['-db', '-L'];
  const a = startProxy(context, { config: aggregateConfig({ b: 1 }, 'a'), args: [...args, 'a'] });
  const b = startProxy(context, {
    config: aggregateConfig({ a: a.port('peers') }, 'b'),
    args: [...args, 'b'],
  });
  const ask = (proxy: RunningProxy): Promise<string> =>
    exchange(proxy.port('fe'), 'GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await shows(b, 'show peers', /id=a\(remote,active\).*last_status=ESTA/);
  for (const total of [1, 2, 3]) assert.match(await ask(a), new RegExp(`x-own: ${total}\r\n`));
  await shows(b, 'show table mesh/g@a', /key=\/x .* gpc0=3 http_req_rate\(3600000\)=3\n/);
  const answer = await ask(b);
  assert.match(answer, /x-own: 4\r\n/);
  assert.match(answer, /x-key: 4\r\n/);
  await shows(b, 'show table mesh/g', /key=\/x .* gpc0=1 http_req_rate\(3600000\)=1\n/);
  await shows(a, 'show table mesh/g@b', /key=\/x .* gpc0=1 /);
  assert.match(await ask(a), /x-own: 5\r\n/);
  // Its own share was not touched by what the other said.
  await shows(a, 'show table mesh/g', /key=\/x .* gpc0=4 /);
});
