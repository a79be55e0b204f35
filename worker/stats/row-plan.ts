// Which columns of `show stat` a kind of line can have, and how each is read: decided once per kind
// and mode, so that a line among thousands costs what it shows and no look-up by name.

import type { Batch } from '../../shared/segment/counters.ts';
import { field, statColumns } from '../../shared/segment/metrics.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { trackedBy } from '../server/track.ts';
import { batchReader, type ReadBatch } from './batch-columns.ts';
import { isChecked, madeColumns, type MakeColumn, type Value } from './columns.ts';
import type { StatsSource, Subject, SubjectKind } from './source.ts';

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
/** Columns of servers whose health follows traffic too. */
const observedColumns = new Set(['hanafail']);

/** How one column is read for one kind of line. */
export interface ColumnReader {
  readonly read: MakeColumn;
  /** For many lines at once; null: one by one. */
  readonly batch: ReadBatch | null;
  /** Its values are texts. */
  readonly isText: boolean;
}

/** By column number; null: always empty for such a line. */
export type RowPlan = readonly (ColumnReader | null)[];

const httpPlans: Partial<Record<SubjectKind, RowPlan>> = {};
const otherPlans: Partial<Record<SubjectKind, RowPlan>> = {};

/** The plan of lines like this one. */
export function rowPlan({ kind, proxy }: Subject): RowPlan {
  return planOf(kind, proxy.mode === 'http');
}

/** The same for all lines of a kind; without HTTP some columns are empty. */
export function planOf(kind: SubjectKind, isHttp: boolean): RowPlan {
  const known = isHttp ? httpPlans : otherPlans;
  return (known[kind] ??= statColumns.map((column) => columnReader(column, kind, isHttp)));
}

function columnReader(column: MetricDef, kind: SubjectKind, isHttp: boolean): ColumnReader | null {
  const { name, scope, typed } = column;
  if (scope !== '' && !scope.includes(kind)) return null;
  // A TCP frontend may hand a connection over to HTTP, and counts its requests then.
  const isCounted = name === 'req_tot' && kind === 'F';
  if (httpColumns.has(name) && !isHttp && !isCounted) return null;
  const stored = column.kind === 'made' ? (madeColumns[name] ?? null) : ofLine(column);
  if (stored === null) return null;
  const read = kind === 'S' ? conditional(name, stored) : stored;
  const batch = read === stored ? batchReader(column, kind) : null;
  return { read, batch, isText: typed.endsWith('str') };
}

/** A column of servers that not all of them have. */
function conditional(name: string, read: MakeColumn): MakeColumn {
  if (observedColumns.has(name)) {
    return (source, line, isOperator) =>
      isObserved(source, line) ? read(source, line, isOperator) : null;
  }
  if (!checkColumns.has(name)) return read;
  return (source, line, isOperator) =>
    line.words !== null && isChecked(line.words) ? read(source, line, isOperator) : null;
}

/** Values of `lines`, whose objects are the batch's, as numbers; NaN: empty. */
export function readNumbers(
  source: StatsSource,
  lines: readonly Subject[],
  batch: Batch,
  { read, batch: readAll }: ColumnReader,
): void {
  if (readAll !== null) {
    readAll(source, batch);
    return;
  }
  const { from, to, values, valuesAt } = batch;
  for (let i = from; i < to; i++) {
    const value = read(source, lines[i], true);
    values[valuesAt + i - from] = typeof value === 'number' ? value : Number.NaN;
  }
}

/** Traffic counts for the health of the server, or of the one that it tracks in the end. */
function isObserved({ model }: StatsSource, { proxy, server }: Subject): boolean {
  let [own, one] = [proxy.name, server];
  for (let step = 0; one !== null && one.track !== '' && step < chainMax; step++) {
    const found = trackedBy(model, own, one.track);
    if (found === null) return false;
    own = model.proxies[found.proxyIndex].name;
    one = model.proxies[found.proxyIndex].servers[found.serverIndex];
  }
  return one !== null && one.checks.observe !== '';
}

const chainMax = 1000;

/** Reads a stored number of an object. */
type ReadStored = (source: StatsSource, object: number) => number;

/** How a stored column or line is read, whatever the kind of its object. */
export function storedReader(column: MetricDef): ReadStored {
  const at = field[column.name as keyof typeof field];
  switch (column.kind) {
    case 'rate':
      return ({ reader, nowMs }, object) => reader.rate(object, at, nowMs());
    case 'last':
      return ({ reader, nowMs }, object) => {
        const last = reader.last(object, at);
        return last === 0 ? -1 : Math.max(0, Math.floor(nowMs() / 1000) - Math.floor(last));
      };
    case 'peak':
      return ({ reader }, object) => Math.floor(reader.peak(object, at));
    case 'window':
      return ({ reader }, object) => reader.average(object, at);
    case 'gauge':
      return ({ reader }, object) => Math.max(0, reader.gauge(object, at));
    default:
      return ({ reader }, object) => reader.sum(object, at);
  }
}

function ofLine(column: MetricDef): MakeColumn {
  const read = storedReader(column);
  return (source, { object }) => read(source, object);
}

/** One value by the number of its column. */
export function cellValue(
  source: StatsSource,
  line: Subject,
  column: number,
  isOperator: boolean,
): Value {
  return rowPlan(line)[column]?.read(source, line, isOperator) ?? null;
}

/** The same numbers over and over at one instant: a whole answer tells one time. */
export function atOneInstant(source: StatsSource): StatsSource {
  const now = source.nowMs();
  return { ...source, nowMs: () => now };
}
