// Finds the stick tables of a configuration in the segment, or makes them: unchanged ones with
// their content, changed ones filled from the table they replace. Called by the control thread
// when a worker starts, before any of its threads runs.

import { chunkAt, chunkKey, freeChunkCount, freeChunks, kindTable } from './chunks.ts';
import { derivedIdentity, noRoom, type ObjectTable, typeTable, usersOf } from './objects.ts';
import { SegmentError, type Segment } from './segment.ts';
import { StickTable } from './stick-table.ts';
import { type Column, readColumns, storageWords, writeColumns } from './table-data.ts';
import {
  claimTableChunk,
  entryUsed,
  type KeyType,
  keyTypes,
  locateChunks,
  shapeText,
  stateReady,
  tableColumnCount,
  tableColumns,
  tableGeometry,
  type TablePolicy,
  tableKeyLength,
  tableKeyType,
  tableSequence,
  tableSize,
  type TableShape,
  tableState,
} from './table-layout.ts';
import { recountReferences } from './table-repair.ts';

export interface StorePlace {
  readonly segment: Segment;
  readonly objects: ObjectTable;
  readonly slot: number;
  /** Shared clock. */
  readonly nowMs: number;
}

export interface OpenedTable {
  readonly table: StickTable;
  /** What the operator should know: content that could not be kept. '' : nothing. */
  readonly notice: string;
}

/** Throws SegmentError when the segment has no room for the table's first chunks. */
export function openTable(place: StorePlace, policy: TablePolicy): OpenedTable {
  const { segment, objects, slot } = place;
  const { shape } = policy;
  const object = objects.register(typeTable, identityOf(shape), slot);
  const others = namesakes(place, shape.name).filter((one) => one.object !== object);
  const last = others.toSorted((a, b) => b.sequence - a.sequence)[0];
  let sequence = sequenceOf(segment, object);
  const isStale = last !== undefined && sequence > 0 && last.sequence > sequence;
  if (isStale && usersOf(segment, objects, object).every((user) => user === slot)) {
    freeChunks(segment, chunkKey(kindTable, object));
    sequence = 0;
  }
  const isNew = sequence === 0;
  if (isNew) makeTable(place, object, shape);
  // What is copied or repaired here is no change that peers must hear of.
  const table = new StickTable(segment, object, { ...policy, reports: false }, slot);
  const notice = isNew && last !== undefined ? migrate(place, last.object, table) : '';
  table.enter();
  recountReferences(table);
  table.leave();
  segment.words[table.header + tableSequence] = Math.max(sequence, (last?.sequence ?? 0) + 1);
  for (const { object: old } of others) {
    if (usersOf(segment, objects, old).length > 0) continue;
    freeChunks(segment, chunkKey(kindTable, old));
  }
  return { table, notice: notice || roomNotice(segment, table) };
}

/** The segment was made for less than this table may grow to. */
function roomNotice(segment: Segment, table: StickTable): string {
  const { chunksMax, entriesPerChunk } = table.geometry;
  const own = new Int32Array(chunksMax);
  locateChunks(segment, table.object, own);
  const missing = own.filter((at) => at === 0).length;
  const free = freeChunkCount(segment);
  if (missing <= free) return '';
  const { size } = table.policy.shape;
  const room = Math.max(0, size - (missing - free) * entriesPerChunk);
  return (
    `stick-table '${table.name}' has room for ${room} of ${size} entries: ` +
    'the segment was made for smaller tables, a new start makes it larger'
  );
}

function identityOf(shape: TableShape): string {
  return derivedIdentity('table', shape.name, shapeText(shape));
}

/** Name of a table by its identity. It may hold a slash: SECTION/TABLE. */
export function tableNameOf(identity: string): string {
  return /^\/table\/(.*?)\/(?:ip|ipv6|integer|string|binary),\d+,\d+,/.exec(identity)?.[1] ?? '';
}

interface Namesake {
  readonly object: number;
  readonly sequence: number;
}

/** Complete tables of that name, whatever their shape. */
function namesakes({ segment, objects }: StorePlace, name: string): Namesake[] {
  const found: Namesake[] = [];
  for (let object = objects.count - 1; object >= 0; object--) {
    if (objects.typeOf(object) !== typeTable) continue;
    if (tableNameOf(objects.identityOf(object)) !== name) continue;
    const sequence = sequenceOf(segment, object);
    if (sequence > 0) found.push({ object, sequence });
  }
  return found;
}

/** 0: the table does not exist, or was not made to its end. */
export function sequenceOf(segment: Segment, object: number): number {
  const header = headerOf(segment, object);
  if (header === 0 || segment.words[header + tableState] !== stateReady) return 0;
  return Math.max(1, segment.words[header + tableSequence]);
}

function headerOf(segment: Segment, object: number): number {
  const first = new Int32Array(1);
  locateChunks(segment, object, first);
  return first[0];
}

function makeTable(place: StorePlace, object: number, shape: TableShape): void {
  const { segment, slot } = place;
  const { columns, firstEntryChunk } = tableGeometry(shape);
  // What a process that died here has left is of no use.
  freeChunks(segment, chunkKey(kindTable, object));
  let header = 0;
  for (let ordinal = 0; ordinal < firstEntryChunk; ordinal++) {
    const chunk = claimTableChunk(segment, object, ordinal, slot);
    if (chunk < 0) {
      freeChunks(segment, chunkKey(kindTable, object));
      throw new SegmentError(`stick-table '${shape.name}': ${noRoom(chunk).message}`);
    }
    if (ordinal === 0) header = chunkAt(segment, chunk) / 4;
  }
  const { words } = segment;
  words[header + tableKeyType] = keyTypes.indexOf(shape.keyType);
  words[header + tableKeyLength] = shape.keyLength;
  words[header + tableSize] = shape.size;
  words[header + tableColumnCount] = columns.length;
  writeColumns(words, header + tableColumns, columns);
  Atomics.store(words, header + tableState, stateReady);
}

/** The shape that an existing table was made with. */
export function shapeOf(segment: Segment, object: number, name: string): TableShape {
  const { words } = segment;
  const header = headerOf(segment, object);
  return {
    name,
    keyType: keyTypes[words[header + tableKeyType]] as KeyType,
    keyLength: words[header + tableKeyLength],
    size: words[header + tableSize],
    store: readColumns(words, header + tableColumns, words[header + tableColumnCount]),
  };
}

/** Copies what both tables know; the least recently used entries first, so that the others win. */
function migrate(place: StorePlace, from: number, to: StickTable): string {
  const { segment, slot, nowMs } = place;
  const { shape } = to.policy;
  const oldShape = shapeOf(segment, from, shape.name);
  const isLength = shape.keyType === 'binary' && shape.keyLength !== oldShape.keyLength;
  const isShorter = shape.keyLength < oldShape.keyLength;
  if (oldShape.keyType !== shape.keyType || isLength || isShorter) {
    return `stick-table '${shape.name}' has other keys than before: it starts empty`;
  }
  const old = new StickTable(segment, from, { ...to.policy, shape: oldShape }, slot);
  const pairs = commonColumns(old, to);
  old.enter();
  to.enter();
  let skip = Math.max(0, old.used - shape.size);
  old.eachEntry((entry) => {
    if (skip-- <= 0 && !old.isExpired(old.at(entry), nowMs)) copyEntry(old, entry, to, pairs);
    return true;
  });
  to.leave();
  old.leave();
  return '';
}

type Pair = readonly [Column, Column];

function commonColumns(from: StickTable, to: StickTable): Pair[] {
  const pairs: Pair[] = [];
  for (const column of from.geometry.columns) {
    const other = to.column(column.type);
    // Connections that are open are counted where they are tracked: in the old table.
    if (column.type.name === 'conn_cur') continue;
    if (other?.periodMs === column.periodMs) pairs.push([column, other]);
  }
  return pairs;
}

function copyEntry(from: StickTable, entry: number, to: StickTable, pairs: readonly Pair[]): void {
  const { words, floats } = from;
  const at = from.at(entry);
  to.keyFrom(from, from.at(entry));
  const copy = to.take(floats[(at + entryUsed) >> 1]);
  if (copy < 0) return;
  const copyAt = to.at(copy);
  for (const [source, target] of pairs) {
    const count = Math.min(source.length, target.length) * storageWords[source.type.storage];
    for (let i = 0; i < count; i++) {
      words[copyAt + target.offset + i] = words[at + source.offset + i];
    }
  }
}
