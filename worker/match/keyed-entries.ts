// Entries by key, twins included: one Map for the first entry of every key, which is what look-ups
// want, and a second one for the few keys that occur more than once. Filled at start and by edits;
// `get` runs while serving.

import type { PatternEntry } from './pattern.ts';

export class KeyedEntries<K> {
  private readonly first: Map<K, PatternEntry>;
  /** Entries after the first one of a key, in order. */
  private readonly twins: Map<K, PatternEntry[]>;

  constructor() {
    this.first = new Map();
    this.twins = new Map();
  }

  /** The first entry of `key`. */
  get(key: K): PatternEntry | undefined {
    return this.first.get(key);
  }

  /** Every entry of `key`, in order. */
  all(key: K): PatternEntry[] {
    const first = this.first.get(key);
    if (first === undefined) return [];
    return [first, ...(this.twins.get(key) ?? [])];
  }

  /** Adds an entry behind those of its key. */
  add(key: K, entry: PatternEntry): void {
    if (!this.first.has(key)) {
      this.first.set(key, entry);
      return;
    }
    const twins = this.twins.get(key);
    if (twins === undefined) this.twins.set(key, [entry]);
    else twins.push(entry);
  }

  /** Forgets an entry; its first twin takes its place. */
  remove(key: K, entry: PatternEntry): void {
    const twins = this.twins.get(key);
    if (this.first.get(key) !== entry) {
      const at = twins?.indexOf(entry) ?? -1;
      if (at >= 0) twins?.splice(at, 1);
    } else {
      const next = twins?.shift();
      if (next === undefined) this.first.delete(key);
      else this.first.set(key, next);
    }
    if (twins?.length === 0) this.twins.delete(key);
  }

  get isEmpty(): boolean {
    return this.first.size === 0;
  }
}
