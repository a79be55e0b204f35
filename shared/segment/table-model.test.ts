// A stick table and a plain Map are asked the same in the same order, with a clock of our own: what
// one knows the other must know. Keys of every type, expiry, a full table, entries that are held,
// removals, and a second process that joins. HAWSER_SEED repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import { ObjectTable } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import { memorySegment, type Segment } from './segment.ts';
import type { StickTable } from './stick-table.ts';
import { addCount, addRate, readRate } from './table-data.ts';
import type { KeyType, TablePolicy } from './table-layout.ts';
import { TableReferences } from './table-references.ts';
import { openTable } from './table-store.ts';

const seed = Number(process.env['HAWSER_SEED'] ?? process.pid);
const periodMs = 700;

function seeded(from: number): () => number {
  let state = from >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Known {
  count: number;
  usedMs: number;
  held: number;
  /** Times of the events that the rate still knows, as HAProxy's freq_ctr would see them. */
  rate: { start: number; now: number; before: number };
}

/** The same table in the simplest words. */
class Model {
  readonly entries = new Map<number, Known>();
  readonly policy: TablePolicy;

  constructor(policy: TablePolicy) {
    this.policy = policy;
  }

  isExpired(entry: Known, nowMs: number): boolean {
    const { expireMs } = this.policy;
    return expireMs > 0 && entry.held === 0 && entry.usedMs + expireMs <= nowMs;
  }

  find(key: number, nowMs: number): Known | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || !this.isExpired(entry, nowMs)) return entry;
    this.entries.delete(key);
    return undefined;
  }

  /** Entries that have not expired. */
  alive(nowMs: number): number {
    return [...this.entries.values()].filter((entry) => !this.isExpired(entry, nowMs)).length;
  }

  /** Of a full table the key that was not used for the longest time goes; undefined: none may. */
  victim(): number | undefined {
    const free = [...this.entries].filter(([, { held }]) => held === 0);
    return free.toSorted(([, a], [, b]) => a.usedMs - b.usedMs)[0]?.[0];
  }

  take(key: number, nowMs: number): Known | undefined {
    const found = this.find(key, nowMs);
    if (found !== undefined) {
      found.usedMs = nowMs;
      return found;
    }
    for (const [other, entry] of this.entries) {
      if (this.isExpired(entry, nowMs)) this.entries.delete(other);
    }
    if (this.entries.size >= this.policy.shape.size) {
      const victim = this.policy.purges ? this.victim() : undefined;
      if (victim === undefined) return undefined;
      this.entries.delete(victim);
    }
    const entry = { count: 0, usedMs: nowMs, held: 0, rate: { start: 0, now: 0, before: 0 } };
    this.entries.set(key, entry);
    return entry;
  }
}

const putKey: Readonly<Record<KeyType, (table: StickTable, key: number) => void>> = {
  ip: (table, key) => table.keyNumber(0x0a000000 + key),
  integer: (table, key) => table.keyNumber(-key),
  ipv6: (table, key) => table.keyBytes(`${'\xfe'.repeat(14)}${pair(key)}`),
  string: (table, key) => table.keyText('k'.repeat(key % 7) + key),
  binary: (table, key) => table.keyBytes(pair(key)),
};

const pair = (key: number): string => String.fromCharCode(key >> 8, key & 255);

/** Both at once. */
class Twins {
  private readonly segment: Segment;
  private readonly model: Model;
  private readonly policy: TablePolicy;
  private readonly random: () => number;
  private table: StickTable;
  private references: TableReferences;
  private readonly records = new Map<number, number[]>();
  private nowMs = 1e6;

  constructor(policy: TablePolicy, random: () => number) {
    this.policy = policy;
    this.random = random;
    this.model = new Model(policy);
    this.segment = memorySegment(linuxSys(), { objects: 4, writers: 1, objectsMax: 0 });
    const slot = new ProcessSlots(this.segment).take(process.pid, 0);
    this.table = this.open(slot);
    this.references = new TableReferences(this.segment, slot, 0);
  }

  private open(slot: number): StickTable {
    const objects = new ObjectTable(this.segment);
    return openTable({ segment: this.segment, objects, slot, nowMs: this.nowMs }, this.policy)
      .table;
  }

  turn(): void {
    const keys = this.policy.shape.size * 2;
    const key = 1 + Math.floor(this.random() * keys);
    this.nowMs += Math.floor(this.random() * 40) + 1;
    const act = this.acts[Math.floor(this.random() * this.acts.length)];
    this.table.enter();
    putKey[this.policy.shape.keyType](this.table, key);
    act.call(this, key);
    this.table.leave();
  }

  private readonly acts: readonly ((key: number) => void)[] = [
    this.count,
    this.count,
    this.count,
    this.look,
    this.look,
    this.hold,
    this.drop,
    this.remove,
    this.sweep,
    this.reopen,
  ];

  private count(key: number): void {
    const { table, nowMs } = this;
    const known = this.model.take(key, nowMs);
    const entry = table.take(nowMs);
    assert.equal(entry >= 0, known !== undefined, `${key} fits`);
    if (known === undefined) return;
    known.count++;
    const { rate } = known;
    const age = nowMs - rate.start;
    if (age >= periodMs) {
      const isNext = age < 2 * periodMs;
      known.rate = {
        start: isNext ? rate.start + periodMs : nowMs,
        now: 0,
        before: isNext ? rate.now : 0,
      };
    }
    known.rate.now++;
    const [counter, column] = table.geometry.columns;
    const at = table.at(entry);
    addCount(table.words, at + counter.offset, 1);
    addRate(table, at + column.offset, periodMs, { nowMs, count: 1 });
    this.compare(entry, known);
  }

  private look(key: number): void {
    const known = this.model.find(key, this.nowMs);
    const entry = this.table.find(this.nowMs);
    assert.equal(entry >= 0, known !== undefined, `${key} is there`);
    if (known !== undefined) this.compare(entry, known);
  }

  private compare(entry: number, known: Known): void {
    const { table, nowMs } = this;
    const [counter, column] = table.geometry.columns;
    const at = table.at(entry);
    assert.equal(table.words[at + counter.offset], known.count);
    assert.equal(table.trackers(entry), known.held);
    const { start, now, before } = known.rate;
    let [current, past, remain] = [now, before, start + periodMs - nowMs];
    if (remain < 0) {
      remain += periodMs;
      past = remain >= 0 ? current : 0;
      current = 0;
    }
    const rate =
      current === 0 && past <= 1 ? past : Math.floor((past * remain) / periodMs + current);
    assert.equal(readRate(table, at + column.offset, periodMs, nowMs), rate);
    if (this.policy.expireMs === 0 || known.held > 0) return;
    const left = Math.max(0, known.usedMs + this.policy.expireMs - nowMs);
    assert.equal(table.expiresIn(entry, nowMs), left);
  }

  private hold(key: number): void {
    if (this.records.size > this.policy.shape.size / 3) return;
    const known = this.model.take(key, this.nowMs);
    const entry = this.table.take(this.nowMs);
    assert.equal(entry >= 0, known !== undefined);
    if (known === undefined) return;
    known.held++;
    const record = this.table.hold(entry, this.references);
    this.records.set(key, [...(this.records.get(key) ?? []), record]);
  }

  private drop(_key: number): void {
    const [key, records] = [...this.records][0] ?? [];
    if (key === undefined || records === undefined) return;
    putKey[this.policy.shape.keyType](this.table, key);
    const known = this.model.find(key, this.nowMs);
    const entry = this.table.find(this.nowMs);
    assert.ok(known !== undefined && entry >= 0, 'what is held stays');
    this.use(key, known);
    known.held--;
    this.table.drop(entry, records.pop()!, this.references);
    if (records.length === 0) this.records.delete(key);
  }

  /** A use that counts nothing: of an entry that was held the last use need not be known. */
  private use(key: number, known: Known): void {
    this.nowMs++;
    putKey[this.policy.shape.keyType](this.table, key);
    this.table.touch(this.table.find(this.nowMs), this.nowMs);
    known.usedMs = this.nowMs;
  }

  private remove(key: number): void {
    const known = this.model.find(key, this.nowMs);
    const entry = this.table.find(this.nowMs);
    assert.equal(entry >= 0, known !== undefined);
    if (known === undefined || known.held > 0) return;
    this.model.entries.delete(key);
    this.table.remove(entry);
  }

  /** Everything that has expired goes, and nothing else. */
  private sweep(): void {
    this.table.dropExpired(this.nowMs, 1000);
    assert.equal(this.table.used, this.model.alive(this.nowMs));
  }

  /** Another process of the same table takes over; references go with the one that made them. */
  private reopen(): void {
    if (this.random() > 0.05) return;
    for (const [key, known] of this.model.entries) if (known.held > 0) this.use(key, known);
    this.table.leave();
    const slots = new ProcessSlots(this.segment, { startTicks: () => 0, namespace: () => 1 });
    slots.sweepPid(process.pid);
    this.records.clear();
    for (const known of this.model.entries.values()) known.held = 0;
    const slot = slots.take(process.pid, 0);
    this.table = this.open(slot);
    this.references = new TableReferences(this.segment, slot, 0);
    this.table.enter();
  }
}

const store = [
  { name: 'gpc0', length: 1, periodMs: 0 },
  { name: 'http_req_rate', length: 1, periodMs },
];

test(`a table knows what a plain map knows (HAWSER_SEED=${seed})`, () => {
  const random = seeded(seed);
  const lengths = { ip: 4, integer: 4, ipv6: 16, string: 12, binary: 2 } as const;
  for (const keyType of ['ip', 'integer', 'ipv6', 'string', 'binary'] as const) {
    for (const [expireMs, purges] of [
      [0, true],
      [900, true],
      [900, false],
    ] as const) {
      const size = 3 + Math.floor(random() * 40);
      const shape = { name: 'twin', keyType, keyLength: lengths[keyType], size, store };
      const twins = new Twins(
        { shape, expireMs, purges, bytesRateFactor: 1, reports: purges },
        random,
      );
      for (let i = 0; i < 4000; i++) twins.turn();
    }
  }
});
