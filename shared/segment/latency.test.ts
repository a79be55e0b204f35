// Percentiles of exchange times: the error of a bucket, windows, threads, what has no room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateLatency, LatencyReader, LatencyWriter } from './latency.ts';

const near = (found: number, wanted: number): void => {
  assert.ok(Math.abs(found - wanted) <= wanted / 8 + 1 / 16, `${found}, wanted ${wanted}`);
};

test('a percentile is off by an eighth at most', () => {
  for (const ms of [0, 0.05, 0.5, 1, 3, 17, 250, 999, 12_345, 600_000, 4_000_000]) {
    const buffer = allocateLatency(1, 1);
    new LatencyWriter(buffer, 1, 0).count(0, ms);
    const reader = new LatencyReader(buffer, 1, 2);
    reader.turn();
    for (const found of reader.percentiles([0], [0, 0.5, 1])!) near(found, ms);
  }
});

test('threads and backends add up; a slice is forgotten in its time', () => {
  const buffer = allocateLatency(2, 3);
  const [first, second] = [0, 1].map((index) => new LatencyWriter(buffer, 2, index));
  const reader = new LatencyReader(buffer, 2, 2);
  for (let i = 0; i < 90; i++) first.count(1, 10);
  for (let i = 0; i < 10; i++) second.count(2, 1000);
  reader.turn();
  assert.equal(reader.percentiles([0], [0.5]), null);
  const [middle, high] = reader.percentiles([1, 2], [0.5, 0.99])!;
  near(middle, 10);
  near(high, 1000);
  near(reader.percentiles([2], [0.5])![0], 1000);
  second.count(1, 100);
  reader.turn();
  reader.turn();
  near(reader.percentiles([1], [0.5])![0], 100);
  assert.equal(reader.percentiles([2], [0.5]), null);
});

test('what is out of range is counted at the end, or not at all', () => {
  const buffer = allocateLatency(1, 1);
  const writer = new LatencyWriter(buffer, 1, 0);
  writer.count(7, 1);
  writer.count(0, 1e12);
  const reader = new LatencyReader(buffer, 1, 1);
  reader.turn();
  assert.ok(reader.percentiles([0], [1])![0] > 3_600_000);
});
