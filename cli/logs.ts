// `hawser logs`: follows a ring of the proxy, coloured by what the lines tell, less what a filter
// leaves out. Called by commands-socket.ts. The lines are the proxy's own: nothing is reformatted.

import { askWorker } from './client.ts';
import { statusDone, statusRefused, statusUsage } from './exit-status.ts';
import { followLines } from './follow.ts';
import { harmless, type Paint, painterOf, type Tone } from './terminal.ts';

export interface LogsOptions {
  readonly socket: string;
  /** '': the only ring of the configuration, or buf0. */
  readonly ring: string;
  readonly follow: boolean;
  /** Also what the ring holds already. */
  readonly all: boolean;
  readonly grep: string;
  readonly invert: boolean;
  /** '': every level. */
  readonly level: string;
  readonly list: boolean;
  readonly json: boolean;
}

export const levelNames = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];
const [err, warning, notice, info] = [3, 4, 5, 6];

/** Prints lines until it is interrupted or the proxy is gone. */
export async function logs(options: LogsOptions): Promise<number> {
  const rings = parseRings(await askWorker(options.socket, 'show events'));
  if (options.list) return printList(rings);
  const ring = options.ring === '' ? usualRing(rings) : options.ring;
  if (!rings.includes(ring)) {
    process.stderr.write(`hawser: there is no ring '${ring}'; there are: ${rings.join(', ')}\n`);
    return statusRefused;
  }
  const filter = filterOf(options);
  if (filter === null) return statusUsage;
  const paint = painterOf(process.stdout);
  const silence = new Silence(ring, options);
  const line = (text: string): void => {
    silence.end();
    const told = readLine(text);
    if (filter(told))
      process.stdout.write(`${options.json ? JSON.stringify(told) : shown(told, paint)}\n`);
  };
  const command = `show events ${ring}`;
  if (options.follow) {
    silence.begin();
    const only = options.all ? '' : ' -n';
    await followLines({ socket: options.socket, command: `${command} -w${only}`, line });
    return statusDone;
  }
  const answer = await askWorker(options.socket, command);
  for (const one of answer.split('\n')) if (one !== '') line(one);
  silence.tell('it is empty');
  return statusDone;
}

/** Who looks at a terminal where nothing appears is told why; a script is not. */
class Silence {
  private readonly about: string;
  private readonly hint: string;
  private isOver: boolean;
  private timer: NodeJS.Timeout | null;

  constructor(ring: string, { all }: LogsOptions) {
    this.about = `hawser: ring '${ring}'`;
    this.hint = all ? '' : ', --all shows those it holds already';
    this.isOver = process.stderr.isTTY !== true;
    this.timer = null;
  }

  /** Lines are waited for from now on. */
  begin(): void {
    const waits = (): void => this.tell(`waiting for new lines${this.hint}; Ctrl-C ends`);
    this.timer = setTimeout(waits, silenceMs).unref();
  }

  tell(what: string): void {
    if (!this.isOver) process.stderr.write(`${this.about}: ${what}\n`);
    this.isOver = true;
  }

  /** A line has come. */
  end(): void {
    this.isOver = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}

/** What a ring holds has come by then. */
const silenceMs = 300;

/** Rings of `show events`; the standard outputs are no rings. */
export function parseRings(text: string): string[] {
  return Array.from(text.matchAll(/^ +(\S+) +: type=buffer/gm), (found) => found[1]);
}

function printList(rings: readonly string[]): number {
  process.stdout.write(rings.map((ring) => `${ring}\n`).join(''));
  return statusDone;
}

function usualRing(rings: readonly string[]): string {
  const own = rings.filter((ring) => ring !== 'buf0');
  return own.length === 1 ? own[0] : 'buf0';
}

type Filter = (line: LogLine) => boolean;

/** null: the regular expression is none; it has been said. */
function filterOf({ grep, invert, level }: LogsOptions): Filter | null {
  const worst = level === '' ? levelNames.length - 1 : levelNames.indexOf(level);
  if (grep === '') return (line) => line.severity <= worst;
  try {
    const pattern = new RegExp(grep);
    return (line) => line.severity <= worst && pattern.test(line.text) !== invert;
  } catch (fault) {
    process.stderr.write(`hawser: --grep: ${fault instanceof Error ? fault.message : ''}\n`);
    return null;
  }
}

export interface LogLine {
  readonly level: string;
  readonly severity: number;
  /** HTTP status in a line of `option httplog`, 0: none. */
  readonly status: number;
  readonly text: string;
}

/** `backend/server Tq/Tw/Tc/Tr/Ta STATUS `. */
const httpStatus = / \S+\/\S+ (?:[-+]?\d+\/){4}\+?\d+ (\d{3}|-1) /;

/**
 * The level that a line is written with (`<134>...`). One without level is judged by its HTTP
 * status: 5xx is an error, 4xx a warning.
 */
export function readLine(text: string): LogLine {
  const status = Math.max(0, Number(httpStatus.exec(text)?.[1] ?? 0));
  const priority = /^<(\d{1,3})>/.exec(text)?.[1];
  const judged = status >= 500 ? err : status >= 400 ? warning : info;
  const severity = priority === undefined ? judged : Number(priority) % 8;
  return { level: levelNames[severity], severity, status, text };
}

function shown({ severity, status, text }: LogLine, paint: Paint): string {
  const tone = toneOf(severity, status);
  const safe = process.stdout.isTTY === true ? harmless(text) : text;
  return tone === null ? safe : paint(tone, safe);
}

function toneOf(severity: number, status: number): Tone | null {
  if (severity <= err || status >= 500) return 'error';
  if (severity === warning || status >= 400) return 'warning';
  if (severity === notice) return 'accent';
  return severity > info ? 'faint' : null;
}
