// Profiles of a thread's calls: when they are measured, and what is added up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfilingMode } from '../../shared/profiling-mode.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { Loop } from './loop.ts';
import { LoopProfile } from './profile.ts';

function profile(mode: ProfilingMode) {
  const clock = { ns: 0 };
  return { clock, profile: new LoopProfile(mode, 7, () => clock.ns) };
}

test('auto begins when turns are slow, and ends when they are quick again', () => {
  const { profile: auto } = profile('auto');
  for (let turn = 0; turn < 5000; turn++) auto.turned(998);
  assert.equal(auto.isOn, false);
  for (let turn = 0; turn < 5000 && !auto.isOn; turn++) auto.turned(1100);
  assert.equal(auto.isOn, true);
  auto.turned(995);
  assert.equal(auto.isOn, true, 'not off before 990');
  for (let turn = 0; turn < 5000 && auto.isOn; turn++) auto.turned(900);
  assert.equal(auto.isOn, false);
  assert.ok(auto.averageUs < 990 && auto.averageUs > 980, String(auto.averageUs));
});

test('on begins anew, off keeps what was found', () => {
  const { profile: one, clock } = profile('off');
  assert.deepEqual([one.isOn, one.startedMs], [false, 0]);
  one.setMode('on', 100);
  one.wokenNs = 5;
  clock.ns = 30;
  one.note('A', 'events', 10);
  one.note('A', 'events', 25);
  clock.ns = 40;
  one.fire({ dueMs: 0, bucket: -1, timerNext: null, timerPrevious: null, onTimeout }, 0);
  one.setMode('off', 250);
  assert.deepEqual([one.isOn, one.startedMs, one.stoppedMs], [false, 100, 250]);
  const events = { name: 'A', cause: 'events', calls: 2, workNs: 25, waitNs: 25 };
  const timer = { name: 'Object', cause: 'timer', calls: 1, workNs: 8, waitNs: 35 };
  assert.deepEqual(one.list(), [events, timer]);
  one.setMode('on', 300);
  assert.deepEqual([one.list(), one.stoppedMs], [[], 0]);

  function onTimeout(): void {
    clock.ns += 8;
  }
});

test('a loop notes what it calls while the profile is on, and nothing else', () => {
  const sys = linuxSys();
  const nowMs = (): number => sys.monotonicNs() / 1e6;
  const hooks = { nowMs, endOfTurn: () => {}, onFault: assert.ifError };
  const loop = new Loop(sys, hooks, { batchMax: 8, profiling: 'off' });
  let calls = 0;
  const defer = (): void => loop.defer(() => void calls++);
  defer();
  loop.once(0);
  assert.deepEqual(loop.profile.list(), []);
  loop.profile.setMode('on', nowMs());
  for (let i = 0; i < 3; i++) defer();
  loop.once(0);
  const entry = loop.profile.list().find(({ cause }) => cause === 'deferred');
  assert.ok(entry !== undefined);
  assert.deepEqual([entry.name, entry.calls], ['act', 3]);
  assert.ok(entry.workNs > 0 && entry.waitNs > 0);
  assert.equal(calls, 4);
});
