// Streams that wait for a slot on different threads are served as if there was one queue: the
// longest-waiting of any thread first, in the order of priorities (manual, set-priority-*).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from './chance.ts';
import { type End, type Origin, Scene, sceneText } from './scene.ts';

const threads = 3;
const config = sceneText(`
frontend fe
  bind 127.0.0.1:1000
  http-request set-priority-class hdr(class) if { hdr(class) -m found }
  http-request set-priority-offset hdr(offset) if { hdr(offset) -m found }
  use_backend own if { path_beg /own }
  default_backend any
backend any
  timeout queue 5s
  server s1 127.0.0.1:2000 maxconn 1
  server s2 127.0.0.1:2001 maxconn 1
backend own
  timeout queue 5s
  use-server s1 if TRUE
  server s1 127.0.0.1:2002 maxconn 1
  server s2 127.0.0.1:2003
`);

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Whose request has come to one of the servers. */
function takeNext(origins: readonly Origin[]): { name: string; back: End } | null {
  for (const origin of origins) {
    const back = origin.tryNext();
    if (back === null) continue;
    return { name: /\/(?:own\/)?(\w+) /.exec(back.hear())?.[1] ?? '?', back };
  }
  return null;
}

/** Sends everybody's request, a millisecond between them; then servers answer one by one. */
function orderOf(path: string, ports: readonly number[], headers: readonly string[]): string[] {
  const scene = new Scene(config, threads);
  const origins = ports.map((port) => scene.serve(port));
  const clients = headers.map((line, index) => {
    const client = scene.client(1000);
    client.say(`GET ${path}${index} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${line}\r\n`);
    scene.pass(1);
    return client;
  });
  const homes = scene.world.threads.map(({ acceptor }) => acceptor.count);
  assert.ok(Math.min(...homes) >= 3, `clients by thread: ${homes.join(' ')}`);
  const order: string[] = [];
  const running: End[] = [];
  for (;;) {
    const came: string[] = [];
    for (let next = takeNext(origins); next !== null; next = takeNext(origins)) {
      came.push(next.name);
      running.push(next.back);
    }
    order.push(...came.sort());
    const back = running.shift();
    if (back === undefined) break;
    back.say(answer).close();
  }
  for (const client of clients) assert.match(client.hear(), /^HTTP\/1.1 200 /);
  scene.end();
  return order;
}

const inTurn = Array.from({ length: 12 }, (_, index) => `${index}`);

test('a free slot goes to whoever has waited longest, on whatever thread', () => {
  const nothing = inTurn.map(() => '');
  assert.deepEqual(orderOf('/', [2000, 2001], nothing), inTurn);
  assert.deepEqual(orderOf('/own/', [2002], nothing), inTurn);
});

test('classes and offsets put streams of all threads in one order', () => {
  const headers = inTurn.map((_, i) => (i < 2 ? '' : `class: ${-(i % 3)}\r\n`));
  const byClass = ['0', '1', '2', '5', '8', '11', '4', '7', '10', '3', '6', '9'];
  assert.deepEqual(orderOf('/', [2000, 2001], headers), byClass);
  const late = inTurn.map((_, i) => (i === 3 || i === 4 ? 'offset: 1000\r\n' : ''));
  const moved = [...inTurn.filter((name) => name !== '3' && name !== '4'), '3', '4'];
  assert.deepEqual(orderOf('/', [2000, 2001], late), moved);
});

/** One seed: streams come, are answered, give up; whoever is served is the first of who waits. */
function randomRun(seed: number): void {
  const chance = new Chance(seed);
  const scene = new Scene(config, threads);
  const origins = [2000, 2001].map((port) => scene.serve(port));
  const waiting = new Map<string, { readonly order: number; readonly client: End }>();
  const running: End[] = [];
  let next = 0;
  const look = (): void => {
    for (let came = takeNext(origins); came !== null; came = takeNext(origins)) {
      const own = waiting.get(came.name);
      assert.ok(own !== undefined, `${came.name} had left, seed ${seed}`);
      const first = [...waiting.values()].every(({ order }) => order >= own.order);
      assert.ok(first, `${came.name} was not the first, seed ${seed}`);
      waiting.delete(came.name);
      running.push(came.back);
    }
  };
  for (let step = 0; step < 120; step++) {
    const what = chance.between(0, 9);
    if (what < 5) {
      const rank = chance.between(0, 2);
      const client = scene.client(1000);
      waiting.set(`${next}`, { order: rank * 1e6 + next, client });
      client.say(
        `GET /${next++} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nclass: ${rank}\r\n\r\n`,
      );
    } else if (what < 9) running.shift()?.say(answer).close();
    else {
      const names = [...waiting.keys()];
      if (names.length > 0) {
        const name = chance.pick(names);
        waiting.get(name)?.client.close();
        waiting.delete(name);
      }
    }
    scene.pass(1);
    look();
    const slots = running.length;
    assert.ok(waiting.size === 0 || slots === 2, `${slots} slots used, seed ${seed}`);
  }
  while (running.length > 0) {
    running.shift()?.say(answer).close();
    look();
  }
  assert.equal(waiting.size, 0, `forgotten, seed ${seed}`);
  scene.end();
}

test('streams that come, end and give up: the first is always next and no slot stays empty', () => {
  const seeds = process.env['HAWSER_SEED'];
  if (seeds !== undefined) randomRun(Number(seeds));
  else for (let seed = 1; seed <= 8; seed++) randomRun(seed);
});
