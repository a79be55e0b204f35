// The shared clock: never back, continued by whoever comes next, agreed on by all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import type { Sys } from '../sys/sys.ts';
import { clockSkewNs, SharedClock } from './clock.ts';
import { memorySegment } from './segment.ts';

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
