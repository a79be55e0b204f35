// The report of a configuration: order, places in characters, carets below tabs, words for people.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from '../shared/config/diagnostic.ts';
import { findingsOf, paragraphOf, summaryOf } from './report.ts';
import { plain } from './terminal.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const found = (parts: Partial<Diagnostic>): Diagnostic => ({
  severity: 'alert',
  file: 'a.cfg',
  line: 3,
  column: 0,
  message: 'wrong',
  hint: '',
  text: '',
  ...parts,
});

test('findings stand in the order of their lines, those of no line first', () => {
  const list = [found({ line: 9 }), found({ line: 2 }), found({ file: '', line: 0 })];
  assert.deepEqual(
    findingsOf(list, () => '').map(({ line }) => line),
    [0, 2, 9],
  );
});

test('a place counts characters, whatever bytes they take', () => {
  const text = latin1('\tset "é" wörd x');
  const column = text.indexOf(latin1('wörd')) + 1;
  const [finding] = findingsOf([found({ text, column, message: latin1('no wörd') })], () => '');
  assert.equal(finding.message, 'no wörd');
  assert.deepEqual([finding.column, finding.endColumn], [10, 14]);
  assert.equal(
    paragraphOf({ ...finding, hint: 'use another' }, plain),
    'a.cfg:3:10: error: no wörd\n' +
      '   3 | \tset "é" wörd x\n' +
      '     | \t        ^^^^ use another\n',
  );
});

test('a line that the diagnostic does not bring is read', () => {
  const [finding] = findingsOf([found({})], (file, line) => `${file} line ${line}`);
  assert.equal(paragraphOf(finding, plain), 'a.cfg:3: error: wrong\n   3 | a.cfg line 3\n');
});

test('an alert that stops nothing is a warning', () => {
  const list = findingsOf([found({ isTolerated: true }), found({ severity: 'notice' })], () => '');
  assert.equal(summaryOf(list), '0 errors, 1 warning');
});

test('what a file holds cannot steer the terminal, and the caret stays below its word', () => {
  const [finding] = findingsOf([found({ text: ' \x1b[31m\0 word', column: 9 })], () => '');
  assert.equal(
    paragraphOf({ ...finding, message: 'no \x1b[2J' }, plain),
    'a.cfg:3:9: error: no \\x1b[2J\n   3 |  ?[31m? word\n     |         ^^^^\n',
  );
});
