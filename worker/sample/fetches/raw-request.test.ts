// HTTP fetches on the payload of a TCP stream: whole, in pieces, and what is no HTTP.
// The payload must stay as it came: it is forwarded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../../test/harness/exchange.ts';
import { latin1, writeLatin1 } from '../../http/message.ts';
import { verdictClose, verdictNext, verdictWait } from '../../keyword.ts';

const rules = [
  'tcp-request inspect-delay 5s',
  'tcp-request content reject if { req.hdr(host) -i bad.example }',
  'tcp-request content accept if HTTP',
];

function exchangeOf(payload: string, final: boolean): Exchange {
  const { program, messages } = compileText(frontendText(rules, 'tcp'));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program);
  const { stream } = exchange;
  const { memory } = stream.thread;
  Object.assign(stream.thread, { scratchAt: memory.take() });
  const at = memory.take();
  writeLatin1(memory.bytes, at, payload);
  stream.requestPayload.at = at;
  stream.requestPayload.length = payload.length;
  stream.samplesFinal = final;
  return exchange;
}

const request =
  'GET http://BAD.example:80/ HTTP/1.1\r\nHost: BAD.example:80\r\nX-Fold: a\r\n b\r\n\r\n';

test('content rules of TCP proxies read HTTP', () => {
  const rows: readonly (readonly [string, boolean, number])[] = [
    ['GET / HTTP/1.1\r\nHost: bad.example\r\n\r\n', false, verdictClose],
    ['GET / HTTP/1.1\r\nHost: good.example\r\n\r\n', false, 1],
    ['GET / HTTP/1.1\r\nHost: bad.ex', false, verdictWait],
    ['GET / HTTP/1.1\r\nHost: bad.ex', true, verdictNext],
    ['\x16\x03\x01 no http', true, verdictNext],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', false, 1],
    ['', false, verdictWait],
  ];
  for (const [payload, final, expected] of rows) {
    const exchange = exchangeOf(payload, final);
    assert.equal(
      exchange.run(exchange.stream.frontend.tcpContent),
      expected,
      JSON.stringify(payload),
    );
  }
});

test('the payload is not touched', () => {
  const exchange = exchangeOf(request, true);
  const { stream } = exchange;
  exchange.run(stream.frontend.tcpContent);
  const { at, length } = stream.requestPayload;
  assert.equal(latin1(stream.thread.memory.bytes, at, length), request);
});
