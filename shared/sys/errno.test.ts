import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getSystemErrorName } from 'node:util';
import { EADDRINUSE, EAGAIN, ECONNRESET, EMFILE, EPIPE } from './constants.ts';
import { errnoName, errnoText } from './errno.ts';

test('numbers of either sign have a name and a text', () => {
  assert.equal(errnoName(EADDRINUSE), 'EADDRINUSE');
  assert.equal(errnoText(-EADDRINUSE), 'Address already in use');
  assert.equal(errnoText(EAGAIN), 'Resource temporarily unavailable');
  assert.equal(errnoText(ECONNRESET), 'Connection reset by peer');
  assert.equal(errnoText(0), 'Success');
  assert.equal(errnoName(4000), 'E4000');
  assert.equal(errnoText(-4000), 'Unknown error 4000');
});

test('the names agree with the platform', () => {
  for (const code of [1, 2, 13, EPIPE, EMFILE, EADDRINUSE, ECONNRESET]) {
    assert.equal(errnoName(code), getSystemErrorName(-code));
  }
});
