// The crash rule for stick tables: processes that are killed at any instant, also with a lock in
// their hands, leave a table that is whole, and nobody waits for them; threads that want one entry
// at the same time lose no count. HAWSER_SEED repeats a run, HAWSER_ROUNDS makes it longer.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { linuxSys } from '../sys/linux.ts';
import { ObjectTable } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import { attachSegment, memorySegment, openSegment, type Segment, viewSegment } from './segment.ts';
import { StickTable } from './stick-table.ts';
import { addCount, addRate } from './table-data.ts';
import { entryHolders, entryKey, entryNext, type TablePolicy } from './table-layout.ts';
import { TableReferences } from './table-references.ts';
import { openTable } from './table-store.ts';

const capacity = { objects: 4, writers: 2, objectsMax: 0 };
const tablePolicy: TablePolicy = {
  shape: {
    name: 'crash',
    keyType: 'integer',
    keyLength: 4,
    size: 2000,
    store: [
      { name: 'gpc0', length: 1, periodMs: 0 },
      { name: 'conn_cur', length: 1, periodMs: 0 },
      { name: 'http_req_rate', length: 1, periodMs: 1000 },
    ],
  },
  expireMs: 50,
  purges: true,
  bytesRateFactor: 1,
  reports: true,
};

function openHere(segment: Segment, slot: number): StickTable {
  const objects = new ObjectTable(segment);
  const nowMs = segment.sys.monotonicNs() / 1e6;
  return openTable({ segment, objects, slot, nowMs }, tablePolicy).table;
}

function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Child: uses the table in every way until it is killed. */
function useForEver(path: string, seed: number): void {
  const sys = linuxSys();
  const segment = attachSegment(sys, openSync(path, 'r+'));
  const slot = new ProcessSlots(segment).take(process.pid, 0);
  const table = openHere(segment, slot);
  const references = new TableReferences(segment, slot, 0);
  const random = seeded(seed);
  const held: { entry: number; record: number }[] = [];
  process.stdout.write('using\n');
  for (;;) {
    const nowMs = sys.monotonicNs() / 1e6;
    table.keyNumber(Math.floor(random() * 5000));
    table.enter();
    const entry = table.take(nowMs);
    if (entry >= 0) useEntry(table, entry, nowMs);
    if (entry >= 0 && held.length < 500) {
      held.push({ entry, record: table.hold(entry, references) });
    } else {
      const old = held.shift();
      if (old !== undefined) table.drop(old.entry, old.record, references);
    }
    table.leave();
  }
}

function useEntry(table: StickTable, entry: number, nowMs: number): void {
  const at = table.at(entry);
  const [counter, , rate] = table.geometry.columns;
  addCount(table.words, at + counter.offset, 1);
  addRate(table, at + rate.offset, rate.periodMs, { nowMs, count: 1 });
}

/** Every entry once in the order of use and once in its bucket; nobody dead holds one. */
function checkWhole(table: StickTable): void {
  table.enter();
  const listed = new Set<number>();
  table.eachEntry((entry) => {
    assert.ok(!listed.has(entry), 'an entry twice in the list');
    assert.equal(table.words[table.at(entry) + entryHolders], 1, 'held by nobody alive');
    listed.add(entry);
    return listed.size <= tablePolicy.shape.size;
  });
  assert.equal(listed.size, table.used);
  const keys = new Set<number>();
  for (let bucket = 0; bucket < table.geometry.buckets; bucket++) {
    for (let entry = table.words[table.bucketAt(bucket)] - 1; entry >= 0; ) {
      assert.ok(listed.has(entry), 'in a bucket and not in the list');
      const key = table.words[table.at(entry) + entryKey];
      assert.ok(!keys.has(key), `key ${key} twice`);
      keys.add(key);
      entry = table.words[table.at(entry) + entryNext] - 1;
    }
  }
  assert.equal(keys.size, listed.size);
  table.leave();
}

async function killRounds(folder: string, seed: number, rounds: number): Promise<void> {
  const random = seeded(seed);
  const path = join(folder, 'segment');
  const { segment } = openSegment(linuxSys(), { ...capacity, path });
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  for (let round = 0; round < rounds; round++) {
    const children = [0, 1].map((i) => {
      const args = [import.meta.filename, 'use', path, String(seed + round * 2 + i)];
      return spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    });
    const exits = children.map((child) => once(child, 'exit'));
    await Promise.race([Promise.all(children.map(using)), ...exits]);
    await new Promise((resolve) => setTimeout(resolve, random() * 20));
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(exits);
    slots.sweep(0);
    checkWhole(openHere(segment, slot));
  }
}

async function using(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
}

const turns = 100_000;

/** Thread: adds to one entry. */
function addTurns({ bytes, object, slot }: Shared): void {
  const table = new StickTable(viewSegment(linuxSys(), -1, bytes), object, tablePolicy, slot);
  for (let i = 0; i < turns; i++) {
    table.keyNumber(1);
    table.enter();
    const entry = table.take(1e6);
    useEntry(table, entry, 1e6);
    table.leave();
  }
}

interface Shared {
  readonly bytes: Uint8Array;
  readonly object: number;
  readonly slot: number;
}

if (!isMainThread) {
  addTurns(workerData as Shared);
} else if (process.argv[2] === 'use') {
  useForEver(process.argv[3], Number(process.argv[4]));
} else {
  const seed = Number(process.env['HAWSER_SEED'] ?? process.pid);
  const rounds = Number(process.env['HAWSER_ROUNDS'] ?? 5);
  test(`kill -9 of processes that use a table (HAWSER_SEED=${seed})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-table-'));
    try {
      await killRounds(folder, seed, rounds);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('threads that want the same entry lose no count', async () => {
    const segment = memorySegment(linuxSys(), capacity);
    const slot = new ProcessSlots(segment).take(process.pid, 0);
    const table = openHere(segment, slot);
    const shared: Shared = { bytes: segment.bytes, object: table.object, slot };
    const threads = [0, 1, 2].map(
      () => new Worker(new URL(import.meta.url), { workerData: shared }),
    );
    await Promise.all(threads.map((thread) => once(thread, 'exit')));
    table.keyNumber(1);
    const at = table.at(table.find(1e6));
    const [counter, , rate] = table.geometry.columns;
    assert.equal(table.words[at + counter.offset], threads.length * turns);
    assert.equal(table.words[at + rate.offset + 2], threads.length * turns);
  });
}
