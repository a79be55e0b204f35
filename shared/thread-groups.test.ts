// Thread groups and sets of threads: who belongs where, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseThreads, groupOfThread, groupThreads, threadsOfShard } from './thread-groups.ts';

/** `1-2 3-4` for two groups of two; `definitions`: '2:1-2' is thread-group 2 1-2. */
function grouped(threads: number, groups: number, perGroup: number, ...definitions: string[]) {
  const result = groupThreads({
    ...{ threads, groups, perGroup },
    definitions: definitions.map((text) => {
      const [group, first, last] = text.split(/[:-]/).map(Number);
      const count = last - first + 1;
      return { group: group - 1, threads: Array.from({ length: count }, (_, i) => first - 1 + i) };
    }),
  });
  const text = result.groups.map(({ first, count }) => `${first + 1}-${first + count}`).join(' ');
  return [result.fault || text, ...result.warnings];
}

test('groups that nobody defined share what is left, as many as are needed', () => {
  const cases: readonly [ReturnType<typeof grouped>, string[]][] = [
    [grouped(4, 1, 0), ['1-4']],
    [grouped(4, 0, 0), ['1-4']],
    [grouped(4, 2, 0), ['1-2 3-4']],
    [grouped(5, 2, 0), ['1-3 4-5']],
    [grouped(4, 0, 2), ['1-2 3-4']],
    [grouped(40, 0, 0), ['1-14 15-27 28-40']],
    [grouped(4, 2, 0, '1:1-1', '2:2-4'), ['1-1 2-4']],
    [grouped(4, 2, 0, '2:1-2'), ['3-4 1-2']],
    [grouped(4, 0, 0, '2:1-2'), ['3-4 1-2']],
    [grouped(3, 2, 0, '1:1-2', '2:2-3'), ['1-1 2-3']],
    [grouped(4, 2, 0, '1:1-2', '1:1-1'), ['1-1 2-4']],
  ];
  for (const [result, expected] of cases) assert.deepEqual(result, expected);
});

test('groups that cannot be', () => {
  assert.match(grouped(2, 3, 0)[0], /^More unassigned thread-groups \(3\) than threads \(2\)/);
  assert.match(grouped(4, 2, 0, '1:1-1', '2:2-2')[0], /^Remaining unassigned threads found \(2\)/);
  assert.match(grouped(2, 2, 0, '1:1-2', '2:3-4')[0], /^Thread-group 2 only references non-exist/);
  assert.deepEqual(grouped(2, 2, 0, '1:1-1', '2:2-4'), [
    '1-1 2-2',
    'Reducing thread-group 2 to 1 threads (requested 2-4, using 2-2).',
  ]);
});

const groups = [
  { first: 0, count: 2 },
  { first: 2, count: 3 },
];

test('sets of threads: of the process, and of groups', () => {
  const cases: readonly [string, readonly number[] | null | string][] = [
    ['', null],
    ['all', null],
    ['1-5', null],
    ['1', [0]],
    ['2-3,5', [1, 2, 4]],
    ['odd', [0, 2, 4]],
    ['4-', [3, 4]],
    ['-2', [0, 1]],
    ['1/all', [0, 1]],
    ['2/1', [2]],
    ['1/1,2/2-', [0, 3, 4]],
    ['2/even', [3]],
    ['3/1', "'thread' directive references non-existing thread group 3"],
    ['1/3', "'thread' directive only references threads not belonging to group 1"],
    ['9', "'thread' directive only references non-existing threads"],
  ];
  for (const [text, expected] of cases) {
    const { threads, fault } = chooseThreads(text, groups);
    assert.deepEqual(fault === '' ? threads : fault, expected, text);
  }
  assert.deepEqual(
    [0, 1, 2, 4].map((thread) => groupOfThread(groups, thread)),
    [0, 0, 1, 1],
  );
});

test('shards: every thread has one, none has threads of two groups if that can be', () => {
  const all = [0, 1, 2, 3, 4];
  const shards = (count: number, threads: readonly number[] = all): (readonly number[])[] =>
    Array.from({ length: count }, (_, index) => threadsOfShard(threads, groups, index, count));
  assert.deepEqual(shards(1), [all]);
  assert.deepEqual(shards(2), [
    [0, 1],
    [2, 3, 4],
  ]);
  assert.deepEqual(shards(3), [[0, 1], [2], [3, 4]]);
  assert.deepEqual(shards(5), [[0], [1], [2], [3], [4]]);
  assert.deepEqual(shards(2, [2, 3]), [[2], [3]]);
  for (let count = 1; count <= 5; count++) assert.deepEqual(shards(count).flat(), all);
});
