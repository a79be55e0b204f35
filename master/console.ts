// What the process says about itself, in HAProxy's line format on standard error, and the copy of
// the start-up messages that `reload` and `show startup-logs` answer with. Called by everything in
// master/. Writes synchronously and never fails: an output that is gone is no reason to stop.

import { blockFor } from '../shared/block.ts';
import { writeSync } from 'node:fs';
import { compatibilityVersion } from '../shared/config/features.ts';

export type MessageLevel = 'ALERT' | 'WARNING' | 'NOTICE' | 'DIAG';

export type MessageSink = (level: MessageLevel, message: string) => void;

/** Messages kept for one start-up or reload; what comes later is counted out, oldest first. */
const startupBytesMax = 65_536;

/** The messages of one process. One object per run of the master program. */
export class Console {
  quiet = false;
  verbose = false;
  warnings = 0;
  /** Messages of the start-up or reload under way, with line ends. */
  startupLogs = '';
  /** What went wrong first in it, '' for nothing. */
  firstAlert = '';
  private recording = true;
  private introduced = false;
  private readonly program: string;
  private readonly version: string;
  private readonly sink: MessageSink | null;

  /**
   * `version`: hawser's own. `program`: path shown with the first alert or warning. `sink`: who
   * prints instead (`hawser start`); null for HAProxy's lines on standard error.
   */
  constructor(version: string, program: string, sink: MessageSink | null = null) {
    this.version = version;
    this.program = program;
    this.sink = sink;
  }

  alert(message: string): void {
    this.introduce();
    if (this.firstAlert === '') this.firstAlert = message;
    this.print('ALERT', message);
  }

  warning(message: string): void {
    this.warnings++;
    this.introduce();
    this.print('WARNING', message);
  }

  notice(message: string): void {
    this.print('NOTICE', message);
  }

  diagnostic(message: string): void {
    this.print('DIAG', message);
  }

  /** Somebody else prints the messages. */
  get isRedirected(): boolean {
    return this.sink !== null;
  }

  /** A line that a worker has written: one of these messages, or what it writes as it is. */
  relay(line: string): void {
    const [, level, message] = /^\[(ALERT|WARNING|NOTICE|DIAG)\] +\(\d+\) : (.*)/.exec(line) ?? [];
    if (message === undefined || this.sink === null) writeAll(2, `${line}\n`);
    else if (!this.quiet || this.verbose) this.sink(level as MessageLevel, message);
  }

  /** Begins a new start-up (reload): forgets the messages of the last one. */
  beginStartup(): void {
    this.startupLogs = '';
    this.firstAlert = '';
    this.warnings = 0;
    this.introduced = false;
    this.recording = true;
  }

  endStartup(): void {
    this.recording = false;
  }

  /** Text for standard output, unless -q. */
  say(text: string): void {
    if (!this.quiet) writeAll(1, text);
  }

  private introduce(): void {
    if (this.introduced || !this.recording) return;
    this.introduced = true;
    if (this.sink !== null) return;
    this.print('NOTICE', `haproxy version is ${compatibilityVersion} (hawser ${this.version})`);
    this.print('NOTICE', `path to executable is ${this.program}`);
  }

  private print(level: MessageLevel, message: string): void {
    const line = `${`[${level}]`.padEnd(10)} (${process.pid}) : ${message}\n`;
    if (this.recording && this.startupLogs.length + line.length <= startupBytesMax) {
      this.startupLogs += line;
    }
    if (this.quiet && !this.verbose) return;
    if (this.sink === null) writeAll(2, line);
    else this.sink(level, message);
  }
}

/** Writes all of `text`; a full pipe is waited for, a closed one is given up. */
export function writeAll(fd: number, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      blockFor(5);
    }
  }
}
