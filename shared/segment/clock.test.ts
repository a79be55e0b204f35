// The shared clock: never back, continued by whoever comes next, agreed on by all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { clockSkewNs, SharedClock } from './clock.ts';
import { longClockNs } from './layout.ts';
import { memorySegment, type Segment } from './segment.ts';
import { addRate, readRate } from './table-data.ts';

const second = 1e9;
const capacity = { objects: 4, writers: 2, objectsMax: 0 };

function born(monotonicNs: number) {
  const sys: Sys = { ...linuxSys(), monotonicNs: () => monotonicNs };
  return memorySegment(sys, capacity);
}

test('time follows the local clock and is published', () => {
  const segment = born(100 * second);
  const clock = new SharedClock(segment, 100 * second, null);
  assert.equal(clock.nowNs, 100 * second);
  clock.turn(101.5 * second);
  assert.equal(clock.nowMs, 101_500);
  assert.equal(new SharedClock(segment, 0, null).nowNs, 101.5 * second);
});

test('the local clock may step back: time stands still and goes on from there', () => {
  const clock = new SharedClock(born(100 * second), 100 * second, null);
  clock.turn(110 * second);
  clock.turn(50 * second);
  assert.equal(clock.nowNs, 110 * second);
  clock.turn(51 * second);
  assert.equal(clock.nowNs, 111 * second);
});

test('after a reboot or on another host time continues where the last writer stopped', () => {
  const segment = born(1_000_000 * second);
  new SharedClock(segment, 1_000_000 * second, null).turn(1_000_010 * second);
  assert.equal(clockSkewNs(segment, 20 * second), 999_990 * second);
  const next = new SharedClock(segment, 20 * second, null);
  next.turn(21 * second);
  assert.equal(next.nowNs, 1_000_011 * second);
});

test('two processes with different clocks converge to the one that is ahead', () => {
  const segment = born(100 * second);
  const one = new SharedClock(segment, 100 * second, null);
  const two = new SharedClock(segment, 7000 * second, null);
  for (let i = 1; i <= 5; i++) {
    one.turn((100 + i) * second);
    two.turn((7000 + i) * second);
    assert.equal(one.nowNs, two.nowNs);
  }
  one.turn(109 * second);
  two.turn(7006 * second);
  assert.equal(two.nowNs, one.nowNs, 'the one behind jumps ahead');
  two.turn(7007 * second);
  assert.equal(two.nowNs, one.nowNs + second);
});

test('threads of one process share an offset and agree without publishing', () => {
  const segment = born(100 * second);
  const control = new SharedClock(segment, 100 * second, null);
  const thread = new SharedClock(segment, 160 * second, control.offsetNs);
  assert.equal(thread.nowNs, 160 * second, 'not where an idle control thread stopped');
});

test('small steps are not published, a millisecond is', () => {
  const segment = born(100 * second);
  const clock = new SharedClock(segment, 100 * second, null);
  clock.turn(100 * second + 900_000);
  assert.equal(clockSkewNs(segment, 100 * second), 0);
  clock.turn(100 * second + 1_000_000);
  assert.equal(clockSkewNs(segment, 100 * second), 1_000_000);
});

test('a clock far behind, or 30 days of downtime: time goes on where it stopped', () => {
  const segment = born(100 * second);
  new SharedClock(segment, 100 * second, null).turn(160 * second);
  const days = 30 * 86_400 * second;
  assert.equal(clockSkewNs(segment, days + 160 * second), -days);
  const next = new SharedClock(segment, days + 160 * second, null);
  assert.equal(next.nowNs, 160 * second);
  next.turn(days + 163 * second);
  assert.equal(next.nowNs, 163 * second);
});

test('a process that was suspended goes on with the others, and nobody goes back', () => {
  const segment = born(100 * second);
  const awake = new SharedClock(segment, 100 * second, null);
  const asleep = new SharedClock(segment, 100 * second, null);
  for (let i = 1; i <= 3600; i++) awake.turn((100 + i) * second);
  // Its clock ran (a stopped process), or stood (a suspended machine).
  for (const resumedNs of [3700 * second, 100 * second]) {
    const before = awake.nowNs;
    const sleeper = resumedNs === 100 * second ? new SharedClock(segment, resumedNs, -1e9) : asleep;
    sleeper.turn(resumedNs);
    awake.turn(3700 * second + 2e6);
    assert.ok(awake.nowNs >= before);
    assert.ok(awake.nowNs - before <= 2e6, 'nothing leaps');
    sleeper.turn(resumedNs + 2e6);
    assert.ok(Math.abs(sleeper.nowNs - awake.nowNs) <= 2e6, 'both agree again');
  }
});

test('32 bits of milliseconds are no limit', () => {
  const wrap = 2 ** 32 * 1e6;
  const segment = born(wrap - 5 * second);
  const clock = new SharedClock(segment, wrap - 5 * second, null);
  for (let i = -4; i <= 5; i++) {
    clock.turn(wrap + i * second);
    assert.equal(clock.nowMs, 2 ** 32 + i * 1000);
  }
  // A rate and an age across it.
  const floats = new Float64Array(2);
  const rate = { floats, words: new Int32Array(floats.buffer) };
  addRate(rate, 0, 10_000, { nowMs: 2 ** 32 - 2000, count: 3 });
  addRate(rate, 0, 10_000, { nowMs: 2 ** 32 + 2000, count: 4 });
  assert.equal(readRate(rate, 0, 10_000, 2 ** 32 + 3000), 7);
  assert.equal(readRate(rate, 0, 10_000, 2 ** 32 + 13_000), 3);
});

/** A machine or process of the story: its monotonic clock runs in its own way. */
class Host {
  monotonicNs: number;
  readonly speed: number;
  clock: SharedClock;
  private readonly segment: Segment;

  constructor(segment: Segment, monotonicNs: number, speed: number) {
    this.segment = segment;
    this.monotonicNs = monotonicNs;
    this.speed = speed;
    this.clock = new SharedClock(segment, monotonicNs, null);
  }

  /** Real time passes; without a turn it is not looked at. */
  pass(ns: number): void {
    this.monotonicNs += ns * this.speed;
  }

  turn(): void {
    this.clock.turn(this.monotonicNs);
  }

  reboot(monotonicNs: number): void {
    this.monotonicNs = monotonicNs;
    this.clock = new SharedClock(this.segment, monotonicNs, null);
  }
}

const stored = (segment: Segment): number => Number(segment.longs[longClockNs]);

test('clocks that drift, sleep and boot again: time never goes back, and never leaps', () => {
  const seed = Number(process.env['HAWSER_SEED'] ?? process.pid);
  let state = seed >>> 0 || 1;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const segment = born(1e6 * second);
  const hosts = [0.9999, 1, 1.0002].map(
    (speed, i) => new Host(segment, (i + 1) * 1e6 * second, speed),
  );
  let fastest = stored(segment);
  for (let step = 0; step < 20_000; step++) {
    const passed = random() * 20e6;
    fastest += passed * 1.0002;
    const before = stored(segment);
    for (const host of hosts) {
      host.pass(passed);
      const seen = host.clock.nowNs;
      const what = random();
      const boots = what < 0.001;
      if (boots) host.reboot(random() * 1e6 * second);
      else if (what < 0.8) host.turn();
      // The last millisecond need not have been published when a machine goes.
      const least = boots ? seen - 1e6 : seen;
      assert.ok(host.clock.nowNs >= least, `back at step ${step} (HAWSER_SEED=${seed})`);
      assert.ok(host.clock.nowNs <= fastest + 1e3, `leap at step ${step} (HAWSER_SEED=${seed})`);
    }
    assert.ok(stored(segment) >= before);
  }
  // Turns every tenth of a millisecond, as under load: all look at what the fastest has published.
  for (let i = 0; i < 100; i++) {
    for (const host of hosts) {
      host.pass(1e5);
      host.turn();
    }
  }
  const times = hosts.map(({ clock }) => clock.nowNs);
  // What the fastest has not published yet, and what has passed since the others looked.
  const apart = Math.max(...times) - Math.min(...times);
  assert.ok(apart <= 1.2e6, `${apart} ns apart (HAWSER_SEED=${seed})`);
});
