// Reloads, crashes and stops of the whole program while clients ask: no request may fail. A few
// reloads here; test/torture/reloads.ts does hundreds.
import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('mcli'), `${line}\n`);

async function startOrigin(
  context: TestContext,
  answer: (response: ServerResponse) => void = (response) => response.end('hello'),
): Promise<number> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function config(origin: number): string {
  return `global
    nbthread 2
    maxconn 200
    user root
    chroot /
    hard-stop-after 10s
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 5s
frontend fe
    bind "${inherited('fe')}"
    default_backend be
backend be
    server s 127.0.0.1:${origin}
`;
}

const masterArgs = ['-W', '-S', inherited('mcli')];

/** Asks again and again until told to stop; each request on a connection of its own. */
class Client {
  answered = 0;
  readonly failures: string[] = [];
  private readonly port: number;
  private running = true;

  constructor(port: number) {
    this.port = port;
  }

  async run(): Promise<void> {
    while (this.running) {
      const answer = await this.ask().catch((fault: Error) => fault.message);
      if (/^HTTP\/1\.1 200 (?:.|\r|\n)*hello$/.test(answer)) this.answered++;
      else this.failures.push(answer);
    }
  }

  stop(): void {
    this.running = false;
  }

  private ask(): Promise<string> {
    return new Promise((settle, refuse) => {
      const socket = connect(this.port, '127.0.0.1');
      let answer = '';
      socket.on('error', refuse);
      socket.on('data', (part) => {
        answer += part.toString('latin1');
      });
      socket.on('close', () => settle(answer));
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    });
  }
}

test('reloads under load lose no request', async (context) => {
  const origin = await startOrigin(context);
  const proxy = startProxy(context, { config: config(origin), args: masterArgs });
  const clients = Array.from({ length: 4 }, () => new Client(proxy.port('fe')));
  const work = clients.map((client) => client.run());
  await proxy.printed('Loading success.');
  for (let reloads = 1; reloads <= 10; reloads++) {
    assert.match(await command(proxy, 'reload'), /^Success=1\n/);
  }
  for (const client of clients) client.stop();
  await Promise.all(work);
  assert.deepEqual(
    clients.flatMap(({ failures }) => failures),
    [],
  );
  for (const { answered } of clients) assert.ok(answered > 10, String(answered));
  assert.match(await command(proxy, 'show proc'), /master +10 \[failed: 0\]/);
  assert.equal(await proxy.stop(), 130);
});

test('after kill -9 of a worker the next one serves who waits', async (context) => {
  const origin = await startOrigin(context);
  const proxy = startProxy(context, { config: config(origin), args: masterArgs });
  await proxy.printed('Loading success.');
  const worker = async (): Promise<number> =>
    Number(/^(\d+) +worker/m.exec(await command(proxy, 'show proc'))?.[1] ?? 0);
  const first = await worker();
  process.kill(first, 'SIGKILL');
  await proxy.printed(`Current worker (${first}) exited with code 137`);
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => exchange(proxy.port('fe'), request)),
  );
  for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.notEqual(await worker(), first);
  assert.equal(await proxy.stop('SIGTERM'), 0);
});

test('a soft stop waits for the request under way', async (context) => {
  let release: () => void = () => undefined;
  let heard: () => void = () => undefined;
  const asked = new Promise<void>((settle) => {
    heard = settle;
  });
  const origin = await startOrigin(context, (response) => {
    release = () => response.end('late');
    heard();
  });
  const proxy = startProxy(context, { config: config(origin) });
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
  const answer = exchange(proxy.port('fe'), request);
  await asked;
  proxy.signal('SIGUSR1');
  release();
  assert.match(await answer, /late$/);
  assert.equal(await proxy.exited, 0, proxy.output);
});
