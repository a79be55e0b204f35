// What can be asked of an entry of a stick table or done to it: one row per word. Fetches (sc_*,
// sc0_*, src_*) and converters (table_*) are products of this list (manual 7.3.4). Every `run`
// happens under the table's lock.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import {
  addCount,
  addRate,
  type Column,
  dataTypeByName,
  readRate,
  storageWords,
} from '../../shared/segment/table-data.ts';

/** `at`: first word of the entry, -1: there is none. Answers notStored when the table lacks it. */
type Run = (table: StickTable, at: number, index: number, nowMs: number) => number;

export const notStored = -1;

export interface TableOperation {
  /** Behind `sc_` and `src_`; converters leave `get_` out. */
  readonly name: string;
  /** Takes the number of an element of an array. */
  readonly isIndexed: boolean;
  /** Makes the entry when there is none. */
  readonly writes: boolean;
  /** It is about traffic of the client, which the runtime API has none of. */
  readonly isTraffic: boolean;
  readonly help: string;
  readonly run: Run;
}

/** A value by the name of its type; a single one may be the element of an array instead. */
interface Source {
  readonly id: number;
  readonly arrayId: number;
  readonly index: number;
}

const idOf = (name: string): number => dataTypeByName.get(name)?.id ?? 0;

function sourceOf(name: string, array = '', index = 0): Source {
  return { id: idOf(name), arrayId: idOf(array), index };
}

/** First word of a value, 0: the table does not hold it. `at` 0 tells only whether it does. */
function wordOf(table: StickTable, source: Source, at: number, index: number): number {
  const single = table.columns[source.id];
  if (single !== undefined) return elementOf(single, at, index);
  const array = table.columns[source.arrayId];
  return array === undefined ? 0 : elementOf(array, at, source.index);
}

function elementOf(column: Column, at: number, index: number): number {
  if (index < 0 || index >= column.length) return 0;
  return at + column.offset + index * storageWords[column.type.storage];
}

function periodOf(table: StickTable, { id, arrayId }: Source): number {
  return (table.columns[id] ?? table.columns[arrayId])?.periodMs ?? 0;
}

function readCount(source: Source): Run {
  return (table, at, index) => {
    const word = wordOf(table, source, Math.max(at, 0), index);
    if (word === 0) return notStored;
    return at < 0 ? 0 : table.words[word] >>> 0;
  };
}

function readPeriod(source: Source, isBytes = false): Run {
  return (table, at, index, nowMs) => {
    const word = wordOf(table, source, Math.max(at, 0), index);
    if (word === 0) return notStored;
    if (at < 0) return 0;
    const events = readRate(table, word, periodOf(table, source), nowMs);
    return isBytes ? events * table.policy.bytesRateFactor : events;
  };
}

function readKilobytes(source: Source): Run {
  return (table, at) => {
    const word = wordOf(table, source, Math.max(at, 0), 0);
    if (word === 0) return notStored;
    return at < 0 ? 0 : Math.floor(table.floats[word >> 1] / 1024);
  };
}

/** Adds to a counter and its rate, whichever there are; the counter's new value. */
export function addCounter(
  { count, rate }: CounterSources,
  amount: number,
): (table: StickTable, at: number, index: number, nowMs: number) => number {
  return (table, at, index, nowMs) => {
    const countWord = wordOf(table, count, Math.max(at, 0), index);
    const rateWord = wordOf(table, rate, Math.max(at, 0), index);
    if (countWord === 0 && rateWord === 0) return notStored;
    if (at < 0) return 0;
    if (rateWord !== 0) {
      event.nowMs = nowMs;
      event.count = amount;
      addRate(table, rateWord, periodOf(table, rate), event);
    }
    return countWord === 0 ? 0 : addCount(table.words, countWord, amount);
  };
}

const event = { nowMs: 0, count: 1 };

/** `run` here, and what `read` finds in the shares of peers (aggregate) added to its answer. */
function summed(run: Run, read: Run = run): Run {
  return (table, at, index, nowMs) => {
    const own = run(table, at, index, nowMs);
    if (table.shares.length === 0 || own < 0) return own;
    let sum = own;
    for (const share of table.shares) sum += shareOf(share, table, at, { read, index, nowMs });
    return sum;
  };
}

/** Nobody holds the lock of a share and wants that of its table: the order is always this one. */
function shareOf(
  share: StickTable,
  table: StickTable,
  at: number,
  { read, index, nowMs }: { readonly read: Run; readonly index: number; readonly nowMs: number },
): number {
  if (share.used === 0) return 0;
  if (at < 0) share.keyPut(table.keyCopy());
  else share.keyFrom(table, at);
  share.enter();
  const entry = share.find(nowMs);
  const value = entry < 0 ? 0 : read(share, share.at(entry), index, nowMs);
  share.leave();
  return Math.max(0, value);
}

/** Sets a counter to 0; what it was. */
function clearCount(source: Source): Run {
  return (table, at, index) => {
    const word = wordOf(table, source, Math.max(at, 0), index);
    if (word === 0) return notStored;
    if (at < 0) return 0;
    const before = table.words[word] >>> 0;
    table.words[word] = 0;
    return before;
  };
}

/** Sets a tag; notStored as above. */
export function setTag(source: Source, value: number): Run {
  return (table, at, index) => {
    const word = wordOf(table, source, Math.max(at, 0), index);
    if (word === 0) return notStored;
    if (at >= 0) table.words[word] = value;
    return value;
  };
}

export interface CounterSources {
  readonly count: Source;
  readonly rate: Source;
}

/** The counters that rules drive, by the word that names them. */
export const ruleCounters = {
  gpc: { count: sourceOf('gpc'), rate: sourceOf('gpc_rate') },
  gpc0: { count: sourceOf('gpc0', 'gpc', 0), rate: sourceOf('gpc0_rate', 'gpc_rate', 0) },
  gpc1: { count: sourceOf('gpc1', 'gpc', 1), rate: sourceOf('gpc1_rate', 'gpc_rate', 1) },
} as const;

export const ruleTags = { gpt: sourceOf('gpt'), gpt0: sourceOf('gpt0', 'gpt', 0) } as const;

const reader = (name: string, help: string, run: Run, isTraffic = false): TableOperation => ({
  name,
  isIndexed: false,
  writes: false,
  isTraffic,
  help,
  run,
});

/** Counters that the proxy keeps: a total and a rate each. */
const events: readonly (readonly [string, string])[] = [
  ['conn', 'connections'],
  ['sess', 'sessions'],
  ['http_req', 'HTTP requests'],
  ['http_err', 'HTTP errors of clients'],
  ['http_fail', 'HTTP failures of servers'],
  ['glitch', 'protocol glitches'],
];

const eventReaders = events.flatMap(([name, what]) => [
  reader(`${name}_cnt`, `${what} of the entry`, summed(readCount(sourceOf(`${name}_cnt`)))),
  reader(`${name}_rate`, `${what} per period`, summed(readPeriod(sourceOf(`${name}_rate`)))),
]);

const byteReaders = (['in', 'out'] as const).flatMap((way) => {
  const which = way === 'in' ? 'from' : 'to';
  return [
    reader(
      `bytes_${way}_rate`,
      `bytes ${which} the client per period`,
      summed(readPeriod(sourceOf(`bytes_${way}_rate`), true)),
    ),
    reader(
      `kbytes_${way}`,
      `kilobytes ${which} the client`,
      summed(readKilobytes(sourceOf(`bytes_${way}_cnt`))),
      true,
    ),
  ];
});

const counterRows = (['gpc0', 'gpc1', 'gpc'] as const).flatMap((name): TableOperation[] => {
  const sources = ruleCounters[name];
  const isIndexed = name === 'gpc';
  const count = readCount(sources.count);
  const total = summed(count);
  const row = (word: string, help: string, run: Run, writes: boolean): TableOperation => ({
    name: word,
    isIndexed,
    writes,
    isTraffic: false,
    help,
    run,
  });
  return [
    row(`get_${name}`, 'a counter driven by rules', total, false),
    row(`${name}_rate`, 'increments of it per period', summed(readPeriod(sources.rate)), false),
    row(
      `inc_${name}`,
      'adds one to a counter, and gives it',
      summed(addCounter(sources, 1), count),
      true,
    ),
    row(
      `clr_${name}`,
      'clears a counter, and gives what it was',
      summed(clearCount(sources.count), count),
      true,
    ),
  ];
});

export const tableOperations: readonly TableOperation[] = [
  ...eventReaders,
  ...byteReaders,
  ...counterRows,
  reader('conn_cur', 'connections of the entry now', summed(readCount(sourceOf('conn_cur')))),
  reader('get_gpt0', 'a tag set by rules', readCount(ruleTags.gpt0)),
  { ...reader('get_gpt', 'a tag set by rules', readCount(ruleTags.gpt)), isIndexed: true },
];
