// Chance and mischief of the fake kernel: one seeded generator decides which call fails, so that a
// run can be repeated from its seed. Used by sys.ts; tests choose the probabilities.

/** Probabilities from 0 to 1 that a call is hit; what is not named never happens. */
export interface FaultRates {
  /** A read returns fewer bytes than there are. */
  readonly shortRead?: number;
  /** A write takes fewer bytes than fit. */
  readonly shortWrite?: number;
  /** A read or write says EAGAIN though it could work. */
  readonly again?: number;
  /** A connection is reset when it is read or written. */
  readonly reset?: number;
  /** accept, socket, pipe and eventfd say EMFILE. */
  readonly noDescriptor?: number;
  /** A connect to somebody is refused at once. */
  readonly refuse?: number;
  /** The wall clock jumps by up to an hour, either way, when time advances. */
  readonly clockJump?: number;
}

const RATES_OFF: Required<FaultRates> = {
  shortRead: 0,
  shortWrite: 0,
  again: 0,
  reset: 0,
  noDescriptor: 0,
  refuse: 0,
  clockJump: 0,
};

export class Faults {
  rates: Required<FaultRates>;
  #state: number;

  constructor(seed: number, rates: FaultRates) {
    this.#state = seed >>> 0;
    this.rates = { ...RATES_OFF, ...rates };
  }

  /** True with the probability of `kind`. Draws nothing for a rate of 0. */
  hits(kind: keyof FaultRates): boolean {
    const rate = this.rates[kind];
    return rate > 0 && this.random() < rate;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** From 0 to 1, 1 excluded (mulberry32). */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}
