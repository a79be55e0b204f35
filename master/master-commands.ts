// The commands that the master itself answers (management.txt 9.4.1): one row each. Called by
// master-cli.ts. They look at the supervisor and ask it for reloads; they never reach into a
// worker.

import { compatibilityVersion } from '../shared/config/features.ts';
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
  readonly help: string;
  readonly level: CliLevel;
  readonly run: (
    session: MasterSession,
    words: readonly string[],
  ) => string | CommandAnswer | Promise<CommandAnswer>;
}

const commands: readonly MasterCommandDef[] = [
  {
    name: 'show proc',
    help: 'show proc [debug]: the processes and their age',
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
    help: 'show startup-logs: messages of the last start or reload',
    level: 'operator',
    run: ({ supervisor }) => supervisor.program.console.startupLogs,
  },
  {
    name: 'show version',
    help: 'show version: the version of this process',
    level: 'user',
    run: () => `${compatibilityVersion}\n`,
  },
  {
    name: 'show cli level',
    help: 'show cli level: what this session may do',
    level: 'user',
    run: ({ level }) => `${level}\n`,
  },
  {
    name: 'show env',
    help: 'show env [var]: the environment the master was started with',
    level: 'operator',
    run: ({ supervisor }, [wanted]) =>
      Object.entries(supervisor.program.environment)
        .filter(([name]) => wanted === undefined || name === wanted)
        .map(([name, value]) => `${name}=${value}\n`)
        .join('') || 'Variable not found\n',
  },
  {
    name: 'echo',
    help: 'echo <text>: print text to the output',
    level: 'user',
    run: (_, words) => `${words.join(' ')}\n`,
  },
  {
    name: 'reload',
    help: 'reload: load the configuration again; old workers finish',
    level: 'operator',
    run: ({ supervisor }) => reload(supervisor, false),
  },
  {
    name: 'hard-reload',
    help: 'hard-reload: load the configuration again; old workers are ended',
    level: 'operator',
    run: ({ supervisor }) => reload(supervisor, true),
  },
];

const prefixHelp = [
  '@<relative pid>: send a command to a worker; @1 is the current one',
  '@!<pid>: send a command to the worker with this process id',
  '@master, @: send a command to the master',
  '@@<pid>: send the whole line to a worker',
  'help: this text',
  'prompt, quit, user, operator, expert-mode, experimental-mode, mcli-debug-mode [on|off]',
];

/** What this session may say. */
export function masterHelp(session: MasterSession): string {
  const allowed = commands.filter(({ level }) => isAllowed(session.level, level));
  const rows = [...prefixHelp, ...allowed.map(({ help }) => help)].map((help) => {
    const [name, text] = help.split(/: (.*)/s);
    return text === undefined ? `  ${name}\n` : `  ${name.padEnd(39)} : ${text}\n`;
  });
  return `The following commands are valid at this level:\n${rows.join('')}`;
}

/** Runs a command of the master's own; unknown words answer with the list of commands. */
export async function runMasterCommand(
  session: MasterSession,
  words: readonly string[],
): Promise<CommandAnswer> {
  const line = words.join(' ');
  const row = commands.find(({ name }) => line === name || line.startsWith(`${name} `));
  if (row === undefined) {
    return { text: `Unknown command: '${words[0]}'.\n${masterHelp(session)}`, close: false };
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
  const { startupLogs } = supervisor.program.console;
  const logs = startupLogs === '' ? '' : `--\n${startupLogs}`;
  return { text: `Success=${done ? 1 : 0}\n${logs}`, close: true };
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
