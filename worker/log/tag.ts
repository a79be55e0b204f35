// Contract of a log tag: one `%name` of a log-format string (manual 8.2.6). The table of tags is
// worker/log/tags.ts; worker/compile/log-format.ts is handed that table and calls `build` once per
// use. Nothing here runs while serving but the FormatText that `build` returned.

import type { FormatText, Scope } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { LineBuffer } from './line.ts';

/** Flags of one log item: `%{+Q,+X}name`, or set for the whole string by `%{...}o`. */
export interface LogTagFlags {
  /** +Q: the value between double quotes. */
  readonly quote: boolean;
  /** +X: numbers and addresses in hexadecimal. */
  readonly hex: boolean;
  /** +E: quotes, backslashes and closing brackets of the value escaped with a backslash. */
  readonly escape: boolean;
  /** +M: mandatory; an empty value is printed as `-`. */
  readonly mandatory: boolean;
  /** +bin: bytes left as they are (no escaping of control characters). */
  readonly binary: boolean;
  /** +json, +cbor: the item is one member of an encoded object. */
  readonly encoding: '' | 'json' | 'cbor';
}

/** `nothing`: known at once. `request`: with the request. `end`: when all has been transferred. */
export type TagWait = 'nothing' | 'request' | 'end';

export interface LogTagDef {
  /** Without the percent sign: `ci`, `HM`. */
  readonly name: string;
  readonly help: string;
  /**
   * What the value is: `text` (the default) is quoted by +Q and is `-` when empty and mandatory;
   * `plain` (dates) and `number` are never quoted nor replaced. Encoders write numbers bare.
   */
  readonly type?: 'text' | 'plain' | 'number';
  /** What must have happened before it is known; absent: the server was chosen and has answered. */
  readonly waits?: TagWait;
  /** True: meaningful in HTTP mode only (manual 8.2.6, column H). */
  readonly http?: boolean;
  /**
   * `argument` stood between the parentheses of `%(argument)name` ('' for none): the item's name.
   * The text comes out raw: the caller quotes, escapes and encodes it as `flags` ask; `flags` are
   * given for tags whose digits depend on them (+X). '' means no value.
   * null: alerts were given through `scope`.
   */
  readonly build: (argument: string, flags: LogTagFlags, scope: Scope) => FormatText | null;
  /** How a line writes it without making its text; absent: it takes what `build` gives. */
  readonly row?: TagRow;
}

export type ReadText = (stream: Stream) => string;
export type ReadInteger = (stream: Stream) => number;

/** One alias. Exactly one of `text` and `number` is there. */
export interface TagRow {
  readonly name: string;
  readonly help: string;
  readonly http?: boolean;
  readonly waits?: TagWait;
  readonly text?: ReadText;
  readonly number?: ReadInteger;
  /** A text that no flag quotes: dates, lists that quote their own members. */
  readonly plain?: boolean;
  /** The value under +X. */
  readonly hex?: ReadText;
  /** A text of its own under +Q (lists). */
  readonly quoted?: ReadText;
  /** The number still grows: a plus sign goes before it (option logasap). */
  readonly grows?: boolean;
  /** At least three digits. */
  readonly padded?: boolean;
  /** Appends what `text` gives without making it. */
  readonly write?: (stream: Stream, line: LineBuffer) => void;
}
