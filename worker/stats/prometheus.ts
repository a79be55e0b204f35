// The numbers of `show info` and `show stat` in Prometheus' text format, with the reference's
// metric names, labels and order. A proxy thread asks for it piece by piece, so that thousands of
// servers do not hold the others up. Reads the segment only.

import type { MetricDef } from '../../shared/segment/metric.ts';
import { fixedColumns, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import { compatibilityVersion } from '../../shared/config/features.ts';
import { nameCounters, nameCountsOf } from '../../shared/segment/name-counters.ts';
import type { MetricScope, MetricsRequest } from '../program.ts';
import type { PieceWriter } from '../stream/applet.ts';
import type { StickTables } from '../tables/tracking.ts';
import { escapeLabel } from './label-list.ts';
import { NextTurn } from './next-turn.ts';
import { processInfo } from './process-info.ts';
import { type MetricColumn, type ObjectScope, ScopeMetrics } from './prometheus-scope.ts';
import { atOneInstant } from './row-plan.ts';
import type { StatsSource } from './source.ts';
import { infoValues } from './table.ts';

type Labels = readonly (readonly [name: string, value: string])[];

/** The whole answer to `request`. */
export function* metricPieces(
  live: StatsSource,
  tables: StickTables | undefined,
  request: MetricsRequest,
): Generator<string | PieceWriter> {
  const source = atOneInstant(live);
  const keeps = [...request.filters.values()].includes(false);
  const isKept = (name: string): boolean => !(request.filters.get(name) ?? keeps);
  // What each part begins with takes some hundred microseconds, as does the request before it.
  yield new NextTurn();
  if (request.scopes.has('global')) yield processMetrics(source, request, isKept);
  for (const scope of objectScopes) {
    if (!request.scopes.has(scope.name)) continue;
    const columns = columnsOf(scope, request.withModules, isKept);
    if (columns.length === 0) continue;
    yield new NextTurn();
    yield new ScopeMetrics(source, request, scope, columns);
  }
  if (request.scopes.has('sticktable') && tables !== undefined) {
    yield tableMetrics(tables, isKept);
  }
  if (request.scopes.has('resolver')) yield* resolverMetrics(source, isKept);
}

/** In the order of the output. */
const objectScopes: readonly ObjectScope[] = [
  { name: 'frontend', kind: 'F' },
  { name: 'listener', kind: 'L' },
  { name: 'backend', kind: 'B' },
  { name: 'server', kind: 'S' },
];

type IsKept = (name: string) => boolean;

/** What Prometheus calls a counter where `show info` says otherwise. */
const infoCounters: ReadonlySet<string> = new Set(
  (
    'PipesUsed PipesFree CompressBpsIn CompressBpsOut DroppedLogs FailedResolutions TotalBytesOut ' +
    'TotalSplicedBytesOut'
  ).split(' '),
);

const typeOf = ({ typed, name }: MetricDef): string =>
  typed.charAt(1) === 'C' || infoCounters.has(name) ? 'counter' : 'gauge';

function head(name: string, column: MetricDef): string {
  return `# HELP ${name} ${column.help}\n# TYPE ${name} ${typeOf(column)}\n`;
}

function labelText(labels: Labels): string {
  if (labels.length === 0) return '';
  const pairs = labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return `{${pairs.join(',')}}`;
}

function processMetrics(source: StatsSource, request: MetricsRequest, isKept: IsKept): string {
  const values = infoValues(source);
  const { node, description } = processInfo(source);
  const about: Labels =
    typeof description === 'string' && description !== '' ? [['desc', description]] : [];
  /** Lines that are texts: a label says what they are, their value is 1. */
  const texts: Readonly<Record<string, Labels>> = {
    node: [['node', String(node ?? '')]],
    description: [],
    'Build info': [['version', compatibilityVersion]],
  };
  let text = '';
  infoLines.forEach((row, i) => {
    const name = `haproxy_process_${row.altName}`;
    if (row.altName === '' || !isKept(name)) return;
    if (row.name === 'description' && about.length === 0) return;
    const own = texts[row.name];
    const shown = request.withDescriptions || row.name === 'description' ? about : [];
    const value = own === undefined ? (values[i] ?? 'NaN') : 1;
    text += `${head(name, row)}${name}${labelText([...(own ?? []), ...shown])} ${value}\n`;
  });
  return text;
}

function columnsOf(scope: ObjectScope, withModules: boolean, isKept: IsKept): MetricColumn[] {
  const columns = withModules ? statColumns : statColumns.slice(0, fixedColumns);
  const list: MetricColumn[] = [];
  columns.forEach((column, number) => {
    const isModule = number >= fixedColumns;
    const title = isModule ? column.name : (names[scope.name]?.[column.name] ?? column.altName);
    const name = `haproxy_${scope.name}_${title}`;
    if (title === '' || !isKept(name)) return;
    if (column.scope !== '' && !column.scope.includes(scope.kind)) return;
    const module = isModule ? `,mod="${moduleOf(column.name)}"` : '';
    // Classes of responses are one metric with a label: only the first has a head.
    const isHeaded = column.altName !== 'http_responses_total' || column.name === 'hrsp_1xx';
    list.push({ column, number, name, module, head: isHeaded ? head(name, column) : '' });
  });
  return list;
}

/** Servers have their own names for two columns that backends share. */
const names: Readonly<Partial<Record<MetricScope, Readonly<Record<string, string>>>>> = {
  server: { act: 'active', bck: 'backup' },
};

/** ssl_sess is of module ssl. */
function moduleOf(column: string): string {
  const first = column.split('_')[0];
  return first === 'pack' || first === 'qpack' ? 'h3' : first;
}

const tableRows: readonly (readonly [string, string])[] = [
  ['size', 'entries that the table can hold'],
  ['used', 'entries that it holds'],
];

function tableMetrics(tables: StickTables, isKept: IsKept): string {
  let text = '';
  for (const [title, help] of tableRows) {
    const name = `haproxy_sticktable_${title}`;
    if (!isKept(name)) continue;
    let isFirst = true;
    for (const table of tables.list) {
      if (table === null) continue;
      if (isFirst) text += `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
      isFirst = false;
      const { shape } = table.policy;
      const labels: Labels = [
        ['name', table.name],
        ['type', shape.keyType],
      ];
      const value = title === 'size' ? shape.size : table.used;
      text += `${name}${labelText(labels)} ${value}\n`;
    }
  }
  return text;
}

/** One metric a piece. */
function* resolverMetrics({ model, nameCounters: memory }: StatsSource, isKept: IsKept) {
  const servers = model.resolvers.flatMap((section) =>
    section.nameservers.map(
      (one): Labels => [
        ['resolver', section.name],
        ['nameserver', one.name],
      ],
    ),
  );
  if (servers.length === 0) return;
  for (const { title, help, index } of nameCounters) {
    const name = `haproxy_resolver_${title}`;
    if (!isKept(name)) continue;
    let text = `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
    for (const [number, labels] of servers.entries()) {
      text += `${name}${labelText(labels)} ${nameCountsOf(memory, number).values[index]}\n`;
    }
    yield text;
  }
}
