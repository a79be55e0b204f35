// Every stored number of the segment and its field in a counter row. Hot code takes `field.NAME`
// (a constant after start); readers walk the rows. New numbers are rows of metrics-proxy.ts
// (columns of `show stat`) or metrics-info.ts (lines of `show info`).

import { rowFields } from './layout.ts';
import { assignFields, fieldNames, type MetricDef } from './metric.ts';
import { type InfoFieldName, infoMetrics } from './metrics-info.ts';
import { type ModuleFieldName, moduleMetrics } from './metrics-modules.ts';
import { type ProxyFieldName, proxyMetrics, storedMetrics } from './metrics-proxy.ts';

const allMetrics: readonly MetricDef[] = [
  ...proxyMetrics,
  ...storedMetrics,
  ...moduleMetrics,
  ...infoMetrics,
];

/** Columns of `show stat` in order; the fixed ones come first, then those of the modules. */
export const statColumns: readonly MetricDef[] = [...proxyMetrics, ...moduleMetrics];
export const fixedColumns = proxyMetrics.length;
export { infoMetrics as infoLines } from './metrics-info.ts';

export type FieldName = ProxyFieldName | ModuleFieldName | InfoFieldName;

/**
 * Index of each stored number within a row. A rate takes three fields from there: count it with
 * `countRate(counters.values, row + field.rate, nowMs, 1)`.
 */
// The rows were checked against the type above by their tables; assignFields only adds the
// numbers.
export const field = assignFields(allMetrics, rowFields) as Readonly<Record<FieldName, number>>;

/** Fields that a new owner of a row must not inherit: gauges, maxima, averages. */
export const transientFields: readonly number[] = allMetrics
  .filter((row) => row.kind === 'gauge' || row.kind === 'peak' || row.kind === 'window')
  .map((row) => field[row.name as FieldName]);

/** Names of all fields in their order, for the header of a segment. */
export const fieldNameText = fieldNames(allMetrics);

/** Rows of `kind`, by name. */
export const storedRows: ReadonlyMap<string, MetricDef> = new Map(
  allMetrics.filter(({ kind }) => kind !== 'made').map((row) => [row.name, row]),
);
