// Operators of integer patterns in ACLs (manual 7.1.2): `gt 5` becomes the range `6:`, and versions
// `3.1` become one integer. Start only.

import { add, parseInt64, sub } from '../sample/int64.ts';

const operators: ReadonlySet<string> = new Set(['eq', 'ge', 'gt', 'le', 'lt']);

/** The operator a word is, '' when it is none. */
export function operatorOf(word: string): string {
  return operators.has(word) ? word : '';
}

interface NumberFault {
  readonly why: string;
}

/** The pattern as a value or range of integers; `versions`: both ends may be `major.minor`. */
export function rewritePattern(
  word: string,
  operator: string,
  versions: boolean,
): string | NumberFault {
  if (/[:-]/.test(word)) return versions ? rewriteRange(word) : word;
  if (operator === 'eq' && !versions) return word;
  const value = versions ? versionNumber(word) : (parseInt64(word) ?? NaN);
  if (typeof value === 'number' && Number.isNaN(value)) {
    return { why: `'${word}' is neither a number nor a supported operator` };
  }
  if (operator === 'eq') return String(value);
  if (operator === 'ge') return `${value}:`;
  if (operator === 'gt') return `${add(value, 1)}:`;
  return operator === 'le' ? `:${value}` : `:${sub(value, 1)}`;
}

function rewriteRange(word: string): string | NumberFault {
  const [low, high] = word.split(/[:-]/);
  const from = low === '' ? '' : versionNumber(low);
  const to = high === '' ? '' : versionNumber(high);
  if (Number.isNaN(from) || Number.isNaN(to))
    return { why: `'${word}' is not a valid version range` };
  return `${from}:${to}`;
}

/** `3.1` as 3 × 65536 + 1, `3` as 3 × 65536; NaN when it is neither. */
function versionNumber(word: string): number {
  const found = /^(\d{1,5})(?:\.(\d{1,5}))?$/.exec(word);
  if (found === null) return Number.NaN;
  const major = Number(found[1]);
  const minor = Number(found[2] ?? 0);
  return major < 65536 && minor < 65536 ? major * 65536 + minor : Number.NaN;
}
