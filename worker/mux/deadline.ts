// Closes an HTTP/2 connection that does not get ready in time. Made by h2-back.ts and h2-front.ts
// for connections whose roles turn round after the first settings (rhttp@).

import type { Timed, Timers } from '../loop/timers.ts';
import type { H2Link } from './h2-link.ts';

export class Deadline implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly timers: Timers;
  private readonly link: H2Link;

  /** Due at `dueMs` of the loop's clock. */
  constructor(timers: Timers, link: H2Link, dueMs: number) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.timers = timers;
    this.link = link;
    timers.schedule(this, dueMs);
  }

  /** The connection is ready, or closed. */
  end(): void {
    this.timers.remove(this);
  }

  onTimeout(): void {
    this.link.close();
  }
}
