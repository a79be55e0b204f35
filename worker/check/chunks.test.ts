import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeChunks } from './chunks.ts';

test('chunks in every split: what has come, and whether it is all', () => {
  const raw = '3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nt: v\r\n\r\n';
  const body = 'abc0123456789abcdef';
  for (let length = 0; length < raw.length; length++) {
    const { text, isWhole } = decodeChunks(raw.slice(0, length));
    assert.equal(isWhole, false, String(length));
    assert.ok(body.startsWith(text));
  }
  assert.deepEqual(decodeChunks(raw), { text: body, isWhole: true, endAt: raw.length });
  // What follows the end is not part of it.
  assert.deepEqual(decodeChunks('0\r\n\r\nHTTP'), { text: '', isWhole: true, endAt: 5 });
  assert.deepEqual(decodeChunks('x\r\nabc'), { text: '', isWhole: true, endAt: -1 });
});
