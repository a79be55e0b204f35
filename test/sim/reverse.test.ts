// Reverse HTTP (manual, rhttp@, attach-srv, nbconn): servers that connect to the proxy, and a proxy
// that connects to where its requests come from; connections change threads with all they know.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderBlock, HpackDecoder } from '../../worker/http/hpack-decoder.ts';
import { headerWords } from '../../worker/http/message.ts';
import {
  flagAck,
  flagsWhole,
  type Frame,
  frameGoaway,
  frameHeaders,
  framePing,
  getBlock,
  H2Peer,
  literal,
} from './h2-peer.ts';
import { Scene, sceneText } from './scene.ts';

function globalWith(threads: number, lines: string): string {
  const text = sceneText(lines, 'log 127.0.0.1:514 local0\n  option httplog');
  return text.replace('nbthread 1', `nbthread ${threads}\n  expose-experimental-directives`);
}

const edge = (threads: number, words = '', name = ''): string =>
  globalWith(
    threads,
    `
frontend pub
  bind 127.0.0.1:1000
  default_backend reversed
frontend priv
  bind 127.0.0.1:1001 proto h2
  tcp-request session attach-srv reversed/dev ${name}
backend reversed
  retries 2
  http-request set-header x-kept kept-by-the-table
  server dev rhttp@ ${words}
`,
  );

const ok = literal(':status', '200') + literal('content-length', '0');
const ask = (path: string, host = 'a'): string => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`;

/** Decodes what the proxy's encoder has written, whatever thread it is on: one table throughout. */
class Listening {
  readonly peer: H2Peer;
  private readonly decoder = new HpackDecoder(4096);
  private readonly block = new HeaderBlock(64);
  private readonly strings = new Uint8Array(8192);

  constructor(peer: H2Peer) {
    this.peer = peer;
  }

  /** Requests that have come: their stream, and headers as `name: value` lines. */
  requests(): { readonly id: number; readonly text: string }[] {
    const isHead = ({ type }: Frame): boolean => type === frameHeaders;
    return this.peer
      .hear()
      .filter(isHead)
      .map(({ id, payload }) => {
        const bytes = Buffer.from(payload, 'latin1');
        this.block.restart(this.strings, 0, this.strings.length);
        assert.equal(this.decoder.decode(bytes, 0, bytes.length, this.block), 0);
        const { words, count } = this.block;
        const part = (word: number): string =>
          Buffer.from(this.strings.subarray(words[word], words[word] + words[word + 1])).toString();
        const lines = Array.from({ length: count }, (_, header) => {
          const word = header * headerWords;
          return `${part(word)}: ${part(word + 2)}\n`;
        });
        return { id, text: lines.join('') };
      });
  }

  answer(id: number, block = ok): void {
    this.peer.send(frameHeaders, flagsWhole, id, block);
  }
}

/** SETTINGS_HEADER_TABLE_SIZE: the encoder has to tell its table's size with its first block. */
const smallTable = '\0\x01\0\0\x08\0';

function attached(scene: Scene): Listening {
  return new Listening(new H2Peer(scene.client(1001)).greet(smallTable));
}

test('a client that was attached gets requests as a server; without one there is 503 at once', () => {
  const scene = new Scene(edge(1));
  const client = scene.client(1000).say(ask('/none'));
  assert.match(client.hear(), / 503 /);
  assert.match(scene.logLines.at(-1)!, / reversed\/dev \d+\/0\/-1\/-1\/0 503 .* SC-- /);
  const dev = attached(scene);
  assert.deepEqual(dev.requests(), []);
  scene.pass(60_000);
  client.close();
  const later = scene.client(1000);
  for (const [index, id] of [1, 3, 5].entries()) {
    later.say(ask(`/${index}`));
    const [request] = dev.requests();
    assert.equal(request.id, id);
    assert.match(request.text, new RegExp(`:path: /${index}\n`));
    assert.equal(later.hear(), '');
    dev.answer(id);
    assert.match(later.hear(), /^HTTP\/1.1 200 /);
  }
  dev.peer.end.close();
  later.say(ask('/gone'));
  assert.match(later.hear(), / 503 /);
  scene.end();
});

test('an idle connection goes to the thread that needs it, tables, windows and numbers with it', () => {
  const scene = new Scene(edge(2), 2);
  const dev = attached(scene);
  const clients = [scene.client(1000), scene.client(1000), scene.client(1000)];
  const homes = scene.world.threads.map(({ acceptor }) => acceptor.count);
  assert.ok(Math.min(...homes) > 0, `clients by thread: ${homes.join(' ')}`);
  // What the first answer puts into the table, the others refer to (RFC 7541 6.2.1, 6.1).
  const kept = `\x40${'\x04'}note${'\x06'}of-one`;
  for (let round = 0; round < 9; round++) {
    const client = clients[round % 3].say(ask(`/${round}`));
    const [request, ...others] = dev.requests();
    assert.deepEqual(others, []);
    assert.equal(request.id, round * 2 + 1);
    assert.match(request.text, new RegExp(`:path: /${round}\n(.|\n)*x-kept: kept-by-the-table\n`));
    dev.answer(request.id, ok + (round === 0 ? kept : '\xbe'));
    assert.match(client.hear(), /^HTTP\/1.1 200 (.|\r\n)*note: of-one\r\n/);
  }
  scene.end();
});

test('what the server says while nobody uses the connection is heard, on whatever thread', () => {
  const scene = new Scene(edge(2), 2);
  const dev = attached(scene);
  const clients = [scene.client(1000), scene.client(1000)];
  for (let round = 0; round < 4; round++) {
    dev.peer.send(framePing, 0, 0, '12345678');
    const [pong] = dev.peer.hear();
    assert.deepEqual([pong.type, pong.flags, pong.payload], [framePing, flagAck, '12345678']);
    const client = clients[round % 2].say(ask('/'));
    const [{ id }] = dev.requests();
    dev.answer(id);
    assert.match(client.hear(), / 200 /);
  }
  dev.peer.end.close();
  for (const client of clients) assert.match(client.say(ask('/')).hear(), / 503 /);
  scene.end();
});

test('a connection that is busy on another thread is waited for, for timeout connect', () => {
  const scene = new Scene(edge(2), 2);
  const dev = attached(scene);
  const clients = [scene.client(1000), scene.client(1000)];
  clients[0].say(ask('/long'));
  const [{ id }] = dev.requests();
  clients[1].say(ask('/other'));
  scene.pass(500);
  assert.equal(clients[1].hear(), '');
  dev.answer(id);
  scene.pass(20);
  const [other] = dev.requests();
  assert.match(other.text, /:path: \/other\n/);
  clients[0].say(ask('/late'));
  scene.pass(3900);
  assert.equal(clients[0].hear().includes(' 503 '), false);
  scene.pass(200);
  assert.match(clients[0].hear(), / 503 /);
  assert.match(scene.logLines.at(-1)!, / 503 .* sC-- /);
  dev.answer(other.id);
  assert.match(clients[1].hear(), / 200 /);
  scene.end();
});

test('streams find connections of their name', () => {
  const scene = new Scene(edge(1, 'pool-conn-name req.hdr(host)', 'name src'));
  const dev = attached(scene);
  const client = scene.client(1000);
  assert.match(client.say(ask('/', 'other')).hear(), / 503 /);
  client.say(ask('/', '127.0.0.1'));
  const [{ id }] = dev.requests();
  dev.answer(id);
  assert.match(client.hear(), / 200 /);
  scene.end();
});

test('a client that never begins HTTP/2 is closed in time', () => {
  const scene = new Scene(edge(1));
  const silent = scene.client(1001);
  scene.pass(9000);
  assert.equal(silent.isOver, false);
  scene.pass(1100);
  assert.equal(silent.isOver, true);
  scene.end();
});

const device = (threads: number, count: number): string =>
  globalWith(
    threads,
    `
frontend fe
  bind rhttp@to/edge nbconn ${count}
  tcp-request session accept
  default_backend app
backend to
  server edge 127.0.0.1:2000 proto h2
backend app
  server s 127.0.0.1:2001
`,
  );

for (const threads of [1, 2]) {
  test(`a bind line connects and takes requests, ${threads} threads`, () => {
    const scene = new Scene(device(threads, 3), threads);
    scene.pass(10);
    assert.match(scene.logLines.join('\n'), /preconnect fe::to\/edge: Initiating\./);
    const origin = scene.serve(2000);
    const app = scene.serve(2001);
    scene.pass(1100);
    const peers = [origin.next(), origin.next(), origin.next()].map((end) => new H2Peer(end));
    assert.ok(origin.tryNext() === null);
    for (const peer of peers) peer.answerGreeting();
    assert.match(scene.logLines.at(-1)!, /preconnect fe::to\/edge: Running with nbconn 3 reached/);
    for (const peer of peers) {
      peer.send(frameHeaders, flagsWhole, 1, getBlock('/one', 'a'));
      const back = app.next();
      assert.match(back.hear(), /^GET \/one /);
      back.say('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n').close();
      assert.deepEqual(peer.hearTypes(), [frameHeaders]);
    }
    peers[1].end.close();
    scene.pass(2);
    const next = new H2Peer(origin.next()).answerGreeting();
    next.send(frameHeaders, flagsWhole, 1, getBlock('/again', 'a'));
    const back = app.next();
    back.say('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n').close();
    assert.deepEqual(next.hearTypes(), [frameHeaders]);
    scene.world.softStop();
    scene.pass(1300);
    assert.deepEqual(next.hearTypes(), [frameGoaway]);
    assert.ok(origin.tryNext() === null, 'it goes on connecting');
    scene.end();
  });
}

test('a connection that does not get ready is tried again a second later', () => {
  const scene = new Scene(device(1, 1));
  const origin = scene.serve(2000);
  scene.pass(5);
  const silent = origin.next();
  scene.pass(3900);
  assert.equal(silent.isOver, false);
  scene.pass(200);
  assert.equal(silent.isOver, true, 'timeout connect');
  assert.match(scene.logLines.at(-1)!, /preconnect fe::to\/edge: Error encountered\./);
  assert.ok(origin.tryNext() === null);
  scene.pass(1000);
  new H2Peer(origin.next()).answerGreeting();
  assert.match(scene.logLines.at(-1)!, /Running with nbconn 1 reached/);
  scene.end();
});
