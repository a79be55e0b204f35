import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleShare, makeIdleShare } from './idle-share.ts';

function pair(): { one: IdleShare; two: IdleShare; removed: number[][] } {
  const buffer = makeIdleShare(2);
  const removed: number[][] = [];
  const unwatch = (epfd: number, fd: number): void => {
    removed.push([epfd, fd]);
  };
  return {
    one: new IdleShare(buffer, 0, 100, unwatch),
    two: new IdleShare(buffer, 1, 101, unwatch),
    removed,
  };
}

test('a thread takes over what another offers, once, and leaves its own offers alone', () => {
  const { one, two, removed } = pair();
  const slot = one.offer(1, 7, 3, '');
  const ticket = one.ticketAt(slot);
  assert.equal(one.takeOver(1, 0, ''), false);
  assert.equal(two.takeOver(0, 0, ''), false);
  assert.equal(two.takeOver(1, 4, ''), false);
  assert.equal(two.takeOver(1, 3, ''), true);
  assert.deepEqual([two.fd, two.uses], [7, 3]);
  assert.deepEqual(removed, [[100, 7]]);
  assert.equal(two.takeOver(1, 0, ''), false);
  assert.equal(one.reclaim(slot, ticket), false, 'its former owner finds it gone');
});

test('an old ticket is no good for a slot that was offered again', () => {
  const { one, two } = pair();
  const slot = one.offer(0, 7, 1, '');
  const ticket = one.ticketAt(slot);
  assert.ok(two.takeOver(0, 0, ''));
  const again = two.offer(0, 9, 2, '');
  assert.equal(again, slot);
  assert.equal(one.reclaim(slot, ticket), false);
  assert.equal(two.reclaim(again, two.ticketAt(again)), true);
  assert.equal(two.reclaim(again, ticket), false);
});

test('a server whose slots are all taken refuses, and takes again after a reclaim', () => {
  const { one } = pair();
  const slots: number[] = [];
  for (let fd = 0; ; fd++) {
    const slot = one.offer(0, fd, 1, '');
    if (slot < 0) break;
    slots.push(slot);
  }
  assert.ok(slots.length >= 16);
  assert.ok(one.reclaim(slots[3], one.ticketAt(slots[3])));
  assert.equal(one.offer(0, 500, 1, ''), slots[3]);
});

test('streams take over connections of their own kind only', () => {
  const { one, two } = pair();
  const slot = one.offer(0, 7, 1, ' 192.0.2.1:80');
  assert.ok(slot >= 0);
  assert.equal(two.takeOver(0, 0, ''), false);
  assert.equal(two.takeOver(0, 0, ' 192.0.2.2:80'), false);
  assert.equal(two.takeOver(0, 0, ' 192.0.2.1:80'), true);
  assert.equal(two.fd, 7);
});
