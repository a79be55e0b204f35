// Waiting for bodies: option http-buffer-request, wait-for-body, Expect, and what late or broken
// bodies come to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const config = sceneText(`
listen buffered
  bind 127.0.0.1:1000
  option http-buffer-request
  timeout http-request 3s
  server s 127.0.0.1:2000
listen plain
  bind 127.0.0.1:1001
  server s 127.0.0.1:2000
listen waits
  bind 127.0.0.1:1002
  http-request wait-for-body time 500ms at-least 3
  http-response wait-for-body time 700ms
  server s 127.0.0.1:2000
listen patient
  bind 127.0.0.1:1003
  timeout client 2s
  option http-buffer-request
  server s 127.0.0.1:2000
`);

const post = (length: number, more = ''): string =>
  `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${length}\r\n${more}\r\n`;

test('a buffered request reaches a server when it is whole', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1000).say(`${post(6)}abc`);
  scene.pass(2900);
  assert.equal(origin.tryNext(), null);
  client.say('def');
  const back = origin.next();
  assert.match(back.hear(), /\r\n\r\nabcdef$/);
  back.say('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  assert.match(client.hear(), /^HTTP\/1.1 200 OK/);
  scene.end();
});

test('tiny chunks fill no buffer before their payload does', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  client.say('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
  for (let i = 0; i < 400; i++) client.say('1;extension-of-some-length=1234567890\r\nx\r\n');
  assert.equal(origin.tryNext(), null);
  client.say('0\r\n\r\n');
  assert.match(origin.next().hear(), /190\r\nx{400}\r\n0\r\n\r\n$/);
  scene.end();
});

test('a full buffer is enough', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  scene.client(1000).say(post(50_000) + 'x'.repeat(20_000));
  assert.match(origin.next().hear(), /^POST/);
  scene.end();
});

test('a body that is late is a 408 after timeout http-request, or when the client is silent', () => {
  const scene = new Scene(config);
  const client = scene.client(1000).say(`${post(6)}abc`);
  scene.pass(2000);
  client.say('d');
  scene.pass(1100);
  assert.match(client.hear(), /^HTTP\/1.1 408 /);
  assert.equal(client.isOver, true);

  const patient = scene.client(1003).say(`${post(6)}abc`);
  scene.pass(1900);
  patient.say('d');
  scene.pass(1900);
  assert.equal(patient.hear(), '');
  scene.pass(200);
  assert.match(patient.hear(), /^HTTP\/1.1 408 /);
  scene.end();
});

test('a client that expects 100 is told to go on, and the server is not asked again', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const expectation = 'expect: 100-continue\r\n';
  const client = scene.client(1000).say(post(3, expectation));
  assert.equal(client.hear(), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.say('abc');
  assert.doesNotMatch(origin.next().hear(), /expect/);

  const plain = scene.client(1001).say(post(3, expectation));
  assert.match(origin.next().hear(), /expect: 100-continue/);
  assert.equal(plain.hear(), '');
  scene.end();
});

test('a client that leaves in the middle of its body gets 400 and no server', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene
    .client(1000)
    .say(`${post(6)}abc`)
    .finish();
  assert.match(client.hear(), /^HTTP\/1.1 400 /);
  assert.equal(origin.tryNext(), null);
  scene.end();
});

test('wait-for-body takes enough, on both sides', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1002).say(`${post(6)}ab`);
  scene.pass(400);
  assert.equal(origin.tryNext(), null);
  client.say('c');
  const back = origin.next();
  client.say('def');
  assert.match(back.hear(), /abcdef$/);
  back.say('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
  scene.pass(600);
  assert.equal(client.hear(), '');
  back.say('cd');
  assert.match(client.hear(), /^HTTP\/1.1 200 OK.*\r\n\r\nabcd$/s);
  scene.end();
});

test('wait-for-body answers 408 for the client and 504 for the server', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const late = scene.client(1002).say(`${post(6)}ab`);
  scene.pass(510);
  assert.match(late.hear(), /^HTTP\/1.1 408 /);
  const client = scene.client(1002).say('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  const back = origin.next();
  back.say('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab');
  scene.pass(710);
  assert.match(client.hear(), /^HTTP\/1.1 504 /);
  assert.equal(back.isOver, true);
  scene.end();
});
