import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from '../../shared/hash.ts';
import { Endpoint } from './endpoint.ts';
import {
  faultProxyBadHeader,
  faultProxyBadProtocol,
  faultProxyNotHeader,
  faultProxyTruncated,
} from './fault.ts';
import { ProxyHeader, proxyBlock, proxyLine, readProxyHeader, tlvBytes } from './proxy-header.ts';

const signature = '0d0a0d0a000d0a515549540a';
const addresses4 = '7f0000017f000002002a0539';
const addresses6 = '20010db8000000000000000000000001000000000000000000000000000000010050 01bb';

const hex = (text: string): string =>
  Buffer.from(text.replaceAll(' ', ''), 'hex').toString('latin1');
/** A block of version 2: bytes 13 and 14, then what follows the length. */
const block = (kind: string, rest: string): string => {
  const body = hex(rest);
  return hex(`${signature}${kind}${body.length.toString(16).padStart(4, '0')}`) + body;
};

interface Seen {
  readonly result: number;
  readonly text: string;
}

function read(input: string, bytesMax?: number): Seen {
  const header = new ProxyHeader(bytesMax);
  const bytes = Buffer.concat([Buffer.from('??'), Buffer.from(input, 'latin1')]);
  const result = readProxyHeader(bytes, 2, input.length, header);
  if (result <= 0) return { result, text: '' };
  const { source, destination, tlvs } = header;
  const ends = header.hasAddresses
    ? `${source.text()} ${source.port} ${destination.text()} ${destination.port}`
    : 'own';
  const values = tlvs.map(({ type, value }) => ` ${type.toString(16)}=${value}`);
  return { result, text: ends + values.join('') };
}

const good: readonly (readonly [string, string])[] = [
  ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n', '192.168.0.1 56324 192.168.0.11 443'],
  ['PROXY TCP6 2001:db8::1 ::1 80 443\r\n', '2001:db8::1 80 ::1 443'],
  ['PROXY TCP6 ::ffff:10.0.0.1 ::1 0 65535\r\n', '::ffff:10.0.0.1 0 ::1 65535'],
  ['PROXY UNKNOWN\r\n', 'own'],
  ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', 'own'],
  [block('2111', addresses4), '127.0.0.1 42 127.0.0.2 1337'],
  [block('2121', addresses6), '2001:db8::1 80 ::1 443'],
  [
    block('2111', `${addresses4} 02 0005 3132333435 ea 0000`),
    '127.0.0.1 42 127.0.0.2 1337 2=12345 ea=',
  ],
  [block('2000', ''), 'own'],
  [block('2011', 'ee 0001 41'), 'own ee=A'],
  [block('2100', ''), 'own'],
  [block('2112', addresses4), 'own'],
  [block('2131', '00'.repeat(216)), 'own'],
  [block('2131', `${'00'.repeat(216)} 04 0002 0000`), 'own 4=\0\0'],
];

test('headers of both versions, whole and in parts', () => {
  for (const [input, expected] of good) {
    const seen = read(`${input}GET / HTTP/1.1\r\n`);
    assert.deepEqual(seen, { result: input.length, text: expected }, JSON.stringify(input));
    for (let length = 1; length < input.length; length++) {
      assert.equal(read(input.slice(0, length)).result, 0, `${length} of ${JSON.stringify(input)}`);
    }
  }
});

const bad: readonly (readonly [string, number])[] = [
  ['GET / HTTP/1.1\r\n', faultProxyNotHeader],
  ['PROXI', faultProxyNotHeader],
  ['\r\n\r\n\0\r\nQUIX', faultProxyNotHeader],
  [hex(`${signature}31`), faultProxyNotHeader],
  ['PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n', faultProxyBadProtocol],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', faultProxyBadHeader],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n', faultProxyBadHeader],
  ['PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n', faultProxyBadHeader],
  ['PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n', faultProxyBadHeader],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n', faultProxyBadHeader],
  ['PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n', faultProxyBadHeader],
  ['PROXY TCP4 ::1 ::1 1 2\r\n', faultProxyBadHeader],
  ['PROXY TCP6 1.2.3.4 ::1 1 2\r\n', faultProxyBadHeader],
  [`PROXY TCP4 ${'1'.repeat(120)}`, faultProxyBadHeader],
  [block('2211', addresses4), faultProxyBadHeader],
  [block('2141', addresses4), faultProxyBadHeader],
  [block('2113', addresses4), faultProxyBadHeader],
  [block('2111', addresses4.slice(2)), faultProxyBadHeader],
  [block('2111', `${addresses4} 02`), faultProxyBadHeader],
  [block('2111', `${addresses4} 02 000a 31323334`), faultProxyBadHeader],
  [block('2111', `${addresses4} 02 0100 ${'41'.repeat(256)}`), faultProxyBadHeader],
  [block('2111', `${addresses4} 05 0081 ${'41'.repeat(129)}`), faultProxyBadHeader],
  [block('2111', `${addresses4} 03 0003 414141`), faultProxyBadHeader],
  [block('2111', `${addresses4} 03 0004 00000000`), faultProxyBadHeader],
];

test('what is no header is refused as soon as that is certain', () => {
  for (const [input, fault] of bad) {
    assert.equal(read(input).result, -fault, JSON.stringify(input));
  }
});

test('a block longer than the buffer is refused without waiting for it', () => {
  const input = block('2111', `${addresses4} ea 0100 ${'00'.repeat(256)}`);
  assert.equal(read(input.slice(0, 20), 100).result, -faultProxyTruncated);
  assert.equal(read(input.slice(0, 20), 400).result, 0);
});

function end(set: (end: Endpoint) => void): Endpoint {
  const made = new Endpoint();
  set(made);
  return made;
}

const four = end((each) => each.setIpv4(0xc0a80001, 56324));
const otherFour = end((each) => each.setIpv4(0xc0a8000b, 443));
const six = end((each) => each.setIpv6(hex('20010db8000000000000000000000001'), 80));
const path = end((each) => each.setUnix('/run/x'));

const lines: readonly (readonly [Endpoint, Endpoint, string])[] = [
  [four, otherFour, 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n'],
  [six, six, 'PROXY TCP6 2001:db8::1 2001:db8::1 80 80\r\n'],
  [four, six, 'PROXY TCP6 ::ffff:192.168.0.1 2001:db8::1 56324 80\r\n'],
  [path, path, 'PROXY UNKNOWN\r\n'],
  [four, new Endpoint(), 'PROXY UNKNOWN\r\n'],
];

test('lines of version 1', () => {
  for (const [source, destination, expected] of lines) {
    assert.equal(proxyLine(source, destination), expected);
  }
});

const nothing = { before: '', after: '', crc32c: false };

test('blocks of version 2', () => {
  const plain = Buffer.from(proxyBlock(four, otherFour, nothing), 'latin1').toString('hex');
  assert.equal(plain, `${signature}2111000cc0a80001c0a8000bdc0401bb`);
  const local = Buffer.from(proxyBlock(path, four, nothing), 'latin1').toString('hex');
  assert.equal(local, `${signature}20000000`);
  const mixed = read(proxyBlock(four, six, nothing));
  assert.equal(mixed.text, '::ffff:192.168.0.1 56324 2001:db8::1 80');
});

test('the checksum is CRC-32C (its published check value)', () => {
  const bytes = Buffer.from('..123456789');
  assert.equal(crc32c(bytes, 2, 9), 0xe3069283);
  assert.equal(crc32c(Buffer.from('12\0\0\0\x00789'), 0, 9), crc32c(bytes, 2, 9, 4));
});

test('the checksum of a written block is the one that reading asks for', () => {
  const parts = { before: tlvBytes(0xe1, 'foo'), after: tlvBytes(5, 'id'), crc32c: true };
  const text = proxyBlock(four, otherFour, parts);
  const [before, checksum, after] = read(text).text.split(' ').slice(4);
  assert.deepEqual([before, checksum.slice(0, 2), after], ['e1=foo', '3=', '5=id']);
  const typeAt = text.indexOf('\x03\0\x04');
  for (let i = 12; i < text.length; i++) {
    // A TLV of another type is no checksum any more.
    if (i === typeAt) continue;
    const flipped =
      text.slice(0, i) + String.fromCharCode(text.charCodeAt(i) ^ 1) + text.slice(i + 1);
    assert.ok(read(flipped).result <= 0, `bit 0 of byte ${i}`);
  }
});
