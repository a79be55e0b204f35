// What the keys of `hawser top` do to its state: one row each, shown by its help. Called by
// screen.ts. Pure: a key and a state make the next state.

import { columnNames } from './columns.ts';
import type { View } from './table.ts';

export interface ScreenState {
  readonly view: View;
  /** First row that is shown. */
  readonly from: number;
  readonly paused: boolean;
  readonly help: boolean;
  /** A filter is being written; null: not. */
  readonly typing: string | null;
  readonly quit: boolean;
}

/** A key as node:readline names it. */
export interface Key {
  readonly name?: string | undefined;
  readonly sequence?: string | undefined;
  readonly ctrl?: boolean | undefined;
}

interface KeyDef {
  readonly keys: readonly string[];
  readonly shown: string;
  readonly help: string;
  readonly act: (state: ScreenState, page: number) => ScreenState;
}

/** More rows than there are. */
const rowsMax = 1_000_000;

const view = (state: ScreenState, change: Partial<View>): ScreenState => ({
  ...state,
  from: 0,
  view: { ...state.view, ...change },
});

const scroll = (state: ScreenState, by: number): ScreenState => ({
  ...state,
  from: Math.max(0, state.from + by),
});

function sortBy(state: ScreenState, step: number): ScreenState {
  const at = columnNames.indexOf(state.view.sort);
  const next = (at + step + columnNames.length) % columnNames.length;
  return view(state, { sort: columnNames[next] });
}

export const keyRows: readonly KeyDef[] = [
  { keys: ['q'], shown: 'q', help: 'leave', act: (state) => ({ ...state, quit: true }) },
  {
    keys: ['>', '.', 'right'],
    shown: '< >',
    help: 'sort by another column',
    act: (s) => sortBy(s, 1),
  },
  { keys: ['<', ',', 'left'], shown: '', help: '', act: (state) => sortBy(state, -1) },
  {
    keys: ['r'],
    shown: 'r',
    help: 'turn the order round',
    act: (state) => view(state, { reverse: !state.view.reverse }),
  },
  {
    keys: ['/'],
    shown: '/',
    help: 'show names and states like',
    act: (s) => ({ ...s, typing: '' }),
  },
  { keys: ['a'], shown: 'a', help: 'everything', act: (s) => view(s, everything) },
  { keys: ['f'], shown: 'f', help: 'frontends', act: (s) => view(s, { kind: 'frontend' }) },
  { keys: ['b'], shown: 'b', help: 'backends', act: (s) => view(s, { kind: 'backend' }) },
  { keys: ['s'], shown: 's', help: 'servers', act: (s) => view(s, { kind: 'server' }) },
  {
    keys: ['!', 'e'],
    shown: '!',
    help: 'only what has trouble',
    act: (state) => view(state, { troubled: !state.view.troubled }),
  },
  {
    keys: ['space', 'p'],
    shown: 'space',
    help: 'hold the screen',
    act: (state) => ({ ...state, paused: !state.paused }),
  },
  {
    keys: ['escape'],
    shown: 'Esc',
    help: 'take the filter back',
    act: (s) => view(s, { filter: '' }),
  },
  {
    keys: ['down', 'j'],
    shown: 'j k',
    help: 'scroll; also the arrows and PgUp, PgDn',
    act: (state) => scroll(state, 1),
  },
  { keys: ['up', 'k'], shown: '', help: '', act: (state) => scroll(state, -1) },
  { keys: ['pagedown'], shown: '', help: '', act: (state, page) => scroll(state, page) },
  { keys: ['pageup'], shown: '', help: '', act: (state, page) => scroll(state, -page) },
  {
    keys: ['home', 'g'],
    shown: 'g G',
    help: 'to the first, to the last; also Home, End',
    act: (state) => ({ ...state, from: 0 }),
  },
  // The screen knows how many rows there are, and stops at the last page.
  { keys: ['end', 'G'], shown: '', help: '', act: (state) => scroll(state, rowsMax) },
  { keys: ['?', 'h'], shown: '?', help: 'these keys', act: (s) => ({ ...s, help: !s.help }) },
];

const everything = { kind: null, troubled: false, filter: '' } as const;

/** The state after a key; keys that mean nothing change nothing. */
export function press(state: ScreenState, key: Key, page: number): ScreenState {
  if (key.ctrl === true && key.name === 'c') return { ...state, quit: true };
  if (state.typing !== null) return typed(state, state.typing, key);
  // A capital has the name of its letter.
  const isCapital = /^[A-Z]$/.test(key.sequence ?? '');
  const names = [isCapital ? undefined : key.name, key.sequence];
  const row = keyRows.find(({ keys }) => keys.some((one) => names.includes(one)));
  return row === undefined ? state : row.act(state, page);
}

/** While a filter is written it is in force; Escape takes it back. */
function typed(state: ScreenState, text: string, { name, sequence, ctrl }: Key): ScreenState {
  if (name === 'return' || name === 'enter') return { ...state, typing: null };
  if (name === 'escape') return { ...view(state, { filter: '' }), typing: null };
  const isText = ctrl !== true && sequence !== undefined && /^[^\x00-\x1f\x7f]+$/.test(sequence);
  const next = name === 'backspace' ? text.slice(0, -1) : isText ? text + sequence : text;
  return { ...view(state, { filter: next }), typing: next };
}
