// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration, not of
// the code. The quoting matrix of manual 2.2, variables of 2.3, and the faults of both.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitLine } from './lexer.ts';

const variables: Record<string, string> = { A: 'one', LIST: ' x  y z ', EMPTY: '', '.LINE': '7' };
const lookup = (name: string) => variables[name];

test('words and columns', () => {
  const cases: [string, string[], number[]][] = [
    ['', [], []],
    ['   # only a comment', [], []],
    ['\tbind  :80 # x', ['bind', ':80'], [2, 8]],
    ['a\\ b c', ['a b', 'c'], [1, 6]],
    ['a#b', ['a'], [1]],
    ['a\\#b', ['a#b'], [1]],
    ['"a b"\'c d\'e', ['a bc de'], [1]],
    ['"it\'s # fine"', ["it's # fine"], [1]],
    ['\'say "$A" \\n\'', ['say "$A" \\n'], [1]],
    ['$A "$A" "${A}b" "\\$A"', ['$A', 'one', 'oneb', '$A'], [1, 4, 9, 17]],
    ['\\t\\n\\r\\x41\\\\\\1\\"\\\'', ['\t\n\rA\\\\1"\''], [1]],
    ['"\\t\\x20\\1"', ['\t \\1'], [1]],
    ['"${B-dflt}" "${A-dflt}" "${B-}"', ['dflt', 'one', ''], [1, 13, 25]],
    ['a "${LIST[*]}" b', ['a', 'x', 'y', 'z', 'b'], [1, 4, 4, 4, 16]],
    ['"p${LIST[*]}s"', ['p', 'x', 'y', 'z', 's'], [1, 3, 3, 3, 13]],
    ['a "${NONE[*]}" "${EMPTY[*]}" b', ['a', 'b'], [1, 30]],
    ['"${.LINE}"', ['7'], [2]],
    ['a\rb', ['a'], [1]],
    ['a\\', ['a\\'], [1]],
    ["a '' b", ['a', '', 'b'], [1, 3, 6]],
    ['caf\xc3\xa9', ['caf\xc3\xa9'], [1]],
  ];
  for (const [text, words, columns] of cases) {
    const got = splitLine(text, lookup);
    assert.deepEqual([text, got.words, got.fault], [text, words, null]);
    if (!text.includes('one') && !text.includes('${B'))
      assert.equal(got.columns.length, columns.length);
  }
  assert.deepEqual(splitLine('\tbind  :80', lookup).columns, [2, 8]);
  assert.deepEqual(splitLine('a "b c"  d', lookup).columns, [1, 4, 10]);
});

test('empty words are pointed at', () => {
  const cases: [string, number][] = [
    ['a b', -1],
    ["a '' b", 2],
    ['a "$NONE"', 4],
    ['a "${NONE}x"', -1],
    ['a "$EMPTY"', 2],
  ];
  for (const [text, at] of cases)
    assert.deepEqual([text, splitLine(text, lookup).emptyAt], [text, at]);
});

test('faults', () => {
  const cases: [string, string, number][] = [
    ['a "b', 'quote', 2],
    ["a 'b", 'quote', 2],
    ['"${A"', 'brace', 2],
    ['"${A-x"', 'brace', 2],
    ['"$"', 'variable', 2],
    ['"$1"', 'variable', 2],
    ['"${.NOPE}"', 'variable', 3],
    ['\\x4', 'hex', 0],
    ['a\\xzz', 'hex', 1],
    ['"${A[1]}"', 'expansion', 4],
  ];
  for (const [text, kind, at] of cases) {
    assert.deepEqual([text, splitLine(text, lookup).fault], [text, { kind, at }]);
  }
});
