// `hawser status`: which processes there are, since when, of which generation, what they do, and
// whether the last reload failed. Called by commands.ts. At a worker's own socket it tells what
// that worker knows.

import { ask, ClientError, patienceMs } from './client.ts';
import { statusDone, statusRefused } from './exit-status.ts';
import { askProcesses, type ProcessRow, parseInfo } from './processes.ts';
import { clockOf, columnsOf, counted, type Paint, painterOf, widthOf } from './terminal.ts';

export interface StatusOptions {
  readonly socket: string;
  readonly json: boolean;
}

interface WorkerFacts {
  readonly connections: number;
  readonly maxconn: number;
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly threads: number;
  /** It has not answered in time. */
  readonly silent: boolean;
}

export interface Status {
  readonly socket: string;
  /** serving, serving-but-last-reload-failed, silent, no-worker or stopping. */
  readonly state: string;
  readonly master: ProcessRow | null;
  readonly workers: readonly (ProcessRow & Partial<WorkerFacts>)[];
}

/** Prints the state; 0 when a worker serves and the last reload did not fail. */
export async function status({ socket, json }: StatusOptions): Promise<number> {
  const found = await readStatus(socket);
  const text = json
    ? `${JSON.stringify(found, null, 2)}\n`
    : statusText(found, painterOf(process.stdout), process.stdout.columns);
  process.stdout.write(text);
  return found.state === 'serving' ? statusDone : statusRefused;
}

async function readStatus(socket: string): Promise<Status> {
  const rows = await askProcesses(socket);
  if (rows === null) return await workerStatus(socket);
  const master = rows.find(({ role }) => role === 'master') ?? null;
  const workers = await Promise.all(
    rows
      .filter(({ role }) => role !== 'master')
      .map(async (row) => ({ ...row, ...(await workerFacts(socket, row.pid)) })),
  );
  const serves = workers.some(({ role }) => role === 'worker');
  const failed = (master?.failedReloads ?? 0) > 0;
  const isSilent = workers.some(({ role, silent }) => role === 'worker' && silent === true);
  const good = isSilent ? 'silent' : 'serving';
  const state = failed ? 'serving-but-last-reload-failed' : good;
  return { socket, state: serves ? state : 'no-worker', master, workers };
}

async function workerFacts(socket: string, pid: number): Promise<Partial<WorkerFacts>> {
  const answer = ask(socket, `@!${pid} show info`, patienceMs).then(factsOf);
  return await answer.catch((fault: unknown) => {
    if (fault instanceof ClientError) return { silent: true };
    throw fault;
  });
}

/** At a worker's own socket there is no `show proc`. */
async function workerStatus(socket: string): Promise<Status> {
  const text = await ask(socket, 'show info', patienceMs);
  const info = parseInfo(text);
  if (!info.has('Pid')) throw new ClientError(`${socket} does not tell: ${text.split('\n')[0]}`);
  const row: ProcessRow = {
    pid: Number(info.get('Pid') ?? 0),
    role: 'worker',
    reloads: 0,
    failedReloads: 0,
    uptimeSeconds: Number(info.get('Uptime_sec') ?? 0),
    version: info.get('Version') ?? '',
    generation: 0,
  };
  const state = info.get('Stopping') === '1' ? 'stopping' : 'serving';
  return { socket, state, master: null, workers: [{ ...row, ...factsOf(text) }] };
}

/** Nothing when the worker was gone before it could answer. */
function factsOf(text: string): Partial<WorkerFacts> {
  const info = parseInfo(text);
  if (!info.has('CurrConns')) return {};
  const number = (name: string): number => Number(info.get(name) ?? 0);
  return {
    connections: number('CurrConns'),
    maxconn: number('Maxconn'),
    requestsPerSecond: number('ReqRate') || number('SessRate'),
    requests: number('CumReq'),
    threads: number('Nbthread'),
  };
}

/** Columns that a narrow terminal goes without, the first one first. */
const dispensable = ['THREADS', 'REQ/S', 'GENERATION', 'REQUESTS'];

/** The table for people, below one sentence; `width` columns where a terminal has no more. */
export function statusText(found: Status, paint: Paint, width = Infinity): string {
  const head = ['PID', 'ROLE', 'GENERATION', 'UP', 'THREADS', 'CONNECTIONS', 'REQ/S', 'REQUESTS'];
  const rows = found.workers.map((worker) => [
    String(worker.pid),
    roleText(worker, paint),
    worker.generation === 0 ? '-' : String(worker.generation),
    clockOf(worker.uptimeSeconds),
    shown(worker.threads),
    worker.connections === undefined ? '-' : `${worker.connections} of ${worker.maxconn}`,
    shown(worker.requestsPerSecond),
    shown(worker.requests),
  ]);
  const table = [head, ...masterRow(found.master), ...rows];
  let kept = head.map((_, at) => at);
  const laid = (): string[] =>
    columnsOf(
      table.map((row) => kept.map((at) => row[at])),
      kept.map((at) => (head[at] === 'ROLE' ? 'left' : 'right')),
    );
  for (const name of dispensable) {
    if (Math.max(...laid().map(widthOf)) > width) kept = kept.filter((at) => head[at] !== name);
  }
  const [title, ...lines] = laid();
  return `${sentence(found, paint)}\n\n${paint('faint', title)}\n${lines.join('\n')}\n`;
}

const shown = (value: number | undefined): string => (value === undefined ? '-' : String(value));

function roleText({ role, silent }: Status['workers'][number], paint: Paint): string {
  if (silent === true) return paint('error', 'no answer');
  return role === 'worker' ? paint('good', 'serving') : paint('warning', 'finishing');
}

function masterRow(master: ProcessRow | null): string[][] {
  if (master === null) return [];
  return [[String(master.pid), 'master', '-', clockOf(master.uptimeSeconds), '-', '-', '-', '-']];
}

function sentence({ state, master, workers }: Status, paint: Paint): string {
  const version = master?.version ?? workers[0]?.version ?? '';
  const reloads = master === null ? '' : `, ${counted(master.reloads, 'reload')}`;
  if (state === 'no-worker') {
    return `${paint('error', 'no worker serves')}${reloads}; why: hawser cli show startup-logs`;
  }
  if (state === 'silent') {
    return `${paint('error', 'the worker does not answer')}${reloads}: it is stuck or stopped`;
  }
  if (state === 'stopping') return paint('warning', 'stopping: it finishes what it has');
  const failed = master?.failedReloads ?? 0;
  if (failed === 0) return `${paint('good', 'serving')} (version ${version})${reloads}`;
  const last = failed === 1 ? 'the last one failed' : `the last ${failed} failed`;
  const advice = 'the configuration before it serves; why: hawser cli show startup-logs';
  return `${paint('warning', 'serving')} (version ${version})${reloads}, ${last}: ${advice}`;
}
