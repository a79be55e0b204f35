import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AF_INET,
  AF_UNIX,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EMFILE,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_PEEK,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress, formatHost, type NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { FakeSys } from './fake-sys.ts';

const EBADF = 9;
const AT: NamedAddress = { family: 'ipv4', host: '127.0.0.1', port: 8000 };

function addressOf(sys: Sys, named: NamedAddress): SocketAddress {
  const address = sys.address();
  assert.ok(encodeAddress(named, address));
  return address;
}

function listen(sys: Sys, named: NamedAddress, backlog = 8): number {
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(sys.bind(fd, addressOf(sys, named)), 0);
  assert.equal(sys.listen(fd, backlog), 0);
  return fd;
}

function send(sys: Sys, fd: number, text: string): number {
  return sys.send(
    fd,
    sys.regionOf(Uint8Array.from(Buffer.from(text, 'latin1'))),
    0,
    text.length,
    0,
  );
}

function receive(sys: Sys, fd: number, most = 64, flags = 0): string | number {
  const into = sys.region(64);
  const count = sys.recv(fd, into, 0, most, flags);
  return count < 0 ? count : Buffer.from(into.bytes.subarray(0, count)).toString('latin1');
}

/** What is ready, as [descriptor's name, events] in order of name. */
function ready(sys: Sys, epfd: number, names: readonly [string, number][]): [string, number][] {
  const batch = sys.eventBatch(8);
  // Loopback delivers within the call that sends; 20 ms covers a machine that is busy elsewhere.
  const count = sys.epollWait(epfd, batch, sys instanceof FakeSys ? 0 : 20);
  const found: [string, number][] = [];
  for (let i = 0; i < count; i++) {
    const name = names.find(([, fd]) => fd === batch.fdAt(i))?.[0] ?? '?';
    found.push([name, batch.eventsAt(i)]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A connection through a listener on a free port: [client, server, listener]. */
function connection(sys: Sys): [number, number, number] {
  const lfd = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(lfd, name);
  const client = sys.socket(AF_INET, SOCK_STREAM, 0);
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, lfd, EPOLLIN);
  assert.equal(sys.connect(client, name), -EINPROGRESS);
  assert.deepEqual(ready(sys, epfd, [['l', lfd]]), [['l', EPOLLIN]]);
  sys.close(epfd);
  return [client, sys.accept(lfd, null), lfd];
}

/** Runs one story on the real kernel and on the fake one: the answers must be the same. */
function same(name: string, story: (sys: Sys) => unknown[]): void {
  test(`as the real kernel: ${name}`, () => {
    const real = linuxSys();
    const fake = new FakeSys();
    const expected = story(real);
    assert.ok(expected.length > 0);
    assert.deepEqual(story(fake), expected);
  });
}

same('connect, talk, half close, close', (sys) => {
  const out: unknown[] = [];
  const [client, server, lfd] = connection(sys);
  const epfd = sys.epollCreate();
  const names: [string, number][] = [
    ['c', client],
    ['s', server],
  ];
  out.push(sys.epollAdd(epfd, client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET));
  out.push(sys.epollAdd(epfd, server, EPOLLIN | EPOLLRDHUP));
  out.push(sys.epollAdd(epfd, server, EPOLLIN), ready(sys, epfd, names));
  out.push(receive(sys, server), send(sys, client, 'hello'), ready(sys, epfd, names));
  out.push(receive(sys, server, 64, MSG_PEEK), receive(sys, server, 2), ready(sys, epfd, names));
  out.push(receive(sys, server), ready(sys, epfd, names));
  out.push(send(sys, server, 'x'), ready(sys, epfd, names), ready(sys, epfd, names));
  out.push(sys.shutdown(client, SHUT_WR), ready(sys, epfd, names), receive(sys, server));
  out.push(send(sys, client, 'late'), receive(sys, client), sys.shutdown(server, SHUT_WR));
  out.push(ready(sys, epfd, names), receive(sys, client), sys.epollRemove(epfd, client));
  out.push(sys.epollRemove(epfd, client));
  out.push(
    [client, server, lfd, epfd].map((fd) => sys.close(fd)),
    receive(sys, client),
  );
  return out;
});

same('a reset is reported once, after what was received', (sys) => {
  const [client, server, lfd] = connection(sys);
  const out: unknown[] = [send(sys, client, 'bytes')];
  sys.setsockoptBytes(client, SOL_SOCKET, SO_LINGER, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, server, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(sys.close(client), ready(sys, epfd, [['s', server]]));
  out.push(receive(sys, server), receive(sys, server), receive(sys, server));
  out.push(send(sys, server, 'x'), sys.getsockoptInt(server, SOL_SOCKET, SO_ERROR));
  for (const fd of [server, lfd, epfd]) sys.close(fd);
  return out;
});

same('closing with bytes unread resets; writing to a closed peer does too', (sys) => {
  const [client, server, lfd] = connection(sys);
  const out: unknown[] = [send(sys, server, 'unread')];
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, client, EPOLLIN);
  ready(sys, epfd, []);
  sys.close(client);
  const names: [string, number][] = [['s', server]];
  sys.epollAdd(epfd, server, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(ready(sys, epfd, names), receive(sys, server));
  const [second, accepted, other] = connection(sys);
  sys.close(second);
  out.push(send(sys, accepted, 'first'));
  const pollErrors = sys.epollCreate();
  sys.epollAdd(pollErrors, accepted, 0);
  out.push(ready(sys, pollErrors, [['a', accepted]]).length);
  out.push(sys.getsockoptInt(accepted, SOL_SOCKET, SO_ERROR) !== 0, send(sys, accepted, 'x'));
  for (const fd of [server, lfd, accepted, other, epfd, pollErrors]) sys.close(fd);
  return out;
});

same('a connect to nobody fails asynchronously', (sys) => {
  const free = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(free, name);
  sys.close(free);
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const epfd = sys.epollCreate();
  const out: unknown[] = [];
  sys.epollAdd(epfd, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(ready(sys, epfd, [['f', fd]]), sys.connect(fd, name), ready(sys, epfd, [['f', fd]]));
  out.push(sys.getsockoptInt(fd, SOL_SOCKET, SO_ERROR), sys.close(fd), sys.close(epfd));
  return out;
});

same('names: in use, shared, released', (sys) => {
  const first = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(first, name);
  const make = () => sys.socket(AF_INET, SOCK_STREAM, 0);
  const second = make();
  const out: unknown[] = [sys.bind(second, name), sys.accept(second, null) < 0];
  sys.close(first);
  const [a, b] = [make(), make()];
  sys.setsockoptInt(a, SOL_SOCKET, SO_REUSEPORT, 1);
  sys.setsockoptInt(b, SOL_SOCKET, SO_REUSEPORT, 1);
  out.push(sys.bind(a, name), sys.bind(b, name), sys.bind(second, name));
  out.push(sys.getsockoptInt(a, SOL_SOCKET, SO_REUSEPORT));
  for (const fd of [second, a, b]) sys.close(fd);
  return out;
});

same('a full buffer says EAGAIN, and tells of room after a third is free', (sys) => {
  const fds = new Int32Array(2);
  sys.pipe(fds);
  const block = sys.region(65536);
  const out: unknown[] = [sys.write(fds[1]!, block, 0, 65536), sys.write(fds[1]!, block, 0, 1)];
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, fds[1]!, EPOLLOUT | EPOLLET);
  out.push(ready(sys, epfd, [['w', fds[1]!]]), sys.read(fds[0]!, block, 0, 65536));
  out.push(ready(sys, epfd, [['w', fds[1]!]]), ready(sys, epfd, [['w', fds[1]!]]));
  sys.close(fds[0]!);
  out.push(sys.write(fds[1]!, block, 0, 1), ready(sys, epfd, [['w', fds[1]!]]));
  sys.close(fds[1]!);
  sys.close(epfd);
  return out;
});

same('unix pairs, descriptors, splice, events, datagrams', (sys) => {
  const pair = new Int32Array(2);
  const pipes = new Int32Array(2);
  const other = new Int32Array(2);
  sys.socketpair(AF_UNIX, SOCK_STREAM, pair);
  sys.socketpair(AF_UNIX, SOCK_STREAM, other);
  sys.pipe(pipes);
  const [a, b] = [pair[0]!, pair[1]!];
  const memory = sys.region(64);
  const out: unknown[] = [sys.splice(b, pipes[1]!, 64, false), send(sys, a, 'spliced')];
  out.push(sys.splice(b, pipes[1]!, 64, false), sys.splice(pipes[0]!, other[0]!, 3, false));
  out.push(sys.splice(pipes[0]!, other[0]!, 64, false), receive(sys, other[1]!));
  out.push(sys.splice(pipes[0]!, other[0]!, 64, false), sys.splice(a, b, 1, false));
  out.push(send(sys, a, 'ab'), sys.sendDescriptors(a, memory, 0, 2, pipes), send(sys, a, 'yz'));
  const got = new Int32Array(4);
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  out.push(sys.write(got[2]!, memory, 0, 5), sys.read(pipes[0]!, memory, 0, 64));
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  const bell = sys.eventfd();
  out.push(sys.eventfdDrain(bell), sys.eventfdSignal(bell), sys.eventfdDrain(bell));
  const copy = sys.dup(a);
  out.push(sys.close(a), send(sys, copy, 'copy'), receive(sys, b), sys.close(copy));
  out.push(receive(sys, b), send(sys, b, 'x'), sys.close(b));
  return out;
});

same('datagrams', (sys) => {
  const sink = sys.socket(AF_INET, SOCK_DGRAM, 0);
  sys.bind(sink, addressOf(sys, { ...AT, port: 0 }));
  const name = sys.address();
  sys.getsockname(sink, name);
  const from = sys.socket(AF_INET, SOCK_DGRAM, 0);
  const memory = sys.region(8);
  const batch = sys.datagrams(2);
  const out: unknown[] = [send(sys, from, 'x'), receive(sys, sink)];
  batch.add(memory, 0, 3, name);
  batch.add(memory, 0, 0, name);
  out.push(batch.count, sys.sendBatch(from, batch, 0), sys.connect(from, name));
  out.push(send(sys, from, 'hello'), sys.recvFrom(sink, memory, 0, 8, 0, name));
  out.push(formatHost(name), receive(sys, sink), receive(sys, sink, 2), receive(sys, sink));
  sys.close(sink);
  sys.close(from);
  return out;
});

test('far ends: a client of the worker and a server behind it', () => {
  const sys = new FakeSys();
  const lfd = listen(sys, AT);
  const client = sys.connectTo(AT, { family: 'ipv4', host: '192.0.2.9', port: 5000 });
  client.write('GET');
  const peer = sys.address();
  const fd = sys.accept(lfd, peer);
  assert.equal(formatHost(peer), '192.0.2.9');
  assert.equal(receive(sys, fd), 'GET');
  send(sys, fd, 'answer');
  assert.equal(client.readText(), 'answer');
  client.shutdown();
  assert.equal(receive(sys, fd), '');
  sys.close(fd);
  assert.deepEqual([client.ended, client.wasReset], [true, false]);

  const server = sys.serve({ ...AT, port: 9000 });
  assert.throws(() => sys.serve({ ...AT, port: 9000 }), new RegExp(String(EADDRINUSE)));
  const out = sys.socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(sys.connect(out, addressOf(sys, { ...AT, port: 9000 })), -EINPROGRESS);
  assert.equal(server.accept(), null);
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, out, EPOLLOUT);
  assert.deepEqual(ready(sys, epfd, [['o', out]]), [['o', EPOLLOUT]]);
  const accepted = server.accept()!;
  send(sys, out, 'ping');
  assert.equal(accepted.readText(), 'ping');
  accepted.reset();
  assert.equal(receive(sys, out), -ECONNRESET);
  server.close();
});

test('a silent address neither accepts nor refuses', () => {
  const sys = new FakeSys();
  sys.silence(AT);
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const epfd = sys.epollCreate();
  sys.connect(fd, addressOf(sys, AT));
  sys.epollAdd(epfd, fd, EPOLLOUT);
  for (let i = 0; i < 3; i++) assert.deepEqual(ready(sys, epfd, []), []);
  sys.close(fd);
  assert.deepEqual(sys.openDescriptors(), [epfd]);
});

test('a full backlog holds a connection back until somebody accepts', () => {
  const sys = new FakeSys();
  const lfd = listen(sys, AT, 0);
  const first = sys.connectTo(AT);
  const second = sys.connectTo(AT);
  assert.deepEqual([first.connected, second.connected], [true, false]);
  sys.accept(lfd, null);
  const epfd = sys.epollCreate();
  ready(sys, epfd, []);
  assert.equal(second.connected, true);
});

test('EPOLLEXCLUSIVE wakes one set for one connection, each in turn', () => {
  const sys = new FakeSys();
  const lfd = listen(sys, AT);
  const sets = [sys.epollCreate(), sys.epollCreate()];
  for (const epfd of sets) sys.epollAdd(epfd, lfd, EPOLLIN | EPOLLEXCLUSIVE);
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    sys.connectTo(AT);
    const woken = sets.filter((epfd) => ready(sys, epfd, []).length > 0);
    assert.equal(woken.length, 1);
    seen.push(sets.indexOf(woken[0]!));
    sys.accept(lfd, null);
    for (const epfd of sets) assert.deepEqual(ready(sys, epfd, []), []);
  }
  assert.deepEqual(seen, [0, 1, 0, 1]);
});

test('leaks and misuse are counted', () => {
  const sys = new FakeSys();
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  assert.deepEqual(sys.openDescriptors(), [fd]);
  assert.equal(sys.close(fd), 0);
  assert.equal(sys.misuse, 0);
  assert.equal(sys.close(fd), -EBADF);
  assert.equal(receive(sys, fd), -EBADF);
  assert.equal(sys.misuse, 2);
  assert.throws(() => sys.setuid(), /setuid/);
  assert.throws(() => sys.recv(0, sys.region(4), 2, 3, 0), RangeError);
  const few = new FakeSys({ descriptorMax: 4 });
  assert.equal(few.socket(AF_INET, SOCK_STREAM, 0), 3);
  assert.equal(few.socket(AF_INET, SOCK_STREAM, 0), -EMFILE);
});

test('the clock is the test’s', () => {
  const sys = new FakeSys({ epochMs: 5000 });
  const before = sys.monotonicNs();
  sys.advance(1500);
  assert.equal(sys.monotonicNs() - before, 1.5e9);
  assert.equal(sys.wallUs(), 6_500_000);
  sys.stepWallClock(-6000);
  assert.equal(sys.wallUs(), 500_000);
  assert.equal(sys.monotonicNs() - before, 1.5e9);
});

/** An edge-triggered reader and writer that trusts only what the kernel says, under faults. */
function echo(seed: number): { got: string; log: number[] } {
  const sys = new FakeSys({ seed });
  const lfd = listen(sys, AT);
  const client = sys.connectTo(AT);
  const fd = sys.accept(lfd, null);
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  sys.faults.rates = { ...sys.faults.rates, shortRead: 0.5, shortWrite: 0.5, again: 0.3 };
  client.write('0123456789'.repeat(20));
  const batch = sys.eventBatch(4);
  const log: number[] = [];
  let pending = '';
  let got = '';
  let canWrite = false;
  for (let turn = 0; turn < 400 && got.length < 200; turn++) {
    if (sys.epollWait(epfd, batch, 0) > 0) {
      const mask = batch.eventsAt(0);
      if (mask & EPOLLOUT) canWrite = true;
      if (mask & EPOLLIN) {
        for (let part = receive(sys, fd); ; part = receive(sys, fd)) {
          log.push(typeof part === 'number' ? part : part.length);
          if (typeof part === 'number') break;
          pending += part;
        }
      }
    }
    while (canWrite && pending.length > 0) {
      const count = send(sys, fd, pending);
      log.push(count);
      if (count === -EAGAIN) canWrite = false;
      else pending = pending.slice(count);
    }
    got += client.readText();
  }
  return { got, log };
}

test('short answers are followed by a fresh edge, and a seed repeats its run', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const run = echo(seed);
    assert.equal(run.got, '0123456789'.repeat(20), `seed ${seed}`);
    assert.deepEqual(echo(seed), run);
  }
  assert.notDeepEqual(echo(1).log, echo(2).log);
});

test('faults by name: descriptors, resets, refusals, clock jumps', () => {
  const always = new FakeSys({ faults: { noDescriptor: 1, refuse: 1, reset: 1, clockJump: 1 } });
  assert.equal(always.socket(AF_INET, SOCK_STREAM, 0), -EMFILE);
  assert.equal(always.pipe(new Int32Array(2)), -EMFILE);
  always.faults.rates = { ...always.faults.rates, noDescriptor: 0 };
  const lfd = listen(always, AT);
  const fd = always.socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(always.connect(fd, addressOf(always, AT)), -ECONNREFUSED);
  const client = always.connectTo(AT);
  always.faults.rates = { ...always.faults.rates, noDescriptor: 1 };
  assert.equal(always.accept(lfd, null), -EMFILE);
  always.faults.rates = { ...always.faults.rates, noDescriptor: 0 };
  const accepted = always.accept(lfd, null);
  const epfd = always.epollCreate();
  always.epollAdd(epfd, accepted, EPOLLIN);
  assert.equal(receive(always, accepted), -ECONNRESET);
  assert.equal(client.wasReset, true);
  const mask = EPOLLIN | EPOLLHUP;
  assert.deepEqual(ready(always, epfd, [['a', accepted]]), [['a', mask]]);
  assert.equal(mask & EPOLLERR, 0);
  const before = always.wallUs();
  always.advance(1);
  assert.ok(Math.abs(always.wallUs() - before) <= 3_600_001_000);
  assert.notEqual(always.wallUs(), before + 1000);
});

test('files and shared mappings stay in memory', () => {
  const sys = new FakeSys();
  const fd = sys.memfd('x');
  assert.equal(sys.ftruncate(fd, 8192), 0);
  assert.equal(sys.fallocate(fd, 4096), 0);
  assert.equal(sys.fstatSize(fd), 8192);
  const a = sys.mapShared(fd, 8192);
  const b = sys.mapShared(fd, 8192);
  assert.ok(typeof a !== 'number' && typeof b !== 'number');
  assert.ok(a.buffer instanceof SharedArrayBuffer);
  a[8191] = 3;
  assert.equal(b[8191], 3);
  assert.equal(sys.open('/x', 0, 0), -2);
  const first = sys.open('/x', 0o102, 0o600);
  const second = sys.open('/x', 2, 0);
  assert.equal(sys.flock(first, 2), 0);
  assert.equal(sys.flock(second, 2 | 4), -EAGAIN);
  sys.close(first);
  assert.equal(sys.flock(second, 2 | 4), 0);
});
