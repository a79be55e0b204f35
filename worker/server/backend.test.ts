import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { ServerModel } from '../../shared/config/model.ts';
import type { Condition, Scope } from '../keyword.ts';
import type { Stream } from '../stream/stream.ts';
import {
  assignFull,
  assignNone,
  assignOk,
  assignQueued,
  retryAssign,
  retryConnect,
  retryNever,
  retryWait,
} from './backend.ts';

type Line = Partial<ServerModel> & { readonly name: string };

const two: readonly Line[] = [{ name: 'a' }, { name: 'b' }];

function assigned(farm: TestFarm): Stream {
  const stream = farm.stream();
  assert.equal(farm.backend.assign(stream), assignOk);
  return stream;
}

function counted(farm: TestFarm, name: 'lbtot' | 'wretr' | 'wredis' | 'econ'): number[] {
  const at = field[name];
  const { values } = farm.table;
  return [farm.backend.row, ...farm.servers.map((server) => server.row)].map(
    (row) => values[row + at],
  );
}

test('a slot is held from assign to release, and counted once', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: two });
  const stream = assigned(farm);
  assert.equal(farm.servers[0].served(), 1);
  assert.equal(farm.backend.assign(stream), assignOk);
  assert.equal(farm.servers[0].served(), 1);
  farm.backend.release(stream);
  farm.backend.release(stream);
  assert.equal(farm.servers[0].served(), 0);
  assert.equal(farm.backend.connections(), 1);
  farm.backend.leave(stream);
  farm.backend.leave(stream);
  assert.equal(farm.backend.connections(), 0);
  assert.deepEqual(counted(farm, 'lbtot'), [1, 1, 0]);
});

test('no server that can be used: 503', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: two });
  farm.down('a');
  farm.maintain('b');
  assert.equal(farm.backend.assign(farm.stream()), assignNone);
  assert.deepEqual(counted(farm, 'econ'), [1, 0, 0]);
  const empty = new TestFarm({ balance: 'roundrobin', servers: [] });
  assert.equal(empty.backend.assign(empty.stream()), assignNone);
});

test('weight 0 gets nothing from balancing', () => {
  const farm = new TestFarm({
    balance: 'roundrobin',
    servers: [{ name: 'a', weight: 0 }, ...two.slice(1)],
  });
  assert.equal(farm.picks(3), 'bbb');
});

// ---- queues ----

test('streams queue on the backend when all are full, and are served in order of arrival', () => {
  const servers = two.map((line) => ({ ...line, maxconn: 1 }));
  const farm = new TestFarm({ balance: 'roundrobin', servers });
  const running = [assigned(farm), assigned(farm)];
  const waiting = [farm.stream(), farm.stream(), farm.stream()];
  for (const stream of waiting) assert.equal(farm.backend.assign(stream), assignQueued);
  assert.equal(farm.backend.hasWaiters(), true);
  farm.backend.leave(running[1]);
  assert.deepEqual(farm.resumed, [waiting[0]]);
  assert.equal(waiting[0].server?.name, 'b');
  assert.equal(farm.backend.assign(waiting[0]), assignOk);
  farm.backend.leave(running[0]);
  assert.deepEqual(farm.resumed, [waiting[0], waiting[1]]);
  assert.deepEqual(
    waiting.map((stream) => stream.backendQueue),
    [1, 2, 0],
  );
  farm.backend.leave(waiting[2]);
  farm.backend.leave(waiting[1]);
  farm.backend.leave(waiting[0]);
  assert.equal(farm.backend.hasWaiters(), false);
  assert.equal(farm.servers[0].served() + farm.servers[1].served(), 0);
});

test('priority class comes first, then arrival moved by the offset', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: [{ name: 'a', maxconn: 1 }] });
  let running = assigned(farm);
  const classes: readonly (readonly [priorityClass: number, offset: number])[] = [
    [0, 0],
    [1, -9999],
    [-1, 500],
    [-1, 0],
    [0, -5],
  ];
  const waiting = classes.map(([priorityClass, priorityOffset]) => {
    const stream = farm.stream();
    Object.assign(stream, { priorityClass, priorityOffset });
    farm.backend.assign(stream);
    farm.time.nowMs++;
    return stream;
  });
  const order: number[] = [];
  for (let i = 0; i < waiting.length; i++) {
    farm.backend.leave(running);
    running = farm.resumed[i];
    order.push(waiting.indexOf(running));
  }
  assert.deepEqual(order, [3, 2, 4, 0, 1]);
});

test('a server that must be used has its own queue, bounded by maxqueue', () => {
  const servers = [{ name: 'a', maxconn: 1, maxqueue: 1 }, { name: 'b' }];
  const farm = new TestFarm({ balance: 'uri', servers, proxy: { hashType: ['map-based'] } });
  const onA = (): Stream => {
    const stream = farm.stream();
    stream.server = farm.servers[0];
    stream.serverAssigned = true;
    stream.serverForced = true;
    stream.persistDone = true;
    return stream;
  };
  const first = onA();
  assert.equal(farm.backend.assign(first), assignOk);
  const second = onA();
  assert.equal(farm.backend.assign(second), assignQueued);
  assert.equal(farm.servers[0].queued(), 1);
  assert.equal(farm.backend.assign(onA()), assignFull);
  assert.deepEqual(counted(farm, 'econ'), [1, 1, 0]);
  farm.backend.leave(first);
  assert.deepEqual(farm.resumed, [second]);
  assert.equal(second.serverQueue, 1);
});

test('a full queue sends the stream elsewhere with option redispatch', () => {
  const servers = [{ name: 'a', maxconn: 1, maxqueue: 1 }, { name: 'b' }];
  const farm = new TestFarm({ balance: 'roundrobin', servers, proxy: { redispatch: -1 } });
  const forced = (): Stream => {
    const stream = farm.stream();
    Object.assign(stream, { server: farm.servers[0], serverAssigned: true, serverForced: true });
    stream.persistDone = true;
    return stream;
  };
  farm.backend.assign(forced());
  farm.backend.assign(forced());
  const moved = forced();
  assert.equal(farm.backend.assign(moved), assignOk);
  assert.equal(moved.server?.name, 'b');
  assert.equal(moved.redispatched, true);
  assert.deepEqual(counted(farm, 'wredis'), [1, 1, 0]);
});

test('a stream that gives up leaves its place', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: [{ name: 'a', maxconn: 1 }] });
  const running = assigned(farm);
  const waiting = [farm.stream(), farm.stream(), farm.stream()];
  for (const stream of waiting) farm.backend.assign(stream);
  farm.backend.queueExpired(waiting[0]);
  farm.backend.leave(waiting[1]);
  assert.deepEqual(counted(farm, 'econ'), [1, 0]);
  farm.backend.leave(running);
  assert.deepEqual(farm.resumed, [waiting[2]]);
});

test('streams that end at once free slots for thousands without recursion', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: [{ name: 'a', maxconn: 1 }] });
  const running = assigned(farm);
  let ended = 0;
  farm.backend.bind({
    resume: (stream) => {
      ended++;
      assert.equal(farm.backend.assign(stream), assignOk);
      farm.backend.leave(stream);
    },
    wakeThread: () => {},
  });
  for (let i = 0; i < 20_000; i++) farm.backend.assign(farm.stream());
  farm.backend.leave(running);
  assert.equal(ended, 20_000);
  assert.equal(farm.servers[0].served(), 0);
});

test('a stream that is gone before its turn is not resumed', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: [{ name: 'a', maxconn: 2 }] });
  const running = [assigned(farm), assigned(farm)];
  const waiting = [farm.stream(), farm.stream()];
  for (const stream of waiting) farm.backend.assign(stream);
  const seen: Stream[] = [];
  farm.backend.bind({
    resume: (stream) => {
      seen.push(stream);
      if (seen.length > 1) return;
      farm.backend.leave(running[1]);
      farm.backend.leave(waiting[1]);
    },
    wakeThread: () => {},
  });
  farm.backend.leave(running[0]);
  assert.deepEqual(seen, [waiting[0]]);
  assert.equal(farm.servers[0].served(), 1);
});

test('minconn: the limit grows with the backend and reaches maxconn at fullconn', () => {
  const servers = [{ name: 'a', minconn: 2, maxconn: 10 }];
  const farm = new TestFarm({ balance: 'roundrobin', servers, proxy: { fullconn: 20 } });
  const [server] = farm.servers;
  const limits: number[] = [];
  for (let streams = 0; streams <= 24; streams += 4) {
    limits.push(server.dynamicMax());
    for (let i = 0; i < 4; i++) farm.stream();
  }
  assert.deepEqual(limits, [2, 2, 4, 6, 8, 10, 10]);
});

// ---- states ----

test('a server that goes down gives its waiters to others when redispatch is allowed', () => {
  for (const redispatch of [0, -1]) {
    const servers = [{ name: 'a', maxconn: 1 }, { name: 'b' }];
    const farm = new TestFarm({ balance: 'roundrobin', servers, proxy: { redispatch } });
    const stay = (): Stream => {
      const stream = farm.stream();
      Object.assign(stream, { server: farm.servers[0], serverAssigned: true, persistDone: true });
      return stream;
    };
    farm.backend.assign(stay());
    const waiter = stay();
    farm.backend.assign(waiter);
    farm.down('a');
    farm.backend.statesChanged();
    assert.deepEqual(farm.resumed, redispatch === 0 ? [] : [waiter]);
    if (redispatch === 0) continue;
    assert.equal(farm.backend.assign(waiter), assignOk);
    assert.equal(waiter.server?.name, 'b');
  }
});

test('a server that comes up serves those who wait for any; the last one to go lets all go', () => {
  const servers = [
    { name: 'a', maxconn: 1 },
    { name: 'b', maxconn: 1 },
  ];
  const farm = new TestFarm({ balance: 'roundrobin', servers });
  farm.down('b');
  assigned(farm);
  const waiting = [farm.stream(), farm.stream()];
  for (const stream of waiting) assert.equal(farm.backend.assign(stream), assignQueued);
  farm.up('b');
  farm.backend.statesChanged();
  assert.deepEqual(farm.resumed, [waiting[0]]);
  farm.down('a');
  farm.down('b');
  farm.backend.statesChanged();
  assert.deepEqual(farm.resumed, waiting);
  assert.equal(farm.backend.assign(waiting[1]), assignNone);
});

// ---- retries ----

interface Retry {
  readonly title: string;
  readonly proxy: object;
  readonly balance?: string;
  readonly servers?: readonly Line[];
  /** Answers to one failure after another: refused or timed out. */
  readonly failures: string;
  readonly answers: readonly number[];
}

const retries: readonly Retry[] = [
  {
    title: 'without redispatch the same server is tried after a pause',
    proxy: {},
    failures: 'rrrr',
    answers: [retryWait, retryWait, retryWait, retryNever],
  },
  {
    title: 'a timeout has waited long enough',
    proxy: {},
    failures: 'tttt',
    answers: [retryConnect, retryConnect, retryConnect, retryNever],
  },
  {
    title: 'with redispatch balancing chooses again at once',
    proxy: { redispatch: -1 },
    failures: 'rrrr',
    answers: [retryAssign, retryAssign, retryAssign, retryNever],
  },
  {
    title: 'a hash stays until the last retry',
    proxy: { redispatch: -1 },
    balance: 'source',
    failures: 'rrrr',
    answers: [retryWait, retryWait, retryAssign, retryNever],
  },
  {
    title: 'every second retry goes elsewhere',
    proxy: { redispatch: 2, retries: 4 },
    balance: 'source',
    failures: 'rrrrr',
    answers: [retryWait, retryAssign, retryWait, retryAssign, retryNever],
  },
  {
    title: 'with one server there is a pause as well',
    proxy: { redispatch: 1 },
    servers: [{ name: 'a' }],
    failures: 'rrrr',
    answers: [retryWait, retryWait, retryWait, retryNever],
  },
  { title: 'no retries', proxy: { retries: 0 }, failures: 'r', answers: [retryNever] },
  { title: 'retry-on none', proxy: { retryOn: [] }, failures: 'r', answers: [retryNever] },
];

for (const { title, proxy, balance = 'roundrobin', servers = two, failures, answers } of retries) {
  test(`retries: ${title}`, () => {
    const farm = new TestFarm({ balance, servers, proxy });
    const stream = farm.stream();
    const seen: number[] = [];
    for (const failure of failures) {
      assert.equal(farm.backend.assign(stream), assignOk);
      seen.push(farm.backend.connectFailed(stream, failure === 'r', false));
    }
    assert.deepEqual(seen, answers);
    assert.equal(
      farm.servers.reduce((sum, server) => sum + server.served(), 0),
      0,
    );
    assert.equal(counted(farm, 'econ')[0], 1);
  });
}

test('a redispatch avoids the server that failed, and both are counted', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: two, proxy: { redispatch: 1 } });
  const stream = assigned(farm);
  assert.equal(stream.server?.name, 'a');
  assert.equal(farm.backend.connectFailed(stream, true, false), retryAssign);
  assert.equal(farm.backend.assign(stream), assignOk);
  assert.equal(stream.server?.name, 'b');
  assert.equal(stream.redispatched, true);
  assert.deepEqual(counted(farm, 'wredis'), [1, 1, 0]);
  assert.deepEqual(counted(farm, 'wretr'), [0, 0, 0]);
  assert.deepEqual(counted(farm, 'lbtot'), [2, 1, 1]);
});

test('a dead idle connection is replaced without a pause; the pause is a second or timeout connect', () => {
  const farm = new TestFarm({ balance: 'roundrobin', servers: two });
  assert.equal(farm.backend.connectFailed(assigned(farm), true, true), retryConnect);
  assert.equal(farm.backend.retryDelayMs(), 1000);
  const { timeouts } = farm.stream().backend.model;
  const proxy = { timeouts: { ...timeouts, connect: 300 } };
  assert.equal(new TestFarm({ servers: two, proxy }).backend.retryDelayMs(), 300);
});

// ---- use-server ----

function ruled(lines: readonly string[], options: Record<string, boolean> = {}): TestFarm {
  const place = { file: 'test', line: 1, column: 1 };
  const useServers = lines.map((text) => {
    const words = text.split(' ');
    return { place, words, columns: words.map(() => 1), text, from: '' };
  });
  const holds: Condition = () => 1;
  const fails: Condition = () => 0;
  const scope: Partial<Scope> = {
    condition: (words) => (words.words[words.index] === 'if' ? holds : fails),
    logFormat: (text) => () => text.slice(1),
  };
  return new TestFarm({
    balance: 'roundrobin',
    servers: two,
    proxy: { useServers, options },
    scope,
  });
}

test('use-server: the first rule that holds and whose server is up', () => {
  assert.equal(ruled(['a unless x', 'b if x']).picks(2), 'bb');
  const down = ruled(['b if x']);
  down.down('b');
  assert.equal(down.picks(2), 'aa');
  const persist = ruled(['b if x'], { persist: true });
  persist.down('b');
  assert.equal(persist.picks(2), 'bb');
  assert.equal(ruled(['%b if x']).picks(2), 'bb');
  assert.equal(ruled(['%nobody if x', 'b if x']).picks(2), 'ab');
  assert.deepEqual(ruled(['c if x']).alerts, ["unable to find server 'c' in backend 'be'"]);
});
