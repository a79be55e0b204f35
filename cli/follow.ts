// Follows a ring of the proxy line by line, over reloads: when a master has a new worker, its ring
// is followed too, from its first line. Called by logs.ts and runtime.ts. Ends when the proxy does.

import { setTimeout as sleep } from 'node:timers/promises';
import { ask, type Link, link } from './client.ts';
import { parseProcesses } from './processes.ts';

export interface FollowOptions {
  readonly socket: string;
  /** `show events NAME -w`, with -n for new lines only. */
  readonly command: string;
  readonly line: (text: string) => void;
}

/** A master is asked this often whether it has another worker. */
const pollMs = 500;

/** Calls `line` for each line until nobody has more. */
export async function followLines(options: FollowOptions): Promise<void> {
  const { socket, command } = options;
  if (command.startsWith('@')) return await (await followOne(options)).closed;
  let worker = await currentWorker(socket);
  if (worker === null) return await (await followOne(options)).closed;
  let open = 0;
  const start = async (pid: number, isFirst: boolean): Promise<void> => {
    const whole = isFirst ? command : command.replace(/ -n(?=\s|$)/, '').replace(/-nw|-wn/, '-w');
    const one = await followOne({ ...options, command: `@@!${pid} ${whole}` });
    open++;
    void one.closed.then(() => open--);
  };
  await start(worker, true);
  while (open > 0 || worker !== null) {
    await sleep(pollMs);
    const now = await currentWorker(socket).catch(() => null);
    if (now !== null && now !== worker) await start(now, false);
    if (now === null && open === 0) return;
    worker = now;
  }
}

/** The worker that serves; null: at the socket is no master, or it has none. */
async function currentWorker(socket: string): Promise<number | null> {
  const rows = parseProcesses(await ask(socket, 'show proc'));
  return rows?.find(({ role }) => role === 'worker')?.pid ?? null;
}

async function followOne({ socket, command, line }: FollowOptions): Promise<Link> {
  let rest = '';
  const session = await link(socket, (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const one of lines) if (one !== '') line(one);
  });
  session.write(`${command}\n`);
  return session;
}
