// The tool's words that speak to a running proxy, for yargs. Called by commands.ts.

import type { Argv } from 'yargs';
import { defaultSocket } from './client.ts';
import type { Run } from './commands.ts';
import { numeric } from './numeric.ts';
import { columnNames } from './top/columns.ts';

/** The last line of a word's help; `no` is what 1 stands for. */
const statuses = (no: string): string =>
  `Status: 0 done, 1 ${no}, 2 wrong command line, 3 nobody answers at the socket.`;

/** `reload`, `status`, `cli`, `logs`, `top`. */
export function withSocketWords(parser: Argv, run: Run): Argv {
  return withTop(withLogs(withRuntime(withStatus(withReload(parser, run), run), run), run), run);
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
        .epilogue(`The reload itself is always waited for. ${statuses('it failed')}`),
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
        .epilogue(statuses('no worker serves, or the last reload failed')),
    ({ socket, json }) => run(import('./status.ts').then(({ status }) => status({ socket, json }))),
  );
}

function withRuntime(parser: Argv, run: Run): Argv {
  return parser.command(
    'cli [command..]',
    'send a command to the runtime API; without one, a session with history and completion',
    (options) =>
      options
        .positional('command', { type: 'string', array: true, default: [] as string[] })
        .option('socket', socketOption())
        .example('$0 cli show info', "of the current worker, at a master's socket too")
        .example('$0 cli @master show proc', 'of the master')
        .example('echo "show stat" | $0 cli', 'commands from standard input, one a line')
        .epilogue(statuses('a command was refused')),
    ({ socket, '--': command }) =>
      run(
        import('./runtime.ts').then(({ runtime }) =>
          runtime({ socket, command: (command ?? []) as string[] }),
        ),
      ),
  );
}

function withLogs(parser: Argv, run: Run): Argv {
  return parser.command(
    'logs [ring]',
    'follow a ring of log lines, over reloads',
    (options) =>
      options
        .positional('ring', { type: 'string', describe: 'a ring section, or buf0' })
        .option('socket', socketOption())
        .option('all', { type: 'boolean', default: false, describe: 'also what it holds already' })
        .option('follow', {
          type: 'boolean',
          default: true,
          describe: '--no-follow: what it holds',
        })
        .option('grep', { alias: 'g', type: 'string', describe: 'a regular expression' })
        .option('invert', { type: 'boolean', default: false, describe: 'lines that do not match' })
        .option('level', {
          type: 'string',
          choices: ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'],
          describe: 'this level and worse',
        })
        .option('list', { type: 'boolean', default: false, describe: 'which rings there are' })
        .option('json', { type: 'boolean', default: false, describe: 'one object a line' })
        .epilogue(
          `A line without level counts by its HTTP status. ${statuses('there is no such ring')}`,
        ),
    ({ socket, ring = '', all, follow, grep = '', invert, level = '', list, json }) =>
      run(
        import('./logs.ts').then(({ logs }) =>
          logs({ socket, ring, all, follow, grep, invert, level, list, json }),
        ),
      ),
  );
}

function withTop(parser: Argv, run: Run): Argv {
  return parser.command(
    'top',
    'frontends, backends and servers live: rates, errors, queues, states',
    (options) =>
      options
        .option('socket', socketOption())
        .option(
          'interval',
          numeric({ default: 1, describe: 'seconds between readings', range: [0.1, 3600] }),
        )
        .option('sort', { choices: columnNames, default: 'name', describe: 'column to sort by' })
        .option('reverse', { type: 'boolean', default: false, describe: 'the other way round' })
        .option('filter', { type: 'string', describe: 'names or states like this' })
        .option('kind', { choices: rowKinds, describe: 'only these' })
        .option('trouble', { type: 'boolean', default: false, describe: 'what is down or fails' })
        .option('once', { type: 'boolean', default: false, describe: 'one table, then end' })
        .option('json', { type: 'boolean', default: false, describe: 'one reading as JSON' })
        .epilogue(
          `Keys: ? lists them, q leaves. Without a terminal it is --once. ${statuses('no statistics')}`,
        ),
    ({
      socket,
      interval,
      sort,
      reverse,
      filter = '',
      kind = null,
      trouble: troubled,
      once,
      json,
    }) => {
      const view = { sort, reverse, filter, kind, troubled };
      const intervalMs = interval * 1000;
      return run(
        import('./top/top.ts').then(({ top }) => top({ socket, view, intervalMs, once, json })),
      );
    },
  );
}

const rowKinds = ['frontend', 'backend', 'server'] as const;

/** Where the proxy is spoken to; the same option for every word that does. */
export function socketOption() {
  return {
    alias: 's',
    type: 'string',
    default: defaultSocket(),
    describe: "the master's socket or a stats socket: a path or host:port",
  } as const;
}
