// Lines of the runtime API that come by another way than a runtime socket: from a session of the
// master CLI. An answer is gathered and given back whole; one that comes with time (`show events
// -w`) is passed on in parts until it is told to stop. Control thread only.

import { type CommandTable, type Level, newSession } from './command.ts';
import type { RuntimeContext } from './context.ts';
import { RuntimeSession } from './session.ts';

export interface RemoteLine {
  readonly level: Level;
  readonly line: string;
  readonly payload: string;
}

/** The lines of one worker that are not answered yet, by the number the master gave them. */
export class RemoteLines {
  private readonly context: RuntimeContext;
  private readonly table: CommandTable;
  private readonly stops = new Map<number, () => void>();

  constructor(context: RuntimeContext, table: CommandTable) {
    this.context = context;
    this.table = table;
  }

  /** The end of the answer; what comes before it goes to `part`. */
  async run(id: number, line: RemoteLine, part: (text: string) => void): Promise<string> {
    let isStopped = false;
    let session: RuntimeSession | null = null;
    let [isFollowed, gathered] = [false, ''];
    const listen = (): void => {
      isFollowed = true;
      if (gathered !== '') part(gathered);
      gathered = '';
      if (isStopped) session?.interrupt();
    };
    const write = (piece: string | Uint8Array): void => {
      const text = typeof piece === 'string' ? piece : Buffer.from(piece).toString('latin1');
      if (isFollowed) part(text);
      else gathered += text;
    };
    const request = requestOf(line);
    const limits = { lineBytes: request.length, payloadBytes: request.length };
    const output = { write, listen, end: (): void => {} };
    const state = { ...newSession(line.level), isGone: () => isStopped };
    session = new RuntimeSession(this.context, this.table, state, { output, limits });
    this.stops.set(id, () => {
      isStopped = true;
      session?.interrupt();
    });
    await session.feed(request);
    this.stops.delete(id);
    return gathered;
  }

  /** Nobody waits for this answer any more. */
  stop(id: number): void {
    this.stops.get(id)?.();
  }
}

const payloadEnd = '%EOP%';

const requestOf = ({ line, payload }: RemoteLine): string =>
  payload === '' ? `${line}\n` : `${line} <<${payloadEnd}\n${payload}\n${payloadEnd}\n`;
