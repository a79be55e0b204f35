import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { filled, mustBe, pair, sys, text } from '../../test/harness/real-sockets.ts';
import { EAGAIN, EPOLLIN, EPOLLOUT } from './constants.ts';
import { PAGE_BYTES } from './memory.ts';

const ENOENT = 2;
const EINVAL = 22;
const EPERM = 1;
const O_CREATE_WRITE = 0o102;

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
