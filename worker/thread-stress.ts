// `debug dev sched`: work that a proxy thread gives itself for as long as it lives, to see what
// traffic feels of it. Called by thread-inspection.ts.

import type { Timed } from './loop/timers.ts';
import type { ThreadContext } from './thread-context.ts';

/** A timer that is set again whenever it is due. */
class StressTimer implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly thread: ThreadContext;
  private readonly interMs: number;

  constructor(thread: ThreadContext, interMs: number) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.thread = thread;
    this.interMs = interMs;
    this.onTimeout();
  }

  onTimeout(): void {
    const { timers, time } = this.thread;
    timers.schedule(this, time.nowMs + this.interMs);
  }
}

/** Work of one thread at most; more is a mistake. */
const countMax = 1_000_000;

/** `count` timers of `interMs` each (tasks), or acts that run in every turn (tasklets). */
export function stress(
  thread: ThreadContext,
  isTask: boolean,
  count: number,
  interMs: number,
): void {
  for (let i = 0; i < Math.min(count, countMax); i++) {
    if (isTask) new StressTimer(thread, Math.max(1, interMs));
    else runAgain(thread);
  }
}

function runAgain(thread: ThreadContext): void {
  thread.defer(() => runAgain(thread));
}
