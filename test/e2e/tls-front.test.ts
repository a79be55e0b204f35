// TLS towards clients on real sockets, with node:tls as the client: certificates by name, ALPN,
// client certificates, resumption on other threads, bodies in both directions, and what goes wrong.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { certificateFolder } from '../harness/certificate-files.ts';
import { clientKeyPem, clientPem, revokedKeyPem, revokedPem } from '../harness/certificates.ts';
import { startOrigin } from '../harness/origin.ts';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { openTls, readAll, requestTls } from '../harness/tls-client.ts';

const head = (threads = 1): string => `global
  nbthread ${threads}
  log stderr format raw local0
defaults
  mode http
  log global
  timeout client 5s
  timeout server 5s
  timeout connect 5s
`;

const hello = '  http-request return status 200 content-type text/plain string hello\n';

function startFront(owner: Owner, words: string, lines = hello, threads = 1): RunningProxy {
  const folder = certificateFolder(owner);
  const resolved = words.replaceAll('$pem', folder);
  const config = `${head(threads)}frontend fe\n  bind "${inherited('fe')}" name in ssl ${resolved}\n${lines}`;
  return startProxy(owner, { config });
}

const request = 'GET / HTTP/1.1\r\nHost: first.example\r\nConnection: close\r\n\r\n';

async function commonName(port: number, options: ConnectionOptions): Promise<string> {
  const socket = await openTls(port, { rejectUnauthorized: false, ...options });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

test('an answer over TLS', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem');
  const answer = await requestTls(proxy.port('fe'), request);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*\r\nhello$/);
});

test('the server name chooses the certificate, the first one is for all others', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem crt $pem/second.pem');
  const port = proxy.port('fe');
  const names = ['first.example', 'second.example', 'a.wild.example', 'nobody.example', ''];
  const chosen = [];
  for (const servername of names) chosen.push(await commonName(port, { servername }));
  const [first, second] = ['first.example', 'second.example'];
  assert.deepEqual(chosen, [first, second, first, first, first]);
});

test('strict-sni refuses names without a certificate', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem strict-sni');
  const port = proxy.port('fe');
  assert.equal(await commonName(port, { servername: 'first.example' }), 'first.example');
  await assert.rejects(openTls(port, { servername: 'nobody.example' }));
  await proxy.printed('fe/in: SSL handshake failure (error:');
});

test('ALPN is what both sides speak, by the order of the line', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem alpn http/1.1,h2');
  const cases: readonly (readonly [string[], string | false])[] = [
    [['h2', 'http/1.1'], 'http/1.1'],
    [['http/1.1'], 'http/1.1'],
    [['h2'], 'h2'],
    [['other'], false],
    [[], false],
  ];
  for (const [ALPNProtocols, expected] of cases) {
    const socket = await openTls(proxy.port('fe'), { ALPNProtocols });
    assert.equal(socket.alpnProtocol, expected, ALPNProtocols.join());
    socket.destroy();
  }
});

test('HTTP lines offer h2 and http/1.1 by themselves, unless no-alpn says otherwise', async (context) => {
  for (const [words, expected] of [
    ['', 'h2'],
    ['proto h1', 'http/1.1'],
    ['no-alpn', false],
  ] as const) {
    const proxy = startFront(context, `crt $pem/first.pem ${words}`);
    const socket = await openTls(proxy.port('fe'), { ALPNProtocols: ['http/1.1', 'h2'] });
    assert.equal(socket.alpnProtocol, expected, words);
    socket.destroy();
  }
});

test('protocol versions and ciphers keep to the limits of the line', async (context) => {
  const words = 'crt $pem/rsa.pem ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256';
  const proxy = startFront(context, words);
  const socket = await openTls(proxy.port('fe'));
  assert.equal(socket.getProtocol(), 'TLSv1.2');
  assert.equal(socket.getCipher().name, 'ECDHE-RSA-AES128-GCM-SHA256');
  socket.destroy();
  await assert.rejects(openTls(proxy.port('fe'), { minVersion: 'TLSv1.3' }));
});

test('client certificates: asked for, verified, refused with a reason', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem verify required ca-file $pem/ca.pem');
  const port = proxy.port('fe');
  const own = { cert: clientPem, key: clientKeyPem };
  assert.match(await requestTls(port, request, own), /hello$/);
  assert.equal(await requestTls(port, request).catch(() => ''), '');
  await proxy.printed('fe/in: SSL handshake failure (error:');
});

test('an optional client certificate may be missing', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem verify optional ca-file $pem/ca.pem');
  const port = proxy.port('fe');
  assert.match(await requestTls(port, request), /hello$/);
  const own = { cert: revokedPem, key: revokedKeyPem };
  assert.match(await requestTls(port, request, own), /hello$/);
});

test('clear text on a TLS line is logged with what OpenSSL says', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem');
  const socket = connect(proxy.port('fe'), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(request);
  await proxy.printed('fe/in: SSL handshake failure (error:');
  socket.destroy();
  assert.match(
    proxy.output,
    /fe\/in: SSL handshake failure \(error:[0-9A-F]+:SSL routines::http request\)/,
  );
});

test('a client that leaves or stays silent during the handshake', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem', `  timeout client-hs 50ms\n${hello}`);
  connect(proxy.port('fe'), '127.0.0.1')
    .on('error', () => {})
    .end();
  await proxy.printed('fe/in: Connection closed during SSL handshake');
  const silent = connect(proxy.port('fe'), '127.0.0.1').on('error', () => {});
  await proxy.printed('fe/in: Timeout during SSL handshake');
  silent.destroy();
});

/** What resumes a session, once the answer has come: TLS 1.3 sends it behind the handshake. */
async function sessionOf(port: number, options: ConnectionOptions): Promise<Buffer> {
  const socket = await openTls(port, options);
  const answer = readAll(socket);
  socket.write(request);
  assert.match(await answer, /hello$/);
  const session = socket.getSession();
  socket.destroy();
  assert.ok(session !== undefined);
  return session;
}

async function isResumed(port: number, options: ConnectionOptions): Promise<boolean> {
  const socket: TLSSocket = await openTls(port, options);
  const resumed = socket.isSessionReused();
  const answer = readAll(socket);
  socket.write(request);
  assert.match(await answer, /hello$/);
  socket.destroy();
  return resumed;
}

test('a session is resumed on any thread', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem', hello, 3);
  const port = proxy.port('fe');
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const session = await sessionOf(port, { maxVersion });
    // Connections that stay open push the next ones to other threads.
    const held = [];
    for (let i = 0; i < 6; i++) {
      assert.equal(await isResumed(port, { maxVersion, session }), true, `${maxVersion} ${i}`);
      held.push(await openTls(port, { maxVersion }));
    }
    for (const socket of held) socket.destroy();
  }
});

test('no-tls-tickets leaves TLS 1.2 sessions to the cache of a thread', async (context) => {
  const words = 'crt $pem/first.pem no-tls-tickets ssl-max-ver TLSv1.2';
  const proxy = startFront(context, words);
  const port = proxy.port('fe');
  const session = await sessionOf(port, {});
  assert.equal(await isResumed(port, { session }), true);
});

test('large bodies pass unchanged in both directions', async (context) => {
  const pattern = Buffer.from(
    Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31 + (i >> 8)) & 255),
  );
  const body = pattern.toString('latin1');
  const origin = await startOrigin(context, (heard) => {
    const at = heard.indexOf('\r\n\r\n') + 4;
    if (at < 4 || heard.length - at < body.length) return null;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${heard.slice(at)}`;
  });
  const proxy = startFront(
    context,
    'crt $pem/first.pem',
    `  default_backend be\nbackend be\n  server s 127.0.0.1:${origin.port}\n`,
  );
  const post = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answer = await requestTls(proxy.port('fe'), post);
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4) === body, true);
});

test('requests in small records, and many in one record', async (context) => {
  const proxy = startFront(context, 'crt $pem/first.pem');
  const socket = await openTls(proxy.port('fe'));
  socket.setNoDelay(true);
  const answer = readAll(socket);
  const keep = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const byte of keep) socket.write(byte);
  socket.write(keep + keep + request);
  assert.equal((await answer).split('hello').length - 1, 4);
  socket.destroy();
});

test('a PROXY header comes before the handshake', async (context) => {
  const lines = '  http-request return status 200 content-type text/plain lf-string %[src]\n';
  const proxy = startFront(context, 'crt $pem/first.pem accept-proxy', lines);
  const raw = connect(proxy.port('fe'), '127.0.0.1');
  raw.write('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n');
  const answer = await requestTls(0, request, { socket: raw });
  assert.match(answer, /1\.2\.3\.4$/);
});

test('a session is resumed after a reload', async (context) => {
  const folder = certificateFolder(context);
  const config = `${head()}frontend fe\n  bind "${inherited('fe')}" ssl crt ${folder}/first.pem\n${hello}`;
  const proxy = startProxy(context, { config, args: ['-W'] });
  await proxy.printed('Loading success.');
  const session = await sessionOf(proxy.port('fe'), {});
  proxy.signal('SIGUSR2');
  await proxy.printed('Loading success.', 2);
  await proxy.printed('exited with code 0');
  assert.equal(await isResumed(proxy.port('fe'), { session }), true);
});
