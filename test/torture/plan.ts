// What the processes of the torture agree on: the tables, the objects, and where the truth lies.
//
//   truth of a thread   two floats per counter: about to be counted, has been counted

import type { TablePolicy } from '../../shared/segment/table-layout.ts';

export const countedKeys = 40;
export const countedObjects = 3;
const counters = countedKeys + countedObjects;
const threadsMax = 2;
export const truthBytes = 65_536;

/** Index of the first float of counter `i`. */
export const truthAt = (thread: number, i: number): number => (thread * counters + i) * 2;

/** Sums over the threads of one process: sent and done of each counter. */
export function sumTruth(floats: Float64Array): {
  readonly sent: number[];
  readonly done: number[];
} {
  const sent: number[] = [];
  const done: number[] = [];
  for (let i = 0; i < counters; i++) {
    let [started, finished] = [0, 0];
    for (let thread = 0; thread < threadsMax; thread++) {
      started += floats[truthAt(thread, i)];
      finished += floats[truthAt(thread, i) + 1];
    }
    sent.push(started);
    done.push(finished);
  }
  return { sent, done };
}

export const objectName = (i: number): string => `/torture/s${i}`;

const store = [
  { name: 'gpc0', length: 1, periodMs: 0 },
  { name: 'conn_cur', length: 1, periodMs: 0 },
  { name: 'http_req_rate', length: 1, periodMs: 1000 },
];

/** Counters that nothing may take away. */
export const countedPolicy: TablePolicy = {
  shape: { name: 'counted', keyType: 'integer', keyLength: 4, size: 1000, store },
  expireMs: 0,
  purges: false,
  bytesRateFactor: 1,
  reports: true,
};

/** Entries that come and go. */
export const passingPolicy: TablePolicy = {
  shape: { name: 'passing', keyType: 'integer', keyLength: 4, size: 800, store },
  expireMs: 25,
  purges: true,
  bytesRateFactor: 1,
  reports: true,
};

/** xorshift32, 0 <= x < 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
