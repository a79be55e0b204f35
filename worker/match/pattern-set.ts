// A PatternReference as one method and one set of flags match it: the index is built when the
// thread starts or the first question comes, then patched or built anew after edits. Users with
// the same method, flags and kind of values share one. The two questions run while serving.

import type { Sample } from '../sample/sample.ts';
import type { MatchMethodDef } from './methods.ts';
import {
  noValues,
  type PatternEntry,
  type PatternIndex,
  type PatternOptions,
  type PatternValues,
} from './pattern.ts';
import type { PatternReference } from './pattern-reference.ts';
import { emptyIndex } from './strings.ts';

export class PatternSet {
  readonly reference: PatternReference;
  readonly method: MatchMethodDef;
  readonly options: PatternOptions;
  readonly values: PatternValues;
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
    values: PatternValues = noValues,
  ) {
    this.reference = reference;
    this.method = method;
    this.options = options;
    this.values = values;
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
    this.index ??= this.makeIndex();
    this.test = this.index.test;
    this.find = this.index.find;
    return this.index;
  }

  private makeIndex(): PatternIndex {
    const { method, options, reference } = this;
    if (method.whole === true && !options.ignoreCase && reference.size > 1) {
      return wholeTexts(reference);
    }
    const entries = reference.current();
    return entries.length === 0 && method.bare !== true
      ? emptyIndex
      : method.index(entries, options);
  }

  added(entry: PatternEntry): void {
    if (this.index !== null && this.index.insert?.(entry) !== true) this.changed();
  }

  removed(entry: PatternEntry): void {
    if (this.index !== null && this.index.remove?.(entry) !== true) this.changed();
  }

  /** An entry has come between others: all the same where only whole texts count. */
  reordered(): void {
    if (this.method.whole !== true || this.options.ignoreCase) this.changed();
  }

  changed(): void {
    this.index = null;
    this.test = this.testFirst;
    this.find = this.findFirst;
  }
}

const isPatched = (): boolean => true;

/** Whole texts are what the list itself is sorted by: no second table is made, edits reach it. */
function wholeTexts(reference: PatternReference): PatternIndex {
  const texts = reference.byText();
  return {
    test: (sample) => texts.get(sample.text) !== undefined,
    find: (sample) => texts.get(sample.text) ?? null,
    insert: isPatched,
    remove: isPatched,
  };
}

/** How a list is used. */
export interface PatternUse {
  readonly method: MatchMethodDef;
  readonly ignoreCase: boolean;
  readonly values: PatternValues;
}

/** The set for one use of a list, shared by equal uses; or what is wrong with an entry. */
export function usePatterns(
  reference: PatternReference,
  word: string,
  { method, ignoreCase, values }: PatternUse,
): PatternSet | string {
  const known = reference.sets.find(
    (set) =>
      set.method === method && set.options.ignoreCase === ignoreCase && set.values === values,
  );
  if (known !== undefined) return known;
  const options = { ignoreCase };
  for (const entry of reference.current()) {
    const why = method.check(entry.text, options) || values.check(entry.value ?? '');
    if (why === '') continue;
    return entry.line > 0 ? `${why} at line ${entry.line} of file '${word}'` : why;
  }
  return new PatternSet(reference, method, options, values);
}
