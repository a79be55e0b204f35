// Indexes of string patterns: whole texts, suffixes, substrings, words, expressions; prefixes.ts
// has the rest. One pattern becomes one native string operation, many become a map, or a list
// where HAProxy walks one: the first entry of the list wins there. Edits patch an index in place.

import type { Sample } from '../sample/sample.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry, PatternIndex, PatternOptions } from './pattern.ts';
import type { Regex } from './regex-guard.ts';
import { hasWord, lowerAscii, strip } from './text.ts';

type Entries = readonly PatternEntry[];

/** An index that never matches. */
export const emptyIndex: PatternIndex = { test: () => false, find: () => null };

const keep = (text: string): string => text;

/** What texts and patterns are passed through before they are compared. */
export const folder = (options: PatternOptions): ((text: string) => string) =>
  options.ignoreCase ? lowerAscii : keep;

/** Whole values: `str` and, with keys decoded by `keyOf`, `bin`. */
export function exactIndex(
  entries: Entries,
  options: PatternOptions,
  keyOf: (entry: PatternEntry) => string = (entry) => entry.text,
): PatternIndex {
  const fold = folder(options);
  if (entries.length === 1) return singleExact(entries[0], fold(keyOf(entries[0])), options);
  const keyed = new KeyedEntries<string>();
  for (const entry of entries) keyed.add(fold(keyOf(entry)), entry);
  const edits = {
    insert: (entry: PatternEntry): boolean => {
      keyed.add(fold(keyOf(entry)), entry);
      return true;
    },
    remove: (entry: PatternEntry): boolean => {
      keyed.remove(fold(keyOf(entry)), entry);
      return true;
    },
  };
  if (options.ignoreCase) {
    return {
      test: (sample) => keyed.get(lowerAscii(sample.text)) !== undefined,
      find: (sample) => keyed.get(lowerAscii(sample.text)) ?? null,
      ...edits,
    };
  }
  return {
    test: (sample) => keyed.get(sample.text) !== undefined,
    find: (sample) => keyed.get(sample.text) ?? null,
    ...edits,
  };
}

function singleExact(entry: PatternEntry, key: string, options: PatternOptions): PatternIndex {
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) => sample.text.length === length && lowerAscii(sample.text) === key
    : (sample: Sample) => sample.text === key;
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

/** Suffixes: entries by text for every distinct length, of which there are few. */
export function suffixIndex(entries: Entries, options: PatternOptions): PatternIndex {
  const fold = folder(options);
  if (entries.length === 1) return singleSuffix(entries[0], fold(entries[0].text), options);
  const byLength = new Map<number, KeyedEntries<string>>();
  for (const entry of entries) {
    const key = fold(entry.text);
    const keyed = byLength.get(key.length) ?? new KeyedEntries<string>();
    keyed.add(key, entry);
    byLength.set(key.length, keyed);
  }
  const lengths = [...byLength.keys()].sort((a, b) => a - b);
  const tables = lengths.map((length) => byLength.get(length) as KeyedEntries<string>);
  const best = (whole: string): PatternEntry | null => {
    const text = fold(whole);
    let found: PatternEntry | null = null;
    for (let i = 0; i < lengths.length && lengths[i] <= text.length; i++) {
      const entry = tables[i].get(text.slice(text.length - lengths[i]));
      if (entry !== undefined && (found === null || entry.id < found.id)) found = entry;
    }
    return found;
  };
  return {
    test: (sample) => best(sample.text) !== null,
    find: (sample) => best(sample.text),
    insert: (entry) => {
      const key = fold(entry.text);
      const keyed = byLength.get(key.length);
      keyed?.add(key, entry);
      return keyed !== undefined;
    },
    remove: (entry) => {
      const key = fold(entry.text);
      byLength.get(key.length)?.remove(key, entry);
      return true;
    },
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
  const own = entries.slice();
  const patterns = own.map(patternOf);
  const at = (sample: Sample): number => {
    const text = fold(sample.text);
    for (let i = 0; i < patterns.length; i++) if (matches(text, patterns[i])) return i;
    return -1;
  };
  return {
    test: (sample) => at(sample) >= 0,
    find: (sample) => {
      const found = at(sample);
      return found < 0 ? null : own[found];
    },
    insert: (entry) => {
      own.push(entry);
      patterns.push(patternOf(entry));
      return true;
    },
    remove: (entry) => {
      const found = own.indexOf(entry);
      own.splice(found, 1);
      patterns.splice(found, 1);
      return true;
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
export function regexIndex(compile: (entry: PatternEntry, options: PatternOptions) => Regex) {
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
