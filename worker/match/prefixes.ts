// Index of prefixes: sorted keys, each knowing the longest other key that starts it, so that a
// question is one binary search. Edits do not sort again: what is added goes into a small second
// table until that has grown, what is removed is marked. Questions run while serving.

import type { Sample } from '../sample/sample.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry, PatternIndex, PatternOptions } from './pattern.ts';
import { folder } from './strings.ts';
import { lowerAscii } from './text.ts';

type Entries = readonly PatternEntry[];

export function prefixIndex(entries: Entries, options: PatternOptions): PatternIndex {
  if (entries.length === 1) return singlePrefix(entries[0], options);
  const prefixes = new Prefixes(entries, folder(options));
  const edits = {
    insert: (entry: PatternEntry) => prefixes.insert(entry),
    remove: (entry: PatternEntry) => prefixes.remove(entry),
  };
  // Trees give the longest prefix; where case is ignored HAProxy walks the list.
  const find = options.ignoreCase
    ? (sample: Sample) => prefixes.first(lowerAscii(sample.text))
    : (sample: Sample) => prefixes.longest(sample.text);
  const test = options.ignoreCase
    ? (sample: Sample) => prefixes.longest(lowerAscii(sample.text)) !== null
    : (sample: Sample) => prefixes.longest(sample.text) !== null;
  return { test, find, ...edits };
}

function singlePrefix(entry: PatternEntry, options: PatternOptions): PatternIndex {
  const key = folder(options)(entry.text);
  const { length } = key;
  const test = options.ignoreCase
    ? (sample: Sample) =>
        sample.text.length >= length && lowerAscii(sample.text.slice(0, length)) === key
    : (sample: Sample) => sample.text.startsWith(key);
  return { test, find: (sample) => (test(sample) ? entry : null) };
}

/** Entries that wait in the second table at least before all is sorted anew. */
const addedMin = 64;

class Prefixes {
  private readonly fold: (text: string) => string;
  private readonly keyed: KeyedEntries<string>;
  private readonly keys: readonly string[];
  /** Index of the longest key that starts this one, -1: none. */
  private readonly parents: Int32Array;
  private readonly added: PatternEntry[];
  /** Of `added`, null: to be made. */
  private table: Prefixes | null;

  constructor(entries: Entries, fold: (text: string) => string) {
    this.fold = fold;
    this.keyed = new KeyedEntries();
    const keys = new Set<string>();
    for (const entry of entries) {
      const key = fold(entry.text);
      keys.add(key);
      this.keyed.add(key, entry);
    }
    this.keys = [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.parents = parentsOf(this.keys);
    this.added = [];
    this.table = null;
  }

  /** The entry with the longest key that starts `text`, the first one of that key. */
  longest(text: string): PatternEntry | null {
    let found: PatternEntry | undefined;
    for (let at = this.search(text); at >= 0 && found === undefined; at = this.parents[at]) {
      found = this.keyed.get(this.keys[at]);
    }
    if (this.added.length === 0) return found ?? null;
    const other = this.addedTable().longest(text);
    if (other === null) return found ?? null;
    // On a tie the older entry: what was added came later.
    return found !== undefined && found.text.length >= other.text.length ? found : other;
  }

  /** The first entry of the list whose key starts `text`. */
  first(text: string): PatternEntry | null {
    let best: PatternEntry | null = null;
    for (let at = this.search(text); at >= 0; at = this.parents[at]) {
      const entry = this.keyed.get(this.keys[at]);
      if (entry !== undefined && (best === null || entry.id < best.id)) best = entry;
    }
    if (best !== null || this.added.length === 0) return best;
    return this.addedTable().first(text);
  }

  insert(entry: PatternEntry): boolean {
    if (this.added.length >= Math.max(addedMin, Math.sqrt(this.keys.length))) return false;
    this.added.push(entry);
    this.table = null;
    return true;
  }

  remove(entry: PatternEntry): boolean {
    const at = this.added.indexOf(entry);
    if (at >= 0) {
      this.added.splice(at, 1);
      this.table = null;
    } else this.keyed.remove(this.fold(entry.text), entry);
    return true;
  }

  private addedTable(): Prefixes {
    this.table ??= new Prefixes(this.added, this.fold);
    return this.table;
  }

  /** Index of the longest key that starts `text`, -1: none. */
  private search(text: string): number {
    const { keys, parents } = this;
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
  }
}

function parentsOf(keys: readonly string[]): Int32Array {
  const parents = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    let parent = i - 1;
    while (parent >= 0 && !keys[i].startsWith(keys[parent])) parent = parents[parent];
    parents[i] = parent;
  }
  return parents;
}
