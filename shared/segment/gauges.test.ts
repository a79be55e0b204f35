import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateGauges, Gauges } from './gauges.ts';

test('threads and sockets have numbers of their own, which every view sees', () => {
  const buffer = allocateGauges(2, 3);
  const one = new Gauges(buffer, 2);
  const other = new Gauges(buffer, 2);
  one.setUsage(0, 10);
  other.setUsage(1, 41);
  one.enterSocket(0);
  one.enterSocket(2);
  other.enterSocket(2);
  one.leaveSocket(2);
  assert.deepEqual([one.usageOf(0), one.usageOf(1), one.usage()], [10, 41, 26]);
  assert.deepEqual(
    [0, 1, 2].map((index) => other.socketConnections(index)),
    [1, 0, 1],
  );
});
