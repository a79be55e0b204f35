// Indexes over a shared file: what the hash of its texts can answer, together with an ordinary
// index of the entries that edits have added. Questions run while serving.

import type { Sample } from '../sample/sample.ts';
import type { BaseEntries } from './base-entries.ts';
import type { PatternEntry, PatternIndex } from './pattern.ts';

/** How a method finds its entry in a file. */
export interface SharedMethod {
  readonly find: (base: BaseEntries, text: string) => PatternEntry | null;
  /** Of one in the file and one that was added, the one that counts. */
  readonly better: (inFile: PatternEntry, added: PatternEntry) => PatternEntry;
}

/** `beg`: the longest; of equal texts the first. */
export const sharedPrefixes: SharedMethod = {
  find: (base, text) => base.longestPrefix(text),
  better: (inFile, added) => (added.text.length > inFile.text.length ? added : inFile),
};

/** `end`: the first of the list, which is the file's. */
export const sharedSuffixes: SharedMethod = {
  find: (base, text) => base.firstSuffix(text),
  better: (inFile) => inFile,
};

/**
 * `above`: makes an index of what edits have added; called by the first question, and by the first
 * one after an edit that the index cannot follow.
 */
export function sharedIndex(
  base: BaseEntries,
  method: SharedMethod,
  above: () => PatternIndex,
): PatternIndex {
  let added: PatternIndex | null = null;
  const find = (sample: Sample): PatternEntry | null => {
    const inFile = method.find(base, sample.text);
    added ??= above();
    const other = added.find(sample);
    if (inFile === null) return other;
    return other === null ? inFile : method.better(inFile, other);
  };
  return {
    test: (sample) => find(sample) !== null,
    find,
    insert: (entry) => {
      if (added?.insert?.(entry) !== true) added = null;
      return true;
    },
    remove: (entry) => {
      if (!base.owns(entry) && added?.remove?.(entry) !== true) added = null;
      return true;
    },
  };
}
