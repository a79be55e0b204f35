// A short torture (torture.ts says what it proves). HAWSER_SEED repeats a run, HAWSER_KILLS makes
// it longer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { torture } from './torture.ts';

const seed = Number(process.env['HAWSER_SEED'] ?? process.pid);
const kills = Number(process.env['HAWSER_KILLS'] ?? 20);

test(`kill -9 at random: only what was in flight is lost (HAWSER_SEED=${seed})`, async () => {
  const { counted, lost } = await torture({ seed, kills, say: () => undefined });
  assert.ok(counted > 0);
  // Of each kind of counter and thread at most one is in flight when its process dies.
  assert.ok(lost <= (kills + kills / 5) * 2 * 3, `${lost} lost`);
});
