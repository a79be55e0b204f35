// Columns of `show stat` read for many objects of one kind at once, column by column: what lies in
// the segment is added up in one loop. What is put together from more than that is read line by
// line (columns.ts). Called by row-plan.ts, which decides at start.

import type { Batch } from '../../shared/segment/counters.ts';
import {
  liveCurrent,
  liveIdlePrivate,
  liveIdleSafe,
  liveIdleUnsafe,
  liveNeeded,
  liveQueued,
  liveServed,
} from '../../shared/segment/live.ts';
import type { MetricDef } from '../../shared/segment/metric.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { StatsSource, SubjectKind } from './source.ts';

/** Writes the value of every object of the batch. */
export type ReadBatch = (source: StatsSource, batch: Batch) => void;

/** null: the column is not simply a number of the segment. */
export function batchReader(column: MetricDef, kind: SubjectKind): ReadBatch | null {
  if (column.kind === 'made') return madeBatches[column.name]?.(kind) ?? null;
  return storedBatches[column.kind](field[column.name as keyof typeof field]);
}

type Stored = (at: number) => ReadBatch;

const counts: Stored =
  (at) =>
  ({ reader }, batch) =>
    reader.sums(batch, at);

/** The same numbers as storedReader gives one by one. */
const storedBatches: Readonly<Record<Exclude<MetricDef['kind'], 'made'>, Stored>> = {
  count: counts,
  rate:
    (at) =>
    ({ reader, nowMs }, batch) =>
      reader.rates(batch, at, nowMs()),
  last:
    (at) =>
    ({ reader, nowMs }, batch) => {
      reader.lasts(batch, at);
      const now = Math.floor(nowMs() / 1000);
      const { values, valuesAt, from, to } = batch;
      const end = valuesAt + to - from;
      for (let i = valuesAt; i < end; i++) {
        values[i] = values[i] === 0 ? -1 : Math.max(0, now - Math.floor(values[i]));
      }
    },
  peak:
    (at) =>
    ({ reader }, batch) => {
      reader.peaks(batch, at);
      const { values, valuesAt, from, to } = batch;
      const end = valuesAt + to - from;
      for (let i = valuesAt; i < end; i++) values[i] = Math.floor(values[i]);
    },
  window:
    (at) =>
    ({ reader }, batch) =>
      reader.averages(batch, at),
  gauge:
    (at) =>
    ({ reader }, batch) => {
      reader.gauges(batch, at);
      const { values, valuesAt, from, to } = batch;
      const end = valuesAt + to - from;
      for (let i = valuesAt; i < end; i++) values[i] = Math.max(0, values[i]);
    },
};

type Made = (kind: SubjectKind) => ReadBatch;

const live =
  (word: number): Made =>
  () =>
  (source, batch) =>
    source.live.sums(batch, word);

const livePeak =
  (wordOf: (kind: SubjectKind) => number): Made =>
  (kind) => {
    const word = wordOf(kind) + 1;
    return (source, batch) => source.live.peaks(batch, word);
  };

/** Where a kind of object counts what it has now. */
export const currentWord = (kind: SubjectKind): number => (kind === 'S' ? liveServed : liveCurrent);

const madeBatches: Readonly<Record<string, Made>> = {
  qcur: live(liveQueued),
  qmax: livePeak(() => liveQueued),
  scur: (kind) => live(currentWord(kind))(kind),
  smax: livePeak(currentWord),
  bin: () => counts(field.reqbin),
  bout: () => counts(field.resbin),
  idle_conn_cur: live(liveIdleUnsafe),
  safe_conn_cur: live(liveIdleSafe),
  used_conn_cur: live(liveCurrent),
  need_conn_est: live(liveNeeded),
  priv_idle_cur: live(liveIdlePrivate),
};
