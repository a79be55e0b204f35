// What a master or a worker says about the processes, as data. Called by reload.ts and status.ts.
// Reads the texts of `show proc` and `show info`, so that it also understands HAProxy's.

import { ask, ClientError, patienceMs } from './client.ts';

export interface ProcessRow {
  readonly pid: number;
  readonly role: 'master' | 'worker' | 'old worker';
  readonly reloads: number;
  /** Reloads that failed since the last good one; the master's row alone has them. */
  readonly failedReloads: number;
  readonly uptimeSeconds: number;
  readonly version: string;
  /** 0: the master does not say. */
  readonly generation: number;
}

/** The rows of `show proc debug`; null: this is no master. */
export function parseProcesses(text: string): readonly ProcessRow[] | null {
  if (!text.startsWith('#<PID>')) return null;
  let isOld = false;
  const rows: ProcessRow[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('# old workers')) isOld = true;
    const found = /^(\d+)\s+(master|worker)\s+(\d+)(?: \[failed: (\d+)\])?\s+(\S+)\s+(\S+)/.exec(
      line,
    );
    if (found === null) continue;
    const [, pid, type, reloads, failed, uptime, version] = found;
    const worker = isOld ? 'old worker' : 'worker';
    rows.push({
      pid: Number(pid),
      role: type === 'master' ? 'master' : worker,
      reloads: Number(reloads),
      failedReloads: Number(failed ?? 0),
      uptimeSeconds: parseUptime(uptime),
      version,
      generation: Number(/\t (\d+)$/.exec(line)?.[1] ?? 0),
    });
  }
  return withServing(rows);
}

/** HAProxy counts a worker as old from the beginning of a reload, also of one that fails. */
function withServing(rows: readonly ProcessRow[]): readonly ProcessRow[] {
  const old = rows.filter(({ role }) => role === 'old worker');
  const isFailed = rows.some(({ failedReloads }) => failedReloads > 0);
  if (!isFailed || old.length === 0 || rows.some(({ role }) => role === 'worker')) return rows;
  const youngest = old.reduce((a, b) => (b.uptimeSeconds < a.uptimeSeconds ? b : a));
  return rows.map((row) => (row === youngest ? { ...row, role: 'worker' } : row));
}

/** `0d00h02m07s` in seconds. */
function parseUptime(text: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^(\d+)d(\d+)h(\d+)m(\d+)s$/.exec(text)?.map(Number) ?? [];
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** `Name: value` lines. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').map((line) => /^([^:]+): (.*)$/.exec(line));
  return new Map(pairs.flatMap((found) => (found === null ? [] : [[found[1], found[2]]])));
}

/** What the master says; null: there is a worker at the socket. */
export async function askProcesses(socket: string): Promise<readonly ProcessRow[] | null> {
  const text = await ask(socket, 'show proc debug', patienceMs);
  if (text.startsWith('Permission denied')) {
    throw new ClientError(`${socket} does not allow it: a socket of level operator or admin would`);
  }
  return parseProcesses(text);
}
