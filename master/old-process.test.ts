// The sockets of an old process: the wire format of `_getsocks`, played by a second thread, and its
// failures.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../shared/sys/constants.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import { encodeAddress, portOf } from '../shared/sys/sockaddr.ts';
import { keyOf } from './listeners.ts';
import { inheritSockets } from './old-process.ts';

const sys = linuxSys();

/**
 * The old process: accepts once, reads the request, sends a count, then descriptors with records.
 */
const oldProcess = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.sys).then(({ linuxSys }) => {
  const sys = linuxSys();
  const { listenFd, fds, count, record } = workerData;
  const epoll = sys.epollCreate();
  const batch = sys.eventBatch(1);
  const memory = sys.region(4096);
  const wait = (fd) => { sys.epollAdd(epoll, fd, 1); sys.epollWait(epoll, batch, 5000); };
  wait(listenFd);
  const fd = sys.accept(listenFd, null);
  sys.epollRemove(epoll, listenFd);
  wait(fd);
  const length = sys.recv(fd, memory, 0, 4096, 0);
  const request = Buffer.from(memory.bytes.subarray(0, length)).toString();
  new DataView(memory.bytes.buffer, memory.bytes.byteOffset).setInt32(0, count, true);
  sys.send(fd, memory, 0, 4, 0);
  if (fds.length > 0) {
    memory.bytes.set(record);
    sys.sendDescriptors(fd, memory, 0, record.length, Int32Array.from(fds));
    sys.epollWait(epoll, batch, 5000);
  }
  sys.close(fd);
  parentPort.postMessage(request);
});`;

interface OldProcess {
  readonly path: string;
  readonly request: Promise<string>;
}

function play(folder: string, fds: readonly number[], count: number, record: Buffer): OldProcess {
  const path = join(folder, `sock-${count}-${fds.length}`);
  const listenFd = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'unix', host: path, port: 0 }, name);
  assert.equal(sys.bind(listenFd, name), 0);
  assert.equal(sys.listen(listenFd, 5), 0);
  const thread = new Worker(oldProcess, {
    eval: true,
    workerData: {
      sys: new URL('../shared/sys/linux.js', import.meta.url).href,
      listenFd,
      fds,
      count,
      record,
    },
  });
  const request = new Promise<string>((settle) => thread.once('message', settle));
  return { path, request: request.finally(() => sys.close(listenFd)) };
}

function listenAnywhere(): { readonly fd: number; readonly port: number } {
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'ipv4', host: '127.0.0.1', port: 0 }, name);
  sys.bind(fd, name);
  sys.listen(fd, 5);
  sys.getsockname(fd, name);
  return { fd, port: portOf(name) };
}

test('sockets arrive with what they are', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  const tcp = listenAnywhere();
  const unix = sys.socket(AF_UNIX, SOCK_STREAM, 0);
  const name = sys.address();
  encodeAddress({ family: 'unix', host: join(folder, 'x.77.tmp'), port: 0 }, name);
  sys.bind(unix, name);
  const record = Buffer.from('\x00\x03eth\0\0\0\0\x00\x00\0\0\0\0', 'latin1');
  const { path, request } = play(folder, [tcp.fd, unix], 2, record);
  const { sockets, error } = inheritSockets(sys, path);
  assert.equal(error, '');
  assert.equal(await request, '_getsocks\n');
  assert.deepEqual(
    sockets.map(({ key }) => key),
    [
      keyOf(['ipv4', '127.0.0.1', tcp.port, -1, 'eth', '', '']),
      keyOf(['unix', join(folder, 'x'), 0, -1, '', '', '']),
    ],
  );
  for (const fd of [tcp.fd, unix, ...sockets.map((socket) => socket.fd)]) {
    assert.equal(sys.close(fd), 0);
  }
  rmSync(folder, { recursive: true });
});

test('what cannot be had is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  const absent = inheritSockets(sys, join(folder, 'absent'));
  assert.match(absent.error, /^Failed to connect to the old process socket/);
  const none = play(folder, [], 0, Buffer.alloc(0));
  assert.deepEqual(inheritSockets(sys, none.path), { sockets: [], error: '' });
  await none.request;
  const fewer = play(folder, [], 3, Buffer.alloc(0));
  assert.match(inheritSockets(sys, fewer.path).error, /^Got 0 sockets of the 3/);
  await fewer.request;
  rmSync(folder, { recursive: true });
});
