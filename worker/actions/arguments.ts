// How actions read their words: the few shapes that most of them share. Called while building only.

import { parseSize, parseTime } from '../../shared/units.ts';
import type { FormatText, Scope, WordCursor } from '../keyword.ts';
import { kindSint } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';

/** True when the action's own words are over: at the end, or before `if` or `unless`. */
export function isDone(words: WordCursor): boolean {
  const word = words.peek();
  return words.atEnd() || word === 'if' || word === 'unless';
}

/** Takes one word; null with an alert naming `what` when there is none. */
export function takeWord(words: WordCursor, scope: Scope, what: string): string | null {
  return words.atEnd() ? missing(words, scope, what) : words.next();
}

/** Alerts that the rule lacks `what`, naming its rule set and action. */
export function missing(words: WordCursor, scope: Scope, what: string): null {
  const action = (words.words[0] ?? '').replace(/\(.*/, '');
  scope.alertAt(words.here(), `'${`${scope.ruleSet} ${action}`.trim()}' : missing ${what}`);
  return null;
}

/** Takes one word that is a log-format string. */
export function takeFormat(words: WordCursor, scope: Scope, what: string): FormatText | null {
  const text = takeWord(words, scope, what);
  return text === null ? null : scope.logFormat(text);
}

/** Takes one of `choices`; null with an alert that lists them. */
export function takeChoice<T extends string>(
  words: WordCursor,
  scope: Scope,
  choices: readonly T[],
): T | null {
  const place = words.here();
  const word = words.next();
  const found = choices.find((choice) => choice === word);
  if (found !== undefined) return found;
  scope.alertAt(place, `'${word}' is not one of ${choices.map((one) => `'${one}'`).join(', ')}`);
  return null;
}

/** A number, or NaN when there is none now. */
export type ReadNumber = (stream: Stream) => number;

/** A number known at start, or the closure that finds it. */
export interface NumberSource {
  /** NaN when `read` must be asked. */
  readonly constant: number;
  readonly read: ReadNumber;
}

/** Takes `<number> | <expr>`: `parse` gives NaN for what is not its kind of number. */
export function takeNumber(
  words: WordCursor,
  scope: Scope,
  what: string,
  parse: (text: string) => number,
): NumberSource | null {
  const constant = parse(words.peek());
  if (!Number.isNaN(constant)) {
    words.next();
    return { constant, read: () => constant };
  }
  if (isDone(words)) return missing(words, scope, what);
  return takeIntegerExpression(words, scope);
}

/** Takes one expression whose value is an integer. */
export function takeIntegerExpression(words: WordCursor, scope: Scope): NumberSource | null {
  const expression = scope.expressionOf(words.next(), kindSint);
  if (expression === null) return null;
  const { evaluate } = expression;
  const read = (stream: Stream): number => {
    const { sample } = stream;
    sample.restart();
    return evaluate(stream, sample) ? Number(sample.int) : Number.NaN;
  };
  return { constant: Number.NaN, read };
}

/** Milliseconds of a time word (manual 2.5), NaN when it is none. */
export function timeNumber(text: string): number {
  if (!/^[0-9]/.test(text)) return Number.NaN;
  const found = parseTime(text, 'ms');
  return found.fault === '' ? found.value : Number.NaN;
}

/** Bytes of a size word (manual 2.6), NaN when it is none. */
export function sizeNumber(text: string): number {
  if (!/^[0-9]/.test(text)) return Number.NaN;
  const found = parseSize(text);
  return found.fault === '' ? found.value : Number.NaN;
}

const decimal = /^-?[0-9]+$/;

/** A decimal integer between `low` and `high`, NaN when the word is none. */
export function integerBetween(low: number, high: number): (text: string) => number {
  return (text) => {
    if (!decimal.test(text)) return Number.NaN;
    const value = Number(text);
    return value >= low && value <= high ? value : Number.NaN;
  };
}
