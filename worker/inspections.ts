// Questions of the control thread to every proxy thread, and the answers that have come so far.
// Threads answer in the order in which they were told things: an answer proves that all that was
// broadcast before has been handled. Control thread.

import type { ControlToThread } from '../shared/messages.ts';

interface Inspection {
  readonly answers: unknown[];
  resolve(answers: readonly unknown[]): void;
}

/** How long threads may take to answer. */
const answerMs = 2000;

export class Inspections {
  private readonly threadCount: number;
  private readonly broadcast: (message: ControlToThread) => void;
  private readonly open: Map<number, Inspection>;
  private count: number;

  constructor(threadCount: number, broadcast: (message: ControlToThread) => void) {
    this.threadCount = threadCount;
    this.broadcast = broadcast;
    this.open = new Map();
    this.count = 0;
  }

  /** What each thread answers, in the order of arrival; those that are late are left out. */
  ask(what: string, argument: readonly number[] = []): Promise<readonly unknown[]> {
    const id = ++this.count;
    return new Promise((resolve) => {
      const inspection: Inspection = { answers: [], resolve };
      this.open.set(id, inspection);
      setTimeout(() => {
        if (this.open.delete(id)) resolve(inspection.answers);
      }, answerMs).unref();
      this.broadcast({ type: 'inspect', id, what, argument });
    });
  }

  /** A thread has answered. */
  answered(id: number, data: unknown): void {
    const inspection = this.open.get(id);
    if (inspection === undefined) return;
    inspection.answers.push(data);
    if (inspection.answers.length < this.threadCount) return;
    this.open.delete(id);
    inspection.resolve(inspection.answers);
  }
}
