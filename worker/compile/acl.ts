// One ACL expression (manual 7.1): a fetch or ACL keyword, flags, and patterns, into a condition.
// Start only; called by condition.ts for `acl` lines and for anonymous ACLs between braces.

import type { Place } from '../../shared/config/diagnostic.ts';
import { nearestWord } from '../../shared/config/hint.ts';
import type { Condition, Evaluate } from '../keyword.ts';
import {
  type AclKeywordDef,
  aclKeywords,
  defaultMethod,
  type MatchMethodDef,
  matchMethodByName,
} from '../match/methods.ts';
import { openPatterns } from '../match/pattern-file.ts';
import { noValues } from '../match/pattern.ts';
import { PatternReference } from '../match/pattern-reference.ts';
import { PatternSet, usePatterns } from '../match/pattern-set.ts';
import { canCast, type Cast, castNone, castStep } from '../sample/cast.ts';
import { legalPoints } from '../sample/reads.ts';
import { kindBool, Sample } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { operatorOf, rewritePattern } from './acl-numbers.ts';
import {
  type BuiltExpression,
  type ExpressionSource,
  identifierAt,
  parseExpression,
  parseFetch,
} from './expression.ts';

/** Words of one ACL expression and where each stands. */
interface AclWords {
  readonly words: readonly string[];
  placeOf(index: number): Place;
}

/** A compiled ACL expression, and what messages need to know of it. */
export interface AclPlan {
  readonly condition: Condition;
  /** Fetch or ACL keyword as written. */
  readonly keyword: string;
  /** Points at which it has a value. */
  readonly legal: number;
  /** Classes of what it reads, joined by '+' (sample/reads.ts). */
  readonly reads: string;
}

const keywordByName: ReadonlyMap<string, AclKeywordDef> = new Map(
  aclKeywords.map((def) => [def.name, def]),
);

/** State while the flags are read. */
interface Draft {
  readonly source: ExpressionSource;
  readonly input: AclWords;
  readonly keyword: AclKeywordDef | null;
  readonly expression: BuiltExpression;
  method: MatchMethodDef | null;
  isForced: boolean;
  ignoreCase: boolean;
  asMap: boolean;
  uniqueId: number;
  readonly sets: PatternSet[];
}

/** `path_beg` and its kind: criteria that are no fetch. */
export const isAclKeyword = (name: string): boolean => keywordByName.has(name);

/** Builds the expression whose first word is `input.words[0]`; null after an alert. */
export function buildAcl(written: AclWords, source: ExpressionSource): AclPlan | null {
  const name = identifierAt(written.words[0] ?? '', 0);
  const keyword = keywordByName.get(name) ?? null;
  const input = keyword === null ? joinConverters(written, source) : written;
  const [subject = ''] = input.words;
  const expression = parseSubject(subject, keyword, input, source);
  if (expression === null) return null;
  const implied = keyword !== null && !expression.isConverted ? keyword.method : '';
  const draft: Draft = {
    source,
    input,
    keyword,
    expression,
    method: matchMethodByName.get(implied) ?? defaultMethod(expression.returns),
    isForced: false,
    ignoreCase: false,
    asMap: false,
    uniqueId: -1,
    sets: [],
  };
  if (draft.method !== null && expression.returns !== kindBool && input.words.length === 1) {
    source.scope.warning(
      `acl keyword '${subject}' has no pattern to match against, so it will never match ` +
        "(add '--' if that is meant, '-m found' to test for existence, '-m bool' for an integer)",
    );
  }
  const at = readFlags(draft);
  if (at < 0 || !readPatterns(draft, at)) return null;
  const condition = conditionOf(draft);
  const { watch } = source;
  return {
    condition: watch?.acl(input.words, input.placeOf(0), condition) ?? condition,
    keyword: name,
    legal: legalPoints(expression.fetch.reads),
    reads: expression.fetch.reads,
  };
}

/** Converters may stand in words of their own behind a fetch that is no ACL keyword. */
function joinConverters(input: AclWords, { converters }: ExpressionSource): AclWords {
  const { words } = input;
  let count = 1;
  while (count < words.length && converters.has(identifierAt(words[count], 0))) count++;
  if (count === 1) return input;
  const parts = words.slice(0, count).map((word) => word.replace(/,+$/, ''));
  return {
    words: [parts.join(','), ...words.slice(count)],
    placeOf: (index) => input.placeOf(index === 0 ? 0 : index + count - 1),
  };
}

function parseSubject(
  subject: string,
  keyword: AclKeywordDef | null,
  input: AclWords,
  source: ExpressionSource,
): BuiltExpression | null {
  const fetch = keyword === null ? undefined : source.fetches.get(keyword.fetch);
  if (keyword !== null && fetch === undefined) {
    return refuse(source, input, 0, `ACL keyword '${keyword.name}' is not supported yet`);
  }
  const before = source.scope.alerts;
  const parsed =
    fetch === undefined
      ? parseExpression(subject, 0, source, keywordByName.keys())
      : parseFetch(subject, identifierAt(subject, 0).length, fetch, source);
  const { expression, end, fault, hint } = parsed;
  if (expression === null) {
    // A row that refused its arguments has said why already.
    if (source.scope.alerts === before) {
      source.scope.alertAt(input.placeOf(0), `${fault} in ACL expression '${subject}'`, hint);
    }
    return null;
  }
  if (end === subject.length) return expression;
  const what = expression.isConverted ? 'converter' : 'fetch keyword';
  return refuse(source, input, 0, `missing comma after ${what} in ACL expression '${subject}'`);
}

function refuse(source: ExpressionSource, input: AclWords, index: number, message: string): null {
  source.scope.alertAt(input.placeOf(index), message);
  return null;
}

/** Reads one flag at `at`; where the next word is, -1 after an alert. */
type ReadFlag = (draft: Draft, at: number) => number;

const flags: ReadonlyMap<string, ReadFlag> = new Map<string, ReadFlag>([
  [
    '-i',
    (draft, at) => {
      draft.ignoreCase = true;
      return at + 1;
    },
  ],
  // Names in address patterns are refused either way: nothing is resolved here.
  ['-n', (_draft, at) => at + 1],
  [
    '-M',
    (draft, at) => {
      draft.asMap = true;
      return at + 1;
    },
  ],
  ['-u', readUniqueId],
  ['-m', readMethod],
  ['-f', readFile],
]);

/** Index of the first pattern, -1 after an alert. */
function readFlags(draft: Draft): number {
  const { words } = draft.input;
  let at = 1;
  while (at >= 0 && at < words.length && words[at].startsWith('-')) {
    if (words[at] === '--') return at + 1;
    const read = flags.get(words[at]);
    if (read === undefined) {
      refuse(
        draft.source,
        draft.input,
        at,
        `'${words[at]}' is not a valid ACL option (put '--' before patterns that start with '-')`,
      );
      return -1;
    }
    at = read(draft, at);
  }
  return at;
}

function readUniqueId(draft: Draft, at: number): number {
  const word = draft.input.words[at + 1] ?? '';
  if (!/^\d+$/.test(word)) return stop(draft, at, 'the argument of -u must be an integer');
  draft.uniqueId = Number(word);
  const { registry } = draft.source.scope.patterns;
  if (registry.isIdUsed(draft.uniqueId)) return stop(draft, at, 'the id is already used');
  return at + 2;
}

function stop(draft: Draft, at: number, message: string): -1 {
  refuse(draft.source, draft.input, at, message);
  return -1;
}

function readMethod(draft: Draft, at: number): number {
  const word = draft.input.words[at + 1] ?? '';
  if (draft.sets.length > 0) {
    return stop(
      draft,
      at,
      "'-m' must only be specified before patterns and files in ACL expression",
    );
  }
  if (draft.isForced) {
    return stop(draft, at, "only one explicit matching method can be defined with '-m'");
  }
  const method = matchMethodByName.get(word);
  if (method === undefined) {
    const near = nearestWord(word, matchMethodByName.keys());
    const hint = near === '' ? '' : `did you mean '${near}'?`;
    draft.source.scope.alertAt(
      draft.input.placeOf(at + 1),
      `unknown matching method '${word}' in ACL expression`,
      hint,
    );
    return -1;
  }
  const { returns, fetch } = draft.expression;
  if (method.takes >= 0 && !canCast(returns, method.takes)) {
    const message = `matching method '${word}' cannot be used with fetch keyword '${fetch.name}'`;
    return stop(draft, at + 1, message);
  }
  draft.method = method;
  draft.isForced = true;
  return at + 2;
}

function methodNeeded(draft: Draft, at: number): -1 {
  const { name } = draft.expression.fetch;
  const sample = `with a sample of this type ('${name}')`;
  return stop(draft, at, `matching method must be specified first (using '-m') ${sample}`);
}

function readFile(draft: Draft, at: number): number {
  const { method } = draft;
  if (method === null) return methodNeeded(draft, at);
  const path = draft.input.words[at + 1] ?? '';
  const before = draft.source.scope.alerts;
  const user = { as: 'acl', isMap: draft.asMap } as const;
  const reference = openPatterns(path, user, draft.source.scope.patterns);
  if (typeof reference === 'string') {
    return draft.source.scope.alerts === before ? stop(draft, at + 1, reference) : -1;
  }
  const use = { method, ignoreCase: draft.ignoreCase, values: noValues };
  const set = usePatterns(reference, path, use);
  if (typeof set === 'string') return stop(draft, at + 1, set);
  draft.sets.push(set);
  return at + 2;
}

/** The words left are patterns; numbers may have an operator before them. False after an alert. */
function readPatterns(draft: Draft, from: number): boolean {
  const { input, source, method, expression } = draft;
  if (method === null) return methodNeeded(draft, 0) > 0;
  const { file, line } = input.placeOf(0);
  const display = `acl '${draft.keyword?.name ?? expression.fetch.name}' file '${file}' line ${line}`;
  const reference = new PatternReference('', false, display);
  reference.id = draft.uniqueId;
  reference.usedByAcl = true;
  const set = new PatternSet(reference, method, { ignoreCase: draft.ignoreCase });
  const isNumber = method.name === 'int' || method.name === 'len';
  const versions = draft.keyword?.versions === true && !draft.isForced && !expression.isConverted;
  let operator = 'eq';
  for (let at = from; at < input.words.length; at++) {
    const word = input.words[at];
    const found = isNumber ? operatorOf(word) : '';
    if (found !== '') {
      operator = found;
      continue;
    }
    const text = isNumber ? rewritePattern(word, operator, versions) : word;
    const why = typeof text === 'string' ? method.check(text, set.options) : text.why;
    if (why !== '' || typeof text !== 'string') {
      source.scope.alertAt(input.placeOf(at), why);
      return false;
    }
    reference.add(text, null);
  }
  source.scope.patterns.registry.add(reference);
  draft.sets.push(set);
  return true;
}

/** The closure: evaluate, cast, match, and again while the fetch has more values. */
function conditionOf(draft: Draft): Condition {
  const { expression, sets } = draft;
  const method = draft.method as MatchMethodDef;
  const { watch } = draft.source;
  const evaluate = watch?.values(expression.evaluate) ?? expression.evaluate;
  if (method.name === 'found') return whenFound(evaluate);
  const cast = castStep(expression.returns, method.takes) ?? castNone;
  // The words of the acl itself may get patterns at run time, so an empty list counts too.
  if (sets.length === 1) return whenOne(evaluate, cast, sets[0]);
  return whenAny(evaluate, cast, sets);
}

const unknown = (sample: Sample, stream: Stream): number =>
  sample.mayChange && !stream.samplesFinal ? -1 : 0;

/** A sample that takes every value in turn. */
function iterating(): Sample {
  const sample = new Sample();
  sample.iterate = true;
  return sample;
}

function whenFound(evaluate: Evaluate): Condition {
  const sample = iterating();
  return (stream) => {
    sample.restart();
    return evaluate(stream, sample) ? 1 : unknown(sample, stream);
  };
}

function whenOne(evaluate: Evaluate, cast: Cast, set: PatternSet): Condition {
  const sample = iterating();
  if (cast === castNone) {
    return (stream) => {
      sample.restart();
      while (evaluate(stream, sample)) {
        if (set.test(sample)) return 1;
        if (!sample.more) break;
      }
      return unknown(sample, stream);
    };
  }
  return (stream) => {
    sample.restart();
    while (evaluate(stream, sample)) {
      if (cast(sample) && set.test(sample)) return 1;
      if (!sample.more) break;
    }
    return unknown(sample, stream);
  };
}

function whenAny(evaluate: Evaluate, cast: Cast, sets: readonly PatternSet[]): Condition {
  const sample = iterating();
  const matches = (): boolean => {
    for (let i = 0; i < sets.length; i++) if (sets[i].test(sample)) return true;
    return false;
  };
  return (stream) => {
    sample.restart();
    while (evaluate(stream, sample)) {
      if (cast(sample) && matches()) return 1;
      if (!sample.more) break;
    }
    return unknown(sample, stream);
  };
}
