// The numbers of `show info` and `show stat` in Prometheus' text format, with the reference's
// metric names, labels and order. A proxy thread asks for it piece by piece, some fifty lines at
// most, so that thousands of servers do not hold the others up. Reads the segment only.

import type { MetricDef } from '../../shared/segment/metric.ts';
import { fixedColumns, infoLines, statColumns } from '../../shared/segment/metrics.ts';
import { compatibilityVersion } from '../../shared/config/features.ts';
import { nameCounters, nameCountsOf } from '../../shared/segment/name-counters.ts';
import type { MetricScope, MetricsRequest } from '../program.ts';
import type { StickTables } from '../tables/tracking.ts';
import { ByteText } from './byte-text.ts';
import { MetricLines, type ObjectLabels, objectLabels } from './metric-lines.ts';
import { processInfo } from './process-info.ts';
import { isHttpOnly, type Labels, specialLines } from './prometheus-lines.ts';
import { atOneInstant, type RowPlan, rowPlan } from './row-plan.ts';
import type { StatsSource, Subject } from './source.ts';
import { infoValues, subjects, wholeSelection } from './table.ts';

/** Of one piece: some fifty microseconds. */
const pieceBytes = 8192;

/** The whole answer to `request`. */
export function* metricPieces(
  live: StatsSource,
  tables: StickTables | undefined,
  request: MetricsRequest,
): Generator<string | Uint8Array> {
  const source = atOneInstant(live);
  const keeps = [...request.filters.values()].includes(false);
  const isKept = (name: string): boolean => !(request.filters.get(name) ?? keeps);
  if (request.scopes.has('global')) yield processMetrics(source, request, isKept);
  for (const scope of objectScopes) {
    if (request.scopes.has(scope.name)) yield* objectMetrics(source, request, scope, isKept);
  }
  if (request.scopes.has('sticktable') && tables !== undefined) {
    yield tableMetrics(tables, isKept);
  }
  if (request.scopes.has('resolver')) yield* resolverMetrics(source, isKept);
}

interface ObjectScope {
  readonly name: MetricScope;
  readonly kind: Subject['kind'];
  /** Bits of StatSelection.types. */
  readonly types: number;
}

/** In the order of the output. */
const objectScopes: readonly ObjectScope[] = [
  { name: 'frontend', kind: 'F', types: 1 },
  { name: 'listener', kind: 'L', types: 8 },
  { name: 'backend', kind: 'B', types: 2 },
  { name: 'server', kind: 'S', types: 4 },
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

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
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

function* objectMetrics(
  source: StatsSource,
  request: MetricsRequest,
  scope: ObjectScope,
  isKept: IsKept,
): Generator<Uint8Array> {
  const list = new LabelledLines(source, request, scope);
  const out = new MetricLines(new ByteText(pieceBytes));
  const columns = request.withModules ? statColumns : statColumns.slice(0, fixedColumns);
  for (let number = 0; number < columns.length; number++) {
    const column = columns[number];
    const isModule = number >= fixedColumns;
    const title = isModule ? column.name : (names[scope.name]?.[column.name] ?? column.altName);
    const name = `haproxy_${scope.name}_${title}`;
    if (title === '' || !isKept(name)) continue;
    if (column.scope !== '' && !column.scope.includes(scope.kind)) continue;
    const module = isModule ? `,mod="${moduleOf(column.name)}"` : '';
    yield* columnMetrics(source, out, list, { column, number, name, module });
  }
  if (!out.text.isEmpty) yield out.text.lend();
}

/** Servers have their own names for two columns that backends share. */
const names: Readonly<Partial<Record<MetricScope, Readonly<Record<string, string>>>>> = {
  server: { act: 'active', bck: 'backup' },
};

/** An object with its labels. */
interface LabelledLine {
  readonly line: Subject;
  readonly labels: ObjectLabels;
  readonly plan: RowPlan;
}

/** The objects of one scope, made as the first metric comes to them and kept for the others. */
class LabelledLines {
  private readonly made: LabelledLine[];
  private readonly more: Iterator<Subject>;
  private readonly withDescriptions: boolean;

  constructor(source: StatsSource, request: MetricsRequest, { types }: ObjectScope) {
    this.made = [];
    this.more = subjects(source, { ...wholeSelection, types, hidesMaint: request.hidesMaint });
    this.withDescriptions = request.withDescriptions;
  }

  at(index: number): LabelledLine | null {
    return index < this.made.length ? this.made[index] : this.next(index);
  }

  private next(index: number): LabelledLine | null {
    while (index >= this.made.length) {
      const next = this.more.next();
      if (next.done === true) return null;
      if (!next.value.proxy.disabled) this.made.push(this.label(next.value));
    }
    return this.made[index];
  }

  private label(line: Subject): LabelledLine {
    const { proxy, server, listener } = line;
    const own = `proxy="${escapeLabel(proxy.name)}"`;
    const isDescribed = this.withDescriptions && proxy.description !== '';
    const about = isDescribed ? `,desc="${escapeLabel(proxy.description)}"` : '';
    if (server !== null) {
      return labelled(line, `${own}${about},server="${escapeLabel(server.name)}"`);
    }
    if (listener === null) return labelled(line, own, about);
    const name = proxy.binds[listener.bindIndex].name || `sock-${line.id}`;
    return labelled(line, `${own}${about},listener="${escapeLabel(name)}"`);
  }
}

function labelled(line: Subject, before: string, after = ''): LabelledLine {
  const plan = rowPlan(line);
  const owner = line.server ?? line.listener ?? line.proxy;
  const known = knownLabels.get(owner);
  if (known?.before === before && known.after === after) return { line, labels: known, plan };
  const labels = objectLabels(before, after);
  knownLabels.set(owner, labels);
  return { line, labels, plan };
}

/** Of objects that were asked for before: their bytes are made again when a name has changed. */
const knownLabels = new WeakMap<object, ObjectLabels>();

interface ColumnPlan {
  readonly column: MetricDef;
  /** Its place among the columns of `show stat`. */
  readonly number: number;
  readonly name: string;
  /** A label, '' for columns that are no module's. */
  readonly module: string;
}

/** One metric of every object; its head stands above the first line there is. */
function* columnMetrics(
  source: StatsSource,
  out: MetricLines,
  list: LabelledLines,
  { column, number, name, module }: ColumnPlan,
): Generator<Uint8Array> {
  // Classes of responses are one metric with a label: only the first has a head.
  const isHeaded = column.altName !== 'http_responses_total' || column.name === 'hrsp_1xx';
  out.begin(name, module, isHeaded ? head(name, column) : '');
  const write = specialLines(column);
  const skips = isHttpOnly(column);
  for (let index = 0; ; index++) {
    const next = list.at(index);
    if (next === null) return;
    const { line, labels, plan } = next;
    if (skips && line.proxy.mode !== 'http') continue;
    out.object(labels);
    if (write !== null) write(out, source, line, number);
    else out.number(plan[number]?.(source, line, true) ?? null);
    if (out.text.isFull) yield out.text.lend();
  }
}

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
