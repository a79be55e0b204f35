// What a segment holds as plain data: counters by object and name, entries of tables by key. Taken
// out of a segment (also one of another version: its header names its fields) and put into another
// one. Called by the tool (hawser state) and when a file is made anew. Putting in only raises: what
// a segment knows better stays, and doing it twice is doing it once.

import { CounterReader, CounterWriter } from './counters.ts';
import { readFieldNames } from './layout.ts';
import { fieldsOfNames, rateFields } from './metric.ts';
import { field, storedRows } from './metrics.ts';
import { ObjectTable, typeTable } from './objects.ts';
import type { Segment } from './segment.ts';
import {
  clearTable,
  dumpTables,
  restoreTable,
  type TableDump,
  tablesOf,
  viewTable,
} from './table-dump.ts';

/** Types of objects by their number in the segment. */
const typeNames: readonly string[] = ['', 'process', 'frontend', 'backend', 'server', 'listener'];

export interface ObjectDump {
  readonly type: string;
  /** The `guid`, or `/PROXY/NAME` where none is given. */
  readonly identity: string;
  /** Numbers that grow, by name; those that are 0 are left out. */
  readonly counters: Readonly<Record<string, number>>;
  /** Seconds since, by name. */
  readonly ages: Readonly<Record<string, number>>;
}

export interface StateDump {
  readonly format: string;
  readonly version: number;
  readonly objects: Iterable<ObjectDump>;
  readonly tables: Iterable<TableDump>;
}

export const dumpFormat = 'hawser-state';
export const dumpVersion = 1;

/** Everything in a segment. Reads only; a live one may be dumped. */
export function dumpState(segment: Segment, nowMs: number): StateDump {
  const objects = new ObjectTable(segment);
  return {
    format: dumpFormat,
    version: dumpVersion,
    objects: dumpObjects(segment, objects, nowMs),
    tables: dumpTables(segment, objects, nowMs),
  };
}

function* dumpObjects(segment: Segment, table: ObjectTable, nowMs: number): Generator<ObjectDump> {
  const fields = fieldsOfNames(readFieldNames(segment.words));
  const reader = new CounterReader(segment);
  for (let index = 0; index < table.count; index++) {
    const type = typeNames[table.typeOf(index)] ?? '';
    if (type === '') continue;
    const counters: Record<string, number> = {};
    const ages: Record<string, number> = {};
    for (const [name, at] of Object.entries(fields)) {
      const kind = storedRows.get(name)?.kind;
      const value = kind === 'count' ? reader.sum(index, at) : 0;
      if (value !== 0) counters[name] = value;
      const last = kind === 'last' ? reader.last(index, at) : 0;
      if (last > 0) ages[name] = Math.max(0, Math.floor(nowMs / 1000) - last);
    }
    yield { type, identity: table.identityOf(index), counters, ages };
  }
}

/** Where a dump is put. */
export interface RestorePlace {
  readonly segment: Segment;
  readonly objects: ObjectTable;
  /** Process slot of the caller. */
  readonly slot: number;
  readonly nowMs: number;
}

export interface Restored {
  objects: number;
  entries: number;
  /** What could not be put in, a sentence each. */
  readonly problems: string[];
}

/** Puts a dump in. Throws SegmentError when there is no room. */
export function restoreState(place: RestorePlace, dump: StateDump): Restored {
  const restored: Restored = { objects: 0, entries: 0, problems: [] };
  const writer = new CounterWriter(place.segment, place.slot, 0);
  const reader = new CounterReader(place.segment);
  for (const one of dump.objects) {
    const type = typeNames.indexOf(one.type);
    if (type <= 0 || type === typeTable) {
      restored.problems.push(`object '${one.identity}' is of type '${one.type}': left out`);
      continue;
    }
    restored.objects++;
    restoreObject({ place, reader, writer }, type, one);
  }
  for (const table of dump.tables) {
    const { entries, problem } = restoreTable(place, table);
    restored.entries += entries;
    if (problem !== '') restored.problems.push(problem);
  }
  return restored;
}

interface CounterPlace {
  readonly place: RestorePlace;
  readonly reader: CounterReader;
  readonly writer: CounterWriter;
}

function restoreObject(
  { place, reader, writer }: CounterPlace,
  type: number,
  { identity, counters, ages }: ObjectDump,
): void {
  const index = place.objects.register(type, identity, -1);
  const row = writer.row(index);
  for (const [name, value] of Object.entries(counters)) {
    if (storedRows.get(name)?.kind !== 'count') continue;
    const at = field[name as keyof typeof field];
    const missing = value - reader.sum(index, at);
    if (missing > 0) writer.values[row + at] += missing;
  }
  const nowSeconds = Math.floor(place.nowMs / 1000);
  for (const [name, age] of Object.entries(ages)) {
    if (storedRows.get(name)?.kind !== 'last') continue;
    const at = field[name as keyof typeof field];
    if (reader.last(index, at) === 0) writer.values[row + at] = Math.max(1, nowSeconds - age);
  }
}

/** Sets all counters of the objects that `wants` to 0, for all processes; returns how many. */
export function resetCounters(
  { segment, objects, slot }: RestorePlace,
  wants: (type: string, identity: string) => boolean,
): number {
  const writer = new CounterWriter(segment, slot, 0);
  const reader = new CounterReader(segment);
  let reset = 0;
  for (let index = 0; index < objects.count; index++) {
    const type = typeNames[objects.typeOf(index)] ?? '';
    if (type === '' || !wants(type, objects.identityOf(index))) continue;
    reset++;
    const row = writer.row(index);
    for (const [name, { kind }] of storedRows) {
      const at = field[name as keyof typeof field];
      if (kind === 'count') writer.values[row + at] -= reader.sum(index, at);
      else if (kind === 'rate') for (let i = 1; i < rateFields; i++) reader.clear(index, at + i);
      else if (kind !== 'gauge') reader.clear(index, at);
    }
  }
  return reset;
}

/** Empties the tables that `wants`, but for entries that are tracked now. */
export function resetTables(place: RestorePlace, wants: (name: string) => boolean): number {
  const { segment, objects, slot } = place;
  let cleared = 0;
  for (const { object, name } of tablesOf(segment, objects)) {
    if (wants(name)) cleared += clearTable(viewTable(segment, object, name, slot));
  }
  return cleared;
}
