// When to start a worker again: at once after the first death, later and later while each one dies
// soon after its start. Called by the supervisor; owns one timer and knows nothing of processes.

/** A worker that lived this long was a good one. */
const goodLifeMs = 10_000;
const firstDelayMs = 100;
const delayMsMax = 10_000;

/** The clock of replacements: one pending start at most. */
export class Respawn {
  private readonly start: (delayMs: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private deaths = 0;

  /** `start` is called when it is time, with how long was waited. */
  constructor(start: (delayMs: number) => void) {
    this.start = start;
  }

  /** A worker died unasked after `lifeMs`. */
  after(lifeMs: number): void {
    this.deaths = lifeMs >= goodLifeMs ? 1 : this.deaths + 1;
    this.soon();
  }

  /** Starts one after the delay that the deaths so far ask for. */
  soon(): void {
    this.cancel();
    const delayMs = respawnDelayMs(this.deaths);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.start(delayMs);
    }, delayMs);
  }

  /** A configuration was accepted: what died before was of another one. */
  reset(): void {
    this.cancel();
    this.deaths = 0;
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

/** Milliseconds to wait after so many deaths in a row. */
export function respawnDelayMs(deaths: number): number {
  if (deaths <= 1) return 0;
  return Math.min(firstDelayMs * 2 ** (deaths - 2), delayMsMax);
}
