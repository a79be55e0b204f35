// Buffers of a thread (manual, tune.buffers.limit).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ThreadStart } from '../shared/messages.ts';
import { scratchSlots } from './thread-context.ts';
import { slotsOf } from './thread-setup.ts';

function slots(buffersLimit: number, threadCount: number): number {
  const model = { global: { maxconn: 1000, tune: { bufsize: 16_384, buffersLimit } } };
  return slotsOf({ model, threadCount } as unknown as Pick<ThreadStart, 'model' | 'threadCount'>);
}

test('tune.buffers.limit is shared by the threads, none goes on with fewer than its reserve', () => {
  assert.equal(slots(0, 2), 8192);
  assert.equal(slots(1000, 2), 500 + scratchSlots);
  assert.equal(slots(1001, 2), 501 + scratchSlots);
  assert.equal(slots(1, 2), 16 + scratchSlots);
  assert.equal(slots(1_000_000, 2), 8192);
});
