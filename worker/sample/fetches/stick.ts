// Fetches of stick tables (manual 7.3.4): the operations on an entry times the ways to find one
// (sc_, sc0_ to sc2_, src_), and what is told of tables and tracked counters themselves.

import type { StickTable } from '../../../shared/segment/stick-table.ts';
import { dataTypeByName, readRate } from '../../../shared/segment/table-data.ts';
import type { ArgumentDef, ArgumentValue, Evaluate, FetchDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { familyIpv4, familyIpv6 } from '../../conn/endpoint.ts';
import { countedConnections, countPair, trackerOf } from '../../tables/tracking.ts';
import { notStored, type TableOperation, tableOperations } from '../../tables/operations.ts';
import { kindAny, kindBool, kindSint, type Sample } from '../sample.ts';
import { readKey, setKey } from '../table-key.ts';

/** What was looked for: filled by a Find, one object for all of them. */
const found: { table: StickTable | null; entry: number } = { table: null, entry: -1 };

/** Finds an entry and enters its table; false: there is nothing to look at, no table is entered. */
type Find = (stream: Stream, out: Sample, creates: boolean) => boolean;

/** A way to an entry: a prefix of names, its own arguments before and after an index. */
interface Way {
  readonly prefix: string;
  readonly before: readonly ArgumentDef[];
  readonly after: readonly ArgumentDef[];
  readonly example: readonly string[];
  readonly build: (before: readonly ArgumentValue[], after: readonly ArgumentValue[]) => Find;
}

const tableArgument: ArgumentDef = { name: 'table', type: 'table' };
const otherTable: ArgumentDef = { ...tableArgument, optional: true };
const slotArgument: ArgumentDef = { name: 'counter', type: 'sint' };
const indexArgument: ArgumentDef = { name: 'index', type: 'sint' };

function tableAt(stream: Stream, index: number): StickTable | null {
  return stream.thread.tables?.list[index] ?? null;
}

/** The entry that counter `slot` tracks, or the one with its key in another table. */
function findTracked(slot: number, otherIndex: number | undefined): Find {
  return (stream) => {
    const tracker = trackerOf(stream, slot);
    if (tracker === null || tracker.table === null) return false;
    const other = otherIndex === undefined ? tracker.table : tableAt(stream, otherIndex);
    if (other === null) return false;
    found.table = other;
    if (other === tracker.table) {
      other.enter();
      found.entry = tracker.entry;
      return true;
    }
    const { keyType, keyLength } = tracker.table.policy.shape;
    const { shape } = other.policy;
    if (shape.keyType !== keyType || shape.keyLength !== keyLength) return false;
    other.keyFrom(tracker.table, tracker.table.at(tracker.entry));
    other.enter();
    found.entry = other.find(stream.thread.time.nowMs);
    return true;
  };
}

function sourceKey(stream: Stream, table: StickTable, out: Sample): boolean {
  const { source } = stream.session;
  if (source.family === familyIpv4) out.setIpv4(source.ipv4);
  else if (source.family === familyIpv6) out.setIpv6(source.bytes);
  else return false;
  return setKey(table, out);
}

function findSource(tableIndex: number): Find {
  return (stream, out, creates) => {
    const table = tableAt(stream, tableIndex);
    if (table === null || !sourceKey(stream, table, out)) return false;
    found.table = table;
    table.enter();
    const { nowMs } = stream.thread.time;
    found.entry = creates ? table.take(nowMs) : table.find(nowMs);
    return true;
  };
}

const tracked: Way = {
  prefix: 'sc_',
  before: [slotArgument],
  after: [otherTable],
  example: ['0'],
  build: ([slot], [other]) => findTracked(Number(slot), other as number | undefined),
};

const numbered = (slot: number): Way => ({
  prefix: `sc${slot}_`,
  before: [],
  after: [otherTable],
  example: [],
  build: (_, [other]) => findTracked(slot, other as number | undefined),
});

const source: Way = {
  prefix: 'src_',
  before: [],
  after: [tableArgument],
  example: ['sticky'],
  build: (_, [table]) => findSource(table as number),
};

/** One word: an operation on the entry that a way leads to. */
function operationFetch(way: Way, operation: TableOperation): FetchDef {
  const { isIndexed, run, writes } = operation;
  const name = way.prefix + operation.name;
  const example = [...(isIndexed ? ['0'] : []), ...way.example].join(',');
  const isClient = way === source || operation.isTraffic;
  return {
    name,
    args: [...(isIndexed ? [indexArgument] : []), ...way.before, ...way.after],
    returns: kindSint,
    reads: isClient ? 'client-address' : 'internal',
    help: operation.help,
    example: example === '' ? name : `${name}(${example})`,
    build: (args) => {
      const index = isIndexed ? Number(args[0]) : 0;
      const own = isIndexed ? args.slice(1) : args;
      const find = way.build(own, own.slice(way.before.length));
      return (stream, out) => {
        if (!find(stream, out, writes)) return false;
        const table = found.table as StickTable;
        const { entry } = found;
        const { nowMs } = stream.thread.time;
        const at = entry < 0 ? -1 : table.at(entry);
        const value = run(table, at, index, nowMs);
        if (writes && entry >= 0) table.touch(entry, nowMs);
        table.leave();
        return value !== notStored && out.setInt(value);
      };
    },
  };
}

/** `sc_tracked`, `sc_trackers`, `sc_key`: about the counter itself. */
function counterFetches(way: Way): FetchDef[] {
  const example = way.example.length === 0 ? '' : `(${way.example.join(',')})`;
  const row = (
    word: string,
    returns: number,
    help: string,
    make: (find: Find) => Evaluate,
  ): FetchDef => ({
    name: way.prefix + word,
    args: word === 'key' ? way.before : [...way.before, ...way.after],
    returns,
    reads: 'internal',
    help,
    example: way.prefix + word + example,
    build: (args) => make(way.build(args, args.slice(way.before.length))),
  });
  return [
    row('tracked', kindBool, 'the counter tracks something', (find) => (stream, out) => {
      const isTracked = find(stream, out, false);
      if (isTracked) found.table!.leave();
      return out.setBool(isTracked);
    }),
    row('trackers', kindSint, 'streams that track the same entry', (find) => (stream, out) => {
      if (!find(stream, out, false)) return false;
      const count = found.entry < 0 ? 0 : found.table!.trackers(found.entry);
      found.table!.leave();
      return out.setInt(count);
    }),
    row('key', kindAny, 'the key that the counter tracks', (find) => (stream, out) => {
      if (!find(stream, out, false)) return false;
      const isFound = found.entry >= 0 && readKey(found.table!, found.entry, out);
      found.table!.leave();
      return isFound;
    }),
  ];
}

const single = tableOperations.filter(({ isIndexed }) => !isIndexed);
const clearIndexed = tableOperations.filter(({ name }) => name === 'clr_gpc');
const slots = [0, 1, 2].map(numbered);

/** A number of a whole table. */
function tableFetch(name: string, help: string, read: (table: StickTable) => number): FetchDef {
  return {
    name,
    args: [tableArgument],
    returns: kindSint,
    reads: 'internal',
    help,
    example: `${name}(sticky)`,
    build:
      ([index]) =>
      (stream, out) => {
        const table = tableAt(stream, index as number);
        if (table === null) return false;
        table.enter();
        table.dropExpired(stream.thread.time.nowMs, dropsPerCount);
        table.leave();
        return out.setInt(read(table));
      },
  };
}

/** Expired entries that asking for a table's size may drop. */
const dropsPerCount = 64;

const connectionCount = dataTypeByName.get('conn_cnt')!;
const connectionRate = dataTypeByName.get('conn_rate')!;

/** Counts a connection of the source right now, tracked or not. */
function buildUpdate([tableIndex]: readonly ArgumentValue[], _scope: Scope): Evaluate {
  const find = findSource(tableIndex as number);
  return (stream, out) => {
    if (!find(stream, out, true)) return false;
    const table = found.table as StickTable;
    const { entry } = found;
    const { nowMs } = stream.thread.time;
    const count = table.column(connectionCount);
    const rate = table.column(connectionRate);
    let value = notStored;
    if (entry >= 0) {
      const at = table.at(entry);
      countPair(table, at, countedConnections, nowMs);
      if (count !== undefined) value = table.words[at + count.offset] >>> 0;
      else if (rate !== undefined) value = readRate(table, at + rate.offset, rate.periodMs, nowMs);
    }
    table.leave();
    return value !== notStored && out.setInt(value);
  };
}

export const stick: readonly FetchDef[] = [
  ...tableOperations.map((operation) => operationFetch(tracked, operation)),
  ...tableOperations.map((operation) => operationFetch(source, operation)),
  ...slots.flatMap((way) => single.map((operation) => operationFetch(way, operation))),
  ...clearIndexed.map((operation) => operationFetch(slots[1], operation)),
  ...[tracked, ...slots].flatMap(counterFetches),
  {
    name: 'src_updt_conn_cnt',
    args: [tableArgument],
    returns: kindSint,
    reads: 'client-address',
    help: 'counts a connection of the source, and gives the count',
    example: 'src_updt_conn_cnt(sticky)',
    build: buildUpdate,
  },
  tableFetch('table_cnt', 'entries of the table', (table) => table.used),
  tableFetch('table_avl', 'free entries of the table', (table) =>
    Math.max(0, table.policy.shape.size - table.used),
  ),
];
