// idle-ping (manual 5.1 and 5.2): quiet HTTP/2 peers are asked whether they are there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  flagAck,
  flagsWhole,
  frameGoaway,
  frameHeaders,
  framePing,
  getBlock,
  H2Peer,
  literal,
} from './h2-peer.ts';
import { Scene, sceneText } from './scene.ts';

const config = sceneText(`
frontend fe
  bind 127.0.0.1:1000 proto h2 idle-ping 1s
  bind 127.0.0.1:1001 proto h2 idle-ping 1s
  bind 127.0.0.1:1002
  timeout client 5s
  default_backend be
backend be
  server s 127.0.0.1:2000 proto h2 idle-ping 1s pool-purge-delay 1h
`);
const keepsAlive = sceneText(`
frontend fe
  bind 127.0.0.1:1000 proto h2 idle-ping 1s
  timeout client 1h
  timeout http-request 3s
  timeout http-keep-alive 3s
  http-request return status 204
`);
const ok = literal(':status', '200');

test('a client that answers stays beyond its timeout, one that does not is closed', () => {
  const scene = new Scene(config);
  const alive = new H2Peer(scene.client(1000)).greet();
  const dead = new H2Peer(scene.client(1001)).greet();
  scene.pass(900);
  assert.deepEqual([alive.hearTypes(), dead.hearTypes()], [[], []]);
  for (let second = 0; second < 8; second++) {
    scene.pass(110);
    const frames = alive.hear();
    assert.deepEqual(
      frames.map(({ type, flags, payload }) => [type, flags, payload.length]),
      [[framePing, 0, 8]],
    );
    alive.send(framePing, flagAck, 0, frames[0].payload);
    if (second === 0) assert.deepEqual(dead.hearTypes(), [framePing]);
    scene.pass(900);
    if (second === 0) assert.equal(dead.end.isOver, false);
  }
  assert.equal(alive.end.isOver, false, 'the timeout of the client was not refreshed');
  assert.equal(dead.end.isOver, true);
  assert.deepEqual(dead.hearTypes(), [], 'nobody would read a GOAWAY');
  scene.end();
});

test('the timeouts of requests are not refreshed', () => {
  for (const isFirst of [true, false]) {
    const scene = new Scene(keepsAlive);
    const peer = new H2Peer(scene.client(1000)).greet();
    if (!isFirst) {
      peer.send(frameHeaders, flagsWhole, 1, getBlock('/', 'a'));
      assert.deepEqual(peer.hearTypes(), [frameHeaders]);
    }
    for (let second = 0; second < 2; second++) {
      scene.pass(1010);
      const [ping] = peer.hear();
      peer.send(framePing, flagAck, 0, ping.payload);
    }
    scene.pass(1100);
    assert.deepEqual(peer.hearTypes(), [frameGoaway]);
    assert.equal(peer.end.isOver, true);
    scene.end();
  }
});

test('an idle server is asked too, a busy one is not', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1002).say('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const server = new H2Peer(origin.next()).answerGreeting();
  assert.deepEqual(server.hearTypes(), [frameHeaders]);
  scene.pass(2500);
  assert.deepEqual(server.hearTypes(), [], 'a stream is under way');
  server.send(frameHeaders, flagsWhole, 1, ok);
  assert.match(client.hear(), / 200 /);
  scene.pass(1010);
  const [ping] = server.hear();
  assert.equal(ping.type, framePing);
  server.send(framePing, flagAck, 0, ping.payload);
  scene.pass(1010);
  assert.deepEqual(server.hearTypes(), [framePing]);
  scene.pass(1010);
  assert.equal(server.end.isOver, true);
  client.say('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const next = new H2Peer(origin.next()).answerGreeting();
  assert.deepEqual(next.hearTypes(), [frameHeaders]);
  next.send(frameHeaders, flagsWhole, 1, ok);
  assert.match(client.hear(), / 200 /);
  scene.end();
});
