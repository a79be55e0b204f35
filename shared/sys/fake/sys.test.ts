import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AF_INET,
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
  SOCK_STREAM,
} from '../constants.ts';
import { formatHost } from '../sockaddr.ts';
import { FakeSys } from './sys.ts';
import { AT, addressOf, listen, ready, receive, send } from '../../../test/harness/socket-story.ts';

const EBADF = 9;

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
