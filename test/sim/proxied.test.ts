// option http-use-proxy-header: clients that take the worker for their proxy (manual 4).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const config = sceneText(`
listen proxied
  bind 127.0.0.1:1000
  option http-use-proxy-header
  http-request auth if { path /secret }
  server s 127.0.0.1:2000
listen closing
  bind 127.0.0.1:1001
  option http-use-proxy-header
  option httpclose
  server s 127.0.0.1:2000
`);

const ok = (more = ''): string => `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${more}\r\n`;

test('Proxy-Connection decides for requests to a proxy', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1000);
  const request = 'GET http://a/ HTTP/1.1\r\nhost: a\r\nproxy-connection: close\r\n\r\n';
  client.say(request);
  const back = origin.next();
  assert.doesNotMatch(back.hear(), /connection:/);
  back.say(ok('proxy-connection: close\r\n'));
  const answer = client.hear();
  assert.match(answer, /\r\nproxy-connection: close\r\n/);
  assert.doesNotMatch(answer, /\r\nconnection:/);
  assert.equal(client.isOver, true);
  assert.equal(back.isOver, true);

  const old = scene.client(1000);
  old.say('GET http://a/ HTTP/1.0\r\nproxy-connection: keep-alive\r\n\r\n');
  const next = origin.next();
  assert.match(next.hear(), /\r\nproxy-connection: keep-alive\r\n/);
  next.say(ok());
  assert.match(old.hear(), /\r\nproxy-connection: keep-alive\r\n/);
  assert.equal(old.isOver, false);
  scene.end();
});

test('a request for a path is an ordinary one', () => {
  const scene = new Scene(config);
  const origin = scene.serve(2000);
  const client = scene.client(1001);
  client.say('GET / HTTP/1.1\r\nhost: a\r\nproxy-connection: keep-alive\r\n\r\n');
  const back = origin.next();
  assert.match(back.hear(), /\r\nproxy-connection: keep-alive\r\nconnection: close\r\n/);
  back.say(ok());
  assert.match(client.hear(), /\r\nconnection: close\r\n/);
  scene.end();
});

test('who asks a proxy proves to a proxy who he is', () => {
  const scene = new Scene(config);
  const proxied = scene.client(1000).say('GET http://a/secret HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(proxied.hear(), /^HTTP\/1.1 407 .*\r\nproxy-authenticate: Basic/s);
  const plain = scene.client(1000).say('GET /secret HTTP/1.1\r\nhost: a\r\n\r\n');
  assert.match(plain.hear(), /^HTTP\/1.1 401 .*\r\nwww-authenticate: Basic/s);
  scene.end();
});
