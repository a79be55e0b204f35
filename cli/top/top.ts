// `hawser top`: what goes through the proxy now, live on a terminal, or once as text or JSON.
// Called by commands-socket.ts. Reads `show stat` and `show info` at the runtime socket.

import { setTimeout as sleep } from 'node:timers/promises';
import { askWorker, ClientError } from '../client.ts';
import { statusDone, statusRefused } from '../exit-status.ts';
import { parseInfo } from '../processes.ts';
import { painterOf } from '../terminal.ts';
import { type Reading, type Row, readStat, rowsOf, serversByState } from './sample.ts';
import { type Frame, Screen } from './screen.ts';
import { chooseRows, columnsThatFit, nameWidthOf, rowLine, titleLine, type View } from './table.ts';

export interface TopOptions {
  readonly socket: string;
  readonly view: View;
  readonly intervalMs: number;
  readonly once: boolean;
  readonly json: boolean;
}

/** Wide enough for every column, where nothing says how wide the paper is. */
const paperWidth = 170;

/** Runs until the user leaves; with `once` or without a terminal it prints one table. */
export async function top(options: TopOptions): Promise<number> {
  const isDumb = process.env['TERM'] === 'dumb';
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true && !isDumb;
  if (options.once || options.json || !isTerminal) return await printOnce(options);
  const first = await read(options.socket);
  if (first === null) return refuse(options.socket);
  const screen = new Screen(options.view);
  screen.open();
  try {
    await Promise.race([screen.closed, watch(options, screen, first)]);
  } finally {
    screen.close();
  }
  return statusDone;
}

interface Read {
  readonly reading: Reading;
  readonly info: ReadonlyMap<string, string>;
}

/** null: at the socket is nobody who has statistics. */
async function read(socket: string): Promise<Read | null> {
  const stat = await askWorker(socket, 'show stat');
  const info = parseInfo(await askWorker(socket, 'show info'));
  if (!stat.startsWith('# pxname')) return null;
  return { reading: readStat(stat, performance.now()), info };
}

function refuse(socket: string): number {
  process.stderr.write(
    `hawser: ${socket} has no statistics: does a worker serve, and may you ask?\n`,
  );
  return statusRefused;
}

async function watch(options: TopOptions, screen: Screen, first: Read): Promise<never> {
  const { socket, intervalMs } = options;
  let before: Reading | null = null;
  let last = first;
  let fault = '';
  const history: number[] = [];
  for (;;) {
    const rows = rowsOf(last.reading, before);
    if (fault === '') history.push(requestsOf(rows));
    if (history.length > historyMax) history.shift();
    screen.show({ rows, info: last.info, history, fault, intervalMs } satisfies Frame);
    await sleep(intervalMs);
    const next = await read(socket).catch((error: unknown) => {
      if (!(error instanceof ClientError)) throw error;
      return error.message;
    });
    fault = typeof next === 'string' ? next : next === null ? 'no worker answers' : '';
    if (typeof next === 'string' || next === null) continue;
    before = last.reading;
    last = next;
  }
}

/** More than a screen shows. */
const historyMax = 100;

const requestsOf = (rows: readonly Row[]): number =>
  rows.reduce((sum, row) => sum + (row.kind === 'frontend' ? row.requestsPerSecond : 0), 0);

/** Two readings, so that rates are of now. */
async function printOnce({ socket, view, intervalMs, json }: TopOptions): Promise<number> {
  const first = await read(socket);
  if (first === null) return refuse(socket);
  await sleep(intervalMs);
  const second = (await read(socket)) ?? first;
  const all = rowsOf(second.reading, first.reading);
  const rows = chooseRows(all, view);
  if (json) {
    const servers = Object.fromEntries(serversByState(all));
    const info = Object.fromEntries(second.info);
    process.stdout.write(`${JSON.stringify({ intervalMs, servers, rows, info }, null, 2)}\n`);
    return statusDone;
  }
  const paint = painterOf(process.stdout);
  const width = process.stdout.columns ?? paperWidth;
  const nameWidth = nameWidthOf(rows, width);
  const fit = columnsThatFit(width, nameWidth);
  const lines = [
    titleLine(fit, nameWidth, view),
    ...rows.map((row) => rowLine(row, fit, nameWidth, paint)),
  ];
  process.stdout.write(lines.map((line) => `${line.trimEnd()}\n`).join(''));
  return statusDone;
}
