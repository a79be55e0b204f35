// Sequences recorded from the reference with one thread.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';

function weighted(...weights: number[]): TestFarm {
  const servers = weights.map((weight, i) => ({ name: 'abcdefgh'[i], weight }));
  return new TestFarm({ balance: 'roundrobin', servers });
}

const sequences: readonly (readonly [weights: number[], sequence: string])[] = [
  [[1, 1, 1], 'abcabcabc'],
  [[1, 2, 3], 'cbcacbcbcacbcbcacbcbcacb'],
  [[1, 1, 1, 5], 'ddaddbdcddaddbdcddaddbdcddaddbdc'],
  [[10, 3], 'aaaabaaabaaabaaaabaaabaaabaaaabaaabaaab'],
  [[256, 1, 100], 'aaacaacaaacaacaaacaaacaacaaaca'],
  [[3, 3, 2, 7, 1], 'dadbdcadbdedacdbdadbdcadbdedacdbdadbdcadbdedacdb'],
];

for (const [weights, sequence] of sequences) {
  test(`roundrobin with weights ${weights.join(', ')}`, () => {
    assert.equal(weighted(...weights).picks(sequence.length), sequence);
  });
}

test('a server leaves and comes back', () => {
  const farm = weighted(1, 2, 3);
  assert.equal(farm.picks(5), 'cbcac');
  farm.maintain('b');
  assert.equal(farm.picks(9), 'cccacccac');
  farm.unmaintain('b');
  assert.equal(farm.picks(20), 'cbcabccbcabccbcabccb');
});

test('weights change while running', () => {
  const farm = weighted(1, 2, 3);
  assert.equal(farm.picks(4), 'cbca');
  farm.weigh('a', 5);
  assert.equal(farm.picks(25), 'cbacabacaacbacabacaacbaca');
  farm.weigh('c', 0);
  assert.equal(farm.picks(9), 'baabaaaba');
  farm.weigh('c', 3);
  assert.equal(farm.picks(20), 'abacacabacabacacabac');
});

test('every full round gives each server its weight', () => {
  let seed = 12345;
  const next = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return seed % limit;
  };
  for (let round = 0; round < 20; round++) {
    const weights = Array.from({ length: 2 + next(6) }, () => 1 + next(20));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const counts = new Map<string, number>();
    for (const name of weighted(...weights).picks(total)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    weights.forEach((weight, i) => {
      const got = counts.get('abcdefgh'[i]) ?? 0;
      assert.ok(Math.abs(got - weight) <= 1, `weights ${weights.join(' ')}: ${i} got ${got}`);
    });
  }
});

test('a backup serves when no active server is left, all of them with allbackups', () => {
  const servers = [{ name: 'a' }, { name: 'b', backup: true }, { name: 'c', backup: true }];
  const first = new TestFarm({ balance: 'roundrobin', servers });
  const all = new TestFarm({
    balance: 'roundrobin',
    servers,
    proxy: { options: { allbackups: true } },
  });
  for (const farm of [first, all]) {
    assert.equal(farm.picks(3), 'aaa');
    farm.down('a');
  }
  assert.equal(first.picks(4), 'bbbb');
  assert.equal(all.picks(4), 'bcbc');
  first.down('b');
  assert.equal(first.picks(2), 'cc');
  first.up('b');
  assert.equal(first.picks(2), 'bb');
  first.down('b');
  first.down('c');
  assert.equal(first.picks(1), '-');
});

test('full servers are passed over and keep their turn', () => {
  const servers = [{ name: 'a', maxconn: 1 }, { name: 'b' }];
  const farm = new TestFarm({ balance: 'roundrobin', servers });
  const held = farm.stream();
  farm.backend.assign(held);
  assert.equal(held.server?.name, 'a');
  assert.equal(farm.picks(4), 'bbbb');
  farm.backend.leave(held);
  assert.match(farm.picks(4), /^(ab|ba){2}$/);
});
