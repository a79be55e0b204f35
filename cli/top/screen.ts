// The live screen of `hawser top`: frames on the terminal's other screen, keys, changes of size.
// Called by top.ts on a terminal. Leaves the terminal as it was, however it ends.

import { emitKeypressEvents } from 'node:readline';
import { clockOf, type Paint, painterOf } from '../terminal.ts';
import { shortNumber } from './columns.ts';
import { type Key, keyRows, press, type ScreenState } from './keys.ts';
import { type Row, serversByState } from './sample.ts';
import { chooseRows, columnsThatFit, nameWidthOf, rowLine, titleLine, type View } from './table.ts';

export interface Frame {
  readonly rows: readonly Row[];
  readonly info: ReadonlyMap<string, string>;
  /** Requests a second of all frontends, oldest first. */
  readonly history: readonly number[];
  /** '' or why there is nothing newer. */
  readonly fault: string;
  readonly intervalMs: number;
}

const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const toLineEnd = '\x1b[K';
const toScreenEnd = '\x1b[J';

/** The terminal while `top` has it. */
export class Screen {
  private state: ScreenState;
  private frame: Frame | null = null;
  private readonly out = process.stdout;
  private readonly paint = painterOf(process.stdout);
  private finish: () => void = () => undefined;
  /** The user wants to leave. */
  readonly closed: Promise<void>;

  constructor(view: View) {
    this.state = { view, from: 0, paused: false, help: false, typing: null, quit: false };
    this.closed = new Promise((settle) => {
      this.finish = settle;
    });
  }

  open(): void {
    emitKeypressEvents(process.stdin);
    process.stdin.setRawMode(true);
    process.stdin.resume();
    process.stdin.on('keypress', (_, key: Key) => this.press(key));
    this.out.on('resize', () => this.draw());
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.on(signal, this.finish);
    process.on('exit', () => this.restore());
    this.out.write(enter);
  }

  show(frame: Frame): void {
    if (this.state.paused && this.frame !== null) return;
    this.frame = frame;
    this.draw();
  }

  close(): void {
    process.stdin.pause();
    this.restore();
  }

  private isRestored = false;

  private restore(): void {
    if (this.isRestored) return;
    this.isRestored = true;
    process.stdin.setRawMode(false);
    this.out.write(leave);
  }

  private press(key: Key): void {
    this.state = press(this.state, key, Math.max(1, this.out.rows - headLines - 1));
    if (this.state.quit) this.finish();
    else this.draw();
  }

  private draw(): void {
    if (this.frame === null || this.isRestored) return;
    const { columns: width, rows: height } = this.out;
    const { lines, from } = linesOf(this.frame, this.state, { width, height, paint: this.paint });
    this.state = { ...this.state, from };
    const body = lines.slice(0, height).join(`${toLineEnd}\r\n`);
    this.out.write(`${home}${body}${toLineEnd}${toScreenEnd}`);
  }
}

/** Two of facts, one empty, one of titles. */
const headLines = 4;

interface Size {
  readonly width: number;
  readonly height: number;
  readonly paint: Paint;
}

/** The whole screen as lines, and the first row that it shows. */
export function linesOf(frame: Frame, state: ScreenState, { width, height, paint }: Size) {
  const chosen = chooseRows(frame.rows, state.view);
  const room = Math.max(1, height - headLines - 1);
  const from = Math.max(0, Math.min(state.from, chosen.length - room));
  const nameWidth = nameWidthOf(chosen, width);
  const fit = columnsThatFit(width, nameWidth);
  const shown = chosen.slice(from, from + room);
  const body = state.help ? helpLines() : shown.map((row) => rowLine(row, fit, nameWidth, paint));
  const filler = Array.from({ length: Math.max(0, room - body.length) }, () => '');
  const lines = [
    factsLine(frame, width),
    stateLine(frame, paint, width),
    '',
    paint('faint', titleLine(fit, nameWidth, state.view)),
    ...body.slice(0, room),
    ...filler,
    bottomLine(frame, state, { from, shown: shown.length, all: chosen.length, width }),
  ];
  return { lines, from };
}

function factsLine({ info }: Frame, width: number): string {
  const get = (name: string): string => info.get(name) ?? '?';
  const up = clockOf(Number(info.get('Uptime_sec') ?? 0));
  return fitting(width, [
    `${get('Name')} ${get('Version')} pid ${get('Pid')} up ${up}`,
    `connections ${get('CurrConns')} of ${get('Maxconn')}`,
    `${get('ConnRate')} conn/s`,
    `${get('SessRate')} sess/s`,
    `idle ${get('Idle_pct')}%`,
  ]);
}

/** As many facts as fit: half a number would be another one. */
function fitting(width: number, facts: readonly string[]): string {
  const kept = facts.filter(
    (_, at) => facts.slice(0, at + 1).join('  ').length <= width || at === 0,
  );
  return kept.join('  ').slice(0, width);
}

function stateLine({ rows, fault, history }: Frame, paint: Paint, width: number): string {
  if (fault !== '') return paint('error', fault.slice(0, width));
  const counts = [...serversByState(rows)].map(([state, count]) => `${count} ${state}`);
  const queued = rows.reduce((sum, { kind, queue }) => sum + (kind === 'backend' ? queue : 0), 0);
  const now = `${shortNumber(history.at(-1) ?? 0)} req/s`;
  const servers = `servers: ${counts.join(', ') || 'none'}`;
  // In a narrow terminal what flows says more than how many servers do not.
  const all = [servers, `queued: ${queued}`, now];
  const text = all.join('  ').length <= width ? all.join('  ') : fitting(width, [now, servers]);
  const room = Math.min(sparksMax, width - text.length - 1);
  return `${text} ${paint('accent', sparksOf(history, room))}`;
}

const sparksMax = 30;
const sparks = '▁▂▃▄▅▆▇█';
const isUtf8 = /utf-?8/i.test(
  process.env['LC_ALL'] || process.env['LC_CTYPE'] || process.env['LANG'] || '',
);

/** The last values as a row of bars, where the terminal has such letters. */
export function sparksOf(values: readonly number[], room: number, has = isUtf8): string {
  if (!has || room <= 0) return '';
  const last = values.slice(-room);
  const top = Math.max(...last, 1);
  const at = (value: number): number => Math.round((value / top) * (sparks.length - 1));
  return last.map((value) => sparks[at(value)]).join('');
}

interface Shown {
  readonly from: number;
  readonly shown: number;
  readonly all: number;
  readonly width: number;
}

function bottomLine({ intervalMs }: Frame, state: ScreenState, shown: Shown): string {
  if (state.typing !== null) return `/${state.typing}_  (Enter keeps it, Escape takes it back)`;
  const { view } = state;
  const parts = [
    `${shown.all === 0 ? 0 : shown.from + 1}-${shown.from + shown.shown} of ${shown.all}`,
    state.paused ? 'held' : `every ${intervalMs / 1000} s`,
    ...(view.kind === null ? [] : [`${view.kind}s`]),
    ...(view.troubled ? ['in trouble'] : []),
    ...(view.filter === '' ? [] : [`like ${view.filter}`]),
    'q leaves, ? has the keys',
  ];
  return fitting(shown.width, parts);
}

const helpLines = (): string[] =>
  keyRows
    .filter(({ shown }) => shown !== '')
    .map(({ shown, help }) => `  ${shown.padEnd(8)}${help}`);
