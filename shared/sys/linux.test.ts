import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  AF_INET,
  AF_UNIX,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  EINPROGRESS,
  EPIPE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  SHUT_WR,
  SO_DOMAIN,
  SO_ERROR,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_INFO,
  TCP_NODELAY,
} from './constants.ts';
import { linuxSys } from './linux.ts';
import { PAGE_BYTES } from './memory.ts';
import { decodeAddress, encodeAddress, formatHost, portOf, sameAddress } from './sockaddr.ts';
import type { Region, SocketAddress } from './sys.ts';

const sys = linuxSys();
const EBADF = 9;
const ENOENT = 2;
const EINVAL = 22;
const EPERM = 1;
const O_CREATE_WRITE = 0o102;

function text(from: Region, at: number, length: number): string {
  return Buffer.from(from.bytes.subarray(at, at + length)).toString('latin1');
}

function filled(value: string): Region {
  const memory = sys.region(value.length);
  memory.bytes.set(Buffer.from(value, 'latin1'));
  return memory;
}

function loopback(port = 0): SocketAddress {
  const address = sys.address();
  assert.ok(encodeAddress({ family: 'ipv4', host: '127.0.0.1', port }, address));
  return address;
}

function mustBe(result: number): number {
  assert.ok(result >= 0, `errno ${-result}`);
  return result;
}

/** A listener on a port of the kernel's choice, and its address. */
function listener(type = SOCK_STREAM): { fd: number; address: SocketAddress } {
  const fd = mustBe(sys.socket(AF_INET, type, 0));
  mustBe(sys.bind(fd, loopback()));
  if (type === SOCK_STREAM) mustBe(sys.listen(fd, 16));
  const address = sys.address();
  mustBe(sys.getsockname(fd, address));
  return { fd, address };
}

function waitFor(fd: number, events: number): number {
  const epfd = mustBe(sys.epollCreate());
  const batch = sys.eventBatch(4);
  mustBe(sys.epollAdd(epfd, fd, events));
  assert.equal(sys.epollWait(epfd, batch, 5000), 1);
  assert.equal(batch.fdAt(0), fd);
  sys.close(epfd);
  return batch.eventsAt(0);
}

function pair(): [number, number] {
  const fds = new Int32Array(2);
  mustBe(sys.socketpair(AF_UNIX, SOCK_STREAM, fds));
  return [fds[0]!, fds[1]!];
}

test('a TCP connection: accept, peer, both ways, gather, half close', () => {
  const server = listener();
  const client = mustBe(sys.socket(AF_INET, SOCK_STREAM, 0));
  assert.equal(sys.accept(server.fd, null), -EAGAIN);
  const connected = sys.connect(client, server.address);
  assert.ok(connected === 0 || connected === -EINPROGRESS);
  waitFor(server.fd, EPOLLIN);
  const peer = sys.address();
  const accepted = mustBe(sys.accept(server.fd, peer));
  const local = sys.address();
  mustBe(sys.getsockname(client, local));
  assert.ok(sameAddress(peer, local));
  assert.equal(formatHost(peer), '127.0.0.1');
  mustBe(sys.getpeername(client, local));
  assert.equal(portOf(local), portOf(server.address));

  assert.equal(waitFor(client, EPOLLIN | EPOLLOUT), EPOLLOUT);
  assert.equal(sys.getsockoptInt(client, SOL_SOCKET, SO_ERROR), 0);
  const memory = filled('..hello.world..');
  const vector = sys.vector(2);
  vector.add(memory, 2, 5);
  vector.add(memory, 8, 5);
  assert.equal(vector.count, 2);
  assert.throws(() => vector.add(memory, 0, 1), RangeError);
  assert.equal(sys.sendVector(client, vector, 0), 10);
  vector.clear();
  vector.add(memory, 0, 2);
  assert.equal(sys.writeVector(client, vector), 2);
  const into = sys.region(64);
  waitFor(accepted, EPOLLIN);
  assert.equal(sys.recv(accepted, into, 4, 60, 0), 12);
  assert.equal(text(into, 4, 12), 'helloworld..');
  assert.equal(sys.recv(accepted, into, 0, 64, MSG_DONTWAIT), -EAGAIN);
  assert.equal(sys.send(accepted, memory, 8, 5, 0), 5);
  waitFor(client, EPOLLIN);
  assert.equal(sys.read(client, into, 0, 64), 5);
  assert.equal(text(into, 0, 5), 'world');
  assert.equal(sys.shutdown(client, SHUT_WR), 0);
  waitFor(accepted, EPOLLIN);
  assert.equal(sys.recv(accepted, into, 0, 64, 0), 0);
  for (const fd of [client, accepted, server.fd]) assert.equal(sys.close(fd), 0);
});

test('failures come back as minus errno', () => {
  const memory = sys.region(16);
  const vector = sys.vector(1);
  vector.add(memory, 0, 16);
  const address = loopback(1);
  const events = sys.eventBatch(1);
  const outcomes = [
    sys.recv(-1, memory, 0, 16, 0),
    sys.send(-1, memory, 0, 16, 0),
    sys.sendVector(-1, vector, 0),
    sys.writeVector(-1, vector),
    sys.read(-1, memory, 0, 1),
    sys.write(-1, memory, 0, 1),
    sys.accept(-1, null),
    sys.accept(-1, address),
    sys.connect(-1, address),
    sys.bind(-1, address),
    sys.listen(-1, 1),
    sys.close(-1),
    sys.epollWait(-1, events, 0),
    sys.epollAdd(-1, 0, EPOLLIN),
    sys.getsockoptInt(-1, SOL_SOCKET, SO_ERROR),
    sys.setsockoptInt(-1, SOL_SOCKET, SO_REUSEADDR, 1),
    sys.setsockoptBytes(-1, SOL_SOCKET, SO_REUSEADDR, new Uint8Array(4)),
    sys.getsockoptBytes(-1, SOL_SOCKET, SO_ERROR, new Uint8Array(4)),
    sys.getsockname(-1, address),
    sys.getpeername(-1, address),
    sys.shutdown(-1, 2),
    sys.sendTo(-1, memory, 0, 1, 0, address),
    sys.recvFrom(-1, memory, 0, 1, 0, address),
    sys.sendDescriptors(-1, memory, 0, 1, new Int32Array([0])),
    sys.recvDescriptors(-1, memory, 0, 1, new Int32Array(2)),
    sys.dup(-1),
    sys.fcntlGetFlags(-1),
    sys.setNonBlocking(-1),
    sys.setCloseOnExec(-1, true),
    sys.setPipeSize(-1, 4096),
    sys.splice(-1, -1, 1, false),
    sys.fallocate(-1, 1),
    sys.flock(-1, 1),
    sys.fstatSize(1 << 20),
    sys.eventfdSignal(-1),
    sys.eventfdDrain(-1),
    sys.mapShared(-1, PAGE_BYTES),
  ];
  assert.deepEqual(
    outcomes,
    outcomes.map(() => -EBADF),
  );
  assert.equal(sys.open('/nonexistent/file', 0, 0), -ENOENT);
  assert.equal(sys.chmod('/nonexistent/file', 0o600), -ENOENT);
  assert.equal(sys.chown('/nonexistent/file', -1, -1), -ENOENT);
  assert.equal(sys.chroot('/nonexistent'), -ENOENT);
  assert.equal(sys.kill(process.pid, 1000), -EINVAL);
});

test('a mistake of ours throws before the kernel sees it', () => {
  const [a, b] = pair();
  const memory = sys.region(16);
  const wrong: readonly [number, number][] = [
    [-1, 1],
    [0, 17],
    [16, 1],
    [0, -1],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.NaN],
    [2 ** 32, 1],
  ];
  const vector = sys.vector(4);
  const batch = sys.datagrams(4);
  for (const [at, length] of wrong) {
    assert.throws(() => sys.recv(a, memory, at, length, 0), RangeError);
    assert.throws(() => sys.send(a, memory, at, length, 0), RangeError);
    assert.throws(() => sys.read(a, memory, at, length), RangeError);
    assert.throws(() => sys.write(a, memory, at, length), RangeError);
    assert.throws(() => sys.sendTo(a, memory, at, length, 0, loopback()), RangeError);
    assert.throws(() => sys.recvFrom(a, memory, at, length, 0, sys.address()), RangeError);
    assert.throws(() => vector.add(memory, at, length), RangeError);
    assert.throws(() => batch.add(memory, at, length, null), RangeError);
  }
  assert.throws(() => sys.sendDescriptors(a, memory, 0, 1, new Int32Array(253)), RangeError);
  assert.throws(() => sys.recvDescriptors(a, memory, 0, 1, new Int32Array(1)), RangeError);
  assert.throws(() => sys.region(-1), RangeError);
  assert.throws(() => sys.eventBatch(0), RangeError);
  assert.throws(() => sys.vector(1025), RangeError);
  assert.throws(() => sys.mapShared(0, 100), RangeError);
  const tooLong = sys.address();
  tooLong.length = 129;
  assert.throws(() => sys.bind(a, tooLong), RangeError);
  assert.equal(sys.recv(b, memory, 0, 16, 0), -EAGAIN);
  assert.equal(sys.recv(b, memory, 16, 0, 0), -EAGAIN);
  sys.close(a);
  sys.close(b);
});

test('a port in use, a refused connection, a broken pipe', () => {
  const server = listener();
  const second = mustBe(sys.socket(AF_INET, SOCK_STREAM, 0));
  assert.equal(sys.bind(second, server.address), -EADDRINUSE);
  sys.close(server.fd);
  const refused = sys.connect(second, server.address);
  if (refused !== -ECONNREFUSED) {
    assert.equal(refused, -EINPROGRESS);
    waitFor(second, EPOLLOUT);
    assert.equal(sys.getsockoptInt(second, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
  }
  sys.close(second);
  const [a, b] = pair();
  sys.close(b);
  assert.equal(sys.send(a, filled('x'), 0, 1, 0), -EPIPE);
  assert.ok(waitFor(a, EPOLLIN) & EPOLLHUP);
  sys.close(a);
});

test('options as numbers and as bytes', () => {
  const server = listener();
  assert.equal(sys.setsockoptInt(server.fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
  assert.equal(sys.getsockoptInt(server.fd, IPPROTO_TCP, TCP_NODELAY), 1);
  assert.equal(sys.getsockoptInt(server.fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
  const info = new Uint8Array(104);
  assert.equal(sys.getsockoptBytes(server.fd, IPPROTO_TCP, TCP_INFO, info), 104);
  assert.equal(info[0], 10);
  const lingerZero = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(sys.setsockoptBytes(server.fd, SOL_SOCKET, 13, lingerZero), 0);
  const back = new Uint8Array(8);
  assert.equal(sys.getsockoptBytes(server.fd, SOL_SOCKET, 13, back), 8);
  assert.deepEqual(back, lingerZero);
  sys.close(server.fd);
});

test('epoll: add, modify, remove, several descriptors, nothing', () => {
  const epfd = mustBe(sys.epollCreate());
  const batch = sys.eventBatch(8);
  assert.equal(batch.capacity, 8);
  const [a, b] = pair();
  const bell = mustBe(sys.eventfd());
  mustBe(sys.epollAdd(epfd, a, EPOLLIN));
  mustBe(sys.epollAdd(epfd, bell, EPOLLIN));
  assert.equal(sys.epollWait(epfd, batch, 0), 0);
  assert.equal(sys.eventfdDrain(bell), -EAGAIN);
  assert.equal(sys.eventfdSignal(bell), 0);
  assert.equal(sys.eventfdSignal(bell), 0);
  sys.write(b, filled('x'), 0, 1);
  assert.equal(sys.epollWait(epfd, batch, 0), 2);
  const ready = [batch.fdAt(0), batch.fdAt(1)].sort((x, y) => x - y);
  assert.deepEqual(
    ready,
    [a, bell].sort((x, y) => x - y),
  );
  assert.equal(batch.eventsAt(0), EPOLLIN);
  assert.equal(sys.eventfdDrain(bell), 2);
  mustBe(sys.epollModify(epfd, a, EPOLLOUT));
  assert.equal(sys.epollWait(epfd, batch, 0), 1);
  assert.equal(batch.eventsAt(0), EPOLLOUT);
  assert.equal(sys.epollAdd(epfd, a, EPOLLIN), -17);
  mustBe(sys.epollRemove(epfd, a));
  assert.equal(sys.epollRemove(epfd, a), -ENOENT);
  assert.equal(sys.epollWait(epfd, batch, 0), 0);
  for (const fd of [a, b, bell, epfd]) sys.close(fd);
});

test('datagrams: one call for many, with and without an address', () => {
  const sink = listener(SOCK_DGRAM);
  const out = mustBe(sys.socket(AF_INET, SOCK_DGRAM, 0));
  const memory = filled('onetwothree');
  const batch = sys.datagrams(3);
  assert.equal(sys.sendBatch(out, batch, 0), 0);
  batch.add(memory, 0, 3, sink.address);
  batch.add(memory, 3, 3, sink.address);
  batch.add(memory, 6, 5, sink.address);
  assert.throws(() => batch.add(memory, 0, 1, null), RangeError);
  assert.equal(sys.sendBatch(out, batch, MSG_DONTWAIT), 3);
  mustBe(sys.connect(out, sink.address));
  batch.clear();
  batch.add(memory, 0, 11, null);
  assert.equal(sys.sendBatch(out, batch, MSG_DONTWAIT), 1);
  assert.equal(sys.sendTo(out, memory, 0, 1, 0, sink.address), 1);
  const into = sys.region(64);
  const from = sys.address();
  const seen: string[] = [];
  for (let i = 0; i < 5; i++) {
    const count = mustBe(sys.recvFrom(sink.fd, into, 1, 63, 0, from));
    seen.push(text(into, 1, count));
    assert.equal(decodeAddress(from)?.host, '127.0.0.1');
  }
  assert.deepEqual(seen, ['one', 'two', 'three', 'onetwothree', 'o']);
  assert.equal(sys.recvFrom(sink.fd, into, 0, 64, 0, from), -EAGAIN);
  sys.close(out);
  sys.close(sink.fd);
});

test('descriptors travel over a unix socket', () => {
  const [a, b] = pair();
  const pipes = new Int32Array(2);
  mustBe(sys.pipe(pipes));
  const byte = filled('fd');
  assert.equal(sys.sendDescriptors(a, byte, 0, 2, pipes), 2);
  const into = sys.region(8);
  const fds = new Int32Array(4);
  assert.equal(sys.recvDescriptors(b, into, 0, 8, fds), 2);
  assert.equal(text(into, 0, 2), 'fd');
  assert.equal(fds[0], 2);
  assert.equal(sys.write(fds[2]!, byte, 0, 1), 1);
  assert.equal(sys.read(pipes[0]!, into, 0, 8), 1);
  assert.equal(sys.recvDescriptors(b, into, 0, 8, fds), -EAGAIN);
  assert.equal(fds[0], 0);
  sys.send(a, byte, 0, 2, 0);
  assert.equal(sys.recvDescriptors(b, into, 0, 8, fds), 2);
  assert.equal(fds[0], 0);
  for (const fd of [pipes[0]!, pipes[1]!, ...fds.subarray(1, 3)]) sys.close(fd);
  sys.close(a);
  sys.close(b);
});

test('descriptors there is no room for do not stay open unseen', () => {
  const [a, b] = pair();
  const pipes = new Int32Array(2);
  mustBe(sys.pipe(pipes));
  const byte = filled('x');
  assert.equal(sys.sendDescriptors(a, byte, 0, 1, new Int32Array([a, pipes[0]!, b])), 1);
  sys.close(pipes[0]!);
  const one = new Int32Array(2);
  assert.equal(sys.recvDescriptors(b, sys.region(8), 0, 8, one), 1);
  assert.equal(one[0], 1);
  // Nobody holds the reading end any more.
  assert.equal(sys.write(pipes[1]!, byte, 0, 1), -EPIPE);
  for (const fd of [a, b, pipes[1]!, one[1]!]) sys.close(fd);
});

test('splice moves bytes through a pipe inside the kernel', () => {
  const [a, b] = pair();
  const [c, d] = pair();
  const pipes = new Int32Array(2);
  mustBe(sys.pipe(pipes));
  assert.ok(mustBe(sys.setPipeSize(pipes[1]!, 65536)) >= 65536);
  assert.equal(sys.splice(b, pipes[1]!, 100, false), -EAGAIN);
  sys.send(a, filled('through the pipe'), 0, 16, 0);
  assert.equal(sys.splice(b, pipes[1]!, 100, false), 16);
  assert.equal(sys.splice(pipes[0]!, c, 7, true), 7);
  assert.equal(sys.splice(pipes[0]!, c, 100, false), 9);
  const into = sys.region(32);
  assert.equal(sys.recv(d, into, 0, 32, 0), 16);
  assert.equal(text(into, 0, 16), 'through the pipe');
  for (const fd of [a, b, c, d, pipes[0]!, pipes[1]!]) sys.close(fd);
});

test('files: open, size, lock, duplicate, flags', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-sys-'));
  const path = join(folder, 'file');
  const before = sys.umask(0o077);
  const fd = mustBe(sys.open(path, O_CREATE_WRITE, 0o644));
  assert.equal(sys.umask(before), 0o077);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(sys.chmod(path, 0o640), 0);
  assert.equal(statSync(path).mode & 0o777, 0o640);
  assert.equal(sys.chown(path, -1, -1), 0);
  assert.equal(sys.ftruncate(fd, 100), 0);
  assert.equal(sys.fstatSize(fd), 100);
  assert.equal(sys.fallocate(fd, 8192), 0);
  assert.equal(sys.fstatSize(fd), 8192);
  assert.equal(sys.fallocate(fd, 0), -EINVAL);
  assert.equal(sys.flock(fd, 2 | 4), 0);
  const other = mustBe(sys.open(path, 2, 0));
  assert.equal(sys.flock(other, 2 | 4), -EAGAIN);
  const copy = mustBe(sys.dup(fd));
  assert.equal(sys.dup2(copy, other), other);
  assert.equal(sys.flock(other, 2 | 4), 0);
  assert.equal(sys.fcntlGetFlags(fd) & 0x800, 0);
  assert.equal(sys.setNonBlocking(fd), 0);
  assert.equal(sys.fcntlGetFlags(fd) & 0x800, 0x800);
  assert.equal(sys.setCloseOnExec(fd, false), 0);
  for (const open of [fd, other, copy]) sys.close(open);
  rmSync(folder, { recursive: true });
});

test('close-on-exec decides what a child sees', () => {
  const memory = mustBe(sys.memfd('seen-by-child'));
  const list = () =>
    spawnSync('/bin/sh', ['-c', `[ -e /proc/self/fd/${memory} ]`], { stdio: 'ignore' }).status;
  // The shell is started with fork and exec by libuv, which closes nothing by itself.
  assert.equal(list(), 1);
  sys.setCloseOnExec(memory, false);
  assert.equal(list(), 0);
  sys.close(memory);
});

test('clocks: monotonic agrees with hrtime, wall with Date', () => {
  const first = Number(process.hrtime.bigint());
  const now = sys.monotonicNs();
  const last = Number(process.hrtime.bigint());
  assert.ok(first <= now && now <= last, `${first} ${now} ${last}`);
  const early = Date.now();
  const wall = sys.wallUs();
  assert.ok(early * 1000 <= wall && wall < (Date.now() + 1) * 1000);
  assert.ok(Number.isInteger(wall) && Number.isInteger(now));
});

test('regions are zeroed, page aligned, and any stable memory can be wrapped', () => {
  for (const length of [0, 1, PAGE_BYTES, 3 << 20]) {
    const memory = sys.region(length);
    assert.equal(memory.address % PAGE_BYTES, 0);
    assert.equal(memory.bytes.length, length);
    assert.ok(memory.bytes.every((byte) => byte === 0));
  }
  const fds = new Int32Array(2);
  mustBe(sys.pipe(fds));
  const wrapped = sys.regionOf(new Uint8Array(new SharedArrayBuffer(64), 8, 16));
  wrapped.bytes.set([65, 66, 67]);
  assert.equal(sys.write(fds[1]!, wrapped, 1, 2), 2);
  assert.equal(sys.read(fds[0]!, wrapped, 8, 8), 2);
  assert.equal(text(wrapped, 8, 2), 'BC');
  sys.close(fds[0]!);
  sys.close(fds[1]!);
});

test('mapShared: stores are seen through the file and by another process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-sys-'));
  const path = join(folder, 'segment');
  const fd = mustBe(sys.open(path, O_CREATE_WRITE, 0o600));
  assert.equal(sys.ftruncate(fd, 4 * PAGE_BYTES), 0);
  const view = sys.mapShared(fd, 4 * PAGE_BYTES);
  assert.ok(view instanceof Uint8Array);
  assert.ok(view.buffer instanceof SharedArrayBuffer);
  assert.equal(view.length, 4 * PAGE_BYTES);
  const words = new Int32Array(view.buffer, view.byteOffset, view.length / 4);
  assert.equal(Atomics.add(words, 0, 42), 0);
  view[view.length - 1] = 7;
  const raw = readFileSync(path);
  assert.deepEqual([raw.readInt32LE(0), raw[raw.length - 1]], [42, 7]);
  const child = `
    const { linuxSys } = await import(${JSON.stringify(new URL('./linux.js', import.meta.url).href)});
    const sys = linuxSys(), fd = sys.open(${JSON.stringify(path)}, 2, 0);
    const view = sys.mapShared(fd, ${4 * PAGE_BYTES});
    const words = new Int32Array(view.buffer, view.byteOffset, view.length / 4);
    for (let i = 0; i < 1000; i++) Atomics.add(words, 0, 1);
    process.exit(0);`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', child]);
  assert.equal(result.status, 0, String(result.stderr));
  assert.equal(Atomics.load(words, 0), 1042);
  sys.close(fd);
  rmSync(folder, { recursive: true });
  assert.equal(Atomics.load(words, 0), 1042);
});

test('libuv: the backend descriptor polls, and tells its next timer', () => {
  const backend = sys.uvBackendFd();
  assert.ok(backend >= 0);
  const timer = setTimeout(() => undefined, 60_000);
  const wait = sys.uvTimeoutMs();
  assert.ok(wait >= 0 && wait <= 60_000, String(wait));
  clearTimeout(timer);
  const epfd = mustBe(sys.epollCreate());
  assert.equal(sys.epollAdd(epfd, backend, EPOLLIN), 0);
  sys.close(epfd);
});

test('a worker thread has its own calls and its own loop', async () => {
  const url = JSON.stringify(new URL('./linux.js', import.meta.url).href);
  const body = `
    import(${url}).then(({ linuxSys }) => {
      const sys = linuxSys(), fds = new Int32Array(2), memory = sys.region(8);
      sys.pipe(fds);
      memory.bytes[0] = 9;
      const sent = sys.write(fds[1], memory, 0, 1), got = sys.read(fds[0], memory, 4, 4);
      sys.close(fds[0]); sys.close(fds[1]);
      require('node:worker_threads').parentPort.postMessage(
        [sent, got, memory.bytes[4], sys.uvBackendFd(), sys.gettid()]);
    });`;
  const worker = new Worker(body, { eval: true });
  const answer = await new Promise<number[]>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  await worker.terminate();
  assert.deepEqual(answer.slice(0, 3), [1, 1, 9]);
  assert.ok(answer[3]! >= 0 && answer[3] !== sys.uvBackendFd());
  assert.notEqual(answer[4], sys.gettid());
});

test('process: ids, limits, affinity', () => {
  assert.equal(sys.getpid(), process.pid);
  assert.equal(sys.gettid(), process.pid);
  assert.equal(sys.kill(process.pid, 0), 0);
  const limits = new Float64Array(2);
  assert.equal(sys.getrlimit(7, limits), 0);
  assert.ok(limits[0]! > 0 && limits[0]! <= limits[1]!);
  assert.equal(sys.setrlimit(7, limits[0]!, limits[1]!), 0);
  assert.equal(sys.getrlimit(1000, limits), -EINVAL);
  assert.throws(() => sys.setrlimit(7, -1, 0), RangeError);
  assert.equal(sys.setAffinity(0, []), -EINVAL);
  assert.throws(() => sys.setAffinity(0, [-1]), RangeError);
  assert.equal(sys.setDumpable(true), 0);
  assert.equal(sys.setParentDeathSignal(0), 0);
});

test('identity and root change in a child process', { skip: process.getuid?.() !== 0 }, () => {
  const url = JSON.stringify(new URL('./linux.js', import.meta.url).href);
  const body = `
    const { linuxSys } = await import(${url});
    const fs = await import('node:fs');
    const sys = linuxSys(), out = [];
    out.push(sys.setAffinity(0, [0]), sys.setsid() === sys.getpid() ? 0 : 1);
    const status = (name) => fs.readFileSync('/proc/self/task/' + sys.gettid() + '/status', 'latin1')
      .split('\\n').find((line) => line.startsWith(name)).replace(/\\s+/g, ' ');
    out.push(sys.setgroups(new Int32Array([7, 8])), sys.setgid(65534), sys.setuid(65534));
    out.push(status('Uid:'), status('Gid:'), status('Groups:').trim());
    out.push(sys.setuid(0), sys.setgroups(new Int32Array([1])), sys.chroot('/'));
    console.log(JSON.stringify(out));`;
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', body]);
  assert.equal(result.status, 0, String(result.stderr));
  assert.deepEqual(JSON.parse(String(result.stdout)), [
    0,
    0,
    0,
    0,
    0,
    'Uid: 65534 65534 65534 65534',
    'Gid: 65534 65534 65534 65534',
    'Groups: 7 8',
    -EPERM,
    -EPERM,
    -EPERM,
  ]);
});
