// Log-forward sections as the control thread runs them: their streams, and the targets that
// messages of these go to. Datagrams come to the proxy threads (log-datagrams.ts). Made by
// control-logs.ts.

import type { LogForwardModel, Model } from '../shared/config/model.ts';
import type { SectionListener } from '../shared/messages.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import { field } from '../shared/segment/metrics.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { type ForwardPlan, forwardMessage } from './log/forward.ts';
import { LogClients } from './syslog/log-clients.ts';

const fieldReceivedLogs = field.CumRecvLogs;

export interface LogForwardParts {
  readonly model: Model;
  readonly sys: Sys;
  readonly listeners: readonly SectionListener[];
  readonly counters: CounterWriter;
  /** Counter row of the process. */
  readonly row: number;
  /** The section's targets, with this thread's sinks. */
  planOf(model: LogForwardModel): ForwardPlan;
  /** Sends what has gathered in the sinks. */
  flush(): void;
  failed(message: string): void;
}

export class LogForwards {
  /** After `stop`: resolves when the last client has gone. */
  readonly ended: Promise<unknown>;
  private readonly parts: LogForwardParts;
  private readonly sections: readonly LogClients[];
  private isFlushing: boolean;

  constructor(parts: LogForwardParts) {
    this.parts = parts;
    this.isFlushing = false;
    this.sections = parts.model.logForwards.map((model, index) => this.open(model, index));
    this.ended = Promise.all(this.sections.map(({ ended }) => ended));
  }

  private open(model: LogForwardModel, index: number): LogClients {
    const { parts } = this;
    const { sys, counters, row } = parts;
    const { global } = parts.model;
    const own = parts.listeners.filter(
      (one) => one.section === 'log-forward' && one.index === index && !one.isDatagram,
    );
    const plan = own.length === 0 ? null : parts.planOf(model);
    const limits = {
      maxconn: model.maxconn || global.maxconn || Number.MAX_SAFE_INTEGER,
      backlog: model.backlog || model.maxconn,
      quietMs: model.clientMs,
      messageBytesMax: global.tune.bufsize,
      isByLine: model.isFramedByLine,
    };
    const clients = new LogClients(limits, {
      contents: parts.model,
      received: (bytes, at, length, sender) => {
        counters.values[row + fieldReceivedLogs]++;
        if (plan === null) return;
        const wallMs = sys.wallUs() / 1000;
        forwardMessage(sys, plan, { bytes, at, length, sender, wallMs });
        this.flushSoon();
      },
      failed: (message) => parts.failed(`log-forward '${model.name}': ${message}`),
    });
    // The descriptor itself is its owner's to close.
    for (const { fd, bindIndex } of own) clients.listen(sys.dup(fd), model.binds[bindIndex]);
    return clients;
  }

  /** Once for all messages that this turn of libuv brings. */
  private flushSoon(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    setImmediate(() => {
      this.isFlushing = false;
      this.parts.flush();
    });
  }

  stop(): void {
    for (const clients of this.sections) clients.stop();
  }

  close(): void {
    for (const clients of this.sections) clients.close();
  }
}
