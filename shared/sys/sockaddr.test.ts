import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AF_INET, AF_INET6, AF_UNIX } from './constants.ts';
import {
  decodeAddress,
  encodeAddress,
  familyOf,
  formatIpv6,
  formatPeer,
  ipv4Of,
  type NamedAddress,
  parseIpv4,
  parseIpv6,
  portOf,
  putIpv4,
  sameAddress,
  setPort,
} from './sockaddr.ts';
import type { SocketAddress } from './sys.ts';

function blank(): SocketAddress {
  return { region: { bytes: new Uint8Array(128).fill(0xee), address: 0 }, length: 0 };
}

function hex(address: SocketAddress): string {
  return Buffer.from(address.region.bytes.subarray(0, address.length)).toString('hex');
}

const layouts: readonly [NamedAddress, string][] = [
  [{ family: 'ipv4', host: '192.0.2.1', port: 8080 }, '02001f90c00002010000000000000000'],
  [{ family: 'ipv4', host: '', port: 80 }, '02000050000000000000000000000000'],
  [
    { family: 'ipv6', host: '2001:db8::1', port: 443 },
    `0a0001bb00000000${'20010db8000000000000000000000001'}00000000`,
  ],
  [{ family: 'ipv6', host: '', port: 1 }, `0a000001${'0'.repeat(48)}`],
  [{ family: 'unix', host: '/run/x', port: 0 }, '01002f72756e2f7800'],
  [{ family: 'abnsz', host: 'app', port: 0 }, '010000617070'],
  [{ family: 'abns', host: 'app', port: 0 }, `010000617070${'00'.repeat(104)}`],
];

test('an address is laid out as the kernel wants it, and reads back', () => {
  for (const [from, bytes] of layouts) {
    const address = blank();
    assert.equal(encodeAddress(from, address), true);
    assert.equal(hex(address), bytes, `${from.family} ${from.host}`);
    const any = from.family === 'ipv4' ? '0.0.0.0' : '::';
    assert.deepEqual(decodeAddress(address), { ...from, host: from.host === '' ? any : from.host });
  }
});

test('what is no number, or too long, is refused and changes nothing', () => {
  const wrong: readonly NamedAddress[] = [
    { family: 'ipv4', host: 'localhost', port: 1 },
    { family: 'ipv4', host: '1.2.3', port: 1 },
    { family: 'ipv4', host: '1.2.3.256', port: 1 },
    { family: 'ipv4', host: '1.2.3.04', port: 1 },
    { family: 'ipv6', host: 'fe80::1%eth0', port: 1 },
    { family: 'ipv6', host: '1::2::3', port: 1 },
    { family: 'unix', host: '', port: 0 },
    { family: 'unix', host: 'a\0b', port: 0 },
    { family: 'unix', host: 'x'.repeat(108), port: 0 },
    { family: 'abns', host: 'x'.repeat(108), port: 0 },
  ];
  for (const from of wrong) {
    const address = blank();
    assert.equal(encodeAddress(from, address), false, from.host);
    assert.equal(address.length, 0);
    assert.ok(address.region.bytes.every((byte) => byte === 0xee));
  }
  const longest = blank();
  assert.equal(encodeAddress({ family: 'unix', host: 'x'.repeat(107), port: 0 }, longest), true);
  assert.equal(longest.length, 110);
  assert.equal(decodeAddress(longest)?.host, 'x'.repeat(107));
});

test('IPv6 numbers are written as RFC 5952 and inet_ntop write them', () => {
  const cases: readonly [string, string][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['0:0:0:0:0:0:13.1.68.3', '::13.1.68.3'],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['fe80:0:0:0:0:0:0:abcd', 'fe80::abcd'],
  ];
  for (const [text, expected] of cases) {
    const bytes = new Uint8Array(20);
    assert.equal(parseIpv6(text, bytes, 3), true, text);
    assert.equal(formatIpv6(bytes, 3), expected);
  }
  assert.equal(parseIpv6('::g', new Uint8Array(16), 0), false);
});

test('family, port and IPv4 are read without strings', () => {
  const v4 = blank();
  putIpv4(0xc0a80001, 65535, v4);
  assert.deepEqual([familyOf(v4), portOf(v4), ipv4Of(v4)], [AF_INET, 65535, 0xc0a80001]);
  setPort(v4, 258);
  assert.equal(formatPeer(v4), '192.168.0.1:258');

  const mapped = blank();
  encodeAddress({ family: 'ipv6', host: '::ffff:10.0.0.1', port: 9 }, mapped);
  assert.deepEqual([familyOf(mapped), portOf(mapped), ipv4Of(mapped)], [AF_INET6, 9, 0x0a000001]);
  const v6 = blank();
  encodeAddress({ family: 'ipv6', host: '2001:db8::1', port: 9 }, v6);
  assert.equal(ipv4Of(v6), -1);
  assert.equal(formatPeer(v6), '2001:db8::1:9');
  assert.equal(sameAddress(v6, mapped), false);
  assert.equal(sameAddress(v6, v6), true);

  const path = blank();
  encodeAddress({ family: 'unix', host: '/tmp/a', port: 0 }, path);
  assert.deepEqual([familyOf(path), portOf(path), ipv4Of(path)], [AF_UNIX, 0, -1]);
  assert.equal(formatPeer(path), 'unix:/tmp/a');
  const name = blank();
  encodeAddress({ family: 'abns', host: 'n', port: 0 }, name);
  assert.equal(formatPeer(name), 'abns@n');
});

test('an unnamed unix peer and an empty address have no host', () => {
  const unnamed = blank();
  unnamed.region.bytes.set([1, 0]);
  unnamed.length = 2;
  assert.deepEqual(decodeAddress(unnamed), { family: 'unix', host: '', port: 0 });
  const empty = blank();
  assert.equal(decodeAddress(empty), null);
  assert.equal(familyOf(empty), 0);
});

test('parseIpv4 accepts four plain numbers only', () => {
  assert.equal(parseIpv4('255.255.255.255'), 0xffffffff);
  for (const text of ['', '1', '1.2.3.4.5', '1.2.3.', ' 1.2.3.4', '0x1.2.3.4', '-1.2.3.4']) {
    assert.equal(parseIpv4(text), -1, text);
  }
});
