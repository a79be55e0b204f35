// Accept hand-over: nothing is lost, nothing comes twice, a full ring says so, a sleeper is woken.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { makeThreadRings, ThreadRings } from './ring.ts';

const perProducer = 20_000;
const producers = 3;

if (!isMainThread && parentPort !== null) {
  const rings = new ThreadRings(workerData.buffer);
  for (let i = 0; i < perProducer; ) {
    if (rings.push(0, workerData.producer * perProducer + i, i)) i++;
  }
  parentPort.postMessage('done');
} else {
  test('descriptors come out in the order they went in', () => {
    const rings = new ThreadRings(makeThreadRings(2));
    assert.equal(rings.pop(1), false);
    for (let i = 0; i < 10; i++) assert.equal(rings.push(1, i, i * 2), true);
    assert.equal(rings.pop(0), false);
    for (let i = 0; i < 10; i++) {
      assert.equal(rings.pop(1), true);
      assert.deepEqual([rings.fd, rings.listener], [i, i * 2]);
    }
    assert.equal(rings.pop(1), false);
  });

  test('a full ring refuses and counts it, and goes on after wrapping many times', () => {
    const rings = new ThreadRings(makeThreadRings(1));
    let size = 0;
    while (rings.push(0, size, 0)) size++;
    assert.equal(size, 1024);
    assert.equal(rings.refusals(0), 1);
    for (let i = 0; i < 5000; i++) {
      assert.equal(rings.pop(0), true);
      assert.equal(rings.fd, i);
      assert.equal(rings.push(0, size + i, 0), true);
    }
  });

  test('the least loaded thread counts what is on its way to it', () => {
    const rings = new ThreadRings(makeThreadRings(3));
    assert.equal(rings.leastLoaded(2), 2, 'a tie goes to the preferred one');
    rings.setLoad(0, 5);
    rings.setLoad(1, 2);
    rings.setLoad(2, 4);
    assert.equal(rings.leastLoaded(0), 1);
    rings.push(1, 9, 0);
    rings.push(1, 9, 0);
    rings.push(1, 9, 0);
    assert.equal(rings.leastLoaded(0), 2);
    assert.equal(rings.loadOf(1), 2);
  });

  test('a thread does not sleep over a hand-over and is signalled once', () => {
    const rings = new ThreadRings(makeThreadRings(2));
    assert.equal(rings.mustWake(0), false, 'it is awake');
    assert.equal(rings.sleep(0), true);
    rings.push(0, 1, 0);
    assert.equal(rings.mustWake(0), true);
    assert.equal(rings.mustWake(0), false);
    rings.awake(0);
    assert.equal(rings.sleep(0), false, 'there is something to take');
    rings.pop(0);
    assert.equal(rings.sleep(0), true);
  });

  test('several producers at once lose nothing and keep their own order', async () => {
    const buffer = makeThreadRings(1);
    const rings = new ThreadRings(buffer);
    const workers = Array.from({ length: producers }, (_, producer) => {
      return new Worker(import.meta.filename, { workerData: { buffer, producer } });
    });
    const exits = workers.map((worker) => once(worker, 'exit'));
    const next = new Array<number>(producers).fill(0);
    let taken = 0;
    while (taken < producers * perProducer) {
      if (!rings.pop(0)) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const producer = Math.floor(rings.fd / perProducer);
      assert.equal(rings.fd % perProducer, next[producer]++);
      assert.equal(rings.listener, rings.fd % perProducer);
      taken++;
    }
    assert.equal(rings.pop(0), false);
    await Promise.all(exits);
  });
}
