// Connections that say nothing: what they get and what is logged (manual 4, http-ignore-probes,
// dontlognull).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const log = 'log 127.0.0.1:514 local0\n  option httplog\n  timeout client 2s';
const config = sceneText(`
frontend plain
  bind 127.0.0.1:1000
  ${log}
  http-request return status 200
frontend probed
  bind 127.0.0.1:1001
  option http-ignore-probes
  ${log}
  http-request return status 200
frontend quiet
  bind 127.0.0.1:1002
  option dontlognull
  ${log}
  http-request return status 200
`);

test('without the option: 400 or 408, and a line in the log', () => {
  const scene = new Scene(config);
  assert.match(scene.client(1000).finish().hear(), /^HTTP\/1.1 400 /);
  const late = scene.client(1000);
  scene.pass(2050);
  assert.match(late.hear(), /^HTTP\/1.1 408 /);
  scene.end();
  const [left, timed] = scene.logLines;
  assert.match(left, / plain plain\/<NOSRV> .* 400 .* CR-- .*<BADREQ>/);
  assert.match(timed, / plain plain\/<NOSRV> .* 408 .* cR-- .*<BADREQ>/);
});

test('with http-ignore-probes: not a word, anywhere', () => {
  const scene = new Scene(config);
  const left = scene.client(1001).finish();
  assert.equal(left.hear(), '');
  assert.equal(left.isOver, true);
  const late = scene.client(1001);
  scene.pass(2050);
  assert.equal(late.hear(), '');
  assert.equal(late.isOver, true);
  // A request that was begun is no probe.
  assert.match(scene.client(1001).say('GET').finish().hear(), /^HTTP\/1.1 400 /);
  scene.end();
  assert.equal(scene.logLines.length, 1);
});

test('with dontlognull the client is answered and the log is not', () => {
  const scene = new Scene(config);
  assert.match(scene.client(1002).finish().hear(), /^HTTP\/1.1 400 /);
  scene.end();
  assert.deepEqual(scene.logLines, []);
});
