// Whoever reaches a socket of the runtime API may say anything: lines without an end, bytes that
// are no text, half commands, payloads that never close, a thousand at once. Traffic goes on, the
// process keeps its memory, and the next administrator is answered.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const config = `
global
  stats socket "${inherited('cli')}" level admin
  stats timeout 3s
  stats maxconn 50
defaults
  mode http
  timeout client 20s
  timeout server 20s
  timeout connect 5s
frontend fe
  bind "${inherited('fe')}"
  stats uri /stats
  http-request return status 200 if { path / }
`;

const get = 'GET / HTTP/1.0\r\n\r\n';

async function serves(proxy: RunningProxy): Promise<void> {
  assert.match(await exchange(proxy.port('fe'), get), /^HTTP\/1\.[01] 200 /);
}

/** Says `parts`, ignores the answer; settles when the connection has ended. */
function shout(port: number, parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((settle) => {
    let heard = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      heard = (heard + text).slice(-4096);
    });
    socket.on('error', () => {});
    socket.on('close', () => settle(heard));
    socket.on('end', () => socket.end());
    for (const part of parts) socket.write(part);
    socket.end();
  });
}

/** Cheap bytes that are the same in every run. */
function noise(bytes: number, seed: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let state = seed;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    buffer[i] = state >>> 16;
  }
  return buffer;
}

const megabyte = 1 << 20;

test('lines, bytes and payloads without end', async (owner) => {
  const proxy = startProxy(owner, { config });
  const cli = proxy.port('cli');
  await serves(proxy);
  const attacks: readonly (readonly (string | Buffer)[])[] = [
    ['a'.repeat(megabyte)],
    [`${'a'.repeat(megabyte)}\n`],
    [`set map <<\n${'x'.repeat(megabyte)}`],
    [`show info <<${'y'.repeat(100)}\n`, 'z\n'.repeat(megabyte / 2)],
    [noise(megabyte, 1)],
    [noise(megabyte, 2), '\nshow info\n'],
    [`${'show info;'.repeat(20_000)}\n`],
    [`${';'.repeat(megabyte)}\n`],
    [`${'\\'.repeat(megabyte)}\n`],
    [`echo ${'w '.repeat(1000)}\n`],
    ['show stat', ' -1 4 -1 ty', 'ped'],
    ['\0\0\0\n', 'help \x80\xff\n'],
    [`GET / HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['shutdown session 0xffffffffffffffffffffffff\n'],
    ['set maxconn frontend fe 99999999999999999999\n'],
    ['show stat 99999999999999999999 -99999999999 1e309\n'],
  ];
  for (const parts of attacks) await shout(cli, parts);
  const refused = await shout(cli, [`${'a'.repeat(megabyte)}\n`]);
  assert.match(refused, /tune\.bufsize|^$/);
  await serves(proxy);
  assert.match(await exchange(cli, 'show info\n'), /^Name: HAProxy\n/);
  assert.match(proxy.output, /^(?!.*failed:)/s);
  await proxy.stop();
});

test('a thousand clients, of which many never finish a command', async (owner) => {
  const proxy = startProxy(owner, { config });
  const cli = proxy.port('cli');
  await serves(proxy);
  const sockets: Socket[] = [];
  const closed = Array.from({ length: 1000 }, (_, i) => {
    const socket = connect({ host: '127.0.0.1', port: cli });
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('connect', () => socket.write(i % 3 === 0 ? 'show st' : 'show info\nprompt\n'));
    socket.resume();
    return new Promise<void>((settle) => socket.on('close', () => settle()));
  });
  await serves(proxy);
  // `stats maxconn` lets fifty in; the others, and those that stay silent, are closed.
  for (const socket of sockets.slice(500)) socket.destroy();
  await Promise.all(closed);
  await serves(proxy);
  assert.match(await exchange(cli, 'show activity\n'), /^thread_id: /);
  await proxy.stop();
});

test('a client that does not read holds up nobody', async (owner) => {
  const proxy = startProxy(owner, { config });
  const cli = proxy.port('cli');
  const socket = connect({ host: '127.0.0.1', port: cli });
  socket.on('error', () => {});
  socket.pause();
  socket.write(`${'show stat typed;'.repeat(500)}show info\n`);
  for (let i = 0; i < 5; i++) {
    await serves(proxy);
    assert.match(await exchange(cli, 'show version\n'), /^3\.5/);
  }
  socket.destroy();
  const pages = Array.from({ length: 20 }, () =>
    shout(proxy.port('fe'), [`GET /stats;scope=${'%41'.repeat(3000)} HTTP/1.0\r\n\r\n`]),
  );
  for (const page of await Promise.all(pages)) assert.match(page, /HTTP\/1\.[01] |<\/html>|^$/);
  await serves(proxy);
  await proxy.stop();
});
