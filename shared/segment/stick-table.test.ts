// What a stick table promises: the same as a plain Map with an order of use would do, over all key
// types, expiry and a full table; one memory for all views; content that outlives its process and
// a change of definition.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import { ObjectTable } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import { memorySegment, type Segment } from './segment.ts';
import { StickTable } from './stick-table.ts';
import { addCount, addRate, dataTypeByName, readRate, type StoredType } from './table-data.ts';
import { type KeyType, tableBytes, type TablePolicy, type TableShape } from './table-layout.ts';
import { TableReferences } from './table-references.ts';
import { openTable } from './table-store.ts';

const capacity = { objects: 4, writers: 2, objectsMax: 0 };
const counter: StoredType = { name: 'gpc0', length: 1, periodMs: 0 };
const current: StoredType = { name: 'conn_cur', length: 1, periodMs: 0 };
const requests: StoredType = { name: 'http_req_rate', length: 1, periodMs: 10_000 };

function policy(shape: Partial<TableShape>, rest: Partial<TablePolicy> = {}): TablePolicy {
  const whole = { name: 't', keyType: 'integer' as KeyType, keyLength: 4, size: 100, store: [] };
  return {
    shape: { ...whole, ...shape },
    expireMs: 0,
    purges: true,
    bytesRateFactor: 1,
    reports: false,
    ...rest,
  };
}

interface Home {
  readonly segment: Segment;
  readonly slot: number;
  open(wanted: TablePolicy, nowMs?: number): StickTable;
  notice: string;
}

function home(segment = memorySegment(linuxSys(), capacity), pid: number = process.pid): Home {
  const slot = new ProcessSlots(segment).take(pid, 0);
  const made: Home = {
    segment,
    slot,
    notice: '',
    open: (wanted, nowMs = 0) => {
      const objects = new ObjectTable(segment);
      const { table, notice } = openTable({ segment, objects, slot, nowMs }, wanted);
      made.notice = notice;
      return table;
    },
  };
  return made;
}

function offset(table: StickTable, name: string): number {
  const column = table.column(dataTypeByName.get(name)!);
  assert.ok(column, `no ${name}`);
  return column.offset;
}

const keyWays: readonly (readonly [KeyType, number, (table: StickTable, n: number) => void])[] = [
  ['integer', 4, (table, n) => table.keyNumber(n | 0)],
  ['ip', 4, (table, n) => table.keyNumber((n * 0x1000193) | 0)],
  ['ipv6', 16, (table, n) => table.keyBytes(String.fromCharCode(n & 255, n >> 8).repeat(8))],
  ['string', 8, (table, n) => table.keyText('x'.repeat(n % 5) + n)],
  ['binary', 6, (table, n) => table.keyBytes(String.fromCharCode(n & 255, n >> 8))],
];

for (const [keyType, keyLength, setKey] of keyWays) {
  test(`${keyType}: a table behaves as a map with an order of use`, () => {
    const table = home().open(
      policy({ keyType, keyLength, size: 50, store: [counter] }, { expireMs: 500 }),
    );
    const at = offset(table, 'gpc0');
    const model = new Map<number, { count: number; used: number }>();
    let random = 12_345;
    for (let step = 0; step < 20_000; step++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const nowMs = step * 2;
      const key = (random >>> 8) % 90;
      const isLookup = (random >>> 16) % 3 === 0;
      for (const [old, { used }] of model) if (used + 500 <= nowMs) model.delete(old);
      setKey(table, key);
      table.enter();
      const entry = isLookup ? table.find(nowMs) : table.take(nowMs);
      const known = model.get(key);
      if (isLookup) {
        assert.equal(entry >= 0, known !== undefined, `step ${step}`);
        if (known !== undefined) assert.equal(table.words[table.at(entry) + at], known.count);
      } else {
        const count = addCount(table.words, table.at(entry) + at, 1);
        assert.equal(count, (known?.count ?? 0) + 1, `step ${step}`);
        if (known === undefined && model.size >= 50) model.delete([...model.keys()][0]);
        model.delete(key);
        model.set(key, { count, used: nowMs });
      }
      table.leave();
    }
    table.dropExpired(40_000, 1000);
    assert.equal(table.used, [...model.values()].filter(({ used }) => used + 500 > 40_000).length);
  });
}

test('strings are cut at the length of the table, and a shorter one is another key', () => {
  const table = home().open(policy({ keyType: 'string', keyLength: 5 }));
  table.enter();
  for (const text of ['abcde', 'abcdefgh', 'abcd', '', 'abcd\0']) {
    table.keyText(text);
    table.take(0);
  }
  table.leave();
  assert.equal(table.used, 4);
});

test('a full table with nopurge takes no more, and held entries stay in any', () => {
  const { open, segment, slot } = home();
  const strict = open(policy({ name: 'a', size: 2 }, { purges: false }));
  const plain = open(policy({ name: 'b', size: 2 }, { expireMs: 10 }));
  const references = new TableReferences(segment, slot, 0);
  const take = (table: StickTable, key: number, nowMs: number): number => {
    table.keyNumber(key);
    return table.take(nowMs);
  };
  assert.deepEqual(
    [1, 2, 3].map((key) => take(strict, key, 0) >= 0),
    [true, true, false],
  );
  const held = take(plain, 1, 0);
  const record = plain.hold(held, references);
  assert.equal(plain.trackers(held), 1);
  take(plain, 2, 1);
  take(plain, 3, 2);
  plain.keyNumber(1);
  assert.equal(plain.find(50), held, 'held, so it does not expire');
  plain.keyNumber(2);
  assert.equal(plain.find(3), -1, 'it made room for 3');
  plain.drop(held, record, references);
  plain.keyNumber(1);
  assert.equal(plain.find(50), -1);
});

test('a rate slides over its period', () => {
  const table = home().open(policy({ store: [requests] }));
  table.keyNumber(1);
  const at = table.at(table.take(0)) + offset(table, 'http_req_rate');
  const add = (nowMs: number, count: number): void =>
    addRate(table, at, 10_000, { nowMs: 1e6 + nowMs, count });
  const cases: readonly (readonly [number, number])[] = [
    [1_000, 10],
    [10_999, 10],
    [16_000, 5],
    [21_500, 0],
    [90_000, 0],
  ];
  add(1_000, 10);
  for (const [nowMs, expected] of cases) {
    assert.equal(readRate(table, at, 10_000, 1e6 + nowMs), expected);
  }
  // 4 294 967 296 ms after the start nothing is mistaken for something recent.
  assert.equal(readRate(table, at, 10_000, 1e6 + 2 ** 32 + 1_000), 0);
  add(2 ** 32 + 1_000, 1);
  assert.equal(readRate(table, at, 10_000, 1e6 + 2 ** 32 + 10_000), 1);
});

test('a large table grows by chunks, and every view sees it', () => {
  const { open, segment, slot } = home();
  const wanted = policy({ size: 30_000, store: [counter, requests] });
  const table = open(wanted);
  const view = new StickTable(segment, table.object, wanted, slot);
  for (let key = 0; key < 40_000; key++) {
    table.keyNumber(key);
    table.enter();
    assert.ok(table.take(key) >= 0);
    table.leave();
  }
  assert.equal(view.used, 30_000);
  view.keyNumber(9_999);
  assert.equal(view.find(50_000), -1);
  view.keyNumber(10_000);
  assert.ok(view.find(50_000) >= 0);
});

test('a million addresses with a rate and a counter fit 128 MiB', () => {
  const shape = policy({ keyType: 'ip', size: 1_000_000, store: [counter, requests] }).shape;
  assert.ok(tableBytes(shape) <= 128 * 1_048_576, `${tableBytes(shape)} bytes`);
});

test('a reload finds an unchanged table, fills a changed one, and says what is lost', () => {
  const old = home();
  const before = old.open(policy({ size: 20, store: [counter, current] }));
  for (let key = 0; key < 20; key++) {
    before.keyNumber(key);
    before.words[before.at(before.take(key)) + offset(before, 'gpc0')] = key + 100;
  }
  const same = old.open(policy({ size: 20, store: [counter, current] }));
  assert.equal(same.object, before.object);
  const grown = old.open(policy({ size: 40, store: [requests, counter] }), 50);
  assert.equal(grown.used, 20);
  grown.keyNumber(7);
  assert.equal(grown.words[grown.at(grown.find(50)) + offset(grown, 'gpc0')], 107);
  const shrunk = old.open(policy({ size: 5, store: [counter] }), 50);
  assert.equal(shrunk.used, 5);
  shrunk.keyNumber(19);
  assert.ok(shrunk.find(50) >= 0, 'the entries used last are the ones that stay');
  assert.equal(old.notice, '');
  const other = old.open(policy({ keyType: 'string', keyLength: 8, store: [counter] }), 50);
  assert.equal(other.used, 0);
  assert.match(old.notice, /starts empty/);
});

test('what a dead process held is free when the next one has started', () => {
  const sys = linuxSys();
  const segment = memorySegment({ ...sys, kill: (pid) => (pid === 77_777 ? -3 : 0) }, capacity);
  const wanted = policy({ store: [current] }, { expireMs: 10 });
  const dead = home(segment, 77_777);
  const table = dead.open(wanted);
  const references = new TableReferences(segment, dead.slot, 0);
  table.keyNumber(1);
  const entry = table.take(0);
  table.hold(entry, references);
  table.words[table.at(entry) + offset(table, 'conn_cur')] = 1;
  // It dies with the lock, in the middle of a change.
  table.enter();
  table.words[table.header + 7] = 0;
  const heir = home(segment).open(wanted);
  heir.enter();
  heir.keyNumber(1);
  const found = heir.find(5);
  assert.ok(found >= 0);
  assert.equal(heir.trackers(found), 0);
  assert.equal(heir.words[heir.at(found) + offset(heir, 'conn_cur')], 0);
  heir.leave();
});
