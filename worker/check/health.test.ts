import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectTable } from '../../shared/segment/objects.ts';
import {
  statusL4Connection,
  statusL4Ok,
  statusL4Timeout,
} from '../../shared/segment/check-status.ts';
import {
  ServerWords,
  serverHealth,
  serverState,
  stateRunning,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import { applyResult, changeText, healthText, intervalMs, reasonText } from './health.ts';

function words(rise: number, fall: number): ServerWords {
  const table = { sharedWords: (index: number) => index * 64 } as unknown as ObjectTable;
  const server = new ServerWords(new Int32Array(new SharedArrayBuffer(512)), table, 0, 1);
  const setup = {
    weight: 1,
    disabled: false,
    backup: false,
    maxconn: 0,
    checked: true,
    initUp: true,
  };
  server.prepare({ ...setup, rise, fall }, 1, 100);
  return server;
}

const result = (ok: boolean) => ({
  status: ok ? statusL4Ok : statusL4Connection,
  info: ok ? '' : 'Connection refused',
  durationMs: 0,
});

/**
 * `results`: + a good check, - a bad one; expected: the counter after each, D and U for changes.
 */
const stories: readonly (readonly [
  rise: number,
  fall: number,
  results: string,
  expected: string,
])[] = [
  [2, 3, '-', '0D'],
  [2, 3, '+', '4'],
  [2, 3, '+---', '4 3 2 0D'],
  [2, 3, '+--+', '4 3 2 4'],
  [2, 3, '-++', '0D 1 4U'],
  [2, 3, '-+-+', '0D 1 0 1'],
  [1, 1, '-+-', '0D 1U 0D'],
  [3, 1, '-+++', '0D 1 2 3U'],
  [2, 3, '--', '0D 0'],
];

for (const [rise, fall, results, expected] of stories) {
  test(`rise ${rise} fall ${fall}: ${results}`, () => {
    const server = words(rise, fall);
    const seen = [...results].map((sign) => {
      const change = applyResult(server, result(sign === '+'), 200);
      const mark = change.became === '' ? '' : change.became === 'up' ? 'U' : 'D';
      const state = server.words[server.at + serverState];
      if (mark !== '') assert.equal(state, mark === 'U' ? stateRunning : stateStopped);
      return server.words[server.at + serverHealth] + mark;
    });
    assert.equal(seen.join(' '), expected);
  });
}

test('only results that change something are news, only failures of a live server count', () => {
  const server = words(2, 3);
  assert.deepEqual(applyResult(server, result(true), 1), {
    isNews: true,
    isFailure: false,
    became: '',
  });
  assert.equal(applyResult(server, result(true), 1).isNews, false);
  applyResult(server, result(false), 1);
  applyResult(server, result(false), 1);
  assert.equal(applyResult(server, result(false), 1).isFailure, true);
  assert.deepEqual(applyResult(server, result(false), 1), {
    isNews: false,
    isFailure: false,
    became: '',
  });
});

test('intervals: full health, changing, down', () => {
  const times = { interMs: 2000, fastinterMs: 500, downinterMs: 9000 };
  const server = words(2, 3);
  assert.equal(intervalMs(server, times), 500);
  applyResult(server, result(true), 1);
  assert.equal(intervalMs(server, times), 2000);
  for (let i = 0; i < 3; i++) applyResult(server, result(false), 1);
  assert.equal(intervalMs(server, times), 9000);
  assert.equal(intervalMs(server, { interMs: 2000, fastinterMs: 0, downinterMs: 0 }), 2000);
});

const names = { backend: 'be', server: 's1', isBackup: false };
const none = { active: 0, backup: 0, sessions: 0, requeued: 0, queued: 0 };

test('sentences of a change, as monitoring reads them', () => {
  assert.equal(
    changeText(names, 'down', reasonText(result(false)), none),
    'Server be/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", ' +
      'check duration: 0ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, ' +
      '0 remaining in queue.',
  );
  const timeout = { status: statusL4Timeout, info: '', durationMs: 2001.4 };
  assert.equal(
    changeText({ ...names, isBackup: true }, 'down', reasonText(timeout), { ...none, backup: 1 }),
    'Backup Server be/s1 is DOWN, reason: Layer4 timeout, check duration: 2001ms. ' +
      '0 active and 1 backup servers left. Running on backup. ' +
      '0 sessions active, 0 requeued, 0 remaining in queue.',
  );
  assert.equal(
    changeText(names, 'up', ' via a/b', { ...none, active: 2, queued: 3 }),
    'Server be/s1 is UP via a/b. 2 active and 0 backup servers online. ' +
      '0 sessions requeued, 3 total in queue.',
  );
});

test('option log-health-checks', () => {
  const server = words(2, 3);
  const bad = result(false);
  applyResult(server, bad, 1);
  assert.equal(
    healthText(names, bad, server),
    'Health check for server be/s1 failed, reason: Layer4 connection problem, ' +
      'info: "Connection refused", check duration: 0ms, status: 0/2 DOWN.',
  );
  applyResult(server, result(true), 1);
  applyResult(server, result(true), 1);
  assert.equal(
    healthText(names, result(true), server),
    'Health check for server be/s1 succeeded, reason: Layer4 check passed, ' +
      'check duration: 0ms, status: 3/3 UP.',
  );
});
