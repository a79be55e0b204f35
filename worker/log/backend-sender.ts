// Log lines on their way to a backend in `mode log` (manual 4.2 "mode", "balance"): each line goes
// to one server that is up, as the backend's algorithm says. Without one it is dropped and counted.

import type { Sys } from '../../shared/sys/sys.ts';
import { LineBuffer } from './line.ts';
import type { LineBalancer, LogSink } from './sink.ts';

const lineMax = 65_536;

export class BackendSender implements LogSink {
  dropped: number;
  counted: number;
  /** Lines do not wait here: the sinks of the servers have them. */
  readonly count: number;
  private readonly line: LineBuffer;
  private backend: LineBalancer | null;
  private sinks: readonly LogSink[];
  private sys: Sys | null;

  constructor() {
    this.dropped = 0;
    this.counted = 0;
    this.count = 0;
    this.line = new LineBuffer(new Uint8Array(lineMax));
    this.backend = null;
    this.sinks = [];
    this.sys = null;
  }

  /** Once, before the first line: `sinks` by server. */
  connect(backend: LineBalancer, sinks: readonly LogSink[]): void {
    this.backend = backend;
    this.sinks = sinks;
  }

  begin(sys: Sys, length: number): LineBuffer {
    this.sys = sys;
    this.line.start(0, Math.min(length, lineMax));
    return this.line;
  }

  commit(line: LineBuffer): void {
    const { backend, sys } = this;
    const index =
      backend === null ? -1 : backend.pickForLine(line.bytes, line.messageAt, line.at - 1);
    if (index < 0 || sys === null) {
      this.dropped++;
      return;
    }
    const sink = this.sinks[index];
    const copy = sink.begin(sys, line.at);
    copy.copy(line.bytes, 0, line.messageAt);
    copy.messageAt = copy.at;
    copy.copy(line.bytes, line.messageAt, line.at - line.messageAt);
    sink.commit(copy);
  }

  flush(): void {
    // See count.
  }

  close(): void {
    // It has opened nothing.
  }
}
