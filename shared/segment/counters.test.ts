// What CounterWriter and CounterReader promise: rows that belong to one writer, sums that survive
// it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../sys/linux.ts';
import { CounterReader, CounterWriter, clearCount, countTimes, raise } from './counters.ts';
import { liveWords } from './layout.ts';
import {
  enter,
  enterWithin,
  LiveReader,
  LiveWords,
  leave,
  liveCurrent,
  liveDequeued,
  liveIdlePrivate,
  liveIdleSafe,
  liveIdleUnsafe,
  liveNeeded,
  liveQueued,
  liveServed,
  liveWaiters,
} from './live.ts';
import { field } from './metrics.ts';
import { ObjectTable, typeBackend, typeFrontend } from './objects.ts';
import { ProcessSlots } from './processes.ts';
import { countRate } from './rate.ts';
import { memorySegment, type Segment } from './segment.ts';

const capacity = { objects: 4, writers: 3, objectsMax: 0 };

function setup(): { segment: Segment; slots: ProcessSlots; object: number; other: number } {
  const segment = memorySegment(linuxSys(), capacity);
  const objects = new ObjectTable(segment);
  const object = objects.register(typeFrontend, '/web', -1);
  const other = objects.register(typeBackend, '/web', -1);
  return { segment, slots: new ProcessSlots(segment), object, other };
}

test('writers of one process have rows of their own and readers add them up', () => {
  const { segment, slots, object, other } = setup();
  const slot = slots.take(process.pid, 0);
  const writers = [0, 1, 2].map((index) => new CounterWriter(segment, slot, index));
  const rows = writers.map((writer) => writer.row(object));
  assert.equal(new Set(rows).size, 3);
  rows.forEach((row, index) => {
    segment.floats[row + field.stot] += index + 1;
  });
  const reader = new CounterReader(segment);
  assert.equal(reader.sum(object, field.stot), 6);
  assert.equal(reader.sum(other, field.stot), 0);
  assert.equal(writers[1].row(object), rows[1]);
  assert.equal(new CounterWriter(segment, slot, 1).row(object), rows[1]);
});

test('counts outlive their writer, gauges and maxima do not, and the next writer counts on', () => {
  const { segment, slots, object } = setup();
  const reader = new CounterReader(segment);
  let expected = 0;
  const rows = new Set<number>();
  for (let life = 1; life <= 5; life++) {
    const slot = slots.take(process.pid, 0);
    const writer = new CounterWriter(segment, slot, 0);
    const row = writer.row(object);
    rows.add(row);
    assert.equal(reader.gauge(object, field.CurrStreams), 0);
    assert.equal(reader.peak(object, field.ttime_max), 0);
    writer.values[row + field.stot] += life;
    writer.values[row + field.CurrStreams] += 7;
    raise(writer.values, row + field.ttime_max, 100);
    expected += life;
    assert.equal(reader.sum(object, field.stot), expected);
    assert.equal(reader.gauge(object, field.CurrStreams), 7);
    assert.equal(reader.gauge(object, field.CurrStreams, slot), 7);
    assert.equal(reader.gauge(object, field.CurrStreams, slot + 1), 0);
    assert.equal(reader.peak(object, field.ttime_max), 100);
    slots.leave(slot, process.pid);
    assert.equal(reader.sum(object, field.stot), expected);
    assert.equal(reader.gauge(object, field.CurrStreams), 0);
    assert.equal(reader.peak(object, field.ttime_max), 0);
  }
  assert.equal(rows.size, 1, 'the row is inherited, not added');
});

test('clearing adds the negative to a row of the clearer', () => {
  const { segment, slots, object } = setup();
  const slot = slots.take(process.pid, 0);
  const thread = new CounterWriter(segment, slot, 0);
  const control = new CounterWriter(segment, slot, 1);
  const reader = new CounterReader(segment);
  thread.values[thread.row(object) + field.stot] += 41;
  clearCount(reader, control, object, field.stot);
  assert.equal(reader.sum(object, field.stot), 0);
  thread.values[thread.row(object) + field.stot] += 1;
  assert.equal(reader.sum(object, field.stot), 1);
});

test('times are averaged over the last 512 exchanges and rounded up', () => {
  const { segment, slots, object } = setup();
  const writer = new CounterWriter(segment, slots.take(process.pid, 0), 0);
  const reader = new CounterReader(segment);
  const row = writer.row(object);
  assert.equal(reader.average(object, field.rtime), 0);
  countTimes(writer.values, row, 0, 1, 10, 11);
  countTimes(writer.values, row, 0, 1, 21, 22);
  assert.equal(reader.average(object, field.qtime), 0);
  assert.equal(reader.average(object, field.ctime), 1);
  assert.equal(reader.average(object, field.rtime), 16);
  assert.equal(reader.peak(object, field.rtime_max), 21);
  for (let i = 0; i < 10_000; i++) countTimes(writer.values, row, 5, 5, 5, 5);
  assert.ok(reader.average(object, field.rtime) <= 6);
  assert.ok(reader.average(object, field.rtime) >= 5);
});

test('a rate is what came in this second plus the reachable share of the one before', () => {
  const { segment, slots, object } = setup();
  const writer = new CounterWriter(segment, slots.take(process.pid, 0), 0);
  const reader = new CounterReader(segment);
  const at = writer.row(object) + field.rate;
  const rateAt = (nowMs: number): number => reader.rate(object, field.rate, nowMs);
  for (let i = 0; i < 100; i++) countRate(writer.values, at, 5000, 1);
  const cases: readonly [number, number][] = [
    [5000, 100],
    [5999, 100],
    [6000, 100],
    [6250, 75],
    [6500, 50],
    [6999, 0],
    [7001, 0],
    [60_000, 0],
  ];
  for (const [nowMs, expected] of cases) assert.equal(rateAt(nowMs), expected, `at ${nowMs}`);
  countRate(writer.values, at, 6500, 10);
  assert.equal(rateAt(6500), 60);
  countRate(writer.values, at, 9000, 4);
  assert.equal(rateAt(9000), 4, 'after two empty periods nothing old is left');
});

test('a rate of one a second does not flap', () => {
  const { segment, slots, object } = setup();
  const writer = new CounterWriter(segment, slots.take(process.pid, 0), 0);
  const at = writer.row(object) + field.rate;
  countRate(writer.values, at, 5000, 1);
  assert.equal(new CounterReader(segment).rate(object, field.rate, 6900), 1);
  assert.equal(new CounterReader(segment).rate(object, field.rate, 7100), 0);
});

test('live words are shared by the threads of a process and vanish with it', () => {
  const { segment, slots, object } = setup();
  const slot = slots.take(process.pid, 0);
  const one = new LiveWords(segment, slot);
  const two = new LiveWords(segment, slot);
  const at = one.row(object) + liveCurrent;
  assert.equal(two.row(object) + liveCurrent, at);
  assert.equal(enter(one.words, at), 1);
  assert.equal(enter(two.words, at), 2);
  assert.equal(enterWithin(one.words, at, 3), true);
  assert.equal(enterWithin(one.words, at, 3), false);
  assert.equal(enterWithin(one.words, at, 0), true);
  assert.equal(leave(one.words, at), 3);
  assert.equal(one.words[at + 1], 4, 'the maximum stays');
  assert.equal(new LiveReader(segment).sum(object, liveCurrent), 3);
  slots.leave(slot, process.pid);
  assert.equal(new LiveReader(segment).sum(object, liveCurrent), 0);
  const next = new LiveWords(segment, slots.take(process.pid, 0));
  assert.equal(next.words[next.row(object) + liveCurrent], 0);
});

test('every counted live word has a maximum of its own', () => {
  const words = new Int32Array(liveWords);
  const counted = [
    liveCurrent,
    liveServed,
    liveQueued,
    liveIdleSafe,
    liveIdleUnsafe,
    liveIdlePrivate,
  ];
  for (const word of counted) enter(words, word);
  for (const word of counted) {
    assert.deepEqual([words[word], words[word + 1]], [1, 1], `word ${word}`);
  }
  for (const word of [liveNeeded, liveDequeued, liveWaiters, liveWaiters + 1])
    assert.equal(words[word], 0);
});
