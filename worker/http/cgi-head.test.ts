import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { SlotPool } from '../memory/pool.ts';
import { parseCgiHead } from './cgi-head.ts';
import { H1Limits, HeadState, h1ErrorName, h1ErrorStatusLine, h1ErrorValue } from './h1.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyUntilClose,
  Message,
  methodGet,
  methodHead,
  writeLatin1,
} from './message.ts';

const pool = new SlotPool(linuxSys(), 16_384, 4);
const at = pool.take();

function parse(text: string, method = methodGet): { message: Message; result: number } {
  const message = new Message(pool, 64);
  const state = new HeadState(new H1Limits(32));
  state.requestMethod = method;
  writeLatin1(pool.bytes, at, text);
  return { message, result: parseCgiHead(message, at, text.length, state) };
}

const headersOf = (message: Message): string[] =>
  Array.from({ length: message.count }, (_, i) => i)
    .filter((i) => message.nameText(i) !== '')
    .map((i) => `${message.nameText(i)}: ${message.valueText(i)}`);

test('the status comes from Status, from Location, or is 200', () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ['Content-Type: a\r\n\r\n', 200, ''],
    ['\r\n', 200, ''],
    ['Status: 404 Not here\r\nX: y\r\n\r\n', 404, 'Not here'],
    ['status:  204\r\n\r\n', 204, ''],
    ['Location: /x\r\n\r\n', 302, ''],
    ['Location: /x\nStatus: 201 Made\n\n', 201, 'Made'],
  ];
  for (const [text, status, reason] of cases) {
    const { message, result } = parse(text);
    assert.equal(result, text.length, text);
    assert.equal(message.status, status, text);
    assert.equal(message.text(message.reasonAt, message.reasonLength), reason, text);
    assert.ok(!headersOf(message).some((line) => line.startsWith('status')), text);
  }
});

test('what is no head, or no final one, is refused', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['Status: OK\r\n\r\n', h1ErrorStatusLine],
    ['Status: 2000\r\n\r\n', h1ErrorStatusLine],
    ['Status: 20\r\n\r\n', h1ErrorStatusLine],
    ['Status: 103 Early\r\n\r\n', h1ErrorStatusLine],
    ['Status: 101\r\n\r\n', h1ErrorStatusLine],
    ['<html>\r\n\r\n', h1ErrorName],
    ['HTTP/1.1 200 OK\r\nA: b\r\n\r\n', h1ErrorName],
    ['A: b\0c\r\n\r\n', h1ErrorValue],
  ];
  for (const [text, error] of cases) assert.equal(parse(text).result, error, text);
});

test('framing is that of the lines, and what they say of a connection is dropped', () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['A: b\r\n\r\n', methodGet, bodyUntilClose],
    ['A: b\r\n\r\n', methodHead, bodyNone],
    ['Content-Length: 3\r\n\r\n', methodGet, bodyLength],
    ['Content-Length: 3\r\n\r\n', methodHead, bodyNone],
    ['Transfer-Encoding: chunked\r\n\r\n', methodGet, bodyChunked],
    ['Status: 204\r\nContent-Length: 3\r\n\r\n', methodGet, bodyNone],
    ['Status: 304\r\n\r\n', methodGet, bodyNone],
  ];
  for (const [text, method, framing] of cases) {
    assert.equal(parse(text, method).message.framing, framing, text);
  }
  const { message } = parse('Connection: close, x-a\r\nX-B: c\r\n\r\n');
  assert.equal(message.flags, 0);
});

test('a head that comes in pieces is read when it is whole', () => {
  const text = 'Status: 404 Nope\r\nX-A: b\r\n\r\n';
  const message = new Message(pool, 64);
  const state = new HeadState(new H1Limits(32));
  writeLatin1(pool.bytes, at, text);
  for (let length = 0; length < text.length; length++) {
    assert.equal(parseCgiHead(message, at, length, state), 0, `${length} bytes`);
  }
  assert.equal(parseCgiHead(message, at, text.length, state), text.length);
  assert.equal(message.status, 404);
});
