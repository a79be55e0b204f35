// Traces of a whole process: from `traces` sections and by the runtime API, into rings.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { exchange, inherited, request, startProxy } from '../harness/proxy.ts';

const get = (port: number, path: string): Promise<string> =>
  request(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

const configuration = (port: number): string => `
global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
ring t
  format timed
  size 256k
traces
  trace h1 sink t verbosity simple start now
  trace check sink t level state start now
  trace reload sink t start now
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 1s
frontend fe
  bind "${inherited('fe')}"
  default_backend be
backend be
  server s 127.0.0.1:${port} check inter 1h
`;

test('traces go into rings, from a section and by commands; off is off', async (owner) => {
  const origin = createServer((_, response) => response.end('hi'));
  await new Promise<void>((settle) => origin.listen(0, '127.0.0.1', settle));
  owner.after(async () => origin.close());
  const { port } = origin.address() as AddressInfo;
  const proxy = startProxy(owner, { config: configuration(port) });
  const command = (line: string): Promise<string> => exchange(proxy.port('cli'), `${line}\n`);
  const shown = async (wanted: RegExp): Promise<string> => {
    for (;;) {
      const text = await command('show events t');
      if (wanted.test(text)) return text;
    }
  };
  assert.match(await get(proxy.port('fe'), '/one'), / 200 /);
  const first = await shown(/\[F\] sending H1 response headers/);
  const head = String.raw`^<0>\d{4}-\S+ \[\d\d\|h1\|1\|`;
  assert.match(
    first,
    new RegExp(`${head}rx_headers\\] \\[F\\] rcvd H1 .* - "GET /one HTTP/1.1"`, 'm'),
  );
  assert.match(
    first,
    new RegExp(`${head}tx_headers\\] \\[B\\] sending H1 request headers : id=`, 'm'),
  );
  assert.match(first, /\|rx_headers\] \[B\] rcvd H1 response .*be=be srv=s - "HTTP\/1\.1 200 OK"/);
  assert.match(first, /\|reload\|1\|conf_new\] configuration 1 begins to serve : pid=\d+/);
  assert.match(await shown(/hchck_succ/), /\|check\|3\|hchck_start\] check started : be=be srv=s/);
  assert.equal(await command('trace 0'), 'All traces now stopped\n\n');
  const before = await command('show events t');
  await get(proxy.port('fe'), '/two');
  assert.equal(await command('show events t'), before);
  const start =
    'trace stream sink t level user lock stream start now; trace session sink t start now';
  assert.equal(await command(start), '\n\n');
  await get(proxy.port('fe'), '/three');
  const last = await shown(/release stream, state --, status 200/);
  assert.ok(!last.includes('GET /three'), 'h1 stays off');
  assert.match(await command('show trace'), /^ \[R\] stream {5}-> t \[drp 0\]/m);
  assert.match(
    await command('trace h1 sink none level'),
    /^Supported trace levels for source h1:$/m,
  );
  await proxy.stop();
});

test('-dt traces on standard error', async (owner) => {
  const config = `
global
  nbthread 1
defaults
  mode http
  timeout client 10s
frontend fe
  bind "${inherited('fe')}"
  http-request return status 204
`;
  const proxy = startProxy(owner, { config, args: ['-db', '-dt', 'h1:user:simple'] });
  assert.match(await get(proxy.port('fe'), '/traced'), / 204 /);
  await proxy.printed('[00|h1|1|rx_headers] [F] rcvd H1 request headers');
  assert.match(proxy.output, /rx_headers\] .* - "GET \/traced HTTP\/1\.1"/);
  await proxy.stop();
});

test('HTTP/2 connections, frames and streams', async (owner) => {
  const config = `
global
  nbthread 1
  stats socket "${inherited('cli')}" level admin
ring t
  size 64k
traces
  trace h2 sink t level state start now
  trace session sink t level state lock session start now
defaults
  mode http
  timeout client 10s
frontend fe
  bind "${inherited('fe')}"
  http-request return status 204
`;
  const proxy = startProxy(owner, { config });
  const session = connect(`http://127.0.0.1:${proxy.port('fe')}`);
  await new Promise<void>((settle) => {
    const stream = session.request({ ':path': '/two' });
    stream.on('end', settle).resume();
  });
  session.close();
  for (;;) {
    const text = await exchange(proxy.port('cli'), 'show events t\n');
    if (!text.includes('|h2c_end]')) continue;
    assert.match(text, /^\[00\|h2\|3\|h2c_new\] new connection$/m);
    assert.match(
      text,
      /^\[00\|h2\|2\|rx_frame\] rcvd H2 frame type=1 flags=\d+ len=\d+ stream=1$/m,
    );
    assert.match(text, /^\[00\|h2\|1\|h2s_new\] new stream$/m);
    assert.match(text, /^\[00\|h2\|3\|h2s_end\] stream is over$/m);
    assert.match(text, /^\[00\|session\|3\|sess_new\] new session : fe=fe src=127\.0\.0\.1:\d+/m);
    break;
  }
  await proxy.stop();
});
