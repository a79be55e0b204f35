import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionNeed } from './connection-need.ts';

test('one idle connection is kept, and as many as were in use at once', () => {
  const need = new ConnectionNeed(0);
  for (let i = 0; i < 3; i++) need.borrowed();
  assert.equal(need.isWorthKeeping(0, false), true);
  need.returned();
  assert.equal(need.isWorthKeeping(1, false), true, '2 in use and 1 idle are the 3 of before');
  need.returned();
  assert.equal(need.isWorthKeeping(2, false), true);
  assert.equal(
    need.isWorthKeeping(3, false),
    false,
    '1 in use and 3 idle are more than ever needed',
  );
});

test('clients that never use an idle connection again leave no trail', () => {
  const need = new ConnectionNeed(0);
  let idle = 0;
  for (let i = 0; i < 1000; i++) {
    need.borrowed();
    if (need.isWorthKeeping(idle, false)) idle++;
    need.returned();
  }
  assert.equal(idle, 1);
});

test('pool-low-conn keeps so many more', () => {
  const need = new ConnectionNeed(5);
  need.borrowed();
  assert.equal(need.isWorthKeeping(5, false), true);
  assert.equal(need.isWorthKeeping(6, false), false);
});

test('what is beyond the need goes by halves, and the need follows what is used', () => {
  const need = new ConnectionNeed(0);
  for (let i = 0; i < 16; i++) need.borrowed();
  for (let i = 0; i < 16; i++) need.returned();
  let idle = 16;
  const closed = Array.from({ length: 8 }, () => {
    const now = need.settle(idle);
    idle -= now;
    return now;
  });
  assert.deepEqual(closed, [0, 0, 4, 4, 3, 2, 2, 1]);
  assert.equal(idle, 0);
});

test('few connections of different kinds are kept, one of each', () => {
  const need = new ConnectionNeed(0);
  need.borrowed();
  assert.equal(need.isWorthKeeping(20, true), true);
  assert.equal(need.isWorthKeeping(20, false), false);
  assert.equal(need.isWorthKeeping(32, true), false);
});
