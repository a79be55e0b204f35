// The entries of a shared list as one thread has them: those of the file, without what edits have
// removed, with the values that edits have set. An entry becomes an object when it is asked for,
// and the last few thousand are kept; a list of a million costs a thread next to nothing. `get` and
// the two searches run while serving.

import type { PatternEntry } from './pattern.ts';
import { removedGeneration } from './pattern.ts';
import type { SharedList } from './shared-list.ts';

/** Version of what was read from the file. */
const fileGeneration = 0;
/** Entries kept as objects; a power of two. */
const keptMax = 8192;
/** Different values kept as texts. */
const valuesMax = 4096;

export class BaseEntries {
  readonly list: SharedList;
  /** Entries that are left. */
  size: number;
  private readonly gone: Set<number>;
  /** Values set by edits, by number. */
  private readonly changed: Map<number, string>;
  private readonly kept: (PatternEntry | null)[];
  /** Those that an index of this thread holds. */
  private readonly pinned: Map<number, PatternEntry>;
  /** Texts of values by their place in the file. */
  private readonly values: Map<number, string>;

  constructor(list: SharedList) {
    this.list = list;
    this.size = list.count;
    this.gone = new Set();
    this.changed = new Map();
    this.kept = new Array<PatternEntry | null>(keptMax).fill(null);
    this.values = new Map();
    this.pinned = new Map();
  }

  /** Numbers of entries below are those of the file. */
  owns(entry: PatternEntry): boolean {
    return entry.id <= this.list.count;
  }

  /** The entry with this number, null: it has been removed, or is not of the file. */
  numbered(number: number): PatternEntry | null {
    if (number < 1 || number > this.list.count || this.gone.has(number)) return null;
    return this.entry(number);
  }

  /** The first entry with this text. */
  get(text: string): PatternEntry | null {
    const found = this.left(this.list.find(text));
    return found === 0 ? null : this.entry(found);
  }

  /** Every entry with this text, in order. */
  all(text: string): PatternEntry[] {
    const found: PatternEntry[] = [];
    let number = this.left(this.list.find(text));
    for (; number > 0; number = this.left(this.list.after(number))) found.push(this.entry(number));
    return found;
  }

  /** The first entry of the longest text that starts `text`. */
  longestPrefix(text: string): PatternEntry | null {
    const { list } = this;
    let below = Number.POSITIVE_INFINITY;
    for (let found = list.longestPrefix(text, below); found > 0; ) {
      const left = this.left(found);
      if (left > 0) return this.entry(left);
      below = list.textLength(found);
      found = list.longestPrefix(text, below);
    }
    return null;
  }

  /** The first entry of the list that ends `text`. */
  firstSuffix(text: string): PatternEntry | null {
    const { list, gone } = this;
    let found = list.firstSuffix(text, 0);
    while (found > 0 && gone.has(found)) found = list.firstSuffix(text, found);
    return found === 0 ? null : this.entry(found);
  }

  /** The first entry of the smallest IPv4 network around `address`. */
  longestNetwork(address: number): PatternEntry | null {
    const networks = this.list.networks();
    for (let i = 0; i < networks.bits.length; i++) {
      let number = networks.find(address, i);
      while (number > 0 && this.gone.has(number)) number = networks.after(number);
      if (number > 0) return this.entry(number);
    }
    return null;
  }

  /** Entries that the networks of the list do not have; from now on they are kept. */
  otherNetworks(): PatternEntry[] {
    for (const number of this.list.networks().others) {
      if (!this.gone.has(number) && !this.pinned.has(number)) {
        this.pinned.set(number, this.make(number));
      }
    }
    return [...this.pinned.values()];
  }

  /** All that are left, in order. */
  *each(): Iterable<PatternEntry> {
    const { list, gone } = this;
    for (let number = 1; number <= list.count; number++) {
      if (!gone.has(number)) yield this.pinned.get(number) ?? this.make(number);
    }
  }

  /** Line of the file that an entry came from. */
  lineOf({ id }: PatternEntry): number {
    return this.list.line(id);
  }

  remove({ id }: PatternEntry): void {
    if (this.gone.has(id)) return;
    this.gone.add(id);
    this.changed.delete(id);
    this.size--;
    this.pinned.delete(id);
    const at = id & (keptMax - 1);
    const kept = this.kept[at];
    if (kept !== null && kept.id === id) {
      kept.generation = removedGeneration;
      this.kept[at] = null;
    }
  }

  setValue({ id }: PatternEntry, value: string): void {
    this.changed.set(id, value);
    const pinned = this.pinned.get(id);
    if (pinned !== undefined) pinned.value = value;
    const kept = this.kept[id & (keptMax - 1)];
    if (kept !== null && kept.id === id) kept.value = value;
  }

  /** `number` or the next entry with its text that has not been removed, 0: none. */
  private left(number: number): number {
    const { gone, list } = this;
    let left = number;
    if (gone.size > 0) while (left > 0 && gone.has(left)) left = list.after(left);
    return left;
  }

  private entry(number: number): PatternEntry {
    const at = number & (keptMax - 1);
    const kept = this.kept[at];
    if (kept !== null && kept.id === number) return kept;
    const entry = this.pinned.get(number) ?? this.make(number);
    this.kept[at] = entry;
    return entry;
  }

  private make(number: number): PatternEntry {
    const { list } = this;
    const value = list.isMap ? (this.changed.get(number) ?? this.fileValue(number)) : null;
    return { id: number, text: list.text(number), value, line: 0, generation: fileGeneration };
  }

  private fileValue(number: number): string {
    const { list, values } = this;
    const at = list.valueAt(number);
    let value = values.get(at);
    if (value === undefined) {
      value = list.value(number);
      if (values.size < valuesMax) values.set(at, value);
    }
    return value;
  }
}
