import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { EventRing, makeRing, ringBytes } from './event-ring.ts';

function write(ring: EventRing, text: string): boolean {
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  return ring.write(bytes, 2, bytes.length - 4);
}

function all(ring: EventRing, from = 0): string[] {
  const texts: string[] = [];
  let at = from;
  for (let next = -1; next !== at; ) {
    next = at;
    at = ring.read(at, 64, (record) => texts.push(record.toString('latin1')));
    next = next === at ? at : -1;
  }
  return texts;
}

test('records come back in order, also around the end of the area', () => {
  const ring = new EventRing(makeRing(100));
  let position = 0;
  const seen: string[] = [];
  const sent: string[] = [];
  for (let i = 0; i < 2000; i++) {
    const text = `${i}-${'x'.repeat(i % 97)}`;
    assert.ok(write(ring, text));
    sent.push(text);
    position = ring.read(position, 1, (record) => seen.push(record.toString('latin1')));
  }
  assert.deepEqual(seen, sent);
  assert.equal(position, ring.end);
});

test('the oldest records make room', () => {
  const ring = new EventRing(makeRing(1));
  const texts = Array.from({ length: 500 }, (_, i) => `record ${i} ${'y'.repeat(20)}`);
  for (const text of texts) assert.ok(write(ring, text));
  const kept = all(ring);
  assert.ok(kept.length > 50 && kept.length < 500);
  assert.deepEqual(kept, texts.slice(-kept.length));
  assert.equal(ring.refused, 0);
});

test('what a reader holds stays; new records are refused and counted', () => {
  const ring = new EventRing(makeRing(1));
  write(ring, 'first');
  const reader = ring.hold(ring.oldest);
  let accepted = 1;
  while (write(ring, 'z'.repeat(100))) accepted++;
  assert.equal(write(ring, 'z'.repeat(100)), false);
  assert.equal(ring.refused, 2);
  assert.equal(ring.takeRefused(), 2);
  assert.equal(ring.refused, 0);
  assert.equal(all(ring)[0], 'first');
  assert.equal(all(ring).length, accepted);
  let position = ring.oldest;
  position = ring.read(position, 1, () => {});
  ring.advance(reader, position);
  assert.equal(write(ring, 'short'), true);
  ring.release(reader);
  assert.equal(write(ring, 'z'.repeat(3000)), true);
});

test('a record that is too long is cut', () => {
  const ring = new EventRing(makeRing(1));
  assert.ok(write(ring, 'a'.repeat(10_000)));
  assert.deepEqual(all(ring), ['a'.repeat(ring.recordMax)]);
  assert.equal(ring.recordMax, ringBytes(1) - 260);
});

test('there are so many readers and no more', () => {
  const ring = new EventRing(makeRing(1));
  const readers = Array.from({ length: 16 }, () => ring.hold(0));
  assert.deepEqual(
    readers,
    Array.from({ length: 16 }, (_, i) => i),
  );
  assert.equal(ring.hold(0), -1);
  ring.release(3);
  assert.equal(ring.hold(0), 3);
});

test('threads write at the same time, a reader is woken, nothing is torn', async () => {
  const memory = makeRing(64 * 1024);
  const ring = new EventRing(memory);
  const each = 2000;
  const code = `
    const { workerData } = require('node:worker_threads');
    import(workerData.module).then(({ EventRing }) => {
      const ring = new EventRing(workerData.memory);
      for (let i = 0; i < ${each}; i++) {
        const text = Buffer.from(workerData.name + i + '-' + workerData.name.repeat(i % 50));
        while (!ring.write(text, 0, text.length)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        ring.wake();
      }
    });`;
  const module = new URL('./event-ring.js', import.meta.url).href;
  const reader = ring.hold(0);
  const names = ['a', 'b'];
  const done = names.map(
    (name) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(code, { eval: true, workerData: { memory, module, name } });
        worker.on('exit', resolve).on('error', reject);
      }),
  );
  const counts: Record<string, number> = { a: 0, b: 0 };
  let position = 0;
  while (counts['a'] + counts['b'] < each * 2) {
    const { wakes } = ring;
    const before = position;
    position = ring.read(position, 16_384, (record) => {
      const [head, tail] = record.toString('latin1').split('-');
      const name = head[0];
      assert.equal(head, `${name}${counts[name]}`);
      assert.equal(tail, name.repeat(counts[name] % 50));
      counts[name]++;
    });
    ring.advance(reader, position);
    if (position === before) await ring.nextWrite(wakes, 1000);
  }
  await Promise.all(done);
  assert.deepEqual(counts, { a: each, b: each });
});
