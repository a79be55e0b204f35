// What `show proc`, `show info` and a reload's answer say, as data, and the sentences made of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInfo, parseProcesses } from './processes.ts';
import { messagesOf } from './reload.ts';
import { statusText } from './status.ts';
import { plain } from './terminal.ts';

const table = `#<PID>          <type>          <reloads>       <uptime>        <version>      \t\t <generation>
18200           master          2 [failed: 1]   1d02h03m04s     3.5-dev5       
# workers
18349           worker          1               0d00h01m00s     3.5-dev5       \t\t 2
# old workers
18212           worker          2               0d00h02m00s     3.5-dev5       \t\t 1

`;

test('show proc debug is read, with or without generations', () => {
  const rows = parseProcesses(table);
  assert.deepEqual(
    rows?.map(({ pid, role, reloads, failedReloads, uptimeSeconds, generation }) => [
      ...[pid, role, reloads, failedReloads, uptimeSeconds, generation],
    ]),
    [
      [18200, 'master', 2, 1, 93_784, 0],
      [18349, 'worker', 1, 0, 60, 2],
      [18212, 'old worker', 2, 0, 120, 1],
    ],
  );
  const bare = parseProcesses(table.replaceAll(/\t\t .*/g, ''));
  assert.deepEqual(
    bare?.map(({ generation }) => generation),
    [0, 0, 0],
  );
  assert.equal(parseProcesses("Unknown command: 'show'\n"), null);
});

test('the youngest worker serves on where a reload has failed, whatever it is called', () => {
  const rows = parseProcesses(table.replace('# workers\n', '# old workers\n'));
  assert.deepEqual(
    rows?.map(({ role }) => role),
    ['master', 'worker', 'old worker'],
  );
});

test('show info is read', () => {
  assert.equal(parseInfo('Name: HAProxy\nUptime: 0d 0h00m01s\n').get('Uptime'), '0d 0h00m01s');
});

test('messages keep the lines that belong to them', () => {
  assert.deepEqual(messagesOf('[NOTICE]   (1) : one\n[ALERT]    (1) : two\n  \tline\n  ^\n'), [
    { level: 'notice', text: 'one' },
    { level: 'alert', text: 'two\n  \tline\n  ^' },
  ]);
});

test('a refusal is a message', () => {
  const text = 'Another reload is still in progress.\n';
  assert.deepEqual(messagesOf(text), [{ level: 'alert', text: text.trim() }]);
});

test('the status says in one sentence what is the matter', () => {
  const rows = parseProcesses(table) ?? [];
  const found = {
    socket: 's',
    state: 'serving-but-last-reload-failed',
    master: rows[0],
    workers: [{ ...rows[1], connections: 3, maxconn: 10, requests: 7 }, rows[2]],
  };
  const lines = statusText(found, plain).split('\n');
  assert.match(lines[0], /^serving \(version 3\.5-dev5\), 2 reloads, the last one failed: /);
  assert.match(lines[3], /^18200 {2}master +- +1d 02:03:04/);
  assert.match(lines[4], /^18349 {2}serving +2 +00:01:00 +- +3 of 10 +- +7$/);
  assert.match(lines[5], /^18212 {2}finishing/);
  assert.match(statusText({ ...found, state: 'no-worker' }, plain), /^no worker serves, 2 reloads/);
});
