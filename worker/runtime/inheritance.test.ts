// Servers that track another follow it into maintenance and drain, and out of them, with those
// that track them in turn; what was forced on them stays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { converse, sampleContext, tableOf } from './sample-context.ts';
import { serverCommands } from './servers.ts';
import { showCommands } from './show.ts';

const text = `backend be
  server a 127.0.0.1:1 check
  server b 127.0.0.1:2 track a
  server c 127.0.0.1:3 track be/b
  server d 127.0.0.1:4 track a
`;

const { context, done } = sampleContext(text);
const table = tableOf(serverCommands, showCommands);

/** Operational and administrative states of a to d. */
async function after(line: string): Promise<string> {
  await converse(context, table, [`${line}\n`]);
  const shown = await converse(context, table, ['show servers state\n']);
  return [...shown.matchAll(/ [a-d] 127\.0\.0\.1 (\d+ \d+) /g)].map(([, one]) => one).join(', ');
}

test('maintenance and drain are inherited', async () => {
  assert.equal(await after('disable server be/a'), '0 1, 0 2, 0 2, 0 2');
  const told = done.filter((line) => line.includes('maintenance'));
  assert.equal(told.length, 4, told.join('\n'));
  assert.equal(await after('disable server be/b'), '0 1, 0 3, 0 2, 0 2');
  assert.equal(await after('enable server be/a'), '2 0, 0 1, 0 2, 2 0');
  assert.equal(await after('enable server be/b'), '2 0, 2 0, 2 0, 2 0');
  assert.ok(told.some((line) => / be\/c is going DOWN for maintenance via be\/b\./.test(line)));
  assert.equal(await after('set server be/a state drain'), '2 8, 2 16, 2 16, 2 16');
  assert.equal(await after('set server be/a state ready'), '2 0, 2 0, 2 0, 2 0');
});

test('what tracks a server that starts in maintenance starts there', async () => {
  const started = sampleContext(`backend be
  server a 127.0.0.1:1 track b
  server b 127.0.0.1:2 track c
  server c 127.0.0.1:3 check disabled
`);
  const lines = await converse(started.context, table, ['show servers state\n']);
  const states = [...lines.matchAll(/ [abc] 127\.0\.0\.1 (\d+ \d+) /g)].map(([, one]) => one);
  assert.deepEqual(states, ['0 2', '0 2', '0 5']);
});
