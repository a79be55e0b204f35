// Clients that leave: before a server has the request, while it works, and with option abortonclose
// off (manual 4).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const log = 'log 127.0.0.1:514 local0\n  option httplog';
const config = sceneText(`
listen plain
  bind 127.0.0.1:1000
  ${log}
  retries 10
  server s 127.0.0.1:2000 maxconn 1
listen keeps
  bind 127.0.0.1:1001
  ${log}
  no option abortonclose
  server s 127.0.0.1:2001
`);

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi';

test('a client that leaves the queue, or while servers are tried, is forgotten without an answer', () => {
  const scene = new Scene(config);
  const trying = scene.client(1000).say(get).finish();
  assert.equal(trying.hear(), '');
  assert.equal(trying.isOver, true);
  const origin = scene.serve(2000);
  scene.client(1000).say(get);
  const back = origin.next();
  const queued = scene.client(1000).say(get).finish();
  assert.equal(queued.hear(), '');
  assert.equal(queued.isOver, true);
  back.say(ok);
  assert.equal(origin.tryNext(), null);
  scene.end();
  const [tried, waited] = scene.logLines;
  assert.match(tried, / plain plain\/s 0\/0\/-1\/-1\/0 -1 .* CC-- /);
  assert.match(waited, / plain plain\/<NOSRV> 0\/0\/-1\/-1\/0 -1 .* CQ-- /);
});

test('a server at work learns that its client has left, and decides', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1000).say(get);
  const back = origin.next();
  back.hear();
  client.finish();
  assert.equal(back.isOver, true);
  assert.equal(client.hear(), '');
  back.say(ok);
  assert.match(client.hear(), /^HTTP\/1.1 200 OK.*hi$/s);

  const other = scene.client(1000).say(get);
  const gone = origin.next();
  gone.hear();
  other.finish();
  gone.finish();
  assert.match(other.hear(), /^HTTP\/1.1 400 /);
  scene.end();
  assert.match(scene.logLines[0], / 200 .* ---- /);
  assert.match(scene.logLines[1], / plain plain\/s .* 400 .* CH-- /);
});

test('a reset ends the exchange at once', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1000).say(get);
  const back = origin.next();
  back.hear();
  client.reset();
  assert.equal(back.isOver, true);
  scene.end();
  assert.match(scene.logLines[0], / plain plain\/s .* CH-- /);
});

test('without abortonclose a half-closed client keeps its place', () => {
  const scene = new Scene(config);
  const client = scene.client(1001).say(get).finish();
  scene.pass(100);
  const origin = scene.serve(2001);
  scene.pass(1100);
  const back = origin.next();
  assert.equal(back.isOver, false);
  back.hear();
  back.say(ok);
  assert.match(client.hear(), /hi$/);
  scene.end();
});

test('a client that ends behind a pipelined request has not left', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene
    .client(1000)
    .say(get + get)
    .finish();
  const back = origin.next();
  back.hear();
  assert.equal(back.isOver, false);
  back.say(ok);
  assert.match(client.hear(), /hi$/);
  assert.match(back.hear(), /^GET/);
  back.say(ok);
  assert.match(client.hear(), /hi$/);
  scene.end();
});
