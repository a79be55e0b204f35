// Log lines on their way: into rings and over TCP to log servers, to log backends, and what a
// backing-file keeps. Log servers are sockets of the test.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { DatagramSink, StreamSink } from '../harness/log-sinks.ts';
import { certificateFolder } from '../harness/certificate-files.ts';
import { firstKeyPem, firstPem } from '../harness/certificates.ts';
import { exchange, inherited, request, startProxy } from '../harness/proxy.ts';

const get = (port: number, path: string): Promise<string> =>
  request(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

/** Asks until the answer has it: a thread counts at the end of its turn, after the answer. */
async function told(port: number, wanted: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = wanted.exec(await exchange(port, 'show info\n'));
    if (found !== null) return found;
  }
}

const frame = (global: string, rest: string): string => `
global
  # Lines of two threads may overtake each other.
  nbthread 1
  stats socket "${inherited('cli')}" level admin
  ${global}
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 1s
${rest}
frontend fe
  bind "${inherited('fe')}"
  log-format "line %HU"
  http-request return status 200
`;

test('a ring is shown and sent to its servers, in both framings', async (owner) => {
  const legacy = new StreamSink();
  const counted = new StreamSink();
  const ports = [await legacy.start(owner), await counted.start(owner)];
  const rest = `
ring web
  format rfc5424
  size 64k
  server a 127.0.0.1:${ports[0]}
  server b 127.0.0.1:${ports[1]} log-proto octet-count
`;
  const config = frame('', rest).replace('log-format', 'log ring@web local0\n  log-format');
  const proxy = startProxy(owner, { config });
  for (const path of ['/1', '/22']) await get(proxy.port('fe'), path);
  await legacy.has('line /22\n');
  await counted.has('line /22');
  assert.match(legacy.text, /^<134>1 \S+ - haproxy \d+ - - line \/1\n<134>1 .* line \/22\n$/s);
  const frames = counted.text.match(/^(\d+) (<134>1 .* line \/1)(\d+) (<134>1 .* line \/22)$/);
  assert.ok(frames !== null, counted.text);
  assert.equal(Number(frames[1]), frames[2].length);
  assert.equal(Number(frames[3]), frames[4].length);
  const shown = await exchange(proxy.port('cli'), 'show events web\n');
  assert.equal(shown, `${legacy.text}\n`);
  const sinks = await exchange(proxy.port('cli'), 'show events\n');
  assert.match(sinks, /^ {4}buf0 +: type=buffer, 0 dropped, in-memory ring buffer$/m);
  assert.match(sinks, /^ {4}web +: type=buffer, 0 dropped, web$/m);
  assert.equal(await proxy.stop(), 130);
});

test('a log server that comes late gets what waited for it; lines are never torn', async (owner) => {
  const sink = new StreamSink();
  const port = await sink.start(owner);
  await sink.stop();
  const config = frame('', '').replace(
    'log-format',
    `log tcp@127.0.0.1:${port} format raw local0\n  log-format`,
  );
  const proxy = startProxy(owner, { config });
  for (let i = 0; i < 20; i++) await get(proxy.port('fe'), `/${i}.`);
  const late = new StreamSink();
  await late.start(owner, port);
  for (let i = 0; i < 20; i++) await late.has(`/${i}.\n`);
  // Two threads write: their lines may change places.
  const lines = new Set(late.text.split('\n').slice(0, -1));
  assert.deepEqual(lines, new Set(Array.from({ length: 20 }, (_, i) => `line /${i}.`)));
  await proxy.stop();
});

test('a full ring refuses, counts, and tells so; traffic goes on', async (owner) => {
  const sink = new StreamSink();
  const port = await sink.start(owner);
  await sink.stop();
  const rest = `ring small\n  size 4k\n  server s 127.0.0.1:${port}\n`;
  const config = frame('', rest).replace('log-format', 'log ring@small local0\n  log-format');
  const proxy = startProxy(owner, { config });
  const path = `/${'x'.repeat(900)}`;
  for (let i = 0; i < 12; i++) assert.match(await get(proxy.port('fe'), path), / 200 /);
  const dropped = Number((await told(proxy.port('cli'), /^DroppedLogs: ([3-9])$/m))[1]);
  const sinks = await exchange(proxy.port('cli'), 'show events\n');
  assert.match(sinks, new RegExp(`small +: type=buffer, ${dropped} dropped`));
  const late = new StreamSink();
  await late.start(owner, port);
  await late.has('line');
  await get(proxy.port('fe'), '/last');
  await late.has('/last');
  assert.match(late.text, new RegExp(`\n${dropped} events dropped\nline /last\n$`));
  await proxy.stop();
});

test('a log backend chooses by the line, and its servers come and go', async (owner) => {
  const sinks = [new DatagramSink(), new DatagramSink()];
  const ports = await Promise.all(sinks.map((sink) => sink.start(owner)));
  const stream = new StreamSink();
  const tcp = await stream.start(owner);
  const rest = `
backend hashed
  mode log
  balance log-hash 'field(2,/)'
  hash-type map-based none
  server u0 udp@127.0.0.1:${ports[0]}
  server u1 udp@127.0.0.1:${ports[1]}
backend stuck
  mode log
  balance sticky
  server t0 127.0.0.1:${tcp} disabled
  server t1 127.0.0.1:${tcp}
`;
  const config = frame('', rest).replace(
    'log-format',
    'log backend@hashed format raw local0\n  log backend@stuck format short local0\n  log-format',
  );
  const proxy = startProxy(owner, { config });
  for (const path of ['/0', '/1', '/0', '/1', '/1']) await get(proxy.port('fe'), path);
  await sinks[0].count(2);
  await sinks[1].count(3);
  assert.deepEqual(sinks[0].lines, ['line /0\n', 'line /0\n']);
  assert.deepEqual(sinks[1].lines, ['line /1\n', 'line /1\n', 'line /1\n']);
  await stream.has('<6>line /1\n<6>line /1\n');
  await exchange(proxy.port('cli'), 'disable server stuck/t1\n');
  await get(proxy.port('fe'), '/gone');
  await told(proxy.port('cli'), /^DroppedLogs: 1$/m);
  await exchange(proxy.port('cli'), 'enable server stuck/t0\n');
  await get(proxy.port('fe'), '/back');
  await stream.has('line /back\n');
  assert.ok(!stream.text.includes('gone'));
  await proxy.stop();
});

test('a backing-file keeps the lines of a process that was killed', async (owner) => {
  const rest = 'ring kept\n  size 16k\n  format raw\n  backing-file "${FILE}"\n';
  const config = frame('', rest).replace('log-format', 'log ring@kept local0\n  log-format');
  const file = join(process.env['TMPDIR'] ?? '/tmp', `hawser-ring-${process.pid}`);
  const env = { FILE: file };
  const first = startProxy(owner, { config, env });
  await get(first.port('fe'), '/before');
  await exchange(first.port('cli'), 'show events kept\n');
  await first.stop('SIGKILL');
  assert.match(readFileSync(file, 'latin1'), /line \/before/);
  const second = startProxy(owner, { config, env });
  const shown = await exchange(second.port('cli'), 'show events kept\n');
  assert.equal(shown, '\n');
  assert.ok(existsSync(`${file}.bak`));
  assert.match(readFileSync(`${file}.bak`, 'latin1'), /line \/before/);
  await second.stop();
});

test('a TLS log server is asked for under the name that sni evaluates to', async (owner) => {
  const asked: (string | false)[] = [];
  let text = '';
  let watch = (): void => {};
  const server = createTlsServer({ cert: firstPem, key: firstKeyPem }, (socket) => {
    asked.push(socket.servername ?? '');
    socket.setEncoding('latin1').on('data', (more: string) => {
      text += more;
      watch();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  owner.after(async () => server.close());
  const { port } = server.address() as AddressInfo;
  const pem = certificateFolder(owner);
  const name = '"var(proc.site),concat(.example)"';
  const rest = `
ring web
  format raw
  server a 127.0.0.1:${port} ssl verify required ca-file ${pem}/ca.pem sni ${name}
`;
  const config = frame('set-var proc.site str(first)', rest).replace(
    'log-format',
    'log ring@web local0\n  log-format',
  );
  const proxy = startProxy(owner, { config });
  await get(proxy.port('fe'), '/hidden');
  await new Promise<void>((resolve) => {
    watch = () => {
      if (text.includes('line /hidden\n')) resolve();
    };
    watch();
  });
  assert.deepEqual(asked, ['first.example']);
  await proxy.stop();
});

test('a profile of a global target gives its tag to lines of the process', async (owner) => {
  const sink = new DatagramSink();
  const port = await sink.start(owner);
  const target = `log 127.0.0.1:${port} format rfc3164 profile own local0`;
  const profile = 'log-profile own\n  log-tag mine\n  on any format "end %HU"\n';
  const config = frame(target, profile).replace('log-format', 'log global\n  log-format');
  const proxy = startProxy(owner, { config });
  await get(proxy.port('fe'), '/own');
  await exchange(proxy.port('cli'), 'expert-mode on; debug dev log hello\n');
  await sink.count(2);
  // The proxy thread's and the control thread's, in any order.
  const { lines } = sink;
  assert.equal(lines.filter((line) => / localhost mine\[\d+\]: end \/own\n$/.test(line)).length, 1);
  assert.equal(lines.filter((line) => / localhost mine\[\d+\]: hello\n$/.test(line)).length, 1);
  await proxy.stop();
});
