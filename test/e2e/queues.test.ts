// Streams that wait for a slot, and clients that leave, on real sockets, with what HAProxy 3.5 did
// of the same (manual 4 and 5.2: timeout queue, maxqueue, minconn, fullconn, priorities,
// abortonclose).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ask, begin, logged, type Origin } from '../harness/failing-origin.ts';
import type { RunningProxy } from '../harness/proxy.ts';

const cookie = 'cookie: A=one\r\n';
const one = 'server s1 127.0.0.1:PORT';
const dead = 'server s1 127.0.0.1:1';
// ---- queues ----

const full = 'server s1 127.0.0.1:PORT maxconn 1';

/** Occupies the only slot of a story until `release`. */
async function occupy(proxy: RunningProxy, origin: Origin, name: string) {
  const path = `/hold/1/${name}`;
  const { status } = ask(proxy.port(name), path);
  await origin.came(path);
  const release = async (): Promise<void> => {
    origin.release(path);
    assert.equal(await status, 200, name);
  };
  return { release };
}

test('timeout queue, set-timeout queue, and timeout connect in their place', async (context) => {
  const { proxy, origin } = await begin(context, {
    own: `timeout queue 100ms\n  ${full}`,
    set: `http-request set-timeout queue 100ms\n  ${full}`,
    forced: `timeout queue 100ms\n  use-server s1 if TRUE\n  ${full}`,
  });
  for (const [name, end] of [
    ['own', '503 sQ 0 0/1 <NOSRV>'],
    ['set', '503 sQ 0 0/1 <NOSRV>'],
    ['forced', '503 sQ 0 1/0 s1'],
  ] as const) {
    const { release } = await occupy(proxy, origin, name);
    assert.equal(await ask(proxy.port(name), `/x/0/${name}`).status, 503, name);
    assert.equal(await logged(proxy, `/x/0/${name}`), end, name);
    await release();
  }
});

test('maxqueue: a full queue is left with option redispatch, and is an error without', async (context) => {
  const two = `${full} maxqueue 1 cookie one\n  server s2 127.0.0.1:PORT cookie two`;
  const { proxy, origin } = await begin(context, {
    moves: `cookie A\n  option redispatch\n  ${two}`,
    stays: `cookie A\n  no option redispatch\n  ${two}`,
    hashed: `balance uri\n  ${full} maxqueue 1`,
  });
  for (const [name, end] of [
    ['moves', '200 -- +0 0/0 s2'],
    ['stays', '503 SQ 0 0/0 s1'],
    ['hashed', '503 SQ 0 0/0 s1'],
  ] as const) {
    const port = proxy.port(name);
    const first = `/hold/1/${name}`;
    const running = ask(port, first, cookie);
    await origin.came(first);
    // The second request waits, the third finds the queue full: in either order.
    const others = ['b', 'c'].map((other) => ask(port, `/x/0/${name}${other}`, cookie).status);
    const [, ...ends] = end.split(' ');
    const outcome = await Promise.race(others);
    assert.equal(outcome, Number(end.slice(0, 3)), name);
    origin.release(first);
    assert.equal(await running.status, 200, name);
    assert.deepEqual((await Promise.all(others)).toSorted(), [200, outcome].toSorted(), name);
    const lines = [await logged(proxy, `/x/0/${name}b`), await logged(proxy, `/x/0/${name}c`)];
    assert.ok(lines.includes(`${outcome} ${ends.join(' ')}`), lines.join(', '));
    assert.ok(lines.includes('200 -- 0 1/0 s1'), lines.join(', '));
  }
});

test('set-priority-class and set-priority-offset choose who is next', async (context) => {
  const { proxy, origin } = await begin(context, {
    fe: `http-request set-priority-class req.hdr(class),add(0)
  http-request set-priority-offset req.hdr(offset),add(0)
  ${full}`,
    probe: probe('fe'),
  });
  const { release } = await occupy(proxy, origin, 'fe');
  const waiting: Promise<number>[] = [];
  for (const [name, priorities] of [
    ['a', 'class: 0\r\noffset: 3600000\r\n'],
    ['b', 'class: 0\r\noffset: 0\r\n'],
    ['c', 'class: 1\r\noffset: -3600000\r\n'],
    ['d', 'class: -1\r\noffset: 3600000\r\n'],
    ['e', 'class: 0\r\noffset: -3600000\r\n'],
  ] as const) {
    waiting.push(ask(proxy.port('fe'), `/x/0/${name}`, priorities).status);
    while ((await queued(proxy, 'fe')) < waiting.length);
  }
  await release();
  assert.deepEqual(await Promise.all(waiting), [200, 200, 200, 200, 200]);
  assert.equal(
    origin.hits
      .slice(1)
      .map((path) => path.slice(-1))
      .join(''),
    'debac',
  );
});

/** Tells how many streams wait in these backends. */
const probe = (...names: readonly string[]): string =>
  `http-request return status 200 ${names.map((name) => `hdr ${name} "%[queue(${name})]"`).join(' ')}`;

/** How many streams wait in a backend, as the listener `probe` says. */
async function queued(proxy: RunningProxy, name: string): Promise<number> {
  const socket = connect({ port: proxy.port('probe'), host: '127.0.0.1' });
  let heard = '';
  socket.on('data', (piece: Buffer) => {
    heard += piece.toString('latin1');
  });
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await once(socket, 'close');
  return Number(new RegExp(`${name}: (\\d+)`).exec(heard)?.[1]);
}

test('minconn and fullconn: the limit follows the load of the backend', async (context) => {
  const server = 'server s1 127.0.0.1:PORT';
  const { proxy, origin } = await begin(context, {
    fe: `fullconn 4\n  ${server} minconn 1 maxconn 4`,
    alone: `fullconn 4\n  ${server} minconn 2`,
    less: `fullconn 4\n  ${server} minconn 3 maxconn 2`,
    low: `fullconn 100\n  ${server} minconn 1 maxconn 50`,
    probe: probe('fe', 'alone', 'less', 'low'),
  });
  for (const [name, most] of [
    ['fe', 4],
    ['alone', 2],
    ['less', 3],
    ['low', 3],
  ] as const) {
    const paths = Array.from({ length: 6 }, (_, i) => `/hold/1/${name}${i}`);
    for (const path of paths) ask(proxy.port(name), path);
    while ((await queued(proxy, name)) < paths.length - most);
    const served = (): number => paths.filter((path) => origin.hits.includes(path)).length;
    while (served() < most) await origin.next();
    assert.deepEqual([served(), await queued(proxy, name)], [most, paths.length - most], name);
  }
});

// ---- clients that leave ----

const aborts: readonly (readonly [name: string, option: string])[] = [
  ['usual', ''],
  ['on', 'option abortonclose'],
  ['off', 'no option abortonclose'],
];

test('a client that ends its side while it waits for a slot', async (context) => {
  const stories = aborts.map(([name, option]) => [name, `${option}\n  ${full}`]);
  const watched = { ...Object.fromEntries(stories), probe: probe('off') };
  const { proxy, origin } = await begin(context, watched);
  for (const [name] of aborts) {
    const { release } = await occupy(proxy, origin, name);
    const waits = ask(proxy.port(name), `/x/0/${name}`);
    waits.socket.end();
    if (name === 'off') {
      while ((await queued(proxy, name)) < 1);
      await release();
      assert.equal(await waits.status, 200);
      assert.equal(await logged(proxy, `/x/0/${name}`), '200 -- 0 0/1 s1');
    } else {
      assert.equal(await waits.status, 0, name);
      assert.equal(await logged(proxy, `/x/0/${name}`), '-1 CQ 0 0/1 <NOSRV>');
      assert.equal(origin.count(`/x/0/${name}`), 0);
      await release();
    }
  }
});

test('a client that ends its side while a server works', async (context) => {
  const stories = aborts.map(([name, option]) => [name, `${option}\n  ${one}`]);
  const { proxy, origin } = await begin(context, Object.fromEntries(stories));
  for (const [name] of aborts) {
    const path = `/hold/1/${name}`;
    const waits = ask(proxy.port(name), path);
    await origin.came(path);
    waits.socket.end();
    if (name === 'off') origin.release(path);
    assert.equal(await waits.status, name === 'off' ? 200 : 400, name);
    assert.equal(await logged(proxy, path), name === 'off' ? '200 -- 0 0/0 s1' : '400 CH 0 0/0 s1');
  }
});

test('a client that leaves between two tries ends them', async (context) => {
  const { proxy } = await begin(context, {
    on: `option abortonclose\n  retries 100\n  ${dead}`,
  });
  const { socket } = ask(proxy.port('on'), '/x/0/on');
  await once(socket, 'connect');
  socket.destroy();
  assert.match(await logged(proxy, '/x/0/on'), /^-1 CC \d+ 0\/0 s1$/);
});
