// Asks a quiet HTTP/2 peer from time to time whether it is still there (manual, idle-ping): PING,
// and the connection is closed when no answer has come by the time of the next one. Made by
// h2-front.ts and h2-back.ts for connections whose line asks for it.

import * as h2 from '../http/h2-frames.ts';
import type { Timed } from '../loop/timers.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { H2Link } from './h2-link.ts';

const pingBytes = 8;

export class IdlePing implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly link: H2Link;
  private readonly thread: ThreadContext;
  private readonly everyMs: number;
  /** A PING has left and no answer has come. */
  private isAsked: boolean;

  constructor(link: H2Link, everyMs: number) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.link = link;
    this.thread = link.thread;
    this.everyMs = everyMs;
    this.isAsked = false;
  }

  /** The connection has no stream. */
  quiet(): void {
    if (this.link.isClosed || this.thread.stopping) return;
    this.thread.timers.schedule(this, this.thread.time.nowMs + this.everyMs);
  }

  /** A stream begins: its own timeouts count. */
  busy(): void {
    this.isAsked = false;
    this.thread.timers.cancel(this);
  }

  /** The peer has answered. */
  answered(): void {
    if (!this.isAsked) return;
    this.isAsked = false;
    this.quiet();
  }

  /** The connection is closed. */
  end(): void {
    this.thread.timers.remove(this);
  }

  onTimeout(): void {
    const { link } = this;
    if (link.isClosed || link.streams.size > 0 || this.thread.stopping) return;
    if (!link.role.holds()) return;
    if (this.isAsked) {
      // Nobody is there to read a GOAWAY.
      link.close();
      return;
    }
    const at = link.output.frame(pingBytes, h2.framePing, 0, 0);
    if (at >= 0) link.thread.memory.bytes.fill(0, at, at + pingBytes);
    this.isAsked = true;
    this.quiet();
  }
}
