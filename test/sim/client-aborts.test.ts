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

test('a client that leaves while a server works ends the exchange; the server learns by a reset', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const waiting = scene.client(1000).say(get);
  const back = origin.next();
  back.hear();
  waiting.finish();
  assert.equal(back.peer.wasReset, true);
  assert.match(waiting.hear(), /^HTTP\/1.1 400 /);
  assert.equal(waiting.isOver, true);

  const halfway = scene.client(1000).say(get);
  const other = origin.next();
  other.say(ok.slice(0, -1));
  assert.match(halfway.hear(), /h$/);
  halfway.finish();
  assert.equal(other.peer.wasReset, true);
  assert.equal(halfway.isOver, true);
  scene.end();
  assert.match(scene.logLines[0], / plain plain\/s .* 400 .* CH-- /);
  assert.match(scene.logLines[1], / plain plain\/s .* 200 .* CD-- /);
});

test('so it is for a client that ends with its request, once the server has it, body or not', () => {
  const post = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody';
  for (const request of [get, post]) {
    const scene = new Scene(config);
    const origin = scene.serve(2000);
    const first = scene.client(1000).say(get);
    const back = origin.next();
    back.say(ok);
    first.hear();
    // The connection is idle: nothing is waited for before the request leaves.
    assert.equal(first.peer.write(request), request.length);
    first.finish();
    assert.match(first.hear(), /^HTTP\/1.1 400 /);
    assert.equal(back.peer.wasReset, true);
    scene.end();
    assert.match(scene.logLines[1], / plain plain\/s .* 400 .* CH-- /);
  }
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
  // It has left once its last request is with the server.
  assert.match(client.hear(), /hiHTTP\/1.1 400 /);
  scene.end();
});
