// Conditions of `.if`, `.elif` and the command line's -cc (manual 2.4): expression text to yes or
// no. Called by source.ts and by the master. It looks at nothing but what it is handed.

import { detectedFeatures } from './detected.ts';
import {
  compareTlsVersion,
  compareVersions,
  compatibilityVersion,
  features,
  runtimeOptions,
  tlsLibraryName,
} from './features.ts';
import type { Lookup } from './lexer.ts';

export interface ConditionResult {
  readonly value: boolean;
  /** '' or what is wrong with the text. */
  readonly error: string;
  /** Offset of the first bad character. */
  readonly at: number;
}

/** Settings of the configuration that `enabled()` asks about. */
export type EnabledOptions = Readonly<Record<string, boolean>>;

/** Evaluates a condition. An empty one is false. */
export function evaluateCondition(
  text: string,
  lookup: Lookup,
  enabled: EnabledOptions = runtimeOptions,
): ConditionResult {
  const parser = new ConditionParser(text, { lookup, enabled });
  try {
    if (parser.skipBlanks() === text.length) return { value: false, error: '', at: 0 };
    const value = parser.readOr(0);
    if (parser.skipBlanks() < text.length) {
      const char = text.charAt(parser.at);
      throw new ConditionFault(`unexpected character '${char}' at the end of condition`, parser.at);
    }
    return { value, error: '', at: 0 };
  } catch (fault) {
    if (!(fault instanceof ConditionFault)) throw fault;
    return { value: false, error: `${fault.message} '${text}'`, at: fault.at };
  }
}

class ConditionFault extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Answers {
  readonly lookup: Lookup;
  readonly enabled: EnabledOptions;
}

interface Predicate {
  readonly name: string;
  readonly count: number;
  /** null: the argument cannot be used. */
  readonly answer: (args: readonly string[], answers: Answers) => boolean | null;
}

const atLeast = (order: number | null): boolean | null => (order === null ? null : order >= 0);
const before = (order: number | null): boolean | null => (order === null ? null : order < 0);

export const predicates: readonly Predicate[] = [
  { name: 'defined', count: 1, answer: ([name], { lookup }) => lookup(name) !== undefined },
  { name: 'feature', count: 1, answer: ([name]) => evaluateFeature(name) },
  { name: 'streq', count: 2, answer: ([a, b]) => a === b },
  { name: 'strneq', count: 2, answer: ([a, b]) => a !== b },
  { name: 'strstr', count: 2, answer: ([text, part]) => text.includes(part) },
  {
    name: 'version_atleast',
    count: 1,
    answer: ([text]) => compareVersions(compatibilityVersion, text) >= 0,
  },
  {
    name: 'version_before',
    count: 1,
    answer: ([text]) => compareVersions(compatibilityVersion, text) < 0,
  },
  {
    name: 'openssl_version_atleast',
    count: 1,
    answer: ([text]) => atLeast(compareTlsVersion(text)),
  },
  { name: 'openssl_version_before', count: 1, answer: ([text]) => before(compareTlsVersion(text)) },
  {
    name: 'ssllib_name_startswith',
    count: 1,
    answer: ([text]) => tlsLibraryName.toLowerCase().startsWith(text.toLowerCase()),
  },
  // Node carries OpenSSL, never AWS-LC: the reference calls that an unusable argument, too.
  { name: 'awslc_api_atleast', count: 1, answer: () => null },
  { name: 'awslc_api_before', count: 1, answer: () => null },
  { name: 'enabled', count: 1, answer: ([name], { enabled }) => enabled[name] === true },
  { name: 'fips_mode', count: 0, answer: () => false },
];

/** Whether something works: in this program, or on this machine. */
export function evaluateFeature(name: string): boolean {
  const known = features.find((feature) => feature.name === name);
  if (known !== undefined) return known.works;
  return detectedFeatures().some((feature) => feature.works && feature.name === name);
}

const predicateByName = new Map(predicates.map((row) => [row.name, row]));
const depthMax = 1024;
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  ' ': ' ',
  '"': '"',
  "'": "'",
  r: '\r',
  n: '\n',
  t: '\t',
};

class ConditionParser {
  readonly text: string;
  readonly answers: Answers;
  at = 0;
  /** Above 0: what is read cannot change the answer any more. */
  private settled = 0;

  constructor(text: string, answers: Answers) {
    this.text = text;
    this.answers = answers;
  }

  skipBlanks(): number {
    while (this.text.charAt(this.at) === ' ' || this.text.charAt(this.at) === '\t') this.at++;
    return this.at;
  }

  take(token: string): boolean {
    this.skipBlanks();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  // Both sides are always read, so that a mistake in the second half is found although the first
  // half settles the answer; whether its arguments make sense is not asked then.
  readOr(depth: number): boolean {
    let value = this.readAnd(depth);
    while (this.take('||')) value = this.readHalf(value, () => this.readAnd(depth)) || value;
    return value;
  }

  readAnd(depth: number): boolean {
    let value = this.readTerm(depth);
    while (this.take('&&')) value = this.readHalf(!value, () => this.readTerm(depth)) && value;
    return value;
  }

  private readHalf(isSettled: boolean, read: () => boolean): boolean {
    if (isSettled) this.settled++;
    const value = read();
    if (isSettled) this.settled--;
    return value;
  }

  readTerm(depth: number): boolean {
    const startAt = this.skipBlanks();
    if (depth > depthMax) throw new ConditionFault('too many levels in condition', startAt);
    let wanted = true;
    while (this.take('!')) wanted = !wanted;
    return this.readAtom(this.skipBlanks(), depth) === wanted;
  }

  readAtom(startAt: number, depth: number): boolean {
    const number = /^[+-]?(?:0[xX][0-9a-fA-F]+|\d+)/.exec(this.text.slice(startAt));
    if (number !== null) {
      this.at += number[0].length;
      return /[1-9a-fA-F]/.test(number[0].replace(/^[+-]?0[xX]/, ''));
    }
    if (this.take('(')) {
      const value = this.readOr(depth + 1);
      if (!this.take(')')) throw new ConditionFault("expected ')' after condition", this.at);
      return value;
    }
    const word = /^[^ (]*/.exec(this.text.slice(startAt))![0];
    const row = predicateByName.get(word);
    if (row === undefined) {
      throw new ConditionFault('unparsable conditional expression', startAt);
    }
    this.at += word.length;
    const value = row.answer(this.readArguments(row), this.answers);
    if (value !== null) return value;
    if (this.settled > 0) return false;
    throw new ConditionFault(`invalid argument to predicate '${row.name}' in`, startAt);
  }

  readArguments(row: Predicate): string[] {
    const args: string[] = [];
    if (this.text.charAt(this.at) === '(') {
      do {
        this.at++;
        args.push(this.readArgument());
      } while (this.text.charAt(this.at) === ',');
      if (this.text.charAt(this.at) !== ')') {
        throw new ConditionFault(`missing ')' after arguments of '${row.name}' in`, this.at);
      }
      this.at++;
    }
    if (row.count === 0 && args.length === 1 && args[0] === '') return [];
    if (args.length !== row.count) {
      const count = `${args.length}/${row.count}`;
      throw new ConditionFault(
        `wrong number of arguments (${count}) for '${row.name}' in`,
        this.at,
      );
    }
    return args;
  }

  /** One argument, up to an unquoted comma or closing parenthesis (manual 2.2, second level). */
  readArgument(): string {
    const { text } = this;
    let value = '';
    let quote = '';
    for (; this.at < text.length; this.at++) {
      const char = text.charAt(this.at);
      if (quote === '' && (char === ',' || char === ')')) return value;
      if ((char === '"' || char === "'") && (quote === '' || quote === char)) {
        quote = quote === '' ? char : '';
      } else if (
        char === '\\' &&
        quote !== "'" &&
        escapes[text.charAt(this.at + 1)] !== undefined
      ) {
        value += escapes[text.charAt(++this.at)];
      } else value += char;
    }
    throw new ConditionFault(
      quote === '' ? "missing closing ')' in" : `unmatched quote ${quote} in`,
      this.at,
    );
  }
}
