// How the tool writes for people: colours where the output is a terminal that has them, columns
// that stand below each other, words for durations and counts. Used by every word that prints.

import type { Writable } from 'node:stream';

/** Names of what is coloured by its meaning, not by its colour. */
export type Tone = 'error' | 'warning' | 'good' | 'strong' | 'faint' | 'accent';

/** Puts a tone around a text, or nothing where the output has no colours. */
export type Paint = (tone: Tone, text: string) => string;

const codes: Readonly<Record<Tone, string>> = {
  error: '31',
  warning: '33',
  good: '32',
  strong: '1',
  faint: '2',
  accent: '36',
};

export const plain: Paint = (_, text) => text;

export const coloured: Paint = (tone, text) =>
  text === '' ? '' : `\x1b[${codes[tone]}m${text}\x1b[0m`;

interface MaybeTerminal extends Writable {
  readonly isTTY?: boolean;
  readonly hasColors?: () => boolean;
}

/** NO_COLOR, FORCE_COLOR and TERM=dumb are heard where the output is a terminal. */
export function painterOf(stream: MaybeTerminal): Paint {
  return stream.isTTY === true && stream.hasColors?.() === true ? coloured : plain;
}

/** Columns that a text takes, without its colours. */
export function widthOf(text: string): number {
  return Array.from(text.replace(/\x1b\[[0-9;]*m/g, '')).length;
}

/** Bytes of clients must not steer the terminal: control characters are shown as `\\x1b`. */
export function harmless(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (char) => {
    return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

export type Alignment = 'left' | 'right';

/** Lines of a table whose columns are as wide as their widest cell. */
export function columnsOf(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  return rows.map((row) =>
    widths
      .map((width, column) => pad(row[column] ?? '', width, alignments[column] ?? 'left'))
      .join('  ')
      .trimEnd(),
  );
}

/** The text in `width` columns; longer ones stay as they are. */
export function pad(text: string, width: number, alignment: Alignment): string {
  const gap = ' '.repeat(Math.max(0, width - widthOf(text)));
  return alignment === 'left' ? text + gap : gap + text;
}

/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `3d 04:05:06`, `04:05:06`. */
export function clockOf(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const rest = seconds % 86_400;
  const clock = `${two(rest / 3600)}:${two((rest % 3600) / 60)}:${two(rest % 60)}`;
  return days > 0 ? `${days}d ${clock}` : clock;
}
