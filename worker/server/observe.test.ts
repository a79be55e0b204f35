// What traffic says of a server, counted over all threads: which news count on which layer, that
// good news begin anew, and the sentence when error-limit is reached.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverErrors } from '../../shared/segment/server-state.ts';
import * as seen from './observe.ts';
import type { Server } from './server.ts';

function server(observes: number, errorLimit: number): Server {
  const words = new Int32Array(new SharedArrayBuffer(256));
  return { observes, errorLimit, words, stateAt: 2 } as unknown as Server;
}

test('as many errors as error-limit, one after the other, make a sentence', () => {
  const one = server(seen.observesLayer7, 3);
  assert.equal(seen.noteSeen(one, seen.seenWrongStatus), '');
  assert.equal(seen.noteSeen(one, seen.seenTimeout), '');
  assert.equal(
    seen.noteSeen(one, seen.seenBadHead),
    'Detected 3 consecutive errors, last one was: Invalid http response (headers)',
  );
  assert.equal(one.words[2 + serverErrors], 0, 'it begins anew');
});

test('good news begin anew', () => {
  const one = server(seen.observesLayer7, 2);
  for (let i = 0; i < 5; i++) {
    assert.equal(seen.noteSeen(one, seen.seenClose), '');
    assert.equal(seen.noteSeen(one, seen.seenAnswer), '');
  }
});

test('layer 4 knows connections only; a connection alone is no good news on layer 7', () => {
  const low = server(seen.observesLayer4, 2);
  assert.equal(seen.noteSeen(low, seen.seenNoConnection), '');
  assert.equal(seen.noteSeen(low, seen.seenWrongStatus), '');
  assert.match(seen.noteSeen(low, seen.seenNoConnection), /^Detected 2 .*: L4 unsuccessful/);
  assert.equal(seen.noteSeen(low, seen.seenNoConnection), '');
  assert.equal(seen.noteSeen(low, seen.seenConnection), '');
  assert.equal(seen.noteSeen(low, seen.seenNoConnection), '');
  const high = server(seen.observesLayer7, 2);
  assert.equal(seen.noteSeen(high, seen.seenNoConnection), '');
  assert.equal(seen.noteSeen(high, seen.seenConnection), '');
  assert.match(seen.noteSeen(high, seen.seenNoConnection), /^Detected 2/);
});
