// The part of the Model that says what is logged and where it goes: log targets and log profiles.
// model.ts hands these types on.

import type { Place } from './diagnostic.ts';
import type { AddressModel, BindModel, LineModel, ServerModel } from './model.ts';

export interface LogTargetModel {
  readonly place: Place;
  /** null when `target` tells. */
  readonly address: AddressModel | null;
  /** 'stdout', 'stderr', 'ring@name', 'backend@name' or '' when `address` tells. */
  readonly target: string;
  /** '' for the format that the rest of the configuration implies. */
  readonly format: string;
  readonly facility: number;
  readonly level: number;
  readonly minLevel: number;
  readonly lengthBytes: number;
  readonly sample: string;
  /** Name of a log-profile section, '' for none. */
  readonly profile: string;
}

/** A `log-profile` section. */
export interface LogProfileModel {
  readonly place: Place;
  readonly name: string;
  tag: string;
  /** In the order of their lines; a later line of a step changes what the earlier one said. */
  readonly steps: readonly LogProfileStepModel[];
}

/** `on STEP`. */
export interface LogProfileStepModel {
  /** A name of log-steps.ts, or `any`. */
  readonly step: string;
  readonly drops: boolean;
  /** One word each, null where nothing was said. */
  readonly format: LineModel | null;
  readonly structuredData: LineModel | null;
}

/** A `log-forward` section: messages of others on their way to log targets. */
export interface LogForwardModel {
  readonly place: Place;
  readonly name: string;
  /** Stream listeners (`bind`) and datagram listeners (`dgram-bind`). */
  readonly binds: readonly BindModel[];
  readonly datagramBinds: readonly BindModel[];
  logs: readonly LogTargetModel[];
  /** Most connections at a time. */
  maxconn: number;
  backlog: number;
  /** A connection may be quiet for so long, -1: for ever. */
  clientMs: number;
  /** Messages pass as they came: `option dont-parse-log`. */
  isOpaque: boolean;
  /** Lines whatever they begin with: `option assume-rfc6587-ntf`. */
  isFramedByLine: boolean;
  /** Where the host name of messages comes from: `option host`. */
  host: HostStrategy;
}

export type HostStrategy = 'replace' | 'fill' | 'keep' | 'append';

/** A `ring` section, or what a log target or log server that is reached by a stream needs. */
export interface RingModel {
  readonly place: Place;
  readonly name: string;
  description: string;
  /** Of its records; '' takes those of the log lines that lead to it. */
  format: string;
  /** Longest record, 0: no limit of its own. */
  lengthMax: number;
  sizeBytes: number;
  /** Path of the file that holds it, '' for plain memory. */
  backingFile: string;
  connectMs: number;
  serverMs: number;
  /** Each gets every record. */
  readonly servers: readonly ServerModel[];
  /** The file that records go to, null: none. */
  file: LogFileModel | null;
  /** The OpenTelemetry collector that gets every record, null: none. */
  otlp: LogOtlpModel | null;
}

/** `log otlp@URL`. */
export interface LogOtlpModel {
  readonly url: string;
  /** Names and values. */
  readonly headers: readonly (readonly [string, string])[];
}

/** `log file@PATH`, with the words that say when it gives way to a new one. */
export interface LogFileModel {
  readonly path: string;
  /** Bytes, 0: no limit. */
  readonly sizeMax: number;
  /** 0: no limit. */
  readonly ageMaxMs: number;
  /** Earlier files that are kept: PATH.1 is the youngest. */
  readonly keep: number;
}
