// Viewers of one thread: who gets which message, who is too slow, and how all of them leave.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardWatch } from '../../shared/dashboard-messages.ts';
import type { Stream } from '../stream/stream.ts';
import { type Viewer, Viewers } from './viewers.ts';

function room() {
  const reports: DashboardWatch[] = [];
  const woken: Stream[] = [];
  const ended: Stream[] = [];
  const deferred: (() => void)[] = [];
  const viewers = new Viewers(
    {
      report: (message) => void reports.push(message as DashboardWatch),
      wake: (stream) => void woken.push(stream),
      end: (stream) => void ended.push(stream),
      defer: (act) => void deferred.push(act),
    },
    3,
  );
  const settle = (): void => {
    for (let act = deferred.shift(); act !== undefined; act = deferred.shift()) act();
  };
  return { viewers, reports, woken, ended, settle };
}

/** A stream is only handed on. */
const someStream = (): Stream => ({}) as Stream;

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const tell = (viewers: Viewers, full: string | null, tick: string | null): void =>
  viewers.take({
    type: 'dashboard',
    proxyIndex: 1,
    full: full === null ? null : bytes(full),
    tick: tick === null ? null : bytes(tick),
  });

/** Everything the viewer has to say at the moment. */
function said(viewer: Viewer): string {
  let text = '';
  for (;;) {
    const { done, value } = viewer.next();
    if (done === true) return `${text}<end>`;
    if (value === null) return text;
    text += typeof value === 'string' ? value : Buffer.from(value).toString('latin1');
  }
}

test('first a whole picture, then what changes', () => {
  const { viewers, reports, woken, settle } = room();
  const stream = someStream();
  const viewer = viewers.open(stream, 1);
  const watch = { type: 'dashboard-watch', threadIndex: 3, proxyIndex: 1 };
  assert.deepEqual(reports, [{ ...watch, viewers: 1, wantsFull: true }]);
  assert.equal(said(viewer), 'retry: 1000\n\n');
  tell(viewers, null, 'tick 1');
  assert.equal(said(viewer), '', 'a tick means nothing without the picture');
  tell(viewers, 'full', null);
  settle();
  assert.deepEqual(woken, [stream]);
  assert.equal(said(viewer), 'full');
  tell(viewers, 'full again', 'tick 2');
  assert.equal(said(viewer), 'tick 2');
  viewer.return();
  assert.deepEqual(reports.at(-1), { ...watch, viewers: 0, wantsFull: false });
  tell(viewers, 'full', 'tick 3');
  assert.equal(said(viewer), '');
});

test('one that is slow misses ticks and begins again; others do not wait', () => {
  const { viewers, reports } = room();
  const [slow, quick] = [viewers.open(someStream(), 1), viewers.open(someStream(), 1)];
  said(slow);
  said(quick);
  const large = 'x'.repeat(20_000);
  tell(viewers, large, null);
  slow.next();
  assert.equal(said(quick), large);
  tell(viewers, null, 'tick');
  assert.equal(said(quick), 'tick');
  const asked = reports.length;
  assert.equal(said(slow).length, 20_000 - 8192);
  assert.equal(reports.length, asked + 1);
  assert.equal(reports.at(-1)?.wantsFull, true);
  tell(viewers, 'full', 'late tick');
  assert.equal(said(slow), 'full');
});

test('a thread has room for so many', () => {
  const { viewers } = room();
  for (let i = 0; i < 64; i++) {
    assert.ok(viewers.hasRoom);
    viewers.open(someStream(), 1);
  }
  assert.equal(viewers.hasRoom, false);
});

test('at a soft stop all answers end, and who comes later is sent on', () => {
  const { viewers, ended, woken, settle } = room();
  const [idle, busy] = [someStream(), someStream()];
  const [first, second] = [viewers.open(idle, 1), viewers.open(busy, 2)];
  said(first);
  said(second);
  viewers.take({ type: 'dashboard', proxyIndex: 2, full: bytes('full'), tick: null });
  viewers.leave();
  settle();
  assert.deepEqual(ended, [busy]);
  assert.ok(woken.includes(idle));
  assert.equal(said(first), 'event: leaving\ndata: {}\n\n<end>');
  assert.match(said(viewers.open(someStream(), 1)), /leaving[\s\S]*<end>$/);
});
