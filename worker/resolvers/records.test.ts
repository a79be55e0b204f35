// The choice of an address: family, then network, then one that is free, then the one so far; and
// records that answers do not have any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolutionModel } from '../../shared/config/model-resolvers.ts';
import type { AddressRecord } from './message.ts';
import { type RecordUser, Records, type Wish } from './records.ts';

const both = new Set(['ipv4', 'ipv6'] as const);

function known(...addresses: readonly string[]): Records {
  const records = new Records();
  const list = addresses.map((address): AddressRecord => {
    return { type: address.includes(':') ? 'AAAA' : 'A', name: 'a.test', address };
  });
  records.note({ verdict: 'valid', records: list, additional: [] }, both, 1);
  return records;
}

function wish(of: Partial<ResolutionModel>, more: Partial<Wish> = {}): Wish {
  const resolution = { prefer: 'ipv4', networks: [], allowsTwins: false, ...of } as const;
  return { resolution, families: both, current: '', user: user(0), ...more };
}

const user = (proxyIndex: number): RecordUser => ({ proxyIndex });

const choices: readonly (readonly [string, readonly string[], Partial<ResolutionModel>, string])[] =
  [
    ['the preferred family', ['::1', '10.0.0.1'], { prefer: 'ipv4' }, '10.0.0.1'],
    ['the other family when it is alone', ['::1'], { prefer: 'ipv4' }, '::1'],
    [
      'the preferred network',
      ['10.0.0.1', '10.1.0.1', '10.2.0.1'],
      { networks: [{ host: '10.1.0.0', bits: 16 }] },
      '10.1.0.1',
    ],
    [
      'any network rather than none',
      ['10.2.0.1'],
      { networks: [{ host: '10.1.0.0', bits: 16 }] },
      '10.2.0.1',
    ],
    [
      'a network of the other family less than the family',
      ['::1', '10.2.0.1'],
      { prefer: 'ipv4', networks: [{ host: '::', bits: 64 }] },
      '10.2.0.1',
    ],
  ];

for (const [what, addresses, of, expected] of choices) {
  test(`chosen is ${what}`, () => {
    assert.equal(known(...addresses).choose(wish(of)).address, expected);
  });
}

test('servers of one backend have different addresses, in the order of the reference', () => {
  const records = known('127.0.0.2', '127.0.0.3', '127.0.0.4');
  const chosen = [1, 1, 1, 1, 2].map(
    (proxyIndex) => records.choose(wish({}, { user: user(proxyIndex) })).address,
  );
  assert.deepEqual(chosen.slice(0, 4), ['127.0.0.2', '127.0.0.3', '127.0.0.4', '']);
  assert.notEqual(chosen[4], '', 'those of another one share them');
});

test('with allow-dup-ip they share what there is', () => {
  const records = known('10.0.0.1');
  const take = (): string => records.choose(wish({ allowsTwins: true }, { user: user(1) })).address;
  assert.deepEqual([take(), take()], ['10.0.0.1', '10.0.0.1']);
});

test('a server keeps its address as long as answers have it', () => {
  const records = known('10.0.0.1', '10.0.0.2');
  const one = user(1);
  const current = '10.0.0.2';
  assert.deepEqual(records.choose(wish({}, { user: one, current })), {
    address: current,
    isNew: false,
  });
  const list: AddressRecord[] = [{ type: 'A', name: 'a.test', address: '10.0.0.1' }];
  records.note({ verdict: 'valid', records: list, additional: [] }, both, 50);
  records.expire(100, 60);
  assert.equal(records.choose(wish({}, { user: one, current })).isNew, false, 'held');
  records.expire(0, 60);
  assert.equal(records.choose(wish({}, { user: one, current })).address, '');
});

test('a rule gets all addresses of the preferred family, or of the other', () => {
  const records = known('10.0.0.1', '10.0.0.2', '::1');
  assert.deepEqual(new Set(records.all('ipv4', both)), new Set(['10.0.0.1', '10.0.0.2']));
  assert.deepEqual(records.all('ipv6', both), ['::1']);
  assert.equal(records.all('ipv6', new Set(['ipv4'])).length, 2);
});

test('families that are not accepted are not chosen', () => {
  const families = new Set(['ipv4'] as const);
  assert.equal(known('::1').choose(wish({}, { families })).address, '');
});
