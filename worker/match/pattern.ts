// What the match methods share: an entry of a pattern list and the two questions an index answers.
// Types only.

import type { Sample } from '../sample/sample.ts';

/** One line of a pattern file, one word of an acl, or one added at run time. */
export interface PatternEntry {
  /** Unique in its reference; printed by `show acl` and accepted by `del acl #ref #id`. */
  readonly id: number;
  readonly text: string;
  /** Second column of a map, null in a list. */
  value: string | null;
  /** Line in the file it came from, 0: none. */
  readonly line: number;
  readonly generation: number;
}

/** Answers for a sample that was cast to the method's type. Both run on the proxy thread. */
export interface PatternIndex {
  /** True when any pattern matches. */
  readonly test: (sample: Sample) => boolean;
  /** The pattern that HAProxy would return, null: none. */
  readonly find: (sample: Sample) => PatternEntry | null;
  /** Adds one entry without building anew; absent or false: it must be built anew. */
  readonly insert?: (entry: PatternEntry) => boolean;
}

/** How one reference is matched: the method's flags of manual 7.1. */
export interface PatternOptions {
  /** -i */
  readonly ignoreCase: boolean;
}
