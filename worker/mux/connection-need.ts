// How many connections to one server a thread needs: decides which idle ones are worth keeping
// (manual, pool-low-conn and pool-purge-delay). Pure numbers; idle-pool.ts acts on them. Without
// it, clients that close after each request would leave a trail of connections behind that nobody
// can use again.

/** Connections that are the only ones of their kind: so many are kept whatever the need. */
const kindsMax = 32;

export class ConnectionNeed {
  /** Connections in use now. */
  used: number;
  /** The most in use since the last `settle`. */
  private usedMax: number;
  /** The estimate: never below what was in use at once of late. */
  needed: number;
  /** pool-low-conn: so many more are kept than are needed. */
  private readonly spare: number;

  constructor(spare: number) {
    this.used = 0;
    this.usedMax = 0;
    this.needed = 0;
    this.spare = spare;
  }

  /** A stream has got a connection. */
  borrowed(): void {
    this.used++;
    if (this.used > this.usedMax) this.usedMax = this.used;
    if (this.used > this.needed) this.needed = this.used;
  }

  /** A stream has given its connection up, after `isWorthKeeping` was asked. */
  returned(): void {
    this.used--;
  }

  /**
   * May one that is being given back join `idle` others? One idle connection is always kept, and
   * one for each kind as long as there are few (`isOnly`: no other idle one goes to the same name,
   * source and so on).
   */
  isWorthKeeping(idle: number, isOnly: boolean): boolean {
    if (idle === 0 || (isOnly && idle < kindsMax)) return true;
    return this.used + idle <= Math.max(this.used, this.needed) + this.spare;
  }

  /**
   * Once per pool-purge-delay: how many of `idle` to close now, half of those beyond the need; the
   * estimate comes down half of the way to what was in use since.
   */
  settle(idle: number): number {
    const { used, usedMax, needed } = this;
    const excess = used + idle - Math.max(usedMax, needed) - this.spare;
    this.needed = Math.max(usedMax, Math.floor((needed + usedMax) / 2));
    this.usedMax = used;
    return excess > 0 ? Math.min(idle, Math.ceil(excess / 2)) : 0;
  }
}
