// A PatternReference as one method and one set of flags match it: the index is built when the
// thread starts or the first question comes, then patched or built anew after edits. Users with
// the same method, flags and kind of values share one. The two questions run while serving.

import type { Sample } from '../sample/sample.ts';
import type { BaseEntries } from './base-entries.ts';
import type { MatchMethodDef } from './methods.ts';
import {
  noValues,
  type PatternEntry,
  type PatternIndex,
  type PatternOptions,
  type PatternValues,
  takesAny,
} from './pattern.ts';
import type { PatternReference } from './pattern-reference.ts';
import { type SharedMethod, sharedIndex } from './shared-index.ts';
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
    const base = reference.base;
    if (base !== null && !options.ignoreCase && method.shared !== undefined) {
      if (method.shared.fits(base.list)) return this.overFile(base, method.shared);
    }
    if (method.whole === true && !options.ignoreCase && reference.size > 1) {
      return wholeTexts(reference);
    }
    if (method.bare !== true) reference.unfold();
    return indexOf(method, method.bare === true ? [] : reference.current(), options);
  }

  private overFile(base: BaseEntries, shared: SharedMethod): PatternIndex {
    const { method, options, reference } = this;
    return sharedIndex(base, shared, () => {
      const rest = shared.rest?.(base) ?? [];
      return indexOf(method, [...rest, ...reference.beyondFile()], options);
    });
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

function indexOf(
  method: MatchMethodDef,
  entries: readonly PatternEntry[],
  options: PatternOptions,
): PatternIndex {
  return entries.length === 0 && method.bare !== true ? emptyIndex : method.index(entries, options);
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

/** Entries that may be wrong for a use: of a shared file, those that are known to be. */
function suspects(
  reference: PatternReference,
  method: MatchMethodDef,
  values: PatternValues,
): Iterable<PatternEntry> {
  const { base } = reference;
  if (values.check !== takesAny) return reference.each();
  if (method.check === takesAny) return [];
  const { firstBad } = method.shared ?? {};
  if (base === null || firstBad === undefined || !reference.isFresh) return reference.each();
  const bad = base.numbered(firstBad(base.list));
  return bad === null ? [] : [bad];
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
  for (const entry of suspects(reference, method, values)) {
    const why = method.check(entry.text, options) || values.check(entry.value ?? '');
    if (why === '') continue;
    const line = reference.lineOf(entry);
    return line > 0 ? `${why} at line ${line} of file '${word}'` : why;
  }
  return new PatternSet(reference, method, options, values);
}
