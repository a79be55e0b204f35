// Completion of runtime commands, from the texts of help; and the levels of log lines.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandApart } from './commands.ts';
import { parseRings, readLine } from './logs.ts';
import { completeRuntime, parseHelp, type RuntimeWords } from './runtime-words.ts';

const help = `The following commands are valid at this level:
  clear counters [all|server <bk>/<srv> [force]]: clear maxima, or all counters
  disable server <bk>/<srv>               : put a server in maintenance
  set maxconn frontend <frontend> <value> : change a limit
  show errors [proxy]                     : what was wrong
  show events [<sink>] [-w] [-n] [-0]     : show event sink state
  show stat [desc|json|no-maint|typed|up]*: report counters
  help [<command>]                        : list matching or all commands
`;

const words: RuntimeWords = {
  isMaster: true,
  commands: parseHelp(help),
  own: [],
  names: { server: ['be/a', 'be/b', 'other/a'], frontend: ['fe'], sink: ['buf0', 'web'] },
};

test('words, names and choices are completed where they may stand', () => {
  const cases: readonly [string, string[]][] = [
    ['s', ['set', 'show']],
    ['show e', ['errors', 'events']],
    ['@1 show st', ['stat']],
    ['disable server be/', ['be/a', 'be/b']],
    ['set maxconn frontend ', ['fe']],
    ['show events ', ['buf0', 'web']],
    ['show stat j', ['json']],
    ['show nothing ', []],
    ['', ['clear', 'disable', 'help', 'set', 'show']],
  ];
  for (const [line, expected] of cases)
    assert.deepEqual(completeRuntime(line, words), expected, line);
});

test('what follows `cli` is the command, dashes and help included', () => {
  const cases: readonly [string, string][] = [
    ['cli show events buf0 -w', 'cli -- show events buf0 -w'],
    ['cli -s x help', 'cli -s x -- help'],
    ['cli --socket=x show --help', 'cli --socket=x -- show --help'],
    ['cli --help', 'cli --help --'],
    ['status --json', 'status --json'],
  ];
  for (const [line, expected] of cases) {
    assert.deepEqual(commandApart(line.split(' ')), expected.split(' '), line);
  }
});

test('rings of show events, without the standard outputs', () => {
  const text =
    'Supported\n    stdout     : type=fd, 0\n    web        : type=buffer, 0 dropped, -\n';
  assert.deepEqual(parseRings(text), ['web']);
});

test('a log line has the level it is written with, else that of its status', () => {
  const http = (status: number): string => `1.2.3.4:5 [x] fe be/s 0/1/-1/-1/3006 ${status} 214 - -`;
  const cases: readonly [string, string, number][] = [
    [`<129>Nov 29 07:20:13 h haproxy[1]: Server be/a is DOWN`, 'alert', 0],
    [`<134>Nov 29 07:20:13 h haproxy[1]: ${http(503)}`, 'info', 503],
    [http(503), 'err', 503],
    [http(404), 'warning', 404],
    [http(200), 'info', 200],
    ['anything else', 'info', 0],
  ];
  for (const [text, level, status] of cases) {
    const line = readLine(text);
    assert.deepEqual([line.level, line.status], [level, status], text);
  }
});
