import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes } from './small.ts';

test('every length is copied, and nothing beside it', () => {
  const bytes = new Uint8Array(new SharedArrayBuffer(4096));
  const view = new DataView(bytes.buffer);
  for (let length = 0; length < 600; length++) {
    for (let i = 0; i < 700; i++) bytes[i] = (i * 7 + length) & 255;
    bytes.fill(0, 2000, 2700);
    copyBytes({ bytes, view }, 2003, 5, length);
    const copied = bytes.slice(2003, 2003 + length);
    assert.deepEqual(copied, bytes.slice(5, 5 + length), `${length} bytes`);
    assert.equal(bytes[2002], 0);
    assert.equal(bytes[2003 + length], 0, `behind ${length} bytes`);
  }
});
