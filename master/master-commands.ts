// The commands that the master itself answers (management.txt 9.4.1): one row each. Called by
// master-cli.ts. They look at the supervisor and ask it for reloads; they never reach into a
// worker.

import { helpOf, unknownOf } from '../shared/command-help.ts';
import { compatibilityVersion } from '../shared/config/features.ts';
import { masterCommandRows } from '../shared/master-commands.ts';
import { type CliLevel, isAllowed } from './cli-level.ts';
import type { Generation } from './generation.ts';
import type { MasterSession } from './master-cli.ts';
import type { Supervisor } from './supervisor.ts';

export interface CommandAnswer {
  readonly text: string;
  /** The session ends with this answer. */
  readonly close: boolean;
}

interface MasterCommandDef {
  readonly name: string;
  readonly level: CliLevel;
  readonly run: (
    session: MasterSession,
    words: readonly string[],
  ) => string | CommandAnswer | Promise<CommandAnswer>;
}

const commands: readonly MasterCommandDef[] = [
  {
    name: 'show proc',
    level: 'operator',
    run: ({ supervisor }, words) => {
      if (words.length > 0 && words[0] !== 'debug') {
        return "'show proc' only supports 'debug' as argument\n";
      }
      return processTable(supervisor, words[0] === 'debug');
    },
  },
  {
    name: 'show startup-logs',
    level: 'operator',
    run: ({ supervisor }) => supervisor.program.console.startupLogs,
  },
  {
    name: 'show version',
    level: 'user',
    run: () => `${compatibilityVersion}\n`,
  },
  {
    name: 'show cli level',
    level: 'user',
    run: ({ level }) => `${level}\n`,
  },
  {
    name: 'show env',
    level: 'operator',
    run: ({ supervisor }, [wanted]) =>
      Object.entries(supervisor.program.environment)
        .filter(([name]) => wanted === undefined || name === wanted)
        .map(([name, value]) => `${name}=${value}\n`)
        .join('') || 'Variable not found\n',
  },
  {
    name: 'show cli sockets',
    level: 'user',
    run: () => '',
  },
  {
    name: '_loadstatus',
    level: 'user',
    run: ({ supervisor }) => loadStatus(supervisor, supervisor.failedReloads === 0),
  },
  {
    name: 'echo',
    level: 'user',
    run: (_, words) => `${words.join(' ')}\n`,
  },
  {
    name: 'reload',
    level: 'operator',
    run: ({ supervisor }) => reload(supervisor, false),
  },
  {
    name: 'hard-reload',
    level: 'operator',
    run: ({ supervisor }) => reload(supervisor, true),
  },
];

/** The answer to `help`, less what `words` leave out. */
export function masterHelp(words: readonly string[]): string {
  return helpOf(masterCommandRows, words);
}

/** Runs a command of the master's own; unknown words answer with the list of commands. */
export async function runMasterCommand(
  session: MasterSession,
  words: readonly string[],
): Promise<CommandAnswer> {
  const line = words.join(' ');
  const row = commands.find(({ name }) => line === name || line.startsWith(`${name} `));
  if (row === undefined) {
    return { text: unknownOf(masterCommandRows, words), close: false };
  }
  if (!isAllowed(session.level, row.level)) return { text: 'Permission denied\n', close: false };
  const answer = await row.run(session, words.slice(row.name.split(' ').length));
  return typeof answer === 'string' ? { text: answer, close: false } : answer;
}

async function reload(supervisor: Supervisor, hard: boolean): Promise<CommandAnswer> {
  if (supervisor.isReloading) {
    return { text: 'Success=0\n--\nAnother reload is still in progress.\n', close: true };
  }
  const done = await supervisor.reload(hard);
  return { text: loadStatus(supervisor, done), close: true };
}

function loadStatus({ program }: Supervisor, done: boolean): string {
  const { startupLogs } = program.console;
  const logs = startupLogs === '' ? '' : `--\n${startupLogs}`;
  return `Success=${done ? 1 : 0}\n${logs}`;
}

const columns = 15;

function processTable(supervisor: Supervisor, debug: boolean): string {
  const { current, generations, reloads, failedReloads, startMs } = supervisor;
  const workers = generations.filter((known) => known === current);
  const old = generations.filter((known) => known !== current && known.ready);
  const head = row(['#<PID>', '<type>', '<reloads>', '<uptime>', '<version>']);
  const lines = [
    `${head}${debug ? '\t\t <generation>' : ''}`,
    row([
      String(process.pid),
      'master',
      `${reloads} [failed: ${failedReloads}]`,
      uptime(startMs),
      compatibilityVersion,
    ]),
    '# workers',
    ...workers.map((generation) => workerRow(generation, debug)),
  ];
  if (old.length > 0) lines.push('# old workers', ...old.map((known) => workerRow(known, debug)));
  return `${lines.join('\n')}\n`;
}

const row = (cells: readonly string[]): string =>
  cells.map((cell) => cell.padEnd(columns)).join(' ');

function workerRow({ pid, reloads, startMs, prepared }: Generation, debug: boolean): string {
  const cells = [String(pid), 'worker', String(reloads), uptime(startMs), compatibilityVersion];
  return `${row(cells)}${debug ? `\t\t ${prepared.generation}` : ''}`;
}

/** Days, hours, minutes and seconds: 0d00h02m07s. */
function uptime(startMs: number): string {
  const seconds = Math.max(0, Math.floor((Date.now() - startMs) / 1000));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const hours = two((seconds % 86_400) / 3600);
  return `${days}d${hours}h${two((seconds % 3600) / 60)}m${two(seconds % 60)}s`;
}
