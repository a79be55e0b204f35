import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  filled,
  listener,
  loopback,
  mustBe,
  pair,
  sys,
  text,
  waitFor,
} from '../../test/harness/real-sockets.ts';
import {
  AF_INET,
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
import { PAGE_BYTES } from './memory.ts';
import { decodeAddress, formatHost, portOf, sameAddress } from './sockaddr.ts';

const EBADF = 9;
const ENOENT = 2;
const EINVAL = 22;

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
