// Where connections to servers come from: a fixed address, a range of ports, or an address lent
// from the client or a header (needs the rights of root, else those tests are skipped).

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inherited, type Owner, startProxy } from '../harness/proxy.ts';
import { openWire, startWireServer, type Wire, type WireServer } from '../harness/wire.ts';

const head = `global
  nbthread 1
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
`;

const request = 'GET / HTTP/1.1\r\nhost: a\r\nx-from: 127.0.0.77\r\nconnection: close\r\n\r\n';

/** First of `count` ports in a row that nobody uses. */
async function freePorts(count: number): Promise<number> {
  for (;;) {
    const servers = [createServer()];
    await listen(servers[0], 0);
    const low = (servers[0].address() as { port: number }).port;
    let free = low + count < 65_536;
    for (let i = 1; free && i < count; i++) {
      const server = createServer();
      servers.push(server);
      free = await listen(server, low + i);
    }
    for (const server of servers) server.close();
    if (free) return low;
  }
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<boolean> {
  return new Promise((settle) => {
    server.once('error', () => settle(false));
    server.listen(port, '127.0.0.1', () => settle(true));
  });
}

async function ask(owner: Owner, port: number, server: WireServer): Promise<Wire> {
  const client = openWire(owner, port).send(request);
  const back = await server.next();
  assert.ok(back.socket.remoteAddress); // remembered: a reset takes it away
  await back.head();
  back.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  assert.match(await client.rest(), /^HTTP\/1.1 200 /);
  return back;
}

test('source: address and ports of connections to servers', async (context) => {
  const server = await startWireServer(context);
  const low = await freePorts(3);
  const config = `${head}backend b1
  source 127.0.0.5
  http-reuse never
  server s 127.0.0.1:${server.port}
backend b2
  http-reuse never
  server s 127.0.0.1:${server.port} source 127.0.0.6:${low}-${low + 2}
frontend f1
  bind "${inherited('f1')}"
  default_backend b1
frontend f2
  bind "${inherited('f2')}"
  default_backend b2
`;
  const proxy = startProxy(context, { config });
  assert.equal((await ask(context, proxy.port('f1'), server)).socket.remoteAddress, '127.0.0.5');
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    const { socket } = await ask(context, proxy.port('f2'), server);
    assert.equal(socket.remoteAddress, '127.0.0.6');
    ports.add(socket.remotePort);
  }
  assert.deepEqual([...ports].sort(), [low, low + 1, low + 2]);
});

const isRoot = process.getuid?.() === 0;
const skip = isRoot ? false : 'only root may lend addresses';

test('source usesrc: an address that is somebody else’s', { skip }, async (context) => {
  const server = await startWireServer(context);
  const kinds = ['clientip', 'hdr_ip(x-from)', '127.0.0.88'];
  const parts = kinds.map(
    (kind, index) =>
      `listen l${index}\n  bind "${inherited(`l${index}`)}"\n  http-reuse always\n` +
      `  server s 127.0.0.1:${server.port} source 127.0.0.5 usesrc ${kind}\n`,
  );
  const proxy = startProxy(context, { config: head + parts.join('') });
  const wanted = ['127.0.0.1', '127.0.0.77', '127.0.0.88'];
  for (const [index, address] of wanted.entries()) {
    const { socket } = await ask(context, proxy.port(`l${index}`), server);
    assert.equal(socket.remoteAddress, address, kinds[index]);
  }
  // Another address is another connection: what is shared must look the same to the server.
  const client = openWire(context, proxy.port('l1'));
  client.send(request.replace('127.0.0.77', '127.0.0.78'));
  const other = await server.next();
  assert.equal(other.socket.remoteAddress, '127.0.0.78');
});

test('source interface: the device that connections leave by', { skip }, async (context) => {
  const server = await startWireServer(context);
  const config = `${head}listen there
  bind "${inherited('there')}"
  retries 0
  server s 127.0.0.1:${server.port} source 0.0.0.0 interface lo
listen nowhere
  bind "${inherited('nowhere')}"
  retries 0
  server s 127.0.0.1:${server.port} source 0.0.0.0 interface hawser-none
`;
  const proxy = startProxy(context, { config });
  assert.equal((await ask(context, proxy.port('there'), server)).socket.remoteAddress, '127.0.0.1');
  const client = openWire(context, proxy.port('nowhere')).send(request);
  assert.match(await client.rest(), /^HTTP\/1.1 503 /);
});
