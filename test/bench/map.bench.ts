// What maps cost by size and method: loading a file, memory of one thread, one look-up of a key
// that traffic has just made, one edit with the look-up after it. Prints numbers; decides nothing.
// Run: node --expose-gc dist/test/bench/map.bench.js [entries...]

import { matchMethodByName } from '../../worker/match/methods.ts';
import { noValues } from '../../worker/match/pattern.ts';
import { parseMapFile } from '../../worker/match/pattern-file.ts';
import { PatternReference } from '../../worker/match/pattern-reference.ts';
import { type PatternSet, usePatterns } from '../../worker/match/pattern-set.ts';
import { allocateSharedList, SharedList } from '../../worker/match/shared-list.ts';
import { parseIpv4 } from '../../worker/sample/address.ts';
import { kindIpv4, kindSint, kindString, Sample } from '../../worker/sample/sample.ts';

const lookUps = 200_000;

interface Row {
  readonly method: string;
  /** Key number `i` of the file. */
  readonly key: (i: number) => string;
  /** Lists that are walked are not meant to be longer. */
  readonly entriesMax: number;
}

const address = (i: number): string =>
  `${10 + (i >> 24)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

const rows: readonly Row[] = [
  { method: 'str', key: (i) => `host${i}.example${i % 997}.com`, entriesMax: Infinity },
  { method: 'beg', key: (i) => `/path${i % 997}/item${i}/`, entriesMax: Infinity },
  { method: 'end', key: (i) => `.host${i}.example${i % 997}.com`, entriesMax: Infinity },
  { method: 'int', key: (i) => String(i * 7), entriesMax: Infinity },
  { method: 'ip', key: address, entriesMax: Infinity },
  { method: 'dom', key: (i) => `host${i}.example`, entriesMax: 1000 },
];

function fileText(row: Row, entries: number): string {
  const lines: string[] = [];
  for (let i = 0; i < entries; i++) lines.push(`${row.key(i)} value${i % 100}`);
  // As the loader has it: one flat string.
  return Buffer.from(lines.join('\n'), 'latin1').toString('latin1');
}

const heapBytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

function setOf(reference: PatternReference, name: string): PatternSet {
  const method = matchMethodByName.get(name);
  if (method === undefined) throw new Error(name);
  const set = usePatterns(reference, 'file', { method, ignoreCase: false, values: noValues });
  if (typeof set === 'string') throw new Error(set);
  return set;
}

/** Keys as bytes, in an order that no cache knows. */
function keysOf(row: Row, entries: number): { readonly bytes: Buffer; readonly ends: Int32Array } {
  const keys: string[] = [];
  const ends = new Int32Array(lookUps + 1);
  let state = 12345;
  for (let i = 0; i < lookUps; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const key = row.key(state % entries);
    keys.push(key);
    ends[i + 1] = ends[i] + key.length;
  }
  return { bytes: Buffer.from(keys.join(''), 'latin1'), ends };
}

function fill(sample: Sample, method: string, text: string): void {
  sample.kind = method === 'ip' ? kindIpv4 : method === 'int' ? kindSint : kindString;
  sample.text = text;
  if (method === 'ip') sample.int = parseIpv4(text);
  else if (method === 'int') sample.int = Number(text);
}

/** Nanoseconds of one round, the best of five. */
function nanoseconds(run: () => void, count: number): number {
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  return best;
}

let found = 0;

function measureLookUp(row: Row, set: PatternSet, entries: number): number {
  const { bytes, ends } = keysOf(row, entries);
  const sample = new Sample();
  const each = (ask: boolean) => () => {
    for (let i = 0; i < lookUps; i++) {
      fill(sample, row.method, bytes.toString('latin1', ends[i], ends[i + 1]));
      if (ask && set.find(sample) !== null) found++;
    }
  };
  const both = nanoseconds(each(true), lookUps);
  return both - nanoseconds(each(false), lookUps);
}

function measureEdit(row: Row, reference: PatternReference, set: PatternSet): number {
  const sample = new Sample();
  const count = row.entriesMax === Infinity && reference.size > 100_000 ? 20 : 200;
  let next = 40_000_000;
  return nanoseconds(() => {
    for (let i = 0; i < count; i++) {
      const text = row.method === 'int' ? String(next++) : row.key(next++);
      const entry = reference.add(text, 'new');
      fill(sample, row.method, text);
      if (set.find(sample) !== entry) throw new Error(`${text} is not found`);
      reference.removeEntry(entry);
      if (set.find(sample) === entry) throw new Error(`${text} is still there`);
    }
  }, count);
}

/** The list as a thread's own, or in memory that all threads share. */
function load(text: string, isShared: boolean): PatternReference {
  if (isShared) {
    return new PatternReference('file', true, '', new SharedList(allocateSharedList(text), true));
  }
  const reference = new PatternReference('file', true, '');
  parseMapFile(text, (key, value, line) => reference.add(key, value, line));
  return reference;
}

function measure(row: Row, entries: number, isShared: boolean): void {
  const text = fileText(row, entries);
  const before = heapBytes();
  const start = process.hrtime.bigint();
  const reference = load(text, isShared);
  const set = setOf(reference, row.method);
  set.build();
  const loadMs = Number(process.hrtime.bigint() - start) / 1e6;
  const bytes = (heapBytes() - before) / entries;
  const lookUpNs = measureLookUp(row, set, entries);
  const editUs = measureEdit(row, reference, set) / 1000;
  const cells = [
    row.method.padEnd(4),
    isShared ? 'shared' : 'own   ',
    String(entries).padStart(8),
    `${loadMs.toFixed(0).padStart(6)} ms`,
    `${bytes.toFixed(0).padStart(5)} B/entry`,
    `${lookUpNs.toFixed(0).padStart(6)} ns/look-up`,
    `${editUs.toFixed(1).padStart(9)} us/edit`,
  ];
  console.log(cells.join('  '));
}

const shared = new Set(['str', 'beg', 'end', 'ip']);
const sizes = process.argv.slice(2).map(Number);
for (const row of rows) {
  for (const entries of sizes.length > 0 ? sizes : [1000, 10_000, 1_000_000]) {
    if (entries > row.entriesMax) continue;
    measure(row, entries, false);
    if (shared.has(row.method)) measure(row, entries, true);
  }
}
if (found === 0) console.log('nothing was found');
