// The rule do-resolve against a name server of the test: the manual's dynamic forward proxy, the
// cache of `hold valid`, names without an address, slow answers that hold nobody else up, and TCP.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { test } from 'node:test';
import { type NameServer, nameServer } from '../harness/name-server.ts';
import { origins } from '../harness/origins.ts';
import { inherited, type RunningProxy, request, startProxy } from '../harness/proxy.ts';

function config(names: NameServer, port: number, more = ''): string {
  return `global
    nbthread 2
    dns-accept-family ipv4,ipv6
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 10s
resolvers mydns
    nameserver one 127.0.0.1:${names.port}
    timeout retry 100ms
    resolve_retries 30
    hold valid 1h
frontend fe
    bind "${inherited('fe')}"
    http-request return status 200 if { path /alive }
    http-request do-resolve(txn.address,mydns,ipv4) hdr(Host),host_only
    http-request set-var(txn.again) var(txn.address)
    use_backend b_503 unless { var(txn.address) -m found }
    default_backend be
backend b_503
backend be
    http-request deny if { var(txn.address) -m ip 127.9.0.0/16 }
    http-request set-dst var(txn.address)
    http-request set-dst-port int(${port})
    server clear 0.0.0.0:0
${more}`;
}

async function get(proxy: RunningProxy, host: string, path = '/'): Promise<string> {
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const answer = await request(proxy.port('fe'), text);
  return /x-host: (\S+)/i.exec(answer)?.[1] ?? answer.split('\r\n')[0];
}

test('a forward proxy finds servers by the names of requests', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2');
  names.host('one.test', '127.0.0.1');
  names.host('two.test', '127.0.0.2');
  names.host('inside.test', '127.9.0.1');
  names.host('both.test', '127.0.0.1', '127.0.0.2', '::1');
  const proxy = startProxy(context, { config: config(names, port) });
  assert.equal(await get(proxy, 'one.test'), '127.0.0.1');
  assert.equal(await get(proxy, 'Two.Test:8080'), '127.0.0.2');
  assert.equal(await get(proxy, 'inside.test'), 'HTTP/1.1 403 Forbidden');
  assert.equal(await get(proxy, 'none.test'), 'HTTP/1.1 503 Service Unavailable');
  assert.equal(await get(proxy, 'a..b'), 'HTTP/1.1 503 Service Unavailable');
  const seen = new Set<string>();
  for (let i = 0; i < 8; i++) seen.add(await get(proxy, 'both.test'));
  assert.deepEqual([...seen].sort(), ['127.0.0.1', '127.0.0.2'], 'addresses take turns');
  assert.equal(names.count('both.test'), 1, 'asked once');
  await proxy.stop();
});

test('who waits for an answer holds up nobody, and goes on with it', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1');
  names.fail('slow.test', { isLost: true });
  const proxy = startProxy(context, { config: config(names, port) });
  assert.equal(await get(proxy, 'x', '/alive'), 'HTTP/1.1 200 OK');
  const asked = names.nextAsked('slow.test');
  const waiting = Array.from({ length: 20 }, () => get(proxy, 'slow.test'));
  await asked;
  assert.equal(await get(proxy, 'x', '/alive'), 'HTTP/1.1 200 OK');
  names.host('slow.test', '127.0.0.1');
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['127.0.0.1']));
  names.fail('lost.test', { isLost: true });
  assert.equal(await get(proxy, 'lost.test'), 'HTTP/1.1 503 Service Unavailable');
  await proxy.stop();
});

test('a client that leaves while it waits leaves nothing behind', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1');
  names.fail('slow.test', { isLost: true });
  const proxy = startProxy(context, { config: config(names, port) });
  const asked = names.nextAsked('slow.test');
  const socket = connect(proxy.port('fe'), '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: slow.test\r\n\r\n');
  await asked;
  socket.resetAndDestroy();
  names.host('slow.test', '127.0.0.1');
  assert.equal(await get(proxy, 'slow.test'), '127.0.0.1');
  await proxy.stop();
});

test('keep-alive requests on one connection have each their own name', async (context) => {
  const names = await nameServer(context);
  const port = await origins(context, '127.0.0.1', '127.0.0.2');
  names.host('one.test', '127.0.0.1');
  names.host('two.test', '127.0.0.2');
  const proxy = startProxy(context, { config: config(names, port) });
  const ask = (host: string, more = ''): string => `GET / HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
  const text = ask('one.test') + ask('two.test') + ask('one.test', 'Connection: close\r\n');
  const answer = await request(proxy.port('fe'), text);
  const found = [...answer.matchAll(/x-host: (\S+)/gi)].map(([, host]) => host);
  assert.deepEqual(found, ['127.0.0.1', '127.0.0.2', '127.0.0.1']);
  await proxy.stop();
});

test('a TCP session is led by what its rules look up, within inspect-delay', async (context) => {
  const names = await nameServer(context);
  const echo = createTcpServer((socket) => socket.end(`${socket.localAddress}\n`));
  echo.listen(0, '127.0.0.2');
  await once(echo, 'listening');
  context.after(() => echo.close());
  const { port } = echo.address() as AddressInfo;
  names.host('tcp.test', '127.0.0.2');
  const more = (name: string, host: string): string => `listen ${name}
    mode tcp
    bind "${inherited(name)}"
    tcp-request inspect-delay 20s
    tcp-request content do-resolve(txn.address,mydns,ipv4) str(${host})
    tcp-request content reject unless { var(txn.address) -m found }
    tcp-request content set-dst var(txn.address)
    tcp-request content set-dst-port int(${port})
    server clear 0.0.0.0:0
`;
  const text = more('tcp', 'tcp.test') + more('none', 'none.test');
  const proxy = startProxy(context, { config: config(names, 1, text) });
  const read = async (name: string): Promise<string> => {
    const socket = connect(proxy.port(name), '127.0.0.1');
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    await once(socket, 'close');
    return answer;
  };
  assert.equal(await read('tcp'), '127.0.0.2\n');
  assert.equal(await read('none'), '');
  await proxy.stop();
});
