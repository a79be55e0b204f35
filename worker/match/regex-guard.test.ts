// No expression of a user's may hold the thread: which engine runs what, the machine's answers
// against V8's on random expressions, and hostile ones, bounded by counted steps. HAWSER_SEED=n
// repeats a run.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from '../../test/sim/chance.ts';
import { compileRegex } from './regex.ts';
import { costOf, lengthWithin } from './regex-cost.ts';
import { addFlags, guardRegex, type Regex } from './regex-guard.ts';
import { lastSteps, programSearch, stepsMax } from './regex-machine.ts';
import { compileProgram } from './regex-program.ts';
import { readRegexTree } from './regex-tree.ts';

function compiled(text: string): Regex {
  const regex = compileRegex(text);
  if (typeof regex === 'string') throw new Error(regex);
  return regex;
}

const engineOf = (regex: Regex): string => regex.constructor.name;

test('a plain text is no expression', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['^/static/', '/static/x', true],
    ['^/static/', 'x/static/', false],
    ['foo', 'a foo b', true],
    ['foo\\.png$', 'x/foo.png', true],
    ['foo\\.png$', 'x/foo.png\n', true],
    ['foo\\.png$', 'foo.pngs', false],
    ['^foo$', 'foo', true],
    ['^foo$', 'foo\n', true],
    ['^foo\\z', 'foo\n', false],
    ['\\Qa.b\\E', 'xa.bx', true],
  ];
  for (const [text, subject, expected] of rows) {
    const regex = compiled(text);
    assert.equal(engineOf(regex), 'LiteralRegex', text);
    assert.equal(regex.test(subject), expected, `${text} on ${JSON.stringify(subject)}`);
    assert.equal(regex.exec(subject) !== null, expected, text);
  }
});

test("expressions whose work is linear are V8's for any text", () => {
  for (const text of [
    '^/api/v[0-9]+/',
    '\\.(?:gif|png|jpg)$',
    '^[^/]+/(.*)\\.php$',
    '^.*\\.php',
    '^(?:\\d{1,3}\\.){3}\\d{1,3}$',
    '^(GET|POST) ',
    '(?i)^/ADMIN',
    '^[\\w.+-]+@\\w+\\.\\w+$',
  ]) {
    assert.equal(engineOf(compiled(text)), 'RegExp', text);
  }
});

test('others are given to V8 for texts that bound its steps', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['(a+)+$', Infinity],
    ['(a|a)*$', Infinity],
    ['(a|ab)*c', Infinity],
    ['(\\s*\\w+)*;', Infinity],
    ['(.*)*x', Infinity],
    ['^(.*)/(.*)$', 2],
    ['.*\\.php', 2],
    ['^(.*)(.*)(.*)x', 3],
    ['(?=.*a)b', 2],
  ];
  for (const [text, degree] of rows) {
    const regex = compiled(text);
    assert.equal(engineOf(regex), 'GuardedRegex', text);
    const cost = costOf(readRegexTree(regex.source, false).root);
    assert.equal(cost.degree, degree, text);
    const length = lengthWithin(cost, 4_000_000);
    assert.ok(degree === Infinity ? length === 0 : length > 20 && length < 5000, text);
  }
  const optional = costOf(readRegexTree(`${'a?'.repeat(40)}${'a'.repeat(40)}`, false).root);
  assert.equal(lengthWithin(optional, 4_000_000), 0, 'two to the power of forty ways');
});

// ---- the machine answers as V8 does ----

const atoms = [
  ...['a', 'b', 'c', '[ab]', '[^a]', '[^\\n]', '\\w', '\\W', '\\x62', '[\\x61-\\x63]', '\\n'],
  ...['^', '(?=\\n?$)', '$', '\\b', '\\B'],
];
const quantifiers = ['*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,3}?', '{2,}'];

function randomSource(chance: Chance, depth: number): string {
  const parts: string[] = [];
  for (let i = chance.between(1, 3); i > 0; i--) {
    const inner = depth > 0 && chance.hits(0.5) ? randomSource(chance, depth - 1) : '';
    const start = chance.pick(['(', '(?:', '(', '(?=', '(?!', '(?:']);
    const isLook = start === '(?=' || start === '(?!';
    const item = inner === '' ? chance.pick(atoms) : `${start}${inner})`;
    const canRepeat = !isLook && !/^[$^]|^\\[bB]|^\(\?=/.test(item);
    parts.push(canRepeat && chance.hits(0.5) ? item + chance.pick(quantifiers) : item);
  }
  return chance.hits(0.3) ? `${parts[0]}|${parts.join('')}` : parts.join('');
}

function randomText(chance: Chance): string {
  let text = '';
  for (let i = chance.between(0, 9); i > 0; i--) text += chance.pick(['a', 'a', 'b', 'c', '\n']);
  return text;
}

/**
 * Groups of the first match, as one line; of expressions with loops over what can be empty only
 * whether there is one: PCRE, V8 and we differ in which empty turns they take.
 */
function machineAnswer(source: string, flags: string, text: string): string {
  const tree = readRegexTree(source, flags === 'i');
  const program = compileProgram(tree);
  if (program === null) return 'too large';
  const found = programSearch(program, text, 0);
  if (found === null) return 'none';
  if (program.hasEmptyTurns) return 'found';
  const groups: string[] = [];
  for (let i = 0; i < program.groups; i++) {
    const isSet = found[i * 2] >= 0 && found[i * 2 + 1] >= 0;
    groups.push(isSet ? text.slice(found[i * 2], found[i * 2 + 1]) : 'unset');
  }
  return `${found[0]} ${JSON.stringify(groups)}`;
}

function nativeAnswer(source: string, flags: string, text: string): string {
  const found = new RegExp(source, flags).exec(text);
  if (found === null) return 'none';
  return `${found.index} ${JSON.stringify([...found].map((one) => one ?? 'unset'))}`;
}

test('random expressions: the machine and V8 agree, groups too', (context) => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
  context.diagnostic(`HAWSER_SEED=${seed}`);
  const chance = new Chance(seed);
  for (let run = 0; run < 4000; run++) {
    const groups = chance.hits(0.1) ? '\\1' : '';
    const source = `${chance.hits(0.2) ? '(a|b)' : ''}${randomSource(chance, 2)}`;
    const whole = groups !== '' && /\((?!\?)/.test(source) ? source + groups : source;
    const flags = chance.pick(['', '', 'i']);
    for (let i = 0; i < 4; i++) {
      const text = chance.hits(0.3) ? randomText(chance).toUpperCase() : randomText(chance);
      const own = machineAnswer(whole, flags, text);
      const native = nativeAnswer(whole, flags, text);
      if (own === 'found' && native !== 'none') continue;
      assert.equal(own, native, `/${whole}/${flags} on ${JSON.stringify(text)}, run ${run}`);
    }
  }
});

test('atomic groups, look-behind and back-references', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['(?>a+)ab', 'aaab', false],
    ['(?>a|ab)c', 'abc', false],
    ['x(?>a*?)b', 'xaab', false],
    ['(?>(a+))b', 'aab', true],
    ['(?<=ab)c', 'abc', true],
    ['(?<=^a)b', 'cab', false],
    ['(?<!a)b', 'ab', false],
    ['(?<!a)b', 'cb', true],
    ['(a+)b\\1$', 'aabaa', true],
    ['(a+)b\\1$', 'aab', false],
    ['(a*)*\\1b', 'aab', true],
  ];
  for (const [text, subject, expected] of rows) {
    const regex = compiled(text);
    const tree = readRegexTree(regex.source, false);
    const program = compileProgram(tree);
    assert.ok(program !== null);
    const found = programSearch(program, subject, 0) !== null;
    assert.equal(found, expected, `${text} on ${subject}`);
    assert.equal(new RegExp(regex.source).test(subject), expected, `V8: ${text} on ${subject}`);
  }
});

// ---- hostile texts ----

const length = 16_000;
const hostile: readonly (readonly [text: string, unit: string, end: string])[] = [
  ['(a+)+$', 'a', '!'],
  ['(a|a)*$', 'a', '!'],
  ['(a|aa)+$', 'a', '!'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a', ''],
  ['(x+x+)+y', 'x', ''],
  ['([a-zA-Z]+)*$', 'a', '!'],
  ['(.*a){12}', 'ab', ''],
  ['^(a?){30}a{30}$', 'a', ''],
  ['(.*)(.*)(.*)x', 'a', ''],
  ['.*.*=.*;', 'x=', ''],
  ['(?:(?:\\w+\\s?)+)!', 'word ', ''],
  ['^((a*)*)*$', 'a', 'b'],
  ['(?i)(A+)+$', 'a', '!'],
];

test('hostile texts cost steps in proportion to their length', () => {
  for (const [text, unit, end] of hostile) {
    const regex = compiled(text);
    const steps = [length, length * 2].map((size) => {
      regex.test(unit.repeat(size / unit.length) + end);
      return lastSteps();
    });
    assert.ok(steps[0] <= length * 400, `${text}: ${steps[0]} steps`);
    assert.ok(steps[1] <= steps[0] * 2.2 + 1000, `${text}: ${steps.join(' and ')} steps`);
  }
});

test('what cannot be linear stops at the limit and does not match', () => {
  for (const [text, unit, end] of [
    ['(a*)*\\1b', 'a', ''],
    ['(?=(a+)+b)c|d', 'a', ''],
    ['(?<=(a+)+)b', 'a', ''],
    ['(?>(a|a)*b)', 'a', ''],
    ['(a+)\\1+b', 'a', 'c'],
  ] as const) {
    const regex = compiled(text);
    assert.equal(regex.test(unit.repeat(length) + end), false, text);
    assert.ok(lastSteps() <= stepsMax, text);
  }
});

test('replacing everywhere has one limit for the whole text', () => {
  const regex = addFlags(compiled('(a+)+b|a'), 'g');
  assert.ok(typeof regex !== 'string');
  const text = 'a'.repeat(length);
  let steps = 0;
  for (let found = regex.exec(text); found !== null; found = regex.exec(text)) {
    steps += lastSteps();
    assert.equal(found[0], 'a');
  }
  assert.ok(steps <= stepsMax * 2, `${steps} steps`);
});

test('what is too large to be bounded is refused', () => {
  const found = compileRegex('(a{1,100}){1,100}b');
  assert.match(String(found), /cannot be used \(it is too large/);
  assert.equal(typeof guardRegex(/^a{1,5000}$/), 'object');
});
