// Words of global that relax what HTTP/1 allows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scene, sceneText } from './scene.ts';

const proxies = `
listen plain
  bind 127.0.0.1:1000
  server s 127.0.0.1:2000
`;

test('h1-accept-payload-with-any-method', () => {
  const request = 'GET / HTTP/1.0\r\ncontent-length: 2\r\n\r\nab';
  const strict = new Scene(sceneText(proxies));
  strict.serve(2000);
  assert.match(strict.client(1000).say(request).hear(), /^HTTP\/1.1 413 /);
  strict.end();
  const relaxed = new Scene(
    sceneText(proxies).replace('global', 'global\n  h1-accept-payload-with-any-method'),
  );
  const origin = relaxed.serve(2000);
  relaxed.client(1000).say(request);
  assert.match(origin.next().hear(), /^GET .*\r\n\r\nab$/s);
  relaxed.end();
});

const word = 'h1-do-not-close-on-insecure-transfer-encoding';
for (const [global, wanted] of [
  ['global', true],
  [`global\n  ${word}`, false],
] as const) {
  test(`two framings in one message ${wanted ? 'end' : 'leave'} the connection`, () => {
    const scene = new Scene(sceneText(proxies).replace('global', global));
    const origin = scene.serve(2000);
    const client = scene.client(1000);
    const framing = 'content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    client.say(`POST / HTTP/1.1\r\nhost: a\r\n${framing}`);
    const back = origin.next();
    assert.doesNotMatch(back.hear(), /content-length/);
    back.say('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    assert.equal(/connection: close/.test(client.hear()), wanted);
    assert.equal(client.isOver, wanted);
    scene.end();
  });
}
