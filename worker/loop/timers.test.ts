import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Timed, Timers } from './timers.ts';

class Probe implements Timed {
  dueMs = 0;
  bucket = -1;
  timerNext: Timed | null = null;
  timerPrevious: Timed | null = null;
  readonly fired: number[] = [];
  andThen: ((nowMs: number) => void) | null = null;

  onTimeout(nowMs: number): void {
    this.fired.push(nowMs);
    this.andThen?.(nowMs);
  }
}

/** Advances in steps of `stepMs` until `untilMs`. */
function run(timers: Timers, fromMs: number, untilMs: number, stepMs: number): void {
  for (let now = fromMs; now <= untilMs; now += stepMs) timers.advance(now);
}

test('a deadline fires once, not before it and within a bucket of it', () => {
  for (const dueMs of [1, 2, 3, 9, 100, 8191, 8192, 9000, 60_000]) {
    const timers = new Timers(0);
    const probe = new Probe();
    timers.schedule(probe, dueMs);
    run(timers, 1, dueMs + 20, 1);
    assert.equal(probe.fired.length, 1, `due ${dueMs}`);
    assert.ok(
      probe.fired[0] >= dueMs && probe.fired[0] <= dueMs + 4,
      `${probe.fired} for ${dueMs}`,
    );
    assert.equal(timers.size, 0);
  }
});

test('a deadline that moves later does not fire early, one that moves sooner does not fire late', () => {
  const timers = new Timers(0);
  const later = new Probe();
  const sooner = new Probe();
  timers.schedule(later, 50);
  timers.schedule(later, 500);
  timers.schedule(sooner, 500);
  timers.schedule(sooner, 50);
  run(timers, 1, 600, 1);
  assert.ok(later.fired.length === 1 && later.fired[0] >= 500);
  assert.ok(sooner.fired.length === 1 && sooner.fired[0] <= 54);
});

test('a cancelled deadline does not hold back a new, sooner one', () => {
  const timers = new Timers(0);
  const probe = new Probe();
  timers.schedule(probe, 5000);
  timers.cancel(probe);
  timers.schedule(probe, 100);
  run(timers, 1, 200, 1);
  assert.equal(probe.fired.length, 1);
});

test('sleepMs never passes a deadline', () => {
  const timers = new Timers(0);
  assert.equal(timers.sleepMs(0), -1);
  const probe = new Probe();
  timers.schedule(probe, 777);
  let now = 0;
  while (probe.fired.length === 0) {
    const wait = timers.sleepMs(now);
    assert.ok(wait >= 0 && now + wait <= 780, `sleeps ${wait} at ${now}`);
    now += Math.max(wait, 1);
    timers.advance(now);
  }
  assert.ok(now >= 777 && now <= 780);
});

test('a callback may schedule, remove and cancel any entry, those due with it included', () => {
  const timers = new Timers(0);
  const first = new Probe();
  const removed = new Probe();
  const cancelled = new Probe();
  const again = new Probe();
  for (const probe of [first, removed, cancelled, again]) timers.schedule(probe, 10);
  const act = (): void => {
    timers.remove(removed);
    timers.cancel(cancelled);
    timers.schedule(again, 40);
  };
  // Whichever of them comes first acts on the others.
  for (const probe of [first, removed, cancelled, again]) probe.andThen = act;
  run(timers, 1, 60, 1);
  const total = first.fired.length + removed.fired.length + cancelled.fired.length;
  assert.equal(total, 1, 'one of the three was first, the others were taken away');
  assert.equal(timers.size, again.dueMs === 0 ? 0 : 1);
});

test('a long sleep fires everything that has come due', () => {
  const timers = new Timers(0);
  const probes = Array.from({ length: 100 }, () => new Probe());
  for (const [index, probe] of probes.entries()) timers.schedule(probe, index * 1000 + 1);
  timers.advance(1_000_000);
  timers.advance(1_000_010);
  assert.ok(probes.every((probe) => probe.fired.length === 1));
});
