// Nearest words: what is near, and what is not near enough to be a hint.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestWord } from './hint.ts';

test('edit distance counts swaps as one', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'acb', 1],
    ['abc', 'ab', 1],
    ['abc', 'xabc', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ];
  for (const [a, b, distance] of cases)
    assert.deepEqual([a, b, editDistance(a, b)], [a, b, distance]);
});

test('hints', () => {
  const words = ['server', 'default-server', 'balance', 'bind', 'mode', 'maxconn'];
  const cases: [string, string][] = [
    ['servr', 'server'],
    ['sevrer', 'server'],
    ['blaance', 'balance'],
    ['bnid', 'bind'],
    ['mod', 'mode'],
    ['maxcon', 'maxconn'],
    ['zzz', ''],
    ['x', ''],
    ['completely-different', ''],
  ];
  for (const [word, near] of cases)
    assert.deepEqual([word, nearestWord(word, words)], [word, near]);
});
