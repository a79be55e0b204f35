// One logical line on its way into the model: words with columns, and the readers that section
// tables use for arguments. A reader that finds a mistake reports it and returns null; the row
// then writes nothing. It never throws and never looks at another line.

import { parseSize, parseTime, type TimeUnit, timeFaultText } from '../units.ts';
import type { Diagnostics, Place } from './diagnostic.ts';
import type { LineModel } from './model.ts';

export type Modifier = '' | 'no' | 'default';

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

export class Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
  readonly words: readonly string[];
  readonly columns: readonly number[];
  readonly diagnostics: Diagnostics;
  /** `no` or `default` stood before the first word. */
  readonly modifier: Modifier;
  /** How many words name the keyword: 1, or 2 for `option x`, `timeout x`, `stats x`. */
  nameWords = 1;
  failed = false;

  constructor(
    source: { readonly file: string; readonly number: number; readonly text: string },
    words: readonly string[],
    columns: readonly number[],
    diagnostics: Diagnostics,
  ) {
    this.file = source.file;
    this.number = source.number;
    this.text = source.text;
    this.modifier = words[0] === 'no' || words[0] === 'default' ? words[0] : '';
    this.words = this.modifier === '' ? words : words.slice(1);
    this.columns = this.modifier === '' ? columns : columns.slice(1);
    this.diagnostics = diagnostics;
  }

  /** Number of words after the keyword's own. */
  get count(): number {
    return this.words.length - this.nameWords;
  }

  get name(): string {
    return this.words.slice(0, this.nameWords).join(' ');
  }

  /** Argument `index` (from 0, after the keyword's words), '' when there is none. */
  arg(index: number): string {
    return this.words[this.nameWords + index] ?? '';
  }

  /** Arguments from `index` on. */
  rest(index = 0): string[] {
    return this.words.slice(this.nameWords + index);
  }

  /** Place of argument `index`; -1 is the keyword itself. Past the end: behind the last word. */
  place(index: number): Place {
    const at = index < 0 ? 0 : this.nameWords + index;
    const column = this.columns[at] ?? this.text.trimEnd().length + 1;
    return { file: this.file, line: this.number, column };
  }

  alert(index: number, message: string, hint = ''): null {
    this.failed = true;
    this.diagnostics.alert(this.place(index), message, hint, this.text);
    return null;
  }

  /** HAProxy's "already specified": an alert that stops nothing; the first value stays. */
  repeated(index = -1): void {
    const message = `'${this.name}' already specified. Continuing.`;
    this.diagnostics.complain(this.place(index), message, '', this.text);
  }

  warning(index: number, message: string, hint = ''): void {
    this.diagnostics.warning(this.place(index), message, hint, this.text);
  }

  /** Only said to who asks for it (-dD). */
  diag(index: number, message: string): void {
    this.diagnostics.add('diag', this.place(index), message, '', this.text);
  }

  notSupported(index: number, what: string): null {
    return this.alert(index, `'${what}' is not supported yet`);
  }

  /** False (and an alert) when there are more than `max` arguments. */
  atMost(max: number): boolean {
    if (this.count <= max) return true;
    const unexpected = this.arg(max);
    this.alert(max, `'${this.name}' cannot handle unexpected argument '${unexpected}'.`);
    return false;
  }

  /** Argument `index`, reported missing with `what` it should be. */
  needed(index: number, what: string): string | null {
    const text = this.arg(index);
    return text === '' ? this.alert(index, `'${this.name}' expects ${what}.`) : text;
  }

  integer(index: number, range: Range = {}, what = 'an integer argument'): number | null {
    const text = this.needed(index, what);
    if (text === null) return null;
    const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value)) {
      return this.alert(index, `'${this.name}' expects ${what}, found '${text}'.`);
    }
    const { min = 0, max = 2 ** 31 - 1 } = range;
    if (value >= min && value <= max) return value;
    return this.alert(index, `'${this.name}' : '${text}' is not within ${min}..${max}.`);
  }

  time(index: number, unit: TimeUnit = 'ms', what = this.name): number | null {
    const text = this.needed(index, 'a time');
    if (text === null) return null;
    const found = parseTime(text, unit);
    if (found.fault === 'trailing') {
      const char = text.charAt(found.at);
      this.warning(index, `unexpected character '${char}' after the timer value '${text}'.`);
      return found.value;
    }
    return found.fault === '' ? found.value : this.alert(index, timeFaultText(found, text, what));
  }

  size(index: number, range: Range = {}): number | null {
    const text = this.needed(index, 'a size');
    if (text === null) return null;
    const found = parseSize(text);
    if (found.fault === 'character') {
      const char = text.charAt(found.at);
      return this.alert(index, `'${this.name}' : unexpected '${char}' in size '${text}'.`);
    }
    const { min = 0, max = 2 ** 31 - 1 } = range;
    if (found.fault === '' && found.value >= min && found.value <= max) return found.value;
    return this.alert(index, `'${this.name}' : '${text}' is not within ${min}..${max}.`);
  }

  /** One of `choices`; anything else is an alert that lists them. */
  choice<const T extends string>(index: number, choices: readonly T[]): T | null {
    const text = this.arg(index);
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const list = choices.map((choice) => `'${choice}'`).join(', ');
    const got = text === '' ? '' : `, found '${text}'`;
    return this.alert(index, `'${this.name}' only supports ${list}${got}.`);
  }

  /** The words from argument `index` on as a LineModel for the compiler. */
  model(index: number, from: string): LineModel {
    const at = this.nameWords + index;
    return {
      place: this.place(-1),
      words: this.words.slice(at),
      columns: this.columns.slice(at),
      text: this.text,
      from,
    };
  }
}
