// Choices recorded from the reference for four servers with weights 1, 2, 3, 1 and one thread.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';
import { headerName } from '../http/message.ts';
import type { Stream } from '../stream/stream.ts';
import { avalanche, xxh32 } from '../../shared/hash.ts';
import { hashFunctions } from './hash-functions.ts';
import { serverKey } from './server-ring.ts';

const servers = [1, 2, 3, 1].map((weight, i) => ({ name: 'abcd'[i], weight }));

function farm(balance: string, hashType: string): TestFarm {
  return new TestFarm({ balance, servers, proxy: { hashType: hashType.split(' ') } });
}

const aim = (target: string) => (stream: Stream) => void stream.request.setTarget(target);

const targets = [
  '/',
  '/url1',
  '/url2',
  '/url3',
  '/url4',
  '/a/b/c/d?x=1',
  '/a/b/c/e',
  '/img/logo.png?v=2',
  '/index.html',
  `/${'z'.repeat(40)}`,
  '/api/v1/users/17',
  '/api/v1/users/18',
];

const byType: readonly (readonly [hashType: string, choices: string])[] = [
  ['map-based', 'cbcbcbcbdacc'],
  ['consistent', 'bbacababddcd'],
  ['map-based sdbm', 'cbcbcbcbdacc'],
  ['map-based sdbm avalanche', 'dbbccbccbbcd'],
  ['map-based djb2', 'cbcbcccabcda'],
  ['map-based djb2 avalanche', 'bbbaccdbbccc'],
  ['map-based wt6', 'bccaccdaccac'],
  ['map-based wt6 avalanche', 'bccabbccbcba'],
  ['map-based crc32', 'dccbdacabacc'],
  ['map-based crc32 avalanche', 'dcbabcbccacc'],
  ['consistent sdbm', 'cbbbbbbcbbcc'],
  ['consistent sdbm avalanche', 'bbacababddcd'],
  ['consistent djb2', 'cddddbbcccdd'],
  ['consistent djb2 avalanche', 'ccccbcababdc'],
  ['consistent wt6', 'accccccdbabb'],
  ['consistent wt6 avalanche', 'dbbabbbababd'],
  ['consistent crc32', 'bcbdbbcccadc'],
  ['consistent crc32 avalanche', 'cbbcddabcbcb'],
];

for (const [hashType, choices] of byType) {
  test(`balance uri, hash-type ${hashType}`, () => {
    const one = farm('uri', hashType);
    assert.equal(targets.map((target) => one.pick(aim(target))).join(''), choices);
  });
}

const byOptions: readonly (readonly [options: string, choices: string])[] = [
  ['len 3', 'cccccbbccccccca'],
  ['depth 1', 'cbcbccccdabbaaa'],
  ['depth 2', 'cbcbcddbdacccca'],
  ['whole', 'cbcbcccddacccca'],
  ['len 6 depth 2', 'cbcbcddbabaaaaa'],
  ['path-only', 'cbcbcbcbdaccbaa'],
];

for (const [options, choices] of byOptions) {
  test(`balance uri ${options}`, () => {
    const one = farm(`uri ${options}`, 'map-based');
    const all = [...targets, 'http://h/url1', 'http://h', '*'];
    assert.equal(all.map((target) => one.pick(aim(target))).join(''), choices);
  });
}

const queries = [
  '/?userid=1',
  '/?userid=2',
  '/?userid=abc',
  '/?userid=',
  '/?userid=alpha%20beta',
  '/?userid=99999',
  '/p?x=1&userid=77',
  '/p?userids=3',
  '/none',
  '/q?a=userid=5&userid=6',
];

for (const [hashType, choices] of [
  ['map-based', 'abbadccabc'],
  ['consistent', 'cdacbabcca'],
]) {
  test(`balance url_param, hash-type ${hashType}; in turn without the parameter`, () => {
    const one = farm('url_param userid', hashType);
    assert.equal(queries.map((target) => one.pick(aim(target))).join(''), choices);
  });
}

const hosts = [
  'www.example.com',
  'haproxy.1wt.eu',
  'example.org',
  'a.b.c.d',
  'localhost',
  'x.y:8080',
  'v1, v2',
  '..',
];

const byHeader: readonly (readonly [balance: string, hashType: string, choices: string])[] = [
  ['hdr(x-h)', 'map-based', 'ccdaccccabc'],
  ['hdr(x-h) use_domain_only', 'map-based', 'acabcbccabc'],
  ['hdr(x-h)', 'consistent', 'acbbbbbbccc'],
  ['hdr(x-h) use_domain_only', 'consistent', 'acacbcbcccc'],
];

for (const [balance, hashType, choices] of byHeader) {
  test(`balance ${balance}, hash-type ${hashType}; in turn without the header`, () => {
    const one = farm(balance, hashType);
    const header = headerName('x-h');
    const picks = hosts.map((host) => one.pick((stream) => void stream.request.add(header, host)));
    assert.equal(picks.join('') + one.picks(3), choices);
  });
}

test('balance source', () => {
  for (const [hashType, choice] of [
    ['map-based', 'c'],
    ['consistent', 'c'],
  ]) {
    const one = farm('source', hashType);
    const from = (stream: Stream) => stream.session.source.setIpv4(0x7f000001, 4000);
    assert.equal(one.pick(from) + one.pick(from), choice + choice);
  }
});

test('points on the ring follow the servers, not their order', () => {
  const others = [
    { name: 'a', id: 101 },
    { name: 'b', id: 7 },
    { name: 'c', id: 3000 },
  ];
  const one = new TestFarm({
    balance: 'uri',
    servers: others,
    proxy: { hashType: ['consistent'] },
  });
  assert.equal(targets.map((target) => one.pick(aim(target))).join(''), 'bcbcbcacbcbc');
});

test('a server that leaves moves only its own hashes, and gets them back', () => {
  const one = farm('uri', 'consistent');
  const spread = (): string[] => {
    const picks: string[] = [];
    for (let i = 0; i < 500; i++) picks.push(one.pick(aim(`/object/${i}`)));
    return picks;
  };
  const before = spread();
  one.down('b');
  const without = spread();
  one.up('b');
  assert.deepEqual(spread(), before);
  without.forEach((name, i) => {
    assert.notEqual(name, 'b');
    if (before[i] !== 'b') assert.equal(name, before[i]);
  });
  one.weigh('b', 1);
  one.weigh('b', 2);
  assert.deepEqual(spread(), before);
});

test('hash functions: published and agreed values', () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
  const of = (name: string, text: string): number => {
    const run = hashFunctions.get(name);
    assert.ok(run);
    return run(bytes(text), 0, text.length);
  };
  assert.equal(of('crc32', '123456789'), 0xcbf43926);
  assert.equal(of('djb2', ''), 5381);
  assert.equal(of('djb2', 'a'), 177_670);
  assert.equal(of('sdbm', 'a'), 97);
  assert.equal(of('none', '42x'), 42);
  assert.equal(of('none', '-1'), 0xffffffff);
  assert.equal(xxh32(bytes(''), 0), 0x02cc5d05);
  assert.equal(xxh32(bytes('abc'), 0), 0x32d153ff);
  assert.equal(xxh32(bytes('Nobody inspects the spammish repetition'), 0), 0xe2293b2f);
  assert.equal(avalanche(0), avalanche(2 ** 32));
});

test('keys of servers: id, address, address and port', () => {
  const key = (hashKey: string, host: string, port: number): number => {
    const fixed = { family: 'ipv4', socket: 'stream', portOffset: false, fd: -1 } as const;
    const server = { name: 'a', hashKey, address: { ...fixed, host, port } };
    const [made] = new TestFarm({ servers: [server] }).servers;
    return serverKey(made);
  };
  assert.equal(key('id', '127.0.0.1', 80), 4096);
  assert.equal(key('addr', '127.0.0.1', 80), key('addr', '127.0.0.1', 81));
  assert.notEqual(key('addr-port', '127.0.0.1', 80), key('addr-port', '127.0.0.1', 81));
  assert.equal(key('addr', '127.0.0.1', 80), avalanche(0x0100007f));
});
