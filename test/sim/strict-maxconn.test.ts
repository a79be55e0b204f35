// strict-maxconn (manual 5.2): maxconn counts connections, idle ones included; an idle one that
// cannot be used makes room for another.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const textOf = (mode: string, words: string): string =>
  sceneText(`
listen l
  bind 127.0.0.1:1000
  log 127.0.0.1:514 local0
  option httplog
  retries 0
  http-reuse ${mode}
  http-request return status 204 if { path /greeting }
  server s 127.0.0.1:2000 pool-conn-name req.hdr(host) ${words}
`);
const ask = (host: string): string => `GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`;
const greeting = 'GET /greeting HTTP/1.1\r\nhost: a\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

for (const threads of [1, 2]) {
  test(`an idle connection makes room for one of another name, ${threads} threads`, () => {
    const text = textOf('always', 'strict-maxconn maxconn 1');
    const scene = new Scene(text.replace('nbthread 1', `nbthread ${threads}`), threads);
    const origin = scene.serve(2000);
    const [first, second] = [scene.client(1000), scene.client(1000)];
    first.say(ask('a'));
    const one = origin.next();
    one.say(ok);
    assert.match(first.hear(), / 200 /);
    assert.equal(one.isOver, false);
    second.say(ask('b'));
    assert.equal(one.isOver, true, 'two connections at a time');
    const two = origin.next();
    two.say(ok);
    assert.match(second.hear(), / 200 /);
    first.say(ask('b'));
    assert.ok(origin.tryNext() === null, 'the idle one was not used');
    two.say(ok);
    assert.match(first.hear(), / 200 /);
    scene.end();
  });
}

test('without it, idle connections come on top of maxconn', () => {
  const scene = new Scene(textOf('always', 'maxconn 1'));
  const origin = scene.serve(2000);
  const client = scene.client(1000).say(ask('a'));
  const one = origin.next();
  one.say(ok);
  client.say(ask('b'));
  origin.next().say(ok);
  assert.equal(one.isOver, false);
  scene.end();
});

test('connections of other clients alone cannot make room: the request fails', () => {
  const scene = new Scene(textOf('never', 'strict-maxconn maxconn 1'));
  const origin = scene.serve(2000);
  const [first, second] = [scene.client(1000), scene.client(1000)];
  first.say(ask('a'));
  const one = origin.next();
  one.say(ok);
  assert.match(first.hear(), / 200 /);
  second.say(ask('a'));
  assert.match(second.hear(), / 503 /);
  first.close();
  scene.client(1000).say(ask('a'));
  origin.next().say(ok);
  scene.end();
  assert.match(scene.logLines[1], / l\/s .* 503 .* SC-- /);
});

test('a place is given back whatever becomes of the connection', () => {
  const scene = new Scene(textOf('always', 'strict-maxconn maxconn 2'));
  const refused = scene.client(1000).say(ask('a'));
  assert.match(refused.hear(), / 503 /, 'nobody listens');
  const origin = scene.serve(2000);
  for (let round = 0; round < 4; round++) {
    const client = scene.client(1000).say(ask('a'));
    origin.next().reset();
    client.hear();
    client.close();
  }
  const client = scene.client(1000).say(ask('a'));
  origin.next().say(ok);
  assert.match(client.hear(), / 200 /);
  assert.match(scene.client(1000).say(greeting).hear(), / 204 /);
  scene.end();
});
