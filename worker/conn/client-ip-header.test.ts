import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClientIpHeader } from './client-ip-header.ts';
import { ProxyHeader } from './proxy-header.ts';
import { faultCipBadMagic, faultCipBadProtocol } from './fault.ts';

const magic = 0x74657374;
/** 10.1.2.3:4660 to 192.0.2.1:80, 40 bytes of headers. */
const ipv4 = `4500002800000000400600000a010203c000020112340050${'00'.repeat(16)}`;
/** [2001:db8::1]:4660 to [2001:db8::2]:443, 60 bytes of headers. */
const ipv6 =
  '6000000000140640' +
  '20010db8000000000000000000000001' +
  '20010db8000000000000000000000002' +
  '123401bb' +
  '00'.repeat(16);
const older = (headers: string) => `74657374${hex(headers.length / 2, 8)}${headers}`;
const standard = (headers: string) =>
  `74657374${hex(headers.length / 2 + 12, 8)}0000${hex(headers.length / 2, 4)}${headers}`;

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function read(text: string, length = text.length / 2) {
  const header = Object.assign(new ProxyHeader(), { magic });
  const result = readClientIpHeader(Buffer.from(text, 'hex'), 0, length, header);
  return { result, header };
}

test('both layouts give the addresses of the headers they repeat', () => {
  for (const [text, bytes, source, destination] of [
    [older(ipv4), 48, '10.1.2.3:4660', '192.0.2.1:80'],
    [standard(ipv4), 52, '10.1.2.3:4660', '192.0.2.1:80'],
    [older(ipv6), 68, '2001:db8::1:4660', '2001:db8::2:443'],
    [standard(ipv6), 72, '2001:db8::1:4660', '2001:db8::2:443'],
  ] as const) {
    const { result, header } = read(`${text}474554`);
    assert.equal(result, bytes);
    assert.equal(header.hasAddresses, true);
    assert.equal(`${header.source.text()}:${header.source.port}`, source);
    assert.equal(`${header.destination.text()}:${header.destination.port}`, destination);
  }
});

test('a part of a header asks for more, wherever it ends', () => {
  for (const text of [older(ipv4), standard(ipv4), older(ipv6), standard(ipv6)]) {
    for (let length = 0; length < text.length / 2; length++) {
      assert.equal(read(text, length).result, 0, `${length} bytes of ${text}`);
    }
  }
});

test('what is no such header is refused', () => {
  const text = older(ipv4);
  assert.equal(read(text.replace('7465', '7466')).result, -faultCipBadMagic);
  const udp = older(ipv4.replace('4006', '4011'));
  const short = `7465737400000014${ipv4}`;
  const longOptions = older(`4f${ipv4.slice(2)}`);
  const unknownType = standard(ipv4).replace('0000002800000028', '0000002801000028');
  for (const bad of [udp, short, longOptions, older(`55${ipv4.slice(2)}`)]) {
    assert.equal(read(bad).result, -faultCipBadProtocol, bad);
  }
  assert.equal(read(`74657374000000280100002800${unknownType}`).result, -faultCipBadProtocol);
  assert.equal(read(`7465737400ffffff${ipv4}`).result, -faultCipBadProtocol);
});
