// How long the master waits before it starts a worker again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Respawn, respawnDelayMs } from './respawn.ts';

test('the delay doubles with every death in a row, up to ten seconds', () => {
  const delays = [0, 1, 2, 3, 4, 8, 9, 100].map(respawnDelayMs);
  assert.deepEqual(delays, [0, 0, 100, 200, 400, 6400, 10_000, 10_000]);
});

test('a worker that lived long is replaced at once, whatever was before', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const delays: number[] = [];
  const respawn = new Respawn((delayMs) => delays.push(delayMs));
  for (const lifeMs of [20_000, 5, 5, 5, 60_000, 5]) {
    respawn.after(lifeMs);
    context.mock.timers.tick(20_000);
  }
  assert.deepEqual(delays, [0, 100, 200, 400, 0, 100]);
});

test('nothing is started after cancel and reset', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const delays: number[] = [];
  const respawn = new Respawn((delayMs) => delays.push(delayMs));
  respawn.after(0);
  respawn.cancel();
  respawn.after(0);
  respawn.reset();
  context.mock.timers.tick(20_000);
  respawn.after(0);
  context.mock.timers.tick(20_000);
  assert.deepEqual(delays, [0]);
});
