// States of servers and backends: what counts as usable, what a reload and a crash keep.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import { BackendWords, shownWeight } from './backend-state.ts';
import { checkStatuses, checkStatusNumber, resultFailed } from './check-status.ts';
import { ObjectTable, typeBackend, typeServer } from './objects.ts';
import { memorySegment } from './segment.ts';
import * as state from './server-state.ts';

const setup: state.ServerSetup = {
  weight: 10,
  disabled: false,
  backup: false,
  maxconn: 0,
  rise: 2,
  fall: 3,
  checked: true,
  initUp: true,
};

function farm(...setups: readonly Partial<state.ServerSetup>[]) {
  const segment = memorySegment(linuxSys(), { objects: 4, writers: 1, objectsMax: 0 });
  const objects = new ObjectTable(segment);
  const backend = objects.register(typeBackend, '/b', -1);
  const servers = setups.map((one, i) => {
    const index = objects.register(typeServer, `/b/s${i}`, -1);
    const words = new state.ServerWords(segment.words, objects, index, backend);
    words.prepare({ ...setup, ...one }, 1, 100);
    return words;
  });
  const whole = new BackendWords(segment.words, objects.sharedWords(backend), servers);
  whole.prepare(1, 100);
  return { servers, whole, segment };
}

test('administrative and operational states decide who is usable', () => {
  const cases: readonly [string, number, number, boolean, boolean][] = [
    ['running', 0, state.stateRunning, true, true],
    ['starting', 0, state.stateStarting, true, true],
    ['stopping', 0, state.stateStopping, false, true],
    ['stopped', 0, state.stateStopped, false, false],
    ['drain', state.adminForcedDrain, state.stateRunning, false, true],
    ['maint', state.adminForcedMaint, state.stateRunning, false, false],
    ['no address', state.adminResolutionMaint, state.stateRunning, false, false],
  ];
  const { servers } = farm({});
  for (const [name, admin, operational, usable, reachable] of cases) {
    servers[0].setAdmin(admin, ~admin);
    servers[0].setState(operational, 100);
    assert.equal(servers[0].isUsable(), usable, name);
    assert.equal(servers[0].isReachable(), reachable, name);
    assert.equal(servers[0].effectiveWeight(), usable ? 10 : 0, name);
  }
});

test('every change raises the revision of the backend, and only a change does', () => {
  const { servers, segment } = farm({});
  const revision = (): number => segment.words[servers[0].backendAt + state.backendRevision];
  const before = revision();
  assert.equal(servers[0].setAdmin(state.adminForcedDrain, 0), true);
  assert.equal(servers[0].setAdmin(state.adminForcedDrain, 0), false);
  servers[0].set(state.serverWeight, 20);
  servers[0].set(state.serverWeight, 20);
  assert.equal(servers[0].setState(state.stateStopped, 105), true);
  assert.equal(servers[0].setState(state.stateStopped, 106), false);
  assert.equal(revision(), before + 3);
});

test('downtime grows only while the server is down', () => {
  const { servers } = farm({});
  const { words, at } = servers[0];
  servers[0].setState(state.stateStopped, 110);
  servers[0].setState(state.stateRunning, 125);
  servers[0].setState(state.stateStopping, 130);
  assert.equal(words[at + state.serverDowntime], 15);
  assert.equal(words[at + state.serverChangedAt], 125);
});

test('the same load finds every state again, a new load resets the configured ones', () => {
  const { servers } = farm({}, { checked: false });
  for (const server of servers) {
    server.setAdmin(state.adminForcedDrain, 0);
    server.set(state.serverWeight, 77);
    server.setState(state.stateStopped, 110);
    server.prepare({ ...setup, checked: server === servers[0] }, 1, 200);
    assert.equal(server.words[server.at + state.serverWeight], 77);
    assert.equal(server.words[server.at + state.serverAdmin], state.adminForcedDrain);
    server.prepare({ ...setup, checked: server === servers[0] }, 2, 200);
    assert.equal(server.words[server.at + state.serverWeight], 10);
    assert.equal(server.words[server.at + state.serverAdmin], 0);
  }
  assert.equal(servers[0].words[servers[0].at + state.serverState], state.stateStopped);
  assert.equal(servers[1].words[servers[1].at + state.serverState], state.stateRunning);
});

test('a disabled server starts in maintenance and stopped', () => {
  const { servers, whole } = farm({ disabled: true });
  assert.equal(servers[0].isUsable(), false);
  assert.equal(whole.isUp(), false);
  assert.equal(whole.active, 0);
});

test('a backend is up while it has a usable server, and keeps its downtime', () => {
  const { servers, whole } = farm({}, { backup: true, weight: 3 });
  assert.deepEqual([whole.active, whole.backup], [1, 1]);
  assert.equal(whole.totalWeight(false, 'effective'), 10);
  servers[0].setState(state.stateStopped, 110);
  assert.equal(whole.refresh(110), 'none');
  assert.deepEqual([whole.active, whole.backup], [0, 1]);
  assert.equal(whole.totalWeight(false, 'effective'), 3);
  servers[1].setAdmin(state.adminForcedMaint, 0);
  assert.equal(whole.refresh(112), 'down');
  assert.equal(whole.downtime(120), 8);
  servers[0].setState(state.stateRunning, 122);
  assert.equal(whole.refresh(122), 'up');
  assert.equal(whole.downtime(200), 10);
  assert.equal(whole.changedAt(), 122);
});

test('a slowstart shows in the weight and never takes it to nothing', () => {
  const { servers } = farm({ weight: 10 });
  servers[0].set(state.serverThrottle, 1);
  assert.equal(servers[0].effectiveWeight(), 1);
  servers[0].set(state.serverThrottle, 50);
  assert.equal(servers[0].effectiveWeight(), 5);
  assert.equal(shownWeight(servers[0]), 5);
});

test('the text of a check is kept, and cut when it is too long', () => {
  const { servers } = farm({}, {});
  assert.equal(servers[0].checkText(), '');
  servers[0].setCheckText('Connection refused');
  assert.equal(servers[0].checkText(), 'Connection refused');
  servers[0].setCheckText('x'.repeat(500));
  assert.equal(servers[0].checkText().length, 116);
  assert.equal(servers[1].checkText(), '');
});

test('check results are found by name', () => {
  assert.equal(checkStatusNumber('L4CON'), 8);
  assert.equal(checkStatuses[checkStatusNumber('L7STS')].result, resultFailed);
  assert.equal(checkStatusNumber('PROCOK'), 20);
  assert.throws(() => checkStatusNumber('L8'));
});
