// The README stays true: its table claims no more than works, its links and commands exist, it
// stays short. So do the READMEs of the folders.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { coverage } from './parity/coverage.ts';

const linesMax = 150;
const read = (path: string): string => readFileSync(join(process.cwd(), path), 'utf8');
const readmes = [
  'README.md',
  ...['cli', 'master', 'reg-tests', 'shared', 'test', 'worker'].map(
    (folder) => `${folder}/README.md`,
  ),
];

test('the table claims no more than works', () => {
  const text = read('README.md');
  for (const { title, works, wanted } of coverage()) {
    const row = new RegExp(`\\| ${title} \\| (\\d+) of (\\d+) \\|`).exec(text);
    assert.ok(row !== null, `no row for ${title}`);
    assert.ok(Number(row[1]) <= works, `${title}: ${row[1]} claimed, ${works} work`);
    assert.equal(Number(row[2]), wanted, title);
  }
});

test('doc/debugging.md names the runtime commands that are missing, and no others', () => {
  const [, section] = read('doc/debugging.md').split('## Commands that are not there');
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    Array.from(row.split(' | ')[0].matchAll(/`([^`]+)`/g), (found) => found[1]),
  );
  const missing = coverage().find(({ title }) => title === 'runtime commands')?.missing ?? [];
  const names = missing.map((line) => line.replace(/ ?[[<{(].*/, '').replace(/ +/g, ' '));
  assert.deepEqual(named.toSorted(), names.toSorted());
});

test('links lead to files', () => {
  for (const readme of readmes) {
    for (const [, target] of read(readme).matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(existsSync(join(process.cwd(), dirname(readme), target)), `${readme}: ${target}`);
    }
  }
});

test('commands exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = Array.from(read('README.md').matchAll(/npm run ([\w-]+)/g), (found) => found[1]);
  assert.ok(named.length > 0);
  for (const name of named) assert.ok(name in scripts, `npm run ${name}`);
});

test('READMEs stay short', () => {
  for (const readme of readmes) {
    const count = read(readme).split('\n').length;
    assert.ok(count < linesMax, `${readme}: ${count} lines`);
  }
});
