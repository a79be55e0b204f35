import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';
import { verdictLate, verdictNext, verdictWait } from '../keyword.ts';

const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n';

function prepare(rule: string, request = post): Exchange {
  const { program, messages } = compileText(frontendText([`http-request ${rule}`]));
  assert.deepEqual(messages, []);
  return new Exchange(program).request(request);
}

test('a pause waits for its time, then goes on once', () => {
  const exchange = prepare('pause 100ms');
  assert.equal(exchange.runRequest(), verdictWait);
  assert.equal(exchange.stream.waitUntilMs, 1100);
  exchange.time.nowMs = 1099;
  assert.equal(exchange.runRequest(), verdictWait);
  exchange.time.nowMs = 1100;
  assert.equal(exchange.runRequest(), verdictNext);
  assert.equal(exchange.stream.waitUntilMs, 0);
});

test('a pause whose expression has no value does nothing', () => {
  assert.equal(prepare('pause req.hdr(x-none)').runRequest(), verdictNext);
});

const bodies: readonly (readonly [
  rule: string,
  length: number,
  ended: boolean,
  verdict: number,
])[] = [
  ['wait-for-body time 1s', 0, false, verdictWait],
  ['wait-for-body time 1s', 4999, false, verdictWait],
  ['wait-for-body time 1s', 5000, true, verdictNext],
  ['wait-for-body time 1s at-least 100', 99, false, verdictWait],
  ['wait-for-body time 1s at-least 100', 100, false, verdictNext],
  // The buffer less what is reserved for rewriting.
  ['wait-for-body time 1s', 16_384 - 1024, false, verdictNext],
];

for (const [rule, length, ended, verdict] of bodies) {
  test(`${rule} with ${length} bytes`, () => {
    const exchange = prepare(rule);
    exchange.stream.requestPayload.length = length;
    exchange.stream.requestPayload.ended = ended;
    assert.equal(exchange.runRequest(), verdict);
  });
}

test('a body that does not come in time is late', () => {
  const exchange = prepare('wait-for-body time 1s');
  assert.equal(exchange.runRequest(), verdictWait);
  exchange.time.nowMs = 2000;
  assert.equal(exchange.runRequest(), verdictLate);
});

test('a request without a body is not held', () => {
  const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  assert.equal(prepare('wait-for-body time 1s', get).runRequest(), verdictNext);
});

const mistakes: readonly (readonly [rule: string, message: RegExp])[] = [
  ['wait-for-body at-least 5', /'time' and a time are expected/],
  ['wait-for-body time x', /'x' is not a value of 'time'/],
  ['wait-for-body time 1s use-large-buffer', /'tune.bufsize.large' global parameter must be set/],
];

for (const [rule, message] of mistakes) {
  test(`refused: ${rule}`, () => {
    const { messages } = compileText(frontendText([`http-request ${rule}`]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}
