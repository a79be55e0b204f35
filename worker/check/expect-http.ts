// `expect` of http-check: status, headers and body of an answer. Start makes the closures; the
// words that all `expect` lines have are read by expect.ts.

import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import { headerWords } from '../http/message.ts';
import type { FormatText, Scope, WordCursor } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { Answer } from './answer.ts';
import {
  emptyFormat,
  type ExpectOptions,
  type ReadPattern,
  takeFormat,
  takeRegex,
} from './expect.ts';
import { type ExpectStep, expectStep, judgedBad, judgedGood, judgedWait } from './plan.ts';

const statusL7Response = checkStatusNumber('L7RSP');
const statusL7Status = checkStatusNumber('L7STS');

/** What every judgement of an answer needs first: a head. `judge` is asked once there is one. */
function withHead(judge: ExpectStep['judge']): ExpectStep['judge'] {
  return (answer, isLast) => {
    const status = answer.readHead();
    if (status !== 0) {
      answer.code = status;
      return judge(answer, isLast || answer.isWhole());
    }
    if (!isLast && !answer.isBroken && !answer.isFull()) return judgedWait;
    answer.status = statusL7Response;
    return judgedBad;
  };
}

function reasonOf({ head }: Answer): string {
  return head.text(head.reasonAt, head.reasonLength);
}

/** The end of a judgement on status or headers: the reason phrase tells what went wrong. */
function verdict(answer: Answer, options: ExpectOptions, isFound: boolean): number {
  if (isFound !== options.isInverse) return judgedGood;
  answer.status = options.errorStatus || statusL7Status;
  answer.info = options.onError === null ? reasonOf(answer) : '';
  return judgedBad;
}

// ---- status ----

type Range = readonly [low: number, high: number];

/** `200-399,401`; a message when it is not that. */
export function parseStatusRanges(text: string): readonly Range[] | string {
  const ranges: Range[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d*)(?:-(\d*))?(.*)$/.exec(part);
    const [, low = '', high = low, rest = ''] = match ?? [];
    if (rest !== '') return `invalid character '${rest[0]}' in the list of status codes`;
    if (Number(low) > Number(high)) return `invalid range of status codes '${text}'`;
    ranges.push([Number(low), Number(high)]);
  }
  return ranges;
}

const readStatus: ReadPattern = (words, scope) => {
  const ranges = parseStatusRanges(words.next());
  if (typeof ranges === 'string') {
    scope.alert(ranges);
    return null;
  }
  return (options) => ({
    judge: withHead((answer) => {
      const { code } = answer;
      const isFound = ranges.some(([low, high]) => code >= low && code <= high);
      return verdict(answer, options, isFound);
    }),
    awaited: ' (expect HTTP status codes)',
    missed: '(status codes)',
  });
};

const readStatusRegex: ReadPattern = (words, scope, word) => {
  const regex = takeRegex(words, scope, word);
  if (regex === null) return null;
  return (options) => ({
    judge: withHead((answer) => verdict(answer, options, regex.test(String(answer.code)))),
    awaited: ' (expect HTTP status regex)',
    missed: ' (regex)',
  });
};

// ---- headers ----

/** One name or value pattern: how it is compared, and where the text comes from. */
interface TextMatch {
  /** The text of this run, null when a format gave none. '' when `regex` decides. */
  readonly wanted: (stream: Stream) => string | null;
  readonly fits: (text: string, wanted: string) => boolean;
}

type Compare = (text: string, wanted: string) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  str: (text, wanted) => text === wanted,
  beg: (text, wanted) => text.startsWith(wanted),
  end: (text, wanted) => text.endsWith(wanted),
  sub: (text, wanted) => text.includes(wanted),
};

const methodNames = "'str', 'beg', 'end', 'sub' or 'reg'";

/** Reads `[-m METHOD] PATTERN` after name, name-lf, value or value-lf. */
function readTextMatch(words: WordCursor, scope: Scope, isName: boolean): TextMatch | null {
  const keyword = words.next();
  const isFormat = keyword.endsWith('-lf');
  let method = 'str';
  if (words.peek() === '-m') {
    words.next();
    method = words.next();
    if (method !== 'reg' && comparisons[method] === undefined) {
      return complain(scope, `'-m' only supports ${methodNames} (got '${method}')`);
    }
  }
  if (words.atEnd()) return complain(scope, `expect a pattern with the ${keyword} keyword`);
  if (method === 'reg') {
    if (isFormat) return complain(scope, 'log-format string is not supported with a regex');
    const regex = takeRegex(words, scope, keyword, isName);
    return regex === null ? null : { wanted: () => '', fits: (text) => regex.test(text) };
  }
  const compare = comparisons[method];
  const format = isFormat ? takeFormat(words, scope, keyword) : constant(words.next());
  if (format === null) return null;
  const wanted = (stream: Stream): string | null => {
    const text = format(stream);
    if (isFormat && text === '') return null;
    return isName ? text.toLowerCase() : text;
  };
  return { wanted, fits: compare };
}

const constant =
  (text: string): FormatText =>
  () =>
    text;

function complain(scope: Scope, message: string): null {
  scope.alert(message);
  return null;
}

const isNameWord = (word: string): boolean => word === 'name' || word === 'name-lf';
const isValueWord = (word: string): boolean => word === 'value' || word === 'value-lf';

const readHeader: ReadPattern = (words, scope, word) => {
  if (!isNameWord(words.peek())) {
    return complain(scope, `'${word}' expects the name keyword first, followed by a pattern`);
  }
  const name = readTextMatch(words, scope, true);
  if (name === null) return null;
  const value = isValueWord(words.peek()) ? readTextMatch(words, scope, false) : undefined;
  if (value === null) return null;
  const isWhole = word === 'fhdr';
  return (options) => ({
    judge: withHead((answer) => judgeHeader(answer, options, { name, value, isWhole })),
    awaited: ' (expect HTTP header pattern)',
    missed: ' (header pattern)',
  });
};

interface HeaderMatch {
  readonly name: TextMatch;
  readonly value: TextMatch | undefined;
  /** Values are not cut at commas. */
  readonly isWhole: boolean;
}

function judgeHeader(answer: Answer, options: ExpectOptions, match: HeaderMatch): number {
  const { name, value, isWhole } = match;
  const wantedName = name.wanted(answer.stream);
  const wantedValue = value === undefined ? '' : value.wanted(answer.stream);
  if (wantedName === null || wantedValue === null) {
    answer.status = statusL7Response;
    answer.info = emptyFormat;
    return judgedBad;
  }
  const { head } = answer;
  for (let index = 0; index < head.count; index++) {
    if (head.headers[index * headerWords + 1] === 0) continue;
    if (!name.fits(head.nameText(index), wantedName)) continue;
    if (value === undefined) return verdict(answer, options, true);
    const text = head.valueText(index);
    const values = isWhole ? [text] : splitValues(text);
    if (values.some((one) => value.fits(one, wantedValue))) return verdict(answer, options, true);
  }
  return verdict(answer, options, false);
}

/** The values of a list, commas within quotes apart (RFC 9110 5.6.1). */
function splitValues(text: string): string[] {
  return (text.match(/(?:"(?:\\.|[^"\\])*"|[^,])+/g) ?? ['']).map((one) => one.trim());
}

// ---- body ----

function judgeBody(
  options: ExpectOptions,
  needs: (stream: Stream) => number,
  find: (body: string, stream: Stream) => boolean,
): ExpectStep['judge'] {
  return withHead((answer, isLast) => {
    const body = answer.body();
    const status = options.errorStatus || statusL7Response;
    const isTold = options.onError === null;
    if (body === '') {
      if (!isLast) return judgedWait;
      answer.status = status;
      answer.info = isTold ? 'HTTP content check could not find a response body' : '';
      return judgedBad;
    }
    const least = needs(answer.stream);
    if (least < 0) {
      answer.status = statusL7Response;
      answer.info = emptyFormat;
      return judgedBad;
    }
    if (!isLast && (body.length < least || body.length < options.minRecv)) return judgedWait;
    const isFound = find(body, answer.stream);
    if (!isFound && !isLast && options.minRecv === -1) return judgedWait;
    if (isFound !== options.isInverse) return judgedGood;
    answer.status = status;
    if (isTold) {
      answer.info = options.isInverse
        ? 'HTTP check matched unwanted content'
        : 'HTTP content check did not match';
    }
    return judgedBad;
  });
}

const readBody: ReadPattern = (words, scope, word) => {
  if (words.atEnd()) return complain(scope, `'${word}' expects a <pattern> as argument`);
  const text = words.next();
  return (options) => ({
    judge: judgeBody(
      options,
      () => text.length,
      (body) => body.includes(text),
    ),
    awaited: ` (expect HTTP body content '${text}')`,
    missed: ` '${text}'`,
  });
};

const readBodyRegex: ReadPattern = (words, scope, word) => {
  const regex = takeRegex(words, scope, word);
  if (regex === null) return null;
  return (options) => ({
    judge: judgeBody(
      options,
      () => 0,
      (body) => regex.test(body),
    ),
    awaited: ' (expect HTTP body regex)',
    missed: ' (regex)',
  });
};

const readBodyFormat: ReadPattern = (words, scope, word) => {
  const format = takeFormat(words, scope, word);
  if (format === null) return null;
  return (options) => ({
    judge: judgeBody(
      options,
      (stream) => format(stream).length || -1,
      (body, stream) => body.includes(format(stream)),
    ),
    awaited: ' (expect log-format HTTP body)',
    missed: ' (log-format string)',
  });
};

export const httpPatterns: ReadonlyMap<string, ReadPattern> = new Map([
  ['status', readStatus],
  ['rstatus', readStatusRegex],
  ['hdr', readHeader],
  ['fhdr', readHeader],
  ['string', readBody],
  ['rstring', readBodyRegex],
  ['string-lf', readBodyFormat],
]);

export const httpKnown =
  "min-recv, '[!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', '[!]hdr', '[!]fhdr'";

/** The `expect status 200-399` of checks whose last step is a request. */
export function implicitStatus(number: number): ExpectStep {
  const ranges: readonly Range[] = [[200, 399]];
  const options = { isInverse: false, errorStatus: 0, onError: null } as ExpectOptions;
  return expectStep({
    number,
    judge: withHead((answer) => {
      const { code } = answer;
      return verdict(answer, options, code >= ranges[0][0] && code <= ranges[0][1]);
    }),
    head: -1,
    awaited: ' (expect HTTP status codes)',
    missed: '(status codes)',
  });
}
