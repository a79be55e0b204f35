// What stick tables cost: one look-up with an update, alone and with all threads on one key; a
// million entries in memory, their expiry beside traffic, and finding them again in a new process.
// Prints numbers; decides nothing. Run: node dist/test/bench/table.bench.js [runs [entries]]

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import {
  attachSegment,
  memorySegment,
  openSegment,
  type Segment,
  viewSegment,
} from '../../shared/segment/segment.ts';
import { StickTable } from '../../shared/segment/stick-table.ts';
import { addCount, addRate, dataTypeByName } from '../../shared/segment/table-data.ts';
import { tableBytes, type TablePolicy } from '../../shared/segment/table-layout.ts';
import { openTable } from '../../shared/segment/table-store.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { sweepTables } from '../../worker/tables/table-set.ts';

const sys = linuxSys();
const turns = 1_000_000;
const threads = Math.max(2, availableParallelism());

/** As of `stick-table type ip size N expire 10s store http_req_rate(10s),gpc0`. */
function policyOf(size: number, expireMs: number): TablePolicy {
  const store = [
    { name: 'http_req_rate', length: 1, periodMs: 10_000 },
    { name: 'gpc0', length: 1, periodMs: 0 },
  ];
  const shape = { name: 'bench', keyType: 'ip' as const, keyLength: 4, size, store };
  return { shape, expireMs, purges: true, bytesRateFactor: 1, reports: false };
}

function open(segment: Segment, slot: number, policy: TablePolicy): StickTable {
  const nowMs = sys.monotonicNs() / 1e6;
  return openTable({ segment, objects: new ObjectTable(segment), slot, nowMs }, policy).table;
}

const takeSlot = (segment: Segment): number =>
  new ProcessSlots(segment).take(process.pid, sys.monotonicNs());

const event = { nowMs: 0, count: 1 };
const rateType = dataTypeByName.get('http_req_rate')!;
const countType = dataTypeByName.get('gpc0')!;

/** What `track-sc0 src` and `sc-inc-gpc0(0)` do to an entry. */
function lookUpAndUpdate(table: StickTable, key: number, nowMs: number): void {
  table.keyNumber(key);
  table.enter();
  const at = table.at(table.take(nowMs));
  const rate = table.column(rateType)!;
  event.nowMs = nowMs;
  addRate(table, at + rate.offset, rate.periodMs, event);
  addCount(table.words, at + table.column(countType)!.offset, 1);
  table.leave();
}

/** Nanoseconds of processor time for one; time goes on by a millisecond every `perMs` turns. */
function costNs(table: StickTable, keys: number, perMs: number): number {
  let key = 1;
  let nowMs = 1000;
  const before = process.cpuUsage();
  for (let i = 0; i < turns; i++) {
    key = (Math.imul(key, 1_664_525) + 1_013_904_223) | 0;
    if (i % perMs === 0) nowMs++;
    lookUpAndUpdate(table, (key >>> 8) % keys, nowMs);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / turns;
}

function alone(runs: number): void {
  for (const keys of [1, 1000, 100_000, 1_000_000]) {
    const policy = policyOf(2 ** 20, 60_000);
    const tableSize = tableBytes(policy.shape);
    const segment = memorySegment(sys, {
      objects: 4,
      writers: 1,
      objectsMax: 0,
      tableBytes: tableSize,
    });
    const table = open(segment, takeSlot(segment), policy);
    costNs(table, keys, 50);
    const costs = Array.from({ length: runs }, () => costNs(table, keys, 50));
    print(`alone, ${keys} keys in use`, median(costs), 'ns');
  }
}

// ---- all threads on one key ----

interface Shared {
  readonly bytes: Uint8Array;
  readonly object: number;
  readonly slot: number;
  /** Words: threads that are ready, threads that are done. */
  readonly gate: Int32Array;
}

/** Thread: waits for all, then does its turns on one key; tells the nanoseconds of one. */
function contend({ bytes, object, slot, gate }: Shared): void {
  const policy = policyOf(1000, 60_000);
  const table = new StickTable(viewSegment(sys, -1, bytes), object, policy, slot);
  for (let i = 0; i < 50_000; i++) lookUpAndUpdate(table, 1, 1000);
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < threads);
  let nowMs = 1000;
  const startNs = sys.monotonicNs();
  for (let i = 0; i < turns / 4; i++) {
    if (i % 50 === 0) nowMs++;
    lookUpAndUpdate(table, 1, nowMs);
  }
  const took = (sys.monotonicNs() - startNs) / (turns / 4);
  Atomics.add(gate, 1, Math.round(took));
}

async function together(runs: number): Promise<void> {
  const segment = memorySegment(sys, { objects: 4, writers: threads, objectsMax: 0 });
  const slot = takeSlot(segment);
  const { object } = open(segment, slot, policyOf(1000, 60_000));
  const costs: number[] = [];
  for (let run = 0; run < runs; run++) {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const shared: Shared = { bytes: segment.bytes, object, slot, gate };
    const workers = Array.from(
      { length: threads },
      () => new Worker(new URL(import.meta.url), { workerData: shared }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
    costs.push(gate[1] / threads);
  }
  print(`${threads} threads on one key, each`, median(costs), 'ns');
}

// ---- a million entries ----

const expireMs = 30_000;

function million(entries: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-bench-'));
  const path = join(folder, 'stats');
  try {
    const policy = policyOf(entries, expireMs);
    const options = { objects: 4, writers: 2, objectsMax: 0, path };
    const size = tableBytes(policy.shape);
    const { segment } = openSegment(sys, { ...options, tableBytes: size });
    const slots = new ProcessSlots(segment);
    const slot = takeSlot(segment);
    const table = open(segment, slot, policy);
    const startMs = sys.monotonicNs() / 1e6;
    const fillMs = timed(() => {
      for (let i = 0; i < entries; i++) {
        lookUpAndUpdate(table, i * 7919, startMs + i / (entries / 1000));
      }
    });
    print(`${table.used} entries made, each`, (fillMs * 1e6) / entries, 'ns');
    print('their memory', (statSync(path).blocks * 512) / 2 ** 20, 'MiB');
    slots.leave(slot, process.pid);
    again(path, entries);
    const next = takeSlot(segment);
    warmSweep(startMs);
    expire(open(segment, next, policy), startMs + 1000 + expireMs);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const timed = (work: () => void): number => {
  const startNs = sys.monotonicNs();
  work();
  return (sys.monotonicNs() - startNs) / 1e6;
};

/** New processes find the table: what they need for it, and how many entries they see. */
function again(path: string, entries: number): void {
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const args = [import.meta.filename, 'again', path, String(entries)];
    const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const [ms, used] = stdout.trim().split(' ').map(Number);
    if (used !== entries) throw new Error(`${used} of ${entries} entries found again: ${stdout}`);
    times.push(ms);
  }
  print('found again by a new process', median(times), 'ms');
}

function findAgain(path: string, entries: number): void {
  let used = 0;
  const ms = timed(() => {
    const segment = attachSegment(sys, openSync(path, 'r+'));
    const slot = takeSlot(segment);
    used = open(segment, slot, policyOf(entries, expireMs)).used;
    new ProcessSlots(segment).leave(slot, process.pid);
  });
  process.stdout.write(`${ms} ${used}\n`);
}

interface Hold {
  readonly us: number;
  /** The kernel gave the processor to somebody else meanwhile. */
  readonly isInterrupted: boolean;
}

/** Tells of every hold of the table's lock from now on. */
function watchLock(table: StickTable, holds: Hold[]): void {
  const enter = table.enter.bind(table);
  const leave = table.leave.bind(table);
  const switches = (): number => process.resourceUsage().involuntaryContextSwitches;
  let switchesBefore = 0;
  let since = 0;
  table.enter = () => {
    switchesBefore = switches();
    enter();
    since = sys.monotonicNs();
  };
  table.leave = () => {
    const us = (sys.monotonicNs() - since) / 1e3;
    leave();
    holds.push({ us, isInterrupted: switches() > switchesBefore });
  };
}

/**
 * The control thread's sweep, all of it due at once; a proxy thread waits as long as one hold of
 * the lock. Compiled code by then, as in a process that has swept since its start.
 */
function expire(table: StickTable, nowMs: number): void {
  const holds: Hold[] = [];
  watchLock(table, holds);
  const sweeps: number[] = [];
  while (table.used > 0) {
    sweeps.push(timed(() => sweepTables({ list: [table] }, nowMs)));
  }
  const usOf = (list: readonly Hold[]) => list.map(({ us }) => us).sort((a, b) => a - b);
  const all = usOf(holds);
  const own = usOf(holds.filter(({ isInterrupted }) => !isInterrupted));
  print(`${sweeps.length} sweeps drop them all, one takes`, median(sweeps), 'ms');
  print('the lock is held for', median(all), 'µs');
  print('99.9 % of the time at most', all[Math.floor(all.length * 0.999)], 'µs');
  print('at most', all[all.length - 1], 'µs');
  print(
    `at most, without ${all.length - own.length} of a thread set aside`,
    own[own.length - 1],
    'µs',
  );
}

/** Sweeps a small table until V8 has seen what a sweep does. */
function warmSweep(nowMs: number): void {
  const policy = policyOf(50_000, expireMs);
  const sizes = { objects: 4, writers: 1, objectsMax: 0, tableBytes: tableBytes(policy.shape) };
  const segment = memorySegment(sys, sizes);
  const table = open(segment, takeSlot(segment), policy);
  watchLock(table, []);
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 20_000; i++) lookUpAndUpdate(table, i * 7919, nowMs);
    while (table.used > 0) sweepTables({ list: [table] }, nowMs + expireMs + 1);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function print(what: string, value: number, unit: string): void {
  console.log(`${what.padEnd(44)} ${value.toFixed(unit === 'ns' ? 0 : 2).padStart(10)} ${unit}`);
}

if (!isMainThread) {
  contend(workerData as Shared);
} else if (process.argv[2] === 'again') {
  findAgain(process.argv[3], Number(process.argv[4]));
} else {
  const runs = Number(process.argv[2] ?? 7);
  alone(runs);
  await together(runs);
  million(Number(process.argv[3] ?? 1_000_000));
}
