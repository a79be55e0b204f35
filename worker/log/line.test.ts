import assert from 'node:assert/strict';
import { test } from 'node:test';
import { escapeCodes, LineBuffer } from './line.ts';

function written(room: number, write: (line: LineBuffer) => void): string {
  const line = new LineBuffer(new Uint8Array(64));
  line.start(8, room);
  write(line);
  assert.equal(line.bytes[7], 0);
  assert.equal(line.bytes[8 + room], 0);
  return Buffer.from(line.bytes.subarray(8, line.at)).toString('latin1');
}

const numbers: readonly (readonly [value: number, text: string])[] = [
  [0, '0'],
  [9, '9'],
  [10, '10'],
  [-1, '-1'],
  [1234567890123, '1234567890123'],
  [99, '99'],
  [100, '100'],
  [-250, '-250'],
  [12.9, '12'],
];

for (const [value, text] of numbers) {
  test(`number ${value}`, () => {
    assert.equal(
      written(20, (line) => line.number(value)),
      text,
    );
  });
}

test('milliseconds have three digits', () => {
  assert.equal(
    written(20, (line) => {
      for (const value of [0, 7, 42, 999]) line.millis(value);
    }),
    '000007042999',
  );
});

test('what does not fit is cut off at every byte', () => {
  const whole = 'ab#22c12345-7';
  const codes = escapeCodes('"');
  for (let room = 0; room <= whole.length; room++) {
    const text = written(room, (line) => {
      line.text('ab');
      line.escaped('"c', codes);
      line.number(12345);
      line.number(-7);
    });
    assert.equal(text, whole.slice(0, room));
  }
});

test('control characters and bytes above 126 are escaped', () => {
  const codes = escapeCodes('#');
  assert.equal(
    written(40, (line) => line.escaped('a\n#\x7f\xff~', codes)),
    'a#0A#23#7F#FF~',
  );
});

test('bytes are copied up to the end', () => {
  const from = Uint8Array.from(Buffer.from('xabcdef'));
  assert.equal(
    written(4, (line) => line.copy(from, 1, 6)),
    'abcd',
  );
});
