// The entries of the version in force by text: those of a shared file below, those that edits have
// added above them. What is in the file comes first in the list.

import type { BaseEntries } from './base-entries.ts';
import { KeyedEntries } from './keyed-entries.ts';
import type { PatternEntry } from './pattern.ts';

/** What look-ups of whole texts and edits need. */
export interface TextTable {
  get(text: string): PatternEntry | undefined;
  all(text: string): PatternEntry[];
  add(text: string, entry: PatternEntry): void;
  remove(text: string, entry: PatternEntry): void;
}

export class LayeredTexts implements TextTable {
  private readonly base: BaseEntries;
  private readonly above: KeyedEntries<string>;

  constructor(base: BaseEntries) {
    this.base = base;
    this.above = new KeyedEntries();
  }

  get(text: string): PatternEntry | undefined {
    return this.base.get(text) ?? this.above.get(text);
  }

  all(text: string): PatternEntry[] {
    return [...this.base.all(text), ...this.above.all(text)];
  }

  add(text: string, entry: PatternEntry): void {
    this.above.add(text, entry);
  }

  /** Of an entry of the file the caller has told the base. */
  remove(text: string, entry: PatternEntry): void {
    if (!this.base.owns(entry)) this.above.remove(text, entry);
  }
}
