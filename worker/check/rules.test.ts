// Steps of a plan: what a connection knows of the steps behind it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CheckStep, expectStep, judgedGood } from './plan.ts';
import { finishSteps } from './rules.ts';
import { newConnect } from './steps.ts';

const connect = (): CheckStep => newConnect(1);
const send = (): CheckStep => ({
  kind: 'send',
  number: 2,
  comment: '',
  text: () => 'ping',
  isHex: false,
});
const expect = (): CheckStep => expectStep({ number: 2, judge: () => judgedGood });
const act = (): CheckStep => ({ kind: 'act', number: 2, comment: '', act: () => 0 });

/** Which connects of these steps let their last ACK wait. */
const waiting = (...drafts: CheckStep[]): boolean[] =>
  finishSteps(drafts).flatMap((step) => (step.kind === 'connect' ? [step.delaysAck] : []));

test('the ACK of a handshake waits where we speak next, or say nothing at all', () => {
  assert.deepEqual(waiting(), [true]);
  assert.deepEqual(waiting(connect(), act(), send(), expect()), [true]);
  assert.deepEqual(waiting(connect(), expect(), send()), [false]);
  assert.deepEqual(waiting(connect(), send(), expect(), connect(), act()), [true, true]);
  assert.deepEqual(waiting(connect(), connect(), expect()), [false, false]);
});
