// Health checks over idle connections of a server (manual 5.2, check-reuse-pool): which connection
// each request came over is what the server sees.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { inherited, type Owner, request, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { scripted } from '../harness/scripted.ts';

/** What came over which connection, in order: `1 check`, `2 client`. */
class Seen {
  readonly lines: string[] = [];
  readonly sockets: Socket[] = [];
  readonly connectionHeaders: (string | undefined)[] = [];
  private wake: () => void = () => {};

  note({ socket, url, headers }: IncomingMessage): void {
    if (!this.sockets.includes(socket)) this.sockets.push(socket);
    const kind = url === '/alive' ? 'check' : 'client';
    this.lines.push(`${this.sockets.indexOf(socket) + 1} ${kind}`);
    if (kind === 'check') this.connectionHeaders.push(headers.connection);
    this.wake();
  }

  async until(isThere: (lines: readonly string[]) => boolean): Promise<void> {
    while (!isThere(this.lines)) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Until so many checks have come. */
  checks(count: number): Promise<void> {
    return this.until((lines) => lines.filter((line) => line.endsWith('check')).length >= count);
  }
}

async function serve(owner: Owner, seen: Seen): Promise<number> {
  const server: Server = createServer((message, response) => {
    seen.note(message);
    response.end('fine');
  });
  server.keepAliveTimeout = 60_000;
  owner.after(async () => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Of HTTP, not of a machine that is late. */
const failures = /Socket error|Layer7 (invalid|wrong)/;

const hello = 'GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n';

/** A server at `port` that is checked as `words` say, behind a frontend. */
async function start(
  owner: Owner,
  port: number,
  words: string,
  { threads = 1, lines = ['http-reuse always'] as readonly string[] } = {},
): Promise<RunningProxy> {
  const config = `
global
  nbthread ${threads}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout check 5s
  option log-health-checks
frontend fe
  bind "${inherited('fe')}"
  default_backend be
backend be
  option httpchk GET /alive HTTP/1.1 h
  ${lines.join('\n  ')}
  server s 127.0.0.1:${port} check inter 200ms rise 1 fall 9 ${words}
`;
  return startProxy(owner, { config });
}

/** Asks until the connection of a check carried a request. */
async function askOverCheck(proxy: RunningProxy, seen: Seen): Promise<number> {
  for (;;) {
    assert.match(await request(proxy.port('fe'), hello), /^HTTP\/1\.1 200 /);
    const line = seen.lines.findLast((one) => one.endsWith('client')) ?? '';
    const connection = Number.parseInt(line, 10);
    const before = seen.lines.indexOf(`${connection} check`);
    if (before >= 0 && before < seen.lines.lastIndexOf(line)) return connection;
  }
}

for (const threads of [1, 2]) {
  test(`checks and traffic use each other's connections, threads: ${threads}`, async (owner) => {
    const seen = new Seen();
    const port = await serve(owner, seen);
    const proxy = await start(owner, port, 'check-reuse-pool', { threads });
    await seen.checks(3);
    assert.deepEqual(seen.lines.slice(0, 3), ['1 check', '1 check', '1 check']);
    // What a check left serves a client, and a check uses what the client left.
    const connection = await askOverCheck(proxy, seen);
    const at = seen.lines.lastIndexOf(`${connection} client`);
    await seen.until((lines) => lines.indexOf(`${connection} check`, at) > at);
    assert.deepEqual(new Set(seen.connectionHeaders), new Set([undefined]));
    assert.doesNotMatch(proxy.output, failures);
  });
}

for (const words of [
  'no-check-reuse-pool',
  'check-reuse-pool addr 127.0.0.1',
  'check-reuse-pool max-reuse 0',
  'check-reuse-pool pool-max-conn 0',
]) {
  test(`checks have connections of their own: ${words}`, async (owner) => {
    const seen = new Seen();
    await start(owner, await serve(owner, seen), words);
    await seen.checks(3);
    assert.deepEqual(seen.lines.slice(0, 3), ['1 check', '2 check', '3 check']);
  });
}

test('only connections of the name that checks say are used', async (owner) => {
  const seen = new Seen();
  const port = await serve(owner, seen);
  const words = (name: string): string =>
    `pool-conn-name str(a) check-reuse-pool check-pool-conn-name ${name}`;
  const same = await start(owner, port, words('a'));
  await seen.checks(1);
  await askOverCheck(same, seen);
  await same.stop();
  const others = new Seen();
  const other = await start(owner, await serve(owner, others), words('b'));
  for (let i = 2; i < 5; i++) {
    await others.checks(i);
    await request(other.port('fe'), hello);
  }
  const kinds = (kind: string): Set<string> =>
    new Set(others.lines.filter((line) => line.endsWith(kind)).map((line) => line.split(' ')[0]));
  assert.deepEqual(kinds('check'), new Set(['1']));
  assert.deepEqual(kinds('client'), new Set(['2']));
});

test('a connection that ends as a check uses it is no failure of the server', async (owner) => {
  let answered = 0;
  let broken = 0;
  let wake = (): void => {};
  const port = await scripted(owner, (socket) => {
    let requests = 0;
    socket.on('data', () => {
      if (++requests > 1) {
        broken++;
        socket.destroy();
        return;
      }
      answered++;
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      wake();
    });
  });
  const proxy = await start(owner, port, 'check-reuse-pool');
  while (answered < 4) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  assert.ok(broken >= 2);
  assert.doesNotMatch(proxy.output, failures);
});

test('what a server says of an idle connection is not taken for an answer', async (owner) => {
  let answered = 0;
  let wake = (): void => {};
  const port = await scripted(owner, (socket) => {
    socket.once('data', () => {
      answered++;
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n', () =>
        setImmediate(() => socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n')),
      );
      wake();
    });
  });
  const proxy = await start(owner, port, 'check-reuse-pool');
  while (answered < 4) {
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  assert.doesNotMatch(proxy.output, failures);
});
