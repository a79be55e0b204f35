// tune.max-checks-per-thread: how many checks and agents are asked at once. Who comes while all
// places are taken waits for one, first come first served; its interval grows by that (manual 3.2).

/** Who waits for a place. */
export interface Waiting {
  /** It has one: ends with a call of `leave`. */
  proceed(): void;
}

export class CheckGate {
  private readonly limit: number;
  private readonly waiting: Set<Waiting>;
  private isServing: boolean;
  running: number;

  /** 0: no limit. */
  constructor(limit: number) {
    this.limit = limit;
    this.waiting = new Set();
    this.isServing = false;
    this.running = 0;
  }

  /** True: go on at once. False: `proceed` comes. */
  enter(who: Waiting): boolean {
    if (this.limit > 0 && this.running >= this.limit) {
      this.waiting.add(who);
      return false;
    }
    this.running++;
    return true;
  }

  /** A place is free: the next one has it. One that ends at once leaves while it proceeds. */
  leave(): void {
    this.running--;
    if (this.isServing) return;
    this.isServing = true;
    for (const next of this.waiting) {
      if (this.running >= this.limit) break;
      this.waiting.delete(next);
      this.running++;
      next.proceed();
    }
    this.isServing = false;
  }

  /** It does not wait any more. */
  forget(who: Waiting): void {
    this.waiting.delete(who);
  }
}
