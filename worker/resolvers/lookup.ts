// One look-up of a name for a rule (manual 4.3 do-resolve): asks the section, or takes what it has
// known for less than `hold valid`, and hands the addresses on.

import type { Requester, Resolution } from './resolution.ts';
import type { Section } from './section.ts';

export interface LookupWish {
  readonly name: string;
  readonly prefer: 'ipv4' | 'ipv6';
}

/** What has come of it. */
export interface Found {
  /** Those of the preferred family, or else of the other; none: there is none. */
  readonly addresses: readonly string[];
  /** How long they count. */
  readonly untilMs: number;
}

/** `done` is called once, perhaps at once. */
export function lookUp(section: Section, wish: LookupWish, done: (found: Found) => void): void {
  const lookup = new Lookup(section, wish, done);
  const type = section.typeFor(wish.prefer);
  const resolution = section.join(lookup, wish.name, type);
  if (section.isFresh(resolution)) lookup.resolved();
  else section.hurry(resolution);
}

class Lookup implements Requester {
  readonly isLasting: boolean;
  resolution: Resolution | null;
  private readonly section: Section;
  private readonly wish: LookupWish;
  private readonly done: (found: Found) => void;

  constructor(section: Section, wish: LookupWish, done: (found: Found) => void) {
    this.isLasting = false;
    this.resolution = null;
    this.section = section;
    this.wish = wish;
    this.done = done;
  }

  resolved(): boolean {
    const { section, resolution } = this;
    if (resolution === null) return false;
    const addresses = resolution.records.all(this.wish.prefer, section.families);
    const untilMs = section.validUntilMs(resolution);
    section.leave(this);
    this.done({ addresses, untilMs });
    return false;
  }

  failed(): boolean {
    this.section.leave(this);
    this.done({ addresses: [], untilMs: 0 });
    return false;
  }
}
