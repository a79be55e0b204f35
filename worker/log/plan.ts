// What a proxy logs, where and how: compiled once at start by worker/compile/logs.ts, read while
// serving by logger.ts and by the engine. Data and closures only; it opens nothing and sends
// nothing.

import type { Stream } from '../stream/stream.ts';
import type { WriteHeader } from './header.ts';
import type { LineBuffer } from './line.ts';
import type { LogSink } from './sink.ts';

/** Appends one log line (no header, no line feed) to `line`. */
export type WriteLine = (stream: Stream, line: LineBuffer) => void;

/** `sample <ranges>:<size>` of a log line; one object per target, so it counts by itself. */
export interface SamplePlan {
  /** Entry i tells whether message number i (from 0) of each round is sent. */
  readonly chosen: readonly boolean[];
  /** Where in the round the next message is. */
  position: number;
}

/** What a profile says about one step; null fields leave what the proxy says. */
export interface LogStepPlan {
  readonly drops: boolean;
  readonly line: WriteLine | null;
  readonly structuredData: WriteLine | null;
}

/** A log-profile section, compiled for one proxy. */
export interface LogProfilePlan {
  /** '' for the proxy's own. */
  readonly tag: string;
  /** By step number (shared/config/log-steps.ts); null: as the proxy says. */
  readonly steps: readonly (LogStepPlan | null)[];
}

/** One `log` line of a proxy (or of global, by `log global`). */
export interface LogTargetPlan {
  readonly sender: LogSink;
  /** Its header: a row of header.ts. */
  readonly writeHeader: WriteHeader;
  /** Facility shifted: added to the level it gives the priority. */
  readonly facilityBits: number;
  /**
   * Levels 0 to 7: a message above `level` is not sent, one below `minLevel` is sent as `minLevel`.
   */
  readonly level: number;
  readonly minLevel: number;
  /** Longest message with its header, in bytes. */
  readonly lengthBytes: number;
  readonly sample: SamplePlan | null;
  readonly profile: LogProfilePlan | null;
}

export interface LogPlan {
  readonly targets: readonly LogTargetPlan[];
  /** The line of a stream; null when the proxy has targets and no format (a pure backend). */
  readonly line: WriteLine | null;
  /** The same, null when it is not the user's format but the line about a new connection. */
  readonly format: WriteLine | null;
  /** `error-log-format`: the line of what never became a request; null: as any other. */
  readonly errorLine: WriteLine | null;
  /** Steps at which a line is written: one bit each. */
  readonly steps: number;
  /** One line for each stream: the first of `steps` that it comes to. */
  readonly once: boolean;
  /** `log-format-sd`: structured data of RFC 5424 messages; null: `-`. */
  readonly structuredData: WriteLine | null;
  readonly tag: string;
  /** Host name of the header, '' when none is sent. */
  readonly host: string;
  /** The line shows how many lines there were (%lc): they are counted. */
  readonly counts: boolean;
  /** option dontlognull, dontlog-normal, logasap, log-separate-errors. */
  readonly skipNull: boolean;
  readonly skipNormal: boolean;
  readonly early: boolean;
  readonly raiseErrors: boolean;
}
