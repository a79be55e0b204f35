import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linuxSys } from '../../shared/sys/linux.ts';
import { SlotPool } from '../memory/pool.ts';
import { writeRequestHead } from './h1-write.ts';
import { H2HeadReader } from './h2-head.ts';
import { headBad, headMalformed } from './h2-pseudo.ts';
import { writeTrailerLines } from './h2-field.ts';
import { writeRequestBlock, writeResponseBlock } from './h2-write.ts';
import { HeaderBlock, HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  headerName,
  headerWords,
  Message,
  methodGet,
  methodHead,
  writeLatin1,
} from './message.ts';

const slotBytes = 16_384;
const pool = new SlotPool(linuxSys(), slotBytes, 8);
for (let i = 0; i < 5; i++) pool.take();
const reader = new H2HeadReader();

/** A block as the decoder leaves it: strings in the second slot. Lines are `name: value`. */
function blockOf(lines: readonly string[]): HeaderBlock {
  const block = new HeaderBlock(64);
  block.restart(pool.bytes, slotBytes, slotBytes);
  for (const line of lines) {
    const colon = line.indexOf(': ', 1);
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)];
    writeLatin1(pool.bytes, block.at, name + value);
    const at = block.at + name.length;
    const word = [block.at, name.length, at, value.length, headerName(name).hash];
    block.words.set(word, block.count++ * headerWords);
    block.at = at + value.length;
  }
  return block;
}

function request(lines: readonly string[], ends = true): { message: Message; result: number } {
  const message = new Message(pool, 64);
  return { message, result: reader.readRequest(message, blockOf(lines), ends, false) };
}

const headersOf = (message: Message): string[] =>
  Array.from(
    { length: message.count },
    (_, i) => `${message.nameText(i)}: ${message.valueText(i)}`,
  );

const line = [':method: GET', ':scheme: http', ':path: /a?b'];

test('requests become what HTTP/1 would have had', () => {
  const cases: readonly (readonly [readonly string[], string, readonly string[]])[] = [
    [line, 'GET /a?b', []],
    [[...line, ':authority: h'], 'GET http://h/a?b', ['host: h']],
    [[...line, ':authority: h:80'], 'GET http://h/a?b', ['host: h']],
    [[...line, ':authority: h:8080'], 'GET http://h:8080/a?b', ['host: h:8080']],
    [[...line, ':authority: a', 'host: b', 'x: y'], 'GET http://a/a?b', ['host: a', 'x: y']],
    [[...line, 'host: b', 'host: c'], 'GET /a?b', ['host: b']],
    [[...line, 'cookie: a=1', 'x: y', 'cookie: b=2'], 'GET /a?b', ['x: y', 'cookie: a=1; b=2']],
    [[...line, 'te: trailers', 'x:  y\t'], 'GET /a?b', ['te: trailers', 'x: y']],
    [[':method: OPTIONS', ':scheme: https', ':path: *'], 'OPTIONS *', []],
    [[':method: CONNECT', ':authority: h:443'], 'CONNECT h:443', ['host: h:443']],
    [[...line, 'content-length: 00, 0'], 'GET /a?b', ['content-length: 0']],
  ];
  for (const [lines, expected, headers] of cases) {
    const { message, result } = request(lines);
    assert.equal(result, 0, lines.join());
    assert.equal(`${message.methodText()} ${message.target()}`, expected);
    assert.deepEqual(headersOf(message), headers);
  }
});

test('how the payload is framed', () => {
  assert.equal(request(line).message.framing, bodyNone);
  assert.equal(request(line, false).message.framing, bodyChunked);
  const { message } = request([...line, 'content-length: 5'], false);
  assert.equal(message.framing, bodyLength);
  assert.equal(message.contentLength, 5);
});

test('an extended CONNECT is an upgrade', () => {
  const lines = [':method: CONNECT', ':scheme: https', ':path: /', ':authority: h'];
  const { message, result } = request([...lines, ':protocol: websocket'], false);
  assert.equal(result, 0);
  assert.equal(reader.isExtendedConnect, true);
  assert.equal(`${message.methodText()} ${message.target()}`, 'GET https://h/');
  assert.deepEqual(headersOf(message), ['host: h', 'upgrade: websocket', 'connection: upgrade']);
  assert.equal(request([...lines, ':protocol: h2c']).result, headMalformed);
});

test('requests that are refused', () => {
  const malformed: readonly (readonly string[])[] = [
    [],
    [':method: GET', ':scheme: http'],
    [':method: GET', ':path: /'],
    [':scheme: http', ':path: /'],
    [...line, ':method: GET'],
    [...line, ':status: 200'],
    [...line, ':unknown: x'],
    ['x: y', ...line],
    [...line, 'X: y'],
    [...line, 'a b: y'],
    [...line, 'a\0: y'],
    [...line, 'x: a\rb'],
    [...line, 'x: a\nb'],
    [...line, 'x: a\0b'],
    [...line, 'connection: close'],
    [...line, 'transfer-encoding: chunked'],
    [...line, 'keep-alive: 1'],
    [...line, 'proxy-connection: x'],
    [...line, 'upgrade: x'],
    [...line, 'te: gzip'],
    [...line, 'content-length: '],
    [...line, 'content-length: 0,'],
    [...line, 'content-length: 1x'],
    [...line, 'content-length: 0', 'content-length: 1'],
    [...line, 'content-length: 1'],
    [...line, ':authority: a/b'],
    [...line, ':authority: a@b'],
    [...line, 'host: a b'],
    [':method: GET', ':scheme: http', ':path: a'],
    [':method: GET', ':scheme: http', ':path: /#a'],
    [':method: GET', ':scheme: http', ':path: /a b'],
    [':method: GET', ':scheme: http', ':path: '],
    [':method: ', ':scheme: http', ':path: /'],
    [...line, ':protocol: websocket'],
    [':method: CONNECT', ':authority: h:1', ':scheme: http'],
    [':method: CONNECT'],
  ];
  for (const lines of malformed) assert.equal(request(lines).result, headMalformed, lines.join());
  const bad: readonly (readonly string[])[] = [
    [':method: GET?', ':scheme: http', ':path: /'],
    [':method: GET', ':scheme: http://a/?', ':path: /'],
    [':method: PRI', ':scheme: https', ':path: *'],
  ];
  for (const lines of bad) assert.equal(request(lines).result, headBad, lines.join());
});

test('responses', () => {
  const read = (lines: readonly string[], ends: boolean, method: number): number | Message => {
    const message = new Message(pool, 64);
    const result = reader.readResponse(message, blockOf(lines), ends, method);
    return result === 0 ? message : result;
  };
  const full = read([':status: 200', 'content-length: 3', 'x: y'], false, methodGet) as Message;
  assert.equal(full.status, 200);
  assert.equal(full.framing, bodyLength);
  assert.deepEqual(headersOf(full), ['content-length: 3', 'x: y']);
  assert.equal((read([':status: 200'], true, methodGet) as Message).framing, bodyChunked);
  const head = read([':status: 200', 'content-length: 3'], true, methodHead) as Message;
  assert.equal(head.framing, bodyNone);
  assert.equal((read([':status: 304', 'content-length: 3'], true, 1) as Message).framing, bodyNone);
  const refused = [['x: y'], [':status: 20'], [':status: 101'], [':status: 2x0'], [...line]];
  for (const lines of refused) assert.equal(read(lines, true, methodGet), headMalformed);
  assert.equal(read([':status: 200', 'content-length: 3'], true, methodGet), headMalformed);
});

test('trailers become lines, without those that frame a message', () => {
  const block = blockOf(['x: y', 'content-length: 3', 'z: ']);
  const length = writeTrailerLines(block, 3 * slotBytes, slotBytes);
  const at = 3 * slotBytes;
  assert.equal(Buffer.from(pool.bytes.slice(at, at + length)).toString(), 'x: y\r\nz: \r\n\r\n');
  assert.equal(writeTrailerLines(blockOf([]), at, slotBytes), 0);
  assert.equal(writeTrailerLines(blockOf([':path: /']), at, slotBytes), -1);
  assert.equal(writeTrailerLines(blockOf(['x: y']), at, 5), -1);
});

const room = { at: 3 * slotBytes, length: slotBytes };

function written(length: number): string[] {
  assert.ok(length > 0);
  const block = new HeaderBlock(64);
  const bytes = pool.bytes.slice(room.at, room.at + length);
  block.restart(pool.bytes, 4 * slotBytes, slotBytes);
  assert.equal(new HpackDecoder(4096).decode(bytes, 0, length, block), 0);
  return Array.from({ length: block.count }, (_, i) => {
    const text = (k: number): string => {
      const at = block.words[i * headerWords + k];
      return Buffer.from(
        pool.bytes.slice(at, at + block.words[i * headerWords + k + 1]),
      ).toString();
    };
    return `${text(0)}: ${text(2)}`;
  });
}

test('a request is written as it was read, and for HTTP/1 with its path', () => {
  const lines = [':method: GET', ':scheme: http', ':authority: h', ':path: /a?b', 'x: y'];
  const { message } = request(lines);
  assert.deepEqual(written(writeRequestBlock(new HpackEncoder(), message, room, false)), lines);
  const length = writeRequestHead(message, room.at, room.length, 0);
  const text = Buffer.from(pool.bytes.slice(room.at, room.at + length)).toString();
  assert.equal(text, 'GET /a?b HTTP/1.1\r\nhost: h\r\nx: y\r\n\r\n');
});

test('lines of an HTTP/1 connection stay behind', () => {
  const message = new Message(pool, 64);
  message.method = methodGet;
  message.setTarget('/');
  for (const [name, value] of [
    ['host', 'h'],
    ['connection', 'upgrade'],
    ['upgrade', 'websocket, other'],
    ['te', 'gzip, trailers'],
    ['transfer-encoding', 'chunked'],
    ['x', 'y'],
  ] as const) {
    message.add(headerName(name), value);
  }
  // The message's own bytes and the block must share one memory: the annex is in the pool.
  const plain = written(writeRequestBlock(new HpackEncoder(), message, room, false));
  assert.deepEqual(plain, [
    ':method: GET',
    ':scheme: https',
    ':path: /',
    'host: h',
    'te: trailers',
    'x: y',
  ]);
  const extended = written(writeRequestBlock(new HpackEncoder(), message, room, true));
  assert.deepEqual(extended, [
    ':method: CONNECT',
    ':scheme: https',
    ':authority: h',
    ':path: /',
    ':protocol: websocket',
    'te: trailers',
    'x: y',
  ]);
  message.reset();
});

test('statuses, and 101 that accepts an extended CONNECT', () => {
  const message = new Message(pool, 64);
  for (const status of [100, 200, 204, 304, 404, 418, 503, 999]) {
    message.status = status;
    const lines = written(writeResponseBlock(new HpackEncoder(), message, room, false));
    assert.deepEqual(lines, [`:status: ${status}`]);
  }
  message.status = 101;
  message.add(headerName('sec-websocket-accept'), 'x');
  const lines = written(writeResponseBlock(new HpackEncoder(), message, room, true));
  assert.deepEqual(lines, [':status: 200']);
  message.reset();
});
