// What an unknown command is answered with: the commands that resemble it, never all of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpOf, unknownOf } from './command-help.ts';

const names = [
  'add server',
  'clear map',
  'set server',
  'show info',
  'show map',
  'show stat',
  'user',
];
const offered = names.map((name) => ({ words: name.split(' '), usage: '', help: 'something' }));

const told = (text: string): string[] =>
  Array.from(text.matchAll(/^ {2}(\S.*?) +: something$/gm), (found) => found[1]);

test('unknown commands: what begins alike, what is spelled nearly so', () => {
  const cases: readonly [string, readonly string[]][] = [
    ['show', ['show info', 'show map', 'show stat']],
    ['show inf', ['show info']],
    ['SHOW INFO', ['show info']],
    ['shw stat', ['show stat']],
  ];
  for (const [line, wanted] of cases) {
    assert.deepEqual(told(unknownOf(offered, line.split(' '))), wanted, line);
  }
});

test('what resembles nothing gets some commands, not every one', () => {
  const some = told(unknownOf(offered, ['mapper?']));
  assert.ok(some.length > 0 && some.length < names.length, some.join());
});

test('help: of a word anywhere in a command; without one of all', () => {
  assert.deepEqual(told(helpOf(offered, ['server'])), ['add server', 'set server']);
  assert.deepEqual(told(helpOf(offered, ['map'])), ['clear map', 'show map']);
  assert.equal(told(helpOf(offered, [])).length, names.length);
});
