// Conditions: matching methods × sample types, flags, operators, named, anonymous and predefined
// ACLs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, frontendText } from '../../test/harness/exchange.ts';
import { ExpressionBench } from '../../test/harness/expressions.ts';

const request = [
  'GET /images/png/logo.PNG?a=b HTTP/1.1',
  'Host: www1.dc-eu.Example.com:80',
  'X-List: one, two, three',
  'X-Num: 5',
  '',
  '',
].join('\r\n');

const lines = [
  'acl host_eu hdr(host) -m dom dc-eu',
  'acl either path_beg /none',
  'acl either path_end -i .png',
  'acl numbers int(5) 1 3 5:7',
  'acl never path -m str',
];

const rows: readonly (readonly [string, number])[] = [
  ['if TRUE', 1],
  ['if FALSE', 0],
  ['unless FALSE', 1],
  ['if !TRUE', 0],
  ['if !!TRUE', 1],
  ['if ! TRUE', 0],
  ['if TRUE FALSE', 0],
  ['if TRUE FALSE or TRUE', 1],
  ['if FALSE || FALSE OR TRUE', 1],
  ['if METH_GET', 1],
  ['if METH_POST', 0],
  ['if HTTP_1.1 HTTP_URL_SLASH !HTTP_URL_STAR', 1],
  ['if HTTP_URL_ABS', 0],
  ['if HTTP_CONTENT', 0],
  ['if LOCALHOST', 1],
  ['if host_eu', 1],
  ['if either', 1],
  ['if numbers', 1],
  ['if { path /images/png/logo.PNG }', 1],
  ['if { path -i /IMAGES/PNG/logo.png }', 1],
  ['if { path /images/png/logo.png }', 0],
  ['if { path_beg /x /images }', 1],
  ['if { path_beg -i /IMAGES/P }', 1],
  ['if { path_beg /imagesx /imag }', 1],
  ['if { path_dir /images/png }', 1],
  ['if { path_dir png/logo.PNG }', 1],
  ['if { path_dir logo }', 0],
  ['if { path_sub ng/lo }', 1],
  ['if { path_sub -i NG/LO }', 1],
  ['if { path_end .png .gif }', 0],
  ['if { path_end -i .gif .png }', 1],
  ['if { path_len 20 }', 1],
  ['if { path_len lt 21 }', 1],
  ['if { path_reg ^/im[[:alpha:]]+/ }', 1],
  ['if { path_reg -i \\.png$ }', 1],
  ['if { hdr_dom(host) example }', 0],
  ['if { hdr_dom(host) -i example.com }', 1],
  ['if { hdr_dom(host) .www1. }', 1],
  ['if { hdr_dom(host) eu }', 0],
  ['if { hdr_dom(host) 80 }', 1],
  ['if { req.hdr(x-list) two }', 1],
  ['if { req.hdr(x-list) four two }', 1],
  ['if { req.hdr(x-list),lower -m str THREE }', 0],
  ['if { req.hdr(x-none) -m found }', 0],
  ['if { req.hdr(x-list) -m found }', 1],
  ['if { req.hdr_cnt(x-list) eq 3 }', 1],
  ['if { req.hdr_cnt(x-list) ge 4 }', 0],
  ['if { req.hdr_cnt(x-list) gt 2 lt 1 }', 1],
  ['if { req.hdr_val(x-num) 5 }', 1],
  ['if { req.hdr_val(x-num) 6: }', 0],
  ['if { req.hdr_val(x-num) :5 }', 1],
  ['if { req.hdr_val(x-num) le 5 }', 1],
  ['if { int(9223372036854775807) gt 9223372036854775806 }', 1],
  ['if { req.hdr(x-num) -m int 4:6 }', 1],
  ['if { req.hdr(x-num) -m bool }', 1],
  ['if { req.hdr(x-num) -m len 1 }', 1],
  ['if { src 127.0.0.0/8 }', 1],
  ['if { src 10.0.0.0/8 192.168.0.1 127.3 }', 0],
  ['if { src 127.2 10.0.0.1 127.0.0.2 }', 1],
  ['if { src ::ffff:127.0.0.0/104 }', 1],
  ['if { src 127.0.0.2/255.0.0.255 }', 1],
  ['if { ipv6(2001:db8::5) 2001:db8::/32 }', 1],
  ['if { ipv6(::ffff:10.1.2.3) 10.0.0.0/8 }', 1],
  ['if { ipv6(2002:a01:203::) 10.1.2.3 }', 1],
  ['if { str(10.1.2.3) -m ip 10.0.0.0/8 }', 1],
  ['if { bin(0aff) -m bin 0AFF 00 }', 1],
  ['if { bin(0aff) -m str x }', 0],
  ['if { int(5) -m str 5 }', 1],
  ['if { bool(true) }', 1],
  ['if { bool(false) }', 0],
  // Converters in words of their own, as HAProxy reads them.
  ['if { req.hdr(host) upper, lower upper -m sub EXAMPLE }', 1],
  ['if { path upper }', 0],
  ['if { bool(true) -m int 1 }', 1],
  ['if { method GET HEAD }', 1],
  ['if { method,lower -m str get }', 1],
  ['if { str(-i) -- -i }', 1],
  ['if { path -m beg -f /list }', 1],
  ['if { path -m end -f /list -i .pNg }', 1],
  ['if { acl(TRUE,!FALSE) }', 1],
  ['if { acl(TRUE,FALSE) }', 0],
  ['if { var(txn.x) -m found }', 0],
  ['if { path_beg -m end .PNG }', 1],
];

test('conditions', () => {
  const bench = new ExpressionBench(lines, { '/list': '# c\n /images\n\n/other \n' });
  bench.exchange.request(request);
  for (const [text, expected] of rows) assert.equal(bench.condition(text), expected, text);
  assert.match(bench.faults(), /warning: acl keyword 'var\(txn.x\)'|^$/);
});

test('what is not known yet stays open until the samples are final', () => {
  const bench = new ExpressionBench(lines);
  const { stream } = bench.exchange;
  stream.samplesFinal = false;
  const open: readonly (readonly [string, number, number])[] = [
    ['if { path_beg / }', -1, 0],
    ['if !{ path_beg / }', -1, 1],
    ['if { path_beg / } or TRUE', 1, 1],
    ['if { path_beg / } FALSE', -1, 0],
    ['if FALSE { path_beg / }', 0, 0],
    ['unless { path_beg / }', -1, 1],
    ['if WAIT_END', -1, 1],
    ['if { req.len gt 100 }', -1, 0],
    ['if { req.len ge 0 }', 1, 1],
  ];
  for (const [text, early, late] of open) {
    stream.samplesFinal = false;
    assert.equal(bench.condition(text), early, text);
    stream.samplesFinal = true;
    assert.equal(bench.condition(text), late, text);
  }
});

test('mistakes', () => {
  const bench = new ExpressionBench(lines, { '/nums': '1\nx\n', '/map': 'a b\n' });
  const cases: readonly (readonly [string, RegExp])[] = [
    ['if host_ue', /no such ACL : 'host_ue'.*did you mean 'host_eu'/],
    ['when TRUE', /must start with either 'if' or 'unless'/],
    ['if { path /', /missing closing '}'/],
    ['if { }', /empty ACL/],
    ['if { path -m foo x }', /unknown matching method 'foo'/],
    ['if { path -m ip x }', /'x' is a host name/],
    [
      'if { bool(true) -m ip 1.1.1.1 }',
      /matching method 'ip' cannot be used with fetch keyword 'bool'/,
    ],
    ['if { path -m str -m beg x }', /only one explicit matching method/],
    ['if { path -x }', /'-x' is not a valid ACL option/],
    ['if { int(1) five }', /'five' is not a number/],
    ['if { int(1) gt x }', /'x' is neither a number/],
    ['if { int(1) 5:3 }', /not a valid number range/],
    ['if { src 1.2.3.4/33 }', /not a valid IPv4 or IPv6 address/],
    ['if { path_reg ( }', /regex '\(' cannot be used/],
    ['if { path -m bin 0g }', /not a hexadecimal digit/],
    ['if { bin(00) x }', /matching method must be specified first/],
    ['if { path -f /missing }', /failed to open/],
    ['if { int(1) -f /nums }', /'x' is not a number at line 2 of file '\/nums'/],
    ['if { path -u x / }', /argument of -u must be an integer/],
    ['if { path -M -f /map } { path -f /map }', /already used as two column file/],
    ['if { path }', /warning: acl keyword 'path' has no pattern/],
  ];
  for (const [text, expected] of cases) {
    const found = bench.condition(text);
    const said = typeof found === 'string' ? found : bench.faults();
    assert.match(said, expected, text);
  }
});

test('a place where an acl can never have a value gets a warning', () => {
  const bench = new ExpressionBench(['acl r res.hdr(server) -m found'], {}, 'http-request');
  bench.condition('if r');
  assert.match(
    bench.faults(),
    /acl 'r' will never match.*'res.hdr' .*'frontend http-request header rule'/,
  );
  const connection = new ExpressionBench([], {}, 'tcp-request connection');
  connection.condition('if { path / }');
  assert.match(connection.faults(), /anonymous acl .*frontend tcp-request connection rule/);
  assert.match(
    connection.value('req.hdr(host)'),
    /extracts information from 'HTTP request headers'/,
  );
});

test('what is read at the wrong place never matches, although its message is still there', () => {
  const lines = ['acl both path /a', 'acl both src 10.0.0.1', 'acl p path /a'];
  const bench = new ExpressionBench(lines, {}, 'http-response');
  bench.exchange.request('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
  const answers = [
    ['if { path /a }', 0],
    ['if !{ path /a }', 1],
    ['unless p', 1],
    ['if { req.hdr(host) x }', 0],
    ['if { method GET }', 1],
    ['if { path /a } or { method GET }', 1],
  ] as const;
  for (const [text, expected] of answers) assert.equal(bench.condition(text), expected, text);
  const source = bench.exchange.stream.session.source;
  source.setIpv4(0x0a00_0001, 1);
  assert.equal(bench.condition('if both'), 1);
  source.setIpv4(0x0a00_0002, 1);
  assert.equal(bench.condition('if both'), 0);
});

test('lists are edited while they are used', () => {
  const bench = new ExpressionBench([], { '/l': '/a\n/b\n' });
  bench.exchange.request('GET /c HTTP/1.1\r\nHost: x\r\n\r\n');
  const condition = bench.scope().expressionOf('path,map(virt@m,none)', 0);
  assert.ok(condition !== null);
  const words = 'if { path -m beg -f /l }';
  assert.equal(bench.condition(words), 0);
  const reference = bench.context.patterns.named('/l');
  assert.ok(reference !== null);
  assert.equal(reference.check('/c', null), '');
  const entry = reference.add('/c', null);
  assert.equal(bench.condition(words), 1);
  reference.removeId(entry.id);
  assert.equal(bench.condition(words), 0);
  const version = reference.prepare();
  reference.add('/c', null, 0, version);
  assert.equal(bench.condition(words), 0);
  assert.equal(reference.isPrepared(version), true);
  reference.commit(version);
  assert.equal(bench.condition(words), 1);
  assert.deepEqual(
    reference.current().map(({ text }) => text),
    ['/c'],
  );
  reference.clear();
  assert.equal(bench.condition(words), 0);
});

test('what looks into a buffer of bytes is told of in HTTP mode, once for a line', () => {
  const said = (condition: string, mode: 'http' | 'tcp') =>
    compileText(frontendText([`tcp-request content accept if ${condition}`], mode)).messages;
  const both = '{ req.payload(0,3) -m bin 160301 } { req.len gt 3 }';
  assert.deepEqual(said(both, 'tcp'), []);
  assert.deepEqual(said(both, 'http'), [
    "warning: Proxy 'fe': L6 sample fetches ignored on HTTP proxies ('req.payload')",
  ]);
  assert.deepEqual(said('HTTP { path /a } { src 10.0.0.1 }', 'http'), []);
});
