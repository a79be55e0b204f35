// TLS towards servers on real sockets, with node:tls as the server: verification, names,
// resumption, sharing of connections, bodies, and TCP mode with TLS on both sides.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { certificateFolder } from '../harness/certificate-files.ts';
import { authorityPem, firstKeyPem, firstPem } from '../harness/certificates.ts';
import { converse } from '../harness/clear-client.ts';
import { type AnswerOf, type RecordingOrigin, recordOn } from '../harness/origin.ts';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { openTls, readAll } from '../harness/tls-client.ts';

const head = `global
  nbthread 1
  log stderr format raw local0
defaults
  mode http
  log global
  option httplog
  timeout client 5s
  timeout server 5s
  timeout connect 5s
  retries 0
`;

interface TlsOrigin extends RecordingOrigin {
  /** What each handshake said, in order. */
  readonly shaken: { readonly name: string | false; readonly resumed: boolean }[];
}

async function startTlsOrigin(
  owner: Owner,
  answerOf?: AnswerOf,
  options: TlsOptions = {},
): Promise<TlsOrigin> {
  const server = createServer({
    key: firstKeyPem,
    cert: firstPem,
    allowHalfOpen: true,
    ...options,
  });
  const shaken: { name: string | false; resumed: boolean }[] = [];
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
    shaken.push({ name: socket.servername ?? false, resumed: socket.isSessionReused() });
  });
  const origin = await recordOn(owner, server, answerOf, 'secureConnection');
  return Object.assign(origin, { shaken });
}

function startBack(owner: Owner, origin: RecordingOrigin, words: string, lines = ''): RunningProxy {
  const resolved = words.replaceAll('$pem', certificateFolder(owner));
  const config = `${head}listen l
  bind "${inherited('fe')}"
${lines}  server s 127.0.0.1:${origin.port} ssl ${resolved}
`;
  return startProxy(owner, { config });
}

const get = (host: string, close = true): string =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
const statusOf = (answer: string): string => answer.slice(9, 12);

const verifications: readonly (readonly [string, string, string])[] = [
  ['verify none', 'first.example', '200'],
  ['verify required ca-file $pem/ca.pem', 'first.example', '200'],
  ['verify required ca-file $pem/ca.pem', 'first.example:8443', '200'],
  ['verify required ca-file $pem/ca.pem', 'other.example', '503'],
  ['verify required ca-file $pem/ca.pem', '127.0.0.1', '200'],
  ['verify required ca-file $pem/ca.pem sni str(a.wild.example)', 'other.example', '200'],
  ['verify required ca-file $pem/ca.pem sni str(other.example)', 'first.example', '503'],
  ['verify required ca-file $pem/ca.pem no-sni-auto', 'other.example', '200'],
  [
    'verify required ca-file $pem/ca.pem no-sni-auto verifyhost first.example',
    'other.example',
    '200',
  ],
  [
    'verify required ca-file $pem/ca.pem no-sni-auto verifyhost other.example',
    'first.example',
    '503',
  ],
  ['verify required ca-file $pem/second.pem', 'first.example', '503'],
];

test('certificates of servers are verified as the line says', async (context) => {
  const origin = await startTlsOrigin(context);
  for (const [words, host, expected] of verifications) {
    const proxy = startBack(context, origin, words);
    const status = statusOf(await converse(proxy.port('fe'), [get(host)]));
    assert.equal(status, expected, `${words}: ${host}`);
    await proxy.printed(expected === '200' ? ' ---- ' : ' SC-- ');
    await proxy.stop();
  }
});

test('the name asked for is that of sni, else that of Host, never an address', async (context) => {
  const origin = await startTlsOrigin(context);
  const proxy = startBack(context, origin, 'verify none');
  for (const host of ['one.example:81', '127.0.0.1']) {
    await converse(proxy.port('fe'), [get(host)]);
  }
  const other = startBack(context, origin, 'verify none sni req.hdr(x-name)');
  await converse(other.port('fe'), [get('a\r\nX-Name: two.example')]);
  await converse(other.port('fe'), [get('a')]);
  const names = origin.shaken.map(({ name }) => name);
  assert.deepEqual(names, ['one.example', false, 'two.example', false]);
});

test('connections are shared under equal names, sessions are resumed', async (context) => {
  const origin = await startTlsOrigin(context);
  const proxy = startBack(context, origin, 'verify none', '  http-reuse always\n');
  const port = proxy.port('fe');
  for (const host of ['one', 'two', 'one', 'two']) {
    assert.equal(statusOf(await converse(port, [get(host)])), '200');
  }
  assert.deepEqual(
    origin.shaken.map(({ name }) => name),
    ['one', 'two'],
  );
});

const closing = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok';
const closes: AnswerOf = (heard) => (heard.endsWith('\r\n\r\n') ? closing : null);

test('a new connection resumes the last session, unless no-ssl-reuse says no', async (context) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [words, expected] of [
      ['verify none', [false, true, true]],
      ['verify none no-ssl-reuse', [false, false, false]],
    ] as const) {
      const origin = await startTlsOrigin(context, closes, { maxVersion });
      const proxy = startBack(context, origin, words);
      for (let i = 0; i < 3; i++) {
        assert.equal(statusOf(await converse(proxy.port('fe'), [get('one')])), '200');
      }
      const resumed = origin.shaken.map((each) => each.resumed);
      assert.deepEqual(resumed, expected, `${maxVersion} ${words}`);
      await proxy.stop();
    }
  }
});

test('a certificate is shown to a server that asks for one', async (context) => {
  const options = { requestCert: true, rejectUnauthorized: true, ca: authorityPem };
  const origin = await startTlsOrigin(context, undefined, options);
  const shows = startBack(context, origin, 'verify none crt $pem/client.pem');
  assert.equal(statusOf(await converse(shows.port('fe'), [get('one')])), '200');
  const lacks = startBack(context, origin, 'verify none');
  assert.notEqual(statusOf(await converse(lacks.port('fe'), [get('one')])), '200');
});

test('a PROXY header goes before the handshake', async (context) => {
  const folder = certificateFolder(context);
  const config = `${head}frontend fe
  bind "${inherited('fe')}"
  use_backend be
backend be
  server s 127.0.0.1:$port ssl verify none send-proxy-v2
frontend inner
  bind "${inherited('inner')}" ssl crt ${folder}/first.pem accept-proxy
  http-request return status 200 content-type text/plain lf-string %[fc_rcvd_proxy]
`;
  // The two frontends of one process: the port of the second is known once it runs.
  const probe = startProxy(context, { config: config.replace('$port', '1') });
  const inner = probe.port('inner');
  const outer = startProxy(context, {
    config: config.replace('$port', String(inner)).replace(/frontend inner[\s\S]*/, ''),
  });
  assert.match(await converse(outer.port('fe'), [get('one')]), /\r\n\r\n1$/);
});

const pattern = (bytes: number): string =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8)) & 255)).toString(
    'latin1',
  );

test('large bodies pass unchanged in both directions', async (context) => {
  const body = pattern(3_000_000);
  const origin = await startTlsOrigin(context, (heard) => {
    const at = heard.indexOf('\r\n\r\n') + 4;
    if (at < 4 || heard.length - at < body.length) return null;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${heard.slice(at)}`;
  });
  const proxy = startBack(context, origin, 'verify none');
  const post = `POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answer = await converse(proxy.port('fe'), [post]);
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4) === body, true);
});

test('TCP mode with TLS on both sides: half-close and slow readers lose nothing', async (context) => {
  const body = pattern(2_000_000);
  const folder = certificateFolder(context);
  const server = createServer({ key: firstKeyPem, cert: firstPem, allowHalfOpen: true });
  const received = new Promise<void>((settle) => {
    server.on('secureConnection', (socket) => {
      const parts: Buffer[] = [];
      socket.on('error', () => socket.destroy());
      socket.on('data', (part: Buffer) => parts.push(part));
      // Everything has come: only then is it sent back.
      socket.on('end', () => {
        socket.end(Buffer.concat(parts));
        settle();
      });
    });
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  context.after(() => server.close());
  const { port } = server.address() as { port: number };
  const config = `${head.replace('option httplog', 'option tcplog')}listen l
  mode tcp
  bind "${inherited('fe')}" ssl crt ${folder}/first.pem
  server s 127.0.0.1:${port} ssl verify none
`;
  const proxy = startProxy(context, { config });
  const socket = await openTls(proxy.port('fe'));
  socket.pause();
  socket.end(body, 'latin1');
  const answer = readAll(socket);
  socket.pause();
  // Nothing is read until the server has been given everything.
  await received;
  socket.resume();
  assert.equal((await answer) === body, true);
  await proxy.printed(' -- ');
});

test('pool-conn-name decides what connections are shared by, in place of the name', async (context) => {
  const origin = await startTlsOrigin(context);
  const words = 'verify none pool-conn-name req.hdr(x-pool)';
  const proxy = startBack(context, origin, words, '  http-reuse always\n');
  for (const [host, pool] of ['one a', 'two a', 'two b'].map((pair) => pair.split(' '))) {
    const answer = await converse(proxy.port('fe'), [get(`${host}\r\nX-Pool: ${pool}`)]);
    assert.equal(statusOf(answer), '200');
  }
  assert.deepEqual(
    origin.shaken.map(({ name }) => name),
    ['one', 'two'],
  );
});

for (const [words, defaults, isGranted] of [
  ['', '', true],
  ['renegotiate', 'no-renegotiate', true],
  ['no-renegotiate', '', false],
  ['', 'no-renegotiate', false],
  ['', 'no-renegotiate renegotiate', true],
] as const) {
  const title = `'${words}' over '${defaults}'`;
  test(`servers that ask for another handshake up to TLS 1.2: ${title}`, async (context) => {
    const body = 'x'.repeat(400_000);
    let verdict: (isGranted: boolean) => void = () => {};
    const isDone = new Promise<boolean>((settle) => {
      verdict = settle;
    });
    const seen = new Set<Socket>();
    const origin = await startTlsOrigin(
      context,
      (heard, socket) => {
        const at = heard.indexOf('\r\n\r\n');
        const tls = socket as TLSSocket;
        if (at >= 0 && !seen.has(socket)) {
          seen.add(socket);
          const before = tls.getFinished()!;
          tls.on('secure', () => {
            if (!before.equals(tls.getFinished()!)) verdict(true);
          });
          tls.on('close', () => verdict(false));
          tls.renegotiate({}, () => {});
        }
        const isWhole = at >= 0 && heard.length - at - 4 >= body.length;
        return isWhole ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' : null;
      },
      { maxVersion: 'TLSv1.2' },
    );
    const lines = `listen l
  bind "${inherited('fe')}"
  server s 127.0.0.1:${origin.port} ssl verify none ${words}
`;
    const options = defaults === '' ? '' : `  ssl-default-server-options ${defaults}\n`;
    const proxy = startProxy(context, {
      config: `${head.replace('global\n', `global\n${options}`)}${lines}`,
    });
    const request = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n`;
    const client = connect(proxy.port('fe'), '127.0.0.1');
    context.after(() => client.destroy());
    client.write(`${request}Connection: close\r\n\r\n`);
    assert.equal(await isDone, isGranted);
    if (isGranted) {
      client.write(body);
      assert.equal(statusOf(await readAll(client)), '200');
    }
    await proxy.stop();
  });
}
