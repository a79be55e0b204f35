// The tool's words that need no running proxy, for yargs. Called by commands.ts.

import type { Argv } from 'yargs';
import type { Run } from './commands.ts';
import { socketOption } from './commands-socket.ts';

/** `start`, `check`, `fmt`. */
export function withProxyWords(parser: Argv, run: Run): Argv {
  return withFmt(withCheck(withStart(parser, run), run), run);
}

function withStart(parser: Argv, run: Run): Argv {
  return parser.command(
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
  );
}

function withCheck(parser: Argv, run: Run): Argv {
  return parser.command(
    'check <files..>',
    'report what is wrong with a configuration',
    (options) =>
      options
        .positional('files', { type: 'string', array: true, demandOption: true })
        .option('json', { type: 'boolean', default: false, describe: 'the report as JSON' })
        .option('strict', { type: 'boolean', default: false, describe: 'warnings are errors' })
        .option('name', {
          type: 'string',
          default: 'standard input',
          describe: 'what the report calls standard input (the file -)',
        })
        .epilogue('Status: 0 it can be started, 1 it cannot, 2 wrong command line.'),
    ({ files, json, strict, name }) =>
      run(import('./check.ts').then(({ check }) => check({ files, json, strict, name }))),
  );
}

function withFmt(parser: Argv, run: Run): Argv {
  return parser.command(
    'fmt <files..>',
    'lay a configuration out: indentation, blanks, empty lines',
    (options) =>
      options
        .positional('files', { type: 'string', array: true, demandOption: true })
        .option('check', { type: 'boolean', describe: 'name files that differ' })
        .option('write', { alias: 'w', type: 'boolean', describe: 'in place' })
        .conflicts('check', 'write')
        .epilogue('Status: 0 done, or nothing differs; 1 a file differs or failed; 2 wrong use.'),
    ({ files, check = false, write = false }) =>
      run(import('./fmt.ts').then(({ fmt }) => fmt({ files, check, write }))),
  );
}
