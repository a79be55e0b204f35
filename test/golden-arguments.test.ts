// Wrong arguments, family by family, and what is said of them: test/golden/arguments/*.txt hold a
// line of input and, indented below it, each message. UPDATE_GOLDEN=1 rewrites the messages; read
// the difference. And no word takes more arguments than it has.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { converters, fetches } from '../worker/catalog.ts';
import { kindAddress, kindAny, kindBool, kindSint } from '../worker/sample/sample.ts';
import { compileText, frontendText } from './harness/exchange.ts';
import { ExpressionBench } from './harness/expressions.ts';

const folder = join(process.cwd(), 'test/golden/arguments');
const updating = process.env['UPDATE_GOLDEN'] === '1';
const indent = '    ';

/** What is said of one line, nothing when it is taken. */
type Ask = (line: string) => readonly string[];

function compare(name: string, ask: Ask): void {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(indent));
  const actual = lines.flatMap((line) => [line, ...ask(line).map((one) => indent + one)]);
  const whole = `${actual.join('\n')}\n`;
  if (updating) writeFileSync(path, whole);
  else assert.equal(whole, text);
  for (const [index, line] of actual.entries()) {
    const isTaken = !line.startsWith(indent) && actual[index + 1]?.startsWith(indent) !== true;
    assert.ok(!isTaken, `${line} is taken without a word`);
  }
}

test('expressions', () => {
  const bench = new ExpressionBench();
  compare('expressions.txt', (line) => {
    const built = bench.build(line, kindAny);
    const said = bench.faults();
    return built === null ? said.split(' | ') : [];
  });
});

test('conditions', () => {
  const bench = new ExpressionBench();
  compare('conditions.txt', (line) => {
    const found = bench.condition(`if ${line}`);
    return typeof found === 'number' ? [] : found.split(' | ');
  });
});

test('rules', () => {
  compare('rules.txt', (line) => {
    const mode = line.startsWith('tcp-') ? 'tcp' : 'http';
    return compileText(frontendText([line], mode)).messages;
  });
});

/** What a converter can follow. */
const starts: Readonly<Record<number, string>> = {
  [kindSint]: 'int(5)',
  [kindBool]: 'always_true',
  [kindAddress]: 'src',
};

test('no word takes one argument more than it has', () => {
  const bench = new ExpressionBench();
  for (const table of [fetches, converters]) {
    for (const { name, args, ...row } of table.values()) {
      const start = 'takes' in row ? `${starts[Number(row.takes)] ?? 'str(a)'},` : '';
      const many = Array.from({ length: args.length + 1 }, () => '1').join(',');
      assert.equal(bench.build(`${start}${name}(${many})`, kindAny), null, name);
      assert.notEqual(bench.faults(), '', name);
    }
  }
});
