// Finds one value in a JSON text by its path and gives it as a sample (manual 7.3.1, "json_query").
// The text is walked once and nothing is built. Paths are parsed at start; walking is for the proxy
// thread and never throws. Of a key that comes twice the first counts.

import type { Sample } from '../sample.ts';
import { decimalText } from './decimal-text.ts';

/** A key, or a position in an array. */
type Step = string | number;

/** Arrays and objects inside each other, at most. */
const depthMax = 20;

/**
 * Parses `$.key.other[0]['any name']`; a backslash takes the meaning from the character behind it.
 * A message when it is no such path: what else RFC 9535 has selects several values.
 */
export function parseJsonPath(text: string): readonly Step[] | string {
  if (text[0] !== '$') return `JSON path '${text}' must start with '$'`;
  const steps: Step[] = [];
  const step =
    /\.((?:[^\\.[\]*]|\\.)+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/gy;
  step.lastIndex = 1;
  for (let at = 1; at < text.length; at = step.lastIndex) {
    const found = step.exec(text);
    if (found === null) {
      return `'${text.slice(at)}' of JSON path '${text}' does not select one member or element`;
    }
    const [, key, index, single, double] = found;
    const name = key ?? single ?? double;
    steps.push(name === undefined ? Number(index) : name.replace(/\\(.)/g, '$1'));
  }
  return steps;
}

/** Where the value found last stands in the text. */
const found = { at: 0, end: 0 };

/** Fills `sample`, which holds the JSON, with the value at `path`; false: there is none. */
export function queryJson(sample: Sample, path: readonly Step[], wantsInteger: boolean): boolean {
  const { text } = sample;
  if (find(text, skipBlanks(text, 0), path, 0) < 0) return false;
  const { at, end } = found;
  switch (text.charCodeAt(at)) {
    case 116: // t
      return sample.setBool(true);
    case 102: // f
      return sample.setBool(false);
    case 34: {
      const value = unescapeJson(text, at + 1, end - 1);
      return value !== null && sample.setText(value);
    }
    case 91: // [
      return sample.setText(text.slice(at, end));
    case 123: // {
    case 110: // n
      return false;
    default:
      return wantsInteger ? giveInteger(sample, at) : giveNumber(sample, at, end);
  }
}

const giveNumber = (sample: Sample, at: number, end: number): boolean =>
  sample.setText(decimalText(Number(sample.text.slice(at, end))));

const integerAt = /-?\d+/y;

/** The digits before any point or exponent, as far as JSON promises integers (RFC 8259 6). */
function giveInteger(sample: Sample, at: number): boolean {
  integerAt.lastIndex = at;
  const value = Number(integerAt.exec(sample.text)?.[0]);
  return Number.isSafeInteger(value) && sample.setInt(value === 0 ? 0 : value);
}

/**
 * Looks for the rest of the path from `step` on in the value at `at`: 0 with `found` set, else -1.
 */
function find(text: string, at: number, path: readonly Step[], step: number): number {
  if (step === path.length) {
    found.at = at;
    found.end = skipValue(text, at, step);
    return found.end < 0 ? -1 : 0;
  }
  const wanted = path[step];
  if (typeof wanted === 'string') {
    return text[at] === '{' ? findMember(text, at, path, step) : -1;
  }
  if (text[at] !== '[') return -1;
  let valueAt = skipBlanks(text, at + 1);
  if (text[valueAt] === ']') return -1;
  for (let index = 0; index < wanted; index++) {
    const comma = skipBlanks(text, skipValue(text, valueAt, step));
    if (text[comma] !== ',') return -1;
    valueAt = skipBlanks(text, comma + 1);
  }
  return find(text, valueAt, path, step + 1);
}

function findMember(text: string, at: number, path: readonly Step[], step: number): number {
  let keyAt = skipBlanks(text, at + 1);
  while (text[keyAt] === '"') {
    const keyEnd = stringEnd(text, keyAt);
    const valueAt = keyEnd < 0 ? -1 : valueBehind(text, keyEnd);
    if (valueAt < 0) return -1;
    if (isKey(text, keyAt + 1, keyEnd - 1, path[step] as string)) {
      return find(text, valueAt, path, step + 1);
    }
    const comma = skipBlanks(text, skipValue(text, valueAt, step));
    if (text[comma] !== ',') return -1;
    keyAt = skipBlanks(text, comma + 1);
  }
  return -1;
}

function isKey(text: string, from: number, end: number, wanted: string): boolean {
  if (end - from === wanted.length && text.startsWith(wanted, from)) return true;
  const slash = text.indexOf('\\', from);
  return slash >= 0 && slash < end && unescapeJson(text, from, end) === wanted;
}

/** Where the value of a key that ends at `at` starts, -1: no colon. */
function valueBehind(text: string, at: number): number {
  const colon = skipBlanks(text, at);
  return text[colon] === ':' ? skipBlanks(text, colon + 1) : -1;
}

/** First character at or behind `at` that is no blank; the end of the text for a negative `at`. */
function skipBlanks(text: string, at: number): number {
  if (at < 0) return text.length;
  let i = at;
  while (isBlank(text.charCodeAt(i))) i++;
  return i;
}

const isBlank = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

/** First character behind the string that starts at `at`; -1: it does not end. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 34) return i + 1;
    if (code === 92) i++;
    else if (code === 0) return -1;
  }
  return -1;
}

const scalar = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;

/** First character behind the value at `at`; -1: it is not valid. */
function skipValue(text: string, at: number, depth: number): number {
  const code = text.charCodeAt(at);
  if (code === 34) return stringEnd(text, at);
  if (code === 123 || code === 91) return skipMembers(text, at, depth + 1);
  scalar.lastIndex = at;
  return scalar.test(text) ? scalar.lastIndex : -1;
}

/** An object or array. */
function skipMembers(text: string, at: number, depth: number): number {
  const isObject = text[at] === '{';
  const close = isObject ? '}' : ']';
  let i = skipBlanks(text, at + 1);
  if (text[i] === close) return i + 1;
  while (i < text.length && depth <= depthMax) {
    if (isObject) {
      const keyEnd = text[i] === '"' ? stringEnd(text, i) : -1;
      i = keyEnd < 0 ? -1 : valueBehind(text, keyEnd);
      if (i < 0) return -1;
    }
    i = skipBlanks(text, skipValue(text, i, depth));
    if (text[i] === close) return i + 1;
    if (text[i] !== ',') return -1;
    i = skipBlanks(text, i + 1);
  }
  return -1;
}

const escaped: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The string between its quotes; null: an escape that gives no single byte, as HAProxy has it. */
function unescapeJson(text: string, from: number, end: number): string | null {
  const raw = text.slice(from, end);
  if (raw.indexOf('\\') < 0) return raw;
  let out = '';
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== '\\') {
      out += raw[i];
      continue;
    }
    i++;
    const code = raw[i] === 'u' ? raw.slice(i + 1, i + 5) : '';
    if (code !== '') {
      if (!/^00[0-9a-fA-F]{2}$/.test(code)) return null;
      out += String.fromCharCode(Number.parseInt(code, 16));
      i += 4;
    } else if (escaped[raw[i]] === undefined) return null;
    else out += escaped[raw[i]];
  }
  return out;
}
