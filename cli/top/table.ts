// The table of `hawser top` as lines of text: which rows, in which order, in how many columns.
// Called by top.ts for --once and by screen.ts for each frame. Knows no terminal and no clock.

import { type Paint, pad, type Tone } from '../terminal.ts';
import { columns, type ColumnDef } from './columns.ts';
import type { Health, Row, RowKind } from './sample.ts';

export interface View {
  /** A column's name; 'name' is the order of the configuration. */
  readonly sort: string;
  readonly reverse: boolean;
  /** Text or regular expression that the name or state must have. */
  readonly filter: string;
  /** null: all. */
  readonly kind: RowKind | null;
  /** Rows that are down, aside, queueing or failing. */
  readonly troubled: boolean;
}

const nameWidthMin = 16;

/** The rows that are wanted, in the order that is wanted. */
export function chooseRows(rows: readonly Row[], view: View): readonly Row[] {
  const wanted = matcher(view.filter);
  const chosen = rows.filter(
    (row) =>
      (view.kind === null || row.kind === view.kind) &&
      (!view.troubled || isTroubled(row)) &&
      (wanted(nameOf(row)) || wanted(row.state)),
  );
  const column = columns.find(({ name }) => name === view.sort);
  const order = column === undefined ? inOrder(chosen) : sorted(chosen, column);
  return view.reverse ? order.toReversed() : order;
}

/** Frontends, then each backend with its servers below it. */
function inOrder(rows: readonly Row[]): readonly Row[] {
  const fronts = rows.filter(({ kind }) => kind === 'frontend');
  const rest = rows.filter(({ kind }) => kind !== 'frontend');
  const proxies = [...new Set(rest.map(({ proxy }) => proxy))];
  const ofProxy = (name: string): Row[] => {
    const own = rest.filter(({ proxy }) => proxy === name);
    return [...own.filter(({ kind }) => kind === 'backend'), ...own.filter(isServer)];
  };
  return [...fronts, ...proxies.flatMap(ofProxy)];
}

const isServer = ({ kind }: Row): boolean => kind === 'server';

/** Numbers from the highest, words from the first. */
function sorted(rows: readonly Row[], { value }: ColumnDef): readonly Row[] {
  return rows.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (typeof left === 'number' && typeof right === 'number') return right - left;
    return String(left).localeCompare(String(right));
  });
}

/** What is no regular expression is a text. */
function matcher(filter: string): (text: string) => boolean {
  if (filter === '') return () => true;
  try {
    const pattern = new RegExp(filter, 'i');
    return (text) => pattern.test(text);
  } catch {
    return (text) => text.includes(filter);
  }
}

const isTroubled = (row: Row): boolean =>
  row.health !== 'good' || row.queue > 0 || row.errorsPerSecond > 0 || row.status5xxPerSecond > 0;

const nameOf = ({ proxy, server }: Row): string => (server === '' ? proxy : `${proxy}/${server}`);

const kindMarks: Readonly<Record<RowKind, string>> = { frontend: '>', backend: '=', server: ' ' };

/** Columns that fit into `width`, least wanted last. */
export function columnsThatFit(width: number, nameWidth: number): readonly ColumnDef[] {
  let left = width - nameWidth - 2;
  return columns.filter((column) => {
    left -= column.width + 1;
    return left >= 0;
  });
}

/** Columns that the longest name needs, within a third of the screen. */
export function nameWidthOf(rows: readonly Row[], width: number): number {
  const longest = Math.max(nameWidthMin, ...rows.map((row) => nameOf(row).length));
  return Math.min(longest, Math.max(nameWidthMin, Math.floor(width / 3)));
}

/** The line of titles; the one that is sorted by has a mark. */
export function titleLine(fit: readonly ColumnDef[], nameWidth: number, view: View): string {
  const mark = view.reverse ? '^' : 'v';
  const titles = fit.map(({ name, title, width, alignment }) =>
    pad(name === view.sort ? `${mark}${title}` : title, width, alignment),
  );
  const name = view.sort === 'name' ? `${view.reverse ? '^' : ''}NAME` : 'NAME';
  return [`  ${pad(name, nameWidth, 'left')}`, ...titles].join(' ');
}

/** One row; what is wrong with it is coloured. */
export function rowLine(
  row: Row,
  fit: readonly ColumnDef[],
  nameWidth: number,
  paint: Paint,
): string {
  const cells = fit.map((column) => {
    const text = column.text(row).slice(0, column.width);
    const padded = pad(text, column.width, column.alignment);
    const tone = toneOf(row, column);
    return tone === null ? padded : paint(tone, padded);
  });
  const name = nameOf(row);
  const cut = name.length > nameWidth ? `${name.slice(0, nameWidth - 1)}~` : name;
  const label = `${kindMarks[row.kind]} ${pad(cut, nameWidth, 'left')}`;
  return [row.kind === 'server' ? label : paint('strong', label), ...cells].join(' ');
}

const healthTones: Readonly<Record<Health, Tone>> = {
  good: 'good',
  bad: 'error',
  aside: 'warning',
  unknown: 'faint',
};

function toneOf(row: Row, { name, value }: ColumnDef): Tone | null {
  if (name === 'state') return healthTones[row.health];
  const number = value(row);
  if (typeof number !== 'number') return null;
  if (number <= 0) return 'faint';
  if (name === 'errors' || name === '5xx') return 'error';
  return name === 'queue' || name === '4xx' ? 'warning' : null;
}
