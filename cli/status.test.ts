// The table of `hawser status` in terminals of several widths.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Status, statusText } from './status.ts';
import { plain } from './terminal.ts';

const process = { reloads: 1, failedReloads: 0, uptimeSeconds: 93_784, version: '3.5' };
const counts = { connections: 31, maxconn: 10_000, requestsPerSecond: 240, requests: 17_280 };
const found: Status = {
  socket: '/run/x.sock',
  state: 'serving',
  master: { ...process, pid: 18_200, role: 'master', generation: 0 },
  workers: [{ ...process, pid: 18_349, role: 'worker', generation: 2, ...counts, threads: 2 }],
};

const titles = (width?: number): string[] =>
  statusText(found, plain, width).split('\n')[2].trim().split(/ +/);

test('a narrow terminal goes without what is least asked for', () => {
  assert.equal(titles().length, 8);
  assert.deepEqual(titles(60), ['PID', 'ROLE', 'UP', 'CONNECTIONS', 'REQUESTS']);
  for (const width of [50, 60, 80]) {
    const lines = statusText(found, plain, width).split('\n');
    for (const line of lines) assert.ok(line.length <= width, `${width}: ${line}`);
  }
});
