// The stats-file (management.txt 9.5): counters of objects that have a guid, as text that another
// start can begin with. Written by `dump stats-file`, read by the control thread before traffic.
//
//   #fe guid,stot,...,          columns of frontends and listeners, by name
//   web,17,...,                 one line per object, one value per column
//   #be guid,stot,...,          columns of backends and servers
//
// Counters of the segment go on by themselves, so a file only fills what lies behind it: a value
// that is higher than the one there is. Reading a file twice is reading it once.

import { guidFault } from '../../shared/config/resolve-guid.ts';
import type { CounterWriter } from '../../shared/segment/counters.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { type FieldName, field, fixedColumns, statColumns } from '../../shared/segment/metrics.ts';
import { backendChangedAt, serverChangedAt } from '../../shared/segment/server-state.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import type { StatsSource, Subject, SubjectKind } from './source.ts';
import { statValue, subjects, wholeSelection } from './table.ts';

type Side = 'fe' | 'be';
const sides: readonly Side[] = ['fe', 'be'];
const kindsOf: Readonly<Record<Side, string>> = { fe: 'FL', be: 'BS' };

/** Columns that are put together of counted fields. */
const fieldsOfMade: Readonly<Record<string, FieldName>> = { bin: 'reqbin', bout: 'resbin' };

function columnsOf(side: Side): MetricDef[] {
  const kinds = [...kindsOf[side]];
  return statColumns.slice(0, fixedColumns).filter(({ name, kind, scope }) => {
    const made = name in fieldsOfMade || (name === 'lastchg' && side === 'be');
    if (!made && kind !== 'count' && kind !== 'rate' && kind !== 'last') return false;
    return scope === '' || kinds.some((one) => scope.includes(one));
  });
}

/** The identifier the configuration gives an object, '' : none. */
function guidOf({ kind, proxy, server, listener }: Subject): string {
  if (server !== null) return server.guid;
  if (listener === null) return kind === 'L' ? '' : proxy.guid;
  const { guidPrefix } = proxy.binds[listener.bindIndex];
  return guidPrefix === '' ? '' : `${guidPrefix}-${listener.addressIndex}`;
}

/** Answer of `dump stats-file`, piece by piece. */
export function* statsFilePieces(source: StatsSource): Generator<string> {
  for (const side of sides) {
    const columns = columnsOf(side);
    if (side !== sides[0]) yield '\n';
    yield `#${side} guid,${columns.map(({ name }) => `${name},`).join('')}\n`;
    for (const line of subjects(source, wholeSelection)) {
      const guid = guidOf(line);
      if (guid === '' || !kindsOf[side].includes(line.kind) || line.object < 0) continue;
      const values = columns.map((column) => `${cell(source, line, column)},`);
      yield `${guid},${values.join('')}\n`;
    }
  }
}

/** What does not apply to a line counts nothing there. */
function cell(source: StatsSource, line: Subject, column: MetricDef): number {
  const value = statValue(source, line, column);
  if (typeof value !== 'number') return 0;
  // Never: no age tells that, so it is as old as can be told by 0, as the reference writes it.
  return Math.max(0, value);
}

/** What preloading writes to. */
export interface PreloadPlace {
  readonly source: StatsSource;
  readonly table: ObjectTable;
  /** Of the control thread. */
  readonly counters: CounterWriter;
}

interface PreloadState {
  side: Side | null;
  columns: readonly (MetricDef | null)[];
  /** A header was understood: from then on wrong lines are left out, one by one. */
  isValid: boolean;
}

/** Raises counters to what the `stats-file` of the configuration says; returns warnings. */
export function preloadCounters(source: StatsSource, counters: CounterWriter): string[] {
  const { global, contents } = source.model;
  const text = contents[global.statsFile];
  if (global.statsFile === '' || text === undefined) return [];
  const place = { source, table: new ObjectTable(source.segment), counters };
  return preloadStatsFile(place, global.statsFile, text);
}

/** Raises counters to what the text of file `path` says; returns warnings about its lines. */
export function preloadStatsFile(place: PreloadPlace, path: string, text: string): string[] {
  const warnings: string[] = [];
  const objects = objectsByGuid(place.source);
  const state: PreloadState = { side: null, columns: [], isValid: false };
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line === '' || line.startsWith('//')) continue;
    const fault = line.startsWith('#')
      ? readHead(line, state)
      : readLine(place, objects, line, state);
    if (fault === 'format') {
      return [`config: Invalid stats-file format in file '${path}'.`];
    }
    if (fault !== '')
      warnings.push(`config: Ignored stats-file ${fault} ${i + 1} in file '${path}'.`);
  }
  return warnings;
}

type Fault = '' | 'format' | 'header line' | 'line';

/** Anything else than these two sections may follow with a later version: it is skipped. */
function readHead(line: string, state: PreloadState): Fault {
  const [, name = '', rest = ''] = /^#(\S*) +(.*)$/.exec(line) ?? [];
  const side = sides.find((one) => one === name) ?? null;
  const names = rest.split(',');
  const isWhole = name !== '' && rest.endsWith(',') && (side === null || names[0] === 'guid');
  state.side = isWhole ? side : null;
  if (!isWhole) return state.isValid ? 'header line' : 'format';
  state.isValid = true;
  if (side === null) return '';
  const known = new Map(columnsOf(side).map((column) => [column.name, column]));
  state.columns = names.slice(1).map((column) => known.get(column) ?? null);
  return '';
}

function objectsByGuid(source: StatsSource): Map<string, Subject[]> {
  const objects = new Map<string, Subject[]>();
  for (const line of subjects(source, wholeSelection)) {
    const guid = guidOf(line);
    if (guid !== '') objects.set(guid, [...(objects.get(guid) ?? []), line]);
  }
  return objects;
}

/** Guids that nobody has are no mistake, nor are lines of a side that a proxy does not have. */
function readLine(
  place: PreloadPlace,
  objects: ReadonlyMap<string, readonly Subject[]>,
  line: string,
  { side, columns, isValid }: PreloadState,
): Fault {
  if (side === null) return isValid ? '' : 'format';
  const [guid, ...values] = line.split(',');
  if (guid === '' || guidFault(guid) !== '') return 'line';
  const owners = objects.get(guid);
  if (owners === undefined) return '';
  const owner = owners.find(({ kind }) => kindsOf[side].includes(kind));
  if (owner === undefined) return isProxy(owners[0].kind) ? '' : 'line';
  if (owner.object < 0) return '';
  columns.forEach((column, i) => {
    const value = values[i] ?? '';
    if (column !== null && /^\d+$/.test(value)) raise(place, owner, column, Number(value));
  });
  if (side === 'fe') raiseRequests(place, owner);
  return '';
}

/** The reference keeps no total of a frontend's requests: it is the sum over versions. */
function raiseRequests({ source, counters }: PreloadPlace, { object }: Subject): void {
  const sum = (name: FieldName): number => source.reader.sum(object, field[name]);
  const all = sum('req_other') + sum('h1req') + sum('h2req') + sum('h3req');
  const missing = all - sum('req_tot');
  if (missing > 0) counters.values[counters.row(object) + field.req_tot] += missing;
}

const isProxy = (kind: SubjectKind): boolean => kind === 'F' || kind === 'B';

function raise(place: PreloadPlace, line: Subject, column: MetricDef, value: number): void {
  if (column.name === 'lastchg') {
    raiseChange(place, line, value);
    return;
  }
  const { source, counters } = place;
  const name = fieldsOfMade[column.name] ?? (column.name as FieldName);
  const at = field[name];
  const row = counters.row(line.object);
  const nowMs = source.nowMs();
  switch (column.kind) {
    case 'rate':
      if (source.reader.rate(line.object, at, nowMs) >= value) return;
      // The last period had them all.
      counters.values.set([nowMs, 0, value], row + at);
      return;
    case 'last':
      // An age of 0 stands for "never" as well.
      if (value === 0 || source.reader.last(line.object, at) > 0) return;
      counters.values[row + at] = Math.floor(nowMs / 1000) - value;
      return;
    default: {
      const missing = value - source.reader.sum(line.object, at);
      if (missing > 0) counters.values[row + at] += missing;
    }
  }
}

/** The last change of a server or backend that has just been met for the first time. */
function raiseChange({ source, table }: PreloadPlace, line: Subject, age: number): void {
  const word = line.words === null ? backendChangedAt : serverChangedAt;
  const at = table.sharedWords(line.object) + word;
  const { words } = source.segment;
  const now = Math.floor(source.nowMs() / 1000);
  if (words[at] >= now - 1) words[at] = now - age;
}
