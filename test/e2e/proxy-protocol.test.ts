// The PROXY protocol on real sockets: what clients say first, what servers get first, and what is
// done about headers that are none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scripted } from '../harness/scripted.ts';
import { Endpoint } from '../../worker/conn/endpoint.ts';
import { proxyBlock, tlvBytes } from '../../worker/conn/proxy-header.ts';
import { converse } from '../harness/clear-client.ts';
import { startOrigin } from '../harness/origin.ts';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';

const head = `global
  nbthread 1
  log stderr format raw local0
defaults
  mode http
  log global
  timeout client 5s
  timeout server 5s
  timeout connect 5s
`;

const echo = `  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"\n`;

function startEcho(owner: Owner, bind: string, lines = echo, defaults = ''): RunningProxy {
  const config = `${head}${defaults}frontend fe\n  bind "${inherited('fe')}" name in ${bind}\n${lines}`;
  return startProxy(owner, { config });
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const body = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4);

function end(address: number, port: number): Endpoint {
  const made = new Endpoint();
  made.setIpv4(address, port);
  return made;
}

const source = end(0x01020304, 1111);
const destination = end(0x05060708, 2222);
const block = (after = ''): string =>
  proxyBlock(source, destination, { before: '', after, crc32c: false });

test('a header replaces the addresses of the session, whole or in pieces', async (context) => {
  const proxy = startEcho(context, 'accept-proxy');
  const port = proxy.port('fe');
  const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n';
  const expected = '1.2.3.4:1111 5.6.7.8:2222';
  assert.equal(body(await converse(port, [line + request])), expected);
  assert.equal(body(await converse(port, [...(line + request)])), expected);
  assert.equal(body(await converse(port, [block() + request])), expected);
  assert.equal(body(await converse(port, [...block(tlvBytes(2, 'a')), request])), expected);
  const six = 'PROXY TCP6 2001:db8::1 ::1 1 65535\r\n';
  assert.equal(body(await converse(port, [six + request])), '2001:db8::1:1 ::1:65535');
});

test('a header without addresses leaves those of the connection', async (context) => {
  const proxy = startEcho(context, 'accept-proxy');
  const port = proxy.port('fe');
  const local = '\r\n\r\n\0\r\nQUIT\n\x20\0\0\0';
  for (const header of ['PROXY UNKNOWN\r\n', local]) {
    const text = body(await converse(port, [header + request]));
    assert.match(text, new RegExp(`^127\\.0\\.0\\.1:\\d+ 127\\.0\\.0\\.1:${port}$`));
  }
});

test('what is no header closes the connection and is logged', async (context) => {
  const proxy = startEcho(context, 'accept-proxy');
  const port = proxy.port('fe');
  const cases = [
    [request, 'Received something which does not look like a PROXY protocol header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1111 x\r\n', 'Received an invalid PROXY protocol header'],
    ['PROXY SCTP 1 2 3 4\r\n', 'Received an unhandled protocol in the PROXY protocol header'],
  ];
  for (const [said, reason] of cases) {
    assert.equal(await converse(port, [said]), '');
    await proxy.printed(`fe/in: ${reason}`);
  }
  assert.equal(await converse(port, ['PROXY TCP4 1.2'], true), '');
  await proxy.printed('fe/in: Truncated PROXY protocol header received');
  assert.equal(await converse(port, [], true), '');
  await proxy.printed('fe/in: Connection closed while waiting for PROXY protocol header');
  assert.match(
    proxy.output,
    /127\.0\.0\.1:\d+ \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] fe\/in: /,
  );
});

test('a client that never sends its header is closed after timeout client', async (context) => {
  const proxy = startEcho(context, 'accept-proxy', echo, '  timeout client 50ms\n');
  assert.equal(await converse(proxy.port('fe'), ['PROXY ']), '');
  await proxy.printed('fe/in: Timeout while waiting for PROXY protocol header');
});

test('tcp-request connection expect-proxy asks for a header by rule', async (context) => {
  const rule = '  tcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }\n';
  const proxy = startEcho(context, '', rule + echo);
  const text = body(await converse(proxy.port('fe'), [block() + request]));
  assert.equal(text, '1.2.3.4:1111 5.6.7.8:2222');
});

test('rules of the session see the addresses of the header, those of the connection do not', async (context) => {
  const lines = `  tcp-request connection reject if { src 1.2.3.4 }
  tcp-request session reject if { src 9.9.9.9 }
`;
  const proxy = startEcho(context, 'accept-proxy', lines + echo);
  const port = proxy.port('fe');
  const seen = body(await converse(port, [block() + request]));
  assert.equal(seen, '1.2.3.4:1111 5.6.7.8:2222');
  const rejected = 'PROXY TCP4 9.9.9.9 5.6.7.8 1111 2222\r\n';
  assert.equal(await converse(port, [rejected + request]), '');
});

test('in TCP mode what follows the header reaches the server', async (context) => {
  const origin = await startOrigin(context, (heard) => (heard === 'hello' ? 'welcome' : null));
  const config = `${head}listen l
  mode tcp
  bind "${inherited('fe')}" accept-proxy
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.len ge 5 }
  server s 127.0.0.1:${origin.port} send-proxy
`;
  const quiet = config.replace(' send-proxy', '');
  const proxy = startProxy(context, { config: quiet });
  const answer = await converse(
    proxy.port('fe'),
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nhello'],
    true,
  );
  assert.equal(answer, 'welcome');
  assert.deepEqual(origin.heard, ['hello']);
});

async function throughServer(context: Owner, words: string, header: string): Promise<string[]> {
  const origin = await startOrigin(context);
  const config = `${head}listen l
  bind "${inherited('fe')}" accept-proxy
  unique-id-format ID-%[src]
  server s 127.0.0.1:${origin.port} ${words}
`;
  const proxy = startProxy(context, { config });
  assert.match(await converse(proxy.port('fe'), [header + request]), /^HTTP\/1.1 200 /);
  return origin.heard;
}

test('a server gets a header of the version asked for', async (context) => {
  const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n';
  const cases: readonly (readonly [string, string])[] = [
    ['send-proxy', line],
    ['send-proxy-v2', block()],
    ['send-proxy-v2 proxy-v2-options unique-id', block(tlvBytes(5, 'ID-1.2.3.4'))],
    ['send-proxy-v2 proxy-v2-options authority', block(tlvBytes(2, 'host.example'))],
    [
      'send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[src] set-proxy-v2-tlv-fmt(226)',
      proxyBlock(source, destination, {
        before: tlvBytes(0xe1, '1.2.3.4') + tlvBytes(0xe2, ''),
        after: '',
        crc32c: false,
      }),
    ],
    ['send-proxy-v2-ssl-cn', block(tlvBytes(0x20, '\0\0\0\0\0'))],
    [
      'send-proxy-v2 proxy-v2-options crc32c',
      proxyBlock(source, destination, { before: '', after: '', crc32c: true }),
    ],
  ];
  for (const [words, expected] of cases) {
    const [heard] = await throughServer(context, words, block(tlvBytes(2, 'host.example')));
    assert.ok(
      heard.startsWith(`${expected}GET / HTTP/1.1\r\n`),
      `${words}: ${JSON.stringify(heard)}`,
    );
  }
});

test('connections to a server are shared by clients with equal headers only', async (context) => {
  const origin = await startOrigin(context);
  const config = `${head}listen l
  bind "${inherited('fe')}" accept-proxy
  http-reuse always
  server s 127.0.0.1:${origin.port} send-proxy
`;
  const proxy = startProxy(context, { config });
  const port = proxy.port('fe');
  const from = (client: string): string => `PROXY TCP4 ${client} 5.6.7.8 1 2\r\n`;
  for (const client of ['1.1.1.1', '2.2.2.2', '1.1.1.1', '2.2.2.2']) {
    assert.match(await converse(port, [from(client) + request]), / 200 /);
  }
  assert.equal(origin.heard.length, 2);
  assert.ok(origin.heard[0].startsWith(from('1.1.1.1')));
  assert.ok(origin.heard[1].startsWith(from('2.2.2.2')));
});

/** A NetScaler's header in its older layout: 192.0.2.1:4660 to 192.0.2.2:80. */
const clientIp = Buffer.from(
  '000003e9' + '00000028' + '450000280000000040060000' + 'c0000201c0000202' + '12340050',
  'hex',
)
  .toString('latin1')
  .concat('\0'.repeat(16));

test("a NetScaler's header replaces the addresses of the session", async (context) => {
  const proxy = startEcho(context, 'accept-netscaler-cip 1001');
  const port = proxy.port('fe');
  const expected = '192.0.2.1:4660 192.0.2.2:80';
  assert.equal(body(await converse(port, [clientIp + request])), expected);
  assert.equal(body(await converse(port, [...clientIp, request])), expected);
  assert.equal(await converse(port, [request]), '');
  await proxy.printed('fe/in: Received an invalid NetScaler Client IP magic number');
  assert.equal(await converse(port, [clientIp.slice(0, 30)], true), '');
  await proxy.printed('fe/in: Truncated NetScaler Client IP header received');
});

test("a NetScaler's header stands in front of a PROXY header", async (context) => {
  const rules = `  tcp-request connection expect-netscaler-cip layer4 if { src 127.0.0.0/8 }\n${echo}`;
  const proxy = startEcho(context, 'accept-netscaler-cip 1001 accept-proxy', rules);
  const line = 'PROXY TCP4 1.2.3.4 5.6.7.8 1111 2222\r\n';
  const answer = await converse(proxy.port('fe'), [clientIp + line + request]);
  assert.equal(body(answer), '1.2.3.4:1111 5.6.7.8:2222');
});

test('pp2-never-send-local: checks show the addresses of their own connection', async (context) => {
  for (const [option, wanted] of [
    ['', /^0d0a0d0a000d0a515549540a20000000/],
    ['pp2-never-send-local', /^0d0a0d0a000d0a515549540a2111000c7f0000017f000001(.{8})/],
  ] as const) {
    let told: (hex: string) => void = () => {};
    const heard = new Promise<string>((settle) => {
      told = settle;
    });
    const port = await scripted(context, (socket) => {
      socket.once('data', (bytes: Buffer) => {
        told(`${bytes.toString('hex')} ${socket.remotePort}`);
        socket.write('seen');
      });
    });
    const config = `global
  max-spread-checks 10ms
  stats socket "${inherited('cli')}"
  ${option}
defaults
  timeout connect 20s
  timeout server 20s
backend b
  option tcp-check
  # A check that only connects is reset before anybody can ask who it was.
  tcp-check expect string seen
  server s 127.0.0.1:${port} send-proxy-v2 check
`;
    startProxy(context, { config });
    const text = await heard;
    assert.match(text, wanted);
    const ports = wanted.exec(text)?.[1];
    if (ports === undefined) continue;
    const [own, other] = [ports.slice(0, 4), ports.slice(4)].map((hex) => Number.parseInt(hex, 16));
    assert.deepEqual([`${own}`, other], [text.split(' ')[1], port]);
  }
});
