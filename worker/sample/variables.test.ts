// Variables: names, scopes and their lives, conditional sets, memory limits.
// Everything goes through expressions, as configurations use it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../test/harness/expressions.ts';
import { directionRequest, directionResponse } from '../stream/stream.ts';

test('a value lives as long as its scope', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  for (const scope of ['proc', 'sess', 'txn', 'req']) bench.value(`int(1),set-var(${scope}.v)`);
  assert.equal(bench.value('int(1),set-var(res.v)'), 'none');
  stream.direction = directionResponse;
  assert.equal(bench.value('var(req.v)'), 'none');
  assert.equal(bench.value('str(r),set-var(res.v)'), 'str:r');
  for (const scope of ['proc', 'sess', 'txn'])
    assert.equal(bench.value(`var(${scope}.v)`), 'sint:1');
  assert.equal(bench.value('var(res.v)'), 'str:r');
  stream.direction = directionRequest;
  stream.variables.length = 0;
  assert.equal(bench.value('var(txn.v)'), 'none');
  assert.equal(bench.value('var(sess.v)'), 'sint:1');
  assert.equal(bench.value('int(1),set-var(check.v)'), 'none');
});

test('types are kept', () => {
  const bench = new ExpressionBench();
  const rows = [
    'int(-5)',
    'str(a)',
    'bin(00ff),hex',
    'ipv4(1.2.3.4)',
    'ipv6(::1)',
    'bool(true)',
    'meth(PUT)',
  ];
  for (const expression of rows) {
    const value = bench.value(expression);
    assert.equal(bench.value(`${expression},set-var(txn.t)`), value);
    assert.equal(bench.value('var(txn.t)'), value, expression);
  }
});

test('conditional sets', () => {
  /** Expression, then what the variable holds: it starts as int 5 (n), text "a" (s), unset (u). */
  const rows: readonly (readonly [string, string, string])[] = [
    ['int(9),set-var(txn.n,ifexists)', 'var(txn.n)', 'sint:9'],
    ['int(9),set-var(txn.u,ifexists)', 'var(txn.u)', 'none'],
    ['int(9),set-var(txn.u,ifnotexists)', 'var(txn.u)', 'sint:9'],
    ['int(9),set-var(txn.n,ifnotexists)', 'var(txn.n)', 'sint:5'],
    ['int(9),set-var(txn.n,ifset)', 'var(txn.n)', 'sint:9'],
    ['int(9),set-var(txn.u,ifset)', 'var(txn.u)', 'none'],
    ['int(9),set-var(txn.n,ifnotset)', 'var(txn.n)', 'sint:5'],
    ['str(),set-var(txn.s,ifnotempty)', 'var(txn.s)', 'str:a'],
    ['str(b),set-var(txn.s,ifnotempty)', 'var(txn.s)', 'str:b'],
    ['str(b),set-var(txn.s,ifempty)', 'var(txn.s)', 'str:a'],
    ['int(4),set-var(txn.n,ifgt)', 'var(txn.n)', 'sint:4'],
    ['int(6),set-var(txn.n,ifgt)', 'var(txn.n)', 'sint:5'],
    ['int(6),set-var(txn.n,iflt)', 'var(txn.n)', 'sint:6'],
    ['int(4),set-var(txn.n,iflt)', 'var(txn.n)', 'sint:5'],
    ['int(6),set-var(txn.n,ifexists,iflt)', 'var(txn.n)', 'sint:6'],
    ['int(6),set-var(proc.p,ifnotexists)', 'var(proc.p)', 'none'],
    ['int(6),set-var(proc.p,ifexists)', 'var(proc.p)', 'sint:6'],
  ];
  for (const [expression, read, expected] of rows) {
    const bench = new ExpressionBench();
    bench.value('int(5),set-var(txn.n)');
    bench.value('str(a),set-var(txn.s)');
    bench.value(expression);
    assert.equal(bench.value(read), expected, expression);
  }
  const bench = new ExpressionBench();
  assert.match(bench.value('int(1),set-var(txn.n,ifodd)'), /unknown condition "ifodd"/);
});

test('names', () => {
  const bench = new ExpressionBench();
  assert.match(bench.value('var(txn.a-b)'), /invalid syntax at char '-b'/);
  assert.match(bench.value('var(foo)'), /must start with its scope/);
  assert.equal(bench.value('var(psess.x)'), 'none', 'no stream of a client has a parent');
  assert.equal(bench.value('str(a),set-var(ptxn.x)'), 'none');
  assert.match(bench.value('var(pcheck.x)'), /must start with its scope/);
  assert.equal(bench.value('var(txn.a.b_9)'), 'none');
});

test('limits count what a scope and those inside it hold', () => {
  const bench = new ExpressionBench();
  const { tune } = bench.context.model.global;
  tune.varsSessMaxSize = 300;
  tune.varsTxnMaxSize = 200;
  assert.equal(bench.value(`str(${'a'.repeat(100)}),set-var(txn.a)`), `str:${'a'.repeat(100)}`);
  assert.equal(bench.value(`str(${'b'.repeat(100)}),set-var(txn.b)`), 'none');
  assert.equal(bench.value('str(a),set-var(txn.a)'), 'str:a');
  assert.equal(bench.value('str(b),set-var(txn.b)'), 'str:b');
  assert.equal(bench.value(`str(${'c'.repeat(50)}),set-var(sess.c)`), `str:${'c'.repeat(50)}`);
  assert.equal(bench.value('int(1),set-var(sess.d)'), 'none');
});

test('a check has a limit of its own, inside that of the session', () => {
  const bench = new ExpressionBench();
  const { tune } = bench.context.model.global;
  bench.exchange.stream.thread.checkVariables = [];
  tune.varsCheckMaxSize = 200;
  tune.varsTxnMaxSize = 1;
  assert.equal(bench.value(`str(${'a'.repeat(100)}),set-var(check.a)`), `str:${'a'.repeat(100)}`);
  assert.equal(bench.value('str(abcdefghijklmnopqrstuvwxyz),set-var(check.b)'), 'none');
  tune.varsSessMaxSize = 190;
  assert.equal(bench.value('int(1),set-var(sess.c)'), 'none');
});
