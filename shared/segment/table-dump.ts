// Stick tables as plain data and back (state-dump.ts). Of an entry everything is kept that it
// says of its key: counts, rates with the time they belong to, and how long it was not used.

import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../sys/sockaddr.ts';
import { type ObjectTable, typeTable } from './objects.ts';
import type { Segment } from './segment.ts';
import { StickTable } from './stick-table.ts';
import {
  type Column,
  dataTypeByName,
  storageWords,
  type StoredType,
  textBytesMax,
} from './table-data.ts';
import {
  entryKey,
  entryUsed,
  keyTypes,
  type TablePolicy,
  type TableShape,
} from './table-layout.ts';
import { openTable, shapeOf, sequenceOf, type StorePlace, tableNameOf } from './table-store.ts';
import { packBytes } from './table-key.ts';

export interface DumpedRate {
  /** Since its period began. */
  readonly ageMs: number;
  readonly now: number;
  readonly before: number;
}

/** A count, bytes, a text, a rate. */
export type DumpedValue = number | string | { readonly wide: number } | DumpedRate;

export interface EntryDump {
  /** An address, a number, a text, hexadecimal digits of binary keys. */
  readonly key: number | string;
  readonly idleMs: number;
  /** By name of the data type; of arrays all values. */
  readonly data: Readonly<Record<string, readonly DumpedValue[]>>;
}

export interface TableDump {
  readonly name: string;
  readonly type: string;
  readonly length: number;
  readonly size: number;
  readonly store: readonly StoredType[];
  readonly used: number;
  readonly entries: Iterable<EntryDump>;
}

/** The tables that are whole; of those of one name only the one that was used last. */
export function tablesOf(
  segment: Segment,
  objects: ObjectTable,
): { readonly name: string; readonly object: number }[] {
  const latest = new Map<string, number>();
  for (let object = 0; object < objects.count; object++) {
    if (objects.typeOf(object) !== typeTable) continue;
    const sequence = sequenceOf(segment, object);
    const name = tableNameOf(objects.identityOf(object));
    const other = latest.get(name);
    if (sequence === 0 || (other !== undefined && sequenceOf(segment, other) > sequence)) continue;
    latest.set(name, object);
  }
  return [...latest].map(([name, object]) => ({ name, object }));
}

/** All tables, with their entries as they are asked for. */
export function* dumpTables(
  segment: Segment,
  objects: ObjectTable,
  nowMs: number,
): Generator<TableDump> {
  for (const { name, object } of tablesOf(segment, objects)) {
    const table = viewTable(segment, object, name, 0);
    const { keyType, keyLength, size, store } = table.policy.shape;
    const entries = dumpEntries(table, nowMs);
    yield { name, type: keyType, length: keyLength, size, store, used: table.used, entries };
  }
}

/** A table as the segment describes it. */
export function viewTable(
  segment: Segment,
  object: number,
  name: string,
  slot: number,
): StickTable {
  return new StickTable(segment, object, policyOf(shapeOf(segment, object, name)), slot);
}

const policyOf = (shape: TableShape): TablePolicy => ({
  shape,
  expireMs: 0,
  purges: true,
  bytesRateFactor: 1,
  reports: false,
});

function* dumpEntries(table: StickTable, nowMs: number): Generator<EntryDump> {
  const ever = table.entriesEver;
  for (let entry = 0; entry < ever; entry++) {
    if (!table.isUsed(entry)) continue;
    const at = table.at(entry);
    const data: Record<string, DumpedValue[]> = {};
    for (const column of table.geometry.columns) {
      if (column.type.name === 'conn_cur') continue;
      data[column.type.name] = valuesOf(table, at, column, nowMs);
    }
    const idleMs = Math.max(0, Math.round(nowMs - table.floats[(at + entryUsed) >> 1]));
    yield { key: keyOf(table, at + entryKey), idleMs, data };
  }
}

function valuesOf(table: StickTable, at: number, column: Column, nowMs: number): DumpedValue[] {
  const values: DumpedValue[] = [];
  const { storage } = column.type;
  for (let i = 0; i < column.length; i++) {
    values.push(readDatum(table, at + column.offset + i * storageWords[storage], column, nowMs));
  }
  return values;
}

function readDatum(table: StickTable, word: number, { type }: Column, nowMs: number): DumpedValue {
  const { words, floats } = table;
  switch (type.storage) {
    case 'count':
      return words[word] >>> 0;
    case 'signed':
      return words[word];
    case 'wide':
      return { wide: floats[word >> 1] };
    case 'rate':
      return {
        ageMs: Math.max(0, Math.round(nowMs - floats[word >> 1])),
        now: words[word + 2] >>> 0,
        before: words[word + 3] >>> 0,
      };
    default:
      return bytesOf(table, word + 1, Math.min(words[word], textBytesMax)).toString('latin1');
  }
}

function keyOf(table: StickTable, word: number): number | string {
  const { words } = table;
  const { keyType, keyLength } = table.policy.shape;
  switch (keyType) {
    case 'ip':
      return formatIpv4(words[word] >>> 0);
    case 'integer':
      return words[word] >>> 0;
    case 'ipv6':
      return formatIpv6(bytesOf(table, word, 16), 0);
    case 'string':
      return bytesOf(table, word + 1, Math.min(words[word], keyLength)).toString('latin1');
    default:
      return bytesOf(table, word, keyLength).toString('hex');
  }
}

/** Gives the table the key; false: it is none of its type. */
function putKey(table: StickTable, key: number | string): boolean {
  const { keyType } = table.policy.shape;
  const text = String(key);
  if (keyType === 'string') table.keyText(text);
  else if (keyType === 'integer') table.keyNumber(Number(key) | 0);
  else if (keyType === 'binary') table.keyBytes(Buffer.from(text, 'hex').toString('latin1'));
  else if (keyType === 'ip') return putIpv4(table, parseIpv4(text));
  else {
    const bytes = Buffer.alloc(16);
    if (!parseIpv6(text, bytes, 0)) return false;
    table.keyBytes(bytes.toString('latin1'));
  }
  return true;
}

function putIpv4(table: StickTable, address: number): boolean {
  table.keyNumber(address | 0);
  return address >= 0;
}

function bytesOf({ segment }: StickTable, word: number, length: number): Buffer {
  const { buffer, byteOffset } = segment.bytes;
  return Buffer.from(buffer, byteOffset + word * 4, Math.max(0, length));
}

// ---- back ----

/** Puts the entries of a table in: those that are missing, and those that were used since. */
export function restoreTable(
  place: StorePlace,
  dump: TableDump,
): { readonly entries: number; readonly problem: string } {
  const shape = shapeFrom(dump);
  if (shape === null) {
    return { entries: 0, problem: `table '${dump.name}' of type '${dump.type}': left out` };
  }
  const { table } = openTable(place, policyOf(shape));
  let entries = 0;
  // The order of entries in a table is the order of their use.
  const ordered = [...dump.entries].toSorted((one, other) => other.idleMs - one.idleMs);
  for (const one of ordered) if (restoreEntry(table, one, place.nowMs)) entries++;
  return { entries, problem: '' };
}

function shapeFrom({ name, type, length, size, store }: TableDump): TableShape | null {
  const keyType = keyTypes.find((one) => one === type);
  if (keyType === undefined) return null;
  const known = store.filter((one) => dataTypeByName.has(one.name));
  return { name, keyType, keyLength: length, size, store: known };
}

function restoreEntry(table: StickTable, dump: EntryDump, nowMs: number): boolean {
  if (!putKey(table, dump.key)) return false;
  const usedMs = nowMs - dump.idleMs;
  table.enter();
  const found = table.find(nowMs);
  const isNewer = found < 0 || table.floats[(table.at(found) + entryUsed) >> 1] < usedMs;
  const entry = isNewer ? table.take(usedMs) : -1;
  if (entry >= 0) writeData(table, entry, dump, nowMs);
  table.leave();
  return entry >= 0;
}

function writeData(table: StickTable, entry: number, { data }: EntryDump, nowMs: number): void {
  const at = table.at(entry);
  for (const column of table.geometry.columns) {
    const values = data[column.type.name] ?? [];
    const width = storageWords[column.type.storage];
    for (let i = 0; i < Math.min(values.length, column.length); i++) {
      writeDatum(table, at + column.offset + i * width, values[i], nowMs);
    }
  }
}

function writeDatum(table: StickTable, word: number, value: DumpedValue, nowMs: number): void {
  const { words, floats } = table;
  if (typeof value === 'string') {
    const text = value.slice(0, textBytesMax);
    words[word] = text.length;
    packBytes(words, word + 1, text, text.length);
  } else if (typeof value === 'object') {
    if ('wide' in value) floats[word >> 1] = value.wide;
    else {
      floats[word >> 1] = nowMs - value.ageMs;
      words[word + 2] = value.now;
      words[word + 3] = value.before;
    }
  } else {
    words[word] = value;
  }
}

/** Takes everything out that nobody holds now; returns how much. Each lock is short. */
export function clearTable(table: StickTable): number {
  let cleared = 0;
  for (let from = 0; from < table.entriesEver; from += entriesAtOnce) {
    table.enter();
    const end = Math.min(from + entriesAtOnce, table.entriesEver);
    for (let entry = from; entry < end; entry++) {
      if (!table.isUsed(entry) || table.trackers(entry) > 0) continue;
      table.remove(entry);
      cleared++;
    }
    table.leave();
  }
  return cleared;
}

const entriesAtOnce = 200;
