// Sessions: lines, words, payloads, prompts, levels, help, and when they end.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from './catalog.ts';
import { failure, type RuntimeCommandDef } from './command.ts';
import { parseLine, splitWords } from './line.ts';
import { dynamicServerCommands } from './dynamic-servers.ts';
import { RemoteLines } from './remote-lines.ts';
import { RuntimeSession } from './session.ts';
import { converse, sampleContext, sampleState, tableOf } from './sample-context.ts';
import { sessionCommands } from './session-commands.ts';

const probes = [
  {
    words: ['probe'],
    requires: 'user',
    usage: '[word]*',
    help: 'show what arrived',
    run: ({ words, payload }) => `${JSON.stringify(words)}${payload && ` <${payload}>`}\n`,
  },
  {
    words: ['probe', 'pieces'],
    requires: 'user',
    usage: '',
    help: 'an answer in pieces',
    run: () => ['one\n', 'two\n'],
  },
  {
    words: ['probe', 'fault'],
    requires: 'user',
    usage: '',
    help: 'a fault',
    run: () => {
      throw new Error('broken');
    },
  },
  {
    words: ['probe', 'error'],
    requires: 'user',
    usage: '',
    help: 'an error',
    run: () => failure('no such thing.\n\n'),
  },
  {
    words: ['probe', 'admin'],
    requires: 'admin',
    usage: '',
    help: 'for administrators',
    run: () => 'yes\n',
  },
] as const satisfies readonly RuntimeCommandDef[];

const table = tableOf(sessionCommands, dynamicServerCommands, probes);
const { context, done } = sampleContext('');

async function talk(...pieces: string[]): Promise<string> {
  return converse(context, table, pieces);
}

test('one line without prompt: answers end with an empty line, then the session ends', async () => {
  const cases: readonly [string, string][] = [
    ['probe a b\n', '["a","b"]\n\n<end>'],
    ['probe a;probe b\n', '["a"]\n\n["b"]\n\n<end>'],
    ['probe a\\;b c\\ d e\\\\f\n', '["a;b","c d","e\\\\f"]\n\n<end>'],
    ['  probe \t a  \r\n', '["a"]\n\n<end>'],
    ['\n', '\n<end>'],
    ['probe pieces\n', 'one\ntwo\n\n<end>'],
    ['probe error\n', 'no such thing.\n\n<end>'],
    ['echo a b\n', 'a b\n\n<end>'],
    ['probe a\nprobe b\n', '["a"]\n\n<end>'],
    ['quit;probe a\n', '<end>'],
  ];
  for (const [input, expected] of cases) assert.equal(await talk(input), expected, input);
});

test('input may be cut anywhere', async () => {
  const input = 'prompt i;probe a\\;b\nprobe c <<X\nline 1\nX\nquit\n';
  const whole = await talk(input);
  assert.equal(whole, '\n["a;b"]\n\n["c"] <line 1>\n\n<end>');
  for (let at = 1; at < input.length; at++) {
    assert.equal(await talk(input.slice(0, at), input.slice(at)), whole, `cut at ${at}`);
  }
  assert.equal(await talk(...input), whole, 'byte by byte');
});

test('prompt modes', async () => {
  const cases: readonly [string, string][] = [
    ['prompt\nprobe a\nquit\n', '\n> ["a"]\n\n> <end>'],
    ['prompt\nprobe a;probe b\n', '\n> ["a"]\n\n["b"]\n\n> '],
    ['prompt i\nprobe a\nprobe b\n', '\n["a"]\n\n["b"]\n\n'],
    ['prompt\nprompt\n', '\n> \n<end>'],
    ['prompt n\n', '\n<end>'],
    ['prompt timed\nprobe\n', '\n[1:02:03:04]> []\n\n[1:02:03:04]> '],
    ['prompt timed\nprompt timed\n', '\n[1:02:03:04]> \n> '],
    ['prompt\nprobe a <<\nx\n\n', '\n> + + ["a"] <x>\n\n> '],
  ];
  for (const [input, expected] of cases) assert.equal(await talk(input), expected, input);
  assert.match(await talk('prompt what\n'), /^Usage: prompt/);
});

test('payloads end with an empty line or with their own pattern', async () => {
  const cases: readonly [string, string][] = [
    ['probe a <<\nline 1\nline 2\n\n', '["a"] <line 1\nline 2>\n\n<end>'],
    ['probe a <<%E%\nline 1\n\nline 2\n%E%\n', '["a"] <line 1\n\nline 2>\n\n<end>'],
    ['probe a;probe b <<\nx;y\\z\n\n', '["a"]\n\n["b"] <x;y\\z>\n\n<end>'],
    ['probe a<<\n', '["a<<"]\n\n<end>'],
    [`probe <<${'p'.repeat(65)}\n`, `["<<${'p'.repeat(65)}"]\n\n<end>`],
    ['probe <<\n\n', '[]\n\n<end>'],
  ];
  for (const [input, expected] of cases) assert.equal(await talk(input), expected, input);
});

test('what is too long is refused and ends the session', async () => {
  assert.match(await talk('x'.repeat(201)), /^The command line is too big.*\n<end>$/);
  assert.match(await talk(`${'x'.repeat(201)}\n`), /^The command line is too big.*\n<end>$/);
  const payload = await talk('probe <<\n', `${'x'.repeat(250)}\n`, `${'x'.repeat(250)}\n`);
  assert.match(payload, /^The payload is too big.*\n<end>$/);
  assert.match(await talk('probe <<\n', 'x'.repeat(301)), /^The payload is too big.*\n<end>$/);
  const words = Array.from({ length: 65 }, () => 'w').join(' ');
  assert.match(await talk(`${words}\n`), /^Too many arguments\..*64/);
});

test('levels: a command that needs more is refused, and a session can only go down', async () => {
  const user = sampleState('user');
  const text = await converse(context, table, ['probe admin;operator;show cli level\n'], user);
  assert.equal(text, 'Permission denied\n\nPermission denied\n\nuser\n\n<end>');
  assert.equal(
    await talk('operator;show cli level;probe admin\n'),
    '\noperator\n\nPermission denied\n\n<end>',
  );
  assert.equal(await talk('user -;operator\n'), 'Permission denied\n\n<end>');
});

test('expert and experimental mode', async () => {
  const expert = tableOf(sessionCommands, [
    {
      words: ['risky'],
      requires: 'admin',
      mode: 'expert',
      usage: '',
      help: 'x',
      run: () => 'ok\n',
    },
  ]);
  const talkExpert = (line: string): Promise<string> => converse(context, expert, [line]);
  assert.match(await talkExpert('risky\n'), /restricted to expert mode only/);
  assert.equal(
    await talkExpert('expert-mode on;risky;expert-mode\n'),
    '\nok\n\nexpert-mode is ON\n\n<end>',
  );
  assert.doesNotMatch(await talkExpert('help\n'), /risky/);
  assert.match(await talkExpert('expert-mode on;help\n'), / {2}risky/);
});

test('severities in front of messages, not of plain text', async () => {
  const text = await talk(
    'set severity-output number -;probe error;probe a;set severity-output string -;probe error\n',
  );
  assert.equal(text, '[3]: no such thing.\n\n["a"]\n\n[err]: no such thing.\n\n<end>');
});

test('help lists what matches, suggestions follow an unknown word', async () => {
  const help = await talk('help\n');
  assert.ok(help.startsWith('The following commands are valid at this level:\n  add server'));
  assert.match(help, /\n {2}probe admin {29}: for administrators\n/);
  assert.match(help, /\n {2}quit {36}: disconnect\n\n<end>$/);
  assert.doesNotMatch(help, /expert-mode/);
  const some = await talk('help probe\n');
  assert.match(some, /probe admin/);
  assert.doesNotMatch(some, /echo/);
  const unknown = await talk('probo admin\n');
  assert.ok(unknown.startsWith("Unknown command: 'probo', but maybe"));
  assert.match(unknown, /probe/);
  assert.doesNotMatch(unknown, /echo/);
});

test('a long answer lets other work of the control thread go on', async () => {
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const lines = {
    *[Symbol.iterator]() {
      for (let i = 0; i < 50_000; i++) yield `${i}\n`;
    },
  };
  const long = tableOf([
    { words: ['long'], requires: 'user', usage: '', help: 'x', run: () => lines },
  ]);
  const started = setImmediate(() => turns++);
  const text = await converse(context, long, ['long\n']);
  clearImmediate(started);
  clearInterval(timer);
  assert.equal(text.split('\n').length, 50_002);
  assert.ok(turns > 0, 'nothing else ran');
});

test('a long answer that nobody reads any more is not made to its end', async () => {
  let made = 0;
  const lines = {
    *[Symbol.iterator]() {
      while (made < 9) yield `${made++}\n`;
    },
  };
  const long = tableOf([
    { words: ['long'], requires: 'user', usage: '', help: 'x', run: () => lines },
  ]);
  const output = { write: () => undefined, end: () => undefined, isClosed: () => made > 2 };
  const limits = { lineBytes: 200, payloadBytes: 300 };
  await new RuntimeSession(context, long, sampleState(), { output, limits }).feed('long\n');
  assert.equal(made, 3);
});

test('a fault in a command is logged and ends only that command', async () => {
  done.length = 0;
  assert.equal(await talk('probe fault;probe a\n'), 'Internal error.\n\n["a"]\n\n<end>');
  assert.match(done[0], /^log 3 runtime command 'probe fault' failed: Error: broken/);
});

test('set timeout cli and wait read times', async () => {
  const state = sampleState();
  assert.equal(await converse(context, table, ['set timeout cli 2m\n'], state), '\n<end>');
  assert.equal(state.timeoutMs, 120_000);
  assert.match(await talk('set timeout cli x\n'), /Invalid timeout value/);
  assert.match(await talk('set timeout server 1s\n'), /only supports 'cli'/);
  assert.equal(await talk('wait 1;probe a\n'), 'Done.\n\n["a"]\n\n<end>');
  assert.match(await talk('wait 1 srv-removable b/s\n'), /^Failed\. No such backend\./);
  assert.match(await talk('wait soon\n'), /^Invalid duration\./);
  assert.match(await talk('wait 1 rain\n'), /^Usage: wait/);
});

test('a line from the master CLI is answered in one text', async () => {
  const commands = runtimeCommands(probes);
  const answer = (line: string, payload = ''): Promise<string> =>
    new RemoteLines(context, commands).run(1, { level: 'admin', line, payload }, () => undefined);
  assert.equal(await answer('probe a; probe b'), '["a"]\n\n["b"]\n\n');
  assert.equal(await answer('probe a', 'x\n\ny'), '["a"] <x\n\ny>\n\n');
});

test('a client of the master CLI that has said its last is answered all the same', async () => {
  const lines = new RemoteLines(context, runtimeCommands(probes));
  const line = { level: 'admin', line: 'probe pieces', payload: '' } as const;
  const answer = lines.run(1, line, () => undefined);
  lines.stop(1); // what the master says of an end, too: nothing that goes on is wanted
  assert.equal(await answer, 'one\ntwo\n\n');
});

test('lines and words', () => {
  assert.deepEqual(parseLine('a;b <<'), { commands: ['a', 'b '], payloadEnd: '' });
  assert.deepEqual(splitWords('a\\  b'), ['a ', 'b']);
  assert.deepEqual(splitWords('a\\'), ['a']);
  assert.deepEqual(splitWords(''), []);
});

test('twin commands stop the start', () => {
  assert.throws(() => tableOf(probes, probes), /'probe' is declared twice/);
});
