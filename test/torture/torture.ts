// The crash rule, tried for long: processes that write to one segment are killed at random
// instants, others go on or take their place, and now and then all stop and everything is looked
// at. No lock stays, no entry is torn, no reference is left, and what was counted is what was sent
// but for what each death caught in flight. The tool; torture.test.ts runs a short one.
//
// Run: node dist/test/torture/torture.js [kills [seed]]

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { attachFile } from '../../shared/segment/attach.ts';
import { CounterReader } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import { ObjectTable, typeServer } from '../../shared/segment/objects.ts';
import { ProcessSlots } from '../../shared/segment/processes.ts';
import { attachSegment, type Segment } from '../../shared/segment/segment.ts';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import {
  entryHash,
  entryHolders,
  entryKey,
  entryNext,
  type TablePolicy,
} from '../../shared/segment/table-layout.ts';
import { hashWords } from '../../shared/segment/table-key.ts';
import { openTable } from '../../shared/segment/table-store.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import {
  countedKeys,
  countedObjects,
  countedPolicy,
  objectName,
  passingPolicy,
  seeded,
  sumTruth,
  truthBytes,
} from './plan.ts';

export interface Torture {
  readonly seed: number;
  readonly kills: number;
  readonly say: (text: string) => void;
}

export interface TortureResult {
  readonly kills: number;
  readonly counted: number;
  /** Sent and not counted: what deaths caught in flight. */
  readonly lost: number;
  readonly longestEntryMs: number;
}

const writers = 3;
/** Kills between two looks at everything. */
const killsPerLook = 10;
/** Longest wait for a table's lock that is no blockade, on a machine that others use too. */
const blockadeMs = 5000;

/** Runs it; throws when the rule is broken. */
export async function torture({ seed, kills, say }: Torture): Promise<TortureResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-torture-'));
  const room = new Room(folder, seed);
  try {
    for (let kill = 1; kill <= kills; kill++) {
      await room.killOne();
      if (kill % killsPerLook !== 0 && kill !== kills) continue;
      await room.lookAtAll();
      if (kill % 100 === 0) say(`${kill} kills, ${room.summary()}`);
    }
    return { kills, ...room.result() };
  } finally {
    await room.stop();
    rmSync(folder, { recursive: true });
  }
}

interface Child {
  readonly process: ChildProcess;
  readonly exited: Promise<unknown>;
  readonly isWriting: Promise<unknown>;
  readonly truthPath: string;
}

class Room {
  private readonly path: string;
  private readonly random: () => number;
  private readonly children: Child[] = [];
  private started = 0;
  private readonly sent: number[];
  private readonly done: number[];
  private counted = 0;
  private longestEntryMs = 0;

  constructor(folder: string, seed: number) {
    this.path = join(folder, 'segment');
    this.random = seeded(seed);
    this.sent = Array.from({ length: countedKeys + countedObjects }, () => 0);
    this.done = [...this.sent];
    const { warning } = attachFile(linuxSys(), this.options());
    assert.equal(warning, '');
  }

  private options() {
    return { objects: 8, writers: 2, objectsMax: 0, path: this.path };
  }

  summary(): string {
    const { counted, lost, longestEntryMs } = this.result();
    const wait = longestEntryMs.toFixed(1);
    return `${counted} counted, ${lost} in flight at deaths, longest wait for a lock ${wait} ms`;
  }

  result(): Omit<TortureResult, 'kills'> {
    const sent = this.sent.reduce((sum, one) => sum + one, 0);
    const { counted, longestEntryMs } = this;
    return { counted, lost: sent - counted, longestEntryMs };
  }

  /** One dies, wherever it is; the others go on. */
  async killOne(): Promise<void> {
    while (this.children.length < writers) this.children.push(this.launch());
    const victim = this.children.splice(Math.floor(this.random() * writers), 1)[0];
    // Now and then while it still starts.
    if (this.random() < 0.8) await Promise.race([victim.isWriting, victim.exited]);
    await new Promise((resolve) => setTimeout(resolve, this.random() * 15));
    await this.bury(victim);
    this.enterBoth();
  }

  private launch(): Child {
    const number = this.started++;
    const truthPath = `${this.path}-truth-${number}`;
    writeFileSync(truthPath, Buffer.alloc(truthBytes));
    const env = { ...process.env };
    delete env['NODE_TEST_CONTEXT'];
    const seed = String(Math.floor(this.random() * 2 ** 31));
    const words = [this.path, truthPath, seed, number % 2 === 0 ? 'threads' : 'alone'];
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.js'), ...words], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    const isWriting = child.stdout === null ? exited : once(child.stdout, 'data');
    return { process: child, exited, isWriting: isWriting.catch(() => undefined), truthPath };
  }

  private async bury({ process: child, exited, truthPath }: Child): Promise<void> {
    child.kill('SIGKILL');
    const [code, signal] = (await exited) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL', `a writer ended by itself, status ${code}`);
    const bytes = readFileSync(truthPath);
    const floats = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + truthBytes),
    );
    const { sent, done } = sumTruth(floats);
    for (let i = 0; i < sent.length; i++) {
      this.sent[i] += sent[i];
      this.done[i] += done[i];
    }
    rmSync(truthPath);
  }

  /** Nobody keeps the tables' locks: we get them too. */
  private enterBoth(): void {
    this.visit((_segment, tables) => {
      for (const table of tables) {
        const since = performance.now();
        table.enter();
        table.leave();
        const waited = performance.now() - since;
        this.longestEntryMs = Math.max(this.longestEntryMs, waited);
        assert.ok(waited < blockadeMs, `the lock of '${table.name}' took ${waited} ms`);
      }
    });
  }

  /** Attaches as any new process does, and leaves again. */
  private visit(act: (segment: Segment, tables: readonly StickTable[]) => void): void {
    const sys = linuxSys();
    const fd = openSync(this.path, 'r+');
    const segment = attachSegment(sys, fd);
    const slots = new ProcessSlots(segment);
    const slot = slots.take(process.pid, 0);
    assert.ok(slot >= 0, 'no slot is free');
    const place = { segment, objects: new ObjectTable(segment), slot, nowMs: nowMs() };
    act(
      segment,
      [countedPolicy, passingPolicy].map((policy) => openTable(place, policy).table),
    );
    slots.leave(slot, process.pid);
    sys.close(fd);
  }

  async lookAtAll(): Promise<void> {
    await Promise.all(this.children.splice(0).map((child) => this.bury(child)));
    const { warning, notices } = attachFile(linuxSys(), this.options());
    // Nobody here turns the clock, so it may be told that it stands.
    const problems = notices.filter((one) => !one.startsWith('the clock of'));
    assert.deepEqual([warning, ...problems], [''], 'the file attaches again');
    this.visit((segment, [counted, passing]) => {
      checkWhole(counted, countedPolicy);
      checkWhole(passing, passingPolicy);
      this.compare(segment, counted);
    });
  }

  /** done <= kept <= sent, for every counter. */
  private compare(segment: Segment, table: StickTable): void {
    const reader = new CounterReader(segment);
    const objects = new ObjectTable(segment);
    this.counted = 0;
    for (let i = 0; i < countedKeys + countedObjects; i++) {
      const object = i < countedKeys ? -1 : objects.find(typeServer, objectName(i - countedKeys));
      const kept = i < countedKeys ? countOf(table, i) : reader.sum(object, field.stot);
      this.counted += kept;
      assert.ok(kept >= this.done[i], `counter ${i}: ${kept} kept of ${this.done[i]}`);
      assert.ok(kept <= this.sent[i], `counter ${i}: ${kept} kept, ${this.sent[i]} were sent`);
    }
  }

  async stop(): Promise<void> {
    for (const { process: child, exited } of this.children) {
      child.kill('SIGKILL');
      await exited;
    }
  }
}

const nowMs = (): number => linuxSys().monotonicNs() / 1e6;

function countOf(table: StickTable, key: number): number {
  table.keyNumber(key);
  table.enter();
  const entry = table.find(nowMs());
  const [counter] = table.geometry.columns;
  const count = entry < 0 ? 0 : table.words[table.at(entry) + counter.offset] >>> 0;
  table.leave();
  return count;
}

/** Every entry once in the order of use, once in the bucket of its key, and held by nobody. */
function checkWhole(table: StickTable, { shape }: TablePolicy): void {
  table.enter();
  const listed = new Set<number>();
  table.eachEntry((entry) => {
    const at = table.at(entry);
    assert.ok(!listed.has(entry), 'an entry twice in the list');
    assert.equal(table.words[at + entryHolders], 1, 'held by somebody dead');
    const key = table.words.slice(at + entryKey, at + entryKey + 1);
    assert.equal(table.words[at + entryHash], hashWords(key, 1), 'a key without its hash');
    listed.add(entry);
    return listed.size <= shape.size;
  });
  assert.equal(listed.size, table.used);
  assert.ok(listed.size <= shape.size);
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
  assert.equal(keys.size, listed.size, 'in the list and in no bucket');
  table.leave();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const kills = Number(process.argv[2] ?? 1000);
  const seed = Number(process.argv[3] ?? process.pid);
  console.log(`${kills} kills, seed ${seed}`);
  const say = (text: string): void => console.log(text);
  const { counted, lost, longestEntryMs } = await torture({ kills, seed, say });
  console.log(`whole after ${kills} kills: ${counted} counted, ${lost} in flight at deaths`);
  console.log(`longest wait for a lock: ${longestEntryMs.toFixed(1)} ms`);
}
