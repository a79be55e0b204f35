// Addresses: every prefix, every form of port, every refusal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AddressRules, parseAddress, parseNetwork, splitAddresses } from './address.ts';

const bind: AddressRules = { port: true, portNeeded: true, portRange: true, fd: true, names: true };
const server: AddressRules = { port: true, portOffset: true, names: true, fd: true };
const log: AddressRules = { port: true, dgram: true, defaultDgram: true, fd: true, names: true };

const variables = new Map([
  ['host', '127.0.0.2'],
  ['port', '81'],
]);

/** family socket host low-high[+] fd, in one line. */
function short(text: string, rules: AddressRules): string {
  const { address, error } = parseAddress(text, rules);
  if (address === null) return `! ${error}`;
  const { family, socket, host, portLow, portHigh, portOffset, fd } = address;
  return `${family} ${socket} ${host} ${portLow}-${portHigh}${portOffset ? '+' : ''} ${fd}`;
}

test('addresses that are understood', () => {
  const cases: [string, AddressRules, string][] = [
    ['*:80', bind, 'ipv4 stream  80-80 -1'],
    [':80', bind, 'ipv4 stream  80-80 -1'],
    [':::443', bind, 'ipv6 stream  443-443 -1'],
    ['[::]:443', bind, 'ipv6 stream  443-443 -1'],
    ['ipv6@:443', bind, 'ipv6 stream  443-443 -1'],
    ['ipv4@127.0.0.1:1-5', bind, 'ipv4 stream 127.0.0.1 1-5 -1'],
    ['[2001:db8::1]:80', bind, 'ipv6 stream 2001:db8::1 80-80 -1'],
    ['2001:db8::1:80', bind, 'ipv6 stream 2001:db8::1 80-80 -1'],
    ['localhost:80', bind, 'unspecified stream localhost 80-80 -1'],
    ['/run/x.sock', bind, 'unix stream /run/x.sock 0-0 -1'],
    ['unix@x.sock', bind, 'unix stream x.sock 0-0 -1'],
    ['abns@name', bind, 'abns stream name 0-0 -1'],
    ['abnsz@name', bind, 'abnsz stream name 0-0 -1'],
    ['fd@7', bind, 'fd stream  0-0 7'],
    ['sockpair@9', bind, 'sockpair stream  0-0 9'],
    ['127.0.0.1', server, 'ipv4 stream 127.0.0.1 0-0 -1'],
    ['${host}:$port', { ...server, variables }, 'ipv4 stream 127.0.0.2 81-81 -1'],
    ['${none}:${none}', { ...server, variables }, 'ipv4 stream  0-0 -1'],
    ['127.0.0.1:+100', server, 'ipv4 stream 127.0.0.1 100-100+ -1'],
    ['127.0.0.1:-100', server, 'ipv4 stream 127.0.0.1 -100--100+ -1'],
    ['[::1]', server, 'ipv6 stream ::1 0-0 -1'],
    ['www.example.com:443', server, 'unspecified stream www.example.com 443-443 -1'],
    ['tcp@10.0.0.1:80', server, 'ipv4 stream 10.0.0.1 80-80 -1'],
    ['10.0.0.1:514', log, 'ipv4 dgram 10.0.0.1 514-514 -1'],
    ['/dev/log', log, 'unix dgram /dev/log 0-0 -1'],
    ['udp6@[::1]:514', log, 'ipv6 dgram ::1 514-514 -1'],
    ['stream+10.0.0.1:514', log, 'ipv4 stream 10.0.0.1 514-514 -1'],
    ['tcp@10.0.0.1:514', log, 'ipv4 stream 10.0.0.1 514-514 -1'],
    ['uxdg@/dev/log', log, 'unix dgram /dev/log 0-0 -1'],
  ];
  for (const [text, rules, expected] of cases) {
    assert.equal(`${text}: ${short(text, rules)}`, `${text}: ${expected}`);
  }
});

test('addresses that are refused say why', () => {
  const cases: [string, AddressRules, RegExp][] = [
    ['', bind, /empty address/],
    ['127.0.0.1', bind, /missing port/],
    ['127.0.0.1:', bind, /missing port/],
    ['127.0.0.1:0', bind, /invalid port '0'/],
    ['127.0.0.1:65536', bind, /invalid port '65536'/],
    ['127.0.0.1:9-8', bind, /invalid port range '9-8'/],
    ['127.0.0.1:80x', bind, /invalid character 'x'/],
    ['127.0.0.1:1-2', server, /port range not permitted/],
    ['127.0.0.1:+5', bind, /port offset not permitted/],
    ['127.0.0.1:80', {}, /port specification not permitted/],
    ['fd@x', bind, /not a valid integer/],
    ['fd@3', { port: true }, /not acceptable/],
    ['udp@127.0.0.1:80', bind, /dgram-type address not acceptable/],
    ['tcp@127.0.0.1:80', { port: true, stream: false, dgram: true }, /stream-type/],
    ['quic4@:443', bind, /QUIC is not supported yet/],
    ['quic+:443', bind, /QUIC is not supported yet/],
    ['mptcp@:443', bind, /multipath TCP is not supported yet/],
    ['rhttp@be/srv', bind, /reverse HTTP is not acceptable here/],
    ['ipv4@[::1]:80', bind, /invalid address/],
    ['ipv6@127.0.0.1:80', bind, /invalid address/],
    ['a b:80', bind, /invalid address/],
    [`/${'x'.repeat(97)}`, bind, /too long \(max 97\)/],
    [`abns@${'x'.repeat(108)}`, bind, /too long \(max 107\)/],
  ];
  for (const [text, rules, expected] of cases) assert.match(short(text, rules), expected, text);
});

test('a prefix stands before unix paths only', () => {
  assert.equal(short('/x', { ...bind, pathPrefix: '/run' }), 'unix stream /run/x 0-0 -1');
  assert.equal(short('abns@x', { ...bind, pathPrefix: '/run' }), 'abns stream x 0-0 -1');
});

test('comma lists', () => {
  assert.deepEqual(splitAddresses(':80,:443'), [':80', ':443']);
});

test('networks', () => {
  const cases: [string, string][] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.0.0.0/255.255.0.0', '10.0.0.0/16'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['0.0.0.0/0.0.0.0', '0.0.0.0/0'],
    ['2001:db8::/32', '2001:db8::/32'],
    ['::1', '::1/128'],
    ['10.0.0.0/33', 'none'],
    ['10.0.0.0/255.0.255.0', 'none'],
    ['::/129', 'none'],
    ['host/8', 'none'],
    ['10.0.0.0/', 'none'],
  ];
  for (const [text, expected] of cases) {
    const found = parseNetwork(text);
    const got = found === null ? 'none' : `${found.host}/${found.bits}`;
    assert.equal(`${text} ${got}`, `${text} ${expected}`);
  }
});
