// Pattern lists that can be edited while serving. A PatternReference is one file or the words of one
// acl: its entries, versions and ids, as the runtime commands show them. A PatternSet is that list as
// one method and one set of flags match it: compiled when first asked, patched or rebuilt after edits.
// Every thread owns its own copies; edits reach all of them in the same order.

import type { Sample } from '../sample/sample.ts';
import type { MatchMethodDef } from './methods.ts';
import type { PatternEntry, PatternIndex, PatternOptions } from './pattern.ts';
import { emptyIndex } from './string-index.ts';

export class PatternReference {
  /** Number in `show acl` and `show map`, -1: not given yet. */
  id: number;
  /** File name, '' for the words of an acl. */
  readonly name: string;
  /** Where it is used, for people. */
  display: string;
  readonly isMap: boolean;
  /** Used as a map, as an acl: which commands list it. */
  usedByAcl: boolean;
  usedByMap: boolean;
  entries: PatternEntry[];
  /** Version in force, and the last one handed out by `prepare`. */
  generation: number;
  nextGeneration: number;
  readonly sets: PatternSet[];
  private nextEntry: number;

  constructor(name: string, isMap: boolean, display: string) {
    this.id = -1;
    this.name = name;
    this.display = display;
    this.isMap = isMap;
    this.usedByAcl = false;
    this.usedByMap = false;
    this.entries = [];
    this.generation = 0;
    this.nextGeneration = 0;
    this.sets = [];
    this.nextEntry = 1;
  }

  /** '' when every method that uses this list takes `text` and `value`, else what is wrong. */
  check(text: string, value: string | null): string {
    for (const set of this.sets) {
      const fault = set.method.check(text, set.options) || set.checkValue(value ?? '');
      if (fault !== '') return fault;
    }
    return '';
  }

  /** Adds an entry; the caller has checked it. */
  add(text: string, value: string | null, line = 0, generation = this.generation): PatternEntry {
    const entry: PatternEntry = { id: this.nextEntry++, text, value, line, generation };
    this.entries.push(entry);
    if (generation === this.generation) for (const set of this.sets) set.added(entry);
    return entry;
  }

  /** Entries whose text is `text`, in the version given. */
  find(text: string, generation = this.generation): PatternEntry[] {
    return this.entries.filter((entry) => entry.text === text && entry.generation === generation);
  }

  findId(id: number): PatternEntry | null {
    return this.entries.find((entry) => entry.id === id) ?? null;
  }

  /** Removes the entry with this id; false: there is none. */
  removeId(id: number): boolean {
    return this.keepOnly((entry) => entry.id !== id) > 0;
  }

  /** Removes every entry with this text; how many there were. */
  remove(text: string, generation = this.generation): number {
    return this.keepOnly((entry) => entry.text !== text || entry.generation !== generation);
  }

  /** Changes the value of a map's entry. False: a user of the map cannot take it. */
  setValue(entry: PatternEntry, value: string): boolean {
    for (const set of this.sets) if (set.checkValue(value) !== '') return false;
    entry.value = value;
    return true;
  }

  /** Empties one version. */
  clear(generation = this.generation): void {
    this.keepOnly((entry) => entry.generation !== generation);
  }

  /** A new version to fill, invisible until `commit`. */
  prepare(): number {
    this.nextGeneration++;
    return this.nextGeneration;
  }

  /** Puts a prepared version in force at once and drops all older ones. False: not prepared. */
  commit(generation: number): boolean {
    if (generation <= this.generation || generation > this.nextGeneration) return false;
    this.generation = generation;
    this.entries = this.entries.filter((entry) => entry.generation >= generation);
    for (const set of this.sets) set.changed();
    return true;
  }

  /** The entries in force, in order. */
  current(): PatternEntry[] {
    return this.entries.filter((entry) => entry.generation === this.generation);
  }

  private keepOnly(keep: (entry: PatternEntry) => boolean): number {
    const before = this.entries.length;
    this.entries = this.entries.filter(keep);
    const removed = before - this.entries.length;
    if (removed > 0) for (const set of this.sets) set.changed();
    return removed;
  }
}

export class PatternSet {
  readonly reference: PatternReference;
  readonly method: MatchMethodDef;
  readonly options: PatternOptions;
  /** '' when a map's user can take this value, else what is wrong. */
  readonly checkValue: (value: string) => string;
  /** True when any pattern matches `sample`, which was cast to `method.takes`. */
  test: (sample: Sample) => boolean;
  find: (sample: Sample) => PatternEntry | null;
  private index: PatternIndex | null;
  private readonly testFirst: (sample: Sample) => boolean;
  private readonly findFirst: (sample: Sample) => PatternEntry | null;

  constructor(
    reference: PatternReference,
    method: MatchMethodDef,
    options: PatternOptions,
    checkValue: (value: string) => string = () => '',
  ) {
    this.reference = reference;
    this.method = method;
    this.options = options;
    this.checkValue = checkValue;
    this.index = null;
    // The first question after a change builds the index, then steps aside.
    this.testFirst = (sample) => this.build().test(sample);
    this.findFirst = (sample) => this.build().find(sample);
    this.test = this.testFirst;
    this.find = this.findFirst;
    reference.sets.push(this);
  }

  /** Builds now what the first question would build. */
  build(): PatternIndex {
    const entries = this.reference.current();
    const bare = this.method.bare === true;
    const index =
      entries.length === 0 && !bare ? emptyIndex : this.method.index(entries, this.options);
    this.index = index;
    this.test = index.test;
    this.find = index.find;
    return index;
  }

  added(entry: PatternEntry): void {
    if (this.index === null || this.index.insert?.(entry) === true) return;
    this.changed();
  }

  changed(): void {
    this.index = null;
    this.test = this.testFirst;
    this.find = this.findFirst;
  }
}

/** All references of a thread, by file and by number. */
export class PatternRegistry {
  readonly references: PatternReference[] = [];
  private readonly byName = new Map<string, PatternReference>();

  /** The list called `name`, null: not loaded. */
  named(name: string): PatternReference | null {
    return this.byName.get(name) ?? null;
  }

  /** `#3` or a file name, as runtime commands say it. */
  lookup(word: string): PatternReference | null {
    if (!word.startsWith('#')) return this.named(word);
    const id = Number(word.slice(1));
    return this.references.find((reference) => reference.id === id) ?? null;
  }

  isIdUsed(id: number): boolean {
    return this.references.some((reference) => reference.id === id);
  }

  add(reference: PatternReference): void {
    this.references.push(reference);
    if (reference.name !== '') this.byName.set(reference.name, reference);
  }

  /** Gives every reference that has no number yet the lowest free one, in order of appearance. */
  number(): void {
    let next = 0;
    for (const reference of this.references) {
      if (reference.id >= 0) continue;
      while (this.isIdUsed(next)) next++;
      reference.id = next++;
    }
  }
}
