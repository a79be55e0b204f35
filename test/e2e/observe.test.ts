// Health that follows traffic (manual 5.2, observe): errors of connections and of answers, over two
// threads; what each on-error mode makes of them; and the sentences and counters about it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

type Mood = 'ok' | 'failing' | 'refusing' | 'junk' | 'closing' | 'resetting' | 'silent';

interface Origin {
  readonly port: number;
  mood: Mood;
}

const answers: Readonly<Record<Mood, (socket: Socket) => void>> = {
  ok: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  failing: (socket) => socket.end('HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n'),
  refusing: (socket) => socket.end('HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n'),
  junk: (socket) => socket.end('junk and more of it\r\n\r\n'),
  closing: (socket) => socket.end(),
  resetting: (socket) => socket.resetAndDestroy(),
  silent: () => {},
};

async function origin(context: TestContext): Promise<Origin> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.once('data', () => answers[state.mood](socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const state: Origin = { port: (server.address() as AddressInfo).port, mood: 'ok' };
  return state;
}

function config(port: number, words: string, more = ''): string {
  return `global
    nbthread 2
    stats socket "${inherited('cli')}" level admin
defaults
    mode http
    retries 0
    timeout client 30s
    timeout server 300ms
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    default_backend be
backend be
    option httpchk
${more}
    server s 127.0.0.1:${port} ${words}
`;
}

async function ask(proxy: RunningProxy, count: number): Promise<string> {
  const get = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  let last = '';
  for (let i = 0; i < count; i++) last = await request(proxy.port('fe'), get);
  return last.slice(9, 12);
}

/** Columns of the server in `show stat`. */
async function shown(proxy: RunningProxy, ...names: readonly string[]): Promise<string> {
  const lines = (await exchange(proxy.port('cli'), 'show stat\n')).split('\n');
  const head = lines[0].slice(2).split(',');
  const row = lines.find((line) => line.startsWith('be,s,'))?.split(',') ?? [];
  return names.map((name) => row[head.indexOf(name)]).join(' ');
}

const kinds: readonly (readonly [Mood, string])[] = [
  ['failing', 'Wrong http response'],
  ['junk', 'Invalid http response (headers)'],
  ['closing', 'Close from server (http)'],
  ['silent', 'Read timeout (http)'],
];

for (const [mood, what] of kinds) {
  test(`mark-down after answers that are ${mood}`, async (context) => {
    const target = await origin(context);
    const words = 'check inter 1h observe layer7 error-limit 3 on-error mark-down';
    const proxy = startProxy(context, { config: config(target.port, words) });
    while ((await shown(proxy, 'check_status')) !== 'L7OK') await ask(proxy, 1);
    target.mood = 'refusing';
    await ask(proxy, 4);
    target.mood = mood;
    await ask(proxy, 2);
    target.mood = 'ok';
    assert.equal(await ask(proxy, 1), '200', 'good news in between');
    target.mood = mood;
    await ask(proxy, 2);
    assert.equal(await shown(proxy, 'status', 'hanafail'), 'UP 0');
    await ask(proxy, 1);
    const sentence = `Detected 3 consecutive errors, last one was: ${what}`;
    await proxy.printed(
      `Server be/s is DOWN, reason: Health analyze, info: "${sentence}". 0 active and 0 backup`,
    );
    assert.equal(await ask(proxy, 1), '503');
    const columns = ['status', 'chkfail', 'chkdown', 'hanafail', 'check_status'] as const;
    assert.equal(await shown(proxy, ...columns), 'DOWN 1 1 1 HANA');
    await proxy.stop();
  });
}

test('connections count on layer 4; fail-check takes as many as fall says', async (context) => {
  const target = await origin(context);
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  await once(closed, 'close');
  const words =
    `check addr 127.0.0.1 port ${target.port} inter 1h rise 1 fall 2 ` +
    'observe layer4 error-limit 2';
  const more = '    option log-health-checks';
  const proxy = startProxy(context, { config: config(port, words, more) });
  await proxy.printed('Health check for server be/s succeeded');
  await ask(proxy, 2);
  const info = 'Detected 2 consecutive errors, last one was: L4 unsuccessful connection';
  const failed = `Health check for server be/s failed, reason: Health analyze, info: "${info}"`;
  await proxy.printed(`${failed}, status: 1/2 UP.`);
  assert.equal(await shown(proxy, 'status'), 'UP 1/2');
  await ask(proxy, 2);
  await proxy.printed(`${failed}, status: 0/1 DOWN.`);
  await proxy.printed('Server be/s is DOWN. 0 active');
  await proxy.stop();
});

test('sudden-death leaves one failure; fastinter only asks sooner', async (context) => {
  const target = await origin(context);
  const words =
    'check inter 1h fastinter 50ms fall 9 rise 1 observe layer7 error-limit 2 ' +
    'on-error sudden-death';
  const proxy = startProxy(context, { config: config(target.port, words) });
  while ((await shown(proxy, 'check_status')) !== 'L7OK') await ask(proxy, 1);
  target.mood = 'failing';
  await ask(proxy, 2);
  await proxy.printed('Server be/s is DOWN, reason: Layer7 wrong status, code: 500');
  target.mood = 'ok';
  await proxy.stop();

  const quick = words.replace('sudden-death', 'fastinter').replace('fall 9', 'fall 1');
  const other = startProxy(context, { config: config(target.port, quick) });
  while ((await shown(other, 'check_status')) !== 'L7OK') await ask(other, 1);
  target.mood = 'failing';
  await ask(other, 2);
  await other.printed('Server be/s is DOWN, reason: Layer7 wrong status, code: 500');
  assert.equal(await shown(other, 'hanafail', 'chkfail'), '1 1');
  await other.stop();
});
