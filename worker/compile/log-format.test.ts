// Log formats: text, blanks, flags, types, encodings, and what they refuse.
// Each row is compiled alone and evaluated on one parsed request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../test/harness/expressions.ts';
import { LineBuffer } from '../log/line.ts';
import { headerFormat, type LogFormatKind, logLineFormat, textFormat } from './log-format.ts';

function benchOf(): ExpressionBench {
  const bench = new ExpressionBench();
  bench.exchange.request('GET /a?b HTTP/1.1\r\nHost: h\r\nX-Q: x"y]\\z\r\n\r\n');
  bench.exchange.stream.requestLine = 'GET /a?b HTTP/1.1';
  return bench;
}

const rows: readonly (readonly [string, LogFormatKind, string])[] = [
  ['plain', textFormat, 'plain'],
  ['100%% of %[int(5)]', textFormat, '100% of 5'],
  ['%[str(a)]%[str(b)]-%[str(c)]', textFormat, 'ab-c'],
  ['a  b   %[str(c)]  d ', logLineFormat, 'a b c d '],
  ['  a', logLineFormat, 'a'],
  ['a  b', textFormat, 'a  b'],
  ['%[var(txn.none)]', logLineFormat, '-'],
  ['%[var(txn.none)]', textFormat, ''],
  ['%{+M}[var(txn.none)]', textFormat, '-'],
  ['%{+Q}[str(a)]', textFormat, '"a"'],
  ['%{+Q}[var(txn.none)]', logLineFormat, '""'],
  ['%{+Q,+E}[req.hdr(x-q)]', textFormat, '"x\\"y\\]\\\\z"'],
  ['%{+Q}o%[str(a)] %{-Q}[str(b)] %[str(c)]', textFormat, '"a" b "c"'],
  ['%[str("a\\nb")]', headerFormat, 'a%0Ab'],
  ['%[str("a\\nb")]', textFormat, 'a\nb'],
  ['%[src]:%[src_port]', textFormat, '127.0.0.2:4711'],
  ['%[bin(6100ff)]', textFormat, 'a'],
  ['%{+bin}[bin(6100ff)]', textFormat, 'a\0\xff'],
  ['%[path,field(2,/)]%[str(x),concat("]")]', textFormat, 'ax]'],
  ['%HM %HU', textFormat, 'GET /a?b'],
  [
    '%{+json}o %(m)HM text %(n)[int(5)] %(s:str)[int(5)] ' +
      '%(b:bool)[int(5)] %[str(x)] %(q)[req.hdr(x-q)]',
    logLineFormat,
    '{"m": "GET", "n": 5, "s": "5", "b": true, "q": "x\\"y]\\\\z"}',
  ],
  ['%{+json}[str(a)]', textFormat, '"a"'],
  ['%{+cbor}o %(a)[var(txn.nothing)] %(s:str)ST', logLineFormat, 'BF6161F6617320FF'],
  [
    '%{+cbor}o %(a)[int(5)] %(b)[str(x)] %(c)[bool(true)] %(d)[int(-300)]',
    logLineFormat,
    'BF6161056162617861' + '63F5' + '616439012BFF',
  ],
];

test('formats', () => {
  const bench = benchOf();
  for (const [text, kind, expected] of rows) {
    const format = bench.scope().logFormatAs(text, kind);
    assert.ok(format !== null, `${text}: ${bench.faults()}`);
    assert.equal(format(bench.exchange.stream), expected, text);
  }
});

/** What a log line of this format says. */
function lineOf(bench: ExpressionBench, text: string): string {
  const write = bench.scope().logLine(text);
  assert.ok(write !== null, `${text}: ${bench.faults()}`);
  const line = new LineBuffer(new Uint8Array(256));
  write(bench.exchange.stream, line);
  return Buffer.from(line.bytes.subarray(0, line.at)).toString('latin1');
}

test('lines', () => {
  const bench = benchOf();
  const lines: readonly (readonly [string, string])[] = [
    ['%HM [%HU] %ST', 'GET [/a?b] -1'],
    ['%{+Q}r %HV', '"GET /a?b HTTP/1.1" HTTP/1.1'],
    ['%{+Q}HM/%{+E}HU', '"GET"//a?b'],
    // No header is captured: nothing is written, and one blank separates what stands around it.
    ['%sq/%bq %hr %hs %{+Q}r', '0/0 "GET /a?b HTTP/1.1"'],
    ['%hr  x %hr', 'x '],
  ];
  for (const [text, kind, expected] of rows) {
    if (kind === logLineFormat) assert.equal(lineOf(bench, text), expected, text);
  }
  for (const [text, expected] of lines) assert.equal(lineOf(bench, text), expected, text);
});

test('mistakes', () => {
  const bench = benchOf();
  const cases: readonly (readonly [string, RegExp])[] = [
    ['%zz', /no such format alias 'zz'/],
    ['%', /truncated line after '%'/],
    ['50% off', /unexpected alias name near ' '/],
    ['%[src', /missing '\]' after 'src'/],
    ['%[src)]', /expected '\]' after 'src', but found '\)'/],
    ['%[nope]', /unknown fetch method 'nope'/],
    ['%{+Q', /truncated line/],
    ['%(a:foo)[src]', /unexpected output type 'foo'/],
    ['%(a', /invalid character in custom name/],
  ];
  for (const [text, expected] of cases) {
    assert.equal(bench.scope().logFormatAs(text, textFormat), null, text);
    assert.match(bench.faults(), expected, text);
  }
  const log = new ExpressionBench([], {}, 'http-response');
  assert.equal(log.scope().logFormatAs('%[req.hdr(a)]', headerFormat), null);
  assert.match(log.faults(), /needs 'HTTP request headers' which is not available here/);
});
