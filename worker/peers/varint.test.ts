// Integers of the protocol: the lengths that its specification lists, and every value back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader, varintMax, writeSigned, writeVarint } from './varint.ts';

const bytesOf = (value: number): Buffer => {
  const bytes = Buffer.alloc(varintMax);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
};

const reader = (bytes: Buffer): ByteReader => new ByteReader(bytes, 0, bytes.length);

test('lengths change where the specification says', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 1],
    [239, 1],
    [240, 2],
    [2287, 2],
    [2288, 3],
    [264_431, 3],
    [264_432, 4],
    [33_818_863, 4],
    [33_818_864, 5],
    [4_328_786_159, 5],
    [4_328_786_160, 6],
    [2 ** 53 - 1, 8],
    [2 ** 63, 10],
  ];
  for (const [value, length] of cases) {
    const bytes = bytesOf(value);
    assert.equal(bytes.length, length, String(value));
    assert.equal(reader(bytes).varint(), value);
  }
});

test('known bytes', () => {
  assert.deepEqual([...bytesOf(240)], [0xf0, 0x00]);
  assert.deepEqual([...bytesOf(2287)], [0xff, 0x7f]);
  assert.deepEqual([...bytesOf(2288)], [0xf0, 0x80, 0x00]);
  assert.deepEqual([...bytesOf(50_000)], [0xf0, 0xa6, 0x17]);
});

test('an int of C keeps its sign over 64 bits', () => {
  for (const value of [0, 1, -1, 239, -240, 2 ** 31 - 1, -(2 ** 31)]) {
    const bytes = Buffer.alloc(varintMax);
    const end = writeSigned(bytes, 0, value);
    const back = new ByteReader(bytes, 0, end);
    assert.equal(back.signed(), value);
    assert.equal(back.at, end);
  }
});

test('what is cut off or endless fails', () => {
  const whole = bytesOf(4_000_000_000);
  for (let length = 0; length < whole.length; length++) {
    const cut = reader(whole.subarray(0, length));
    assert.equal(cut.varint(), 0);
    assert.ok(cut.failed);
  }
  const endless = reader(Buffer.alloc(40, 0xff));
  endless.varint();
  assert.ok(endless.failed);
  const short = reader(Buffer.from([1, 2, 3]));
  short.word();
  assert.ok(short.failed);
  assert.equal(short.text(1), '', 'nothing is read after a failure');
});
