// Indexes of string patterns: exact, prefix, suffix, substring, words, expressions. One pattern
// becomes one native string operation, many become a map or a sorted array. `entries` are in file
// order, which decides where HAProxy walks a list; exact and prefix look-ups follow its trees
// (first duplicate, longest prefix), or the file order when case is ignored.

import type { Sample } from '../sample/sample.ts';
import type { PatternEntry, PatternIndex, PatternOptions } from './pattern.ts';
import { hasWord, lowerAscii, strip } from './text.ts';

type Entries = readonly PatternEntry[];
/** Position in file order, compared when several entries match. */
interface Ranked {
  readonly entry: PatternEntry;
  readonly rank: number;
}

/** An index that never matches. */
export const emptyIndex: PatternIndex = { test: () => false, find: () => null };

const keep = (text: string): string => text;
const folder = (options: PatternOptions): ((text: string) => string) =>
  options.ignoreCase ? lowerAscii : keep;

/** Whole values: `str` and, with keys decoded by `keyOf`, `bin`. */
export function exactIndex(
  entries: Entries,
  options: PatternOptions,
  keyOf: (entry: PatternEntry) => string = (entry) => entry.text,
): PatternIndex {
  const fold = folder(options);
  const map = new Map<string, PatternEntry>();
  for (const entry of entries) {
    const key = fold(keyOf(entry));
    if (!map.has(key)) map.set(key, entry);
  }
  const insert = (entry: PatternEntry): boolean => {
    const key = fold(keyOf(entry));
    if (!map.has(key)) map.set(key, entry);
    return true;
  };
  if (entries.length === 1) return singleExact(entries[0], fold(keyOf(entries[0])), options);
  if (options.ignoreCase) {
    return {
      test: (sample) => map.has(lowerAscii(sample.text)),
      find: (sample) => map.get(lowerAscii(sample.text)) ?? null,
      insert,
    };
  }
  return {
    test: (sample) => map.has(sample.text),
    find: (sample) => map.get(sample.text) ?? null,
    insert,
  };
}

function singleExact(entry: PatternEntry, key: string, options: PatternOptions): PatternIndex {
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) => sample.text.length === length && lowerAscii(sample.text) === key
    : (sample: Sample) => sample.text === key;
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

/** Prefixes: sorted, each knowing the longest other one that starts it. */
export function prefixIndex(entries: Entries, options: PatternOptions): PatternIndex {
  const fold = folder(options);
  if (entries.length === 1) return singlePrefix(entries[0], fold(entries[0].text), options);
  const { keys, ranked, parents } = sortPrefixes(entries, fold);
  /** Index of the longest key that starts `text`, -1: none. */
  const longest = (text: string): number => {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (keys[middle] <= text) low = middle + 1;
      else high = middle;
    }
    let at = low - 1;
    while (at >= 0 && !text.startsWith(keys[at])) at = parents[at];
    return at;
  };
  if (!options.ignoreCase) {
    return {
      test: (sample) => longest(sample.text) >= 0,
      find: (sample) => {
        const at = longest(sample.text);
        return at < 0 ? null : ranked[at].entry;
      },
    };
  }
  return {
    test: (sample) => longest(lowerAscii(sample.text)) >= 0,
    find: (sample) => {
      let best: Ranked | null = null;
      for (let at = longest(lowerAscii(sample.text)); at >= 0; at = parents[at]) {
        if (best === null || ranked[at].rank < best.rank) best = ranked[at];
      }
      return best === null ? null : best.entry;
    },
  };
}

function singlePrefix(entry: PatternEntry, key: string, options: PatternOptions): PatternIndex {
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) =>
        sample.text.length >= length && lowerAscii(sample.text.slice(0, length)) === key
    : (sample: Sample) => sample.text.startsWith(key);
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

function sortPrefixes(entries: Entries, fold: (text: string) => string) {
  const first = new Map<string, Ranked>();
  for (const [rank, entry] of entries.entries()) {
    const key = fold(entry.text);
    if (!first.has(key)) first.set(key, { entry, rank });
  }
  const keys = [...first.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const parents = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    let parent = i - 1;
    while (parent >= 0 && !keys[i].startsWith(keys[parent])) parent = parents[parent];
    parents[i] = parent;
  }
  return { keys, parents, ranked: keys.map((key) => first.get(key) as Ranked) };
}

/** Suffixes: a map per distinct length, of which there are few. */
export function suffixIndex(entries: Entries, options: PatternOptions): PatternIndex {
  const fold = folder(options);
  if (entries.length === 1) return singleSuffix(entries[0], fold(entries[0].text), options);
  const byLength = new Map<number, Map<string, Ranked>>();
  for (const [rank, entry] of entries.entries()) {
    const key = fold(entry.text);
    const map = byLength.get(key.length) ?? new Map<string, Ranked>();
    if (!map.has(key)) map.set(key, { entry, rank });
    byLength.set(key.length, map);
  }
  const lengths = [...byLength.keys()].sort((a, b) => a - b);
  const maps = lengths.map((length) => byLength.get(length) as Map<string, Ranked>);
  const best = (whole: string): Ranked | null => {
    const text = fold(whole);
    let found: Ranked | null = null;
    for (let i = 0; i < lengths.length && lengths[i] <= text.length; i++) {
      const ranked = maps[i].get(text.slice(text.length - lengths[i]));
      if (ranked !== undefined && (found === null || ranked.rank < found.rank)) found = ranked;
    }
    return found;
  };
  return {
    test: (sample) => best(sample.text) !== null,
    find: (sample) => best(sample.text)?.entry ?? null,
  };
}

function singleSuffix(entry: PatternEntry, key: string, options: PatternOptions): PatternIndex {
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) =>
        sample.text.length >= length &&
        lowerAscii(sample.text.slice(sample.text.length - length)) === key
    : (sample: Sample) => sample.text.endsWith(key);
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

/** Walks the list in file order with one question per pattern. */
function listIndex<T>(
  entries: Entries,
  fold: (text: string) => string,
  patternOf: (entry: PatternEntry) => T,
  matches: (text: string, pattern: T) => boolean,
): PatternIndex {
  const patterns = entries.map(patternOf);
  const at = (sample: Sample): number => {
    const text = fold(sample.text);
    for (let i = 0; i < patterns.length; i++) if (matches(text, patterns[i])) return i;
    return -1;
  };
  return {
    test: (sample) => at(sample) >= 0,
    find: (sample) => {
      const found = at(sample);
      return found < 0 ? null : entries[found];
    },
  };
}

/** Substrings. */
export function substringIndex(entries: Entries, options: PatternOptions): PatternIndex {
  const fold = folder(options);
  if (entries.length === 1 && !options.ignoreCase) {
    const [entry] = entries;
    const { text } = entry;
    const test = (sample: Sample) => sample.text.includes(text);
    return { test, find: (sample) => (test(sample) ? entry : null) };
  }
  return listIndex(
    entries,
    fold,
    (entry) => fold(entry.text),
    (text, pattern) => text.includes(pattern),
  );
}

/**
 * Delimited words: `dir` between slashes, `dom` between dots, slashes, colons and question marks.
 */
export function wordIndex(delimiters: string) {
  return (entries: Entries, options: PatternOptions): PatternIndex => {
    const fold = folder(options);
    return listIndex(
      entries,
      fold,
      (entry) => strip(fold(entry.text), delimiters),
      (text, pattern) => hasWord(text, pattern, delimiters),
    );
  };
}

/** Expressions that `compile` has accepted before. */
export function regexIndex(compile: (entry: PatternEntry, options: PatternOptions) => RegExp) {
  return (entries: Entries, options: PatternOptions): PatternIndex => {
    if (entries.length === 1) {
      const [entry] = entries;
      const regex = compile(entry, options);
      const test = (sample: Sample) => regex.test(sample.text);
      return { test, find: (sample) => (test(sample) ? entry : null) };
    }
    return listIndex(
      entries,
      keep,
      (entry) => compile(entry, options),
      (text, regex) => regex.test(text),
    );
  };
}
