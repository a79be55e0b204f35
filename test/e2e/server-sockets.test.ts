// What sockets to servers and of listeners are made to be: through a SOCKS4 proxy, signed
// (RFC 2385), with another congestion control (manual 5.1 and 5.2).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_MD5SIG } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import { md5Signature } from '../../shared/sys/tcp-options.ts';
import { inherited, request, startProxy } from '../harness/proxy.ts';
import { answering, scripted } from '../harness/scripted.ts';

const head = `global
  log stdout format raw local0
  max-spread-checks 100ms
  stats socket "${inherited('cli')}"
defaults
  mode http
  log global
  option log-health-checks
  timeout client 20s
  timeout server 20s
  timeout connect 20s
`;
const page = answering('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi');
const get = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

interface SocksServer {
  readonly port: number;
  /** Requests as hexadecimal text. */
  readonly requests: string[];
}

/** A SOCKS4 proxy: `answer` instead of leading on, '' to close. */
async function socks(context: TestContext, answer?: string, pieces = 1): Promise<SocksServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((front) => {
    sockets.add(front);
    front.on('error', () => {});
    front.once('data', (bytes: Buffer) => {
      front.pause();
      requests.push(bytes.toString('hex'));
      if (answer === '') return void front.end();
      if (answer !== undefined) return void front.end(Buffer.from(answer, 'hex'));
      const back = connect(bytes.readUInt16BE(2), [...bytes.subarray(4, 8)].join('.'));
      sockets.add(back);
      back.on('error', () => front.destroy());
      back.once('connect', () => lead(front, back, pieces));
    });
  });
  context.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, requests };
}

/** Says yes, in as many pieces, and passes everything on. */
function lead(front: Socket, back: Socket, pieces: number): void {
  const yes = Buffer.from('005a000000000000', 'hex');
  front.setNoDelay(true);
  const say = (at: number): void => {
    if (at >= yes.length) {
      front.pipe(back);
      back.pipe(front);
      return;
    }
    const end = Math.min(yes.length, at + Math.ceil(yes.length / pieces));
    front.write(yes.subarray(at, end), () => setImmediate(say, end));
  };
  say(0);
}

const wanted = (port: number): string =>
  `0401${port.toString(16).padStart(4, '0')}7f000001${Buffer.from('HAProxy\0').toString('hex')}`;

test('socks4: traffic goes through the proxy, checks only with check-via-socks4', async (context) => {
  const port = await scripted(context, page);
  const [traffic, checks, slow] = [
    await socks(context),
    await socks(context),
    await socks(context, undefined, 8),
  ];
  const config = `${head}listen fe
  bind "${inherited('fe')}"
  server s 127.0.0.1:${port} socks4 127.0.0.1:${traffic.port} check inter 1h
listen both
  bind "${inherited('both')}"
  option httpchk
  server s 127.0.0.1:${port} socks4 127.0.0.1:${checks.port} check-via-socks4 check inter 1h
listen step
  bind "${inherited('step')}"
  option tcp-check
  tcp-check connect via-socks4
  tcp-check send "GET / HTTP/1.1\\r\\n\\r\\n"
  tcp-check expect string hi
  server s 127.0.0.1:${port} socks4 127.0.0.1:${slow.port} check inter 1h
`;
  const proxy = startProxy(context, { config });
  for (const name of ['fe', 'both', 'step']) {
    await proxy.printed(`check for server ${name}/s succeeded`);
    assert.match(await request(proxy.port(name), get), /^HTTP\/1.1 200 OK.*hi$/s, name);
  }
  assert.deepEqual(traffic.requests, [wanted(port)]);
  assert.deepEqual(checks.requests, [wanted(port), wanted(port)]);
  assert.deepEqual(slow.requests, [wanted(port), wanted(port)]);
});

test('a SOCKS4 proxy that refuses, leaves or talks nonsense: 503, and why', async (context) => {
  const port = await scripted(context, page);
  const refusals: readonly (readonly [name: string, answer: string, fault: string])[] = [
    ['deny', '005b000000000000', 'SOCKS4_DENY'],
    ['leave', '', 'SOCKS4_RECV'],
    ['cut', '005a00', 'SOCKS4_RECV'],
    ['nonsense', '485454502f312e31', 'SOCKS4_DENY'],
  ];
  const parts: string[] = [];
  for (const [name, answer] of refusals) {
    const proxy = await socks(context, answer);
    parts.push(`listen ${name}
  bind "${inherited(name)}"
  retries 0
  log-format "<%f %ST %ts %[bc_err_name]>"
  server s 127.0.0.1:${port} socks4 127.0.0.1:${proxy.port}
`);
  }
  const proxy = startProxy(context, { config: head + parts.join('') });
  for (const [name, , fault] of refusals) {
    assert.match(await request(proxy.port(name), get), /^HTTP\/1.1 503 /, name);
    await proxy.printed(`<${name} 503 SC ${fault}>`);
  }
});

/** Does this kernel sign segments? */
function signs(): boolean {
  const sys = linuxSys();
  const peer = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, peer);
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const value = md5Signature(peer.region.bytes.subarray(0, peer.length), 'key');
  const result = sys.setsockoptBytes(fd, IPPROTO_TCP, TCP_MD5SIG, value);
  sys.close(fd);
  return result === 0;
}

/** First port that nobody uses; the listener below binds it itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('tcp-md5sig: who has the key is served, who has another is not', {
  skip: signs() ? false : 'this kernel signs no segments',
}, async (context) => {
  const port = await freePort();
  const config = `${head}frontend signed
  bind 127.0.0.1:${port} tcp-md5sig secret cc reno
  http-request return status 200 content-type text/plain string signed
listen right
  bind "${inherited('right')}"
  server s 127.0.0.1:${port} tcp-md5sig secret cc reno
listen wrong
  bind "${inherited('wrong')}"
  retries 0
  timeout connect 300ms
  server s 127.0.0.1:${port} tcp-md5sig other cc nonesuch
`;
  const proxy = startProxy(context, { config });
  assert.match(await request(proxy.port('right'), get), /^HTTP\/1.1 200 OK.*signed$/s);
  assert.match(await request(proxy.port('wrong'), get), /^HTTP\/1.1 503 /);
});

test('a listener whose congestion control the kernel does not know is told', async (context) => {
  const port = await freePort();
  const config = `${head}frontend fe
  bind 127.0.0.1:${port} cc nonesuch
  http-request return status 200
`;
  const proxy = startProxy(context, { config });
  await proxy.printed("cannot set congestion control to 'nonesuch', (No such file or directory)");
  assert.match(await request(port, get), /^HTTP\/1.1 200 OK/);
});
