// What is refused of clients that behave oddly, and what a worker gives up for good.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect as connectH2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { exchange, inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const get = 'GET / HTTP/1.0\r\n\r\n';

const config = (global: string): string => `
global
  nbthread 2
  ${global}
defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
frontend web
  bind "${inherited('web')}"
  http-request return status 200
frontend h2
  bind "${inherited('h2')}" proto h2
  http-request return status 200
`;

const privilegedPorts = Array.from({ length: 40 }, (_, n) => 980 + n);

/** A client whose own port is below 1024; null: all that were tried are taken. */
async function privileged(port: number): Promise<Socket | null> {
  for (const localPort of privilegedPorts) {
    const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.1', localPort });
    const isOpen = await new Promise<boolean>((settle) => {
      socket.once('connect', () => settle(true));
      socket.once('error', () => settle(false));
    });
    if (isOpen) return socket;
  }
  return null;
}

/** What a client with a privileged port is told. */
async function answerTo(proxy: RunningProxy): Promise<string> {
  const socket = await privileged(proxy.port('web'));
  assert.ok(socket !== null, 'no privileged port is free');
  let heard = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    heard += part;
  });
  socket.on('error', () => undefined); // a reset is how it may be turned away
  socket.write(get);
  await new Promise<void>((settle) => socket.once('close', () => settle()));
  return heard;
}

const isRoot = process.geteuid?.() === 0;

test('clients from privileged ports are turned away, others are not', {
  skip: isRoot ? false : 'opening a port below 1024 needs root',
}, async (owner) => {
  const open = startProxy(owner, { config: config('') });
  assert.match(await answerTo(open), /^HTTP\/1\.1 200 /);
  const hardened = startProxy(owner, { config: config('harden.reject-privileged-ports.tcp on') });
  assert.equal(await answerTo(hardened), '');
  assert.match(await exchange(hardened.port('web'), get), /^HTTP\/1\.1 200 /);
});

/** `NoNewPrivs` of the main thread and of the proxy threads, by name. */
function rightsOf(pid: number): string[] {
  const found = new Set<string>();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'latin1');
    const locked = /^NoNewPrivs:\t(\d)$/m.exec(status)?.[1] ?? '?';
    if (Number(task) === pid) found.add(`main ${locked}`);
    else if (locked === '1') found.add('threads 1');
  }
  return [...found].toSorted();
}

test('programs that a worker starts gain no rights, unless that is wanted', async (owner) => {
  const locked = startProxy(owner, { config: config('') });
  await exchange(locked.port('web'), get);
  assert.deepEqual(rightsOf(locked.pid), ['main 1', 'threads 1']);
  const wanted = startProxy(owner, { config: config('insecure-setuid-wanted') });
  await exchange(wanted.port('web'), get);
  assert.deepEqual(rightsOf(wanted.pid), ['main 0']);
});

async function announced(proxy: RunningProxy): Promise<boolean | undefined> {
  const session = connectH2(`http://127.0.0.1:${proxy.port('h2')}`);
  session.on('error', () => undefined);
  const [settings] = (await once(session, 'remoteSettings')) as [
    { readonly enableConnectProtocol?: boolean },
  ];
  session.destroy();
  return settings.enableConnectProtocol;
}

test('WebSockets over HTTP/2 are announced, unless clients are known to mistake it', async (t) => {
  assert.equal(await announced(startProxy(t, { config: config('') })), true);
  const word = 'h2-workaround-bogus-websocket-clients';
  assert.notEqual(await announced(startProxy(t, { config: config(word) })), true);
});
