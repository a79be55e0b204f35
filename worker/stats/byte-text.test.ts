// Text that is written as bytes: numbers, quoting, growth and pieces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteText, Phrase } from './byte-text.ts';

const written = (write: (out: ByteText) => void): string => {
  const out = new ByteText(4);
  write(out);
  return Buffer.from(out.lend()).toString('latin1');
};

test('numbers are written as JavaScript writes them', () => {
  const numbers = [
    ...[0, 7, 9, 10, 99, 100, 101, 1000, 65_535, 99_999, 1_000_000, 4_294_967_295],
    ...[4_294_967_296, Number.MAX_SAFE_INTEGER, -1, -128, 0.5, 1e21, Number.NaN, -0],
  ];
  for (let power = 1; power < 2 ** 32; power *= 3) numbers.push(power, power - 1);
  for (const value of numbers) {
    assert.equal(
      written((out) => out.number(value)),
      String(value),
    );
  }
});

test('CSV quotes what would be ambiguous', () => {
  for (const [text, field] of [
    ['plain', 'plain'],
    ['', ''],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    ['caf\xe9', 'caf\xe9'],
  ]) {
    assert.equal(
      written((out) => out.csv(text)),
      field,
    );
  }
});

test('it grows, tells when a piece is full, and lends pieces', () => {
  const out = new ByteText(4);
  assert.deepEqual([out.isEmpty, out.isFull], [true, false]);
  out.phrase(new Phrase('abc'));
  out.byte(0x64);
  assert.equal(out.isFull, true);
  out.phrase(new Phrase('x'.repeat(1000)));
  assert.equal(Buffer.from(out.lend()).toString(), `abcd${'x'.repeat(1000)}`);
  assert.equal(out.isEmpty, true);
  out.text('after');
  assert.equal(Buffer.from(out.lend()).toString(), 'after');
});
