// Who gets an accepted connection (manual, tune.listener.multi-queue).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpreadMode } from '../../shared/config/model-process.ts';
import type { ListenerPlan } from '../program.ts';
import { Listener, type ListenerHost } from './listener.ts';

const EAGAIN = 11;

/** Threads that get six connections one after the other, accepted by thread 1 of 4. */
function spread(mode: SpreadMode, threads: readonly number[] | null, loads: number[]): number[] {
  const given: number[] = [];
  const take = (thread: number): boolean => {
    loads[thread]++;
    given.push(thread);
    return true;
  };
  const sys = { address: () => null, accept: () => (given.length < 6 ? 9 : -EAGAIN) };
  const host = {
    thread: {
      ...{ index: 1, sys, rare: { count: assert.fail } },
      program: { model: { global: { tune: { maxaccept: 0, listenerMultiQueue: mode } } } },
    },
    rings: {
      threads: 4,
      loadOf: (thread: number) => loads[thread],
      leastLoaded: () => loads.indexOf(Math.min(...loads)),
      push: take,
    },
    limits: { reserve: () => true, confirm: () => {}, cancel: () => {} },
    accept: () => take(1),
    wake: () => {},
  } as unknown as ListenerHost;
  const plan = { index: 0, object: { fd: 3 } } as unknown as ListenerPlan;
  new Listener(host, plan, threads).onEvents();
  return given;
}

test('on: the least loaded thread, of those that the bind line allows', () => {
  assert.deepEqual(spread('on', null, [5, 3, 0, 5]), [2, 2, 2, 1, 2, 1]);
  assert.deepEqual(spread('on', [0, 1], [5, 3, 0, 5]), [1, 1, 1, 0, 1, 0]);
});

test('fair: one after the other, whatever their load', () => {
  assert.deepEqual(spread('fair', null, [9, 0, 0, 0]), [2, 3, 0, 1, 2, 3]);
  assert.deepEqual(spread('fair', [1, 3], [9, 0, 0, 0]), [1, 3, 1, 3, 1, 3]);
});

test('off: the thread that accepted it keeps it', () => {
  assert.deepEqual(spread('off', null, [0, 9, 0, 0]), [1, 1, 1, 1, 1, 1]);
});
