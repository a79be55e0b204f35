// One list of patterns: a file, or the words of one acl, with its entries, versions and numbers as
// the runtime commands show them. Every thread owns a copy; edits.ts brings edits to all of them
// in one order. An edit costs what it changes: removed entries stay in the list until they are
// many.

import { BaseEntries } from './base-entries.ts';
import { KeyedEntries } from './keyed-entries.ts';
import { LayeredTexts, type TextTable } from './layered-texts.ts';
import { type PatternEntry, provisionalId, removedGeneration } from './pattern.ts';
import type { PatternSet } from './pattern-set.ts';
import type { SharedList } from './shared-list.ts';

/** The 32 bits a version has; it wraps (management.txt, "prepare acl"). */
const wrap = (version: number): number => version >>> 0;

/** True when `version` is younger than `base` on the circle of versions. */
export function isLaterVersion(version: number, base: number): boolean {
  return ((version - base) | 0) > 0;
}

/** Version of what a file holds. */
const fileGeneration = 0;

export class PatternReference {
  /** Number in `show acl` and `show map`, -1: not given yet. */
  id: number;
  /** File or virtual name, '' for the words of an acl. */
  readonly name: string;
  /** Where it is used, for people. */
  display: string;
  /** Its entries have values: two columns. */
  readonly isMap: boolean;
  /** Used as a map, as an acl: which commands list it. */
  usedByAcl: boolean;
  usedByMap: boolean;
  /** Version in force, and the last one handed out by `prepare`. */
  generation: number;
  nextGeneration: number;
  readonly sets: PatternSet[];
  /** Entries of all versions. */
  size: number;
  /** Entries that there have ever been. */
  added: number;
  /** Entries of a file that all threads share, the first of the list; null: all are below. */
  base: BaseEntries | null;
  /** In order, with removed ones between them. */
  private entries: PatternEntry[];
  private removed: number;
  private lastId: number;
  private provisionals: number;
  /** The version in force by text; made by the first who asks. */
  private texts: TextTable | null;

  constructor(name: string, isMap: boolean, display: string, file: SharedList | null = null) {
    this.id = -1;
    this.name = name;
    this.display = display;
    this.isMap = isMap;
    this.usedByAcl = false;
    this.usedByMap = false;
    this.generation = 0;
    this.nextGeneration = 0;
    this.sets = [];
    this.base = file === null ? null : new BaseEntries(file);
    this.size = file === null ? 0 : file.count;
    this.added = this.size;
    this.entries = [];
    this.removed = 0;
    this.lastId = this.size;
    this.provisionals = 0;
    this.texts = null;
  }

  // ---- questions ----

  /** '' when every method that uses this list takes `text` and `value`, else what is wrong. */
  check(text: string, value: string | null): string {
    for (const set of this.sets) {
      const fault = set.method.check(text, set.options) || set.values.check(value ?? '');
      if (fault !== '') return fault;
    }
    return '';
  }

  /** '' when every user of this map takes `value`. */
  checkValue(value: string): string {
    for (const set of this.sets) {
      const fault = set.values.check(value);
      if (fault !== '') return fault;
    }
    return '';
  }

  /** The entries of one version, in order; the version in force unless another is named. */
  current(generation = this.generation): PatternEntry[] {
    return [...this.each(generation)];
  }

  /** Nothing has been edited yet. */
  get isFresh(): boolean {
    return this.entries.length === 0 && this.generation === fileGeneration;
  }

  /** The same, one by one. */
  *each(generation = this.generation): Iterable<PatternEntry> {
    if (this.base !== null && generation === fileGeneration) yield* this.base.each();
    for (const entry of this.entries) if (entry.generation === generation) yield entry;
  }

  /** Those of the version in force that are not of a shared file. */
  beyondFile(): PatternEntry[] {
    return this.entries.filter((entry) => entry.generation === this.generation);
  }

  /** Line of its file, 0: it is of none. */
  lineOf(entry: PatternEntry): number {
    return this.base?.owns(entry) === true ? this.base.lineOf(entry) : entry.line;
  }

  /** First entry of the version in force with this text. */
  first(text: string): PatternEntry | null {
    return this.byText().get(text) ?? null;
  }

  /** Entries of the version in force with this text. */
  find(text: string): PatternEntry[] {
    return this.byText().all(text);
  }

  findId(id: number): PatternEntry | null {
    const inFile = this.base?.numbered(id) ?? null;
    if (inFile !== null) return inFile;
    for (const entry of this.entries) {
      if (entry.id === id && entry.generation !== removedGeneration) return entry;
    }
    return null;
  }

  /** The version in force by text, kept up to date by the edits below. */
  byText(): TextTable {
    if (this.texts === null) {
      this.texts = this.base === null ? new KeyedEntries() : new LayeredTexts(this.base);
      for (const entry of this.entries) {
        if (entry.generation === this.generation) this.texts.add(entry.text, entry);
      }
    }
    return this.texts;
  }

  // ---- edits: the caller has checked texts and values ----

  /** Adds an entry with the next number. */
  add(text: string, value: string | null, line = 0, generation = this.generation): PatternEntry {
    return this.append({ id: ++this.lastId, text, value, line, generation });
  }

  /** Adds an entry that the control thread has numbered, where its number belongs. */
  addNumbered(
    id: number,
    text: string,
    value: string | null,
    generation = this.generation,
  ): PatternEntry {
    this.lastId = Math.max(this.lastId, id);
    const { entries } = this;
    let at = entries.length;
    while (at > 0 && entries[at - 1].id > id) at--;
    const entry = { id, text, value, line: 0, generation };
    if (at === entries.length) return this.append(entry);
    entries.splice(at, 0, entry);
    this.count(entry);
    for (const set of this.sets) set.reordered();
    return entry;
  }

  /** Adds an entry that the control thread will number: see `reconcile`. */
  addProvisional(text: string, value: string | null): PatternEntry {
    const id = provisionalId + this.provisionals++;
    return this.append({ id, text, value, line: 0, generation: this.generation });
  }

  /** Makes the entries of a text those that the control thread has: these numbers, this value. */
  reconcile(text: string, ids: readonly number[], value: string | null): void {
    const own = this.find(text);
    const isSame = own.length === ids.length && own.every(({ id }, index) => id === ids[index]);
    if (!isSame && !this.confirm(own, ids)) {
      for (const entry of own) this.removeEntry(entry);
      for (const id of ids) this.addNumbered(id, text, value);
    }
    if (value !== null) this.setValue(text, value);
  }

  /** The usual case: the provisional entry that was added last gets its number. */
  private confirm(own: readonly PatternEntry[], ids: readonly number[]): boolean {
    const [entry] = own;
    if (own.length !== 1 || ids.length !== 1 || entry.id < provisionalId) return false;
    const before = this.entries.at(-2);
    if (this.entries.at(-1) !== entry || (before !== undefined && before.id > ids[0])) return false;
    entry.id = ids[0];
    this.lastId = Math.max(this.lastId, entry.id);
    return true;
  }

  /** Removes every entry of the version in force with this text; how many there were. */
  remove(text: string): number {
    const found = this.find(text);
    for (const entry of found) this.removeEntry(entry);
    return found.length;
  }

  /** Removes the entry with this id; false: there is none. */
  removeId(id: number): boolean {
    const entry = this.findId(id);
    if (entry !== null) this.removeEntry(entry);
    return entry !== null;
  }

  removeEntry(entry: PatternEntry): void {
    const { base } = this;
    if (base?.owns(entry) === true) {
      base.remove(entry);
      for (const set of this.sets) set.removed(entry);
      entry.generation = removedGeneration;
      this.size--;
      return;
    }
    if (entry.generation === this.generation) {
      this.texts?.remove(entry.text, entry);
      for (const set of this.sets) set.removed(entry);
    }
    entry.generation = removedGeneration;
    this.size--;
    this.removed++;
    if (this.removed > 64 && this.removed * 2 > this.entries.length) this.sweep();
  }

  /** Gives all entries with this text another value; how many there are. */
  setValue(text: string, value: string): number {
    const found = this.find(text);
    for (const entry of found) this.giveValue(entry, value);
    return found.length;
  }

  /** Gives one entry another value. */
  giveValue(entry: PatternEntry, value: string | null): void {
    entry.value = value;
    if (this.base?.owns(entry) === true && value !== null) this.base.setValue(entry, value);
  }

  /** Makes this thread's own entries of those of a shared file: a method needs them all. */
  unfold(): void {
    if (this.base === null) return;
    this.entries = [...this.base.each(), ...this.entries];
    this.base = null;
    this.changed();
  }

  /** Empties one version. */
  clear(generation = this.generation): void {
    const kept = this.entries.filter((entry) => entry.generation !== generation);
    const dropsFile = this.base !== null && generation === fileGeneration;
    if (dropsFile) this.base = null;
    if (dropsFile || kept.length < this.entries.length) this.replace(kept);
  }

  /** A new version to fill, invisible until `commit`. */
  prepare(): number {
    this.nextGeneration = wrap(this.nextGeneration + 1);
    return this.nextGeneration;
  }

  /** True when `commit` may put this version in force: it was prepared and is not over. */
  isPrepared(generation: number): boolean {
    const ahead = wrap(generation - this.generation - 1);
    return ahead < wrap(this.nextGeneration - this.generation);
  }

  /** Puts a version in force at once and drops all older ones. */
  commit(generation: number): void {
    if (isLaterVersion(generation, fileGeneration)) this.base = null;
    else if (generation !== fileGeneration) this.unfold();
    this.generation = generation;
    if (isLaterVersion(generation, this.nextGeneration)) this.nextGeneration = generation;
    this.replace(
      this.entries.filter(
        (entry) => entry.generation >= 0 && !isLaterVersion(generation, entry.generation),
      ),
    );
  }

  private append(entry: PatternEntry): PatternEntry {
    this.entries.push(entry);
    this.count(entry);
    return entry;
  }

  private count(entry: PatternEntry): void {
    this.size++;
    this.added++;
    if (entry.generation !== this.generation) return;
    this.texts?.add(entry.text, entry);
    for (const set of this.sets) set.added(entry);
  }

  private replace(entries: PatternEntry[]): void {
    this.entries = entries;
    this.sweep();
    this.changed();
  }

  private sweep(): void {
    this.entries = this.entries.filter((entry) => entry.generation !== removedGeneration);
    this.removed = 0;
    this.size = this.entries.length + (this.base?.size ?? 0);
  }

  private changed(): void {
    this.texts = null;
    for (const set of this.sets) set.changed();
  }
}
