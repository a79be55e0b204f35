// Seeded chance for the simulation: the same seed gives the same run. Apart from the fake kernel's
// own, so that the actors' choices do not depend on how often the kernel was called.

export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** 0 <= x < 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  hits(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.next() * from.length)];
  }

  /** Mostly small, sometimes large: up to `most`. */
  size(most: number): number {
    const scale = this.pick([0, 10, 100, 2000, 20_000, most]);
    return this.between(0, Math.min(scale, most));
  }

  /** Cuts a text into pieces of random lengths. */
  pieces(text: string): string[] {
    const pieces: string[] = [];
    for (let at = 0; at < text.length; ) {
      const length = this.between(1, this.pick([1, 7, 100, 5000, 50_000]));
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    return pieces;
  }
}
