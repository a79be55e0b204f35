// The alphabet of HTTP: character classes as tables, the parts of a target and of an authority,
// list members, reason phrases and dates. Used by every codec and by the fetches; pure functions
// over bytes or strings, no state but the tables. They never read outside the range they are
// given.

/** Lower case of a token character (RFC 9110 5.6.2), 0 for any other byte. */
export const lowerToken = new Uint8Array(256);
/** 1 for bytes a request target may hold: 33-126 but '#'. */
export const targetByte = new Uint8Array(256);
/** Value of a hexadecimal digit, 255 for any other byte. */
export const hexValue = new Uint8Array(256).fill(255);
/** ASCII lower case of any byte. */
export const lowerByte = new Uint8Array(256);

function fillTables(): void {
  for (let i = 0; i < 256; i++) lowerByte[i] = i >= 65 && i <= 90 ? i + 32 : i;
  for (let i = 33; i < 127; i++) {
    const separator = '"(),/:;<=>?@[\\]{}'.includes(String.fromCharCode(i));
    if (!separator) lowerToken[i] = lowerByte[i];
    if (i !== 35) targetByte[i] = 1;
  }
  for (let i = 0; i < 16; i++) {
    const digit = i.toString(16).charCodeAt(0);
    hexValue[digit] = i;
    if (digit > 96) hexValue[digit - 32] = i;
  }
}
fillTables();

export const tab = 9;
export const lineFeed = 10;
export const carriageReturn = 13;
export const space = 32;
export const hash = 35;
export const comma = 44;
export const slash = 47;
export const digitZero = 48;
export const colon = 58;
export const semicolon = 59;
export const atSign = 64;

/** True when `length` bytes at `at` are `lower` whatever their case; `lower` is lower case. */
export function isWord(bytes: Uint8Array, at: number, length: number, lower: Uint8Array): boolean {
  if (length !== lower.length) return false;
  for (let i = 0; i < length; i++) if (lowerByte[bytes[at + i]] !== lower[i]) return false;
  return true;
}

/** True when two runs of `length` bytes are equal but for the case of letters. */
export function isSameWord(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (lowerByte[bytes[a + i]] !== lowerByte[bytes[b + i]]) return false;
  }
  return true;
}

/**
 * Offset of the comma that ends the list member at `at` (quoted strings may hold commas), or
 * `end`.
 */
export function memberEnd(bytes: Uint8Array, at: number, end: number): number {
  let quoted = false;
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === 92) i++;
      else if (byte === 34) quoted = false;
    } else if (byte === 34) quoted = true;
    else if (byte === comma) return i;
  }
  return end;
}

/** Offset after the last byte of [at, end) that is neither space nor tab. */
export function trimmedEnd(bytes: Uint8Array, at: number, end: number): number {
  let stop = end;
  while (stop > at && (bytes[stop - 1] === space || bytes[stop - 1] === tab)) stop--;
  return stop;
}

/**
 * Where the parts of a request target are; filled by `splitTarget`. Lengths are 0 for absent
 * parts.
 */
export class TargetParts {
  /** "http://" and the like, with the slashes. */
  schemeLength: number;
  /** The authority without user information; -1: the target has none. */
  authorityAt: number;
  authorityLength: number;
  /** Path with query and fragment; -1: none (authority form, `*`, or `http://host`). */
  pathAt: number;
  pathLength: number;

  constructor() {
    this.schemeLength = 0;
    this.authorityAt = -1;
    this.authorityLength = 0;
    this.pathAt = -1;
    this.pathLength = 0;
  }
}

/**
 * Splits a target of any form (RFC 9112 3.2): one that starts with `/` is a path, `*` has no
 * parts, one with a scheme has an authority and maybe a path, anything else is an authority.
 */
export function splitTarget(
  bytes: Uint8Array,
  at: number,
  length: number,
  parts: TargetParts,
): TargetParts {
  const end = at + length;
  parts.schemeLength = 0;
  parts.authorityAt = -1;
  parts.authorityLength = 0;
  parts.pathAt = -1;
  parts.pathLength = 0;
  if (length === 0 || bytes[at] === 42) return parts;
  if (bytes[at] === slash) {
    parts.pathAt = at;
    parts.pathLength = length;
    return parts;
  }
  parts.schemeLength = schemeLength(bytes, at, end);
  let start = at + parts.schemeLength;
  let stop = start;
  for (; stop < end; stop++) {
    const byte = bytes[stop];
    if (byte === slash || byte === 63 || byte === hash) break;
    if (byte === atSign) start = stop + 1;
  }
  parts.authorityAt = start;
  parts.authorityLength = stop - start;
  if (parts.schemeLength > 0 && stop < end) {
    parts.pathAt = stop;
    parts.pathLength = end - stop;
  }
  return parts;
}

/** Length of `scheme://` at `at`, 0: none (RFC 3986 3.1). */
function schemeLength(bytes: Uint8Array, at: number, end: number): number {
  if (!isLetter(bytes[at])) return 0;
  let i = at + 1;
  while (i < end && isSchemeByte(bytes[i])) i++;
  if (i + 3 > end || bytes[i] !== colon || bytes[i + 1] !== slash || bytes[i + 2] !== slash)
    return 0;
  return i + 3 - at;
}

function isLetter(byte: number): boolean {
  return lowerByte[byte] >= 97 && lowerByte[byte] <= 122;
}

function isSchemeByte(byte: number): boolean {
  return isLetter(byte) || isDigit(byte) || byte === 43 || byte === 45 || byte === 46;
}

/** DIGIT of RFC 5234 B.1. */
export function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

/**
 * Digits after the last colon of an authority; -1: no colon there, 0: a colon and nothing after
 * it.
 */
export function portLength(bytes: Uint8Array, at: number, length: number): number {
  let i = at + length - 1;
  while (i > at && isDigit(bytes[i])) i--;
  return i >= at && bytes[i] === colon ? at + length - i - 1 : -1;
}

const httpScheme = Uint8Array.from(Buffer.from('http://'));
const httpsScheme = Uint8Array.from(Buffer.from('https://'));

/** Kinds of scheme that imply a port. */
export const schemeNone = 0;
export const schemeHttp = 1;
export const schemeHttps = 2;
export const schemeOther = 3;

/** Kind of the `length` bytes of scheme at `at`, slashes included. */
export function schemeKind(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return schemeNone;
  if (isWord(bytes, at, length, httpScheme)) return schemeHttp;
  return isWord(bytes, at, length, httpsScheme) ? schemeHttps : schemeOther;
}

/**
 * Does the scheme imply the port in `length` digits at `at`? No digits: always. No scheme: 80,
 * 443.
 */
export function isDefaultPort(
  bytes: Uint8Array,
  at: number,
  length: number,
  scheme: number,
): boolean {
  if (length === 0) return true;
  if (length === 2 && bytes[at] === 56 && bytes[at + 1] === 48) return scheme <= schemeHttp;
  if (length !== 3 || bytes[at] !== 52 || bytes[at + 1] !== 52 || bytes[at + 2] !== 51)
    return false;
  return scheme === schemeNone || scheme === schemeHttps;
}

/**
 * Offset of the first byte an authority or a Host value may not hold, -1: none. Brackets may only
 * enclose an address at the start; a comma would make two values of one Host.
 */
export function forbiddenAuthorityByte(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  let open = false;
  for (let i = at; i < end; i++) {
    const byte = bytes[i];
    if (byte === 91 && i === at) open = true;
    else if (byte === 93 && open && (i === end - 1 || bytes[i + 1] === colon)) open = false;
    else if (notInAuthority[byte] !== 0) return i;
  }
  return open ? at : -1;
}

const notInAuthority = new Uint8Array(256).fill(1);
for (let i = 33; i < 127; i++)
  notInAuthority[i] = ',#/?@[\\]'.includes(String.fromCharCode(i)) ? 1 : 0;

const dayNames = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const monthNames = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
];

/** IMF-fixdate of a moment in milliseconds since the epoch, UTC (RFC 9110 5.6.7). */
export function httpDate(timeMs: number): string {
  const date = new Date(timeMs);
  const day = `${dayNames[date.getUTCDay()]}, ${two(date.getUTCDate())}`;
  const minutes = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  const clock = `${minutes}:${two(date.getUTCSeconds())}`;
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return `${day} ${monthNames[date.getUTCMonth()]} ${year} ${clock} GMT`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number);
}
