// Command lines of the tool that make no sense: which word is wrong, and what it should be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGrammar } from './completion/grammar.ts';
import { withProxyWords } from './commands-proxy.ts';
import { withSocketWords } from './commands-socket.ts';
import { withStateWords } from './commands-state.ts';
import { mistakeIn, reworded } from './mistakes.ts';

const ignore = async (): Promise<void> => undefined;
const grammar = readGrammar((parser) =>
  withStateWords(withSocketWords(withProxyWords(parser, ignore), ignore), ignore),
);

test('options that are none, without a value, or with one that cannot be', () => {
  const cases: readonly [string, string][] = [
    ['check --jsn x.cfg', "there is no option '--jsn'; did you mean '--json'?"],
    ['status -x', "there is no option '-x'"],
    ['state show x --jsn', "there is no option '--jsn'; did you mean '--json'?"],
    ['top --sort requets', "--sort cannot be 'requets'; did you mean 'requests'?"],
    ['top --kind x', "--kind cannot be 'x'; it is one of frontend, backend, server"],
    ['top --interval 0', "--interval needs a number from 0.1 to 3600, not '0'"],
    ['start --port=abc', "--port needs a number from 1 to 65535, not 'abc'"],
    ['explain a.cfg / -n x', "-n needs a number from 1 to 10000, not 'x'"],
  ];
  for (const [line, told] of cases) assert.equal(mistakeIn(line.split(' '), grammar), told, line);
  assert.match(mistakeIn(['status', '--socket'], grammar), /^--socket needs a value: /);
});

test('what makes sense is left alone', () => {
  const lines = ['top --sort errors --reverse -s/x', 'logs --no-follow web', 'cli -- show -x'];
  for (const line of [...lines, 'explain a.cfg / -H -x:1', 'check --version', 'nonsense --x', '']) {
    assert.equal(mistakeIn(line.split(' '), grammar), '', line);
  }
});

test('what yargs finds, in other words', () => {
  const missing = 'Not enough non-option arguments: got 0, need at least 1';
  assert.equal(reworded(missing, ['check'], grammar), "'check' needs <files..>");
  assert.equal(reworded(missing, ['state', 'show'], grammar), "'state show' needs <file>");
  const extra = reworded('Unknown argument: x', ['reload', 'x'], grammar);
  assert.equal(extra, "'x' is one word too many");
  const choice = 'Invalid values:\n  Argument: shell, Given: "foo", Choices: "bash", "zsh"';
  assert.equal(
    reworded(choice, ['completion', 'foo'], grammar),
    "'foo' is no shell; it is one of bash, zsh",
  );
});
