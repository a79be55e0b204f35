import assert from 'node:assert/strict';
import { test } from 'node:test';
import { willServe } from './early.ts';

test('a process that serves by itself is told from those that do something else', () => {
  const words = (text: string): boolean => willServe(['/x/cli/main.js', ...text.split(' ')]);
  const serving = ['-f a.cfg', '-db -f a.cfg', '-d -dM -f a.cfg -p pid', '-L name -- a.cfg'];
  for (const text of serving) assert.equal(words(text), true, text);
  const others = ['-c -f a.cfg', '-W -f a.cfg', '-Ws -db -f a.cfg', '-D -f a.cfg', '-vv', 'start'];
  for (const text of [...others, '-dKall -f a.cfg', 'check a.cfg']) {
    assert.equal(words(text), false, text);
  }
});

test('a worker of a master always serves', () => {
  assert.equal(willServe(['/x/master/worker-process.js', 'file:///x/worker/']), true);
});
