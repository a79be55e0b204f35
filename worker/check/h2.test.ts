import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { H2Exchange } from './h2.ts';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

const request = {
  method: 'POST',
  uri: '/alive?x=1',
  version: 'HTTP/1.1',
  headers: [
    ['host', 'www.example'],
    ['connection', 'close'],
    ['x-long', 'y'.repeat(300)],
  ],
  body: 'z'.repeat(20_000),
} as const;

test('a whole exchange with a server that is not ours, a byte at a time', async () => {
  const server = createServer();
  let seen: unknown;
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    let body = '';
    stream.on('data', (piece: Buffer) => {
      body += piece.toString('latin1');
    });
    stream.on('end', () => {
      seen = [headers[':method'], headers[':path'], headers[':authority'], headers['x-long'], body];
      stream.respond({ ':status': 203, 'x-a': 'b' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-last': 'c' }));
      stream.end('answer');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const exchange = new H2Exchange();
  socket.write(exchange.request(request, 'http'), 'latin1');
  for await (const piece of socket) {
    for (const byte of piece as Buffer) exchange.feed(Uint8Array.of(byte));
    socket.write(exchange.reply, 'latin1');
    exchange.reply = '';
    if (exchange.ended) break;
  }
  socket.destroy();
  server.close();
  const long = 'y'.repeat(300);
  assert.deepEqual(seen, ['POST', '/alive?x=1', 'www.example', long, request.body]);
  assert.match(exchange.answer, /^HTTP\/1\.1 203 \r\n/);
  assert.match(exchange.answer, /\r\nx-a: b\r\n(.*\r\n)*\r\nanswer$/);
  assert.equal(exchange.trailers.get('x-last'), 'c');
  assert.equal(exchange.broken, false);
});

test('settings and pings are answered', () => {
  const exchange = new H2Exchange();
  exchange.feed(bytesOf('000000 04 00 00000000 000008 06 00 00000000 0102030405060708'));
  const reply = Buffer.from(exchange.reply, 'latin1').toString('hex');
  assert.equal(reply, '000000040100000000' + '0000080601000000000102030405060708');
});

const endings: readonly (readonly [string, string, boolean])[] = [
  ['a reset stream', '000004 03 00 00000001 00000008', true],
  ['a farewell before the stream', '000008 07 00 00000000 00000000 00000000', true],
  ['a farewell after it', '000008 07 00 00000000 00000001 00000000', false],
  ['a frame beyond all limits', '100000 00 00 00000001', true],
  ['a head that cannot be decoded', '000001 01 05 00000001 ff', true],
  ['a head without status', '000001 01 05 00000001 82', true],
];

test('what ends an exchange', () => {
  for (const [name, hex, isBroken] of endings) {
    const exchange = new H2Exchange();
    exchange.feed(bytesOf(hex));
    assert.equal(exchange.broken, isBroken, name);
  }
});
