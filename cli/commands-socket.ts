// The tool's words that speak to a running proxy, for yargs. Called by commands.ts.

import type { Argv } from 'yargs';
import { defaultSocket } from './client.ts';
import type { Run } from './commands.ts';

const statuses = 'Status: 0 yes, 1 no, 2 wrong command line, 3 nobody answers at the socket.';

/** `reload`, `status`, `cli`. */
export function withSocketWords(parser: Argv, run: Run): Argv {
  return withRuntime(withStatus(withReload(parser, run), run), run);
}

function withReload(parser: Argv, run: Run): Argv {
  return parser.command(
    'reload',
    'load the configuration again, without losing a connection',
    (options) =>
      options
        .option('socket', socketOption())
        .option('hard', {
          type: 'boolean',
          default: false,
          describe: 'end the old workers at once, with their connections',
        })
        .option('wait', {
          type: 'boolean',
          default: false,
          describe: 'wait until the old workers have finished',
        })
        .option('json', { type: 'boolean', default: false, describe: 'the outcome as JSON' })
        .epilogue(`The reload itself is always waited for. ${statuses}`),
    ({ socket, hard, wait, json }) =>
      run(import('./reload.ts').then(({ reload }) => reload({ socket, hard, wait, json }))),
  );
}

function withStatus(parser: Argv, run: Run): Argv {
  return parser.command(
    'status',
    'processes, generations, their age, and whether the last reload failed',
    (options) =>
      options
        .option('socket', socketOption())
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .epilogue(`1: no worker serves, or the last reload failed. ${statuses}`),
    ({ socket, json }) => run(import('./status.ts').then(({ status }) => status({ socket, json }))),
  );
}

function withRuntime(parser: Argv, run: Run): Argv {
  return parser.command(
    'cli [command..]',
    'send one line to the runtime API',
    (options) =>
      options
        .positional('command', { type: 'string', array: true, default: [] as string[] })
        .option('socket', socketOption()),
    ({ socket, '--': command }) =>
      run(
        import('./client.ts').then(async ({ ask }) => {
          process.stdout.write(await ask(socket, (command as string[]).join(' ')));
          return 0;
        }),
      ),
  );
}

/** Where the proxy is spoken to; the same option for every word that does. */
export function socketOption() {
  return {
    alias: 's',
    type: 'string',
    default: defaultSocket(),
    describe: "the master's socket or a stats socket: a path or host:port",
  } as const;
}
