import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../test/harness/exchange.ts';

test('slots of rules follow those of captured headers', () => {
  const { program, messages } = compileText(
    frontendText([
      'capture request header Host len 10',
      'http-request capture src len 4',
      'http-request capture req.hdr(host) len 40',
      'http-request capture str(again) id 0',
    ]),
  );
  assert.deepEqual(messages, []);
  const frontend = program.proxies[0];
  assert.deepEqual(
    frontend.captureRequestHeaders.map(({ lengthMax }) => lengthMax),
    [10, 4, 40],
  );
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  assert.deepEqual(exchange.stream.requestCaptures, ['again', '127.', 'example.com']);
});

test('slots are numbered in the order of their lines', () => {
  const { program, messages } = compileText(
    frontendText([
      'http-request capture src len 4',
      'declare capture request len 7',
      'declare capture response len 9',
      'capture request header Host len 10',
      'tcp-request content capture dst_port len 5',
      'http-request capture str(declared) id 1',
    ]),
  );
  assert.deepEqual(
    messages.filter((message) => message.startsWith('alert')),
    [],
  );
  const frontend = program.proxies[0];
  assert.deepEqual(
    frontend.captureRequestHeaders.map(({ lengthMax }) => lengthMax),
    [4, 7, 10, 5],
  );
  assert.deepEqual(
    frontend.captureResponseHeaders.map(({ lengthMax }) => lengthMax),
    [9],
  );
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  assert.deepEqual(exchange.stream.requestCaptures, ['127.', 'declare']);
});

test('declare capture wants a direction and a length', () => {
  const faults = (line: string) => compileText(frontendText([line])).messages;
  assert.deepEqual(faults('declare capture len 10'), [
    "alert: 'declare capture' only supports 'request', 'response', found 'len'.",
  ]);
  assert.deepEqual(faults('declare capture request len x'), [
    "alert: 'declare capture' expects a length, found 'x'.",
  ]);
  assert.deepEqual(faults('declare capture request 10'), [
    "alert: 'declare capture' expects 'len' <length> behind the direction.",
  ]);
});

test('a slot that the frontend lacks leaves the rule without effect', () => {
  const { program, messages } = compileText(frontendText(['http-request capture src id 3']));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  assert.deepEqual(exchange.stream.requestCaptures, []);
});

test('compiling the same model again makes the same slots', () => {
  for (let round = 0; round < 2; round++) {
    const { program } = compileText(frontendText(['http-request capture src len 4']));
    assert.equal(program.proxies[0].captureRequestHeaders.length, 1);
  }
});

test('responses are captured into declared slots only', () => {
  const { messages } = compileText(frontendText(['http-response capture status len 3']));
  assert.equal(messages.length, 1);
  assert.match(messages[0], /'len' is not one of 'id'/);
});

test('a backend has no slots of its own', () => {
  const { messages } = compileText(`${frontendText([])}\n  http-request capture src len 3\n`);
  assert.equal(messages.length, 1);
  assert.match(messages[0], /makes a slot, which only a frontend has/);
});

test('slots of rules in a defaults section come first in the frontends that use it', () => {
  const { program, messages } = compileText(
    `defaults base\n  mode http\n  timeout client 5s\n  http-request capture req.hdr(host) len 3\n${[
      'frontend fe from base',
      'bind 127.0.0.1:8080',
      'declare capture request len 9',
      'http-request capture str(declared) id 1',
    ].join('\n  ')}\n`,
  );
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  assert.deepEqual(exchange.stream.requestCaptures, ['exa', 'declared']);
});
