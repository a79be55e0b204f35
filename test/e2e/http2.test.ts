// HTTP/2 on real sockets: node:http2 as client and as server, many streams on one connection,
// payload larger than every window both ways, trailers, resets, and how a connection ends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { startOrigin } from '../harness/origin.ts';

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

function startFront(owner: Owner, lines: string, bind = 'proto h2', globals = ''): RunningProxy {
  const config = `global\n${globals}\n${head}frontend fe\n  bind "${inherited('fe')}" ${bind}\n${lines}`;
  return startProxy(owner, { config });
}

const hello = '  http-request return status 200 content-type text/plain string hello\n';

function open(owner: Owner, proxy: RunningProxy): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${proxy.port('fe')}`);
  session.on('error', () => {});
  owner.after(async () => session.destroy());
  return session;
}

interface Answer {
  readonly headers: IncomingHttpHeaders & { ':status'?: number };
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
  readonly code: number;
}

function ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body = '',
): Promise<Answer> {
  return new Promise((resolve) => {
    const stream = session.request(headers, { endStream: body === '' });
    let answer: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const parts: Buffer[] = [];
    stream.on('response', (got) => {
      answer = got;
    });
    stream.on('trailers', (got) => {
      trailers = got;
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', () => {});
    stream.on('close', () => {
      const code = stream.rstCode ?? 0;
      resolve({ headers: answer, body: Buffer.concat(parts).toString('latin1'), trailers, code });
    });
    if (body !== '') stream.end(body);
  });
}

type Serve = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: string) => void;

/** A server that speaks HTTP/2 only; answers its port and how many connections it has seen. */
async function startServer(
  owner: Owner,
  serve: Serve,
): Promise<{ port: number; seen: () => number }> {
  const server = createServer();
  let connections = 0;
  server.on('session', () => connections++);
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => serve(stream, headers, Buffer.concat(parts).toString('latin1')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.after(async () => server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => connections };
}

const throughTo = (port: number, words: string): string =>
  `  default_backend be\nbackend be\n  server s 127.0.0.1:${port} ${words}\n`;

test('a hundred streams at once on one connection', async (context) => {
  const session = open(context, startFront(context, hello));
  const asked = Array.from({ length: 100 }, () => ask(session, { ':path': '/' }));
  for (const { headers, body } of await Promise.all(asked)) {
    assert.equal(headers[':status'], 200);
    assert.equal(body, 'hello');
  }
});

test('the preface on clear text is enough, unless the configuration says otherwise', async (context) => {
  const proxy = startFront(context, hello, '');
  assert.equal((await ask(open(context, proxy), { ':path': '/' })).body, 'hello');
  const refusing = startFront(context, `  option disable-h2-upgrade\n${hello}`, '');
  // It answers 405 in HTTP/1, which is no frame.
  await assert.rejects(once(open(context, refusing), 'remoteSettings'), /Protocol error/);
});

test('payload larger than every window, both ways, to an HTTP/1 server and back', async (context) => {
  const size = 700_000;
  const origin = await startOrigin(context, (heard) => {
    const end = heard.indexOf('\r\n\r\n');
    if (end < 0 || heard.length - end - 4 < size) return null;
    return `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${heard.slice(end + 4)}`;
  });
  const session = open(context, startFront(context, throughTo(origin.port, '')));
  const body = 'abcdefghij'.repeat(size / 10);
  const headers = { ':path': '/', ':method': 'POST', 'content-length': size };
  const answers = await Promise.all([ask(session, headers, body), ask(session, headers, body)]);
  for (const answer of answers) assert.ok(answer.body === body);
});

test('a request without a length reaches HTTP/1 in chunks, with its trailers', async (context) => {
  const origin = await startOrigin(context, (heard) =>
    heard.endsWith('\r\n\r\n') && heard.includes('\r\n0\r\n')
      ? 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-end: 1\r\n\r\n'
      : null,
  );
  const session = open(context, startFront(context, throughTo(origin.port, '')));
  const stream = session.request({ ':path': '/', ':method': 'POST' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
  const trailers = once(stream, 'trailers');
  stream.resume();
  stream.end('body');
  const [got] = (await trailers) as [IncomingHttpHeaders];
  assert.equal(got['x-end'], '1');
  const [heard] = origin.heard;
  assert.match(heard, /transfer-encoding: chunked\r\n/);
  assert.match(heard, /\r\n4\r\nbody\r\n0\r\nx-sum: abc\r\n\r\n$/);
});

test('trailers stay behind where options say so', async (context) => {
  const { port } = await startServer(context, (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.end('body');
  });
  const lines = `  option http-drop-response-trailers\n${throughTo(port, 'proto h2')}`;
  const { body, trailers } = await ask(open(context, startFront(context, lines)), { ':path': '/' });
  assert.equal(body, 'body');
  assert.deepEqual({ ...trailers }, {});
});

test('requests of many clients share connections to an HTTP/2 server', async (context) => {
  const { port, seen } = await startServer(context, (stream, headers, body) => {
    stream.respond(
      { ':status': 200, 'x-path': String(headers[':path']) },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.end(body === '' ? 'empty' : body);
  });
  const proxy = startFront(context, throughTo(port, 'proto h2'));
  const session = open(context, proxy);
  assert.equal((await ask(session, { ':path': '/first' })).body, 'empty');
  const asked = Array.from({ length: 20 }, (_, index) =>
    ask(session, { ':path': `/${index}`, ':method': 'POST' }, `body ${index}`),
  );
  const answers = await Promise.all(asked);
  answers.forEach(({ headers, body, trailers }, index) => {
    assert.equal(headers['x-path'], `/${index}`);
    assert.equal(body, `body ${index}`);
    assert.equal(trailers['x-end'], 'yes');
  });
  assert.equal(seen(), 1);
});

test('payload larger than every window from an HTTP/2 server and to it', async (context) => {
  const { port } = await startServer(context, (stream, _headers, body) => {
    stream.respond({ ':status': 200 });
    stream.end(body);
  });
  const session = open(context, startFront(context, throughTo(port, 'proto h2')));
  const body = '0123456789'.repeat(60_000);
  const answers = await Promise.all(
    [1, 2, 3].map(() => ask(session, { ':path': '/', ':method': 'POST' }, body)),
  );
  for (const answer of answers) assert.ok(answer.body === body);
});

test('a refused stream is sent again, on another connection after GOAWAY', async (context) => {
  let refusals = 0;
  const { port, seen } = await startServer(context, (stream) => {
    if (refusals++ === 0) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return;
    }
    stream.respond({ ':status': 200 });
    stream.end('served');
    if (refusals === 2) stream.session?.goaway(0);
  });
  const session = open(context, startFront(context, throughTo(port, 'proto h2')));
  assert.equal((await ask(session, { ':path': '/' })).body, 'served');
  assert.equal((await ask(session, { ':path': '/' })).body, 'served');
  assert.ok(seen() >= 2);
});

test('a server that resets a stream costs its client a 502', async (context) => {
  const { port } = await startServer(context, (stream) => stream.close(constants.NGHTTP2_CANCEL));
  const session = open(context, startFront(context, throughTo(port, 'proto h2')));
  assert.equal((await ask(session, { ':path': '/' })).headers[':status'], 502);
});

test('a client that resets its stream is logged, and its connection lives on', async (context) => {
  let wasHeard: () => void = () => {};
  const heard = new Promise<void>((settle) => {
    wasHeard = settle;
  });
  const origin = await startOrigin(context, () => {
    wasHeard();
    return null;
  });
  const lines = `  option httplog\n  http-request return status 200 if { path /ok }\n${throughTo(origin.port, '')}`;
  const proxy = startFront(context, lines);
  const session = open(context, proxy);
  const stream = session.request({ ':path': '/slow' });
  stream.on('error', () => {});
  await heard;
  stream.close(constants.NGHTTP2_CANCEL);
  await proxy.printed(' CH-- ');
  assert.match(proxy.output, /"GET http:\/\/127\.0\.0\.1:\d+\/slow HTTP\/2\.0"/);
  assert.equal((await ask(session, { ':path': '/ok' })).headers[':status'], 200);
});

test('the version in samples and logs', async (context) => {
  const versions = '%[req.ver] %[fc_http_major]';
  const counts = '%[fc_nb_streams]/%[fc_settings_streams_limit] %[fc_glitches]';
  const answer = 'content-type text/plain lf-string "%HV"';
  const line = `  http-request return status 200 hdr x-v "${versions} ${counts}" ${answer}\n`;
  const session = open(context, startFront(context, line));
  const { headers, body } = await ask(session, { ':path': '/' });
  assert.equal(headers['x-v'], '2.0 2 1/100 0');
  assert.equal(body, 'HTTP/2.0');
});

test('the limit of streams is announced, and clients that keep to it are served', async (context) => {
  const globals = '  tune.h2.fe.max-concurrent-streams 2';
  const proxy = startFront(context, hello, 'proto h2', globals);
  const session = open(context, proxy);
  await once(session, 'remoteSettings');
  assert.equal(session.remoteSettings.maxConcurrentStreams, 2);
  const asked = Array.from({ length: 10 }, () => ask(session, { ':path': '/' }));
  for (const { body } of await Promise.all(asked)) assert.equal(body, 'hello');
});

test('a soft stop says GOAWAY and lets streams finish', async (context) => {
  let answer: (() => void) | null = null;
  const { port } = await startServer(context, (stream) => {
    answer = () => {
      stream.respond({ ':status': 200 });
      stream.end('late');
    };
  });
  const proxy = startFront(context, throughTo(port, 'proto h2'));
  const session = open(context, proxy);
  const asked = ask(session, { ':path': '/' });
  while (answer === null) await new Promise((resolve) => setImmediate(resolve));
  const closed = once(session, 'close');
  process.kill(proxy.pid, 'SIGUSR1');
  (answer as () => void)();
  assert.equal((await asked).body, 'late');
  await closed;
  assert.equal(await proxy.exited, 0);
});

test('an extended CONNECT reaches HTTP/1 as an upgrade, and bytes flow both ways', async (context) => {
  const origin = await startOrigin(context, (heard, socket) => {
    if (!heard.endsWith('\r\n\r\n')) return heard.endsWith('ping') ? 'pong' : null;
    socket.on('end', () => socket.end());
    return 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
  });
  const session = open(context, startFront(context, throughTo(origin.port, '')));
  await once(session, 'remoteSettings');
  const stream = session.request(
    {
      ':method': 'CONNECT',
      ':protocol': 'echo',
      ':scheme': 'http',
      ':path': '/',
      ':authority': 'h',
    },
    { endStream: false },
  );
  const [headers] = (await once(stream, 'response')) as [
    IncomingHttpHeaders & { ':status'?: number },
  ];
  assert.equal(headers[':status'], 200);
  stream.write('ping');
  const [data] = (await once(stream, 'data')) as [Buffer];
  assert.equal(String(data), 'pong');
});
