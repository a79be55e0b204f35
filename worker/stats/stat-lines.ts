// Lines of `show stat` as bytes, in the three formats (management.txt 9.1, 9.3): some lines of one
// kind at a time, whose numbers are read column by column and then written row by row. Called by
// table.ts. A format is what stands around the values; which columns there are is row-plan.ts's.

import type { Batch } from '../../shared/segment/counters.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { fixedColumns, statColumns } from '../../shared/segment/metrics.ts';
import { type ByteText, numberBytesMax, Phrase, writeNumber, writePhrase } from './byte-text.ts';
import { cellTags, jsonDescription, jsonText } from './format.ts';
import { type ColumnReader, planOf, readNumbers, type RowPlan } from './row-plan.ts';
import type { StatsSource, Subject, SubjectKind } from './source.ts';

export type StatsFormat = 'csv' | 'typed' | 'json';

/** A column that may have a value, and what stands before and behind it. */
interface Cell {
  readonly reader: ColumnReader;
  readonly isText: boolean;
  readonly before: Phrase;
  readonly after: Phrase;
  /** What `after` is where it is one byte, -1: it is more. */
  readonly afterByte: number;
}

interface FormatDef {
  /** An empty cell is seen. */
  readonly showsEmpty: boolean;
  /** Before each value; of one line. */
  readonly head: (line: Subject) => string;
  readonly before: (column: MetricDef, number: number, kind: SubjectKind) => string;
  readonly after: (column: MetricDef, withHelp: boolean) => string;
  /** Between cells, and between lines. */
  readonly between: string;
  readonly begin: string;
  readonly end: string;
  readonly text: (out: ByteText, value: string) => void;
  /** About 32 KB, which are written well below a millisecond. */
  readonly linesAtOnce: number;
}

const objectNames = { F: 'Frontend', B: 'Backend', S: 'Server', L: 'Listener' } as const;

const formats: Readonly<Record<StatsFormat, FormatDef>> = {
  csv: {
    showsEmpty: true,
    head: () => '',
    before: () => '',
    after: () => ',',
    between: '',
    begin: '',
    end: '\n',
    text: (out, value) => out.csv(value),
    linesAtOnce: 64,
  },
  typed: {
    showsEmpty: false,
    head: ({ kind, proxy, id }) => `${kind}.${proxy.id}.${id}.`,
    before: (column, number, kind) =>
      `${number}.${column.name}.1:${cellTags(typedTags(column, kind), keptOf(column, number))}`,
    after: ({ help }, withHelp) => (withHelp ? `:"${help}"\n` : '\n'),
    between: '',
    begin: '',
    end: '',
    text: (out, value) => out.text(value),
    linesAtOnce: 12,
  },
  json: {
    showsEmpty: false,
    head: ({ kind, proxy, id }) =>
      `{"objType":"${objectNames[kind]}","proxyId":${proxy.id},"id":${id},`,
    before: (column, number, kind) => jsonDescription(number, column.name, typedTags(column, kind)),
    after: () => '}}',
    between: ',',
    begin: '[',
    end: ']',
    text: (out, value) => out.text(jsonText(value)),
    linesAtOnce: 2,
  },
};

/** Made of what is counted. */
const persistentMade = new Set(['bin', 'bout', 'lastchg']);

/** What goes on over reloads: counted, not measured. */
function keptOf(column: MetricDef, number: number): 'P' | 'V' {
  const goesOn = ['count', 'rate', 'last'].includes(column.kind) || persistentMade.has(column.name);
  return goesOn && number < fixedColumns ? 'P' : 'V';
}

/** The few columns whose meaning differs with the kind of line. */
function typedTags(column: MetricDef, kind: SubjectKind): string {
  if (kind === 'S' && (column.name === 'act' || column.name === 'bck')) return 'SGP:u32';
  if (kind === 'B' && column.name === 'rate_max') return 'MGP:u32';
  return column.typed;
}

/** The first line of CSV. */
export function csvHeader(): string {
  const names = statColumns.map((column) => `${column.name},`);
  names.splice(fixedColumns, 0, '-,');
  return `# ${names.join('')}\n`;
}

/** Of one format, and one kind of line. */
interface LinePlan {
  readonly cells: readonly Cell[];
  /** Of a line without its texts, at most. */
  readonly bytesMax: number;
}

interface Draft {
  readonly reader: ColumnReader;
  readonly before: string;
  after: string;
}

function linePlan(format: StatsFormat, withHelp: boolean, kind: SubjectKind, plan: RowPlan) {
  const { before, after, showsEmpty } = formats[format];
  const drafts: Draft[] = [];
  statColumns.forEach((column, number) => {
    const last = drafts.at(-1);
    // A '-' stands between the fixed columns of CSV and those of modules.
    if (format === 'csv' && number === fixedColumns && last !== undefined) last.after += '-,';
    const reader = plan[number];
    const behind = after(column, withHelp);
    if (reader !== null)
      drafts.push({ reader, before: before(column, number, kind), after: behind });
    else if (showsEmpty && last !== undefined) last.after += behind;
  });
  return drafts.map((cell) => ({
    reader: cell.reader,
    isText: cell.reader.isText,
    before: new Phrase(cell.before),
    after: new Phrase(cell.after),
    afterByte: cell.after.length === 1 ? cell.after.charCodeAt(0) : -1,
  }));
}

const linePlans = new Map<string, LinePlan>();

/** Longest `head` and what else stands in a cell. */
const headBytesMax = 120;

function planFor(format: StatsFormat, withHelp: boolean, line: Subject): LinePlan {
  const isHttp = line.proxy.mode === 'http';
  const key = `${format} ${withHelp} ${line.kind} ${isHttp}`;
  let plan = linePlans.get(key);
  if (plan === undefined) {
    const cells = linePlan(format, withHelp, line.kind, planOf(line.kind, isHttp));
    const constant = cells.reduce(
      (sum, { before, after }) => sum + before.length + after.length,
      0,
    );
    plan = { cells, bytesMax: constant + (cells.length + 1) * (headBytesMax + numberBytesMax) };
    linePlans.set(key, plan);
  }
  return plan;
}

export class StatLines {
  readonly out: ByteText;
  private readonly source: StatsSource;
  private readonly name: StatsFormat;
  private readonly format: FormatDef;
  private readonly withHelp: boolean;
  private readonly isOperator: boolean;
  private readonly between: Phrase;
  /** Of the line that is being written. */
  private readonly head: Phrase;
  /** Lines of one kind that wait. */
  private readonly lines: Subject[];
  private plan: LinePlan | null;
  private isFirst: boolean;
  /** Column after column, `linesAtOnce` values each. */
  private readonly batch: Batch;

  constructor(
    source: StatsSource,
    out: ByteText,
    {
      format,
      withHelp,
      isOperator,
    }: {
      readonly format: StatsFormat;
      readonly withHelp: boolean;
      readonly isOperator: boolean;
    },
  ) {
    this.source = source;
    this.out = out;
    this.name = format;
    this.format = formats[format];
    this.withHelp = withHelp;
    this.isOperator = isOperator;
    this.between = new Phrase(this.format.between);
    this.head = new Phrase(' '.repeat(headBytesMax));
    this.lines = [];
    this.plan = null;
    this.isFirst = true;
    const { linesAtOnce } = this.format;
    const values = new Float64Array(linesAtOnce * statColumns.length);
    this.batch = { objects: new Int32Array(linesAtOnce), from: 0, to: 0, values, valuesAt: 0 };
  }

  /** One more line; it is written with others of its kind. */
  add(line: Subject): void {
    const { lines, batch } = this;
    const plan = planFor(this.name, this.withHelp, line);
    if (plan !== this.plan || lines.length === this.format.linesAtOnce) this.flush();
    this.plan = plan;
    batch.objects[lines.length] = line.object;
    lines.push(line);
  }

  /** Writes what waits. */
  flush(): void {
    const { lines, batch, plan, source, format } = this;
    if (plan === null) return;
    const { cells } = plan;
    batch.to = lines.length;
    for (let i = 0; i < cells.length; i++) {
      batch.valuesAt = i * format.linesAtOnce;
      if (!cells[i].reader.isText) readNumbers(source, lines, batch, cells[i].reader);
    }
    for (let i = 0; i < lines.length; i++) this.write(lines[i], i, plan);
    lines.length = 0;
    this.plan = null;
  }

  private write(line: Subject, index: number, { cells, bytesMax }: LinePlan): void {
    const { out, format, source, isOperator, between, batch } = this;
    const { values } = batch;
    const { showsEmpty, linesAtOnce } = format;
    if (!this.isFirst) out.phrase(between);
    this.isFirst = false;
    out.text(format.begin);
    out.need(bytesMax);
    this.head.set(format.head(line));
    const first = out.length;
    let at = first;
    for (let i = 0; i < cells.length; i++) {
      const { isText, before, after, afterByte } = cells[i];
      const number = isText ? 0 : values[i * linesAtOnce + index];
      const text = isText ? cells[i].reader.read(source, line, isOperator) : null;
      const isEmpty = isText ? text === null : Number.isNaN(number);
      if (!showsEmpty) {
        if (isEmpty) continue;
        if (at > first) at = writePhrase(out, at, between);
        at = writePhrase(out, writePhrase(out, at, this.head), before);
      }
      if (text !== null) {
        out.length = at;
        format.text(out, typeof text === 'string' ? text : String(text));
        out.need(bytesMax);
        at = out.length;
      } else if (!isEmpty) at = writeNumber(out.bytes, at, number);
      if (afterByte >= 0) out.bytes[at++] = afterByte;
      else at = writePhrase(out, at, after);
    }
    out.length = at;
    out.text(format.end);
  }
}
