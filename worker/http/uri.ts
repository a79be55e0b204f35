// The normalisers of `http-request normalize-uri` (RFC 3986 6.2.2): pure functions from a request
// target to a request target. `actions/uri.ts` makes a keyword of this table. They leave scheme
// and authority alone, and targets without a path (`*`, authority form) as they are.

export interface UriNormalizer {
  readonly name: string;
  /** The word that may follow the name, '': none. */
  readonly option: string;
  /** The new target; null: the target is invalid and the request gets a 400. Any thread. */
  readonly run: (target: string, withOption: boolean) => string | null;
}

type Part = (text: string, withOption: boolean) => string | null;

export const uriNormalizers = [
  { name: 'fragment-encode', option: '', run: onPathAndQuery(encodeFragment) },
  { name: 'fragment-strip', option: '', run: onPathAndQuery(stripFragment) },
  { name: 'path-merge-slashes', option: '', run: onPath(mergeSlashes) },
  { name: 'path-strip-dot', option: '', run: onPath(stripDot) },
  { name: 'path-strip-dotdot', option: 'full', run: onPath(stripDotDot) },
  { name: 'percent-decode-unreserved', option: 'strict', run: onPathAndQuery(decodeUnreserved) },
  { name: 'percent-to-uppercase', option: 'strict', run: onPathAndQuery(raisePercent) },
  { name: 'query-sort-by-name', option: '', run: onPathAndQuery(sortQuery) },
] as const satisfies readonly UriNormalizer[];

/** A normaliser that works on path, query and fragment together. */
function onPathAndQuery(part: Part): UriNormalizer['run'] {
  return (target, withOption) => {
    const at = pathIndex(target);
    if (at < 0) return target;
    const changed = part(target.slice(at), withOption);
    return changed === null ? null : target.slice(0, at) + changed;
  };
}

/** A normaliser that works on what is before the first `?`. */
function onPath(part: Part): UriNormalizer['run'] {
  return onPathAndQuery((text, withOption) => {
    const queryAt = text.indexOf('?');
    if (queryAt < 0) return part(text, withOption);
    const changed = part(text.slice(0, queryAt), withOption);
    return changed === null ? null : changed + text.slice(queryAt);
  });
}

/** Index of the path in a target of any form, -1: none. */
export function pathIndex(target: string): number {
  if (target.startsWith('/')) return 0;
  const schemeEnd = target.indexOf('://');
  if (schemeEnd <= 0 || !isScheme(target, schemeEnd)) return -1;
  for (let i = schemeEnd + 3; i < target.length; i++) {
    const char = target[i];
    if (char === '/' || char === '?' || char === '#') return i;
  }
  return -1;
}

function isScheme(target: string, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const code = target.charCodeAt(i);
    const isLetter = isBetween(code | 32, 97, 122);
    if (!isLetter && (i === 0 || (!isBetween(code, 48, 57) && !'+-.'.includes(target[i])))) {
      return false;
    }
  }
  return true;
}

function isBetween(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

function encodeFragment(text: string): string {
  return text.replaceAll('#', '%23');
}

function stripFragment(text: string): string {
  const at = text.indexOf('#');
  return at < 0 ? text : text.slice(0, at);
}

function mergeSlashes(path: string): string {
  let merged = '';
  for (let i = 0; i < path.length; i++) {
    if (path[i] !== '/' || path[i - 1] !== '/') merged += path[i];
  }
  return merged;
}

/** Takes out `.` segments; each takes the slash after it along. */
function stripDot(path: string): string {
  const segments = path.split('/');
  const last = segments.length - 1;
  let stripped = '';
  for (let i = 0; i <= last; i++) {
    if (segments[i] !== '.') stripped += i < last ? `${segments[i]}/` : segments[i];
  }
  return stripped;
}

/**
 * Takes out each `..` segment with the segment before it, from the end, so that those which find
 * none are left over; they stay at the front unless `isFull`.
 */
function stripDotDot(path: string, isFull: boolean): string {
  const segments = path.slice(1).split('/');
  if (segments[segments.length - 1] === '..') segments.push('');
  let kept = segments[segments.length - 1];
  let up = 0;
  for (let i = segments.length - 2; i >= 0; i--) {
    if (segments[i] === '..') up++;
    else if (up > 0) up--;
    else kept = `${segments[i]}/${kept}`;
  }
  return isFull ? `/${kept}` : `${'/..'.repeat(up)}/${kept}`;
}

function decodeUnreserved(text: string, isStrict: boolean): string | null {
  return mapPercent(text, isStrict, (digits) => {
    const char = String.fromCharCode(Number.parseInt(digits, 16));
    return isUnreserved(char) ? char : `%${digits}`;
  });
}

function raisePercent(text: string, isStrict: boolean): string | null {
  return mapPercent(text, isStrict, (digits) => `%${digits.toUpperCase()}`);
}

/** Passes each `%` with two hexadecimal digits through `change`; others stay, or are refused. */
function mapPercent(
  text: string,
  isStrict: boolean,
  change: (digits: string) => string,
): string | null {
  let mapped = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '%') {
      mapped += text[i];
    } else if (isHex(text, i + 1) && isHex(text, i + 2)) {
      mapped += change(text.slice(i + 1, i + 3));
      i += 2;
    } else {
      if (isStrict) return null;
      mapped += '%';
    }
  }
  return mapped;
}

function isHex(text: string, index: number): boolean {
  if (index >= text.length) return false;
  const code = text.charCodeAt(index);
  return isBetween(code, 48, 57) || isBetween(code | 32, 97, 102);
}

function isUnreserved(char: string): boolean {
  const code = char.charCodeAt(0);
  return isBetween(code, 48, 57) || isBetween(code | 32, 97, 122) || '-._~'.includes(char);
}

/** Equal names keep their order, and shorter names come before longer ones that they begin. */
function sortQuery(text: string): string {
  const at = text.indexOf('?') + 1;
  if (at === 0 || at === text.length) return text;
  const parameters = text.slice(at).split('&');
  // What follows the last delimiter is no parameter when it is empty.
  if (parameters[parameters.length - 1] === '') parameters.pop();
  parameters.sort(byName);
  return text.slice(0, at) + parameters.join('&');
}

function byName(a: string, b: string): number {
  const nameA = nameOf(a);
  const nameB = nameOf(b);
  if (nameA === nameB) return 0;
  return nameA < nameB ? -1 : 1;
}

function nameOf(parameter: string): string {
  const at = parameter.indexOf('=');
  return at < 0 ? parameter : parameter.slice(0, at);
}
