import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { allocateGauges, Gauges } from '../../../shared/segment/gauges.ts';

test('what a stream costs, in all and for each call', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  assert.equal(bench.value('cpu_ns_avg'), 'sint:0');
  Object.assign(stream, { calls: 4, workedUs: 10.5, waitedUs: 2 });
  for (const [name, value] of [
    ['cpu_calls', 4],
    ['cpu_ns_tot', 10_500],
    ['cpu_ns_avg', 2625],
    ['lat_ns_tot', 2000],
    ['lat_ns_avg', 500],
  ]) {
    assert.equal(bench.value(String(name)), `sint:${value}`);
  }
});

test('how busy threads are, and how many connections a socket has', () => {
  const bench = new ExpressionBench();
  assert.equal(bench.value('cpu_usage_thr'), 'sint:0');
  assert.equal(bench.value('dst_conn'), 'none');
  const gauges = new Gauges(allocateGauges(2, 1), 2);
  Object.assign(bench.exchange.stream.thread, { gauges });
  gauges.setUsage(0, 30);
  gauges.setUsage(1, 80);
  gauges.enterSocket(0);
  assert.equal(bench.value('cpu_usage_thr'), 'sint:30');
  assert.equal(bench.value('cpu_usage_grp'), 'sint:55');
  assert.equal(bench.value('cpu_usage_proc'), 'sint:55');
  Object.assign(bench.exchange.stream.thread, { group: { index: 1, first: 1, count: 1 } });
  assert.equal(bench.value('cpu_usage_grp'), 'sint:80');
  assert.equal(bench.value('tgroup'), 'sint:1');
  assert.equal(bench.value('dst_conn'), 'sint:1');
});

test('the first packet of a connection, where the bind line asked to keep it', () => {
  const bench = new ExpressionBench();
  const { session } = bench.exchange.stream;
  const { connection } = session;
  const asked: number[] = [];
  Object.assign(connection, { isOpen: true, fd: 7 });
  Object.assign(connection.sys, {
    getsockoptBytes: (_fd: number, level: number, name: number, into: Uint8Array) => {
      asked.push(level, name);
      into.set([0x45, 0, 0xff]);
      return 3;
    },
  });
  assert.equal(bench.value('fc_saved_syn,hex'), 'none');
  Object.assign(session.listener.bind, { tcpSaveSyn: 1 });
  assert.equal(bench.value('fc_saved_syn,hex'), 'str:4500FF');
  assert.deepEqual(asked, [6, 28]);
});
