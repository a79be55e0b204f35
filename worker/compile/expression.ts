// Sample expressions: `fetch(args),converter(args),...` (manual 7.3) into one closure that fills a
// sample. Types are checked here, so that serving only runs the casts that are needed. Start only;
// called by scope.ts and condition.ts. Faults are messages: the caller knows where the words stand.

import { nearestWord } from '../../shared/config/hint.ts';
import type {
  ArgumentValue,
  Convert,
  ConverterDef,
  Evaluate,
  Expression,
  FetchDef,
  Scope,
} from '../keyword.ts';
import { type ArgumentNames, parseArguments } from '../sample/arguments.ts';
import type { CompileWatch } from './watch.ts';
import { type Cast, castNone, castStep, isFreeCast } from '../sample/cast.ts';
import { isKnownConverter, isKnownFetch } from '../sample/known-words.ts';
import {
  kindAddress,
  kindAny,
  kindSame,
  kindString,
  kindBinary,
  type SampleKind,
} from '../sample/sample.ts';

/** What an expression is built against. */
export interface ExpressionSource {
  readonly fetches: ReadonlyMap<string, FetchDef>;
  readonly converters: ReadonlyMap<string, ConverterDef>;
  readonly names: ArgumentNames;
  readonly scope: Scope;
  /**
   * Fetches built so far, by words and proxy: the same words share one closure and what it caches.
   */
  readonly built: Map<string, Evaluate>;
  /** Names of the fetches and, with their `%`, of the log tags built so far. */
  readonly used: Set<string>;
  /** null for all that serves. */
  readonly watch: CompileWatch | null;
}

export interface BuiltExpression extends Expression {
  readonly fetch: FetchDef;
  /** True when converters follow the fetch. */
  readonly isConverted: boolean;
}

/**
 * `end`: the first character that is not part of the expression. `hint`: the nearest known word.
 */
interface ParsedExpression {
  readonly expression: BuiltExpression | null;
  readonly end: number;
  readonly fault: string;
  readonly hint: string;
}

const identifier = /[A-Za-z0-9_.+:-]*/y;

/** The run of identifier characters at `at`. */
export function identifierAt(text: string, at: number): string {
  identifier.lastIndex = at;
  return identifier.exec(text)?.[0] ?? '';
}

const fault = (why: string, hint = ''): ParsedExpression => ({
  expression: null,
  end: 0,
  fault: why,
  hint,
});

/** Expression under construction. */
interface Chain {
  evaluate: Evaluate;
  kind: SampleKind;
  converted: boolean;
  readonly fetch: FetchDef;
}

interface Failure {
  readonly why: string;
  readonly hint: string;
}

/**
 * Parses at `from`; stops at the first character that cannot belong to it. `more`: words that may
 * stand there too, for the hint.
 */
export function parseExpression(
  text: string,
  from: number,
  source: ExpressionSource,
  more?: Iterable<string>,
): ParsedExpression {
  const name = identifierAt(text, from);
  const fetch = source.fetches.get(name);
  if (fetch === undefined) return unknownFetch(name, source, more);
  const parsed = parseFetch(text, from + name.length, fetch, source);
  if (parsed.expression === null || from === 0) return parsed;
  return { ...parsed, expression: { ...parsed.expression, text: text.slice(from, parsed.end) } };
}

function unknownFetch(
  name: string,
  source: ExpressionSource,
  more?: Iterable<string>,
): ParsedExpression {
  if (isKnownFetch(name)) return fault(`fetch method '${name}' is not supported yet`);
  const near = nearestWord(name, [...source.fetches.keys(), ...(more ?? [])]);
  return fault(`unknown fetch method '${name}'`, near === '' ? '' : `did you mean '${near}'?`);
}

/** Arguments of `fetch` at `from`, then converters. Also used for ACL keywords. */
export function parseFetch(
  text: string,
  from: number,
  fetch: FetchDef,
  source: ExpressionSource,
): ParsedExpression {
  const { name } = fetch;
  source.used.add(name);
  const args = parseArguments(text, from, fetch.args, source.names);
  if (args.fault !== '') return fault(`fetch method '${name}' : ${args.fault}`);
  const key = `${source.names.proxyIndex} ${name}${text.slice(from, args.end)}`;
  const evaluate = source.built.get(key) ?? fetch.build(args.values, source.scope);
  if (evaluate !== null) source.built.set(key, evaluate);
  else return fault(`invalid args in fetch method '${name}'`);
  const chain: Chain = { evaluate, kind: fetch.returns, converted: false, fetch };
  const end = parseConverters(text, args.end, chain, source);
  if (typeof end !== 'number') return fault(end.why, end.hint);
  return { expression: finish(chain, text.slice(0, end)), end, fault: '', hint: '' };
}

function finish(chain: Chain, text: string): BuiltExpression {
  const { evaluate, kind: returns, fetch, converted: isConverted } = chain;
  return { evaluate, returns, text, fetch, isConverted };
}

/** Every `,converter(args)` from `from` on; where they end. */
function parseConverters(
  text: string,
  from: number,
  chain: Chain,
  source: ExpressionSource,
): number | Failure {
  let at = from;
  while (text[at] === ',') {
    while (text[at] === ',') at++;
    if (at === text.length) break;
    const end = parseConverter(text, at, chain, source);
    if (typeof end !== 'number') return end;
    at = end;
  }
  return at;
}

function parseConverter(
  text: string,
  from: number,
  chain: Chain,
  source: ExpressionSource,
): number | Failure {
  const name = identifierAt(text, from);
  const converter = source.converters.get(name);
  if (converter === undefined) return unknownConverter(name, source);
  const cast = castStep(chain.kind, converter.takes);
  if (cast === null) return { why: `converter '${name}' cannot be applied`, hint: '' };
  const args = parseArguments(text, from + name.length, converter.args, source.names);
  if (args.fault !== '') {
    return { why: `invalid arg ${args.position} in converter '${name}' : ${args.fault}`, hint: '' };
  }
  const convert = converter.build(args.values, source.scope);
  if (convert === null) return { why: `invalid args in converter '${name}'`, hint: '' };
  chain.evaluate = joined(chain.evaluate, cast, convert);
  chain.kind = kindAfter(chain.kind, converter, args.values);
  chain.converted = true;
  return args.end;
}

function unknownConverter(name: string, source: ExpressionSource): Failure {
  if (isKnownConverter(name)) return { why: `converter '${name}' is not supported yet`, hint: '' };
  const near = nearestWord(name, source.converters.keys());
  return { why: `unknown converter '${name}'`, hint: near === '' ? '' : `did you mean '${near}'?` };
}

/** A converter that returns `same` keeps the type, or the one its cast made. */
function kindAfter(
  before: SampleKind,
  converter: ConverterDef,
  args: readonly ArgumentValue[],
): SampleKind {
  if (converter.returnsWith !== undefined) return converter.returnsWith(args);
  if (converter.returns !== kindSame) return converter.returns;
  return isFreeCast(before, converter.takes) ? before : converter.takes;
}

function joined(evaluate: Evaluate, cast: Cast, convert: Convert): Evaluate {
  if (cast === castNone) return (stream, out) => evaluate(stream, out) && convert(out, stream);
  return (stream, out) => evaluate(stream, out) && cast(out) && convert(out, stream);
}

/** Old syntax: converters as words of their own behind the expression (manual 7.3, history). */
export function appendConverterWord(
  word: string,
  expression: BuiltExpression,
  source: ExpressionSource,
): BuiltExpression | Failure | null {
  if (!source.converters.has(identifierAt(word, 0))) return null;
  const chain: Chain = {
    evaluate: expression.evaluate,
    kind: expression.returns,
    converted: true,
    fetch: expression.fetch,
  };
  const end = parseConverters(`,${word}`, 0, chain, source);
  if (typeof end !== 'number') return end;
  if (end <= word.length) return { why: `missing comma after converter '${word}'`, hint: '' };
  return finish(chain, `${expression.text},${word}`);
}

/** The expression cast to `kind`; null when its type can never become that. */
export function castExpression(
  expression: BuiltExpression,
  kind: SampleKind,
): BuiltExpression | null {
  if (kind === kindAny || expression.returns === kind) return expression;
  const cast = castStep(expression.returns, kind);
  if (cast === null) return null;
  const { evaluate } = expression;
  // Bytes serve as text as they are; the kind must say so for whoever reads it.
  const both = expression.returns === kindString && kind === kindBinary;
  if (both || (cast === castNone && kind === kindAddress)) return { ...expression, returns: kind };
  return {
    ...expression,
    returns: kind,
    evaluate: (stream, out) => evaluate(stream, out) && cast(out),
  };
}

/** Converters over what `input` gives, a text: `field(2),lower`. */
export function buildConverters(
  text: string,
  input: Evaluate,
  source: ExpressionSource,
): BuiltExpression | Failure {
  const { expression } = parseExpression('str(x)', 0, source);
  const start = expression as BuiltExpression; // this one can be built
  const built = appendConverterWord(text, { ...start, evaluate: input }, source);
  return built ?? { why: `unknown converter in '${text}'`, hint: '' };
}
