// What a soft stop does to keep-alive clients: at once, over close-spread-time, or never, and
// option idle-close-on-response (manual 3.1 and 4).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type End, Scene, sceneText } from './scene.ts';

const config = sceneText(`
frontend plain
  bind 127.0.0.1:1000
  http-request return status 200
frontend patient
  bind 127.0.0.1:1001
  option idle-close-on-response
  http-request return status 200
`);

const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

function served(scene: Scene, port: number): End {
  const client = scene.client(port).say(get);
  assert.match(client.hear(), /^HTTP\/1.1 200 OK/);
  return client;
}

const isClosing = (answer: string): boolean => /\r\nconnection: close\r\n/.test(answer);

test('idle connections close once they are quiet, busy ones with their next response', () => {
  const scene = new Scene(config);
  const quiet = served(scene, 1000);
  const busy = served(scene, 1000);
  scene.world.softStop();
  scene.pass(300);
  assert.equal(isClosing(busy.say(get).hear()), true);
  assert.equal(busy.isOver, true);
  scene.pass(1200);
  assert.equal(quiet.hear(), '');
  assert.equal(quiet.isOver, true);
  assert.equal(scene.world.drained.size, 1);
  scene.end();
});

test('with idle-close-on-response an idle connection gets one more response', () => {
  const scene = new Scene(config);
  const client = served(scene, 1001);
  scene.world.softStop();
  scene.pass(5000);
  assert.equal(client.isOver, false);
  assert.equal(isClosing(client.say(get).hear()), true);
  assert.equal(client.isOver, true);
  scene.end();
});

test('close-spread-time spreads both kinds of closing', () => {
  const scene = new Scene(config);
  const idle = Array.from({ length: 20 }, () => served(scene, 1000));
  scene.pass(1500);
  const busy = Array.from({ length: 40 }, () => served(scene, 1000));
  scene.world.softStop(4000);
  const gone = idle.filter((client) => client.isOver).length;
  assert.ok(gone < 20, `${gone} of 20 have gone at once`);
  const told = (clients: readonly End[]): number =>
    clients.filter((client) => isClosing(client.say(get).hear())).length;
  const early = told(busy.slice(0, 20));
  scene.pass(3500);
  const late = told(busy.slice(20).filter((client) => !client.isOver));
  assert.ok(early < 5, `${early} of 20 are told to leave at once`);
  scene.pass(2000);
  assert.equal(idle.filter((client) => client.isOver).length, 20);
  assert.equal(scene.world.drained.size, 1, `${late} were told late`);
  scene.end();
});

test('close-spread-time infinite leaves clients alone', () => {
  const scene = new Scene(config);
  const idle = served(scene, 1000);
  const busy = served(scene, 1000);
  scene.world.softStop(Number.POSITIVE_INFINITY);
  scene.pass(6000);
  assert.equal(isClosing(busy.say(get).hear()), false);
  assert.equal(idle.isOver, false);
  // Its own timeout still ends it.
  scene.pass(4500);
  assert.equal(idle.isOver, true);
  scene.end();
});
