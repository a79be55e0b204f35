// How a segment is come by: files of another version or size are taken over with all they hold, and
// a file that cannot be had is no reason not to serve.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { attachFile, type Attached } from './attach.ts';
import { CounterReader, CounterWriter } from './counters.ts';
import { slotsMax, wordChecksum, writeHeader } from './layout.ts';
import { field, fieldNameText } from './metrics.ts';
import { ObjectTable, typeServer } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import type { Segment } from './segment.ts';
import type { TablePolicy } from './table-layout.ts';
import { openTable } from './table-store.ts';

const sys = linuxSys();
const capacity = { objects: 4, writers: 2, objectsMax: 0 };

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-attach-'));
  try {
    body(join(folder, 'stats'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const policy: TablePolicy = {
  shape: {
    name: 'web',
    keyType: 'string',
    keyLength: 16,
    size: 100,
    store: [{ name: 'gpc0', length: 1, periodMs: 0 }],
  },
  expireMs: 0,
  purges: true,
  bytesRateFactor: 1,
  reports: false,
};

/** One process that counts, keeps an entry, and leaves. */
function use(segment: Segment): void {
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const writer = new CounterWriter(segment, slot, 0);
  writer.values[writer.row(objects.register(typeServer, '/b/s', slot)) + field.stot] += 7;
  const { table } = openTable({ segment, objects, slot, nowMs: 0 }, policy);
  table.keyText('somebody');
  const entry = table.take(0);
  table.words[table.at(entry) + table.geometry.columns[0].offset] += 3;
  slots.leave(slot, process.pid);
}

/** What a later process finds of that. */
function found(segment: Segment): [number, number] {
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const index = objects.find(typeServer, '/b/s');
  const { table } = openTable({ segment, objects, slot, nowMs: 0 }, policy);
  table.keyText('somebody');
  const entry = table.find(0);
  const at = entry < 0 ? -1 : table.at(entry) + table.geometry.columns[0].offset;
  slots.leave(slot, process.pid);
  const total = index < 0 ? 0 : new CounterReader(segment).sum(index, field.stot);
  return [total, at < 0 ? 0 : table.words[at]];
}

const attach = (path: string, more: object = {}, on: Sys = sys): Attached =>
  attachFile(on, { ...capacity, path, ...more });

test('a file that counts other things is kept aside, and what both know is taken over', () => {
  inFolder((path) => {
    const { segment } = attach(path);
    use(segment);
    // As if the fields of another version: one more name at the end.
    segment.words[wordChecksum] = 0;
    writeHeader(segment.words, segment.layout, `${fieldNameText}\nmore`);
    const next = attach(path);
    assert.match(next.notices[0], /another version counts other things; kept as .*taken over/);
    assert.deepEqual(found(next.segment), [7, 3]);
    assert.equal(existsSync(`${path}.old`), true);
  });
});

test('a file that has become too small is made anew with what it holds', () => {
  inFolder((path) => {
    use(attach(path).segment);
    const next = attach(path, { tableBytes: 2 ** 28 });
    assert.deepEqual([next.notices, next.warning], [[], '']);
    assert.ok(next.segment.layout.chunksMax > 13_000);
    assert.deepEqual(found(next.segment), [7, 3]);
    assert.deepEqual(readdirSync(join(path, '..')), ['stats'], 'the smaller one is gone');
  });
});

test('a file that others use stays as it is, and that is said', () => {
  inFolder((path) => {
    const { segment } = attach(path);
    new ProcessSlots(segment).take(process.pid, 0);
    const { notices } = attach(path, { tableBytes: 2 ** 28 });
    assert.match(notices[0], /made for 16384 objects and \d+ pieces/);
  });
});

test('a file that cannot be had is no reason not to serve', () => {
  inFolder((path) => {
    const folder = join(path, '..', 'folder');
    mkdirSync(folder);
    const full: Sys = {
      ...sys,
      fallocate: (fd, length) => (existsSync(path) ? -28 : sys.fallocate(fd, length)),
    };
    const readOnly: Sys = { ...sys, open: () => -30 };
    const cases: readonly (readonly [Attached, RegExp])[] = [
      [attach(join(path, 'deeper')), /cannot open segment file .*: No such file or directory/],
      [attach(folder), /cannot open segment file .*: Is a directory/],
      [attach('/dev/null'), /cannot size segment file '\/dev\/null': Invalid argument/],
      [attach(path, {}, readOnly), /cannot open segment file .*: Read-only file system/],
      [attach(path, { objects: 5, objectsMax: 4 }), /max-objects is 4, .* has 5 objects/],
    ];
    for (const [attached, reason] of cases) {
      assert.match(attached.warning, reason);
      assert.match(attached.warning, /kept in memory and end with this process$/);
      use(attached.segment);
      assert.deepEqual(found(attached.segment), [7, 3]);
    }
    writeFileSync(path, '');
    const memory: Sys = { ...full, memfd: sys.memfd };
    assert.throws(() => attach(path, {}, memory), /No space left on device/, 'nor is there memory');
  });
});

test('the clock of another boot is said once', () => {
  inFolder((path) => {
    const { segment } = attach(path);
    segment.longs[16] += 86_400n * 1_000_000_000n;
    assert.match(attach(path).notices[0], /is 86400 s ahead of this machine's/);
    segment.longs[16] -= 2n * 86_400n * 1_000_000_000n;
    assert.match(attach(path).notices[0], /is 86400 s behind this machine's/);
    segment.longs[16] += 86_390n * 1_000_000_000n;
    assert.deepEqual(attach(path).notices, []);
  });
});

test('64 processes are served, and the 65th is told why it is not among them', () => {
  inFolder((path) => {
    const { segment } = attach(path);
    const slots = new ProcessSlots(segment, { startTicks: () => 0, namespace: () => 5 });
    for (let i = 0; i < slotsMax; i++) assert.ok(slots.take(1, 0) >= 0);
    assert.equal(new ProcessSlots(segment).take(process.pid, 0), -1);
  });
});
