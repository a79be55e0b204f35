// The log formats that options ask for (manual 8.2.2 to 8.2.5), compiled once into lists of
// closures that append bytes. Formats of the user's own are compiled by
// worker/compile/log-format.ts instead.

import type { FormatText } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import type { LineBuffer } from './line.ts';
import type { WriteLine } from './plan.ts';
import type { ReadInteger, TagRow } from './tag.ts';
import { isEarly, tagRows } from './tags.ts';

/** The formats as the configuration language would write them: `%{+Q}` quotes, blanks separate. */
export const presetFormats: Readonly<Record<'tcp' | 'http' | 'https' | 'clf', string>> = {
  tcp: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  http:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc ' +
    '%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  https:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc ' +
    '%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r ' +
    '%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] ' +
    '%[ssl_fc_sni]/%sslv/%sslc',
  clf:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s ' +
    '%TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl',
};

/** Appends one part of the line. */
type WritePart = (stream: Stream, line: LineBuffer) => void;

const rowByName = new Map(tagRows.map((row) => [row.name, row]));
const piece = /%(?:\{([+-])Q\})?(?:\[([^\]]+)\]|(\w+))|( +)|([^% ]+)/g;

/**
 * Compiles a preset. `expressionOf` gives the text of a `%[...]`; null when it is not known (an
 * alert has been given). Formats of this file only: anything else in `format` is a mistake of ours.
 */
export function compilePreset(
  format: string,
  expressionOf: (text: string) => FormatText | null,
): WriteLine | null {
  const parts: WritePart[] = [];
  let quotesAll = false;
  for (const [, sign, expression, name, blanks, text] of format.matchAll(piece)) {
    if (name === 'o') quotesAll = sign === '+';
    else if (name !== undefined) {
      const quotes = sign === undefined ? quotesAll : sign === '+';
      parts.push(writeRow(rowByName.get(name), quotes));
    } else if (expression !== undefined) {
      const value = expressionOf(expression);
      if (value === null) return null;
      parts.push((stream, line) => line.text(value(stream)));
    } else parts.push(blanks !== undefined ? separate : constant(text));
  }
  return (stream, line) => {
    for (let i = 0; i < parts.length; i++) parts[i](stream, line);
  };
}

/** One blank, unless the line is empty or ends with one: empty items leave no double blanks. */
function separate(_stream: Stream, line: LineBuffer): void {
  if (line.at > line.messageAt && line.bytes[line.at - 1] !== 32) line.byte(32);
}

function constant(text: string): WritePart {
  if (text.length === 1) {
    const code = text.charCodeAt(0);
    return (_stream, line) => line.byte(code);
  }
  return (_stream, line) => line.text(text);
}

function writeRow(row: TagRow | undefined, quotes: boolean): WritePart {
  if (row === undefined) throw new Error('a preset names a tag that does not exist');
  if (row.number !== undefined) return writeNumber(row, row.number);
  const read = quotes ? (row.quoted ?? row.text) : row.text;
  if (read === undefined) throw new Error(`tag '${row.name}' has no reader`);
  if (row.plain === true) return row.write ?? ((stream, line) => line.text(read(stream)));
  const { write } = row;
  if (quotes && write !== undefined) return writeQuoted(write);
  if (!quotes) return (stream, line) => line.text(read(stream) || '-');
  return (stream, line) => {
    line.byte(34);
    line.text(read(stream));
    line.byte(34);
  };
}

function writeQuoted(write: WritePart): WritePart {
  return (stream, line) => {
    line.byte(34);
    write(stream, line);
    line.byte(34);
  };
}

function writeNumber(row: TagRow, read: ReadInteger): WritePart {
  if (row.padded === true) return (stream, line) => line.millis(read(stream));
  if (row.grows !== true) return (stream, line) => line.number(read(stream));
  return (stream, line) => {
    if (isEarly(stream)) line.byte(43);
    line.number(read(stream));
  };
}

/** The line of a frontend without a format: written when the exchange begins. */
export function writeConnect(stream: Stream, line: LineBuffer): void {
  const { source, destination } = stream;
  line.text('Connect from ');
  line.text(source.text());
  line.byte(58);
  line.number(source.port);
  line.text(' to ');
  line.text(destination.text());
  line.byte(58);
  line.number(destination.port);
  line.text(' (');
  line.text(stream.frontend.name);
  line.text(stream.frontend.isHttp ? '/HTTP)' : '/TCP)');
}
