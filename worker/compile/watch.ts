// Who is told what conditions and expressions come to while they are evaluated: `explain`, and
// nobody else. Handed to compile.ts, which then builds each closure inside one of the watcher's; a
// program that serves has no watcher, and its closures are what they are without this file.

import type { Place } from '../../shared/config/diagnostic.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import type { Condition, Evaluate, Expression, FormatText } from '../keyword.ts';

/** Where a condition stands, and the proxy that it is compiled for. */
export interface WatchedPlace {
  readonly proxy: ProxyModel | null;
  readonly place: Place;
}

export interface CompileWatch {
  /** A whole `if ...` or `unless ...`. */
  condition(at: WatchedPlace, condition: Condition): Condition;
  /** One ACL expression in it: `path_beg /api`. */
  acl(words: readonly string[], place: Place, condition: Condition): Condition;
  /** What is compared there. */
  values(evaluate: Evaluate): Evaluate;
  /** An expression that an action reads. */
  expression(text: string, evaluate: Evaluate): Evaluate;
  /** A text with expressions in it, for an action. */
  format(text: string, format: FormatText): FormatText;
}

/** The expression as it is, or inside the watcher's. */
export function watched<T extends Expression>(expression: T, watch: CompileWatch | null): T {
  if (watch === null) return expression;
  return { ...expression, evaluate: watch.expression(expression.text, expression.evaluate) };
}
