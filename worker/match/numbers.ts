// Indexes of integer patterns: values and ranges over samples (`int`) or over their length
// (`len`). One range is two comparisons; many become merged ranges for yes or no, a map of single
// values and a short list of true ranges where the entry itself is asked for (file order decides).

import { type Int64, parseInt64 } from '../sample/int64.ts';
import type { Sample } from '../sample/sample.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry, PatternIndex } from './pattern.ts';

interface IntRange {
  /** null: no limit on that side. */
  readonly min: Int64 | null;
  readonly max: Int64 | null;
}

const separator = /[:-]/;

/** `5`, `1:3`, `1-3`, `:3`, `5:`, `5-` (manual 7.1.2); a message when it is none of these. */
export function parseRange(text: string): IntRange | string {
  const found = separator.exec(text);
  if (found === null) {
    const value = parseInt64(text);
    return value === null ? `'${text}' is not a number` : { min: value, max: value };
  }
  const left = text.slice(0, found.index);
  const right = text.slice(found.index + 1);
  const min = left === '' ? null : parseInt64(left);
  const max = right === '' ? null : parseInt64(right);
  const bad = (left !== '' && min === null) || (right !== '' && max === null);
  if (bad || (min === null && max === null) || (min !== null && max !== null && min > max)) {
    return `'${text}' is not a valid number range`;
  }
  return { min, max };
}

const isIn = (value: Int64, range: IntRange): boolean =>
  (range.min === null || value >= range.min) && (range.max === null || value <= range.max);

/** The index of integer patterns over what `read` takes from a sample; all were checked before. */
/** `read`: the number a sample is compared by. */
export function intIndex(
  entries: readonly PatternEntry[],
  read: (sample: Sample) => Int64,
): PatternIndex {
  const ranges = entries.map((entry) => parseRange(entry.text) as IntRange);
  if (ranges.length === 1) return singleRange(entries[0], ranges[0], read);
  const numbers = new Numbers(entries, ranges);
  let merged: readonly IntRange[] | null = mergeRanges(ranges);
  return {
    test: (sample) =>
      merged === null ? numbers.find(read(sample)) !== null : isMerged(merged, read(sample)),
    find: (sample) => numbers.find(read(sample)),
    insert: (entry) => {
      merged = null;
      numbers.add(entry, parseRange(entry.text) as IntRange);
      return true;
    },
    remove: (entry) => {
      merged = null;
      numbers.remove(entry, parseRange(entry.text) as IntRange);
      return true;
    },
  };
}

interface WideRange {
  readonly range: IntRange;
  readonly entry: PatternEntry;
}

/** The entry itself is asked for: single values by value, true ranges one after the other. */
class Numbers {
  private readonly singles: KeyedEntries<Int64>;
  /** In the list's order. */
  private readonly wide: WideRange[];

  constructor(entries: readonly PatternEntry[], ranges: readonly IntRange[]) {
    this.singles = new KeyedEntries();
    this.wide = [];
    for (const [index, range] of ranges.entries()) this.add(entries[index], range);
  }

  add(entry: PatternEntry, range: IntRange): void {
    if (range.min === range.max && range.min !== null) this.singles.add(range.min, entry);
    else this.wide.push({ range, entry });
  }

  remove(entry: PatternEntry, range: IntRange): void {
    if (range.min === range.max && range.min !== null) this.singles.remove(range.min, entry);
    else {
      const at = this.wide.findIndex((one) => one.entry === entry);
      if (at >= 0) this.wide.splice(at, 1);
    }
  }

  /** The first entry of the list that holds `value`. */
  find(value: Int64): PatternEntry | null {
    const single = this.singles.get(value);
    const { wide } = this;
    for (let i = 0; i < wide.length; i++) {
      const { range, entry } = wide[i];
      if (single !== undefined && single.id < entry.id) return single;
      if (isIn(value, range)) return entry;
    }
    return single ?? null;
  }
}

function singleRange(
  entry: PatternEntry,
  range: IntRange,
  read: (sample: Sample) => Int64,
): PatternIndex {
  const { min, max } = range;
  const test = (sample: Sample): boolean => {
    const value = read(sample);
    return (min === null || value >= min) && (max === null || value <= max);
  };
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

/** Sorted by their low end, overlaps joined. */
function mergeRanges(ranges: readonly IntRange[]): readonly IntRange[] {
  const sorted = [...ranges].sort((a, b) => compareLow(a.min, b.min));
  const merged: IntRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || !reaches(last.max, range.min)) merged.push(range);
    else merged[merged.length - 1] = { min: last.min, max: higher(last.max, range.max) };
  }
  return merged;
}

function compareLow(a: Int64 | null, b: Int64 | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const reaches = (max: Int64 | null, min: Int64 | null): boolean =>
  max === null || min === null || max >= min;
const higher = (a: Int64 | null, b: Int64 | null): Int64 | null =>
  a === null || b === null ? null : a > b ? a : b;

function isMerged(merged: readonly IntRange[], value: Int64): boolean {
  let low = 0;
  let high = merged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { min } = merged[middle];
    if (min === null || min <= value) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return false;
  const { max } = merged[low - 1];
  return max === null || value <= max;
}
