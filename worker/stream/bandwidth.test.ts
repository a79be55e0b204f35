import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timers } from '../loop/timers.ts';
import type { ThreadContext } from '../thread-context.ts';
import { Bandwidth, Limit } from './bandwidth.ts';

class Clock {
  nowMs = 1_000_000;
  readonly timers = new Timers(this.nowMs);
  readonly thread = { time: this, timers: this.timers } as unknown as ThreadContext;
}

const own = (filter: number, limitBytes: number, minBytes = 0, isIn = false): Limit =>
  new Limit({ filter, isIn, minBytes }, { limitBytes, periodMs: 1000 }, null);

/** Milliseconds until `length` bytes have passed, in steps of at most `most`. */
function pass(clock: Clock, limit: Limit, length: number, most: number): number {
  const startMs = clock.nowMs;
  for (let left = length; left > 0; ) {
    const wanted = Math.min(left, most);
    const taken = limit.take(wanted, clock.nowMs);
    assert.ok(taken >= 0 && taken <= wanted);
    left -= taken;
    if (left > 0 && taken < wanted) {
      assert.ok(limit.untilMs > clock.nowMs, 'what may not go on has a time when it may');
      clock.nowMs = limit.untilMs;
    }
  }
  return clock.nowMs - startMs;
}

test('payload takes the time that its limit says', () => {
  for (const minBytes of [0, 100, 2896]) {
    for (const most of [500, 16_384]) {
      const clock = new Clock();
      const tookMs = pass(clock, own(1, 10_000, minBytes), 100_000, most);
      assert.ok(tookMs > 8000 && tookMs < 12_500, `${tookMs} ms, min ${minBytes}, most ${most}`);
    }
  }
});

test('what stays below the limit does not wait', () => {
  const clock = new Clock();
  const limit = own(1, 10_000);
  for (let i = 0; i < 50; i++) {
    assert.equal(limit.take(400, clock.nowMs), 400);
    clock.nowMs += 100;
  }
});

test('limits of both directions are apart, and the narrowest one counts', () => {
  const clock = new Clock();
  const bandwidth = new Bandwidth(clock.thread);
  bandwidth.add(own(2, 1000));
  bandwidth.add(own(1, 500));
  bandwidth.add(own(3, 100, 0, true));
  assert.ok(bandwidth.governs(true) && bandwidth.governs(false));
  assert.equal(bandwidth.take(false, 2000), 500);
  assert.equal(bandwidth.take(true, 2000), 100);
  assert.equal(bandwidth.take(false, 2000), 0);
  assert.equal(bandwidth.limitOf(2)?.plan.filter, 2);
  assert.equal(bandwidth.limitOf(4), null);
});

test('who waits goes on when its time has come, and never after the end', () => {
  const clock = new Clock();
  const bandwidth = new Bandwidth(clock.thread);
  bandwidth.add(own(1, 1000));
  bandwidth.take(false, 3000);
  let gone = 0;
  const untilMs = bandwidth.wait(false, () => void gone++);
  assert.ok(untilMs > clock.nowMs);
  clock.timers.advance(untilMs + 1000);
  assert.equal(gone, 1);
  bandwidth.wait(false, () => void gone++);
  bandwidth.end();
  clock.timers.advance(untilMs + 100_000);
  assert.equal(gone, 1);
});
