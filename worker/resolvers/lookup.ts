// One look-up of a name for a rule (manual 4.3 do-resolve): asks the section, or takes what it has
// known for less than `hold valid`, and hands on one address.

import type { Requester, Resolution } from './resolution.ts';
import type { Section } from './section.ts';

export interface LookupWish {
  readonly name: string;
  readonly prefer: 'ipv4' | 'ipv6';
}

/** `done` gets the address, '' for none; perhaps at once. */
export function lookUp(section: Section, wish: LookupWish, done: (address: string) => void): void {
  const lookup = new Lookup(section, wish, done);
  const type = section.typeFor(wish.prefer);
  const resolution = section.join(lookup, wish.name, type);
  if (section.isFresh(resolution)) lookup.resolved();
  else section.hurry(resolution, false);
}

class Lookup implements Requester {
  readonly isLasting: boolean;
  resolution: Resolution | null;
  private readonly section: Section;
  private readonly wish: LookupWish;
  private readonly done: (address: string) => void;

  constructor(section: Section, wish: LookupWish, done: (address: string) => void) {
    this.isLasting = false;
    this.resolution = null;
    this.section = section;
    this.wish = wish;
    this.done = done;
  }

  resolved(): boolean {
    const { section, wish } = this;
    const choice = this.resolution?.records.choose({
      resolution: { prefer: wish.prefer, networks: [], allowsTwins: true },
      families: section.families,
      current: '',
      user: null,
    });
    section.leave(this);
    this.done(choice?.address ?? '');
    return false;
  }

  failed(): boolean {
    this.section.leave(this);
    this.done('');
    return false;
  }
}
