// What the dashboard shows of a stick table, over a small worker in memory.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeCommands } from '../runtime/catalog.ts';
import { converse, sampleContext, sampleState } from '../runtime/sample-context.ts';
import { topEntries } from './top-entries.ts';
import type { TopTable } from './wire.ts';

const text = `
defaults
  timeout connect 1s
  timeout client 1s
  timeout server 1s
backend names
  stick-table type string len 40 size 1k store gpc0
backend addresses
  stick-table type ip size 100 store gpc0
`;

test('keys are shown as they are, the largest first', async () => {
  const { context } = sampleContext(text);
  const commands = runtimeCommands();
  for (const line of [
    'set table names key user=ann data.gpc0 5',
    'set table names key C:\\\\temp\\ a data.gpc0 7',
    'set table addresses key 10.0.0.1 data.gpc0 1',
  ]) {
    const answer = await converse(context, commands, [`${line}\n`], sampleState('admin'));
    assert.equal(answer.trim(), '<end>');
  }
  const shown = context.tables.list.flatMap((table) => (table === null ? [] : [whole(table)]));
  assert.deepEqual(
    shown.map(({ name, rows }) => [name, rows]),
    [
      [
        'names',
        [
          ['C:\\temp a', 7],
          ['user=ann', 5],
        ],
      ],
      ['addresses', [['10.0.0.1', 1]]],
    ],
  );
});

function whole(table: Parameters<typeof topEntries>[0]): TopTable {
  const steps = topEntries(table, 0);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
