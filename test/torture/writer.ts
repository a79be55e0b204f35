// A process of the torture: uses a segment in every way that proxies do, and writes into a file of
// its own what it is about to count and what it has counted, so that the truth is known wherever it
// is killed. Started by torture.ts; runs until then. Half of them have a second thread.

import { openSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { CounterWriter } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import { ObjectTable, typeServer } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import { attachSegment, type Segment, viewSegment } from '../../shared/segment/segment.ts';
import { StickTable } from '../../shared/segment/stick-table.ts';
import { addCount, addRate } from '../../shared/segment/table-data.ts';
import { TableReferences } from '../../shared/segment/table-references.ts';
import { openTable } from '../../shared/segment/table-store.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import {
  countedKeys,
  countedObjects,
  countedPolicy,
  objectName,
  passingPolicy,
  seeded,
  truthAt,
  truthBytes,
} from './plan.ts';

interface Shared {
  readonly segment: Uint8Array;
  readonly truth: Uint8Array;
  readonly slot: number;
  readonly tables: readonly number[];
  readonly seed: number;
}

/** References that one thread keeps, so that its death leaves some behind. */
const heldMax = 100;

class Writer {
  private readonly table: StickTable;
  private readonly passing: StickTable;
  private readonly references: TableReferences;
  private readonly random: () => number;
  private readonly rows: readonly number[];
  private readonly values: Float64Array;
  private readonly truth: Float64Array;
  private readonly thread: number;
  private readonly held: { entry: number; record: number }[] = [];

  constructor(segment: Segment, shared: Shared, thread: number) {
    const { slot, tables, truth, seed } = shared;
    this.table = new StickTable(segment, tables[0], countedPolicy, slot);
    this.passing = new StickTable(segment, tables[1], passingPolicy, slot);
    this.references = new TableReferences(segment, slot, thread);
    this.random = seeded(seed + thread);
    const counters = new CounterWriter(segment, slot, thread);
    const objects = new ObjectTable(segment);
    this.rows = Array.from({ length: countedObjects }, (_, i) =>
      counters.row(objects.find(typeServer, objectName(i))),
    );
    this.values = counters.values;
    this.truth = new Float64Array(truth.buffer, truth.byteOffset, truthBytes / 8);
    this.thread = thread;
  }

  /** One of everything. */
  turn(): void {
    const nowMs = this.table.segment.sys.monotonicNs() / 1e6;
    this.count(nowMs);
    this.countPlain();
    this.pass(nowMs);
    this.hold(nowMs);
  }

  /** A counter of a table, under its lock. */
  private count(nowMs: number): void {
    const { table, truth } = this;
    const key = Math.floor(this.random() * countedKeys);
    const at = truthAt(this.thread, key);
    truth[at] += 1;
    table.keyNumber(key);
    table.enter();
    const entry = table.take(nowMs);
    if (entry >= 0) {
      const [counter, , rate] = table.geometry.columns;
      const word = table.at(entry);
      addRate(table, word + rate.offset, rate.periodMs, { nowMs, count: 1 });
      addCount(table.words, word + counter.offset, 1);
      truth[at + 1] += 1;
    }
    table.leave();
  }

  /** A counter of an object: one writer, no lock. */
  private countPlain(): void {
    const object = Math.floor(this.random() * countedObjects);
    const at = truthAt(this.thread, countedKeys + object);
    this.truth[at] += 1;
    this.values[this.rows[object] + field.stot] += 1;
    this.truth[at + 1] += 1;
  }

  /** Entries that come, expire, make room and are taken out. */
  private pass(nowMs: number): void {
    const { passing } = this;
    passing.keyNumber(Math.floor(this.random() * 2000));
    passing.enter();
    if (this.random() < 0.1) {
      const entry = passing.find(nowMs);
      if (entry >= 0 && passing.trackers(entry) === 0) passing.remove(entry);
    } else {
      passing.take(nowMs);
      passing.dropExpired(nowMs, 4);
    }
    passing.leave();
  }

  /** References that outlive many turns. */
  private hold(nowMs: number): void {
    const { passing, held, references } = this;
    passing.keyNumber(Math.floor(this.random() * 2000));
    passing.enter();
    const entry = passing.take(nowMs);
    const record = entry < 0 ? -1 : passing.hold(entry, references);
    if (record >= 0) held.push({ entry, record });
    if (held.length > heldMax || record < 0) {
      const old = held.shift();
      if (old !== undefined) passing.drop(old.entry, old.record, references);
    }
    passing.leave();
  }
}

function runForEver(writer: Writer): never {
  for (;;) writer.turn();
}

function start(path: string, truthPath: string, seed: number, hasThread: boolean): void {
  const sys = linuxSys();
  const truth = sys.mapShared(openSync(truthPath, 'r+'), truthBytes);
  if (typeof truth === 'number') throw new Error(`no memory for the truth: errno ${-truth}`);
  const segment = attachSegment(sys, openSync(path, 'r+'));
  const slot = new ProcessSlots(segment).take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const place = { segment, objects, slot, nowMs: sys.monotonicNs() / 1e6 };
  for (let i = 0; i < countedObjects; i++) objects.register(typeServer, objectName(i), slot);
  const tables = [countedPolicy, passingPolicy].map((one) => openTable(place, one).table.object);
  const shared: Shared = { segment: segment.bytes, truth, slot, tables, seed };
  process.stdout.write('writing\n');
  if (hasThread) new Worker(new URL(import.meta.url), { workerData: shared });
  const writer = new Writer(segment, shared, 0);
  // The other thread is made by this one's loop.
  if (hasThread) setTimeout(() => runForEver(writer), 30);
  else runForEver(writer);
}

if (isMainThread) {
  start(process.argv[2], process.argv[3], Number(process.argv[4]), process.argv[5] === 'threads');
} else {
  const shared = workerData as Shared;
  runForEver(new Writer(viewSegment(linuxSys(), -1, shared.segment), shared, 1));
}
