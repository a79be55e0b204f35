// The crash rule: a kill of any process at any instant never corrupts the segment, never counts
// twice and never keeps another process out. Once by stopping a process at every single atomic
// step of its life, and once with real processes and kill -9 (HAWSER_SEED repeats a run).

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { chunkCount } from './chunks.ts';
import { CounterReader, CounterWriter } from './counters.ts';
import { LiveReader, LiveWords, liveCurrent } from './live.ts';
import { field } from './metrics.ts';
import { ObjectTable, typeFrontend, typeServer } from './objects.ts';
import { type ProcessProbe, ProcessSlots } from './processes.ts';
import { attachSegment, memorySegment, openSegment, type Segment, viewSegment } from './segment.ts';

const capacity = { objects: 4, writers: 2, objectsMax: 0 };
const objectCount = 40; // two counter chunks

/** A process of the story: its number, and a kernel that knows who is dead. */
function kernelOf(pid: number, dead: ReadonlySet<number>): Sys {
  return { ...linuxSys(), getpid: () => pid, kill: (other) => (dead.has(other) ? -3 : 0) };
}

const blindProbe: ProcessProbe = { startTicks: () => 0, namespace: () => 1 };

class Killed extends Error {}

const atomicNames = ['store', 'add', 'and', 'or', 'exchange', 'compareExchange'] as const;

/** Runs `life` and kills it before its n-th atomic store; true when it lived to its end. */
function killAt(n: number, life: () => void): boolean {
  const real = { ...pick(Atomics) };
  let steps = 0;
  for (const name of atomicNames) {
    const original = real[name] as (...args: unknown[]) => unknown;
    Object.defineProperty(Atomics, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => {
        if (++steps >= n) throw new Killed();
        return original.apply(Atomics, args);
      },
    });
  }
  try {
    life();
    return true;
  } catch (error) {
    if (error instanceof Killed) return false;
    throw error;
  } finally {
    for (const name of atomicNames) {
      Object.defineProperty(Atomics, name, { value: real[name], configurable: true });
    }
  }
}

function pick(source: typeof Atomics): Record<(typeof atomicNames)[number], unknown> {
  const { store, add, and, or, exchange, compareExchange } = source;
  return { store, add, and, or, exchange, compareExchange };
}

interface Ledger {
  counted: number;
}

/** A whole life: take a slot, find or make the objects, claim rows, count, leave. */
function life(segment: Segment, ledger: Ledger): void {
  const pid = segment.sys.getpid();
  const slots = new ProcessSlots(segment, blindProbe);
  const slot = slots.take(pid, 0);
  assert.ok(slot >= 0);
  const objects = new ObjectTable(segment);
  for (let i = 0; i < objectCount; i++) objects.register(typeServer, `/s${i}`, slot);
  const live = new LiveWords(segment, slot);
  for (const thread of [0, 1]) {
    const writer = new CounterWriter(segment, slot, thread);
    for (const i of [0, objectCount - 1]) {
      const index = objects.register(typeServer, `/s${i}`, slot);
      writer.values[writer.row(index) + field.stot] += 1;
      writer.values[writer.row(index) + field.CurrStreams] += 1;
      ledger.counted += 1;
      live.words[live.row(index) + liveCurrent] += 1;
    }
  }
  slots.leave(slot, pid);
}

/** As much of a fresh segment as these lives touch, to go back to. */
const touchedBytes = 1_048_576;

test('a process may be stopped before any of its atomic stores', () => {
  const dead = new Set<number>();
  const base = memorySegment(kernelOf(1, dead), capacity);
  const fresh = base.bytes.slice(0, touchedBytes);
  for (const reborn of [true, false]) {
    let step = 1;
    let finished = false;
    const ledger: Ledger = { counted: 0 };
    base.bytes.set(fresh);
    for (let pid = 100; !finished; pid++) {
      if (reborn) base.bytes.set(fresh);
      if (reborn) ledger.counted = 0;
      const mine = viewSegment(kernelOf(pid, dead), -1, base.bytes);
      finished = killAt(step++, () => life(mine, ledger));
      dead.add(pid);
      checkAfterDeath(base, new CounterReader(base), ledger, dead, step);
      life(viewSegment(kernelOf(3, dead), -1, base.bytes), ledger);
      checkAfterDeath(base, new CounterReader(base), ledger, dead, step);
    }
    assert.ok(step > 100, `only ${step} steps were tried`);
    // Two writers of two parts, one of live words, one of objects: rows were inherited all the
    // time.
    assert.ok(chunkCount(base) <= 8, `${chunkCount(base)} chunks for all these lives`);
  }
});

function checkAfterDeath(
  base: Segment,
  reader: CounterReader,
  ledger: Ledger,
  dead: ReadonlySet<number>,
  step: number,
): void {
  const view = viewSegment(kernelOf(2, dead), -1, base.bytes);
  new ProcessSlots(view, blindProbe).sweep(0);
  const objects = new ObjectTable(view);
  let sum = 0;
  for (let i = 0; i < objects.count; i++) {
    sum += reader.sum(i, field.stot);
    assert.equal(reader.gauge(i, field.CurrStreams), 0, `a dead gauge counts at step ${step}`);
    assert.equal(
      new LiveReader(view).sum(i, liveCurrent),
      0,
      `dead live words count at step ${step}`,
    );
  }
  assert.equal(sum, ledger.counted, `after a kill at step ${step}`);
  const names = new Set(Array.from({ length: objects.count }, (_, i) => objects.identityOf(i)));
  assert.equal(names.size, objects.count, `an object twice at step ${step}`);
}

test('a sweeper may be stopped half-way: the next one ends with the same result', () => {
  for (let step = 1, finished = false; !finished; step++) {
    const dead = new Set<number>([100]);
    const base = memorySegment(kernelOf(100, dead), capacity);
    const slot = new ProcessSlots(base, blindProbe).take(100, 0);
    const object = new ObjectTable(base).register(typeFrontend, '/web', slot);
    const writer = new CounterWriter(base, slot, 0);
    writer.values[writer.row(object) + field.stot] = 5;
    const sweeper = viewSegment(kernelOf(200, dead), -1, base.bytes);
    finished = killAt(step, () => new ProcessSlots(sweeper, blindProbe).sweep(0));
    dead.add(200);
    const reader = new CounterReader(base);
    assert.equal(reader.sum(object, field.stot), 5);
    const last = viewSegment(kernelOf(300, dead), -1, base.bytes);
    const slots = new ProcessSlots(last, blindProbe);
    const again = slots.take(300, 0);
    assert.equal(again, slot, `slot not freed at step ${step}`);
    const heir = new CounterWriter(last, again, 0);
    assert.equal(heir.row(object), writer.row(object), `row not inherited at step ${step}`);
    assert.equal(reader.sum(object, field.stot), 5);
  }
});

// ---- real processes ----

const truthBytes = 65_536;

/** Child: counts in the segment and, one store later, in a private file, until it is killed. */
function countForEver(path: string, truthPath: string): void {
  const sys = linuxSys();
  const segment = attachSegment(sys, openSync(path, 'r+'));
  const truthFd = openSync(truthPath, 'w+');
  sys.ftruncate(truthFd, truthBytes);
  const mapped = sys.mapShared(truthFd, truthBytes);
  assert.ok(typeof mapped !== 'number');
  const truth = new Float64Array(mapped.buffer, mapped.byteOffset, truthBytes / 8);
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const indexes = [0, 1, 2].map((i) => objects.register(typeServer, `/real${i}`, slot));
  const writer = new CounterWriter(segment, slot, 0);
  const rows = indexes.map((index) => writer.row(index));
  process.stdout.write('counting\n');
  for (;;) {
    for (let i = 0; i < rows.length; i++) {
      writer.values[rows[i] + field.stot] += 1;
      truth[i] += 1;
    }
  }
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

async function counting(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout);
  await once(child.stdout, 'data');
}

async function killRounds(folder: string, random: () => number): Promise<void> {
  const path = join(folder, 'segment');
  const sys = linuxSys();
  const { segment } = openSegment(sys, { ...capacity, path });
  const reader = new CounterReader(segment);
  const slots = new ProcessSlots(segment);
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const truths: string[] = [];
  for (let round = 0; round < 6; round++) {
    const children = [0, 1].map((i) => {
      const truth = join(folder, `truth-${round}-${i}`);
      truths.push(truth);
      return spawn(process.execPath, [import.meta.filename, 'count', path, truth], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    });
    const exits = children.map((child) => once(child, 'exit'));
    // One is killed wherever its start has come to, the other while it counts.
    setTimeout(() => children[0].kill('SIGKILL'), random() * 250);
    await Promise.race([counting(children[1]), exits[1]]);
    children[1].kill('SIGKILL');
    await Promise.all(exits);
    slots.sweep(0);
    compare(reader, segment, truths);
  }
}

function compare(reader: CounterReader, segment: Segment, truths: readonly string[]): void {
  const objects = new ObjectTable(segment);
  for (let i = 0; i < 3; i++) {
    const index = objects.find(typeServer, `/real${i}`);
    const told = truths.reduce((sum, path) => sum + readTruth(path, i), 0);
    const kept = index < 0 ? 0 : reader.sum(index, field.stot);
    assert.ok(kept >= told, `${kept} kept of ${told}`);
    assert.ok(kept <= told + truths.length, `${kept} kept, only ${told} were counted`);
  }
}

function readTruth(path: string, index: number): number {
  const sys = linuxSys();
  const fd = openSync(path, 'a+');
  const region = sys.region(64);
  const length = sys.read(fd, region, 0, 64);
  sys.close(fd);
  if (length < 64) return 0;
  return new DataView(region.bytes.buffer, region.bytes.byteOffset).getFloat64(index * 8, true);
}

if (process.argv[2] === 'count') {
  countForEver(process.argv[3], process.argv[4]);
} else {
  const seed = Number(process.env['HAWSER_SEED'] ?? process.pid);
  test(`kill -9 while starting and while counting (HAWSER_SEED=${seed})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-crash-'));
    try {
      await killRounds(folder, seeded(seed));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
