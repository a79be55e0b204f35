import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatusNumber } from '../../shared/segment/check-status.ts';
import {
  adminForcedMaint,
  checkEnabled,
  type ServerSetup,
  serverAdmin,
  serverAgentFlags,
  serverAgentHealth,
  serverCheckFlags,
  serverHealth,
  serverState,
  serverWeight,
  ServerWords,
  stateRunning,
  stateStarting,
  stateStopped,
  stateStopping,
} from '../../shared/segment/server-state.ts';
import {
  agentKind,
  applyState,
  changeText,
  type CheckResult,
  healthKind,
  healthText,
  intervalMs,
  noteResult,
  type ProbeKind,
  reasonText,
} from './health.ts';

const objects = { sharedWords: (object: number) => object * 64 } as ConstructorParameters<
  typeof ServerWords
>[1];

function server(setup: Partial<ServerSetup> = {}): ServerWords {
  const words = new ServerWords(new Int32Array(new SharedArrayBuffer(1024)), objects, 1, 2);
  const full = { weight: 1, disabled: false, backup: false, maxconn: 0, rise: 2, fall: 3 };
  words.prepare({ ...full, checked: true, initUp: true, ...setup }, 1, 100);
  return words;
}

const result = (name: string, more: Partial<CheckResult> = {}): CheckResult => ({
  status: checkStatusNumber(name),
  info: '',
  code: 0,
  durationMs: 7.6,
  ...more,
});

const word = ({ words, at }: ServerWords, index: number): number => words[at + index];

/** What a result changes: news, failure, the state it leads to, the counter. */
function feed(words: ServerWords, name: string, kind: ProbeKind = healthKind, slowstartMs = 0) {
  const one = result(name);
  const { isNews, isFailure } = noteResult(words, kind, one);
  const became = applyState(words, kind, one.status, { nowSeconds: 200, slowstartMs });
  return [isNews, isFailure, became, word(words, kind.health)];
}

test('fall failures take a server down, rise successes bring it up again', () => {
  const words = server();
  assert.deepEqual(feed(words, 'L4OK'), [true, false, '', 4]);
  assert.deepEqual(feed(words, 'L4OK'), [false, false, '', 4]);
  assert.deepEqual(feed(words, 'L4CON'), [true, true, '', 3]);
  assert.deepEqual(feed(words, 'L4CON'), [true, true, '', 2]);
  assert.deepEqual(feed(words, 'L4TOUT'), [true, true, 'down', 0]);
  assert.deepEqual(feed(words, 'L4TOUT'), [false, false, '', 0]);
  assert.equal(word(words, serverState), stateStopped);
  assert.deepEqual(feed(words, 'L4OK'), [true, false, '', 1]);
  assert.deepEqual(feed(words, 'L4CON'), [true, true, '', 0]);
  assert.deepEqual(feed(words, 'L7OK'), [true, false, '', 1]);
  assert.deepEqual(feed(words, 'L7OK'), [true, false, 'up', 4]);
  assert.equal(word(words, serverState), stateRunning);
});

test('a slow start begins where it comes up', () => {
  const words = server({ initUp: false, rise: 1 });
  assert.equal(feed(words, 'L4OK', healthKind, 5000)[2], 'up');
  assert.equal(word(words, serverState), stateStarting);
});

test('a conditional success stops softly, a full one undoes it', () => {
  const words = server();
  assert.deepEqual(feed(words, 'L7OKC').slice(2), ['stopping', 4]);
  assert.equal(word(words, serverState), stateStopping);
  assert.deepEqual(feed(words, 'L7OKC').slice(2), ['', 4]);
  assert.deepEqual(feed(words, 'L7OK').slice(2), ['up', 4]);
});

test('maintenance keeps the state, whatever the checks say', () => {
  const words = server({ fall: 1 });
  words.setAdmin(adminForcedMaint, 0);
  words.setState(stateStopped, 150);
  assert.equal(feed(words, 'L4OK')[2], '');
  assert.equal(feed(words, 'L4CON')[2], '');
  assert.equal(word(words, serverAdmin), adminForcedMaint);
});

test('an agent takes a server down when it says so, not when it cannot be asked', () => {
  const words = server({ agent: true, checked: false });
  words.words[words.at + serverCheckFlags] = 0;
  assert.deepEqual(feed(words, 'L4CON', agentKind), [true, false, '', 1]);
  words.words[words.at + serverAgentHealth] = 0;
  assert.deepEqual(feed(words, 'L7STS', agentKind).slice(2), ['down', 0]);
  assert.equal(feed(words, 'CHECKED', agentKind)[2], '');
  words.words[words.at + serverAgentHealth] = 1;
  assert.deepEqual(feed(words, 'L7OK', agentKind).slice(2), ['up', 1]);
});

test('health checks and agent must both be content', () => {
  const words = server({ agent: true });
  words.words[words.at + serverAgentHealth] = 0;
  for (let i = 0; i < 5; i++) feed(words, 'L4CON');
  assert.equal(feed(words, 'L4OK')[2], '');
  assert.equal(feed(words, 'L4OK')[2], '');
  assert.equal(word(words, serverHealth), 4);
  words.words[words.at + serverAgentFlags] &= ~checkEnabled;
  assert.equal(feed(words, 'L4OK')[2], 'up');
});

test('inter, fastinter while changing or hurried, downinter when down', () => {
  const model = { interMs: 2000, fastinterMs: 500, downinterMs: 9000 };
  const words = server();
  assert.equal(intervalMs(words, healthKind, model), 500);
  feed(words, 'L4OK');
  assert.equal(intervalMs(words, healthKind, model), 2000);
  assert.equal(intervalMs(words, healthKind, model, true), 500);
  for (let i = 0; i < 3; i++) feed(words, 'L4CON');
  assert.equal(intervalMs(words, healthKind, model), 9000);
  const plain = { interMs: 2000, fastinterMs: 0, downinterMs: 0 };
  assert.equal(intervalMs(words, healthKind, plain), 2000);
});

test('sentences about results', () => {
  assert.equal(reasonText(result('L4OK')), ', reason: Layer4 check passed, check duration: 7ms');
  assert.equal(
    reasonText(result('L7STS', { code: 503, info: 'a "b"\n' })),
    ', reason: Layer7 wrong status, code: 503, info: "a <22>b<22><0A>", check duration: 7ms',
  );
  const observed = result('HANA', { info: 'x', durationMs: -1 });
  assert.equal(reasonText(observed), ', reason: Health analyze, info: "x"');
  const names = { backend: 'b', server: 's', isBackup: true };
  const words = server();
  const one = result('L7OKC');
  noteResult(words, healthKind, one);
  assert.equal(
    healthText(names, healthKind, one, words),
    'Health check for backup server b/s conditionally succeeded, ' +
      'reason: Layer7 check conditionally passed, code: 0, check duration: 7ms, status: 3/3 UP.',
  );
  words.words[words.at + serverWeight] = 0;
  assert.match(healthText(names, healthKind, one, words), /status: 3\/3 DRAIN\.$/);
});

test('sentences about changes', () => {
  const names = { backend: 'b', server: 's', isBackup: false };
  const numbers = { active: 0, backup: 1, sessions: 5, requeued: 2, queued: 3 };
  assert.equal(
    changeText(names, 'down', ' via b/t', numbers),
    'Server b/s is DOWN via b/t. 0 active and 1 backup servers left. Running on backup. ' +
      '5 sessions active, 2 requeued, 3 remaining in queue.',
  );
  assert.equal(
    changeText(names, 'stopping', '', { ...numbers, active: 1 }),
    'Server b/s is stopping. 1 active and 1 backup servers online. ' +
      '2 sessions requeued, 3 total in queue.',
  );
});
