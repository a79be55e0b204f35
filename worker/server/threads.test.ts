// Several threads on one farm: the limits and the order are those of one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { prepareWords, TestFarm } from '../../test/harness/farm.ts';
import { freshProxy, freshServer } from '../../shared/config/fresh.ts';
import type { ProxyModel } from '../../shared/config/model.ts';
import { liveWords, rowFields } from '../../shared/segment/layout.ts';
import type { Stream } from '../stream/stream.ts';
import { assignOk } from './backend.ts';
import { allocateFarm, farmBlock } from './farm.ts';
import type { ObjectWords, ServerWordsTable } from './words.ts';

interface Task {
  readonly threadIndex: number;
  readonly words: Int32Array;
  readonly farm: SharedArrayBuffer;
  /** Picks by server, served now and at most by server, streams done, wake-ups by thread. */
  readonly tallies: Int32Array;
  readonly balance: string;
  readonly maxconn: number;
  readonly exchanges: number;
}

const threadCount = 3;
const serverCount = 4;
const each = 64 + liveWords;
const tallyWords = 64;
const peakAt = 8;
const nowAt = 16;
const wakeAt = 32;

function proxyOf(maxconn: number): ProxyModel {
  const place = { file: 'test', line: 1, column: 1 };
  const proxy = freshProxy(place, 'be', 'backend');
  proxy.servers = 'abcd'.split('').map((name, index) => ({
    ...freshServer(place, name),
    id: index + 1,
    weight: 1,
    maxconn,
  }));
  return proxy;
}

function tableOf(task: Task): ServerWordsTable {
  const place = (object: number): ObjectWords => ({
    object,
    stateAt: object * each,
    liveAt: object * each + 64,
    row: object * rowFields,
  });
  const model = { proxies: [proxyOf(task.maxconn)] };
  return {
    threadIndex: task.threadIndex,
    threadCount,
    words: task.words,
    values: new Float64Array((serverCount + 1) * rowFields),
    backend: () => place(0),
    server: (_proxy, server) => place(server + 1),
    farm: () => farmBlock(task.farm, model, 0, threadCount),
  };
}

/** One thread: streams come and go, a few at a time, until all exchanges are done. */
function run(task: Task): void {
  const { tallies, threadIndex } = task;
  const servers = proxyOf(task.maxconn).servers;
  const farm = new TestFarm({ balance: task.balance, servers, words: tableOf(task) });
  const running: Stream[] = [];
  const begin = (stream: Stream): void => {
    const index = stream.server?.index ?? -1;
    const now = Atomics.add(tallies, nowAt + index, 1) + 1;
    if (now > Atomics.load(tallies, peakAt + index)) Atomics.store(tallies, peakAt + index, now);
    Atomics.add(tallies, index, 1);
    running.push(stream);
  };
  const end = (stream: Stream): void => {
    Atomics.sub(tallies, nowAt + (stream.server?.index ?? -1), 1);
    farm.backend.leave(stream);
  };
  const waiting = new Set<Stream>();
  farm.backend.bind({
    resume: (stream) => {
      waiting.delete(stream);
      assert.equal(farm.backend.assign(stream), assignOk);
      begin(stream);
    },
    wakeThread: (index) => {
      Atomics.add(tallies, wakeAt + index, 1);
      Atomics.notify(tallies, wakeAt + index);
    },
  });
  let woken = 0;
  for (let done = 0; done < task.exchanges; ) {
    if (running.length + waiting.size < 4) {
      const stream = farm.stream();
      if (farm.backend.assign(stream) === assignOk) begin(stream);
      else waiting.add(stream);
    } else if (running.length > 0) {
      end(running.shift() as Stream);
      done++;
    } else {
      // Nothing to do but wait to be woken; a lost wake-up shows as a timeout here.
      const result = Atomics.wait(tallies, wakeAt + threadIndex, woken, 10_000);
      assert.notEqual(result, 'timed-out', 'a waiter was forgotten');
    }
    const seen = Atomics.load(tallies, wakeAt + threadIndex);
    if (seen !== woken) {
      woken = seen;
      farm.backend.serveWaiters();
    }
  }
  // Leave nothing behind: what still waits gives up, what runs ends.
  for (const stream of waiting) farm.backend.leave(stream);
  while (running.length > 0) end(running.shift() as Stream);
}

async function together(balance: string, maxconn: number, exchanges: number): Promise<Int32Array> {
  const proxy = proxyOf(maxconn);
  const farm = allocateFarm({ proxies: [proxy] }, threadCount);
  const words = new Int32Array(new SharedArrayBuffer((serverCount + 1) * each * 4));
  const tallies = new Int32Array(new SharedArrayBuffer(tallyWords * 4));
  const shared = { words, farm, tallies, balance, maxconn, exchanges };
  prepareWords(tableOf({ ...shared, threadIndex: 0 }), proxy);
  const threads = Array.from({ length: threadCount }, (_, threadIndex) => {
    const workerData: Task = { ...shared, threadIndex };
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData });
    return new Promise<void>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  });
  await Promise.all(threads);
  return tallies;
}

if (isMainThread) {
  test('roundrobin has one order for all threads: equal shares', async () => {
    const tallies = await together('roundrobin', 0, 3000);
    const picks = [...tallies.subarray(0, serverCount)];
    const total = picks.reduce((sum, count) => sum + count, 0);
    for (const count of picks)
      assert.ok(Math.abs(count - total / serverCount) <= 1, picks.join(' '));
  });

  test('leastconn keeps one order for all threads: nobody is left out', async () => {
    const tallies = await together('leastconn', 0, 3000);
    const picks = [...tallies.subarray(0, serverCount)];
    for (const count of picks) assert.ok(count > 1000, picks.join(' '));
  });

  for (const balance of ['roundrobin', 'leastconn']) {
    test(`maxconn holds over threads and no waiter is forgotten: ${balance}`, async () => {
      const tallies = await together(balance, 2, 3000);
      const peaks = [...tallies.subarray(peakAt, peakAt + serverCount)];
      for (const peak of peaks) assert.ok(peak <= 2, `most streams at once: ${peaks.join(' ')}`);
    });
  }
} else {
  run(workerData as Task);
}
