// Parameters of a query string or of a form body: `name=value` separated by `&`, `;` or one more
// delimiter of the caller's choice (manual: url_param). Used by the parameter fetches and by
// `balance url_param`. Offsets only; nothing is copied, nothing is decoded.

import { lowerByte, semicolon } from './syntax.ts';

/** What to look for. Made at start. */
export interface ParameterName {
  /** Empty: any name. Lower case when `ignoresCase`. */
  readonly bytes: Uint8Array;
  /** A byte that separates parameters besides `&` and `;`. */
  readonly delimiter: number;
  readonly ignoresCase: boolean;
}

/** Start time only; `text` is latin1, `delimiter` one character. */
export function parameterName(text: string, delimiter = '&', ignoresCase = false): ParameterName {
  const name = ignoresCase ? text.toLowerCase() : text;
  const bytes = Uint8Array.from(Buffer.from(name, 'latin1'));
  return { bytes, delimiter: delimiter.charCodeAt(0), ignoresCase };
}

/** A search through one list: the caller sets `next` and `end`, `nextParameter` the rest. */
export class ParameterSpan {
  /** Where the search goes on, and where the list ends. */
  next: number;
  end: number;
  valueAt: number;
  valueLength: number;

  constructor() {
    this.next = 0;
    this.end = 0;
    this.valueAt = 0;
    this.valueLength = 0;
  }
}

const ampersand = 38;
const equals = 61;

/**
 * Offset after the first `delimiter` of a request target, where its parameters start; -1: none.
 */
export function queryStart(
  bytes: Uint8Array,
  at: number,
  length: number,
  delimiter: number,
): number {
  const end = at + length;
  for (let i = at; i < end; i++) if (bytes[i] === delimiter) return i + 1;
  return -1;
}

/** Finds the value of the next parameter of that name from `span.next` on; false: none. */
export function nextParameter(
  bytes: Uint8Array,
  span: ParameterSpan,
  name: ParameterName,
): boolean {
  const { end } = span;
  const valueAt =
    name.bytes.length === 0
      ? afterEquals(bytes, span.next, end)
      : afterName(bytes, span.next, end, name);
  if (valueAt < 0) {
    span.next = end;
    return false;
  }
  const stop = delimiterAt(bytes, valueAt, end, name.delimiter);
  span.valueAt = valueAt;
  span.valueLength = stop - valueAt;
  span.next = stop;
  return true;
}

function afterEquals(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at; i < end; i++) if (bytes[i] === equals) return i + 1;
  return -1;
}

/** Offset after `name=` at the start of a parameter, -1: none. */
function afterName(bytes: Uint8Array, from: number, end: number, name: ParameterName): number {
  const { length } = name.bytes;
  let at = from;
  while (at + length < end) {
    if (bytes[at + length] === equals && isName(bytes, at, name)) return at + length + 1;
    at = delimiterAt(bytes, at, end, name.delimiter) + 1;
  }
  return -1;
}

function isName(bytes: Uint8Array, at: number, name: ParameterName): boolean {
  const wanted = name.bytes;
  for (let i = 0; i < wanted.length; i++) {
    const byte = name.ignoresCase ? lowerByte[bytes[at + i]] : bytes[at + i];
    if (byte !== wanted[i]) return false;
  }
  return true;
}

/** Offset of the next delimiter, or `end`. */
function delimiterAt(bytes: Uint8Array, at: number, end: number, delimiter: number): number {
  let i = at;
  for (; i < end; i++) {
    const byte = bytes[i];
    if (byte === ampersand || byte === semicolon || byte === delimiter) break;
  }
  return i;
}
