// The contract of a statistic: one row per exported number, and the fields that rows occupy in a
// counter row. metrics.ts lists the rows; writers use `field.NAME`, readers and the output
// formats walk the rows.

/** Which objects have it: listener, frontend, backend, server. */
export type Scope = string;

/**
 * count   only grows; single writers, summed over all of them, dead ones too
 * rate    three fields (period start ms, this period, the one before), summed
 * last    a time in seconds of the shared clock; the latest of all writers; shown as an age
 * peak    a maximum, of live writers only
 * window  sum over the last 512 samples, a writer; shown as the average
 * gauge   how many now, of live writers only
 * made    not stored in counter rows: put together by whoever prints it
 */
export type MetricKind = 'count' | 'rate' | 'last' | 'peak' | 'window' | 'gauge' | 'made';

export interface MetricDef {
  /** The column or line name, as HAProxy prints it. Rows that are stored only start with '-'. */
  readonly name: string;
  /** Name in Prometheus style, '' for none. */
  readonly altName: string;
  /** Letters of L F B S (listener, frontend, backend, server), P for the process; '': all. */
  readonly scope: Scope;
  readonly kind: MetricKind;
  /** Origin, nature, scope and type of the typed output (management.txt 9.1), e.g. 'MCP:u64'. */
  readonly typed: string;
  readonly help: string;
}

/** A row as the tables write it: the members of MetricDef in order. */
export type MetricRow = readonly [string, string, Scope, MetricKind, string, string];

/** Names of rows that occupy a field. */
export type StoredName<Row extends MetricRow> = Row extends readonly [
  infer Name extends string,
  string,
  string,
  infer Kind,
  ...unknown[],
]
  ? Kind extends 'made'
    ? never
    : Name
  : never;

/** A row of a metric table, by names. */
export function metric(row: MetricRow): MetricDef {
  const [name, altName, scope, kind, typed, help] = row;
  return { name, altName, scope, kind, typed, help };
}

export const rateFields = 3;

function fieldsOf(kind: MetricKind): number {
  if (kind === 'made') return 0;
  return kind === 'rate' ? rateFields : 1;
}

/**
 * Gives every stored row its place, in row order. Twins and too many fields are mistakes of ours.
 */
export function assignFields(
  rows: readonly MetricDef[],
  limit: number,
): Readonly<Record<string, number>> {
  const fields: Record<string, number> = {};
  const seen = new Set<string>();
  let next = 0;
  for (const row of rows) {
    if (seen.has(row.name)) throw new Error(`metric '${row.name}' is declared twice`);
    seen.add(row.name);
    const width = fieldsOf(row.kind);
    if (width > 0) fields[row.name] = next;
    next += width;
  }
  if (next > limit) throw new Error(`metrics need ${next} fields of ${limit}`);
  return Object.freeze(fields);
}

/** Stored rows as text, in the order of their fields: what a segment says about its rows. */
export function fieldNames(rows: readonly MetricDef[]): string {
  const stored = rows.filter(({ kind }) => kind !== 'made');
  return stored
    .map(({ name, kind }) => (kind === 'rate' ? `${name}*${rateFields}` : name))
    .join('\n');
}

/** The way back from that text: fields by name. */
export function fieldsOfNames(names: string): Readonly<Record<string, number>> {
  const fields: Record<string, number> = {};
  let next = 0;
  for (const line of names.split('\n')) {
    const [name, width = '1'] = line.split('*');
    fields[name] = next;
    next += Number(width);
  }
  return fields;
}
