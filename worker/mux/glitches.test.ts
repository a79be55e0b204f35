import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ThreadContext } from '../thread-context.ts';
import { glitchBorne, glitchKills, glitchLast, judgeGlitches } from './glitches.ts';

function threadWith(glitchesKillPercent: number, busy: number): ThreadContext {
  const program = { model: { global: { tune: { glitchesKillPercent } } } };
  return { program, index: 1, gauges: { usageOf: () => busy } } as unknown as ThreadContext;
}

test('without a limit nothing ends a connection', () => {
  assert.equal(judgeGlitches(threadWith(0, 100), 1_000_000, 0), glitchBorne);
});

test('three quarters of the limit end it in good order, the limit cuts it off', () => {
  const thread = threadWith(0, 0);
  assert.equal(judgeGlitches(thread, 2, 4), glitchBorne);
  assert.equal(judgeGlitches(thread, 3, 4), glitchLast);
  assert.equal(judgeGlitches(thread, 4, 4), glitchKills);
  assert.equal(judgeGlitches(thread, 1, 1), glitchKills);
});

test('nobody is cut off while there is CPU time to spare', () => {
  assert.equal(judgeGlitches(threadWith(80, 79), 10, 4), glitchLast);
  assert.equal(judgeGlitches(threadWith(80, 80), 10, 4), glitchKills);
});
