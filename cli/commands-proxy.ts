// The tool's words that need no running proxy, for yargs. Called by commands.ts.

import type { Argv } from 'yargs';
import type { Run } from './commands.ts';
import { socketOption } from './commands-socket.ts';
import { repeatMax } from './explain/request.ts';
import { numeric } from './numeric.ts';

/** `start`, `check`, `fmt`, `explain`. */
export function withProxyWords(parser: Argv, run: Run): Argv {
  return withExplain(withFmt(withCheck(withStart(parser, run), run), run), run);
}

function withStart(parser: Argv, run: Run): Argv {
  return parser.command(
    'start [files..]',
    'run the proxy in the foreground; without files, a demonstration',
    (options) =>
      options
        .positional('files', { type: 'string', array: true, default: [] as string[] })
        .option('port', numeric({ describe: 'port of the demonstration', range: [1, 65_535] }))
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

function withExplain(parser: Argv, run: Run): Argv {
  return parser.command(
    'explain <words..>',
    'what a configuration makes of a request, without sending anything: FILE.. REQUEST',
    (options) =>
      options
        .positional('words', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'files or folders, then a URL (or tcp://HOST:PORT), a /path, METHOD /path',
        })
        .option('request', { alias: 'X', type: 'string', describe: 'method' })
        .option('header', { alias: 'H', type: 'string', describe: 'NAME: VALUE' })
        .option('data', { alias: 'd', type: 'string', describe: 'body' })
        .option('user', { alias: 'u', type: 'string', describe: 'NAME:PASSWORD' })
        .option('cookie', { alias: 'b', type: 'string', describe: 'NAME=VALUE; ...' })
        .option('from', { type: 'string', describe: "the client's address" })
        .option('frontend', { type: 'string', describe: 'which one is asked' })
        .option(
          'repeat',
          numeric({ alias: 'n', default: 1, describe: 'the Nth of such', range: [1, repeatMax] }),
        )
        .option('down', { type: 'string', describe: 'BACKEND/SERVER that gets nothing' })
        .option(
          'answer',
          numeric({ default: 200, describe: "status of the server's answer", range: [200, 599] }),
        )
        .option('answer-header', { type: 'string', describe: 'header of that answer' })
        .option('json', { type: 'boolean', default: false, describe: 'as JSON' })
        .example('$0 explain web.cfg https://www.example.com/api', 'over TLS, to port 443')
        .example('$0 explain mail.cfg tcp://mx:25 -d EHLO', 'to a frontend in TCP mode')
        .example('$0 explain web.cfg "POST /api" -H "X-Key: 1"', 'to the first frontend')
        .epilogue('Status: 0 a server or an answer, 1 neither or cannot be tried, 2 wrong use.'),
    ({ words, request: method, header, answerHeader, data, user, cookie, down, ...rest }) => {
      const { from = '', frontend = '', repeat, answer, json } = rest;
      const headers = listed(header);
      const answerHeaders = listed(answerHeader);
      const asked = { words, method, headers, data, user, cookie, from, frontend, answer, json };
      const state = { repeat, down: listed(down) };
      return run(
        import('./explain/explain.ts').then(({ explain }) =>
          explain({ ...asked, ...state, answerHeaders }),
        ),
      );
    },
  );
}

/** An option that may be given several times. */
const listed = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;
