// Idle connections of a thread, where descriptors become scarce (manual, tune.pool-low-fd-ratio and
// tune.pool-high-fd-ratio).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timers } from '../loop/timers.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { H1Back } from './h1-back.ts';
import { ServerPool } from './idle-pool.ts';

/** A pool in a process of 1000 descriptors, of which `used.count` are in use. */
function poolWith(used: { count: number }) {
  const tune = { poolLowFdRatio: 20, poolHighFdRatio: 25 };
  const thread = {
    gauges: { descriptors: () => used.count },
    timers: new Timers(0),
    time: { nowMs: 1 },
    program: { model: { global: { ulimitN: 1000, tune } } },
  } as unknown as ThreadContext;
  const server = {
    model: { poolMaxConn: -1, poolPurgeDelayMs: 5000, poolLowConn: 0, maxReuse: -1 },
    words: new Int32Array(new SharedArrayBuffer(64)),
    liveAt: 0,
    target: { isDynamic: false },
  } as unknown as Server;
  const pool = new ServerPool(thread, server, null, 0);
  const closed: string[] = [];
  const connection = (name: string): H1Back =>
    ({
      ...{ useCount: 1, hash: '', poolIndex: -1, shareSlot: -1 },
      connection: { isOpen: true, transport: null },
      detach: () => {},
      close: () => void closed.push(name),
    }) as unknown as H1Back;
  const put = (name: string): void => {
    pool.borrowed();
    pool.put(connection(name));
    pool.returned();
  };
  // So many were needed of late: all of them are worth keeping.
  for (let i = 0; i < 4; i++) pool.borrowed();
  for (let i = 0; i < 4; i++) pool.returned();
  return { pool, put, closed };
}

test('below the lower ratio all that are needed stay, from it on only one', () => {
  const used = { count: 199 };
  const { pool, put, closed } = poolWith(used);
  put('a');
  put('b');
  assert.deepEqual([pool.size, closed], [2, []]);
  used.count = 200;
  put('c');
  assert.deepEqual([pool.size, closed], [2, ['c']]);
  const empty = poolWith(used);
  empty.put('d');
  assert.deepEqual([empty.pool.size, empty.closed], [1, []]);
});

test('from the higher ratio on none stays, and a new one takes the place of the oldest', () => {
  const used = { count: 100 };
  const { pool, put, closed } = poolWith(used);
  put('a');
  put('b');
  pool.makeRoom();
  assert.deepEqual([pool.size, closed], [2, []]);
  used.count = 250;
  put('c');
  pool.makeRoom();
  assert.deepEqual([pool.size, closed], [2, ['c']], 'not above it yet');
  used.count = 251;
  pool.makeRoom();
  assert.deepEqual([pool.size, closed], [1, ['c', 'a']]);
});
