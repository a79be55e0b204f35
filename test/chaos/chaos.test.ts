// The chaos story, short: a second and a half of killed, hanging and slow servers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runStory } from './story.ts';

test('retries hide what servers do', async (context) => {
  const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 2 ** 31);
  context.diagnostic(`HAWSER_SEED=${seed}`);
  const result = await runStory(context, { servers: 8, clients: 4, seconds: 1.5, seed });
  assert.deepEqual(result.errors, []);
  assert.ok(result.requests > 20, `${result.requests} requests`);
  assert.ok(result.changes > 10, `${result.changes} changes`);
});
