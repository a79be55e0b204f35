// What brings clients back to their server, on real sockets: cookies made of servers' addresses and
// the commands about them, RDP cookies, and the header that tells a server its name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { openWire, startWireServer, type WireServer } from '../harness/wire.ts';

const head = `global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
defaults
  timeout client 10s
  timeout server 10s
  timeout connect 5s
`;

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('cli'), `${line}\n`);

const get = (proxy: RunningProxy, cookie: string): Promise<string> =>
  exchange(
    proxy.port('fe'),
    `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${cookie === '' ? '' : `Cookie: ${cookie}\r\n`}\r\n`,
  );

/** Name and cookie of every server, in order. */
async function cookies(proxy: RunningProxy): Promise<string[]> {
  const lines = (await command(proxy, 'show stat be 4 -1')).trim().split('\n');
  const column = lines[0].split(',').indexOf('cookie');
  return lines.slice(1).map((line) => `${line.split(',')[1]} ${line.split(',')[column]}`);
}

test('cookies made of addresses are those of the reference, and follow commands', async (owner) => {
  const proxy = startProxy(owner, {
    config: `${head}  mode http
backend be
  dynamic-cookie-key secret
  cookie SRV insert dynamic
  server s1 192.0.2.1:80
  server s2 192.0.2.1:81 cookie own
  server s3 [2001:db8::1]:8080
  server s4 unix@/tmp/nowhere
  server s5 0.0.0.0:80
  server s6 192.0.2.9
`,
  });
  // Recorded from HAProxy 3.5-dev5.
  assert.deepEqual(await cookies(proxy), [
    's1 10bc166ed718f551',
    's2 own',
    's3 56373849104e3f72',
    's4 ',
    's5 2a9b68a646ece30a',
    's6 505b3e7d631646ff',
  ]);
  await command(proxy, 'set dynamic-cookie-key backend be other');
  assert.deepEqual(await cookies(proxy), [
    's1 532a36a300ddaa2f',
    's2 own',
    's3 f483e7806f1cc088',
    's4 ',
    's5 fd38441b823f69c4',
    's6 11d295f3b6853cc4',
  ]);
  await command(proxy, 'disable dynamic-cookie backend be');
  assert.deepEqual(await cookies(proxy), ['s1 ', 's2 own', 's3 ', 's4 ', 's5 ', 's6 ']);
  await command(proxy, 'enable dynamic-cookie backend be');
  await command(proxy, 'set server be/s1 addr 192.0.2.7 port 90');
  assert.equal((await cookies(proxy))[0], 's1 715b58fa370fc3f7');
  await command(proxy, 'add server be/s9 192.0.2.10:80');
  assert.equal((await cookies(proxy))[6], 's9 e55866d7d2ae8de5');
  assert.match(await command(proxy, 'set dynamic-cookie-key backend be'), /String value expected/);
  assert.match(await command(proxy, 'enable dynamic-cookie backend none'), /No such backend/);
});

/** As long as the test runs. */
async function answerAll(server: WireServer, answer: string): Promise<void> {
  for (;;) {
    const wire = await server.next();
    await wire.head();
    wire.send(answer).finish();
  }
}

test('a cookie made of an address leads to it on every load balancer that knows the secret', async (owner) => {
  const servers = [await startWireServer(owner), await startWireServer(owner)];
  const lines = servers.map(({ port }, i) => `  server s${i} 127.0.0.1:${port}\n`);
  const start = (order: readonly string[]): RunningProxy =>
    startProxy(owner, {
      config: `${head}  mode http
frontend fe
  bind "${inherited('fe')}"
  http-response set-header X-From %s
  default_backend be
backend be
  balance roundrobin
  dynamic-cookie-key secret
  cookie SRV insert indirect dynamic
${order.join('')}`,
    });
  const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  for (const server of servers) {
    void answerAll(server, answer);
  }
  const one = start(lines);
  const other = start(lines.toReversed());
  const first = await get(one, '');
  const [, name] = /x-from: (s\d)/i.exec(first) ?? [];
  const [, cookie] = /set-cookie: (SRV=[0-9a-f]{16}); path/i.exec(first) ?? [];
  assert.ok(name !== undefined && cookie !== undefined, first);
  for (let i = 0; i < 4; i++) {
    const again = await get(other, cookie);
    assert.match(again, new RegExp(`x-from: (${name === 's0' ? 's0' : 's1'})`, 'i'));
    assert.doesNotMatch(again, /set-cookie/i);
  }
  await command(other, 'set dynamic-cookie-key backend be changed');
  assert.match(await get(other, cookie), /set-cookie: SRV=[0-9a-f]{16}/i);
});

test('an RDP cookie tells the server by its address and port', async (owner) => {
  const servers = [await startWireServer(owner), await startWireServer(owner)];
  const proxy = startProxy(owner, {
    config: `${head}  mode tcp
listen fe
  bind "${inherited('fe')}"
  tcp-request inspect-delay 10s
  tcp-request content accept if RDP_COOKIE
  persist rdp-cookie
  balance roundrobin
${servers.map(({ port }, i) => `  server s${i} 127.0.0.1:${port}\n`).join('')}`,
  });
  const address = 127 + 2 ** 24;
  for (let i = 0; i < 3; i++) {
    for (const server of servers) {
      const { port } = server;
      const swapped = ((port & 0xff) << 8) | (port >> 8);
      const text = `Cookie: msts=${address}.${swapped}.0000\r\n\x01\x00\x08\x00\x01\x00\x00\x00`;
      const wire = openWire(owner, proxy.port('fe'));
      const header = `\x03\x00\x00${String.fromCharCode(text.length + 11)}`;
      wire.send(`${header}${String.fromCharCode(text.length + 6)}\xe0\0\0\0\0\0${text}`);
      const accepted = await server.next();
      await accepted.until('msts=');
      wire.finish();
      accepted.finish();
    }
  }
});

test('http-send-name-header tells the server that is asked, also when it is the second', async (owner) => {
  const server = await startWireServer(owner);
  const proxy = startProxy(owner, {
    config: `${head}  mode http
listen fe
  bind "${inherited('fe')}"
  http-send-name-header X-Target
  balance first
  retries 1
  option redispatch 1
  server dead 127.0.0.1:1
  server alive 127.0.0.1:${server.port}
`,
  });
  const wire = openWire(owner, proxy.port('fe'));
  wire.send('GET / HTTP/1.1\r\nHost: x\r\nX-Target: forged\r\nx-target: twice\r\n\r\n');
  const accepted = await server.next();
  const request = await accepted.head();
  assert.deepEqual(request.match(/x-target: .*/gi), ['x-target: alive']);
});
