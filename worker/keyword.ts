// Contracts of every registry entry of the worker, and the one function that joins families into a
// table. An entry is built once at start on each thread; what `build` returns runs while serving.

import type { Place } from '../shared/config/diagnostic.ts';
import type { Model, ProxyModel, RuleSet } from '../shared/config/model.ts';
import type { HeaderName } from './http/message.ts';
import type { LogProfilePlan } from './log/plan.ts';
import type { PatternSource } from './match/pattern-file.ts';
import type { Regex } from './match/regex-guard.ts';
import type { ReplyPlan } from './program.ts';
import type { Sample, SampleKind } from './sample/sample.ts';
import type { Stream } from './stream/stream.ts';

/** Fills `out`; false: no value now (`out.mayChange` then says whether one may still come). */
export type Evaluate = (stream: Stream, out: Sample) => boolean;

/** Changes `sample` in place; false: no value. */
export type Convert = (sample: Sample, stream: Stream) => boolean;

/** 1 true, 0 false, -1 not known yet: more data is needed. */
export type Condition = (stream: Stream) => number;

/** A log-format string, evaluated: latin1 text. */
export type FormatText = (stream: Stream) => string;

/** Runs one rule; returns a verdict* constant. */
export type Act = (stream: Stream) => number;

/** Next rule. */
export const verdictNext = 0;
/** Skip the rest of this rule set (allow, accept). */
export const verdictStop = 1;
/** Refused: send `stream.reply` (deny), termination state PR. */
export const verdictDeny = 2;
/** Close without an answer (reject, close), PR. */
export const verdictClose = 3;
/** Not enough data or time yet: run this same rule again when woken. */
export const verdictWait = 4;
/** `stream.reply` answers (return, redirect, use-service), LR. */
export const verdictDone = 5;
/** An internal error in a rule: 500 or 502, state I. */
export const verdictError = 6;
/** Hold the client for timeout tarpit, then send `stream.reply`, PT. */
export const verdictTarpit = 7;
/** Forget the connection without telling the client (silent-drop). */
export const verdictDrop = 8;
/** What was waited for did not come in time: 408 to a client (cR), 504 for a server (sH). */
export const verdictLate = 9;
/** A TCP session goes on as HTTP (switch-mode). */
export const verdictSwitch = 10;

/** Kinds of arguments between parentheses (manual 7.1: fetches and converters). */
export interface ArgumentDef {
  readonly name: string;
  readonly type: ArgumentType;
  /** Absent and everything after it: optional. */
  readonly optional?: boolean;
}
export type ArgumentType =
  | 'string'
  | 'sint'
  | 'time'
  | 'size'
  | 'ipv4'
  | 'ipv6'
  | 'address'
  | 'mask4'
  | 'mask6'
  | 'frontend'
  | 'backend'
  | 'server'
  | 'table'
  | 'userlist'
  | 'variable'
  | 'regex'
  | 'field-path'
  | 'any';

/** What an argument became. Names are resolved to indexes; regexes are compiled. */
export type ArgumentValue = string | number | bigint | Regex | null;

/** A fetch: `name(args)` that yields a first value. `reads` is a row name of sample/reads.ts. */
export interface FetchDef {
  readonly name: string;
  readonly args: readonly ArgumentDef[];
  readonly returns: SampleKind;
  readonly reads: string;
  readonly help: string;
  /** A use of it that must build, e.g. `req.hdr(host)`. */
  readonly example: string;
  readonly build: (args: readonly ArgumentValue[], scope: Scope) => Evaluate | null;
}

export interface ConverterDef {
  readonly name: string;
  readonly args: readonly ArgumentDef[];
  readonly takes: SampleKind;
  readonly returns: SampleKind;
  /** What it returns with these arguments, where that depends on them; lists show `returns`. */
  readonly returnsWith?: (args: readonly ArgumentValue[]) => SampleKind;
  readonly help: string;
  readonly example: string;
  readonly build: (args: readonly ArgumentValue[], scope: Scope) => Convert | null;
}

export interface ActionDef {
  readonly name: string;
  /** Rule sets it is legal in. */
  readonly sets: readonly RuleSet[];
  readonly help: string;
  /** The words after the rule set, e.g. `deny deny_status 429`. */
  readonly example: string;
  /**
   * Reads its own words from `words` (which stands after the action's name; `words.parenthesis`
   * holds what stood between parentheses, e.g. txn.a in set-var(txn.a)) and stops before if/unless.
   * null: it has reported alerts through `scope`.
   */
  readonly build: (words: WordCursor, scope: Scope) => Act | null;
}

/**
 * What `use-service` names: an answer that is made here, where a server would make it (manual 4.4).
 */
export interface ServiceDef {
  readonly name: string;
  /** Of `http-request` and `tcp-request content`: those it can be used in. */
  readonly sets: readonly RuleSet[];
  readonly help: string;
  /**
   * Runs when a rule chooses the service: sets `stream.reply`, mostly with `pieces` and `service`,
   * and returns verdictDone.
   */
  readonly build: (scope: Scope) => Act | null;
}

/** An expression as built: a fetch and its converters. */
export interface Expression {
  readonly evaluate: Evaluate;
  readonly returns: SampleKind;
  /** The words it was built from, for messages. */
  readonly text: string;
}

/** Reads the words of one line one by one, knowing where each stands. */
export interface WordCursor {
  readonly words: readonly string[];
  readonly place: Place;
  index: number;
  /** Text between parentheses of the action's own name, '' for none. */
  readonly parenthesis: string;
  /** The current word without taking it, '' at the end. */
  peek(): string;
  /** Takes the current word, '' at the end. */
  next(): string;
  atEnd(): boolean;
  /** Place of the current word (or of the line's end). */
  here(): Place;
}

/**
 * What an entry may ask while it is built. Filled by worker/compile; entries never import compile.
 */
export interface Scope {
  readonly model: Model;
  /** The proxy the line belongs to, null in global. */
  readonly proxy: ProxyModel | null;
  readonly ruleSet: RuleSet | '';
  /** Builds `fetch(args),converter(args),...` from the cursor (one word). */
  expression(words: WordCursor): Expression | null;
  /** The same from a text, cast to `kind` when it is not kindAny. */
  expressionOf(text: string, kind: SampleKind): Expression | null;
  /** Builds `converter(args),converter(args)...` over what `input` gives, a text. */
  convertersOf(text: string, input: Evaluate): Expression | null;
  /**
   * Builds `if ...` or `unless ...` from the cursor to its end; a true condition when at the end.
   */
  condition(words: WordCursor): Condition | null;
  /** The acl called `name` as this line sees it. null: alert given. */
  acl(name: string): Condition | null;
  /** Pattern lists of this thread: files of acls and maps, and where they are used. */
  readonly patterns: PatternSource;
  /**
   * Builds a log-format string (manual 8.2.6). `header` (the default) percent-encodes what a header
   * may not hold; `text` leaves values as they are (payloads, variables, names).
   */
  logFormat(text: string, use?: 'header' | 'text'): FormatText | null;
  /** The log-profile section called `name`, as this line's proxy sees it. null: alert given. */
  logProfile(name: string): LogProfilePlan | null;
  /**
   * Index of a variable by its scoped name (txn.foo): see sample/variables.ts. null: alert given.
   */
  variable(name: string): number | null;
  /** Index into model.proxies of the frontend or backend called `name`, -1: none. */
  frontendIndex(name: string): number;
  backendIndex(name: string): number;
  /** Content of a file the loader has read (latin1), or null with an alert. */
  content(path: string): string | null;
  /**
   * Builds the reply of `words` (status, content-type, hdr, string, file, lf-..., errorfile...).
   */
  reply(words: WordCursor, statusDefault: number): ReplyPlan | null;
  header(name: string): HeaderName;
  /** Alerts given so far: a caller that sees it grow need not say anything more. */
  readonly alerts: number;
  alert(message: string, hint?: string): void;
  alertAt(place: Place, message: string, hint?: string): void;
  warning(message: string): void;
  warningAt(place: Place, message: string, hint?: string): void;
}

/** Joins families into one map; twins stop the start-up. */
export function table<T extends { readonly name: string }>(
  kind: string,
  ...families: readonly (readonly T[])[]
): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const family of families) {
    for (const def of family) {
      if (all.has(def.name)) throw new Error(`${kind} '${def.name}' is declared twice`);
      all.set(def.name, def);
    }
  }
  return all;
}
