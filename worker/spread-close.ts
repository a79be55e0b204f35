// close-spread-time: how the idle clients of a thread leave during a soft stop, evenly until its
// end, so that they do not return at once. Made by proxy-thread.ts.

import type { Timed } from './loop/timers.ts';
import type { Acceptor } from './stream/acceptor.ts';
import { closeIdle } from './stream/session-list.ts';
import type { ThreadContext } from './thread-context.ts';

const stepMs = 100;
/** An idle connection is closed by a soft stop once it has been quiet for this long. */
const quietMs = 1000;

export class SpreadClose implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly thread: ThreadContext;
  private readonly acceptor: Acceptor;

  constructor(thread: ThreadContext, acceptor: Acceptor) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.thread = thread;
    this.acceptor = acceptor;
  }

  /** One step. Goes on while there are clients: busy ones may become idle. */
  onTimeout(): void {
    const { thread, acceptor } = this;
    const { nowMs } = thread.time;
    const left = thread.closeUntilMs - nowMs;
    const share = (acceptor.count * stepMs) / Math.max(left, stepMs);
    const most = left <= 0 ? Number.MAX_SAFE_INTEGER : Math.ceil(share);
    // A client that has just been served may have its next request on the way: it is answered, with
    // `connection: close`. Only connections that have been quiet for a while are closed unasked.
    closeIdle(acceptor, most, nowMs - quietMs);
    if (acceptor.count > 0) thread.timers.schedule(this, nowMs + stepMs);
  }

  stop(): void {
    this.thread.timers.remove(this);
  }
}
