// Casts between sample types: the whole matrix at start, and values while serving; 64-bit integers.
// One row per cast: an expression of the one type, where it goes, what it becomes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canCast, castSample, castStep, isFreeCast } from './cast.ts';
import { add, div, mod, mul, parseInt64, readInt64, sub } from './int64.ts';
import {
  kindAddress,
  kindAny,
  kindBinary,
  kindBool,
  kindIpv4,
  kindIpv6,
  kindMethod,
  kindNames,
  kindSame,
  kindSint,
  kindString,
  Sample,
} from './sample.ts';

/**
 * Row: from; a letter per column (any same bool sint addr ipv4 ipv6 str bin meth): `.` no, `=`
 * free, `x` cast.
 */
const matrix: readonly string[] = [
  '=.xxxxxxxx',
  '..........',
  '=.==...xx.',
  '=.==xxxxx.',
  '=...xxxxx.',
  '=..x==xxx.',
  '=...=x=xx.',
  '=.xxxxx==x',
  '=......x=x',
  '=......xx=',
];

test('the matrix', () => {
  for (const [from, row] of matrix.entries()) {
    for (const [to, letter] of [...row].entries()) {
      const name = `${kindNames[from]} to ${kindNames[to]}`;
      assert.equal(canCast(from, to), letter !== '.', name);
      assert.equal(castStep(from, to) !== null, letter !== '.', name);
      assert.equal(isFreeCast(from, to), letter === '=', name);
    }
  }
  assert.equal(matrix.length, kindNames.length);
  assert.equal(kindNames[kindSame], 'same');
  assert.equal(kindNames[kindAny], 'any');
});

const loopback = `${'\0'.repeat(15)}\x01`;
const mapped = `${'\0'.repeat(10)}\xff\xff\x0a\x00\x00\x01`;

test('values', () => {
  const rows: readonly (readonly [
    number,
    number | bigint | string,
    number,
    number | bigint | string | null,
  ])[] = [
    [kindSint, -1, kindString, '-1'],
    [kindSint, 9223372036854775807n, kindString, '9223372036854775807'],
    [kindSint, 258, kindBinary, '\0\0\0\0\0\0\x01\x02'],
    [kindSint, -1, kindBinary, '\xff'.repeat(8)],
    [kindSint, -1, kindIpv4, 4294967295],
    [kindSint, 167772161, kindIpv6, mapped],
    [kindBool, 1, kindString, '1'],
    [kindBool, 1, kindBinary, '\0\0\0\0\0\0\0\x01'],
    [kindIpv4, 167772161, kindString, '10.0.0.1'],
    [kindIpv4, 167772161, kindSint, 167772161],
    [kindIpv4, 167772161, kindBinary, '\x0a\0\0\x01'],
    [kindIpv6, mapped, kindIpv4, 167772161],
    [kindIpv6, loopback, kindString, '::1'],
    [kindIpv6, `\x20\x01${'\0'.repeat(14)}`, kindIpv4, null],
    [kindString, '12abc', kindSint, 12],
    [kindString, 'abc', kindSint, 0],
    [kindString, '', kindSint, null],
    [kindString, '99999999999999999999', kindSint, 9223372036854775807n],
    [kindString, '10.0.0.1', kindAddress, 167772161],
    [kindString, '::1', kindAddress, loopback],
    [kindString, '10.0.0', kindIpv4, null],
    [kindString, '10.0.0.256', kindIpv4, null],
    [kindString, '::ffff:10.0.0.1', kindIpv6, mapped],
    [kindString, 'x', kindAddress, null],
    [kindString, 'GET', kindMethod, 'GET'],
    [kindBinary, 'a\0b', kindString, 'a'],
    [kindMethod, 'PUT', kindString, 'PUT'],
    [kindBool, 1, kindIpv4, null],
  ];
  for (const [kind, value, to, expected] of rows) {
    const sample = new Sample();
    sample.kind = kind;
    if (typeof value === 'string') sample.text = value;
    else sample.int = value;
    const name = `${kindNames[kind]} ${String(value)} to ${kindNames[to]}`;
    assert.equal(castSample(sample, to), expected !== null, name);
    if (expected === null) continue;
    assert.equal(typeof expected === 'string' ? sample.text : sample.int, expected, name);
  }
});

test('integers stay numbers while they can and saturate at 64 bits', () => {
  const max = 9223372036854775807n;
  assert.equal(add(2 ** 53 - 1, 1), 9007199254740992n);
  assert.equal(sub(add(2 ** 53 - 1, 1), 1), 2 ** 53 - 1);
  assert.equal(add(max, 1), max);
  assert.equal(mul(max, max), max);
  assert.equal(mul(-3, 0), 0);
  assert.equal(div(max, -1), -max);
  assert.equal(div(-9223372036854775808n, -1), max);
  assert.equal(mod(max, 10), 7);
  assert.equal(readInt64('  1'), 0);
  assert.equal(readInt64('+7x'), 7);
  assert.equal(parseInt64('7x'), null);
  assert.equal(parseInt64('-'), null);
  assert.equal(parseInt64(''), null);
  assert.equal(parseInt64('-0'), 0);
});
