// Statistics as text: `show stat` and `show info` as CSV, typed, JSON or name and value
// (management.txt 9.1 to 9.3). One walk over the metric rows for every format. Control thread;
// synchronous, because a line is small work and a consistent one is worth more.

import { field, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import { isGone, type ProxyModel } from '../../shared/config/model.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import * as state from '../../shared/segment/server-state.ts';
import { hasBack, hasFront } from '../server/object-index.ts';
import { ByteText } from './byte-text.ts';
import type { Value } from './columns.ts';
import { csvField, jsonCell, typedCell } from './format.ts';
import { processInfo } from './process-info.ts';
import { atOneInstant, cellValue, storedReader } from './row-plan.ts';
import type { StatsSource, Subject } from './source.ts';
import { csvHeader, type StatsFormat, StatLines } from './stat-lines.ts';

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

/** Bytes of one piece of an answer: well below a millisecond. */
const pieceBytes = 32_768;

/**
 * Answer of `show stat`, piece by piece, so that a large one need not be made in one go. A piece
 * stays as it is until the next is asked for: to make them anew would keep the collector busy.
 */
export function* statPieces(live: StatsSource, selection: StatSelection): Generator<Uint8Array> {
  const source = atOneInstant(live);
  const { format } = selection;
  const out = new ByteText(pieceBytes);
  const lines = new StatLines(source, out, selection);
  if (format === 'csv') out.text(csvHeader());
  if (format === 'json') out.text('[');
  for (const line of subjects(source, selection)) {
    lines.add(line);
    if (out.isFull) yield out.lend();
  }
  lines.flush();
  if (format === 'json') out.text(']\n');
  if (!out.isEmpty) yield out.lend();
}

const columnNumbers = new Map(statColumns.map((column, number) => [column, number]));

/** One value of a line by its column, as statValues. */
export function statValue(source: StatsSource, line: Subject, column: MetricDef): Value {
  return cellValue(source, line, columnNumbers.get(column) ?? -1, true);
}

/** The lines of `show stat`: of each proxy its frontend, listeners, servers and backend. */
export function* subjects(source: StatsSource, selection: StatSelection): Generator<Subject> {
  for (let index = 0; index < source.model.proxies.length; index++) {
    const proxy = source.model.proxies[index];
    if (selection.proxyId > 0 && selection.proxyId !== proxy.id) continue;
    if (selection.shows?.(proxy) === false) continue;
    for (const line of proxySubjects(source, index, selection.types)) {
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

/** A proxy's own lines of these kinds (StatSelection.types). */
export function* proxySubjects(
  source: StatsSource,
  proxyIndex: number,
  types = -1,
): Generator<Subject> {
  const proxy = source.model.proxies[proxyIndex];
  if (isGone(proxy)) return;
  const objects = source.objects.proxies[proxyIndex];
  if (hasFront(proxy)) {
    if ((types & typeBits.F) !== 0) yield subjectOf('F', proxy, proxyIndex, objects.front);
    if ((types & typeBits.L) !== 0) yield* listenerSubjects(source, proxyIndex);
  }
  if ((types & typeBits.S) !== 0) yield* serverSubjects(source, proxyIndex);
  if (hasBack(proxy) && (types & typeBits.B) !== 0) {
    yield subjectOf('B', proxy, proxyIndex, objects.back);
  }
}

/** One by one: there may be thousands, and whoever asks has a bound for what it does at once. */
function* serverSubjects(source: StatsSource, proxyIndex: number): Generator<Subject> {
  const proxy = source.model.proxies[proxyIndex];
  const { servers } = source.objects.proxies[proxyIndex];
  for (let i = 0; i < proxy.servers.length; i++) {
    const server = proxy.servers[i];
    if (isGone(server)) continue;
    const line = subjectOf('S', proxy, proxyIndex, servers[i]);
    line.server = server;
    line.words = source.servers[proxyIndex][i];
    line.id = server.id;
    yield line;
  }
}

/** One shape for all lines, filled in by whoever knows more: thousands are made for one answer. */
function subjectOf(
  kind: Subject['kind'],
  proxy: ProxyModel,
  proxyIndex: number,
  object: number,
): { -readonly [Key in keyof Subject]: Subject[Key] } {
  return { kind, proxy, proxyIndex, object, server: null, words: null, listener: null, id: 0 };
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
    const line = subjectOf('L', proxy, proxyIndex, object);
    line.listener = listener;
    line.id = id;
    lines.push(line);
  }
  return lines;
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
  if (!asFloat || row.kind !== 'rate') return storedReader(row)(source, process);
  const at = field[row.name as keyof typeof field];
  return Number(source.reader.exactRate(process, at, source.nowMs()).toFixed(6));
}
