// Runtime sockets for real: clients over unix sockets, limits, and the hand-over of descriptors.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AF_UNIX, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import { runtimeCommands } from './catalog.ts';
import { transfer } from './listeners.ts';
import { sampleContext } from './sample-context.ts';
import { serveSockets } from './socket-server.ts';

const sys = linuxSys();

/** A listening unix socket as the master makes it. */
function listen(path: string): number {
  const fd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  const address = sys.address();
  assert.ok(encodeAddress({ family: 'unix', host: path, port: 0 }, address));
  assert.equal(sys.bind(fd, address), 0);
  assert.equal(sys.listen(fd, 10), 0);
  return fd;
}

async function withServer(
  options: string,
  body: (path: string, ask: (text: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-cli-'));
  const path = join(folder, 'cli.sock');
  const { context } = sampleContext(`
global
  stats socket ${path} level operator expose-fd listeners
  ${options}
`);
  const listener = { bindIndex: 0, fd: listen(path), host: path, port: 0 };
  const server = serveSockets({ ...context, cliListeners: [listener] }, runtimeCommands());
  try {
    await body(path, (text) => ask(path, text));
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
}

async function opened(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

/** Sends, half-closes as `socat` does, and reads until the end. */
async function ask(path: string, text: string): Promise<string> {
  const socket = await opened(path);
  let answer = '';
  socket.on('data', (data) => {
    answer += data;
  });
  socket.end(text);
  await once(socket, 'close');
  return answer;
}

test('one line is answered, then the connection is closed, half-closed client or not', async () => {
  await withServer('', async (path, askOnce) => {
    assert.equal(await askOnce('show cli level\n'), 'operator\n\n');
    assert.equal(
      await askOnce('show cli sockets\n'),
      `# socket lvl processes\nunix@${path} operator all\n\n`,
    );
    assert.equal(await askOnce('show cli level'), '', 'a line without its end is no line');
    const socket = await opened(path);
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    socket.write('show cli level\n');
    await once(socket, 'close');
    assert.equal(answer, 'operator\n\n');
  });
});

test('a session with prompt stays until quit', async () => {
  await withServer('', async (_path, askOnce) => {
    const answer = await askOnce('prompt\nshow cli level\nquit\n');
    assert.equal(answer, '\n> operator\n\n> ');
  });
});

test('a client that reads slowly gets what a quick one gets', async () => {
  const servers = Array.from({ length: 300 }, (_, i) => `  server s${i} 127.0.0.1:1\n`);
  await withServer(`maxconn 9\nbackend b\n${servers.join('')}`, async (path, askOnce) => {
    const quick = await askOnce('show stat json\n');
    assert.ok(quick.length > 3_000_000);
    const socket = await opened(path);
    let slow = '';
    socket.on('data', (data) => {
      slow += data;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    socket.end('show stat json\n');
    await once(socket, 'close');
    assert.ok(slow === quick);
  });
});

test('more sessions than stats maxconn are turned away', async () => {
  await withServer('stats maxconn 1', async (path) => {
    const first = await opened(path);
    first.write('prompt\n');
    await once(first, 'data');
    const second = await opened(path);
    second.resume();
    await once(second, 'close');
    first.write('show cli level\n');
    const [data] = await once(first, 'data');
    assert.equal(String(data), 'operator\n\n> ');
    first.destroy();
  });
});

test('an idle session ends after stats timeout', async () => {
  await withServer('stats timeout 20ms', async (path) => {
    const socket = await opened(path);
    socket.resume();
    await once(socket, 'close');
  });
});

test('a client that does not read its answer is given up after stats timeout', async () => {
  const servers = Array.from({ length: 300 }, (_, i) => `  server s${i} 127.0.0.1:1\n`);
  const limits = 'maxconn 9\n  stats maxconn 1\n  stats timeout 50ms';
  const options = `${limits}\nbackend b\n${servers.join('')}`;
  await withServer(options, async (path, askOnce) => {
    const deaf = await opened(path);
    deaf.pause();
    deaf.write('show stat json\n');
    let answer = '';
    for (let tries = 0; answer === '' && tries < 2000; tries++) {
      answer = await askOnce('show cli level\n').catch(() => '');
      await new Promise((settle) => setTimeout(settle, 5));
    }
    assert.equal(answer, 'operator\n\n');
    deaf.destroy();
  });
});

test('listening sockets travel to the process that asks for them', async () => {
  const sockets: number[] = [];
  const count = 300; // more than one message
  const listening = createServer();
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const [one, other] = pair();
  const original = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  for (let i = 0; i < count; i++) sockets.push(original);
  // The receiver's acknowledgement of the first, full message.
  const memory = sys.region(65_536);
  assert.equal(sys.send(other, memory, 0, 4, 0), 4);
  const list = sockets.map((fd, i) => ({ fd, device: i === 1 ? 'lo' : '' }));
  assert.equal(transfer(sys, one, list), '');
  assert.equal(sys.recv(other, memory, 0, 4, 0), 4);
  assert.equal(Buffer.from(memory.bytes.subarray(0, 4)).readInt32LE(0), count);
  const fds = new Int32Array(253);
  const lengths: number[] = [];
  let received = 0;
  while (received < count) {
    const length = sys.recvDescriptors(other, memory, 0, 65_536, fds);
    assert.ok(length > 0);
    lengths.push(length);
    received += fds[0];
    for (let i = 1; i <= fds[0]; i++) closeSync(fds[i]);
  }
  assert.deepEqual(lengths, [252 * 6 + 2, 48 * 6]);
  assert.equal(transfer(sys, one, []), '');
  for (const fd of [one, other, original]) sys.close(fd);
  listening.close();
});

function pair(): [number, number] {
  const fds = new Int32Array(2);
  assert.equal(sys.socketpair(AF_UNIX, SOCK_STREAM, fds), 0);
  return [fds[0], fds[1]];
}

test('a receiver that is gone is reported, not waited for', () => {
  const [one, other] = pair();
  sys.close(other);
  const text = transfer(sys, one, [{ fd: one, device: '' }]);
  assert.notEqual(text, '');
  sys.close(one);
});
