// How the tool writes: columns, durations, colours only where they are wanted, nothing that steers
// the terminal.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import {
  clockOf,
  coloured,
  columnsOf,
  counted,
  harmless,
  pad,
  painterOf,
  plain,
  widthOf,
} from './terminal.ts';

test('columns are as wide as their widest cell, colours take none', () => {
  const rows = [
    ['a', '1'],
    [coloured('good', 'longer'), '100'],
  ];
  const [first, second] = columnsOf(rows, ['left', 'right']);
  assert.equal(first, 'a         1');
  assert.equal(widthOf(second), 11);
  assert.equal(pad('é', 3, 'right'), '  é');
});

test('durations and counts', () => {
  assert.deepEqual(
    [clockOf(59), clockOf(3661), clockOf(90_061)],
    ['00:00:59', '01:01:01', '1d 01:01:01'],
  );
  assert.deepEqual([counted(1, 'error'), counted(0, 'error')], ['1 error', '0 errors']);
});

test('what is no terminal gets no colours', () => {
  assert.equal(painterOf(new PassThrough())('error', 'x'), 'x');
  const terminal = Object.assign(new PassThrough(), { isTTY: true, hasColors: () => true });
  assert.equal(painterOf(terminal)('error', 'x'), '\x1b[31mx\x1b[0m');
  assert.equal(painterOf(Object.assign(terminal, { hasColors: () => false })), plain);
});

test('control characters are shown, not obeyed', () => {
  assert.equal(harmless('a\tb\x1b[2J\x9b\r'), 'a\tb\\x1b[2J\\x9b\\x0d');
});
