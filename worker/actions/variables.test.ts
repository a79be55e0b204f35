import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, frontendText, headersOf } from '../../test/harness/exchange.ts';
import { runRequestRules } from '../../test/harness/exchange.ts';

/** The value of txn.a after `lines`, as a header shows it. */
function valueAfter(lines: readonly string[]): string {
  const rules = [...lines, 'set-header X-A %[var(txn.a)]'];
  const { stream } = runRequestRules(rules.map((line) => `http-request ${line}`));
  return headersOf(stream.request).at(-1)?.replace('x-a: ', '') ?? '';
}

const cases: readonly (readonly [lines: readonly string[], value: string])[] = [
  [['set-var(txn.a) str(one)'], 'one'],
  [['set-var(txn.a) int(5)'], '5'],
  [['set-var-fmt(txn.a) "%[src]-%[req.hdr(host)]"'], '127.0.0.2-example.com'],
  [['set-var(txn.a) str(one)', 'set-var(txn.a,ifnotset) str(two)'], 'one'],
  [['set-var(txn.a) str(one)', 'set-var(txn.a,ifset) str(two)'], 'two'],
  [['set-var(txn.a) str(one)', 'unset-var(txn.a)'], ''],
  [['set-var(txn.a) str(one)', 'set-var(txn.a) req.hdr(x-none)'], 'one'],
];

for (const [lines, value] of cases) {
  test(lines.join('; '), () => {
    assert.equal(valueAfter(lines), value);
  });
}

const mistakes: readonly (readonly [rule: string, message: RegExp])[] = [
  ['set-var(a) str(x)', /invalid variable name 'a'/],
  ['set-var(txn.a,maybe) str(x)', /unknown condition "maybe"/],
  ['set-var(txn.a)', /missing an expression/],
  ['set-var-fmt(txn.a)', /missing a format/],
];

for (const [rule, message] of mistakes) {
  test(`refused: ${rule}`, () => {
    const { messages } = compileText(frontendText([`http-request ${rule}`]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}
