// Rule lines to rules: finds the action, lets it read its words, then its condition, and reports
// what is left over. Called by proxies.ts at start, once per rule set and proxy.

import type { Place } from '../../shared/config/diagnostic.ts';
import { nearestWord } from '../../shared/config/hint.ts';
import type { LineModel, RuleSet } from '../../shared/config/model.ts';
import { buildRedirect } from '../actions/redirect.ts';
import { isUnsupportedAction } from '../actions/unsupported.ts';
import type { Act, ActionDef, Condition, Scope, WordCursor } from '../keyword.ts';
import type { RulePlan } from '../program.ts';
import { lineCursor } from '../line-cursor.ts';

/** Makes the scope a line is built in. */
export type ScopeOf = (line: LineModel, ruleSet: RuleSet | '') => Scope;

export type Actions = ReadonlyMap<string, ActionDef>;

/** Compiles the lines of one rule set, in order. Lines with mistakes are reported and left out. */
export function compileRules(
  lines: readonly LineModel[],
  ruleSet: RuleSet,
  actions: Actions,
  scopeOf: ScopeOf,
): readonly RulePlan[] {
  const rules: RulePlan[] = [];
  for (const line of lines) {
    const rule = compileRule(line, ruleSet, actions, scopeOf(line, ruleSet));
    if (rule !== null) rules.push(rule);
  }
  return rules;
}

function compileRule(
  line: LineModel,
  ruleSet: RuleSet,
  actions: Actions,
  scope: Scope,
): RulePlan | null {
  const { name, parenthesis } = splitName(line.words[0] ?? '');
  const action = actions.get(name);
  if (action === undefined || !action.sets.includes(ruleSet)) {
    refuse(name, ruleSet, actions, { place: lineCursor(line).here(), scope });
    return null;
  }
  const words = lineCursor(line, 1, parenthesis);
  const act = action.build(words, scope);
  return act === null ? null : finishRule(words, line, act, scope);
}

/** `set-var(txn.a,ifset)`: the name and what its parentheses hold. */
function splitName(word: string): { readonly name: string; readonly parenthesis: string } {
  // track-sc0: the number is an argument that has no parentheses.
  const numbered = /^(track-sc)(\d+)$/.exec(word);
  if (numbered !== null) return { name: numbered[1], parenthesis: numbered[2] };
  const open = word.indexOf('(');
  if (open < 0) return { name: word, parenthesis: '' };
  const close = word.endsWith(')') ? word.length - 1 : word.length;
  return { name: word.slice(0, open), parenthesis: word.slice(open + 1, close) };
}

function refuse(name: string, ruleSet: RuleSet, actions: Actions, at: Report): void {
  const { place, scope } = at;
  if (isUnsupportedAction(name, ruleSet)) {
    scope.alertAt(place, `'${ruleSet} ${name}' is not supported yet`);
    return;
  }
  const legal = [...actions.values()].filter((action) => action.sets.includes(ruleSet));
  const near = nearestWord(
    name,
    legal.map((action) => action.name),
  );
  const elsewhere = actions.get(name)?.sets ?? [];
  const hint = near !== '' ? `did you mean '${near}'?` : elsewhereHint(elsewhere);
  scope.alertAt(place, `'${name}' is not an action of '${ruleSet}'`, hint);
}

/** Where and through whom a mistake is reported. */
interface Report {
  readonly place: Place;
  readonly scope: Scope;
}

function elsewhereHint(sets: readonly string[]): string {
  return sets.length === 0 ? '' : `it is one of ${sets.map((set) => `'${set}'`).join(', ')}`;
}

function finishRule(words: WordCursor, line: LineModel, act: Act, scope: Scope): RulePlan | null {
  const condition = takeCondition(words, scope);
  if (condition === undefined) return null;
  return { condition, act, file: line.place.file, line: line.place.line };
}

/** The condition that ends a line, null when there is none; undefined after an alert. */
export function takeCondition(words: WordCursor, scope: Scope): Condition | null | undefined {
  if (words.atEnd()) return null;
  const word = words.peek();
  if (word !== 'if' && word !== 'unless') {
    scope.alertAt(words.here(), `unexpected word '${word}'`, "'if' or 'unless' may follow");
    return undefined;
  }
  return scope.condition(words) ?? undefined;
}

/** The `redirect` lines of a proxy: the action's grammar, with constants for formats. */
export function compileRedirects(
  lines: readonly LineModel[],
  scopeOf: ScopeOf,
): readonly RulePlan[] {
  const rules: RulePlan[] = [];
  for (const line of lines) {
    const scope = scopeOf(line, 'http-request');
    const words = lineCursor(line);
    const act = buildRedirect(words, scope, false);
    const plan = act === null ? null : finishRule(words, line, act, scope);
    if (plan !== null) rules.push(plan);
  }
  return rules;
}
