// Clients that break HTTP/2: what is logged of them (tune.h2.log-errors).

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { inherited, type RunningProxy, startProxy } from '../harness/proxy.ts';

const config = (global: string): string => `global
  nbthread 1
  log stderr format raw local0
  ${global}
defaults
  mode http
  log global
  option httplog
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend fe
  bind "${inherited('fe')}" proto h2
  http-request return status 200
`;

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function frame(type: number, flags: number, id: number, payload = ''): Buffer {
  const body = Buffer.from(payload, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, body]);
}

const settings = frame(4, 0, 0);
/** Ends stream and block. */
const ended = 5;
const good = frame(1, ended, 1, '\x82\x87\x84\x41\x01a');

/** Broken connections: what is sent once the preface is through. */
const fatal: Readonly<Record<string, readonly Buffer[]>> = {
  'a PING before SETTINGS': [frame(6, 0, 0, '12345678')],
  'a short PING': [settings, frame(6, 0, 0, '1')],
  'DATA of no stream': [settings, frame(0, 0, 1, 'x')],
  'no HPACK': [settings, frame(1, ended, 1, '\xff\xff\xff\xff\xff')],
  'an even stream': [settings, frame(1, ended, 2, '\x82\x87\x84\x41\x01a')],
};
const headless = [settings, frame(1, ended, 1, '\x40\x01a\x01b')];

/** Sends, and hears until the proxy closes. */
async function send(proxy: RunningProxy, frames: readonly Buffer[]): Promise<void> {
  const socket = connect(proxy.port('fe'), '127.0.0.1');
  socket.on('error', () => undefined); // a reset is one way to end
  socket.resume();
  socket.end(Buffer.concat([preface, ...frames]));
  await new Promise<void>((settle) => socket.once('close', () => settle()));
}

const refused =
  /^127\.0\.0\.1:\d+ \[[^\]]+\] fe fe\/<NOSRV> -1\/-1\/-1\/-1\/\d+ 0 0 - - PR-- 1\/1\/0\/0\/0 0\/0 "<BADREQ>"$/;

/** The lines that were logged, without those of the start. */
const logged = ({ output }: RunningProxy): string[] =>
  output.split('\n').filter((line) => line.startsWith('127.0.0.1:'));

for (const [what, frames] of Object.entries(fatal)) {
  test(`${what} ends the connection, and is logged`, async (context) => {
    const proxy = startProxy(context, { config: config('') });
    await send(proxy, frames);
    await proxy.printed('<BADREQ>');
    const lines = logged(proxy);
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], refused);
    await proxy.stop();
  });
}

/** What is logged of a broken connection, a broken stream, and a good request behind them. */
async function story(context: Parameters<typeof startProxy>[0], word: string): Promise<string[]> {
  const proxy = startProxy(context, { config: config(word) });
  await send(proxy, fatal['a short PING']);
  await send(proxy, headless);
  await send(proxy, [settings, good]);
  await proxy.printed('"GET https://a/ HTTP/2.0"');
  await proxy.stop();
  return logged(proxy).map((line) => (refused.test(line) ? 'refused' : 'answered'));
}

test('tune.h2.log-errors says which errors are logged', async (context) => {
  const all = ['refused', 'refused', 'answered'];
  assert.deepEqual(await story(context, ''), all);
  assert.deepEqual(await story(context, 'tune.h2.log-errors stream'), all);
  const some = ['refused', 'answered'];
  assert.deepEqual(await story(context, 'tune.h2.log-errors connection'), some);
  assert.deepEqual(await story(context, 'tune.h2.log-errors none'), ['answered']);
});
