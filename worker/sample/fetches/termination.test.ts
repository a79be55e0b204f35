import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { endsBy } from '../../stream/finish.ts';

test('seven entities, of which sockets and stream tell something', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  assert.equal(bench.value('term_events'), 'str:{,-,-,,-,-,}');
  endsBy(stream, 'c', 'D');
  assert.equal(bench.value('term_events'), 'str:{,-,-,s7,-,-,}');
});

test('a server that cannot be reached is not one that breaks off', () => {
  for (const [phase, expected] of [
    ['C', 'Sb'],
    ['H', 'S5'],
  ]) {
    const bench = new ExpressionBench();
    endsBy(bench.exchange.stream, 'S', phase);
    assert.equal(bench.value('term_events'), `str:{,-,-,${expected},-,-,}`);
  }
});
