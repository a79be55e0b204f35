// Lines of the Prometheus output as bytes: `name{labels} value`. The name stands for a whole
// column, the labels for an object, and both are made once (label-list.ts); a line is copied
// together from them where it is to be sent from. Called by prometheus-scope.ts.

import type { Viewed } from '../memory/small.ts';
import { numberBytesMax, Phrase, slackBytes, writeNumber, writePhrase } from './byte-text.ts';
import { closed, type LabelList } from './label-list.ts';

/** As a value: the object has no such line. Empty, which is written as NaN, is NaN. */
export const noLine = -Infinity;

const lineFeed = 0x0a;
const point = 0x2e;
const zero = 0x30;
const empty = new Phrase('NaN');
const noText = new Phrase('');
const zeroes = new Phrase('000\n');

/** One of several states. */
export interface StateDef {
  readonly name: string;
  /** Rests of lines behind the labels: up to the value, and with it. */
  readonly label: Phrase;
  readonly is: Phrase;
  readonly isNot: Phrase;
}

export const statesOf = (...names: readonly string[]): readonly StateDef[] =>
  names.map((name) => {
    const label = `,state="${name}"${closed}`;
    return {
      name,
      label: new Phrase(label),
      is: new Phrase(`${label}1\n`),
      isNot: new Phrase(`${label}0\n`),
    };
  });

/** Longest rest of a line: label, value, line feed. */
const restBytesMax = 40 + numberBytesMax + 1;

/**
 * Writes lines of one metric for objects of a list: from `index` on as far as there is room.
 * Whoever calls aims it at memory first; `index` and `at` tell how far it has come.
 */
export class MetricLines {
  readonly list: LabelList;
  /** Of the objects from `first` on: what is read for one metric at a time. */
  readonly values: Float64Array;
  first: number;
  /** The object that comes next. */
  index: number;
  /** Where the next byte stands. */
  at: number;
  private into: Viewed;
  private end: number;
  /** What goes before the first line, if there is one. */
  private head: Phrase;
  private name: Phrase;
  /** One more label and the end of all of them; empty: the labels end by themselves. */
  private tail: Phrase;
  /** A label that stands among those of the object, '' mostly. */
  private module: string;

  constructor(list: LabelList, values: Float64Array, into: Viewed) {
    this.list = list;
    this.values = values;
    this.first = 0;
    this.index = 0;
    this.at = 0;
    this.into = into;
    this.end = 0;
    this.head = noText;
    this.name = noText;
    this.tail = noText;
    this.module = '';
  }

  /** What follows is written from `at` up to `end`. */
  aim(into: Viewed, at: number, end: number): void {
    this.into = into;
    this.at = at;
    this.end = end;
  }

  /** What follows is of this metric; `label` as `,code="1xx"`, '' for none, and `module` too. */
  begin(name: string, label: string, module: string, head: string): void {
    const isInner = module !== '' && this.list.describesProxies;
    const last = isInner ? label : `${label}${module}`;
    this.head = new Phrase(head);
    this.name = new Phrase(`${name}{`);
    this.tail = last === '' ? noText : new Phrase(`${last}${closed}`);
    this.module = isInner ? module : '';
    this.index = 0;
  }

  /** Room for the lines of one object, of which there may be `count`. */
  bytesMax(count: number): number {
    const { name, list, tail, module } = this;
    const line = name.length + list.longest + tail.length + module.length + restBytesMax;
    return this.head.length + count * line + slackBytes;
  }

  private begun(): void {
    if (this.head.length === 0) return;
    this.at = writePhrase(this.into, this.at, this.head);
    this.head = noText;
  }

  /** Name and labels, without their end. */
  private open(): void {
    const { into, list, index, name } = this;
    const at = writePhrase(into, this.at, name);
    this.at = writeLabels(into, at, list, index) - closed.length;
  }

  /** One number each, for the objects up to `to`. */
  numbers(to: number): void {
    const { list, values, first, into, name, tail } = this;
    const cut = tail.length === 0 ? 0 : closed.length;
    while (this.index < to && this.at + this.bytesMax(1) <= this.end) {
      if (this.head.length === 0 && this.module === '' && !list.hasOdd) {
        this.plainNumbers(to, cut);
        return;
      }
      const value = values[this.index - first];
      if (value !== noLine) {
        this.begun();
        let at = writePhrase(into, this.at, name);
        if (this.module !== '') at = this.insert(at);
        else at = writePhrase(into, writeLabels(into, at, list, this.index) - cut, tail);
        this.at = writeValue(into, at, value);
      }
      this.index++;
    }
  }

  /** The same where nothing but numbers changes from line to line: most of a scrape. */
  private plainNumbers(to: number, cut: number): void {
    const { values, first, into, tail } = this;
    const { words, starts, lengths } = this.list;
    const { words: name, length: nameLength } = this.name;
    const { bytes, view } = into;
    const last = this.end - this.bytesMax(1);
    let { at, index } = this;
    for (; index < to && at <= last; index++) {
      const value = values[index - first];
      if (value === noLine) continue;
      for (let i = 0; i < name.length; i++) view.setFloat64(at + (i << 3), name[i], true);
      at += nameLength;
      const start = starts[index];
      const length = lengths[index];
      const end = start + ((length + 7) >> 3);
      let to8 = at;
      for (let i = start; i < end; i++, to8 += 8) view.setFloat64(to8, words[i], true);
      at += length - cut;
      if (cut !== 0) at = writePhrase(into, at, tail);
      if (value >= 0 && value < 10 && value === value >>> 0) {
        bytes[at] = zero + value;
        bytes[at + 1] = lineFeed;
        at += 2;
      } else at = writeValue(into, at, value);
    }
    this.at = at;
    this.index = index;
  }

  /** Labels with the module's before the description, which is the last one of a proxy. */
  private insert(from: number): number {
    const { into, list, index, module } = this;
    const [before, after] = list.halves(index);
    const labels = new Phrase(`${before}${module}${after}${closed}`);
    return writePhrase(into, from, labels);
  }

  /** Milliseconds as seconds with six places. */
  seconds(to: number): void {
    const { list, values, first, into, name } = this;
    while (this.index < to && this.at + this.bytesMax(1) <= this.end) {
      const value = values[this.index - first];
      if (value !== noLine) {
        this.begun();
        const at = writeLabels(into, writePhrase(into, this.at, name), list, this.index);
        this.at = writeSeconds(into, at, value);
      }
      this.index++;
    }
  }

  /** A line per state, 1 for the one whose number is the value. */
  states(to: number, states: readonly StateDef[]): void {
    const { values, first, into } = this;
    while (this.index < to && this.at + this.bytesMax(states.length) <= this.end) {
      const value = values[this.index - first];
      if (value !== noLine) {
        this.begun();
        for (let i = 0; i < states.length; i++) {
          this.open();
          this.at = writePhrase(into, this.at, i === value ? states[i].is : states[i].isNot);
        }
      }
      this.index++;
    }
  }

  /** A line per state with a count, of the next object; false: there is no room. */
  counts(states: readonly StateDef[], counts: ArrayLike<number>): boolean {
    if (this.at + this.bytesMax(states.length) > this.end) return false;
    const { into } = this;
    this.begun();
    for (let i = 0; i < states.length; i++) {
      this.open();
      const at = writePhrase(into, this.at, states[i].label);
      this.at = writeNumber(into.bytes, at, counts[i]);
      into.bytes[this.at++] = lineFeed;
    }
    this.index++;
    return true;
  }
}

/** Labels of an object with their end; returns where they end. */
function writeLabels({ bytes, view }: Viewed, at: number, list: LabelList, index: number): number {
  const length = list.lengths[index];
  const start = list.starts[index];
  const { words } = list;
  if (list.hasOdd) {
    const from = start << 3;
    for (let i = 0; i < length; i++) bytes[at + i] = list.bytes[from + i];
  } else {
    const count = (length + 7) >> 3;
    for (let i = 0; i < count; i++) view.setFloat64(at + (i << 3), words[start + i], true);
  }
  return at + length;
}

/** With the end of the line. */
function writeValue(into: Viewed, from: number, value: number): number {
  const at = Number.isNaN(value)
    ? writePhrase(into, from, empty)
    : writeNumber(into.bytes, from, value);
  into.bytes[at] = lineFeed;
  return at + 1;
}

/** The same of milliseconds. */
function writeSeconds(into: Viewed, from: number, value: number): number {
  const { bytes } = into;
  let at = from;
  if (value === value >>> 0) {
    const whole = (value / 1000) >>> 0;
    const rest = value - whole * 1000;
    at = writeNumber(bytes, at, whole);
    bytes[at++] = point;
    const hundreds = (rest / 100) >>> 0;
    const tens = (rest / 10) >>> 0;
    bytes[at++] = zero + hundreds;
    bytes[at++] = zero + tens - hundreds * 10;
    bytes[at++] = zero + rest - tens * 10;
    return writePhrase(into, at, zeroes);
  }
  const text = Number.isNaN(value) ? 'NaN' : (value / 1000).toFixed(6);
  for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  bytes[at] = lineFeed;
  return at + 1;
}
