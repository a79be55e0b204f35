// The tool's words about the file of shm-stats-file, for yargs. Called by commands.ts.

import type { Argv } from 'yargs';
import type { Run } from './commands.ts';

/** `state show`, `reset`, `export`, `import`. */
export function withStateWords(parser: Argv, run: Run): Argv {
  return parser.command(
    'state',
    'what the file of shm-stats-file holds: counters and tables',
    (options) =>
      options
        .command(
          'show <file>',
          'processes, counters and tables',
          (one) =>
            stateFile(one).option('json', { type: 'boolean', default: false, describe: 'as JSON' }),
          ({ file, json }) => run(stateTool().then((tool) => tool.showState(file, json))),
        )
        .command(
          'reset <file> [names..]',
          'set counters to 0, empty tables; of everything, or of PROXY, PROXY/SERVER, guid, table',
          (one) =>
            stateFile(one)
              .positional('names', { type: 'string', array: true, default: [] as string[] })
              .option('counters', { type: 'boolean', default: false, describe: 'only counters' })
              .option('tables', { type: 'boolean', default: false, describe: 'only tables' }),
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
        .demandCommand(1, 'one of show, reset, export, import is needed'),
    () => undefined,
  );
}

const stateTool = () => import('./state.ts');

function stateFile(options: Argv) {
  const describe = 'the path that shm-stats-file names';
  return options.positional('file', { type: 'string', demandOption: true, describe });
}
