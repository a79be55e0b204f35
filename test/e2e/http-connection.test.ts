// What leaves on both sides about the connection itself: Connection, Content-Length and
// Transfer-Encoding lines per mode and version, and whether connections then close or stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inherited, type Owner, type RunningProxy, startProxy } from '../harness/proxy.ts';
import { openWire, startWireServer, type WireServer } from '../harness/wire.ts';

const head = `global
  nbthread 1
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
`;

async function start(
  owner: Owner,
  lines: Readonly<Record<string, string>>,
): Promise<{ proxy: RunningProxy; server: WireServer }> {
  const server = await startWireServer(owner);
  const sections = Object.entries(lines).map(
    ([name, text]) =>
      `listen ${name}\n  bind "${inherited(name)}"\n  ${text}\n  server s 127.0.0.1:${server.port}\n`,
  );
  return { proxy: startProxy(owner, { config: head + sections.join('') }), server };
}

/** Connection and framing lines of a head, in order. */
const linesOf = (text: string): string =>
  text
    .split('\r\n')
    .filter((line) => /^(connection|content-length|transfer-encoding):/i.test(line))
    .join(', ');

interface Story {
  readonly proxy: string;
  readonly request: string;
  readonly toServer: string;
  readonly answer: string;
  readonly toClient: string;
  /** The client's connection lives on. */
  readonly stays: boolean;
}

const modes: Readonly<Record<string, string>> = {
  plain: 'no option httpclose',
  close: 'option httpclose',
  serverclose: 'option http-server-close',
  pretend: 'option http-server-close\n  option http-pretend-keepalive',
  rules: 'http-request set-header connection close\n  http-response set-header connection close',
};

const get = 'GET / HTTP/1.1\r\nhost: a\r\n';
const old = 'GET / HTTP/1.0\r\n';
const oldKeep = `${old}connection: keep-alive\r\n`;
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n';
const okOld = 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n';
const length = 'content-length: 2';
const close = 'connection: close';
const keep = 'connection: keep-alive';

// biome-ignore format: a table reads by columns
const stories: readonly Story[] = [
  { proxy: 'plain', request: get, toServer: '', answer: ok, toClient: length, stays: true },
  { proxy: 'plain', request: `${get}connection: close\r\n`, toServer: '', answer: ok, toClient: `${length}, ${close}`, stays: false },
  { proxy: 'plain', request: get, toServer: '', answer: `${ok}connection: close\r\n`, toClient: length, stays: true },
  { proxy: 'plain', request: get, toServer: '', answer: okOld, toClient: `${length}, ${keep}`, stays: true },
  { proxy: 'plain', request: old, toServer: keep, answer: ok, toClient: `${length}, ${close}`, stays: false },
  { proxy: 'plain', request: oldKeep, toServer: keep, answer: ok, toClient: `${length}, ${keep}`, stays: true },
  { proxy: 'plain', request: get, toServer: '', answer: 'HTTP/1.1 200 OK\r\n', toClient: close, stays: false },
  { proxy: 'plain', request: get, toServer: '', answer: 'HTTP/1.0 200 OK\r\n', toClient: '', stays: false },
  { proxy: 'close', request: get, toServer: close, answer: ok, toClient: `${length}, ${close}`, stays: false },
  { proxy: 'close', request: old, toServer: '', answer: okOld, toClient: length, stays: false },
  { proxy: 'serverclose', request: get, toServer: close, answer: ok, toClient: length, stays: true },
  { proxy: 'serverclose', request: oldKeep, toServer: '', answer: okOld, toClient: `${length}, ${keep}`, stays: true },
  { proxy: 'pretend', request: get, toServer: '', answer: ok, toClient: length, stays: true },
  { proxy: 'pretend', request: oldKeep, toServer: keep, answer: okOld, toClient: `${length}, ${keep}`, stays: true },
  { proxy: 'rules', request: get, toServer: close, answer: ok, toClient: `${length}, ${close}`, stays: false },
];

test('connection lines follow the modes, the versions and the rules', async (context) => {
  const { proxy, server } = await start(context, modes);
  for (const story of stories) {
    const name = JSON.stringify(story);
    const client = openWire(context, proxy.port(story.proxy));
    client.send(`${story.request}\r\n`);
    const back = await server.next();
    assert.equal(linesOf(await back.head()), story.toServer, name);
    back.send(`${story.answer}\r\nhi`);
    if (!story.answer.includes('content-length')) back.finish();
    assert.equal(linesOf(await client.head()), story.toClient, name);
    assert.equal(await client.bytes(2), 'hi', name);
    if (story.stays) {
      // Something that is answered without a server, so that the next story finds a new connection.
      client.send('GARBAGE\r\n\r\n');
      assert.match(await client.head(), /^HTTP\/1.1 400 /, name);
    }
    client.finish();
    assert.equal(story.stays || (await client.rest()) === '', true, name);
    back.finish();
    await back.rest();
  }
});

test('chunks go to whom they are for, and nobody sees two framings', async (context) => {
  const { proxy, server } = await start(context, {
    plain: 'no option httpclose',
    cut: 'http-request del-header transfer-encoding\n  http-response del-header content-length',
  });
  const chunks = '5\r\nhello\r\n0\r\n\r\n';
  const client = openWire(context, proxy.port('plain'));
  client.send(`POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  const back = await server.next();
  assert.equal(linesOf(await back.head()), 'transfer-encoding: chunked');
  assert.equal(await back.until('0\r\n\r\n'), chunks);
  back.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  assert.equal(linesOf(await client.head()), 'transfer-encoding: chunked');
  assert.equal(await client.until('0\r\n\r\n'), chunks);

  const oldClient = openWire(context, proxy.port('plain')).send('GET / HTTP/1.0\r\n\r\n');
  const oldBack = await server.next();
  await oldBack.head();
  oldBack.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  assert.equal(linesOf(await oldClient.head()), 'connection: close');
  assert.equal(await oldClient.rest(), 'hello');

  // A rule took the framing away: no payload follows, and nothing of it can be read as a request.
  const cut = openWire(context, proxy.port('cut'));
  cut.send(`POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunks}`);
  const cutBack = await server.next();
  assert.equal(linesOf(await cutBack.head()), 'content-length: 0');
  cutBack.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi');
  assert.equal(linesOf(await cut.head()), 'connection: close');
  assert.equal(await cut.rest(), 'hi');
  cutBack.finish();
  assert.equal(await cutBack.rest(), '');
});

test('chunks from an HTTP/1.0 server end the connection of the client', async (context) => {
  const { proxy, server } = await start(context, { plain: 'no option httpclose' });
  const client = openWire(context, proxy.port('plain')).send(`${get}\r\n`);
  const back = await server.next();
  await back.head();
  back.send('HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n');
  assert.equal(linesOf(await client.head()), 'transfer-encoding: chunked');
  assert.equal(await client.rest(), '2\r\nhi\r\n0\r\n\r\n');
});
