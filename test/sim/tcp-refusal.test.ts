// A TCP client that spoke before its session was refused hears the end, not a reset: what it had
// sent is taken first.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

test('a session without a server ends in order although the client has spoken', () => {
  const scene = new Scene(
    sceneText(`
listen tcp
  mode tcp
  bind 127.0.0.1:1000
`),
  );
  const peer = scene.world.sys.connectTo({ family: 'ipv4', host: '127.0.0.1', port: 1000 });
  assert.equal(peer.write('hello'), 5);
  scene.pass(5);
  assert.deepEqual([peer.ended, peer.wasReset], [true, false]);
  peer.close();
  scene.end();
});
