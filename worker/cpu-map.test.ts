// cpu-map: groups, threads of groups, and pairs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpusOfThread } from './cpu-map.ts';

const groups = [
  { first: 0, count: 2 },
  { first: 2, count: 2 },
];

/** CPUs of four threads in two groups. */
const placed = (...lines: string[]): (readonly number[])[] =>
  [0, 1, 2, 3].map((index) =>
    cpusOfThread(
      {
        cpuMap: lines.map((line) => {
          const [threads, ...cpus] = line.split(' ');
          return { threads, cpus };
        }),
        groups,
        nbthread: 4,
      },
      index,
    ),
  );

test('a lone number is a group, behind the slash are threads of it', () => {
  assert.deepEqual(placed('1 0-1'), [[0, 1], [0, 1], [], []]);
  assert.deepEqual(placed('all 3'), [[3], [3], [3], [3]]);
  assert.deepEqual(placed('2/2 5'), [[], [], [], [5]]);
  assert.deepEqual(placed('all/odd 1', '2/1 4'), [[1], [], [4], []]);
  assert.deepEqual(placed('1/1- 0', '1/2 1'), [[0], [1], [], []]);
});

test('auto pairs threads or groups with CPUs, from the lowest on', () => {
  assert.deepEqual(placed('auto:1/1-2 6-7', 'auto:2/1-2 2,1'), [[6], [7], [1], [2]]);
  assert.deepEqual(placed('auto:1-2 8 4'), [[4], [4], [8], [8]]);
  assert.deepEqual(placed('auto:1/all 0-63'), [[0], [1], [], []]);
});
