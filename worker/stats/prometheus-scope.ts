// The metrics of all objects of one kind, written straight to where they are sent from. Goes on
// where it stopped for want of room, so that thousands of servers do not hold a thread up.
// Produced by prometheus.ts; an answer's applet asks for as much as it has room for.

import type { Batch } from '../../shared/segment/counters.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import type { Viewed } from '../memory/small.ts';
import type { MetricsRequest } from '../program.ts';
import type { PieceWriter } from '../stream/applet.ts';
import { ByteText } from './byte-text.ts';
import { keepList, type LabelList, takeList } from './label-list.ts';
import { MetricLines, noLine } from './metric-lines.ts';
import { formOf, isHttpOnly, type MetricForm } from './prometheus-lines.ts';
import { planOf, readNumbers } from './row-plan.ts';
import type { StatsSource, SubjectKind } from './source.ts';

/** Objects whose values are read together: they are written in some ten microseconds. */
const objectsAtOnce = 256;
/** Some of their values are sums over all of their servers. */
const backendsAtOnce = 8;

/** Columns of backends that go through all servers. */
const sumsOfServers: ReadonlySet<string> = new Set(['weight', 'uweight']);

/** Objects that are looked at in one call, whether they have something to write or not. */
const readsAtOnce = 2048;

export interface ObjectScope {
  readonly name: 'frontend' | 'listener' | 'backend' | 'server';
  readonly kind: SubjectKind;
}

/** One metric of all objects. */
export interface MetricColumn {
  readonly column: MetricDef;
  /** Its place among the columns of `show stat`. */
  readonly number: number;
  readonly name: string;
  /** A label, '' for columns that are no module's. */
  readonly module: string;
  /** Stands above the first line there is, '' when it stands above another metric already. */
  readonly head: string;
}

export class ScopeMetrics implements PieceWriter {
  private readonly source: StatsSource;
  private readonly request: MetricsRequest;
  private readonly scope: ObjectScope;
  private readonly columns: readonly MetricColumn[];
  private readonly list: LabelList;
  private readonly lines: MetricLines;
  private readonly batch: Batch;
  private readonly counts: number[];
  /** What is too long for where it should go, taken from here bit by bit. */
  private readonly long: ByteText;
  private longAt: number;
  /** Of `columns`, the one that is being written. */
  private at: number;
  /** Objects that may still be read before the next turn. */
  private reads: number;
  private form: MetricForm;

  constructor(
    source: StatsSource,
    request: MetricsRequest,
    scope: ObjectScope,
    columns: readonly MetricColumn[],
  ) {
    this.source = source;
    this.request = request;
    this.scope = scope;
    this.columns = columns;
    this.list = takeList(source, scope.name, request);
    const values = new Float64Array(objectsAtOnce);
    this.long = new ByteText(64);
    this.longAt = 0;
    this.lines = new MetricLines(this.list, values, this.long);
    this.batch = { objects: this.list.objects, from: 0, to: 0, values, valuesAt: 0 };
    this.counts = [];
    this.at = -1;
    this.reads = 0;
    this.form = formOf(columns[0].column, scope.kind);
    this.nextColumn();
  }

  get pauses(): boolean {
    return this.reads <= 0;
  }

  write(into: Viewed, at: number, room: number): number {
    if (!this.long.isEmpty) return this.takeLong(into, at, room);
    const { lines } = this;
    lines.aim(into, at, at + room);
    this.reads = readsAtOnce;
    for (;;) {
      while (this.reads > 0 && this.at < this.columns.length && this.advance());
      if (lines.at > at) return lines.at - at;
      if (this.at === this.columns.length) return -1;
      if (this.pauses) return 0;
      this.writeLong();
      if (!this.long.isEmpty) return this.takeLong(into, at, room);
      lines.aim(into, at, at + room);
    }
  }

  /** Writes what there is room for of the objects whose values are there; false: not all. */
  private advance(): boolean {
    const { lines, batch } = this;
    if (lines.index === batch.to && !this.read()) {
      this.nextColumn();
      return true;
    }
    this.put();
    return lines.index === batch.to;
  }

  private put(): void {
    const { lines, batch, form } = this;
    if (form.kind === 'number') lines.numbers(batch.to);
    else if (form.kind === 'seconds') lines.seconds(batch.to);
    else if (form.kind === 'states') lines.states(batch.to, form.states);
    else this.putCounts();
  }

  private putCounts(): void {
    const { lines, batch, form, counts, source, list } = this;
    if (form.kind !== 'counts') return;
    while (lines.index < batch.to && this.reads > 0) {
      counts.length = 0;
      for (let i = 0; i < form.states.length; i++) counts.push(0);
      const line = list.lines[lines.index];
      if (!form.count(source, line, counts)) lines.index++;
      else if (!lines.counts(form.states, counts)) return;
      // Once for each line: where there was no room, the same servers are counted again.
      this.reads -= line.proxy.servers.length;
    }
  }

  /** The next line, in memory that has room for it. */
  private writeLong(): void {
    const { lines, long, form } = this;
    const states = 'states' in form ? form.states.length : 1;
    const bytes = lines.bytesMax(states);
    long.need(bytes);
    lines.aim(long, 0, bytes);
    this.put();
    long.length = lines.at;
    this.longAt = 0;
  }

  private takeLong(into: Viewed, at: number, room: number): number {
    const { long, longAt } = this;
    const length = Math.min(room, long.length - longAt);
    into.bytes.set(long.bytes.subarray(longAt, longAt + length), at);
    this.longAt += length;
    if (this.longAt === long.length) long.length = 0;
    return length;
  }

  private nextColumn(): void {
    const { columns, lines, batch, scope } = this;
    this.at++;
    batch.from = 0;
    batch.to = 0;
    if (this.at === columns.length) {
      keepList(this.source, scope.name, this.request, this.list);
      return;
    }
    const { column, name, module, head } = columns[this.at];
    this.form = formOf(column, scope.kind);
    const label = this.form.kind === 'number' ? this.form.label : '';
    lines.begin(name, label, module, head);
  }

  /** Values of the next objects; false: there are no more. */
  private read(): boolean {
    const { batch, list, lines } = this;
    const from = batch.to;
    const to = list.reach(from + (this.scope.kind === 'B' ? backendsAtOnce : objectsAtOnce));
    if (to === from) return false;
    batch.objects = list.objects;
    batch.from = from;
    batch.to = to;
    this.reads -= this.workOf(from, to);
    lines.first = from;
    this.readValues();
    if (list.others > 0) this.maskOthers();
    return true;
  }

  /** Objects that are looked at for these values. */
  private workOf(from: number, to: number): number {
    const { column } = this.columns[this.at];
    if (this.scope.kind !== 'B' || !sumsOfServers.has(column.name)) return to - from;
    let servers = 0;
    for (let i = from; i < to; i++) servers += this.list.lines[i].proxy.servers.length;
    return servers;
  }

  private readValues(): void {
    const { source, form, batch, list } = this;
    const { number } = this.columns[this.at];
    const { from, to, values } = batch;
    if (form.kind === 'counts') return;
    if (form.read !== null) {
      for (let i = from; i < to; i++) values[i - from] = form.read(source, list.lines[i], number);
      return;
    }
    const reader = planOf(this.scope.kind, true)[number];
    if (reader === null) values.fill(Number.NaN);
    else readNumbers(source, list.lines, batch, reader);
  }

  /** Objects that do not speak HTTP have fewer metrics, and some that are empty. */
  private maskOthers(): void {
    const { batch, list, scope } = this;
    const { column, number } = this.columns[this.at];
    const { from, to, values } = batch;
    const isLeftOut = isHttpOnly(column);
    if (!isLeftOut && planOf(scope.kind, false)[number] !== null) return;
    for (let i = from; i < to; i++) {
      if (list.lines[i].proxy.mode === 'http') continue;
      values[i - from] = isLeftOut ? noLine : Number.NaN;
    }
  }
}
