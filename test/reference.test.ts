// The pages of doc/reference say nothing that is not so. (A word that came after them is missing
// there until `node dist/test/reference.js` writes them again: the diagnostic counts those.)

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { referencePages, referenceRows } from './reference.ts';

const folder = join(process.cwd(), 'doc/reference');

test('the reference pages are true', (context) => {
  const pages = referencePages();
  assert.deepEqual(readdirSync(folder).toSorted(), [...pages.keys()].toSorted());
  for (const [file, text] of pages) {
    const known = new Set(text.split('\n'));
    const lines = readFileSync(join(folder, file), 'utf8').split('\n');
    const untrue = lines.filter((line) => !known.has(line));
    assert.deepEqual(untrue, [], `${file}: run node dist/test/reference.js`);
    context.diagnostic(`${file}: ${lines.length} lines, ${known.size - new Set(lines).size} new`);
    assert.ok(lines.length > 5, file);
  }
});

const program = join(process.cwd(), 'dist/bundle/cli/main.js');

test('hawser help knows every kind of word', () => {
  for (const word of [
    'maxconn',
    'deny',
    'req.hdr',
    'lower',
    'reg',
    '%ci',
    'path_beg',
    'show info',
    'balance leastconn',
  ]) {
    const said = execFileSync(process.execPath, [program, 'help', ...word.split(' ')], {
      encoding: 'utf8',
    });
    assert.ok(said.includes(word), `${word}: ${said}`);
    assert.ok(said.split('\n').length > 3, said);
  }
  const kinds = new Set(referenceRows().map(({ kind }) => kind));
  assert.equal(kinds.size, 10);
});

test('a word that is none gets the nearest one', () => {
  const attempt = (): string =>
    execFileSync(process.execPath, [program, 'help', 'maxcomn'], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
  assert.throws(attempt, /did you mean 'maxconn'\?/);
});
