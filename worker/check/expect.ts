// `expect` of tcp-check: its words become a closure that judges what has come. The HTTP half is
// expect-http.ts; the options that both have are read here. Start only.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import type { FormatText, Scope, WordCursor } from '../keyword.ts';
import { compileRegex } from '../match/regex.ts';
import type { Regex } from '../match/regex-guard.ts';
import type { Answer } from './answer.ts';
import { parseHex } from './hex.ts';
import { type ExpectStep, expectStep, judgedBad, judgedGood, judgedWait } from './plan.ts';

/** What the options of a rule say; defaults are filled in by `newOptions`. */
export interface ExpectOptions {
  minRecv: number;
  isInverse: boolean;
  comment: string;
  onSuccess: FormatText | null;
  onError: FormatText | null;
  okStatus: number;
  errorStatus: number;
  timeoutStatus: number;
  statusCode: ExpectStep['statusCode'];
}

/** A pattern as read: how it judges, and how reports name it. */
export interface Pattern {
  readonly judge: ExpectStep['judge'];
  readonly awaited: string;
  readonly missed: string;
}

/** Makes the pattern once all options are known; null after an alert. */
export type MakePattern = (options: ExpectOptions) => Pattern | null;

/** Reads the pattern whose word has just been taken. */
export type ReadPattern = (words: WordCursor, scope: Scope, word: string) => MakePattern | null;

/** A rule without options. */
export function newOptions(): ExpectOptions {
  return {
    minRecv: -1,
    isInverse: false,
    comment: '',
    onSuccess: null,
    onError: null,
    okStatus: 0,
    errorStatus: 0,
    timeoutStatus: 0,
    statusCode: null,
  };
}

type StatusField = 'okStatus' | 'errorStatus' | 'timeoutStatus';

const statusWords: Readonly<Record<string, readonly [StatusField, readonly string[]]>> = {
  'ok-status': ['okStatus', ['L4OK', 'L6OK', 'L7OK', 'L7OKC']],
  'error-status': ['errorStatus', ['L4CON', 'L6RSP', 'L7RSP', 'L7STS', 'L7OKC']],
  'tout-status': ['timeoutStatus', ['L4TOUT', 'L6TOUT', 'L7TOUT']],
};

type ReadOption = (words: WordCursor, scope: Scope, options: ExpectOptions) => boolean;

function wordFor(words: WordCursor, scope: Scope, name: string, what: string): string | null {
  if (!words.atEnd() && words.peek() !== '') return words.next();
  scope.alertAt(words.here(), `'${name}' expects ${what} as argument`);
  return null;
}

function readMinimum(words: WordCursor, scope: Scope, options: ExpectOptions): boolean {
  const text = wordFor(words, scope, 'min-recv', 'an integer');
  if (text === null) return false;
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= -1 && value < 2 ** 31) {
    options.minRecv = value;
    return true;
  }
  scope.alertAt(words.here(), "'min-recv' expects -1 or an integer from 0 to 2147483647");
  return false;
}

const formatOption =
  (name: string, field: 'onSuccess' | 'onError'): ReadOption =>
  (words, scope, options) => {
    const text = wordFor(words, scope, name, 'a string');
    options[field] = text === null ? null : scope.logFormat(text, 'text');
    return options[field] !== null;
  };

const statusOption =
  (name: string): ReadOption =>
  (words, scope, options) => {
    const [field, names] = statusWords[name];
    const text = wordFor(words, scope, name, 'a status');
    if (text === null) return false;
    const found = names.find((one) => one === text.toUpperCase());
    if (found === undefined) {
      const list = names.map((one) => `'${one}'`).join(', ');
      scope.alertAt(words.here(), `'${name}' only supports ${list} (got '${text}')`);
      return false;
    }
    options[field] = checkStatusNumber(found);
    return true;
  };

const optionReaders: ReadonlyMap<string, ReadOption> = new Map<string, ReadOption>([
  ['min-recv', readMinimum],
  [
    'comment',
    (words, scope, options) => {
      const text = wordFor(words, scope, 'comment', 'a string');
      options.comment = text ?? '';
      return text !== null;
    },
  ],
  ['on-success', formatOption('on-success', 'onSuccess')],
  ['on-error', formatOption('on-error', 'onError')],
  ['ok-status', statusOption('ok-status')],
  ['error-status', statusOption('error-status')],
  ['tout-status', statusOption('tout-status')],
  [
    'status-code',
    (words, scope, options) => {
      const text = wordFor(words, scope, 'status-code', 'an expression');
      options.statusCode = text === null ? null : (scope.expressionOf(text, 0)?.evaluate ?? null);
      return options.statusCode !== null;
    },
  ],
]);

export interface ReadExpect {
  readonly number: number;
  readonly patterns: ReadonlyMap<string, ReadPattern>;
  /** What the message about an unknown word lists. */
  readonly known: string;
}

/** Reads the words after `expect`; null after an alert. */
export function readExpect(words: WordCursor, scope: Scope, how: ReadExpect): ExpectStep | null {
  const options = newOptions();
  let make: MakePattern | null = null;
  if (words.atEnd()) {
    scope.alert('expects at least a matching pattern as arguments');
    return null;
  }
  while (!words.atEnd()) {
    let word = words.next();
    const inversions = inversionsOf(word);
    if (inversions % 2 === 1) options.isInverse = !options.isInverse;
    if (inversions > 0) word = word.slice(inversions) || words.next();
    const read = how.patterns.get(word);
    if (read !== undefined) {
      if (make !== null) return refused(scope, 'only one pattern expected');
      make = read(words, scope, word);
      if (make === null) return null;
      continue;
    }
    if (inversions > 0) return refused(scope, `[!] not supported with '${word}'`);
    const option = optionReaders.get(word);
    if (option === undefined) {
      return refused(scope, `only supports ${how.known} or comment but got '${word}' as argument`);
    }
    if (!option(words, scope, options)) return null;
  }
  if (make === null) return refused(scope, 'pattern not found');
  const pattern = make(options);
  return pattern === null ? null : stepOf(how, options, pattern);
}

/** How many `!` are stuck to a word's front, or are the word. */
const inversionsOf = (word: string): number => word.length - word.replace(/^!+/, '').length;

function refused(scope: Scope, message: string): null {
  scope.alert(message);
  return null;
}

function stepOf(how: ReadExpect, options: ExpectOptions, pattern: Pattern): ExpectStep {
  const { comment, isInverse, onSuccess, onError, okStatus, errorStatus } = options;
  const { timeoutStatus, statusCode } = options;
  return expectStep({
    number: how.number,
    judge: pattern.judge,
    awaited: pattern.awaited,
    missed: pattern.missed,
    comment,
    isInverse,
    onSuccess,
    onError,
    okStatus,
    errorStatus,
    timeoutStatus,
    statusCode,
  });
}

// ---- patterns over raw bytes ----

const statusL7Response = checkStatusNumber('L7RSP');

type Find = (answer: Answer) => boolean;

/** Waits for `needs` bytes, then for the match; without min-recv until nothing more comes. */
function judgeBytes(options: ExpectOptions, needs: number, find: Find): ExpectStep['judge'] {
  const { minRecv, isInverse } = options;
  const status = options.errorStatus || statusL7Response;
  return (answer, isLast) => {
    const isFinal = isLast || answer.isFull();
    if (!isFinal && (answer.length < needs || answer.length < minRecv)) return judgedWait;
    const isFound = find(answer);
    if (!isFound && !isFinal && minRecv === -1) return judgedWait;
    if (isFound !== isInverse) return judgedGood;
    answer.status = status;
    return judgedBad;
  };
}

const readString: ReadPattern = (words, scope, word) => {
  const text = wordFor(words, scope, word, 'a <pattern>');
  if (text === null) return null;
  return (options) => ({
    judge: judgeBytes(options, text.length, (answer) => answer.text().includes(text)),
    awaited: ` (expect string '${text}')`,
    missed: ` '${text}'`,
  });
};

const readBinary: ReadPattern = (words, scope, word) => {
  const text = wordFor(words, scope, word, 'a <pattern>');
  const bytes = text === null ? null : parseHex(text);
  if (text !== null && bytes === null) {
    scope.alert(
      `invalid binary string '${text}': an even number of hexadecimal digits is expected`,
    );
  }
  if (bytes === null) return null;
  const digits = Buffer.from(bytes, 'latin1').toString('hex').toUpperCase();
  return (options) => ({
    judge: judgeBytes(options, bytes.length, (answer) => answer.text().includes(bytes)),
    awaited: ` (expect binary '${digits}')`,
    missed: ' (binary)',
  });
};

/** Reads a regular expression; null after an alert. */
export function takeRegex(
  words: WordCursor,
  scope: Scope,
  word: string,
  ignoreCase = false,
): Regex | null {
  const text = wordFor(words, scope, word, 'a <pattern>');
  if (text === null) return null;
  const regex = compileRegex(text, { ignoreCase });
  if (typeof regex !== 'string') return regex;
  scope.alert(regex);
  return null;
}

const readRegex: ReadPattern = (words, scope, word) => {
  const regex = takeRegex(words, scope, word);
  if (regex === null) return null;
  return (options) => ({
    judge: judgeBytes(options, 0, (answer) => regex.test(answer.text())),
    awaited: ' (expect regex)',
    missed: ' (regex)',
  });
};

const readBinaryRegex: ReadPattern = (words, scope, word) => {
  const regex = takeRegex(words, scope, word);
  if (regex === null) return null;
  const digits = (answer: Answer): string =>
    Buffer.from(answer.text(), 'latin1').toString('hex').toUpperCase();
  return (options) => ({
    judge: judgeBytes(options, 0, (answer) => regex.test(digits(answer))),
    awaited: ' (expect binary regex)',
    missed: ' (binary regex)',
  });
};

/** Reads a format; null after an alert. */
export function takeFormat(words: WordCursor, scope: Scope, word: string): FormatText | null {
  const text = wordFor(words, scope, word, 'a <pattern>');
  return text === null ? null : scope.logFormat(text, 'text');
}

export const emptyFormat = 'log-format string evaluated to an empty string';

const readFormat: ReadPattern = (words, scope, word) => {
  const format = takeFormat(words, scope, word);
  if (format === null) return null;
  const isHex = word === 'binary-lf';
  return (options) => ({
    judge: judgeFormat(options, format, isHex),
    awaited: ` (expect log-format ${isHex ? 'binary' : 'string'})`,
    missed: ` (log-format ${isHex ? 'binary' : 'string'})`,
  });
};

function judgeFormat(
  options: ExpectOptions,
  format: FormatText,
  isHex: boolean,
): ExpectStep['judge'] {
  return (answer, isLast) => {
    const text = format(answer.stream);
    const wanted = isHex ? parseHex(text) : text;
    if (text === '' || wanted === null) {
      answer.status = statusL7Response;
      answer.info =
        text === ''
          ? emptyFormat
          : 'Failed to parse hexastring resulting of eval of a log-format string';
      return judgedBad;
    }
    return judgeBytes(options, wanted.length, ({ length }) =>
      length < wanted.length ? false : answer.text().includes(wanted),
    )(answer, isLast);
  };
}

export const tcpPatterns: ReadonlyMap<string, ReadPattern> = new Map([
  ['string', readString],
  ['rstring', readRegex],
  ['string-lf', readFormat],
  ['binary', readBinary],
  ['rbinary', readBinaryRegex],
  ['binary-lf', readFormat],
]);

export const tcpKnown =
  "min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf', '[!]rbinary', '[!]binary-lf'";
