// hawser state: what an operator sees of a file, takes out of it, puts in and resets, with the exit
// statuses that scripts ask for.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CounterWriter } from '../shared/segment/counters.ts';
import { field } from '../shared/segment/metrics.ts';
import { ObjectTable, typeFrontend, typeServer } from '../shared/segment/objects.ts';
import { ProcessSlots } from '../shared/segment/processes.ts';
import { openSegment } from '../shared/segment/segment.ts';
import type { StickTable } from '../shared/segment/stick-table.ts';
import { addRate } from '../shared/segment/table-data.ts';
import type { KeyType } from '../shared/segment/table-layout.ts';
import { openTable } from '../shared/segment/table-store.ts';
import { linuxSys } from '../shared/sys/linux.ts';

const tool = join(import.meta.dirname, 'main.js');

function state(...words: string[]) {
  return given('', ...words);
}

function given(input: string, ...words: string[]) {
  const args = [tool, 'state', ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

function inFolder(body: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-state-'));
  try {
    body(join(folder, 'stats'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const store = [
  { name: 'gpc', length: 2, periodMs: 0 },
  { name: 'http_req_rate', length: 1, periodMs: 10_000 },
  { name: 'bytes_in_cnt', length: 1, periodMs: 0 },
];

const keys: readonly (readonly [KeyType, number, (table: StickTable) => void])[] = [
  ['ip', 4, (table) => table.keyNumber(0x7f000001)],
  ['ipv6', 16, (table) => table.keyBytes(`\x20\x01${'\0'.repeat(13)}\x07`)],
  ['integer', 4, (table) => table.keyNumber(-5)],
  ['string', 12, (table) => table.keyText('caf\xe9 "x"')],
  ['binary', 3, (table) => table.keyBytes('\0\xff')],
];

function fill(path: string): void {
  const sys = linuxSys();
  const { segment } = openSegment(sys, { objects: 4, writers: 1, objectsMax: 0, path });
  const slots = new ProcessSlots(segment);
  const slot = slots.take(process.pid, 0);
  const objects = new ObjectTable(segment);
  const writer = new CounterWriter(segment, slot, 0);
  const count = (type: number, name: string, sessions: number): void => {
    writer.values[writer.row(objects.register(type, name, slot)) + field.stot] += sessions;
  };
  count(typeFrontend, 'web-1', 12);
  count(typeServer, '/be/s1', 7);
  const nowMs = sys.monotonicNs() / 1e6;
  for (const [keyType, keyLength, put] of keys) {
    const shape = { name: keyType, keyType, keyLength, size: 9, store };
    const policy = { shape, expireMs: 0, purges: true, bytesRateFactor: 1, reports: false };
    const { table } = openTable({ segment, objects, slot, nowMs }, policy);
    put(table);
    const at = table.at(table.take(nowMs));
    const [bytes, gpc, rate] = ['bytes_in_cnt', 'gpc', 'http_req_rate'].map(
      (name) => at + table.geometry.columns.find(({ type }) => type.name === name)!.offset,
    );
    table.floats[bytes >> 1] = 2 ** 40;
    table.words[gpc + 1] = 33;
    addRate(table, rate, 10_000, { nowMs, count: 4 });
  }
  slots.leave(slot, process.pid);
}

/** The dump without what the time of day changes. */
const timeless = (text: string): unknown =>
  JSON.parse(text, (name, value: unknown) => (name.endsWith('Ms') ? 0 : value));

test('what one file exports another one takes over, once', () => {
  inFolder((path) => {
    fill(path);
    const dump = state('export', path);
    assert.equal(dump.status, 0);
    const other = `${path}-2`;
    openSegment(linuxSys(), { objects: 4, writers: 1, objectsMax: 0, path: other });
    const taken = '2 objects, 5 entries of tables taken over\n';
    assert.equal(given(dump.stdout, 'import', other).stdout, taken);
    writeFileSync(`${path}.json`, dump.stdout);
    assert.equal(
      state('import', other, `${path}.json`).stdout,
      '2 objects, 0 entries of tables taken over\n',
    );
    const copy = state('export', other);
    assert.deepEqual(timeless(copy.stdout), timeless(dump.stdout));
    const { tables } = JSON.parse(copy.stdout);
    assert.deepEqual(
      tables.map(({ entries }: { entries: { key: unknown }[] }) => entries[0].key),
      ['127.0.0.1', '2001::7', 4_294_967_291, 'caf\xe9 "x"', '00ff00'],
    );
    const { data } = tables[0].entries[0];
    assert.deepEqual([data.gpc, data.bytes_in_cnt[0].wide], [[0, 33], 2 ** 40]);
    assert.equal(data.http_req_rate[0].now, 4);
  });
});

test('show tells what there is, and changes nothing', () => {
  inFolder((path) => {
    fill(path);
    const before = readFileSync(path);
    const { status, stdout } = state('show', path);
    assert.equal(status, 0);
    assert.match(stdout, /^processes +none$/m);
    assert.match(stdout, /^frontend +web-1 +12 +0/m);
    assert.match(stdout, /^server +\/be\/s1 +7 +0/m);
    assert.match(stdout, /^string +string 12 +1 +9 +http_req_rate.*gpc\(2\)/m);
    const json = JSON.parse(state('show', path, '--json').stdout);
    assert.equal(json.objects[1].counters.stot, 7);
    assert.equal(json.tables.length, 5);
    assert.ok(before.equals(readFileSync(path)), 'the file is as it was');
  });
});

test('reset asks what is meant, and does just that', () => {
  inFolder((path) => {
    fill(path);
    const silent = state('reset', path);
    assert.equal(silent.status, 2);
    assert.match(silent.stderr, /say what to reset: --counters, --tables/);
    const said = (...words: string[]): string => state('reset', path, ...words).stdout;
    assert.equal(said('--counters', 'be/s1'), '1 objects, 0 entries of tables reset\n');
    assert.match(state('show', path).stdout, /web-1 +12 .*\n.*s1 +0 /);
    assert.equal(said('--tables', 'ip', 'string'), '0 objects, 2 entries of tables reset\n');
    assert.equal(said('--tables', '--counters'), '2 objects, 3 entries of tables reset\n');
    const unknown = state('reset', path, '--counters', 'nobody');
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /nothing has these names/);
  });
});

test('what cannot be used is one sentence and a status', () => {
  inFolder((path) => {
    const missing = state('show', path);
    assert.deepEqual([missing.status, missing.stdout], [1, '']);
    assert.match(
      missing.stderr,
      /^hawser: cannot open segment file '.*': No such file or directory\n$/,
    );
    writeFileSync(path, 'x'.repeat(9000));
    for (const words of [
      ['show', path],
      ['export', path],
      ['reset', path, '--counters'],
      ['import', path],
    ]) {
      const { status, stderr } = given('{"format":"hawser-state","version":1}', ...words);
      assert.equal(status, 1, words.join(' '));
      assert.match(stderr, /^hawser: .*it is not a hawser segment\n$/);
    }
    assert.equal(readFileSync(path, 'latin1'), 'x'.repeat(9000));
    rmSync(path);
    fill(path);
    for (const [dump, reason] of [
      ['{', /that is no dump of 'hawser state export'/],
      ['{"format":"other"}', /no dump of 'hawser state export'/],
    ] as const) {
      const { status, stderr } = given(dump, 'import', path);
      assert.equal(status, 1);
      assert.match(stderr, reason);
    }
  });
});
