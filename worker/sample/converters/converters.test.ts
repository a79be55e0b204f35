// Converters: the manual's own cases and published vectors, one row per expression.
// Variables and maps have tables of their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';

const rows: readonly (readonly [string, string])[] = [
  // integers: saturation, signs
  ['int(5),add(2)', 'sint:7'],
  ['int(9223372036854775807),add(1)', 'sint:9223372036854775807'],
  ['int(-9223372036854775808),sub(1)', 'sint:-9223372036854775808'],
  ['int(9007199254740993),add(0)', 'sint:9007199254740993'],
  ['int(4611686018427387904),mul(-2)', 'sint:-9223372036854775808'],
  ['int(4611686018427387904),mul(4)', 'sint:9223372036854775807'],
  ['int(7),div(-2)', 'sint:-3'],
  ['int(7),div(0)', 'sint:9223372036854775807'],
  ['int(-7),mod(3)', 'sint:-1'],
  ['int(7),mod(0)', 'sint:0'],
  ['int(12),and(10)', 'sint:8'],
  ['int(4294967296),or(1)', 'sint:4294967297'],
  ['int(-1),xor(255)', 'sint:-256'],
  ['int(0),cpl', 'sint:-1'],
  ['int(5),neg', 'sint:-5'],
  ['int(5),bool', 'bool:1'],
  ['int(0),not', 'bool:1'],
  ['int(6),even', 'bool:1'],
  ['int(-3),odd', 'bool:1'],
  ['bool(true),iif(yes,no)', 'str:yes'],
  ['str(0),iif(yes,no)', 'str:no'],
  ['int(2130706433),htonl,hex', 'str:7F000001'],
  ['int(2130706433),ipmask(8)', 'ipv4:127.0.0.0'],
  ['ipv6(2001:db8:1:2::3),ipmask(24,32)', 'ipv6:2001:db8::'],
  ['ipv6(2001:db8:1:2::3),ipmask(24)', 'none'],
  ['str(192.168.1.77),ipmask(255.255.0.0)', 'ipv4:192.168.0.0'],
  // texts
  ['str(aBcZ),lower', 'str:abcz'],
  ['str(aBc-z),upper', 'str:ABC-Z'],
  ['str(abc),length', 'sint:3'],
  ['str(abc),reverse', 'str:cba'],
  ['str(mail.example.com.),reverse_dom', 'str:com.example.mail'],
  ['str(a..b),reverse_dom', 'none'],
  ['str(a.b.c),field(2,.)', 'str:b'],
  ['str(a.b.c),field(-1,.)', 'str:c'],
  ['str(a.b.c.d),field(2,.,2)', 'str:b.c'],
  ['str(a.b.c.d),field(-2,.,0)', 'str:a.b.c'],
  ['str(a..c),field(2,.)', 'str:'],
  ['str(a.b),field(3,.)', 'none'],
  ['str(..a..b..),word(1,.)', 'str:a'],
  ['str(..a..b..),word(2,.)', 'str:b'],
  ['str(..a..b..c),word(2,.,0)', 'str:b..c'],
  ['str(..a..b..),word(-1,.)', 'str:b'],
  ['str(012345),bytes(1,3)', 'str:123'],
  ['str(012345),bytes(2)', 'str:2345'],
  ['str(/a/),ltrim(/)', 'str:a/'],
  ['str(/a//),rtrim(/)', 'str:/a'],
  ['str(a),concat(b,,c)', 'str:abc'],
  ['str("a\\nb"),cut_crlf', 'str:a'],
  ['str(WWW.a:80),host_only', 'str:www.a'],
  ['str([::1]:80),host_only', 'str:[::1]'],
  ['str([::1]:80),port_only', 'sint:80'],
  ['str(a),port_only', 'sint:0'],
  ['str(a=b&c=d&a=r),param(a)', 'str:b'],
  ['str(a&b=c),param(a)', 'str:'],
  ['str(a=&b&c=a),param(b)', 'str:'],
  ['str(a=1;b=2;c=4),param(b,;)', 'str:2'],
  ['str(a=1;b=2),param(b,0x3b)', 'str:2'],
  ['bin(610a),has_ctl', 'bool:1'],
  ['bin(6109),has_ctl', 'bool:0'],
  ['bin(6109),has_ctl(any)', 'bool:1'],
  ['bin(6109),has_ctl()', 'bool:0'],
  ['str(/////a///b/c/xzxyz/),regsub(/+,/,g)', 'str:/a/b/c/xzxyz/'],
  ['str(abc),regsub(x*,-,g)', 'str:-a-b-c-'],
  // encodings
  ['bin(0aff),hex', 'str:0AFF'],
  ['str(7fFF),hex2i', 'sint:32767'],
  ['str(ffffffffffffffff),hex2i', 'sint:-1'],
  ['str(x),hex2i', 'none'],
  ['str(foobar),base64', 'str:Zm9vYmFy'],
  ['str(Zm9vYg==),b64dec', 'bin:foob'],
  ['str(Zm9vY),b64dec', 'none'],
  ['bin(fbff),ub64enc', 'str:-_8'],
  ['str(-_8),ub64dec,hex', 'str:FBFF'],
  ['bin(05),base2', 'str:00000101'],
  ['str(a%20b+c?d+e),url_dec', 'str:a b+c?d e'],
  ['str(a+b),url_dec(1)', 'str:a b'],
  ['str(a%2),url_dec', 'none'],
  ['str(a b/~),url_enc', 'str:a%20b%2F~'],
  ['bin(01020304050607),be2dec(:,2)', 'str:258:772:1286:7'],
  ['bin(01020304050607),be2dec(-,2,1)', 'str:258-772-1286'],
  ['bin(7f000001),be2dec(.,1)', 'str:127.0.0.1'],
  ['bin(01020304050607),le2dec(:,2)', 'str:513:1027:1541:7'],
  ['bin(01020304050607),be2hex', 'str:01020304050607'],
  ['bin(01020304050607),be2hex(:,2)', 'str:0102:0304:0506:07'],
  ['bin(01020304050607),be2hex(--,2,1)', 'str:0102--0304--0506'],
  ['bin(0102030405060708),be2hex(,3,1)', 'str:010203040506'],
  ['str(Very "Ugly" UA 1/2),json', 'str:Very Ugly UA 1\\/2'],
  ['bin(c3a9),json(utf8)', 'str:\\u00e9'],
  ['bin(c3a9),json', 'str:\\u00c3\\u00a9'],
  ['bin(c3),json(utf8)', 'none'],
  ['bin(61c362),json(utf8s)', 'str:ab'],
  ['bin(c1a1),json(utf8p)', 'str:a'],
  // hashes: check values of the catalogue of CRCs, of RFC 1321/3174/6234/4231 and of xxHash
  ['str(123456789),crc32', 'sint:3421780262'],
  ['str(123456789),crc32c', 'sint:3808858755'],
  ['str(abc),sha1,hex', 'str:A9993E364706816ABA3E25717850C26C9CD0D89D'],
  ['str(abc),sha2,hex', 'str:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
  ['str(abc),sha2(224),hex', 'str:23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7'],
  ['str(abc),digest(md5),hex', 'str:900150983CD24FB0D6963F7D28E17F72'],
  [
    'str(what do ya want for nothing?),hmac(sha256,SmVmZQ==),hex',
    'str:5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843',
  ],
  ['str(abc),xxh32(0)', 'sint:852579327'],
  ['str(abc),xxh64(0)', 'sint:4952883123889572249'],
  ['str(),xxh3', 'sint:3244421341483603138'],
  ['str(),xxh64(0)', 'sint:-1205034819632174695'],
  ['str(a),djb2', 'sint:177670'],
  ['str(a),sdbm', 'sint:97'],
  // dates
  ['int(784111777),http_date', 'str:Sun, 06 Nov 1994 08:49:37 GMT'],
  ['int(784111777),http_date(60)', 'str:Sun, 06 Nov 1994 08:50:37 GMT'],
  ['int(784111777),utime(%Y-%m-%dT%H:%M:%S%z)', 'str:1994-11-06T08:49:37+0000'],
  ['int(784111777123),ms_utime(%H:%M:%S.%3N)', 'str:08:49:37.123'],
  ['int(784111777123456),us_utime(%N)', 'str:123456000'],
  [
    'int(784111777),utime("%a %A %b %e %j %U %V %y %% %I%p")',
    'str:Sun Sunday Nov  6 310 45 44 94 % 08AM',
  ],
  ['str("Sun, 06 Nov 1994 08:49:37 GMT"),date', 'sint:784111777'],
  ['str("Sunday, 06-Nov-94 08:49:37 GMT"),date', 'sint:784111777'],
  ['str("Sun Nov  6 08:49:37 1994"),date', 'sint:784111777'],
  ['str(x),date', 'none'],
];

test('converters give what the manual and the standards say', () => {
  const bench = new ExpressionBench();
  for (const [expression, expected] of rows) {
    assert.equal(bench.value(expression), expected, expression);
  }
  assert.equal(bench.value('str(Foo12),regsub("(foo)([0-9]+)","\\2\\1",i)'), 'str:12Foo');
});

test('variables as operands', () => {
  const bench = new ExpressionBench();
  assert.equal(bench.value('int(4),set-var(txn.n)'), 'sint:4');
  assert.equal(bench.value('str(abc),set-var(txn.s)'), 'str:abc');
  const cases: readonly (readonly [string, string])[] = [
    ['int(3),add(txn.n)', 'sint:7'],
    ['int(3),add(txn.none)', 'none'],
    ['str(abc),strcmp(txn.s)', 'sint:0'],
    ['str(abb),strcmp(txn.s)', 'sint:-1'],
    ['str(abcd),strcmp(txn.s)', 'sint:1'],
    ['str(abc),secure_memcmp(txn.s)', 'bool:1'],
    ['str(abx),secure_memcmp(txn.s)', 'bool:0'],
    ['str(x),concat(<,txn.s,>)', 'str:x<abc>'],
    ['str(x),add_item(;,txn.s)', 'str:x;abc'],
    ['str(),add_item(;,txn.s)', 'str:abc'],
    ['str(x),add_item(;,txn.none)', 'str:x'],
    ['str(x),add_item(;,,y)', 'str:x;y'],
    ['str(012345),bytes(txn.n)', 'str:45'],
    ['int(1),unset-var(txn.n)', 'sint:1'],
    ['var(txn.n)', 'none'],
    ['var(txn.n,dflt)', 'str:dflt'],
  ];
  for (const [expression, expected] of cases)
    assert.equal(bench.value(expression), expected, expression);
});

test('maps by every method', () => {
  const contents = {
    '/m':
      '# comment\nkey  value one  \n/a 1\n/a/b 2\n' +
      '  example.com 3\n10.0.0.0/8 4\n10.1.0.0/16 5\n^/x(.)\\.y \\1-\n',
    '/ip': '10.0.0.0/8 192.0.2.1\n::/0 2001:db8::1\n',
    '/n': '1 one\n2:5 few\n3 three\n',
    '/bad': 'a x\n',
  };
  const bench = new ExpressionBench([], contents);
  const cases: readonly (readonly [string, string])[] = [
    ['str(key),map(/m)', 'str:value one'],
    ['str(nokey),map(/m)', 'none'],
    ['str(nokey),map(/m,dflt)', 'str:dflt'],
    ['str(/a/b/c),map_beg(/m)', 'str:2'],
    ['str(/a/c),map_beg_int(/m,9)', 'alert'],
    ['str(/xq.y),map_regm(/m)', 'str:q-'],
    ['str(www.example.com),map_dom(/m)', 'str:3'],
    ['str(www.example.com),map_end_key(/m)', 'str:example.com'],
    ['ipv4(10.1.2.3),map_ip_ip(/ip)', 'ipv4:192.0.2.1'],
    ['ipv6(2001:db8::9),map_ip_ip(/ip)', 'ipv6:2001:db8::1'],
    ['int(3),map_int(/n)', 'str:few'],
    ['int(1),map_int(/n)', 'str:one'],
    ['int(9),map_int(/n)', 'none'],
    ['str(a),map(virt@v,none)', 'str:none'],
    ['str(a),map(opt@/missing,none)', 'str:none'],
  ];
  for (const [expression, expected] of cases) {
    if (expected === 'alert')
      assert.match(bench.value(expression), /alert: .*'value one' is not an integer.* line 2/);
    else assert.equal(bench.value(expression), expected, expression);
  }
  assert.match(bench.value('str(a),map_str_int(/bad)'), /'x' is not an integer at line 1/);
  assert.match(bench.value('str(a),map(/gone)'), /failed to open/);
});

test('mistakes are refused with their place', () => {
  const bench = new ExpressionBench();
  const cases: readonly (readonly [string, RegExp])[] = [
    ['str(a),lowr', /unknown converter 'lowr'.*did you mean 'lower'/],
    ['src,field(1,.)x', /missing comma after converter/],
    ['pth', /unknown fetch method 'pth'.*did you mean 'path'/],
    ['ssl_fc_npn', /'ssl_fc_npn' is not supported yet/],
    ['bool(true),ipmask(8)', /converter 'ipmask' cannot be applied/],
    ['int(x)', /failed to parse 'x' as type 'integer' at position 1/],
    ['int()', /expected type 'integer' at position 1, but got nothing/],
    ['str(a', /expected '\)'/],
    ['nbsrv(none)', /unable to find backend 'none'/],
    ['srv_conn(be/none)', /unable to find server 'none'/],
    ['str(a),sha2(100)', /sha2 of 100 bits/],
    ['var(foo.x)', /must start with its scope/],
    ['str(a),regsub((,x)', /regex '\(' cannot be used/],
    ['str(a),field(0,.)', /counts from 1/],
  ];
  for (const [expression, expected] of cases)
    assert.match(bench.value(expression), expected, expression);
});
