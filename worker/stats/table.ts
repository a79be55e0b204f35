// Statistics as text: `show stat` and `show info` as CSV, typed, JSON or name and value
// (management.txt 9.1 to 9.3). One walk over the metric rows for every format. Control thread;
// synchronous, because a line is small work and a consistent one is worth more.

import { field, fixedColumns, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import { isGone, type ProxyModel } from '../../shared/config/model.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasBack, hasFront } from '../server/object-index.ts';
import { isChecked, madeColumns, type Value } from './columns.ts';
import { csvField, jsonCell, typedCell } from './format.ts';
import { processInfo } from './process-info.ts';
import type { StatsSource, Subject } from './source.ts';

export type StatsFormat = 'csv' | 'typed' | 'json';

export interface StatSelection {
  readonly format: StatsFormat;
  readonly withHelp: boolean;
  /** Id of a proxy, -1: all. */
  readonly proxyId: number;
  /** Bits: 1 frontends, 2 backends, 4 servers, 8 listeners; -1: all. */
  readonly types: number;
  /** Id of a server or listener, -1: all. */
  readonly id: number;
  readonly hidesMaint: boolean;
  readonly hidesDown: boolean;
  /** Proxies that may be seen; absent: all. */
  readonly shows?: (proxy: ProxyModel) => boolean;
  /** Sees addresses, cookies and algorithms. */
  readonly isOperator: boolean;
}

export const wholeSelection: StatSelection = {
  format: 'csv',
  withHelp: false,
  proxyId: -1,
  types: -1,
  id: -1,
  hidesMaint: false,
  hidesDown: false,
  isOperator: true,
};

/** Answer of `show stat`, piece by piece, so that a large one need not be made in one go. */
export function* statPieces(source: StatsSource, selection: StatSelection): Generator<string> {
  const write = writers[selection.format];
  if (selection.format === 'csv') yield csvHeader();
  let before = selection.format === 'json' ? '[' : '';
  for (const line of subjects(source, selection)) {
    yield before + write(source, line, selection);
    before = selection.format === 'json' ? ',' : '';
  }
  if (selection.format === 'json') yield before === '[' ? '[]\n' : ']\n';
}

const writers = { csv: csvLine, typed: typedLine, json: jsonLine } as const;

/** The values of one line in column order, null where a column is empty. */
export function statValues(source: StatsSource, line: Subject, isOperator: boolean): Value[] {
  return statColumns.map((column) => columnValue(source, line, column, isOperator));
}

/** One value of a line by its column, as statValues. */
export function statValue(source: StatsSource, line: Subject, column: MetricDef): Value {
  return columnValue(source, line, column, true);
}

/** The lines of `show stat`: of each proxy its frontend, listeners, servers and backend. */
export function* subjects(source: StatsSource, selection: StatSelection): Generator<Subject> {
  for (let index = 0; index < source.model.proxies.length; index++) {
    const proxy = source.model.proxies[index];
    if (selection.proxyId > 0 && selection.proxyId !== proxy.id) continue;
    if (selection.shows?.(proxy) === false) continue;
    for (const line of proxySubjects(source, index)) {
      if (isSelected(line, selection)) yield line;
    }
  }
}

const typeBits = { F: 1, B: 2, S: 4, L: 8 } as const;

/** What `hidesMaint` and the like leave of the lines. */
export function isSelected(line: Subject, selection: StatSelection): boolean {
  if ((selection.types & typeBits[line.kind]) === 0) return false;
  const single = line.kind === 'S' || line.kind === 'L';
  if (single && selection.id > 0 && selection.id !== line.id) return false;
  if (line.words === null) return true;
  const { words, at } = line.words;
  const maint = (words[at + state.serverAdmin] & state.adminMaint) !== 0;
  const down = words[at + state.serverState] === state.stateStopped;
  if (selection.hidesMaint && maint) return false;
  return !(selection.hidesDown && (maint || down));
}

/** A proxy's own lines. */
export function proxySubjects(source: StatsSource, proxyIndex: number): Subject[] {
  const proxy = source.model.proxies[proxyIndex];
  if (isGone(proxy)) return [];
  const objects = source.objects.proxies[proxyIndex];
  const base = { proxy, proxyIndex, server: null, words: null, listener: null, id: 0 } as const;
  const lines: Subject[] = [];
  if (hasFront(proxy)) {
    lines.push({ ...base, kind: 'F', object: objects.front });
    lines.push(...listenerSubjects(source, proxyIndex));
  }
  proxy.servers.forEach((server, i) => {
    if (isGone(server)) return;
    const words = source.servers[proxyIndex][i];
    lines.push({ ...base, kind: 'S', object: objects.servers[i], server, words, id: server.id });
  });
  if (hasBack(proxy)) lines.push({ ...base, kind: 'B', object: objects.back });
  return lines;
}

/** One line per address: the shards of an address share their counters. */
function listenerSubjects(source: StatsSource, proxyIndex: number): Subject[] {
  const proxy = source.model.proxies[proxyIndex];
  const lines: Subject[] = [];
  if (proxy.options['socket-stats'] !== true) return lines;
  const seen = new Set<number>();
  let id = 0;
  for (const listener of source.listeners) {
    if (listener.proxyIndex !== proxyIndex || listener.shard > 0) continue;
    const configured = proxy.binds[listener.bindIndex].id;
    id = configured > 0 && listener.addressIndex === 0 ? configured : id + 1;
    const object = source.objects.listeners[listener.index];
    if (object < 0 || seen.has(object)) continue;
    seen.add(object);
    const base = { proxy, proxyIndex, server: null, words: null };
    lines.push({ ...base, kind: 'L', object, listener, id });
  }
  return lines;
}

/** Columns that only mean something where HTTP is spoken. */
const httpColumns = new Set(
  ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other', 'req_tot'].concat([
    'intercepted',
    'cache_lookups',
    'cache_hits',
    'cache_hint_hits',
  ]),
);
/** Columns of servers that are checked. */
const checkColumns = new Set(['chkfail', 'chkdown']);
/** Health is not derived from traffic yet, so nothing observes. */
const observedColumns = new Set(['hanafail']);

function columnValue(
  source: StatsSource,
  line: Subject,
  column: MetricDef,
  isOperator: boolean,
): Value {
  if (column.scope !== '' && !column.scope.includes(line.kind)) return null;
  if (httpColumns.has(column.name) && line.proxy.mode !== 'http') return null;
  if (observedColumns.has(column.name)) return null;
  if (checkColumns.has(column.name) && line.words !== null && !isChecked(line.words)) return null;
  if (column.kind === 'made') return madeColumns[column.name]?.(source, line, isOperator) ?? null;
  return storedValue(source, line.object, column);
}

function storedValue(source: StatsSource, object: number, column: MetricDef): number {
  const { reader } = source;
  const at = field[column.name as keyof typeof field];
  switch (column.kind) {
    case 'rate':
      return reader.rate(object, at, source.nowMs());
    case 'last': {
      const last = reader.last(object, at);
      return last === 0 ? -1 : Math.max(0, Math.floor(source.nowMs() / 1000) - Math.floor(last));
    }
    case 'peak':
      return Math.floor(reader.peak(object, at));
    case 'window':
      return reader.average(object, at);
    case 'gauge':
      return Math.max(0, reader.gauge(object, at));
    default:
      return reader.sum(object, at);
  }
}

function csvHeader(): string {
  const names = statColumns.map((column) => `${column.name},`);
  names.splice(fixedColumns, 0, '-,');
  return `# ${names.join('')}\n`;
}

function csvLine(source: StatsSource, line: Subject, selection: StatSelection): string {
  const cells = statValues(source, line, selection.isOperator).map(
    (value) => `${csvField(value)},`,
  );
  cells.splice(fixedColumns, 0, '-,');
  return `${cells.join('')}\n`;
}

function typedLine(source: StatsSource, line: Subject, selection: StatSelection): string {
  const head = `${line.kind}.${line.proxy.id}.${line.id}`;
  let text = '';
  statValues(source, line, selection.isOperator).forEach((value, i) => {
    if (value === null) return;
    const column = statColumns[i];
    const kept = isPersistent(column) && i < fixedColumns ? 'P' : 'V';
    const cell = typedCell(typedTags(column, line), kept, value);
    const help = selection.withHelp ? `:"${column.help}"` : '';
    text += `${head}.${i}.${column.name}.1:${cell}${help}\n`;
  });
  return text;
}

/** Made of what is counted. */
const persistentMade = new Set(['bin', 'bout', 'lastchg']);

/** What goes on over reloads: counted, not measured. */
function isPersistent(column: MetricDef): boolean {
  return ['count', 'rate', 'last'].includes(column.kind) || persistentMade.has(column.name);
}

/** The few columns whose meaning differs with the kind of line. */
function typedTags(column: MetricDef, line: Subject): string {
  if (line.kind === 'S' && (column.name === 'act' || column.name === 'bck')) return 'SGP:u32';
  if (line.kind === 'B' && column.name === 'rate_max') return 'MGP:u32';
  return column.typed;
}

const objectNames = { F: 'Frontend', B: 'Backend', S: 'Server', L: 'Listener' } as const;

function jsonLine(source: StatsSource, line: Subject, selection: StatSelection): string {
  const head =
    `"objType":"${objectNames[line.kind]}","proxyId":${line.proxy.id},"id":${line.id},` as const;
  const cells: string[] = [];
  statValues(source, line, selection.isOperator).forEach((value, i) => {
    if (value === null) return;
    const column = statColumns[i];
    cells.push(`{${head}${jsonCell(i, column.name, typedTags(column, line), value)}}`);
  });
  return `[${cells.join(',')}]`;
}

export interface InfoSelection {
  readonly format: 'text' | 'typed' | 'json';
  readonly withHelp: boolean;
  /** Rates and times with their fraction. */
  readonly asFloat: boolean;
}

/** Answer of `show info`. */
export function infoText(source: StatsSource, selection: InfoSelection): string {
  const lines: string[] = [];
  infoValues(source, selection.asFloat).forEach((value, i) => {
    if (value === null) return;
    const row = infoLines[i];
    const typed = selection.asFloat && isFraction(row) ? `${row.typed.slice(0, 4)}flt` : row.typed;
    const help = selection.withHelp ? `:"${row.help}"` : '';
    if (selection.format === 'text') lines.push(`${row.name}: ${csvField(value)}${help}\n`);
    if (selection.format === 'json') lines.push(`{${jsonCell(i, row.name, typed, value)}}`);
    if (selection.format === 'typed') {
      lines.push(`${i}.${row.name}.1:${typedCell(typed, 'V', value)}${help}\n`);
    }
  });
  return selection.format === 'json' ? `[${lines.join(',')}]\n` : lines.join('');
}

/** Lines that have a fraction to show. */
function isFraction(row: MetricDef): boolean {
  return row.kind === 'rate' || row.name === 'Uptime_sec' || row.name === 'Start_time_sec';
}

/** Values of `show info` in line order, null for lines that are not shown. */
export function infoValues(source: StatsSource, asFloat = false): Value[] {
  const made = processInfo(source);
  return infoLines.map((row) => {
    const value = row.kind === 'made' ? (made[row.name] ?? null) : infoCount(source, row, asFloat);
    return typeof value === 'number' && !asFloat ? Math.floor(value) : value;
  });
}

function infoCount(source: StatsSource, row: MetricDef, asFloat: boolean): Value {
  const { process } = source.objects;
  if (!asFloat || row.kind !== 'rate') return storedValue(source, process, row);
  const at = field[row.name as keyof typeof field];
  return Number(source.reader.exactRate(process, at, source.nowMs()).toFixed(6));
}
