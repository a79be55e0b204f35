// Commands on stick tables (management.txt 9.3: show, set and clear table). They work on the
// segment itself: what is set here is seen by all threads, and by other workers of the same table.
// A long table is shown in pieces, so that no proxy thread waits for the whole of it.

import { isIPv4, isIPv6 } from 'node:net';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import { type Column, dataTypeByName } from '../../shared/segment/table-data.ts';
import { castSample } from '../sample/cast.ts';
import { kindIpv4, kindIpv6, Sample } from '../sample/sample.ts';
import { setKey } from '../sample/table-key.ts';
import { sweepTables } from '../tables/table-set.ts';
import { entryLine, headLine, readValue, writeValue } from '../tables/text.ts';
import {
  type Answer,
  failure,
  isAllowed,
  type RuntimeCall,
  type RuntimeCommandDef,
  type RuntimeMessage,
} from './command.ts';
import { isMessage } from './target.ts';

/** Entries looked at under one lock. */
const entriesAtOnce = 200;
/** Expired entries that are dropped before sizes are told. */
const sweptBeforeShow = 65_536;
/** Conditions on data in one command. */
const filtersMax = 4;

/** A place in an entry: a column and the element of an array. */
interface Datum {
  readonly column: Column;
  readonly index: number;
}

interface Filter extends Datum {
  readonly holds: (value: number) => boolean;
}

const operators: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  eq: (value, wanted) => value === wanted,
  ne: (value, wanted) => value !== wanted,
  le: (value, wanted) => value <= wanted,
  ge: (value, wanted) => value >= wanted,
  lt: (value, wanted) => value < wanted,
  gt: (value, wanted) => value > wanted,
};

const integer = /^-?\d{1,16}$/;

function tableNamed({ context, words }: RuntimeCall): StickTable | RuntimeMessage {
  const found = context.tables.list.find((table) => table !== null && table.name === words[0]);
  return (
    found ?? failure(words.length === 0 ? 'The name of a table is expected.' : 'No such table')
  );
}

/** `data.gpc0`, `data.gpt[1]`. */
function readDatum(table: StickTable, word: string): Datum | string {
  const [, name = '', digits = '0'] = /^data\.([a-z0-9_]+)(?:\[(\d+)\])?$/.exec(word) ?? [];
  const type = dataTypeByName.get(name);
  if (type === undefined) return `Unknown data type in '${word}'.`;
  const column = table.column(type);
  if (column === undefined) return `The table does not store ${name}.`;
  const index = Number(digits);
  if (index >= column.length) return `${name} has no element ${index}.`;
  return { column, index };
}

const expectedFilter = "Expected is 'data.<type> <operator> <value>', 'key <key>' or 'ptr <ptr>'";

function readFilters(table: StickTable, words: readonly string[]): Filter[] | string {
  const filters: Filter[] = [];
  for (let i = 0; i < words.length; i += 3) {
    if (!words[i].startsWith('data.')) return `${expectedFilter}, not '${words[i]}'.`;
    const number = `Filter entry #${i / 3 + 1}: `;
    if (filters.length === filtersMax) return `No more than ${filtersMax} filters can be given.`;
    const datum = readDatum(table, words[i]);
    if (typeof datum === 'string') return number + datum;
    const compare = operators[words[i + 1] ?? ''];
    if (compare === undefined) return `${number}'eq', 'ne', 'le', 'ge', 'lt' or 'gt' is expected.`;
    const text = words[i + 2] ?? '';
    if (!integer.test(text)) return `${number}an integer to compare with is expected.`;
    filters.push({ ...datum, holds: (value) => compare(value, Number(text)) });
  }
  return filters;
}

function passes(table: StickTable, entry: number, filters: readonly Filter[], nowMs: number) {
  return filters.every(({ column, index, holds }) =>
    holds(readValue(table, { entry, column, index }, nowMs)),
  );
}

/** Runs `visit` over all entries that are there, a piece at a time. */
function* inPieces<T>(
  table: StickTable,
  nowMs: number,
  visit: (entry: number) => T,
): Iterable<T[]> {
  for (let from = 0; from < table.entriesEver; from += entriesAtOnce) {
    const piece: T[] = [];
    table.enter();
    const end = Math.min(from + entriesAtOnce, table.entriesEver);
    for (let entry = from; entry < end; entry++) {
      if (!table.isUsed(entry) || table.isExpired(table.at(entry), nowMs)) continue;
      piece.push(visit(entry));
    }
    table.leave();
    yield piece;
  }
}

type ShardOf = (entry: number) => number;

/** The part of the keys that an entry's key belongs to among the peers of its table. */
function shardFunction({ context }: RuntimeCall, table: StickTable): ShardOf {
  for (const { tables } of context.peers.sections) {
    for (const shared of tables) if (shared.name === table.name) return shared.shardOf;
  }
  return () => 0;
}

function* allLines(
  table: StickTable,
  filters: readonly Filter[],
  nowMs: number,
  shardOf: ShardOf,
): Iterable<string> {
  yield headLine(table);
  const line = (entry: number): string =>
    passes(table, entry, filters, nowMs) ? entryLine(table, entry, nowMs, shardOf(entry)) : '';
  for (const piece of inPieces(table, nowMs, line)) yield piece.join('');
}

/** The entry that `key K` or `ptr P` names, -1: there is none. The table is entered. */
function findNamed(
  table: StickTable,
  [way, text = '']: readonly string[],
  nowMs: number,
  creates: boolean,
): number | RuntimeMessage {
  if (way === 'ptr') return entryAt(table, text);
  if (table.policy.shape.keyType === 'binary') {
    return failure('Keys of a binary table cannot be given as text.');
  }
  if (text === '') return failure('A key is expected.');
  if (!readKeyText(table, text)) {
    return failure(`Invalid key: '${text}' is none of type ${table.policy.shape.keyType}.`);
  }
  return creates ? table.take(nowMs) : table.find(nowMs);
}

/** An address may be written as one of the other family, as far as it can be both. */
function readKeyText(table: StickTable, text: string): boolean {
  const { keyType } = table.policy.shape;
  const sample = new Sample();
  sample.setText(text);
  if (keyType === 'ipv6' && isIPv4(text)) castSample(sample, kindIpv4);
  if (keyType === 'ip' && isIPv6(text)) castSample(sample, kindIpv6);
  return setKey(table, sample);
}

/** From the address that `show table` prints back to the entry. */
function entryAt(table: StickTable, text: string): number | RuntimeMessage {
  if (!/^0x[0-9a-f]{1,12}$/i.test(text)) return failure('An address 0xNNNN is expected.');
  const word = Number(text) / 4;
  const { entriesPerChunk, slotWords } = table.geometry;
  for (let first = 0; first < table.entriesEver; first += entriesPerChunk) {
    const index = (word - table.at(first)) / slotWords;
    if (index < 0 || index >= entriesPerChunk || !Number.isInteger(index)) continue;
    const entry = first + index;
    return entry < table.entriesEver && table.isUsed(entry) ? entry : -1;
  }
  return -1;
}

/** Runs `act` on the entry that the words name, under the lock. */
function onNamed(
  call: RuntimeCall,
  table: StickTable,
  creates: boolean,
  act: (entry: number, nowMs: number) => Answer,
): Answer {
  const nowMs = call.context.stats.nowMs();
  table.enter();
  try {
    const entry = findNamed(table, call.words.slice(1), nowMs, creates);
    return typeof entry === 'number' ? act(entry, nowMs) : entry;
  } finally {
    table.leave();
  }
}

const named = new Set(['key', 'ptr']);

function show(call: RuntimeCall): Answer {
  const { context, words, session } = call;
  sweepTables(context.tables, context.stats.nowMs(), sweptBeforeShow);
  if (words.length === 0) {
    return context.tables.list.map((table) => (table === null ? '' : headLine(table))).join('');
  }
  const table = tableNamed(call);
  if (isMessage(table)) return table;
  if (!isAllowed(session.level, 'operator')) {
    return `${headLine(table)}# the entries are not shown at this level\n`;
  }
  const shardOf = shardFunction(call, table);
  if (named.has(words[1] ?? '')) {
    return onNamed(call, table, false, (entry, nowMs) =>
      entry < 0 ? '' : headLine(table) + entryLine(table, entry, nowMs, shardOf(entry)),
    );
  }
  const filters = readFilters(table, words.slice(1));
  if (typeof filters === 'string') return failure(filters);
  return allLines(table, filters, context.stats.nowMs(), shardOf);
}

function clear(call: RuntimeCall): Answer {
  const table = tableNamed(call);
  if (isMessage(table)) return table;
  const nowMs = call.context.stats.nowMs();
  if (named.has(call.words[1] ?? '')) {
    return onNamed(call, table, false, (entry) => {
      if (entry >= 0 && table.trackers(entry) > 0) return failure('The entry is tracked now.');
      if (entry >= 0) table.remove(entry);
      return '';
    });
  }
  const filters = readFilters(table, call.words.slice(1));
  if (typeof filters === 'string') return failure(filters);
  const drop = (entry: number): void => {
    if (table.trackers(entry) > 0 || !passes(table, entry, filters, nowMs)) return;
    table.remove(entry);
  };
  for (const _ of inPieces(table, nowMs, drop)); // each piece does its work as it is asked for
  return '';
}

function set(call: RuntimeCall): Answer {
  const table = tableNamed(call);
  if (isMessage(table)) return table;
  const [, way = '', , ...data] = call.words;
  if (!named.has(way)) return failure("'key <key>' or 'ptr <ptr>' is expected.");
  const changes: (readonly [Datum, number])[] = [];
  for (let i = 0; i < data.length; i += 2) {
    const datum = readDatum(table, data[i]);
    if (typeof datum === 'string') return failure(datum);
    const value = data[i + 1] ?? '';
    if (!integer.test(value)) return failure('An integer to store is expected.');
    changes.push([datum, Number(value)]);
  }
  return onNamed(call, table, true, (entry, nowMs) => {
    if (entry < 0) return failure('There is no such entry, and no room for it.');
    for (const [{ column, index }, value] of changes) {
      writeValue(table, { entry, column, index }, value, nowMs);
    }
    table.touch(entry, nowMs);
    return '';
  });
}

export const tableCommands: readonly RuntimeCommandDef[] = [
  {
    words: ['show', 'table'],
    requires: 'user',
    usage: '<table> [<filter>]*',
    help: 'report stick tables, or the entries of one',
    run: show,
  },
  {
    words: ['clear', 'table'],
    requires: 'operator',
    usage: '<table> [<filter>]*',
    help: 'remove entries of a stick table',
    run: clear,
  },
  {
    words: ['set', 'table'],
    requires: 'operator',
    usage: '<table> key <key> [data.<type> <value>]*',
    help: 'create or change an entry of a stick table',
    run: set,
  },
];
