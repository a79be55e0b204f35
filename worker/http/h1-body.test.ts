import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLimits, headerTexts, plainPool } from '../../test/harness/http-text.ts';
import {
  chunkLineBytesMax,
  h1ErrorChunk,
  h1ErrorContentLength,
  h1ErrorHeaderCount,
  h1ErrorName,
} from './h1.ts';
import { BodyDecoder, TrailerReader } from './h1-body.ts';
import { writeTrailers } from './h1-write.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
  latin1,
  Message,
  writeLatin1,
} from './message.ts';

const pool = plainPool(32768, 4);
const trailers = new TrailerReader(new Message(pool, 128), defaultLimits);

/**
 * Decodes `text` given in pieces of `pieceBytes`; what is not consumed is given again with the
 * next.
 */
function decode(text: string, pieceBytes: number) {
  const decoder = new BodyDecoder(trailers);
  decoder.start(bodyChunked, -1);
  let payload = '';
  let rest = '';
  let given = 0;
  while (given < text.length && !decoder.done && decoder.error === 0) {
    rest += text.slice(given, given + pieceBytes);
    given = Math.min(given + pieceBytes, text.length);
    pool.bytes.fill(0xee);
    writeLatin1(pool.bytes, 100, rest);
    decoder.decode(pool.bytes, 100, rest.length);
    payload += latin1(pool.bytes, decoder.payloadAt, decoder.payloadLength);
    assert.equal(pool.bytes[100 + rest.length], 0xee);
    assert.equal(pool.bytes[99], 0xee);
    rest = rest.slice(decoder.consumed);
  }
  return { decoder, payload, left: rest + text.slice(given) };
}

test('chunks are joined, whatever the cuts', () => {
  const cases: readonly (readonly [text: string, payload: string])[] = [
    ['0\r\n\r\n', ''],
    ['5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['5\r\nhello\r\n00001\r\n!\r\n0\r\n\r\n', 'hello!'],
    ['A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\n\r\n', '0123456789abcdefghij'],
    ['3 \t\r\nabc\r\n0 \r\n\r\n', 'abc'],
    ['3;a=b;c="d;\\"e\\\\"\r\nabc\r\n0;x\r\n\r\n', 'abc'],
    ['3 ;a\r\n\r\n\n\r\n0\r\n\r\n', '\r\n\n'],
  ];
  for (const [text, payload] of cases) {
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes++) {
      const outcome = decode(`${text}NEXT`, pieceBytes);
      assert.equal(outcome.decoder.error, 0, `${JSON.stringify(text)} by ${pieceBytes}`);
      assert.equal(outcome.payload, payload, `${JSON.stringify(text)} by ${pieceBytes}`);
      assert.ok(outcome.decoder.done);
      assert.equal(outcome.left, 'NEXT');
    }
  }
});

test('broken chunks are refused at the byte that breaks them', () => {
  const cases: readonly (readonly [text: string, at: number])[] = [
    ['\r\n', 0],
    [' 5\r\n', 0],
    [';a\r\n', 0],
    ['g\r\n', 0],
    ['-5\r\n', 0],
    ['0x5\r\n', 1],
    ['5\nhello', 1],
    ['5\rhello', 2],
    ['5 5\r\n', 2],
    ['5,\r\n', 1],
    ['3\r\nabcd', 6],
    ['3\r\nabc\n', 6],
    ['3\r\nabc\rx', 7],
    ['10000000000000\r\n', 13],
    ['3;a\\b\r\n', 3],
    ['3;"a\r\n', 4],
    ['3;"a\\\r\n', 5],
    ['3;a\x00\r\n', 3],
    ['3;a\n', 3],
    ['3;a\x7f\r\n', 3],
    [`3;${'a'.repeat(chunkLineBytesMax)}`, chunkLineBytesMax],
  ];
  for (const [text, at] of cases) {
    const whole = decode(text, text.length);
    assert.equal(whole.decoder.error, h1ErrorChunk, JSON.stringify(text));
    assert.equal(whole.decoder.errorAt, at, JSON.stringify(text));
    if (text.length < 100) assert.equal(decode(text, 1).decoder.error, h1ErrorChunk);
  }
  assert.equal(decode('fffffffffffff\r\n', 99).decoder.remaining, 2 ** 52 - 1);
});

test('trailers are validated, kept for the writer, and lose what frames or routes', () => {
  const text = '3\r\nabc\r\n0\r\nX-Sum:  1\r\n 2\r\nHost: a\r\nContent-Length: 3\r\ny: z\r\n\r\n';
  for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes++) {
    const { decoder, payload, left } = decode(`${text}NEXT`, pieceBytes);
    assert.equal(payload, 'abc');
    assert.equal(left, 'NEXT');
    assert.ok(decoder.trailersLength > 0);
    assert.deepEqual(headerTexts(trailers.message), ['x-sum: 1   2', 'y: z']);
    const at = 16384;
    const length = writeTrailers(trailers.message, at, 1000);
    assert.equal(latin1(pool.bytes, at, length), '0\r\nx-sum: 1   2\r\ny: z\r\n\r\n');
    assert.equal(writeTrailers(trailers.message, at, length - 1), -1);
  }
  assert.equal(decode('0\r\na b: c\r\n\r\n', 99).decoder.error, h1ErrorName);
  assert.equal(decode('0\r\ncontent-length: x\r\n\r\n', 99).decoder.error, h1ErrorContentLength);
  const many = decode(`0\r\n${'a: b\r\n'.repeat(101)}\r\n`, 999);
  assert.equal(many.decoder.error, h1ErrorHeaderCount);
});

test('a body of known length is shown in place and ends by itself', () => {
  const decoder = new BodyDecoder(trailers);
  decoder.start(bodyLength, 10);
  decoder.decode(pool.bytes, 40, 4);
  assert.deepEqual([decoder.payloadAt, decoder.payloadLength, decoder.done], [40, 4, false]);
  assert.ok(decoder.isInPayload());
  decoder.pass(5);
  assert.equal(decoder.remaining, 1);
  decoder.decode(pool.bytes, 40, 4);
  assert.deepEqual([decoder.payloadLength, decoder.consumed, decoder.done], [1, 1, true]);
  decoder.decode(pool.bytes, 40, 4);
  assert.equal(decoder.payloadLength, 0);
});

test('other framings: none is done at once, until close and tunnel never', () => {
  const decoder = new BodyDecoder(trailers);
  decoder.start(bodyNone, -1);
  assert.ok(decoder.done);
  decoder.start(bodyLength, 0);
  assert.ok(decoder.done);
  for (const framing of [bodyUntilClose, bodyTunnel]) {
    decoder.start(framing, -1);
    decoder.decode(pool.bytes, 0, 1000);
    decoder.pass(2 ** 40);
    assert.deepEqual([decoder.payloadLength, decoder.consumed, decoder.done], [1000, 1000, false]);
  }
});

test('payload inside a chunk can be passed by', () => {
  const decoder = new BodyDecoder(trailers);
  decoder.start(bodyChunked, -1);
  writeLatin1(pool.bytes, 0, '400\r\n');
  decoder.decode(pool.bytes, 0, 5);
  assert.ok(decoder.isInPayload());
  decoder.pass(1024);
  assert.ok(!decoder.isInPayload());
  writeLatin1(pool.bytes, 0, '\r\n0\r\n\r\n');
  decoder.decode(pool.bytes, 0, 7);
  assert.ok(decoder.done);
});
