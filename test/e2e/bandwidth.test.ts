// Limits of bandwidth on real sockets: nothing is lost, and nothing is faster than allowed. How
// much slower it may be is the machine's business.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inherited, startProxy } from '../harness/proxy.ts';
import { openWire, startWireServer, type WireServer } from '../harness/wire.ts';

const body = 'x'.repeat(100_000);

const config = (port: number): string => `global
  nbthread 2
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 5s
backend rates
  stick-table type ip size 1k expire 1h store bytes_out_rate(1s)
listen fe
  bind "${inherited('fe')}"
  filter bwlim-out shared key src table rates limit 200k min-size 1k
  filter bwlim-out own default-limit 1m default-period 1s min-size 1k
  filter bwlim-in up default-limit 100k default-period 500ms
  http-request set-bandwidth-limit own limit 200k if { path /own }
  http-request set-bandwidth-limit shared if { path /shared }
  http-request set-bandwidth-limit up if { path /up }
  server s 127.0.0.1:${port}
`;

/** Answers each request with what it was sent, or with the body. */
async function serve(server: WireServer): Promise<void> {
  for (;;) {
    const wire = await server.next();
    void (async () => {
      const head = await wire.head();
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const answer = length > 0 ? await wire.bytes(length) : body;
      const lines = `HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\nconnection: close\r\n`;
      wire.send(`${lines}\r\n${answer}`).finish();
    })().catch(() => {}); // a connection that is not used any more
  }
}

test('payload is whole and takes its time', async (owner) => {
  const server = await startWireServer(owner);
  void serve(server);
  const proxy = startProxy(owner, { config: config(server.port) });
  const ask = async (path: string, payload = ''): Promise<number> => {
    const startMs = performance.now();
    const lines = `Host: x\r\nConnection: close\r\nContent-Length: ${payload.length}\r\n\r\n`;
    const method = payload === '' ? 'GET' : 'POST';
    const wire = openWire(owner, proxy.port('fe'));
    const answer = await wire.send(`${method} ${path} HTTP/1.1\r\n${lines}${payload}`).rest();
    assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4).length, 100_000, path);
    return performance.now() - startMs;
  };
  await ask('/');
  assert.ok((await ask('/own')) > 400);
  assert.ok((await ask('/up', body)) > 400);
  const startMs = performance.now();
  await Promise.all([ask('/shared'), ask('/shared'), ask('/shared')]);
  assert.ok(performance.now() - startMs > 1200, 'three streams share what one alone could have');
});
