// The operator's tool: its words, read by yargs (help, unknown options, completion). Called by
// cli/main.ts for everything that does not begin with one of HAProxy's flags. Only what works is
// here.

import type { Argv } from 'yargs';
import { hawserVersion } from '../shared/version.ts';
import { ask, ClientError, defaultSocket } from './client.ts';

/** Words that are planned: refused by name, so that nobody searches for a typing mistake. */
const planned = ['top', 'explain', 'convert', 'logs', 'metrics', 'stop'];

type Run = (work: Promise<number>) => Promise<void>;

/** Runs one word; the exit status. */
export async function runTool(words: readonly string[]): Promise<number> {
  if (planned.includes(words[0] ?? '')) {
    process.stderr.write(`hawser: '${words[0]}' is not supported yet.\n`);
    return 1;
  }
  // Before yargs, whose own `help` would take the word.
  if (words[0] === 'help' && words.length > 1) {
    const { help } = await import('./help.ts');
    return help(words.slice(1));
  }
  let status = 0;
  const run: Run = async (work) => {
    status = await work.catch((fault: unknown) => {
      if (!(fault instanceof ClientError)) throw fault;
      process.stderr.write(`hawser: ${fault.message}\n`);
      return 1;
    });
  };
  const { default: yargs } = await import('yargs');
  const parser = yargs([...words])
    .scriptName('hawser')
    .usage("$0 <command>, or HAProxy's flags: $0 -f FILE, $0 -c -f FILE, $0 -vv")
    .command('version', 'the version', {}, () => run(printVersion()))
    .command('help [word..]', 'what a word of the configuration or of the runtime API means')
    .version(hawserVersion)
    .demandCommand(1, 'A command is needed.')
    .strict()
    .exitProcess(false)
    .fail((message, fault, usage) => {
      if (fault !== undefined && fault !== null) throw fault;
      status = 1;
      usage.showHelp('error');
      process.stderr.write(`\nhawser: ${message}\n`);
    });
  await withStateWords(withProxyWords(withSocketWords(parser, run), run), run).parseAsync();
  return status;
}

/** Words that need no running proxy. */
function withProxyWords(parser: Argv, run: Run): Argv {
  return parser
    .command(
      'start [files..]',
      'run the proxy in the foreground; without files, a demonstration',
      (options) =>
        options
          .positional('files', { type: 'string', array: true, default: [] as string[] })
          .option('port', { type: 'number', describe: 'port of the demonstration' })
          .option('json', { type: 'boolean', default: false, describe: 'messages as JSON' })
          .option('socket', socketOption()),
      ({ files, port, socket, json }) =>
        run(import('./start.ts').then(({ start }) => start({ files, port, socket, json }))),
    )
    .command(
      'check <files..>',
      'report what is wrong with a configuration',
      (options) =>
        options
          .positional('files', { type: 'string', array: true, demandOption: true })
          .option('json', { type: 'boolean', default: false, describe: 'the report as JSON' }),
      ({ files, json }) => run(import('./check.ts').then(({ check }) => check(files, json))),
    );
}

/** Words that speak to a running proxy. */
function withSocketWords(parser: Argv, run: Run): Argv {
  return parser
    .command(
      'reload',
      'load the configuration again, without losing a connection',
      (options) => options.option('socket', socketOption()),
      ({ socket }) => run(reload(socket)),
    )
    .command(
      'status',
      'the processes and their age',
      (options) => options.option('socket', socketOption()),
      ({ socket }) => run(print(socket, 'show proc')),
    )
    .command(
      'cli <command..>',
      'send one line to the runtime API',
      (options) =>
        options
          .positional('command', { type: 'string', array: true, demandOption: true })
          .option('socket', socketOption()),
      ({ socket, command }) => run(print(socket, command.join(' '))),
    );
}

/** Words about the file of shm-stats-file. */
function withStateWords(parser: Argv, run: Run): Argv {
  return parser.command(
    'state',
    'what the file of shm-stats-file holds: counters and tables',
    (options) =>
      options
        .command(
          'show <file>',
          'processes, counters and tables',
          (one) => stateFile(one).option('json', { type: 'boolean', default: false }),
          ({ file, json }) => run(stateTool().then((tool) => tool.showState(file, json))),
        )
        .command(
          'reset <file> [names..]',
          'set counters to 0, empty tables; of everything, or of PROXY, PROXY/SERVER, guid, table',
          (one) =>
            stateFile(one)
              .positional('names', { type: 'string', array: true, default: [] as string[] })
              .option('counters', { type: 'boolean', default: false })
              .option('tables', { type: 'boolean', default: false }),
          ({ file, ...choice }) => run(stateTool().then((tool) => tool.resetState(file, choice))),
        )
        .command(
          'export <file>',
          'everything as JSON, to standard output',
          (one) => stateFile(one),
          ({ file }) => run(stateTool().then((tool) => tool.exportState(file))),
        )
        .command(
          'import <file> [dump]',
          'take over what an export holds, where the file has less',
          (one) => stateFile(one).positional('dump', { type: 'string', default: '-' }),
          ({ file, dump }) => run(stateTool().then((tool) => tool.importState(file, dump))),
        )
        .demandCommand(1, 'Show, reset, export or import?'),
    () => undefined,
  );
}

const stateTool = () => import('./state.ts');

function stateFile(options: Argv) {
  const describe = 'the path that shm-stats-file names';
  return options.positional('file', { type: 'string', demandOption: true, describe });
}

function socketOption() {
  return {
    type: 'string',
    default: defaultSocket(),
    describe: "the master's runtime socket: a path or host:port",
  } as const;
}

async function print(socket: string, command: string): Promise<number> {
  process.stdout.write(await ask(socket, command));
  return 0;
}

async function reload(socket: string): Promise<number> {
  const answer = await ask(socket, 'reload');
  process.stdout.write(answer);
  return answer.startsWith('Success=1') ? 0 : 1;
}

async function printVersion(): Promise<number> {
  process.stdout.write(`hawser ${hawserVersion}\n`);
  return 0;
}
