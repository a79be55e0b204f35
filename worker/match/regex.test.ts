// What PCRE users write must match what it matched, or be refused.
// Rows: expression, subject, whether it matches, whether case is ignored.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRegex } from './regex.ts';

const matches: readonly (readonly [string, string, boolean, boolean?])[] = [
  ['^/api/v[0-9]+/', '/api/v12/x', true],
  ['^[[:digit:]]{2}[[:alpha:]]$', '12a', true],
  ['^[[:digit:]]{2}[[:alpha:]]$', '1aa', false],
  ['[[:^space:]]', ' \t', false],
  ['^[]a]+$', 'a]]', true],
  ['^[^]a]+$', 'b]', false],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['foo$', 'foo\n', true],
  ['foo\\z', 'foo\n', false],
  ['\\Afoo', 'xfoo', false],
  ['(?i)FOO', 'xfooX', true],
  ['a(?i)b(?-i)c', 'aBc', true],
  ['a(?i)b(?-i)c', 'aBC', false],
  ['a(?i:b)c', 'aBc', true],
  ['a(?i:b)c', 'ABc', false],
  ['ABC', 'xabcx', true, true],
  ['[a-c]x', 'BX', true, true],
  ['\xc3\xa9A', '\xc3\xa9a', true, true],
  ['\xc3\xa9', '\xe3\xa9', false, true],
  ['a++b', 'aaab', true],
  ['a++ab', 'aaab', false],
  ['(?>a+)ab', 'aaab', false],
  ['(?>a|ab)c', 'abc', false],
  ['(a)\\1', 'aa', true],
  ['(?P<n>b)(?P=n)', 'bb', true],
  ['(?<n>b)\\k{n}', 'bc', false],
  ['(b)\\g{-1}', 'bb', true],
  ['a++(b)\\1', 'aabb', true],
  ['\\Qa.b\\E', 'a.b', true],
  ['\\Qa.b\\E', 'axb', false],
  ['^\\s$', '\xa0', false],
  ['^\\h$', '\xa0', true],
  ['\\x41\\x{42}\\103', 'ABC', true],
  ['a{,2}', 'a{,2}', true],
  ['a b # c', 'a b # c', true],
  ['(?x) a b # c', 'ab', true],
  ['^[\\w.-]+$', 'a-b.c_d', true],
  ['^[a-\\d]$', '-', true],
  ['\\.(?:gif|png)$', 'x.png', true],
  ['^(?=.*a)(?!.*b)', 'xa', true],
  ['(?m)^b$', 'a\nb\nc', true],
  ['\\/', '/', true],
  ['\\<', '<', true],
];

test('expressions match what PCRE matches', () => {
  for (const [source, subject, expected, ignoreCase] of matches) {
    const regex = compileRegex(source, { ignoreCase: ignoreCase === true });
    assert.ok(typeof regex !== 'string', `${source}: ${String(regex)}`);
    assert.equal(
      regex.test(subject),
      expected,
      `${source} on ${JSON.stringify(subject)}: ${regex.source}`,
    );
  }
});

test('what has no equal is refused with the reason', () => {
  const refused = [
    '(?R)',
    '(a)(?1)',
    '\\K',
    'a\\',
    '[a',
    '(a',
    'a)',
    '(*SKIP)',
    '\\p{L}',
    '*a',
    '\\1',
    '[[.a.]]',
    '[b-a]',
    '\\y',
  ];
  for (const source of refused) {
    const found = compileRegex(source);
    assert.equal(typeof found, 'string', `${source} gave ${String(found)}`);
    assert.ok((found as string).includes(source));
  }
});

test('groups keep their numbers where they are read', () => {
  const regex = compileRegex('^(a)(b)?(?>c+)', { captures: true });
  assert.ok(typeof regex !== 'string');
  assert.deepEqual([...(regex.exec('abcc') ?? [])].slice(1, 3), ['a', 'b']);
  assert.equal(typeof compileRegex('a++(b)', { captures: true }), 'string');
});
