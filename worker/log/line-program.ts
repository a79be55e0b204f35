// A log line as data: what stands between values, and how each value is written. All formats, the
// user's and those that options ask for, come down to one list of pieces that one loop writes, so
// that a value costs one call and a constant none. Compiled by worker/compile/log-format.ts, run
// for every line.

import type { FormatText } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { LineBuffer } from './line.ts';
import type { WriteLine } from './plan.ts';
import type { LogTagFlags, ReadInteger, TagRow } from './tag.ts';

/** Appends a value. */
type WriteValue = (stream: Stream, line: LineBuffer) => void;

const valueNone = 0;
const valueText = 1;
/** A text, or `-`. */
const valueMandatory = 2;
const valueNumber = 3;
/** Three digits. */
const valuePadded = 4;
/** A number that still grows when the line is early: a plus sign goes before it. */
const valueGrowing = 5;
const valueWritten = 6;
/** Between double quotes. */
const valueQuoted = 7;

/** How a value is written: made once for each use of a tag or an expression. */
export interface LineValue {
  readonly kind: number;
  readonly text: FormatText;
  readonly number: ReadInteger;
  readonly write: WriteValue;
}

const noText: FormatText = () => '';
const noNumber: ReadInteger = () => 0;
const noWrite: WriteValue = () => {};

const value = (kind: number, how: Partial<LineValue>): LineValue => ({
  kind,
  text: how.text ?? noText,
  number: how.number ?? noNumber,
  write: how.write ?? noWrite,
});

/** Whatever `text` gives. */
export const textValue = (text: FormatText): LineValue => value(valueText, { text });

/** A tag without a string of its own; null where its flags want one. */
export function tagValue(row: TagRow, flags: LogTagFlags): LineValue | null {
  if (flags.encoding !== '' || flags.hex || flags.escape) return null;
  const { number, write, text } = row;
  if (number !== undefined) {
    const kind = row.padded ? valuePadded : row.grows ? valueGrowing : valueNumber;
    return value(kind, { number });
  }
  const isQuoted = flags.quote && row.plain !== true;
  if (flags.quote && row.quoted !== undefined) return null;
  if (write !== undefined) return value(isQuoted ? valueQuoted : valueWritten, { write });
  if (isQuoted || text === undefined) return null;
  return value(flags.mandatory && row.plain !== true ? valueMandatory : valueText, { text });
}

/** One item of a format. */
export interface LineItem {
  /** The constant text when `value` is null. */
  readonly text: string;
  readonly value: LineValue | null;
  /** A blank that separates: runs of them become one, also around values that are empty. */
  readonly isSeparator: boolean;
}

interface Piece {
  /** A blank goes before it, unless nothing was written since the last one. */
  readonly separates: boolean;
  readonly before: string;
  /** `before` ends with a separator. */
  readonly endsBlank: boolean;
  readonly value: LineValue;
}

const noValue = value(valueNone, {});

/** The line is written before the stream has ended (option logasap). */
export function isEarly(stream: Stream): boolean {
  const { log } = stream.frontend;
  return log?.early === true;
}

/** The line that these items make. */
export function lineOf(items: readonly LineItem[]): WriteLine {
  const pieces = piecesOf(items);
  return (stream, line) => {
    let isBlank = true;
    for (let i = 0; i < pieces.length; i++) {
      const { separates, before, endsBlank, value: what } = pieces[i];
      if (separates && !isBlank) {
        line.byte(space);
        isBlank = true;
      }
      if (before !== '') {
        line.text(before);
        isBlank = endsBlank;
      }
      const from = line.at;
      writeValue(what, stream, line);
      if (line.at !== from) isBlank = false;
    }
  };
}

const space = 32;
const quote = 34;
const plus = 43;

function writeValue(what: LineValue, stream: Stream, line: LineBuffer): void {
  switch (what.kind) {
    case valueNumber:
      line.number(what.number(stream));
      return;
    case valueMandatory:
      line.text(what.text(stream) || '-');
      return;
    case valueText:
      line.text(what.text(stream));
      return;
    case valueWritten:
      what.write(stream, line);
      return;
    case valueQuoted:
      line.byte(quote);
      what.write(stream, line);
      line.byte(quote);
      return;
    case valuePadded:
      line.millis(what.number(stream));
      return;
    case valueGrowing:
      if (isEarly(stream)) line.byte(plus);
      line.number(what.number(stream));
      return;
    default:
  }
}

/** Constants and separators go before the value that follows them. */
function piecesOf(items: readonly LineItem[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let separates = false;
  let before = '';
  let endsBlank = false;
  const end = (what: LineValue): void => {
    pieces.push({ separates, before, endsBlank, value: what });
    separates = false;
    before = '';
    endsBlank = false;
  };
  for (const { text, value: what, isSeparator } of items) {
    if (what !== null) end(what);
    else if (!isSeparator) {
      before += text;
      endsBlank = false;
    } else if (before === '') separates = true;
    else if (!endsBlank) {
      before += ' ';
      endsBlank = true;
    }
  }
  if (separates || before !== '') end(noValue);
  return pieces;
}
