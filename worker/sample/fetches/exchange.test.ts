// Bytes, last rules and views of an exchange; distcc messages cut anywhere; variables shown whole.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../../test/harness/exchange.ts';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { writeLatin1 } from '../../http/message.ts';
import { Sample } from '../sample.ts';
import { variableDumps } from './variable-dump.ts';
import { distcc } from './distcc.ts';
import type { Evaluate, Scope } from '../../keyword.ts';
import { flagReused } from '../../stream/phases.ts';
import { directionResponse } from '../../stream/stream.ts';

test('bytes of a stream that has ended, and of one that met no server', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  stream.bytesIn = 120;
  stream.bytesOut = 4000;
  for (const [name, value] of [
    ['bytes_in', 120],
    ['req.bytes_in', 120],
    ['req.bytes_out', 0],
    ['res.bytes_in', 0],
    ['bytes_out', 0],
    ['res.bytes_out', 4000],
  ] as const) {
    assert.equal(bench.value(name), `sint:${value}`, name);
  }
  stream.times.connectMs = 5;
  assert.equal(bench.value('req.bytes_out'), 'sint:120');
  assert.equal(bench.value('bytes_out'), 'sint:4000');
});

test('bytes of a stream that runs', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const front = { inbound: { taken: 10 }, outbound: { offeredBytes: () => 700 } };
  Object.assign(stream, { front, bytesOutBase: 200 });
  assert.equal(bench.value('bytes_in'), `sint:${stream.request.headLength + 10}`);
  assert.equal(bench.value('res.bytes_out'), 'sint:500');
});

test('the last rule, reuse, and the kind of stream', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  assert.equal(bench.value('last_entity'), 'none');
  stream.lastRuleFile = 'a.cfg';
  stream.lastRuleLine = 7;
  assert.equal(bench.value('last_entity'), 'str:a.cfg:7');
  assert.equal(bench.value('internal.strm.is_htx'), 'bool:1');
  assert.equal(bench.value('bc_reused'), 'none');
  stream.servedBy = stream.session.connection;
  assert.equal(bench.value('bc_reused'), 'bool:0');
  stream.flags |= flagReused;
  assert.equal(bench.value('bc_reused'), 'bool:1');
});

test('sides that gave up', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  assert.equal(bench.value('bs.aborted'), 'none');
  Object.assign(stream, {
    front: { inbound: { failure: 0 } },
    back: { inbound: { failure: -104 } },
  });
  assert.equal(bench.value('fs.aborted'), 'sint:0');
  assert.equal(bench.value('bs.aborted'), 'sint:1');
});

test('names of the cookies a server sets: one a header', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange.response(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/; b=2\r\nSet-Cookie: c=3; d=4\r\n\r\n',
  );
  stream.direction = directionResponse;
  assert.equal(bench.value('res.cook_names'), 'str:a,c');
});

/** The only row of that name, built. */
function built(name: string, args: readonly (string | number)[]): Evaluate {
  const alerts: string[] = [];
  const { program } = compileText(frontendText([]));
  const scope = { model: program.model, alert: (text: string) => alerts.push(text) };
  const def = [...distcc, ...variableDumps].find((row) => row.name === name);
  // The rows below ask their scope for these two things only.
  const evaluate = def?.build(args, scope as unknown as Scope) ?? null;
  assert.deepEqual(alerts, []);
  assert.ok(evaluate !== null);
  return evaluate;
}

const distccText = 'DIST00000003ARGC00000002ARGV00000003gccARGV00000002-cDOTI00000005int x';
const distccRows: readonly (readonly [string, number, string])[] = [
  ['DIST', 0, '3:'],
  ['ARGC', 1, '2:'],
  ['ARGV', 0, '3:gcc'],
  ['ARGV', 2, '2:-c'],
  ['DOTI', 0, '5:int x'],
];

function tcpExchange(): Exchange {
  const { program, messages } = compileText(frontendText([], 'tcp'));
  assert.deepEqual(messages, []);
  return new Exchange(program);
}

/** Shows the first `length` bytes of a text as what the client has sent. */
function show({ stream }: Exchange, text: string, length: number): void {
  const { memory } = stream.thread;
  const at = memory.take();
  writeLatin1(memory.bytes, at, text.slice(0, length));
  stream.requestPayload.at = at;
  stream.requestPayload.length = length;
}

test('distcc tokens, however much of them has come', () => {
  const out = new Sample();
  const exchange = tcpExchange();
  const { stream } = exchange;
  for (const [name, occurrence, expected] of distccRows) {
    show(exchange, distccText, distccText.length);
    out.restart();
    assert.ok(built('distcc_param', [name, occurrence])(stream, out), name);
    const value = String(out.int);
    assert.ok(built('distcc_body', [name, occurrence])(stream, out), name);
    assert.equal(`${value}:${out.text}`, expected);
    stream.thread.memory.release(stream.requestPayload.at);
  }
  const param = built('distcc_param', ['DOTI']);
  for (let length = 0; length < distccText.length - 5; length++) {
    show(exchange, distccText, length);
    out.restart();
    assert.equal(param(stream, out), false, `${length} bytes`);
    assert.ok(out.mayChange, `${length} bytes`);
    stream.thread.memory.release(stream.requestPayload.at);
  }
  show(exchange, 'GET / HTTP/1.1\r\n', 16);
  out.restart();
  assert.equal(param(stream, out), false);
  assert.equal(out.mayChange, false);
});

test('token names have four letters', () => {
  assert.match(new ExpressionBench().value('distcc_param(DOT)'), /must be exactly 4 characters/);
});

const dumpRules = [
  'http-request set-var(txn.name) str(Sm9obiAiRCI=),b64dec,cut_crlf',
  'http-request set-var(txn.data) bin(48656c6c6f)',
  'http-request set-var(txn.count) int(42)',
  'http-request set-var(txn.active) bool(true)',
  'http-request set-var(txn.client) ipv4(192.168.1.1)',
  'http-request set-var(req.method) method',
  'http-request set-var(sess.user) str(s)',
];
const dumps: readonly (readonly [readonly string[], string])[] = [
  [
    ['txn'],
    'txn.name="John \\"D\\"", txn.data=x48656c6c6f, txn.count=42, txn.active=true, ' +
      'txn.client=192.168.1.1',
  ],
  [['txn', 'c'], 'txn.count=42, txn.client=192.168.1.1'],
  [['txn', 'c', '; '], 'txn.count=42; txn.client=192.168.1.1'],
  [['req'], 'req.method="GET"'],
  [['res'], ''],
  [['', 'user'], 'sess.user="s"'],
];

test('variables of a scope', () => {
  const { program, messages } = compileText(frontendText(dumpRules));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  const out = new Sample();
  for (const [args, expected] of dumps) {
    assert.ok(built('dump_all_vars', args)(exchange.stream, out));
    assert.equal(out.text, expected);
  }
  assert.match(new ExpressionBench().value('dump_all_vars(all)'), /invalid scope 'all'/);
});
