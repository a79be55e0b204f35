// Sequences recorded from the reference with one thread, and shares where it draws at random.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';
import type { Stream } from '../stream/stream.ts';

function weighted(balance: string, ...weights: number[]): TestFarm {
  const servers = weights.map((weight, i) => ({ name: 'abcdefgh'[i], weight }));
  return new TestFarm({ balance, servers });
}

const sequences: readonly (readonly [weights: number[], sequence: string])[] = [
  [[1, 2, 3], 'acbcbcacbcbcacbcbcacbcbc'],
  [[1, 1, 1, 5], 'adbddcddadbddcddadbddcddadbddcdd'],
  [[10, 3], 'aaaabaaabaaabaaaabaaabaaabaaaabaaabaaab'],
  [[256, 1, 100], 'aaacaaacaacaaacaacaaacaacaaaca'],
  [[3, 3, 2, 7, 1], 'abdcdadbcdadbddeabdcdadbcdadbddeabdcdadbcdadbdde'],
];

for (const [weights, sequence] of sequences) {
  test(`static-rr with weights ${weights.join(', ')}`, () => {
    assert.equal(weighted('static-rr', ...weights).picks(sequence.length), sequence);
  });
}

test('static-rr: a server leaves and comes back; weights only count to and from zero', () => {
  const farm = weighted('static-rr', 1, 2, 3);
  assert.equal(farm.picks(5), 'acbcb');
  farm.maintain('b');
  assert.equal(farm.picks(9), 'acccaccca');
  farm.unmaintain('b');
  assert.equal(farm.picks(20), 'cbcbcacbcbcacbcbcacb');
  const other = weighted('static-rr', 1, 2, 3);
  assert.equal(other.picks(4), 'acbc');
  other.weigh('a', 5);
  assert.equal(other.picks(25), 'bcacbcbcacbcbcacbcbcacbcb');
  other.weigh('c', 0);
  assert.equal(other.picks(9), '0abbabbabb3'.slice(1, 10));
});

test('leastconn takes turns among idle servers', () => {
  assert.equal(weighted('leastconn', 1, 2, 3, 1).picks(14), 'abcdabcdabcdab');
});

test('leastconn fills servers by weight and looks at the load of each', () => {
  const farm = weighted('leastconn', 1, 2, 3);
  const counts = new Map<string, number>();
  const streams: Stream[] = [];
  for (let i = 0; i < 60; i++) {
    const stream = farm.stream();
    farm.backend.assign(stream);
    streams.push(stream);
    const name = stream.server?.name ?? '-';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  assert.deepEqual([counts.get('a'), counts.get('b'), counts.get('c')], [10, 20, 30]);
  for (const stream of streams) if (stream.server?.name === 'b') farm.backend.leave(stream);
  assert.equal(farm.picks(3), 'bbb');
});

test('leastconn goes past full servers in order of load', () => {
  const servers = 'abcdefg'.split('').map((name) => ({ name, maxconn: 2, maxqueue: 1 }));
  const farm = new TestFarm({ balance: 'leastconn', servers });
  const taken: string[] = [];
  for (let i = 0; i < 14; i++) {
    const stream = farm.stream();
    farm.backend.assign(stream);
    taken.push(stream.server?.name ?? '-');
  }
  assert.equal(taken.slice(0, 7).join(''), 'abcdefg');
  assert.equal(new Set(taken.slice(7)).size, 7);
});

test('first: the lowest id until it is full', () => {
  const servers = [
    { name: 'a', id: 9, maxconn: 2 },
    { name: 'b', id: 3, maxconn: 2 },
    { name: 'c', id: 5, maxconn: 1 },
  ];
  const farm = new TestFarm({ balance: 'first', servers });
  assert.equal(farm.picks(3), 'bbb');
  const names: string[] = [];
  for (let i = 0; i < 6; i++) {
    const stream = farm.stream();
    farm.backend.assign(stream);
    names.push(stream.server?.name ?? '-');
  }
  assert.equal(names.join(''), 'bbcaa-');
});

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('random: one draw follows weights', () => {
  const servers = [1, 2, 5].map((weight, i) => ({ name: 'abc'[i], weight: weight * 16 }));
  const farm = new TestFarm({ balance: 'random(1)', servers, random: generator(7) });
  const counts = new Map<string, number>();
  for (const name of farm.picks(8000)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const share = (name: string): number => (counts.get(name) ?? 0) / 1000;
  assert.ok(Math.abs(share('a') - 1) < 0.3, `a ${share('a')}`);
  assert.ok(Math.abs(share('b') - 2) < 0.5, `b ${share('b')}`);
  assert.ok(Math.abs(share('c') - 5) < 0.6, `c ${share('c')}`);
});

test('random: of two draws the less loaded server wins, and it is the default', () => {
  const servers = 'abcdefghij'.split('').map((name) => ({ name }));
  const farm = new TestFarm({ servers, random: generator(11) });
  const loads = new Map<string, number>();
  for (let i = 0; i < 1000; i++) {
    const stream = farm.stream();
    farm.backend.assign(stream);
    const name = stream.server?.name ?? '-';
    loads.set(name, (loads.get(name) ?? 0) + 1);
  }
  for (const [name, load] of loads) assert.ok(load >= 80 && load <= 120, `${name} has ${load}`);
});

test('hash-balance-factor bounds the load of a hot key', () => {
  const servers = 'abcd'.split('').map((name) => ({ name }));
  const proxy = { hashType: ['consistent'], hashBalanceFactor: 150 };
  const farm = new TestFarm({ balance: 'uri', servers, proxy });
  const loads = new Map<string, number>();
  for (let i = 0; i < 100; i++) {
    const stream = farm.stream();
    stream.request.setTarget('/hot');
    farm.backend.assign(stream);
    stream.request.reset();
    const name = stream.server?.name ?? '-';
    loads.set(name, (loads.get(name) ?? 0) + 1);
  }
  assert.ok(Math.max(...loads.values()) <= 38, JSON.stringify([...loads]));
});

test('hash-preserve-affinity decides what a full server means', () => {
  const servers = 'ab'.split('').map((name) => ({ name, maxconn: 1, maxqueue: 1 }));
  const results = (['always', 'maxconn', 'maxqueue'] as const).map((hashPreserveAffinity) => {
    const proxy = { hashType: ['consistent'], hashPreserveAffinity };
    const farm = new TestFarm({ balance: 'uri', servers, proxy });
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      const stream = farm.stream();
      stream.request.setTarget('/x');
      farm.backend.assign(stream);
      names.push(stream.server?.name ?? '-');
    }
    const [first] = names;
    return names.map((name) => (name === first ? '1' : name === '-' ? '-' : '2')).join('');
  });
  // With all servers full, where maxconn queues depends on the ring.
  assert.deepEqual([results[0], results[1].slice(0, 2), results[2]], ['111', '12', '112']);
});

test('sticky: one server until it goes, then the first that is up; backups when none is', () => {
  const names = [...'abc'].map((name) => ({ name }));
  const farm = new TestFarm({
    balance: 'sticky',
    servers: [...names, { name: 'd', backup: true }],
  });
  assert.equal(farm.picks(3), 'aaa');
  farm.down('a');
  assert.equal(farm.picks(2), 'bb');
  // HAProxy's own order: what came back first is not what it moves to.
  farm.up('a');
  assert.equal(farm.picks(2), 'bb');
  farm.down('b');
  assert.equal(farm.picks(2), 'aa');
  farm.down('a');
  farm.down('c');
  assert.equal(farm.picks(2), 'dd');
  farm.up('c');
  assert.equal(farm.picks(2), 'cc');
});

test('slow start: a warming server has its part, whatever the algorithm', () => {
  const rules: readonly (readonly [balance: string, hashType: readonly string[], most: number])[] =
    [
      ['roundrobin', [], 0],
      ['leastconn', [], 0],
      ['random(1)', [], 30],
      ['uri', ['consistent', 'wt6', 'avalanche'], 30],
      ['url_param id', ['consistent', 'djb2', 'avalanche'], 30],
    ];
  for (const [balance, hashType, most] of rules) {
    const servers = [
      { name: 'a', weight: 50 },
      { name: 'b', weight: 50 },
    ];
    const random = dice();
    const farm = new TestFarm({ balance, servers, proxy: { hashType: [...hashType] }, random });
    const share = (): number => {
      const held: Stream[] = [];
      for (let i = 0; i < 200; i++) {
        const stream = farm.stream();
        stream.request.setTarget(`/x${i * 7919}?id=${i * 7919}`);
        farm.backend.assign(stream);
        held.push(stream);
      }
      const count = held.filter(({ server }) => server?.name === 'a').length;
      for (const stream of held) {
        farm.backend.leave(stream);
        stream.request.reset();
      }
      return count;
    };
    assert.ok(Math.abs(share() - 100) <= most, balance);
    farm.warm('a', 25);
    const quarter = share();
    assert.ok(Math.abs(quarter - 40) <= most, `${balance} at a quarter: ${quarter}`);
    farm.warm('a', 100);
    assert.ok(Math.abs(share() - 100) <= most, `${balance} at last`);
  }
});

/** Numbers from 0 to below 1, always the same ones. */
function dice(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

test('what cannot be used is refused by name', () => {
  const log = new TestFarm({ balance: 'nothing', servers: [{ name: 'a' }] });
  assert.deepEqual(log.alerts, ["balance algorithm 'nothing' is not supported yet"]);
});
