// Conditions (manual 7.2): named and anonymous ACLs, `!`, `or`, implicit and, if and unless, into
// one closure that answers 1, 0 or -1 (not known yet). Start only; called by scope.ts, which says
// which ACLs a line sees.

import type { Place } from '../../shared/config/diagnostic.ts';
import type { LineModel } from '../../shared/config/model.ts';
import type { Condition, WordCursor } from '../keyword.ts';
import { pointLabel, points } from '../sample/reads.ts';
import { type AclPlan, buildAcl } from './acl.ts';
import type { ExpressionSource } from './expression.ts';

/** One `acl NAME` with all its lines, or what stood between braces ('' as name). */
export interface NamedAcl {
  readonly name: string;
  readonly condition: Condition;
  readonly parts: readonly AclPlan[];
}

/** How a condition finds its ACLs and reports. */
export interface ConditionSource extends ExpressionSource {
  /** Or'ed points where the line is evaluated, 0: not checked. */
  readonly point: number;
  /** The acl of this name, null after an alert. */
  named(name: string, words: WordCursor): NamedAcl | null;
}

interface Term {
  readonly acl: NamedAcl;
  readonly negated: boolean;
}

/** Builds `if ...` or `unless ...` from the cursor to its end; null after alerts. */
export function buildCondition(words: WordCursor, source: ConditionSource): Condition | null {
  if (words.atEnd()) return always;
  const start = words.here();
  const polarity = words.next();
  if (polarity !== 'if' && polarity !== 'unless') {
    source.scope.alertAt(start, "conditions must start with either 'if' or 'unless'");
    return null;
  }
  const suites = readSuites(words, source);
  if (suites === null) return null;
  checkPoint(suites, source);
  checkLayer(suites, source);
  const condition = anyOf(
    suites.map((suite) => allOf(suite.map((term) => termCondition(term, source.point)))),
  );
  return polarity === 'if' ? condition : negated(condition);
}

const always: Condition = () => 1;
const never: Condition = () => 0;

/** Terms joined by and, suites joined by or. null after alerts. */
function readSuites(words: WordCursor, source: ConditionSource): Term[][] | null {
  const suites: Term[][] = [];
  let suite: Term[] = [];
  let negate = false;
  let good = true;
  while (!words.atEnd()) {
    const word = words.peek();
    const bare = word.replace(/^!+/, '');
    if ((word.length - bare.length) % 2 === 1) negate = !negate;
    if (bare === '') {
      words.next();
      continue;
    }
    if (bare === '||' || bare.toLowerCase() === 'or') {
      words.next();
      if (suite.length > 0) suites.push(suite);
      suite = [];
      negate = false;
      continue;
    }
    const acl = bare === '{' ? readAnonymous(words, source) : source.named(bare, words);
    if (bare !== '{') words.next();
    if (acl === null) good = false;
    else suite.push({ acl, negated: negate });
    negate = false;
  }
  if (suite.length > 0) suites.push(suite);
  return good ? suites : null;
}

/** `{ expression }`; the cursor ends behind the closing brace. */
function readAnonymous(words: WordCursor, source: ConditionSource): NamedAcl | null {
  const open = words.here();
  words.next();
  const first = words.index;
  const places: Place[] = [];
  while (!words.atEnd() && words.peek() !== '}') {
    places.push(words.here());
    words.next();
  }
  if (words.atEnd()) {
    source.scope.alertAt(open, "missing closing '}' in condition");
    return null;
  }
  const inner = words.words.slice(first, words.index);
  words.next();
  if (inner.length === 0) {
    source.scope.alertAt(open, 'empty ACL between braces');
    return null;
  }
  const plan = buildAcl({ words: inner, placeOf: (index) => places[index] ?? open }, source);
  return plan === null ? null : { name: '', condition: plan.condition, parts: [plan] };
}

/** All lines of one named ACL, or'ed. null after alerts. */
export function buildNamedAcl(
  name: string,
  lines: readonly LineModel[],
  source: ExpressionSource,
): NamedAcl | null {
  const parts: AclPlan[] = [];
  for (const line of lines) {
    const plan = buildAclLine(line, source);
    if (plan === null) return null;
    parts.push(plan);
  }
  return { name, condition: anyOf(parts.map((part) => part.condition)), parts };
}

function buildAclLine(line: LineModel, source: ExpressionSource): AclPlan | null {
  const { file, line: number } = line.place;
  const placeOf = (index: number) => ({ file, line: number, column: line.columns[index + 1] ?? 0 });
  const [name = '', ...words] = line.words;
  const bad = /[^A-Za-z0-9._:-][\x80-\xbf]*/.exec(name);
  if (bad !== null) {
    source.scope.alertAt(
      placeOf(-1),
      `character '${bad[0]}' is not permitted in acl name '${name}'`,
    );
    return null;
  }
  if (name.toLowerCase() === 'or') {
    const why = `acl name '${name}' will never match: 'or' expresses a disjunction in conditions`;
    source.scope.alertAt(placeOf(-1), why);
    return null;
  }
  if (words.length === 0) {
    source.scope.alertAt(placeOf(-1), `missing expression in acl '${name}'`);
    return null;
  }
  return buildAcl({ words, placeOf }, source);
}

/** Warns of ACLs that can never have a value where the line is evaluated. */
function checkPoint(suites: readonly Term[][], source: ConditionSource): void {
  const { point } = source;
  if (point === 0) return;
  for (const { acl } of suites.flat()) {
    const who = acl.name === '' ? 'anonymous acl' : `acl '${acl.name}'`;
    const misplaced = acl.parts.find((part) => (part.legal & point) === 0);
    if (misplaced === undefined) continue;
    const only = acl.parts.every((part) => (part.legal & point) === 0);
    const what = only ? 'will never match because it uses' : 'involves';
    source.scope.warning(
      `${who} ${what} keyword '${misplaced.keyword}' ` +
        `which is incompatible with '${pointLabel(point)}'`,
    );
    return;
  }
}

/** In HTTP mode there is no buffer of bytes to look into; said once for a line. */
function checkLayer(suites: readonly Term[][], { scope, point }: ConditionSource): void {
  if (scope.proxy?.mode !== 'http' || (point & points.check) !== 0) return;
  const parts = suites.flat().flatMap(({ acl }) => acl.parts);
  const found = parts.find(({ reads }) => /(^|\+)(request|response)-buffer($|\+)/.test(reads));
  if (found === undefined) return;
  scope.warning(
    `Proxy '${scope.proxy.name}': L6 sample fetches ignored on HTTP proxies ('${found.keyword}')`,
  );
}

/** What is read at the wrong place has no value there, as it is warned of. */
function termCondition({ acl, negated: isNegated }: Term, point: number): Condition {
  const fitting = acl.parts.filter((part) => point === 0 || (part.legal & point) !== 0);
  const isWhole = fitting.length === acl.parts.length;
  const condition = isWhole ? acl.condition : anyOf(fitting.map((part) => part.condition));
  return isNegated ? negated(condition) : condition;
}

function negated(condition: Condition): Condition {
  return (stream) => {
    const result = condition(stream);
    return result === 1 ? 0 : result === 0 ? 1 : -1;
  };
}

/** The first that is not true decides. */
function allOf(terms: readonly Condition[]): Condition {
  const [first, second, third] = terms;
  if (terms.length === 0) return always;
  if (terms.length === 1) return first;
  if (terms.length === 2) {
    return (stream) => {
      const result = first(stream);
      return result === 1 ? second(stream) : result;
    };
  }
  if (terms.length === 3) {
    return (stream) => {
      let result = first(stream);
      if (result === 1) result = second(stream);
      return result === 1 ? third(stream) : result;
    };
  }
  return (stream) => {
    for (let i = 0; i < terms.length; i++) {
      const result = terms[i](stream);
      if (result !== 1) return result;
    }
    return 1;
  };
}

/** The first that is true decides; what is not known yet keeps the answer open. */
function anyOf(terms: readonly Condition[]): Condition {
  const [first, second] = terms;
  if (terms.length === 0) return never;
  if (terms.length === 1) return first;
  if (terms.length === 2) {
    return (stream) => {
      const result = first(stream);
      if (result === 1) return 1;
      const other = second(stream);
      return other === 1 ? 1 : result | other;
    };
  }
  return (stream) => {
    let open = 0;
    for (let i = 0; i < terms.length; i++) {
      const result = terms[i](stream);
      if (result === 1) return 1;
      open |= result;
    }
    return open;
  };
}
