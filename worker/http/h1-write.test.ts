import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from '../../test/harness/http-text.ts';
import {
  addChunked,
  writeChunkHeader,
  writeLastChunk,
  writeRequestHead,
  writeResponseHead,
} from './h1-write.ts';
import {
  connectionClose,
  connectionKeepAlive,
  headerName,
  latin1,
  type Message,
} from './message.ts';

type Write = (message: Message, at: number, room: number, adds: number) => number;

function parsed(text: string): Exchange {
  const exchange = new Exchange();
  exchange.append(text);
  const result = text.startsWith('HTTP') ? exchange.response() : exchange.request();
  assert.equal(result, text.length, JSON.stringify(text));
  return exchange;
}

/** What is written; also that one byte less of room is refused and nothing beyond is touched. */
function written(exchange: Exchange, write: Write, adds = 0): string {
  const { message, pool } = exchange;
  const at = pool.take();
  const length = write(message, at, pool.slotBytes, adds);
  const text = latin1(pool.bytes, at, length);
  pool.bytes.fill(0xee, at, at + pool.slotBytes);
  assert.equal(write(message, at, length - 1, adds), -1);
  assert.equal(pool.bytes[at + length - 1], 0xee);
  assert.equal(write(message, at, length, adds), length);
  assert.equal(latin1(pool.bytes, at, length), text);
  assert.equal(pool.bytes[at + length], 0xee);
  pool.release(at);
  return text;
}

test('heads in every shape are written in one', () => {
  const cases: readonly (readonly [received: string, expected: string])[] = [
    ['GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.1\r\n\r\n'],
    ['PATCH /a HTTP/1.0\r\n\r\n', 'PATCH /a HTTP/1.0\r\n\r\n'],
    ['GET  /\tHTTP/1.7\nA:1\nb: 2 \nC:\t3\r\n\n', 'GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n'],
    ['GET / HTTP/1.1\r\na: 1\n\r\n', 'GET / HTTP/1.1\r\na: 1\r\n\r\n'],
    [
      'GET / HTTP/1.1\r\na: 1\r\nhost:x\r\nb: 2\r\n\r\n',
      'GET / HTTP/1.1\r\na: 1\r\nhost: x\r\nb: 2\r\n\r\n',
    ],
    ['GET / HTTP/1.1\r\na: 1\r\n 2\r\nb: 3\r\n\r\n', 'GET / HTTP/1.1\r\na: 1   2\r\nb: 3\r\n\r\n'],
    [
      'GET / HTTP/1.1\r\na: 1\r\nconnection: close\r\nb: 3\r\n\r\n',
      'GET / HTTP/1.1\r\na: 1\r\nb: 3\r\n\r\n',
    ],
    ['GET / HTTP/0.9\r\n\r\n', 'GET / HTTP/0.9\r\n\r\n'],
    ['GET / HTTP/1.1\r\na:\r\nb:\r\n\r\n', 'GET / HTTP/1.1\r\na: \r\nb: \r\n\r\n'],
    ['GET / HTTP/1.1\r\na: \r\nb: \r\n\r\n', 'GET / HTTP/1.1\r\na: \r\nb: \r\n\r\n'],
    [
      'GET http://a:80 HTTP/1.1\r\nhost: a\r\nb: 1\r\n\r\n',
      'GET http://a/ HTTP/1.1\r\nhost: a\r\nb: 1\r\n\r\n',
    ],
    [
      'GET / HTTP/1.1\r\nte: gzip, trailers\r\nb: 1\r\n\r\n',
      'GET / HTTP/1.1\r\nte: trailers\r\nb: 1\r\n\r\n',
    ],
    ['GET / HTTP/1.1\r\nte: trailers;q=1\r\nb: 1\r\n\r\n', 'GET / HTTP/1.1\r\nb: 1\r\n\r\n'],
  ];
  for (const [received, expected] of cases) {
    const exchange = parsed(received);
    assert.equal(written(exchange, writeRequestHead), expected);
    const { grown, headLength } = exchange.message;
    // TE is narrowed by the writer, all else the parser has foreseen.
    if (!received.includes('te:')) assert.equal(headLength + grown, expected.length, received);
  }
});

test('responses: an absent reason becomes the usual one', () => {
  const cases: readonly (readonly [received: string, expected: string])[] = [
    ['HTTP/1.1 200\r\na: 1\r\n\r\n', 'HTTP/1.1 200 OK\r\na: 1\r\n\r\n'],
    ['HTTP/1.0 404 Gone away\r\n\r\n', 'HTTP/1.0 404 Gone away\r\n\r\n'],
    ['HTTP/1.1 299 \r\n\r\n', 'HTTP/1.1 299 Success\r\n\r\n'],
    ['HTTP/1.1 777\r\n\r\n', 'HTTP/1.1 777 Other\r\n\r\n'],
  ];
  for (const [received, expected] of cases) {
    const exchange = parsed(received);
    assert.equal(written(exchange, writeResponseHead), expected);
    assert.equal(exchange.message.headLength + exchange.message.grown, expected.length);
  }
});

test('lines the mux adds come last', () => {
  const text = 'HTTP/1.1 200 OK\r\na: 1\r\n\r\n';
  const cases = [
    [connectionClose, 'connection: close\r\n'],
    [connectionKeepAlive, 'connection: keep-alive\r\n'],
    [addChunked | connectionClose, 'connection: close\r\ntransfer-encoding: chunked\r\n'],
  ] as const;
  for (const [adds, lines] of cases) {
    const expected = `HTTP/1.1 200 OK\r\na: 1\r\n${lines}\r\n`;
    assert.equal(written(parsed(text), writeResponseHead, adds), expected);
  }
});

test('edits come from the annex, also those that look like received lines', () => {
  const exchange = parsed('GET /old HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n');
  const { message } = exchange;
  assert.ok(message.setTarget('/new'));
  assert.ok(message.setMethod('PUT'));
  assert.ok(message.setValue(1, 'two'));
  message.remove(2);
  assert.ok(message.add(headerName('x'), 'ab'));
  // Its value now starts two bytes after its name, as in a received line.
  assert.ok(message.setValue(3, 'cd'));
  const expected = 'PUT /new HTTP/1.1\r\na: 1\r\nb: two\r\nx: cd\r\n\r\n';
  assert.equal(written(exchange, writeRequestHead), expected);
  assert.equal(message.headLength + message.grown, expected.length);
});

test('chunk framing', () => {
  const bytes = new Uint8Array(16);
  for (const length of [1, 9, 15, 16, 255, 4096, 0xabcdef, 0x7fffffff, 0xffffffff]) {
    const end = writeChunkHeader(bytes, 1, length);
    assert.equal(latin1(bytes, 1, end - 1), `${length.toString(16)}\r\n`);
  }
  assert.equal(latin1(bytes, 0, writeLastChunk(bytes, 0)), '0\r\n\r\n');
});
