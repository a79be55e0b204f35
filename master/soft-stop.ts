// SIGUSR1 from the first moment on: node would open a debugger. What comes before there is anything
// to stop waits for it.

export class SoftStop {
  private wanted = false;
  private act: (() => void) | null = null;

  /** Process-wide: once. */
  watch(): this {
    process.on('SIGUSR1', () => {
      if (this.act === null) this.wanted = true;
      else this.act();
    });
    return this;
  }

  /** `act` is what a soft stop means from now on. */
  means(act: () => void): void {
    this.act = act;
    if (this.wanted) act();
    this.wanted = false;
  }
}
