// Edits of process variables reach every other thread of the process, typed and in order.
// Two thread contexts in one thread stand for two threads: the channel does not tell them apart.

import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { kindAny, kindSint, kindString, Sample } from './sample/sample.ts';
import { shareProcessVariables } from './shared-values.ts';
import type { ThreadContext } from './thread-context.ts';

function threadOf(): ThreadContext {
  return { processVariables: [] } as unknown as ThreadContext;
}

test('process variables', async () => {
  const one = threadOf();
  const two = threadOf();
  const closeOne = shareProcessVariables(one);
  const closeTwo = shareProcessVariables(two);
  const sample = new Sample();
  sample.setText('a');
  one.publishVariable?.(2, sample);
  sample.setText('b');
  one.publishVariable?.(2, sample);
  sample.setInt(9223372036854775807n);
  one.publishVariable?.(0, sample);
  sample.setIpv4(1);
  one.publishVariable?.(1, sample);
  one.publishVariable?.(1, null);
  while (two.processVariables[1]?.kind !== kindAny) await setImmediate();
  assert.equal(two.processVariables[2]?.kind, kindString);
  assert.equal(two.processVariables[2]?.text, 'b');
  assert.equal(two.processVariables[0]?.kind, kindSint);
  assert.equal(two.processVariables[0]?.int, 9223372036854775807n);
  assert.equal(one.processVariables.length, 0);
  closeOne();
  closeTwo();
});
