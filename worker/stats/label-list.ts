// The objects of one kind in the order of the Prometheus output, with their labels as bytes in one
// block: what a scrape goes through once for each metric. Lists are kept between scrapes, so that
// labels are made once as long as the configuration stays what it is. Threads have their own.

import type { MetricScope, MetricsRequest } from '../program.ts';
import { Phrase } from './byte-text.ts';
import type { StatsSource, Subject } from './source.ts';
import { subjects, wholeSelection } from './table.ts';

/** Bits of StatSelection.types. */
const typesOf: Readonly<Partial<Record<MetricScope, number>>> = {
  frontend: 1,
  listener: 8,
  backend: 2,
  server: 4,
};

/** What stands behind all labels; what has one more label leaves it out. */
export const closed = '} ';

export class LabelList {
  readonly lines: Subject[];
  /** By line: object in the segment, first word of its labels and their length in bytes. */
  objects: Int32Array;
  starts: Int32Array;
  lengths: Int32Array;
  words: Float64Array;
  /** The same memory. */
  bytes: Uint8Array;
  /** Some labels may not be copied as floats (Phrase.odd). */
  hasOdd: boolean;
  longest: number;
  /** Lines that do not speak HTTP, so far. */
  others: number;
  /** Names that the labels were made of. */
  private readonly names: string[];
  private readonly proxyNames: string[];
  private readonly scope: MetricScope;
  private readonly withDescriptions: boolean;
  private wordsUsed: number;
  /** Lines that this scrape has come to. */
  private known: number;
  private more: Iterator<Subject> | null;

  constructor(scope: MetricScope, withDescriptions: boolean) {
    this.scope = scope;
    this.lines = [];
    this.objects = new Int32Array(linesFirst);
    this.starts = new Int32Array(linesFirst);
    this.lengths = new Int32Array(linesFirst);
    this.words = new Float64Array(linesFirst * 8);
    this.bytes = new Uint8Array(this.words.buffer);
    this.hasOdd = false;
    this.longest = 0;
    this.others = 0;
    this.names = [];
    this.proxyNames = [];
    this.withDescriptions = withDescriptions;
    this.wordsUsed = 0;
    this.known = 0;
    this.more = null;
  }

  /** A scrape begins: what is known is compared with what there is now as it goes along. */
  begin(source: StatsSource, hidesMaint: boolean): void {
    this.known = 0;
    this.others = 0;
    this.more = subjects(source, {
      ...wholeSelection,
      types: typesOf[this.scope] ?? 0,
      hidesMaint,
    });
  }

  /** All lines have been gone through. */
  get isWhole(): boolean {
    return this.more === null;
  }

  /** Goes on to `count` lines, or to as many as there are; returns how many there are. */
  reach(count: number): number {
    while (this.known < count && this.more !== null) {
      const next = this.more.next();
      if (next.done === true) {
        this.more = null;
        this.cut();
      } else if (!next.value.proxy.disabled) this.take(next.value);
    }
    return Math.min(count, this.known);
  }

  private take(line: Subject): void {
    const at = this.known;
    if (at < this.lines.length && !this.isSame(line, at)) this.cut();
    if (at < this.lines.length) this.lines[at] = line;
    else this.append(line);
    this.objects[at] = line.object;
    if (line.proxy.mode !== 'http') this.others++;
    this.known = at + 1;
  }

  private isSame({ proxy, server, listener }: Subject, at: number): boolean {
    const old = this.lines[at];
    return (
      old.server === server &&
      old.proxy === proxy &&
      old.listener === listener &&
      this.proxyNames[at] === proxy.name &&
      this.names[at] === (server?.name ?? '')
    );
  }

  /** Forgets what this scrape has not come to. */
  private cut(): void {
    const { known, lines } = this;
    if (lines.length === known) return;
    this.wordsUsed = this.starts[known];
    lines.length = known;
    this.names.length = known;
    this.proxyNames.length = known;
  }

  private append(line: Subject): void {
    const at = this.lines.length;
    this.lines.push(line);
    const { words, length, odd } = new Phrase(`${this.halves(at).join('')}${closed}`);
    if (at === this.objects.length) this.growLines();
    this.growWords(words.length);
    this.words.set(words, this.wordsUsed);
    this.starts[at] = this.wordsUsed;
    this.lengths[at] = length;
    this.wordsUsed += words.length;
    this.hasOdd ||= odd !== null;
    this.longest = Math.max(this.longest, length);
    this.names.push(line.server?.name ?? '');
    this.proxyNames.push(line.proxy.name);
  }

  private growLines(): void {
    const grown = (old: Int32Array): Int32Array => {
      const twice = new Int32Array(old.length * 2);
      twice.set(old);
      return twice;
    };
    this.objects = grown(this.objects);
    this.starts = grown(this.starts);
    this.lengths = grown(this.lengths);
  }

  private growWords(more: number): void {
    if (this.wordsUsed + more <= this.words.length) return;
    // As bytes: floats that are none might change.
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, (this.wordsUsed + more) * 8));
    grown.set(this.bytes);
    this.bytes = grown;
    this.words = new Float64Array(grown.buffer);
  }

  /** Labels of proxies end with a description, before which that of a module stands. */
  get describesProxies(): boolean {
    return this.withDescriptions && (this.scope === 'frontend' || this.scope === 'backend');
  }

  /** Labels before and behind that of a module, without their end. */
  halves(index: number): readonly [before: string, after: string] {
    const { proxy, server, listener, id } = this.lines[index];
    const isDescribed = this.withDescriptions && proxy.description !== '';
    const about = isDescribed ? `,desc="${escapeLabel(proxy.description)}"` : '';
    const own = `proxy="${escapeLabel(proxy.name)}"`;
    if (server !== null) return [`${own}${about},server="${escapeLabel(server.name)}"`, ''];
    if (listener === null) return [own, about];
    const name = proxy.binds[listener.bindIndex].name || `sock-${id}`;
    return [`${own}${about},listener="${escapeLabel(name)}"`, ''];
  }
}

const linesFirst = 64;

/** A value as it stands between the quotes of a label. */
export function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`));
}

/** By the numbers of objects, which a thread has once; then by scope and what labels tell. */
const kept = new WeakMap<StatsSource['objects'], Map<string, LabelList>>();

const keyOf = (scope: MetricScope, { withDescriptions }: MetricsRequest): string =>
  withDescriptions ? `${scope} desc` : scope;

/** A list for one scrape, which no other uses meanwhile. */
export function takeList(
  source: StatsSource,
  scope: MetricScope,
  request: MetricsRequest,
): LabelList {
  const lists = kept.get(source.objects);
  const key = keyOf(scope, request);
  const list = lists?.get(key) ?? new LabelList(scope, request.withDescriptions);
  lists?.delete(key);
  list.begin(source, request.hidesMaint);
  return list;
}

/** The scrape has ended: the next one may use it. */
export function keepList(
  source: StatsSource,
  scope: MetricScope,
  request: MetricsRequest,
  list: LabelList,
): void {
  let lists = kept.get(source.objects);
  if (lists === undefined) {
    lists = new Map();
    kept.set(source.objects, lists);
  }
  lists.set(keyOf(scope, request), list);
}
