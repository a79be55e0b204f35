// The entries of each stick table that stand out: those with the largest number in the column that
// says most, usually a rate. Read in small pieces between other work, so that neither a proxy
// thread nor the control thread waits for a large table. Control thread.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { Column } from '../../shared/segment/table-data.ts';
import { plainKey, readValue } from '../tables/text.ts';
import type { TopTable } from './wire.ts';

/** Entries that are told of each table. */
const rowsMax = 10;
/** Entries looked at under one lock. */
const entriesAtOnce = 100;
/** Entries of one table that are looked at in one go. */
const entriesMax = 50_000;
const columnsMax = 4;

/** What people want to see first. */
const preferred: readonly string[] = [
  ...['http_req_rate', 'http_err_rate', 'conn_rate', 'sess_rate', 'http_fail_rate'],
  ...['gpc0_rate', 'gpc1_rate', 'gpc_rate', 'bytes_out_rate', 'bytes_in_rate', 'glitch_rate'],
  ...['conn_cur', 'http_req_cnt', 'http_err_cnt', 'conn_cnt', 'sess_cnt', 'gpc0', 'gpc1', 'gpc'],
  ...['bytes_out_cnt', 'bytes_in_cnt', 'gpt0', 'gpt'],
];

interface Found {
  readonly key: string;
  readonly values: number[];
}

/** Looks through one table; each step is a piece of work, the last one gives the result. */
export function* topEntries(table: StickTable, nowMs: number): Generator<void, TopTable> {
  const columns = columnsOf(table);
  const top: Found[] = [];
  const end = Math.min(table.entriesEver, entriesMax);
  for (let from = 0; from < end; from += entriesAtOnce) {
    table.enter();
    for (let entry = from; entry < Math.min(from + entriesAtOnce, end); entry++) {
      if (!table.isUsed(entry) || table.isExpired(table.at(entry), nowMs)) continue;
      enter(top, table, { entry, columns, nowMs });
    }
    table.leave();
    yield;
  }
  const { name, keyType, size } = table.policy.shape;
  return {
    name,
    type: keyType,
    size,
    used: table.used,
    columns: columns.map(nameOf),
    rows: top.map(({ key, values }) => [key, ...values] as const),
    isPart: table.entriesEver > entriesMax,
  };
}

function columnsOf(table: StickTable): Column[] {
  const numbers = table.geometry.columns.filter(({ type }) => type.storage !== 'text');
  const rank = ({ type }: Column): number => {
    const at = preferred.indexOf(type.name);
    return at < 0 ? preferred.length : at;
  };
  return numbers.toSorted((one, other) => rank(one) - rank(other)).slice(0, columnsMax);
}

const nameOf = ({ type, periodMs }: Column): string =>
  periodMs > 0 ? `${type.name}(${periodMs / 1000}s)` : type.name;

interface Look {
  readonly entry: number;
  readonly columns: readonly Column[];
  readonly nowMs: number;
}

/** Puts the entry among the largest ones, if it is one of them. */
function enter(top: Found[], table: StickTable, { entry, columns, nowMs }: Look): void {
  const numberOf = (column: Column): number => readValue(table, { entry, column, index: 0 }, nowMs);
  const [first] = columns;
  const rank = first === undefined ? 0 : numberOf(first);
  if (top.length === rowsMax && rank <= (top[rowsMax - 1].values[0] ?? 0)) return;
  const found = { key: plainKey(table, entry), values: columns.map(numberOf) };
  const at = top.findIndex(({ values }) => (values[0] ?? 0) < rank);
  top.splice(at < 0 ? top.length : at, 0, found);
  if (top.length > rowsMax) top.pop();
}
