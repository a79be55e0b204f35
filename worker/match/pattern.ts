// What the match methods share: an entry of a pattern list, the questions an index answers, and
// how values of maps are read. Types and constants only.

import type { Sample } from '../sample/sample.ts';

/** One line of a pattern file, one word of an acl, or one added at run time. */
export interface PatternEntry {
  /**
   * Unique in its reference and ascending in the list's order; printed by `show acl` and taken by
   * `del acl #ref #id`. From `provisionalId` on: a rule of this thread has added it and the control
   * thread has not numbered it yet.
   */
  id: number;
  readonly text: string;
  /** Second column of a map, null in a list. */
  value: string | null;
  /** Line in the file it came from, 0: none. */
  readonly line: number;
  /** Version it belongs to, `removedGeneration` once it has been removed. */
  generation: number;
}

export const provisionalId = 2 ** 52;
export const removedGeneration = -1;

/** Answers for a sample that was cast to the method's type. `test` and `find` run while serving. */
export interface PatternIndex {
  /** True when any pattern matches. */
  readonly test: (sample: Sample) => boolean;
  /** The pattern that HAProxy would return, null: none. */
  readonly find: (sample: Sample) => PatternEntry | null;
  /** Adds one entry without building anew; absent or false: it must be built anew. */
  readonly insert?: (entry: PatternEntry) => boolean;
  /** Forgets one entry without building anew; absent or false: it must be built anew. */
  readonly remove?: (entry: PatternEntry) => boolean;
}

/** How one reference is matched: the method's flags of manual 7.1. */
export interface PatternOptions {
  /** -i */
  readonly ignoreCase: boolean;
}

/** How one user of a map reads its values. */
export interface PatternValues {
  /** '' when `value` can be taken, else what is wrong with it. */
  readonly check: (value: string) => string;
  /** Name of the type a value becomes, as `get map` prints it; '' where there are no values. */
  readonly typeOf: (value: string) => string;
}

/** The check of those that take any text. */
export const takesAny = (_text: string): string => '';

/** Users that look at patterns only: acls. */
export const noValues: PatternValues = { check: takesAny, typeOf: () => '' };
