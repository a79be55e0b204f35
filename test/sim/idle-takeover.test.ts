// The connection to a server is free for other threads by the time its client can know that the
// answer is complete: whoever asks next, on whatever thread, finds it (manual 4, http-reuse).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type End, Scene, sceneText } from './scene.ts';

const config = sceneText(`
frontend fe
  bind 127.0.0.1:1000
  http-request return status 204 if { path /greeting }
  http-request set-bandwidth-limit slow if { path /slow }
  filter bwlim-out slow default-limit 1g default-period 1s
  use_backend %[req.hdr(mode)]
backend safe
  http-reuse safe
  server s 127.0.0.1:2000
backend aggressive
  http-reuse aggressive
  server s 127.0.0.1:2000
backend always
  http-reuse always
  server s 127.0.0.1:2000
backend never
  http-reuse never
  server s 127.0.0.1:2000
`);

const empty = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const EPIPE = 32;
const head = 'HTTP/1.1 200 OK\r\n';
const large = `${'x'.repeat(199_996)}last`;
/** What a server says in one go after the other. */
const answers: Readonly<Record<string, readonly string[]>> = {
  'no body': [empty],
  'a body that comes with the head': [`${head}content-length: 5\r\n\r\nhello`],
  'a body behind the head': [`${head}content-length: 10\r\n\r\nhello`, 'world'],
  chunks: [`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`, '0\r\n\r\n'],
  trailers: [`${head}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`, '0\r\na: b\r\n\r\n'],
  'a large body': [`${head}content-length: 200000\r\n\r\n`, large],
};

function ask(path: string, mode: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: a\r\nmode: ${mode}\r\n\r\n`;
}

interface Story {
  readonly scene: Scene;
  /** Connections that the server has not accepted yet. */
  tryNext(): End | null;
  readonly back: End;
  readonly second: End;
  /** What the first client has heard since its last request. */
  heard(): string;
}

/**
 * Two clients, each on a thread of its own; the first one's request is with the server, on a
 * connection that it uses for the `uses`th time. At the moment when it can see the whole answer,
 * which ends in `end`, the second one asks.
 */
function begin(path: string, mode: string, uses: number, end: string): Story {
  const scene = new Scene(config, 2);
  const origin = scene.serve(2000);
  const first = scene.client(1000);
  const second = scene.client(1000);
  const { sys, threads } = scene.world;
  assert.deepEqual(
    threads.map(({ acceptor }) => acceptor.count),
    [1, 1],
  );
  assert.match(second.say(ask('/greeting', mode)).hear(), / 204 /);
  first.say(ask(path, mode));
  const back = origin.next();
  for (let use = 1; use < uses; use++) {
    back.say(empty);
    assert.match(first.hear(), / 200 /);
    first.say(ask(path, mode));
  }
  back.hear();
  let heard = '';
  let hasAsked = false;
  const look = (): void => {
    heard += first.peer.readText();
    if (hasAsked || !heard.endsWith(end)) return;
    hasAsked = true;
    second.peer.write(ask('/next', mode));
    threads[1].loop.once(0);
    threads[1].loop.once(0);
  };
  const { send, sendVector, splice } = sys;
  Object.assign(sys, {
    send: (...call: Parameters<typeof send>) => after(send.apply(sys, call), look),
    sendVector: (...call: Parameters<typeof sendVector>) =>
      after(sendVector.apply(sys, call), look),
    splice: (...call: Parameters<typeof splice>) => after(splice.apply(sys, call), look),
  });
  return { scene, tryNext: () => origin.tryNext(), back, second, heard: () => heard };
}

function after(result: number, act: () => void): number {
  act();
  return result;
}

/** The server says it, as fast as the worker reads. */
function sayAll({ scene, back }: Story, text: string): void {
  let at = 0;
  for (let round = 0; at < text.length; round++) {
    assert.ok(round < 1000, 'the worker does not read');
    at += back.peer.write(text.slice(at, at + 20_000));
    scene.pass(1);
  }
}

for (const [name, parts] of Object.entries(answers)) {
  for (const path of ['/', '/slow']) {
    test(`the connection is free when the client hears the end: ${name}, ${path}`, () => {
      const story = begin(path, 'always', 1, parts.join('').slice(-5));
      for (const part of parts) sayAll(story, part);
      story.scene.pass(300);
      assert.match(story.heard(), /^HTTP\/1.1 200 /);
      assert.ok(story.tryNext() === null, 'a second connection was made');
      assert.match(story.back.hear(), /^GET \/next /);
      story.back.say(empty);
      assert.match(story.second.hear(), / 200 /);
      story.scene.end();
    });
  }
}

test('so it is in the other modes, for requests that may use what others have used', () => {
  for (const [mode, uses] of [
    ['safe', 1],
    ['aggressive', 2],
  ] as const) {
    const story = begin('/', mode, uses, '\r\n');
    sayAll(story, empty);
    assert.ok(story.tryNext() === null, mode);
    assert.match(story.back.hear(), /^GET \/next /);
    story.back.say(empty);
    story.scene.end();
  }
});

test('a connection of one client stays with it', () => {
  const story = begin('/', 'never', 1, '\r\n');
  sayAll(story, empty);
  const own = story.tryNext();
  assert.match(own?.hear() ?? '', /^GET \/next /);
  own?.say(empty);
  story.scene.end();
});

test('what the server says behind its answer makes the connection useless', () => {
  const story = begin('/', 'always', 1, '\r\n');
  sayAll(story, `${empty}more`);
  assert.match(story.tryNext()?.hear() ?? '', /^GET \/next /);
  assert.equal(story.back.isOver, true);
  story.scene.end();
});

test('a client that leaves before it has read the end: the connection stays with who took it', () => {
  const story = begin('/', 'always', 1, 'never seen');
  const { scene, back, second } = story;
  const { sys, threads } = scene.world;
  const { send, sendVector } = sys;
  // Sending to it fails, and while that is found out the connection is taken over.
  const fail = (): number => {
    Object.assign(sys, { send, sendVector });
    second.peer.write(ask('/next', 'always'));
    threads[1].loop.once(0);
    return -EPIPE;
  };
  Object.assign(sys, { send: fail, sendVector: fail });
  back.peer.write(empty);
  scene.settle();
  assert.ok(story.tryNext() === null, 'a second connection was made');
  assert.match(back.hear(), /^GET \/next /);
  back.say(empty);
  assert.match(second.hear(), / 200 /);
  scene.end();
});
