// All pattern lists of one compiled program, by name and by number. Filled while compiling; the
// control thread's is what `show acl` and `show map` list, a proxy thread's is what edits reach.
// Every thread compiles the same model, so the numbers agree.

import type { PatternCounts } from '../../shared/messages.ts';
import type { PatternReference } from './pattern-reference.ts';

/** Manual 2.7: `file@` and `opt@` are not part of a name, `virt@` is. */
export function listName(word: string): string {
  return word.replace(/^(?:file|opt)@(?=.)/, '');
}

type Take = (reference: PatternReference | null) => void;

export class PatternRegistry {
  /** In the order of their numbers once those are given. */
  readonly references: PatternReference[] = [];
  private readonly byName = new Map<string, PatternReference>();
  private readonly byId = new Map<number, PatternReference>();
  private readonly awaited: { readonly name: string; readonly take: Take }[] = [];

  /** The list called `name`, null: not loaded. */
  named(name: string): PatternReference | null {
    return this.byName.get(listName(name)) ?? null;
  }

  numbered(id: number): PatternReference | null {
    return this.byId.get(id) ?? null;
  }

  /** Entries that all lists have ever had, and those of them that are gone. */
  get totals(): PatternCounts {
    let added = 0;
    let size = 0;
    for (const reference of this.references) {
      added += reference.added;
      size += reference.size;
    }
    return { added, freed: added - size };
  }

  /** `#3` or a name, as runtime commands say it. */
  lookup(word: string): PatternReference | null {
    if (!word.startsWith('#')) return this.named(word);
    return /^#-?\d+$/.test(word) ? this.numbered(Number(word.slice(1))) : null;
  }

  isIdUsed(id: number): boolean {
    return this.byId.has(id);
  }

  add(reference: PatternReference): void {
    this.references.push(reference);
    if (reference.name !== '') this.byName.set(reference.name, reference);
    if (reference.id >= 0) this.byId.set(reference.id, reference);
  }

  /** Hands over the list called `word` when all lists are known; null: nothing uses that name. */
  whenComplete(word: string, take: Take): void {
    this.awaited.push({ name: listName(word), take });
  }

  /**
   * All lines are compiled: gives every list that has no number the lowest free one, in order of
   * appearance. `builds`: indexes are made now, so that no request waits for one.
   */
  complete(builds: boolean): void {
    let next = 0;
    for (const reference of this.references) {
      if (reference.id >= 0) continue;
      while (this.byId.has(next)) next++;
      reference.id = next;
      this.byId.set(next, reference);
    }
    this.references.sort((a, b) => a.id - b.id);
    for (const { name, take } of this.awaited.splice(0)) take(this.named(name));
    if (!builds) return;
    for (const reference of this.references) for (const set of reference.sets) set.build();
  }
}
