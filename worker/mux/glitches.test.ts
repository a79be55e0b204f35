import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RareEvents, rare } from '../memory/rare-events.ts';
import type { ThreadContext } from '../thread-context.ts';
import { glitchBorne, glitchKills, glitchLast, judgeGlitches } from './glitches.ts';

const place = rare.h2HeadOdd;

function threadWith(glitchesKillPercent: number, busy: number): ThreadContext {
  const program = { model: { global: { tune: { glitchesKillPercent } } } };
  const gauges = { usageOf: () => busy };
  const rare = new RareEvents(true);
  return { program, index: 1, rare, gauges } as unknown as ThreadContext;
}

test('without a limit nothing ends a connection', () => {
  assert.equal(judgeGlitches(threadWith(0, 100), place, 1_000_000, 0), glitchBorne);
});

test('three quarters of the limit end it in good order, the limit cuts it off', () => {
  const thread = threadWith(0, 0);
  assert.equal(judgeGlitches(thread, place, 2, 4), glitchBorne);
  assert.equal(judgeGlitches(thread, place, 3, 4), glitchLast);
  assert.equal(judgeGlitches(thread, place, 4, 4), glitchKills);
  assert.equal(judgeGlitches(thread, place, 1, 1), glitchKills);
  const seen = thread.rare.list().filter(({ count }) => count > 0);
  assert.deepEqual(
    seen.map(({ kind, count }) => [kind, count]),
    [['GLT', 4]],
  );
});

test('nobody is cut off while there is CPU time to spare', () => {
  assert.equal(judgeGlitches(threadWith(80, 79), place, 10, 4), glitchLast);
  assert.equal(judgeGlitches(threadWith(80, 80), place, 10, 4), glitchKills);
});
