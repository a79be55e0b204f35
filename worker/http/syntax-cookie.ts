// Cookies in the values of Cookie and Set-Cookie headers (RFC 6265 4), the way the reference
// reads them: quoted values, names with a leading $ passed over, cookies without `=` passed over.
// Used by the cookie fetches, captures and server persistence. Offsets only; nothing is copied.

import { comma, semicolon, space, tab } from './syntax.ts';

/** A search through one header value: the caller sets `next` and `end`, `nextCookie` the rest. */
export class CookieSpan {
  /** Where the search goes on, and where the header value ends. */
  next: number;
  end: number;
  nameAt: number;
  nameLength: number;
  valueAt: number;
  valueLength: number;

  constructor() {
    this.next = 0;
    this.end = 0;
    this.nameAt = 0;
    this.nameLength = 0;
    this.valueAt = 0;
    this.valueLength = 0;
  }
}

const dollar = 36;
const equals = 61;

/**
 * Finds the next cookie called `name` (case matters; length 0: any) from `span.next` on and fills
 * the span; false: none. `isList`: a Cookie header, which holds many; a Set-Cookie header holds
 * one, its first pair.
 */
export function nextCookie(
  bytes: Uint8Array,
  span: CookieSpan,
  name: Uint8Array,
  isList: boolean,
): boolean {
  const { end } = span;
  let at = span.next;
  while (at + name.length + 1 < end) {
    at = skipBlanks(bytes, at, end);
    const equalsAt = nameEnd(bytes, at, end, isList);
    if (equalsAt >= end || bytes[equalsAt] !== equals) {
      at = equalsAt + 1;
      continue;
    }
    const valueAt = skipBlanks(bytes, equalsAt + 1, end);
    const stop = valueEnd(bytes, valueAt, end);
    span.nameAt = at;
    span.nameLength = blanksStart(bytes, at, equalsAt) - at;
    span.valueAt = valueAt;
    span.valueLength = blanksStart(bytes, valueAt, stop) - valueAt;
    span.next = stop + 1;
    if (bytes[at] !== dollar) {
      if (name.length === 0 || isNamed(bytes, span, name)) return true;
      if (!isList) break;
    }
    at = stop + 1;
  }
  span.next = end;
  return false;
}

function isNamed(bytes: Uint8Array, span: CookieSpan, name: Uint8Array): boolean {
  if (span.nameLength !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[span.nameAt + i] !== name[i]) return false;
  return true;
}

/** Offset of the `=` after a name, or of what separates cookies, or `end`. */
function nameEnd(bytes: Uint8Array, at: number, end: number, isList: boolean): number {
  let i = at;
  for (; i < end; i++) {
    const byte = bytes[i];
    if (byte === equals || byte === semicolon || (isList && byte === comma)) break;
  }
  return i;
}

/** Offset of the comma or semicolon after a value, which may be a quoted string. */
function valueEnd(bytes: Uint8Array, at: number, end: number): number {
  let quoted = false;
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === 92) i++;
      else if (byte === 34) quoted = false;
    } else if (byte === 34) quoted = true;
    else if (byte === comma || byte === semicolon) return i;
  }
  return end;
}

function skipBlanks(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && (bytes[i] === space || bytes[i] === tab)) i++;
  return i;
}

function blanksStart(bytes: Uint8Array, at: number, end: number): number {
  let stop = end;
  while (stop > at && (bytes[stop - 1] === space || bytes[stop - 1] === tab)) stop--;
  return stop;
}
