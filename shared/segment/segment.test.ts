// Files of the segment: made, found again, put aside when they cannot be used; a full disk is an
// error.

import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { CounterReader, CounterWriter } from './counters.ts';
import {
  layoutVersion,
  planLayout,
  readHeader,
  wordChecksum,
  wordFields,
  wordMagic,
  wordObjectsMax,
  wordState,
  wordVersion,
} from './layout.ts';
import { field } from './metrics.ts';
import { derivedIdentity, ObjectTable, typeBackend, typeServer, usersOf } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import {
  attachSegment,
  memorySegment,
  openSegment,
  type Segment,
  SegmentError,
  viewSegment,
} from './segment.ts';

const capacity = { objects: 4, writers: 2, objectsMax: 0 };
const sys = linuxSys();

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-segment-'));
  try {
    body(join(folder, 'stats'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function count(segment: Segment, amount: number): number {
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const object = new ObjectTable(segment).register(typeServer, '/b/s', slot);
  const writer = new CounterWriter(segment, slot, 0);
  writer.values[writer.row(object) + field.stot] += amount;
  slots.leave(slot, process.pid);
  return new CounterReader(segment).sum(object, field.stot);
}

test('a named file goes on where it stopped, and only its owner may read it', () => {
  inFolder((path) => {
    const first = openSegment(sys, { ...capacity, path });
    assert.deepEqual([first.fresh, first.notices], [true, []]);
    assert.equal(count(first.segment, 5), 5);
    const second = openSegment(sys, { ...capacity, path });
    assert.deepEqual([second.fresh, second.notices], [false, []]);
    assert.equal(count(second.segment, 3), 8);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });
});

test('a file takes blocks only for what is used', () => {
  inFolder((path) => {
    const { segment } = openSegment(sys, { ...capacity, path });
    count(segment, 1);
    const { size, blocks } = statSync(path);
    assert.ok(size > 100_000_000, `${size}`);
    assert.ok(blocks * 512 < 2_000_000, `${blocks * 512} bytes on disk`);
  });
});

test('a worker attaches by descriptor, a thread by view, to the same memory', () => {
  const { segment } = openSegment(sys, { ...capacity, path: '' });
  const worker = attachSegment(sys, sys.dup(segment.fd));
  const thread = viewSegment(sys, worker.fd, worker.bytes);
  assert.equal(count(thread, 7), 7);
  assert.equal(count(segment, 1), 8);
  assert.throws(() => attachSegment(sys, openSync('/dev/null', 'r')), SegmentError);
});

test('a file that cannot be used is kept beside and a clean one is started', () => {
  const damage = (word: number, value: number) => (path: string) => {
    const fd = openSync(path, 'r+');
    writeSync(fd, Int32Array.of(value), 0, 4, word * 4);
    closeSync(fd);
  };
  const cases: readonly [string, (path: string) => void, RegExp][] = [
    ['version', damage(wordVersion, layoutVersion + 1), /layout version is 3, this program/],
    ['torn', damage(wordState, 0), /creation was interrupted/],
    ['magic', damage(wordMagic, 1), /not a hawser segment/],
    ['geometry', damage(wordObjectsMax, 77), /header is damaged/],
    ['checksum', damage(wordChecksum, 77), /header is damaged/],
    ['short', (path) => truncateSync(path, 100_000), /cut short: 100000 bytes of/],
    ['very short', (path) => truncateSync(path, 10), /cut short: 10 bytes/],
    ['HAProxy', (path) => writeFileSync(path, haproxyFile()), /HAProxy's own format/],
    ['fields', damage(wordFields, 5), /header is damaged/],
    ['foreign', (path) => writeFileSync(path, 'x'.repeat(9000)), /not a hawser segment/],
    ['zeroes', (path) => writeFileSync(path, Buffer.alloc(9000)), /creation was interrupted/],
  ];
  for (const [name, spoil, reason] of cases) {
    inFolder((path) => {
      const small = planLayout(capacity).lengthBytes;
      const { segment } = openSegment(sys, { ...capacity, path });
      assert.equal(count(segment, 5), 5);
      assert.equal(statSync(path).size, small);
      spoil(path);
      const spoiled = statSync(path).size;
      const again = openSegment(sys, { ...capacity, path });
      assert.equal(again.fresh, true, name);
      assert.match(again.notices[0], reason, name);
      assert.match(again.notices[0], /kept as '.*stats\.old'/, name);
      assert.equal(statSync(`${path}.old`).size, spoiled, name);
      assert.equal(count(again.segment, 1), 1, name);
    });
  }
});

/** Version 1.3, then nothing of interest. */
function haproxyFile(): Buffer {
  const bytes = Buffer.alloc(9000);
  bytes.set([1, 3]);
  bytes.writeInt32LE(77, 4);
  return bytes;
}

test('files that are kept aside do not take the place of one another', () => {
  inFolder((path) => {
    for (const kept of ['.old', '.old.1', '.old.2']) {
      writeFileSync(path, `something else ${kept}`);
      openSegment(sys, { ...capacity, path });
      assert.equal(readFileSync(path + kept, 'latin1'), `something else ${kept}`);
      rmSync(path);
    }
  });
});

test('an empty file is simply used', () => {
  inFolder((path) => {
    writeFileSync(path, '');
    const { fresh, notices } = openSegment(sys, { ...capacity, path });
    assert.deepEqual([fresh, notices], [true, []]);
    assert.equal(existsSync(`${path}.old`), false);
  });
});

test('no folder, no permission and a full disk are errors with their reason', () => {
  const open = (path: string, on: Sys = sys) => openSegment(on, { ...capacity, path });
  assert.throws(() => open('/nonexistent/stats'), /cannot open .*: No such file or directory/);
  inFolder((path) => {
    const full: Sys = { ...sys, fallocate: () => -28 };
    assert.throws(() => open(path, full), /no room for segment file .*: No space left on device/);
    assert.equal(statSync(path).size, 0, 'nothing half-made stays');
  });
});

test('a disk that fills up later refuses a new row before anything is written', () => {
  inFolder((path) => {
    let isFull = false;
    const disk: Sys = {
      ...sys,
      fallocate: (fd, length) => (isFull ? -28 : sys.fallocate(fd, length)),
    };
    const { segment } = openSegment(disk, { ...capacity, path });
    const slot = new ProcessSlots(segment).take(process.pid, 0);
    isFull = true;
    const writer = new CounterWriter(segment, slot, 0);
    assert.throws(() => writer.row(0), /no room on the disk of the segment \(errno 28\)/);
    isFull = false;
    assert.ok(writer.row(0) > 0);
  });
});

test('objects are found again in any order, and new ones are appended', () => {
  const segment = memorySegment(sys, capacity);
  const before = new ObjectTable(segment);
  const names = Array.from({ length: 200 }, (_, i) => derivedIdentity('b', `s${i}`));
  const indexes = names.map((name) => before.register(typeServer, name, -1));
  assert.deepEqual(
    indexes,
    names.map((_, i) => i),
  );
  const after = new ObjectTable(segment);
  for (const name of names.toReversed()) {
    assert.equal(after.register(typeServer, name, -1), names.indexOf(name));
  }
  assert.equal(after.register(typeBackend, names[0], -1), 200, 'another type is another object');
  assert.equal(before.find(typeBackend, names[0]), 200);
  assert.equal(before.find(typeServer, 'absent'), -1);
  const long = derivedIdentity('x'.repeat(300), 'a');
  const other = derivedIdentity('x'.repeat(300), 'b');
  assert.notEqual(after.register(typeServer, long, -1), after.register(typeServer, other, -1));
  assert.equal(before.find(typeServer, long), 201);
});

test('in a full table the place of an object that nobody uses is given away, zeroed', () => {
  const segment = memorySegment(sys, { objects: 0, writers: 1, objectsMax: 3 });
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const table = new ObjectTable(segment);
  const writer = new CounterWriter(segment, slot, 0);
  for (const name of ['/a', '/b']) table.register(typeServer, name, slot);
  const old = table.register(typeServer, '/old', -1);
  writer.values[writer.row(old) + field.stot] = 9;
  const stranger = new ObjectTable(segment);
  assert.equal(stranger.find(typeServer, '/old'), old);
  assert.equal(table.register(typeServer, '/new', slot), old);
  assert.equal(new CounterReader(segment).sum(old, field.stot), 0);
  assert.equal(stranger.find(typeServer, '/old'), -1);
  assert.equal(stranger.register(typeServer, '/new', -1), old);
  assert.deepEqual(usersOf(segment, table, old), [slot]);
  assert.throws(() => table.register(typeServer, '/more', slot), /its maximum of 3 objects/);
  slots.leave(slot, process.pid);
  assert.deepEqual(usersOf(segment, table, old), []);
  assert.ok(table.register(typeServer, '/more', -1) >= 0);
});

test('an object that its last user gives up leaves a clean place', () => {
  const segment = memorySegment(sys, { objects: 0, writers: 1, objectsMax: 0 });
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const table = new ObjectTable(segment);
  const stranger = new ObjectTable(segment);
  const writer = new CounterWriter(segment, slot, 0);
  const first = table.register(typeServer, '/b/s1', slot);
  assert.equal(stranger.find(typeServer, '/b/s1'), first);
  writer.values[writer.row(first) + field.stot] = 9;
  segment.words[table.sharedWords(first)] = 5;
  table.release(first, slot);
  assert.equal(table.find(typeServer, '/b/s1'), -1);
  assert.equal(stranger.find(typeServer, '/b/s1'), -1);
  assert.equal(table.register(typeServer, '/b/s2', slot), first);
  assert.equal(new CounterReader(segment).sum(first, field.stot), 0);
  assert.equal(segment.words[table.sharedWords(first)], 0);
  assert.equal(stranger.find(typeServer, '/b/s2'), first, 'who has looked before looks again');
  assert.equal(stranger.register(typeServer, '/b/s1', -1), 1);

  const shared = stranger.register(typeServer, '/b/s3', 7);
  table.register(typeServer, '/b/s3', slot);
  table.release(shared, slot);
  assert.equal(table.find(typeServer, '/b/s3'), shared, 'another process still uses it');
  slots.leave(slot, process.pid);
});

test('a header is only believed whole', () => {
  const words = new Int32Array(1024);
  assert.equal(readHeader(words, 4096), 'its creation was interrupted');
});
