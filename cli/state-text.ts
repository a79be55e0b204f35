// How `hawser state` writes what it finds: a table for people, JSON for programs, a dump piece by
// piece. Reads segments, never writes to one.

import { chunkCount, freeChunkCount } from '../shared/segment/chunks.ts';
import { chunkBytes, floatCreatedMs, layoutVersion, slotsMax } from '../shared/segment/layout.ts';
import { ProcessSlots } from '../shared/segment/processes.ts';
import type { Segment } from '../shared/segment/segment.ts';
import { dumpState, type ObjectDump, type StateDump } from '../shared/segment/state-dump.ts';
import type { TableDump } from '../shared/segment/table-dump.ts';

/** Counters that a person asks for first; the rest is in the JSON. */
const shown: readonly (readonly [string, string])[] = [
  ['stot', 'sessions'],
  ['req_tot', 'requests'],
  ['reqbin', 'bytes in'],
  ['resbin', 'bytes out'],
  ['ereq', 'req errors'],
  ['econ', 'conn errors'],
  ['eresp', 'resp errors'],
];

interface Overview {
  readonly layout: number;
  readonly created: string;
  readonly clockMs: number;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly processes: readonly { readonly slot: number; readonly pid: number }[];
}

function overview(segment: Segment, nowMs: number): Overview {
  const { layout, floats } = segment;
  const slots = new ProcessSlots(segment);
  const processes: { slot: number; pid: number }[] = [];
  for (let slot = 0; slot < slotsMax; slot++) {
    const pid = slots.pidOf(slot);
    if (pid !== 0) processes.push({ slot, pid });
  }
  return {
    layout: layoutVersion,
    created: new Date(floats[floatCreatedMs]).toISOString(),
    clockMs: Math.floor(nowMs),
    sizeBytes: layout.lengthBytes,
    usedBytes: layout.areaAt + chunkCount(segment) * chunkBytes,
    freeBytes: freeChunkCount(segment) * chunkBytes,
    processes,
  };
}

/** `state show --json`: as the export, without the entries of tables. */
export function* showJson(segment: Segment, nowMs: number): Generator<string> {
  const { objects, tables } = dumpState(segment, nowMs);
  const listed = [...tables].map(({ entries: _, ...table }) => table);
  const whole = { ...overview(segment, nowMs), objects: [...objects], tables: listed };
  yield `${JSON.stringify(whole, null, 2)}\n`;
}

/** `state show` */
export function* showText(segment: Segment, nowMs: number): Generator<string> {
  const { created, sizeBytes, usedBytes, processes } = overview(segment, nowMs);
  const pids = processes.map(({ pid }) => pid).join(', ') || 'none';
  yield `made       ${created}, layout ${layoutVersion}\n`;
  yield `space      ${megabytes(usedBytes)} used of ${megabytes(sizeBytes)}\n`;
  yield `processes  ${pids}\n\n`;
  const { objects, tables } = dumpState(segment, nowMs);
  yield* columns(['type', 'object', ...shown.map(([, title]) => title)], objectRows(objects));
  yield '\n';
  yield* columns(['table', 'type', 'used', 'size', 'stores'], tableRows(tables));
}

function* objectRows(objects: Iterable<ObjectDump>): Generator<string[]> {
  for (const { type, identity, counters } of objects) {
    if (type === 'process') continue;
    yield [type, identity, ...shown.map(([name]) => String(counters[name] ?? 0))];
  }
}

function* tableRows(tables: Iterable<TableDump>): Generator<string[]> {
  for (const { name, type, length, used, size, store } of tables) {
    const key = type === 'string' || type === 'binary' ? `${type} ${length}` : type;
    yield [name, key, String(used), String(size), store.map(storeText).join(' ') || '-'];
  }
}

function storeText({ name, length, periodMs }: TableDump['store'][number]): string {
  const args = [length > 1 ? String(length) : '', periodMs > 0 ? `${periodMs}ms` : ''];
  const text = args.filter((one) => one !== '').join(',');
  return text === '' ? name : `${name}(${text})`;
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Numbers to the right, words to the left. */
function* columns(titles: readonly string[], rows: Iterable<string[]>): Generator<string> {
  const all = [[...titles], ...rows];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => row[i].length)));
  for (const row of all) {
    const cells = row.map((cell, i) => {
      const isNumber = all.length > 1 && /^\d+$/.test(all[1][i]);
      return isNumber ? cell.padStart(widths[i]) : cell.padEnd(widths[i]);
    });
    yield `${cells.join('  ').trimEnd()}\n`;
  }
}

/** `state export`: one object or entry a line, so that dumps can be compared and searched. */
export function* dumpPieces({ format, version, objects, tables }: StateDump): Generator<string> {
  yield `{"format":${JSON.stringify(format)},"version":${version},\n"objects":[`;
  yield* lines(objects);
  yield '\n],\n"tables":[';
  let isFirst = true;
  for (const { entries, ...table } of tables) {
    const head = JSON.stringify(table).slice(0, -1);
    yield `${isFirst ? '' : ','}\n${head},"entries":[`;
    isFirst = false;
    yield* lines(entries);
    yield '\n]}';
  }
  yield '\n]}\n';
}

const linesAtOnce = 500;

function* lines(items: Iterable<unknown>): Generator<string> {
  let before = '\n';
  let piece = '';
  let count = 0;
  for (const item of items) {
    piece += before + JSON.stringify(item);
    before = ',\n';
    if (++count % linesAtOnce !== 0) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}
