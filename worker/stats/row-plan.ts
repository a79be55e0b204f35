// Which columns of `show stat` a kind of line can have, and how each is read: decided once per kind
// and mode, so that a line among thousands costs what it shows and no look-up by name.

import { field, fixedColumns, statColumns } from '../../shared/segment/metrics.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { trackedBy } from '../server/track.ts';
import { bytesOf } from './byte-text.ts';
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

/** By column number; null: always empty for such a line. */
export type RowPlan = readonly (MakeColumn | null)[];

/** A column that may have a value, and the CSV between it and the next such column. */
export interface CsvCell {
  readonly read: MakeColumn;
  readonly gap: Uint8Array;
  /** Field that the value is the plain sum of, over all rows; -1: ask `read`. */
  readonly field: number;
}

const httpPlans: Partial<Record<SubjectKind, RowPlan>> = {};
const otherPlans: Partial<Record<SubjectKind, RowPlan>> = {};
const csvPlans = new Map<RowPlan, readonly CsvCell[]>();

/** The same for CSV. The first column always has a value. */
export function csvPlan(line: Subject): readonly CsvCell[] {
  const plan = rowPlan(line);
  let cells = csvPlans.get(plan);
  if (cells === undefined) {
    cells = makeCsvPlan(plan);
    csvPlans.set(plan, cells);
  }
  return cells;
}

function makeCsvPlan(plan: RowPlan): CsvCell[] {
  const cells: { read: MakeColumn; gap: string; field: number }[] = [];
  plan.forEach((read, at) => {
    // A '-' stands between the fixed columns and those of modules.
    const separator = at === fixedColumns ? '-,' : '';
    const last = cells.at(-1);
    if (last !== undefined) last.gap += separator;
    if (read !== null) cells.push({ read, gap: ',', field: sums.get(read) ?? -1 });
    else if (last !== undefined) last.gap += ',';
  });
  return cells.map((cell) => ({ ...cell, gap: bytesOf(cell.gap) }));
}

/** The plan of lines like this one. */
export function rowPlan({ kind, proxy }: Subject): RowPlan {
  const isHttp = proxy.mode === 'http';
  const known = isHttp ? httpPlans : otherPlans;
  return (known[kind] ??= statColumns.map((column) => cellReader(column, kind, isHttp)));
}

function cellReader(column: MetricDef, kind: SubjectKind, isHttp: boolean): MakeColumn | null {
  const { name, scope } = column;
  if (scope !== '' && !scope.includes(kind)) return null;
  if (httpColumns.has(name) && !isHttp) return null;
  const read = column.kind === 'made' ? (madeColumns[name] ?? null) : ofLine(column);
  if (read === null || kind !== 'S') return read;
  if (observedColumns.has(name)) {
    return (source, line, isOperator) =>
      isObserved(source, line) ? read(source, line, isOperator) : null;
  }
  if (!checkColumns.has(name)) return read;
  return (source, line, isOperator) =>
    line.words !== null && isChecked(line.words) ? read(source, line, isOperator) : null;
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

/** Readers of columns that are plain sums, and the field of each. */
const sums = new WeakMap<MakeColumn, number>();

function ofLine(column: MetricDef): MakeColumn {
  const read = storedReader(column);
  const made: MakeColumn = (source, { object }) => read(source, object);
  if (column.kind === 'count') sums.set(made, field[column.name as keyof typeof field]);
  return made;
}

/** One value by the number of its column. */
export function cellValue(
  source: StatsSource,
  line: Subject,
  column: number,
  isOperator: boolean,
): Value {
  return rowPlan(line)[column]?.(source, line, isOperator) ?? null;
}

/** The same numbers over and over at one instant: a whole answer tells one time. */
export function atOneInstant(source: StatsSource): StatsSource {
  const now = source.nowMs();
  return { ...source, nowMs: () => now };
}
