// Limits of a running process: connections and sessions a second, connections at once; and streams
// that an operator ends.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:net';
import { type RecordingOrigin, recordOn } from '../harness/origin.ts';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const config = (global: string, origin: RecordingOrigin | null = null): string => `
global
  nbthread 2
  stats socket "${inherited('cli')}" level admin
  ${global}
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 5s
frontend plain
  bind "${inherited('plain')}"
  http-request return status 200
frontend slow
  bind "${inherited('slow')}"
  rate-limit sessions 4
  http-request return status 200
frontend single
  bind "${inherited('single')}" maxconn 1
  option socket-stats
  default_backend b
backend b
  server s1 127.0.0.1:${origin?.port ?? 1}
`;

const command = (proxy: RunningProxy, line: string): Promise<string> =>
  exchange(proxy.port('cli'), `${line}\n`);

const get = 'GET / HTTP/1.0\r\n\r\n';

/** Milliseconds until `count` clients that come at once are all served. */
async function crowd(proxy: RunningProxy, name: string, count: number): Promise<number> {
  const start = performance.now();
  const all = Array.from({ length: count }, () => exchange(proxy.port(name), get));
  for (const answer of await Promise.all(all)) assert.match(answer, /^HTTP\/1\.[01] 200 /);
  return performance.now() - start;
}

async function infoOf(proxy: RunningProxy, name: string): Promise<string> {
  const info = await command(proxy, 'show info');
  return new RegExp(`^${name}: (.*)$`, 'm').exec(info)?.[1] ?? '';
}

test('maxconnrate, rate-limit sessions and set rate-limit hold clients back', async (owner) => {
  const proxy = startProxy(owner, { config: config('maxconnrate 6') });
  assert.ok((await crowd(proxy, 'plain', 14)) > 900);
  assert.equal(await infoOf(proxy, 'ConnRateLimit'), '6');
  // Two threads may take one each at the same instant.
  assert.ok(Number(await infoOf(proxy, 'MaxConnRate')) <= 7);
  assert.equal(await command(proxy, 'set rate-limit connections global 0'), '\n');
  assert.equal(await infoOf(proxy, 'ConnRateLimit'), '0');
  assert.ok((await crowd(proxy, 'slow', 10)) > 900);
  const row = /\nslow,FRONTEND,.*/.exec(await command(proxy, 'show stat'))?.[0].split(',') ?? [];
  assert.ok(Number(row[35]) <= 5, `rate_max ${row[35]}`);
  await proxy.stop();
});

test('bind maxconn, and streams that an operator ends', async (owner) => {
  const origin = await recordOn(owner, createServer(), () => null);
  const proxy = startProxy(owner, { config: config('maxconn 100', origin) });
  const ask = () => {
    const socket = connect(proxy.port('single'), '127.0.0.1', () => socket.write(get));
    socket.on('error', () => {});
    socket.resume();
    return new Promise<void>((settle) => socket.on('close', () => settle()));
  };
  const clients = [ask(), ask()];
  const sessions = async (): Promise<string[]> =>
    (await command(proxy, 'show sess')).match(/^0x[0-9a-f]+(?=:.* srv=s1)/gm) ?? [];
  const wait = async (reached: () => Promise<boolean>): Promise<void> => {
    while (!(await reached())) await new Promise((settle) => setTimeout(settle, 20));
  };
  await wait(async () => (await sessions()).length === 1);
  const [id] = await sessions();
  assert.match(await command(proxy, `show sess ${id}`), /frontend=single \(id=\d+ mode=http\)/);
  assert.match(await command(proxy, 'show stat'), /\nsingle,sock-1,,,1,1,1,1,.*,FULL,/);
  assert.match(await command(proxy, 'show fd b'), /iocb=back back=1 fam=ipv4 dst=127\.0\.0\.1:/);
  assert.equal(await command(proxy, `shutdown session ${id}`), '\n');
  await Promise.race(clients);
  await wait(async () => (await sessions()).length === 1 && (await sessions())[0] !== id);
  // The one who asks is a stream, too.
  assert.equal(await infoOf(proxy, 'CurrStreams'), '2');
  assert.equal(await command(proxy, 'shutdown sessions server b/s1'), '\n');
  await Promise.all(clients);
  await wait(async () => (await infoOf(proxy, 'CurrStreams')) === '1');
  assert.match(await command(proxy, 'show stat'), /\nsingle,sock-1,,,0,1,1,2,/);
  assert.match(await command(proxy, 'show activity'), /\naccepted: 2 \[ \d \d \]\n/);
  await proxy.stop();
});
