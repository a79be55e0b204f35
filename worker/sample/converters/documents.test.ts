// JSON, tokens, ciphers, RFC 7239, languages and the proxy's own state: the manual's cases,
// published vectors, and tokens signed here.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { serverState, serverWeight, stateRunning } from '../../../shared/segment/server-state.ts';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { decimalText } from './decimal-text.ts';

const json =
  '{"integer":4,"my.key":"myvalue","no":false,"yes":true,"f":4.5,"n":null,' +
  '"o":{"a":[1,[2,{"k":"deep"}],"x"]},"e":"a\\"b\\u0041\\/","w":"\\u20ac","roles":["a","b"]}';

const jsonRows: readonly (readonly [string, string])[] = [
  ['$.integer,int', 'sint:4'],
  ['$.integer', 'str:4'],
  ['$.my\\\\.key', 'str:myvalue'],
  ['"$[\'my.key\']"', 'str:myvalue'],
  ['$.no', 'bool:0'],
  ['$.yes', 'bool:1'],
  ['$.f', 'str:4.5'],
  ['$.f,int', 'sint:4'],
  ['$.n', 'none'],
  ['$.o', 'none'],
  ['$.o.a[0],int', 'sint:1'],
  ['$.o.a[1][1].k', 'str:deep'],
  ['$.o.a[1]', 'str:[2,{"k":"deep"}]'],
  ['$.o.a[3]', 'none'],
  ['$.o.a.b', 'none'],
  ['$.e', 'str:a"bA/'],
  ['$.w', 'none'],
  ['$.roles', 'str:["a","b"]'],
  ['$.missing', 'none'],
  ['$.integer.x', 'none'],
];

test('json_query', () => {
  const bench = new ExpressionBench();
  for (const [path, expected] of jsonRows) {
    const text = `bin(${Buffer.from(json).toString('hex')}),json_query(${path})`;
    assert.equal(bench.value(text), expected, path);
  }
});

const jsonFaults: readonly (readonly [string, RegExp])[] = [
  ['str(x),json_query(a)', /'a' must start with '\$'/],
  ['str(x),json_query($..a)', /does not select one member/],
  ['str(x),json_query($.a[*])', /does not select one member/],
  ['str(x),json_query($.a,float)', /output type 'float'/],
];

test('paths that are none', () => {
  const bench = new ExpressionBench();
  for (const [text, expected] of jsonFaults) assert.match(bench.value(text), expected, text);
});

const brokenJson = ['{"a":1', '{"a" 1}', '{"a":tru}', '{a:1}', '["a"]', '', '{"b":[1,],"a":1}'];

test('text that is no JSON has no value', () => {
  const bench = new ExpressionBench();
  for (const text of brokenJson) {
    const start = text === '' ? 'str()' : `bin(${Buffer.from(text).toString('hex')})`;
    const value = bench.value(`${start},json_query($.a[0])`);
    assert.equal(value, 'none', text);
  }
  const deep = '['.repeat(5000);
  assert.equal(bench.value(`bin(${Buffer.from(deep).toString('hex')}),json_query($)`), 'none');
});

test('numbers have six digits', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0'],
    [4.5, '4.5'],
    [100_000, '100000'],
    [1_000_000, '1e+06'],
    [123_456_789, '1.23457e+08'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [-2.5e-7, '-2.5e-07'],
    [1 / 3, '0.333333'],
  ];
  for (const [value, text] of cases) assert.equal(decimalText(value), text);
});

// ---- tokens ----

const part = (text: string): string => Buffer.from(text).toString('base64url');
const claims = part('{"iss":"me","exp":1700000000}');
const signedText = (algorithm: string): string => `${part(`{"alg":"${algorithm}"}`)}.${claims}`;

function secretToken(algorithm: string, digest: string): string {
  const text = signedText(algorithm);
  return `${text}.${createHmac(digest, 'secret').update(text).digest('base64url')}`;
}

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: typeof rsa.publicKey): string =>
  key.export({ type: 'spki', format: 'pem' }).toString();
const files = { '/rsa.pem': pem(rsa.publicKey), '/ec.pem': pem(curve.publicKey), '/x.pem': 'x' };

function keyToken(algorithm: string): string {
  const text = signedText(algorithm);
  const bytes = Buffer.from(text);
  const isCurve = algorithm.startsWith('ES');
  const how = isCurve
    ? ({ key: curve.privateKey, dsaEncoding: 'ieee-p1363' } as const)
    : { key: rsa.privateKey, padding: algorithm.startsWith('PS') ? 6 : 1 };
  return `${text}.${sign('sha256', bytes, how).toString('base64url')}`;
}

const hs256 = secretToken('HS256', 'sha256');
const rs256 = keyToken('RS256');
const forged = `${rs256.slice(0, -4)}${rs256.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;

const tokenRows: readonly (readonly [string, string])[] = [
  [`str(${hs256}),jwt_header_query`, 'str:{"alg":"HS256"}'],
  [`str(${hs256}),jwt_header_query($.alg)`, 'str:HS256'],
  [`str(${hs256}),jwt_payload_query($.iss)`, 'str:me'],
  [`str(${hs256}),jwt_payload_query($.exp,int)`, 'sint:1700000000'],
  ['str(onlyone),jwt_payload_query', 'none'],
  ['str(a*.b),jwt_header_query', 'none'],
  [`str(${hs256}),jwt_verify(HS256,secret)`, 'sint:1'],
  [`str(${hs256}),jwt_verify(HS256,other)`, 'sint:0'],
  [`str(${hs256}),jwt_verify(HS384,secret)`, 'sint:0'],
  [`str(${secretToken('HS512', 'sha512')}),jwt_verify(HS512,secret)`, 'sint:1'],
  [`str(${rs256}),jwt_verify(RS256,/rsa.pem)`, 'sint:1'],
  [`str(${forged}),jwt_verify(RS256,/rsa.pem)`, 'sint:0'],
  [`str(${keyToken('PS256')}),jwt_verify(PS256,/rsa.pem)`, 'sint:1'],
  [`str(${keyToken('PS256')}),jwt_verify(RS256,/rsa.pem)`, 'sint:0'],
  [`str(${keyToken('ES256')}),jwt_verify(ES256,/ec.pem)`, 'sint:1'],
  [`str(${keyToken('ES256')}),jwt_verify(ES256,/rsa.pem)`, 'sint:0'],
  [`str(${keyToken('ES256').slice(0, -2)}),jwt_verify(ES256,/ec.pem)`, 'sint:-3'],
  [`str(${signedText('none')}.),jwt_verify(none,x)`, 'sint:1'],
  [`str(${hs256}),jwt_verify(none,x)`, 'sint:0'],
  [`str(${signedText('HS256')}.),jwt_verify(HS256,secret)`, 'sint:-3'],
  [`str(${signedText('HS256')}),jwt_verify(HS256,secret)`, 'sint:-3'],
  [`str(${hs256}.x),jwt_verify(HS256,secret)`, 'sint:-3'],
];

test('JSON Web Tokens', () => {
  const bench = new ExpressionBench([], files);
  for (const [text, expected] of tokenRows) {
    assert.equal(bench.value(text), expected, text);
  }
  assert.match(bench.value('str(x),jwt_verify(RS256,/x.pem)'), /not a file with a public key/);
  assert.match(bench.value('str(x),jwt_verify(HS1,k)'), /not an algorithm/);
});

test('algorithm and key of a token from variables', () => {
  const bench = new ExpressionBench([], files);
  const verify = `str(${rs256}),jwt_verify(txn.alg,txn.key)`;
  const set = (name: string, value: string): void => {
    assert.match(bench.value(`str(${value}),set-var(txn.${name})`), /^str:/);
  };
  assert.equal(bench.value(verify), 'none');
  set('alg', 'RS256');
  set('key', '/rsa.pem');
  assert.equal(bench.value(verify), 'sint:1');
  set('key', '/unknown.pem');
  assert.equal(bench.value(verify), 'sint:-5');
  set('alg', 'XX');
  assert.equal(bench.value(verify), 'sint:-1');
});

// ---- ciphers ----

/** NIST SP 800-38A F.2.1 (CBC, padded here) and the GCM test cases 2 and 4 of McGrew and Viega. */
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
const key38a = base64('2b7e151628aed2a6abf7158809cf4f3c');
const iv38a = base64('000102030405060708090a0b0c0d0e0f');
const zeroKey = base64('00'.repeat(16));
const zeroNonce = base64('00'.repeat(12));
const key4 = base64('feffe9928665731c6d6a8f9467308308');
const nonce4 = base64('cafebabefacedbaddecaf888');
const clear4 =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
  '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
const cipher4 =
  '42831EC2217774244B7221B784D0D49CE3AA212F2C02A4E035C17E2329ACA12E' +
  '21D514B25466931C7D8F6A5AAC84AA051BA30B396A0AAC973D58E091';
const aad4 = base64('feedfacedeadbeeffeedfacedeadbeefabaddad2');
const tag4 = base64('5bc94fbc3221a5db94fae95ae7121a47');
const wrongTag = base64('5bc94fbc3221a5db94fae95ae7121a48');

const cipherRows: readonly (readonly [string, string])[] = [
  [
    `bin(6bc1bee22e409f96e93d7e117393172a),aes_cbc_enc(128,${iv38a},${key38a}),bytes(0,16),hex`,
    'str:7649ABAC8119B246CEE98E9B12E9197D',
  ],
  [`str(text),aes_cbc_enc(128,${iv38a},${key38a}),aes_cbc_dec(128,${iv38a},${key38a})`, 'bin:text'],
  [`str(text),aes_cbc_enc(128,MTIz,${key38a}),aes_cbc_dec(128,MTIz,${key38a})`, 'bin:text'],
  [`str(text),aes_cbc_dec(128,${iv38a},${key38a})`, 'none'],
  [`bin(${'00'.repeat(16)}),aes_cbc_dec(128,${iv38a},${key38a})`, 'none'],
  [`str(text),aes_cbc_enc(256,${iv38a},${key38a})`, 'none'],
  [
    `bin(${'00'.repeat(16)}),aes_gcm_enc(128,${zeroNonce},${zeroKey},txn.tag),hex`,
    'str:0388DACE60B6A392F328C2B971B2FE78',
  ],
  ['var(txn.tag),b64dec,hex', 'str:AB6E47D42CEC13BDF53A67B21257BDDF'],
  [`bin(${clear4}),aes_gcm_enc(128,${nonce4},${key4},txn.tag,${aad4}),hex`, `str:${cipher4}`],
  ['var(txn.tag)', `str:${tag4}`],
  [
    `bin(${cipher4}),aes_gcm_dec(128,${nonce4},${key4},${tag4},${aad4}),hex`,
    `str:${clear4.toUpperCase()}`,
  ],
  [`bin(${cipher4}),aes_gcm_dec(128,${nonce4},${key4},txn.tag,${aad4}),length`, 'sint:60'],
  [`bin(${cipher4}),aes_gcm_dec(128,${nonce4},${key4},${wrongTag},${aad4})`, 'none'],
  [`bin(${cipher4}),aes_gcm_dec(128,${nonce4},${key4},${tag4})`, 'none'],
  [`bin(${cipher4}),aes_gcm_dec(128,${nonce4},${key4},AAAA,${aad4})`, 'none'],
  [`bin(${cipher4}),aes_gcm_dec(128,txn.none,${key4},${tag4},${aad4})`, 'none'],
];

test('AES', () => {
  const bench = new ExpressionBench();
  for (const [text, expected] of cipherRows) assert.equal(bench.value(text), expected, text);
  assert.match(bench.value(`str(x),aes_cbc_enc(64,${iv38a},${key38a})`), /64 bits does not exist/);
  assert.match(bench.value(`str(x),aes_cbc_enc(128,x,${key38a})`), /nonce 'x' is not base64/);
});

// ---- RFC 7239, languages, names ----

const rows: readonly (readonly [string, string])[] = [
  ['str("for=127.0.0.1;proto=http"),rfc7239_is_valid', 'bool:1'],
  ['str("proto=custom"),rfc7239_is_valid', 'bool:0'],
  ['str("proto=https;host=\\"haproxy.org:80\\""),rfc7239_field(host)', 'str:haproxy.org:80'],
  [
    'str("proto=https;host=\\"haproxy.org:80\\";for=\\"127.0.0.1:9999\\""),rfc7239_field(for)',
    'str:127.0.0.1:9999',
  ],
  ['str("proto=https;host=a.b"),rfc7239_field(proto)', 'str:https'],
  ['str("proto=https"),rfc7239_field(by)', 'none'],
  ['str("for=127.0.0.1;for=127.0.0.2"),rfc7239_is_valid', 'bool:0'],
  ['str("for=127.0.0.1;"),rfc7239_is_valid', 'bool:0'],
  ['str("for=127.0.0.1, for=1.2.3.4"),rfc7239_is_valid', 'bool:0'],
  ['str("for=127.0.0.1:80"),rfc7239_is_valid', 'bool:0'],
  ['str("for=\\"[::1]:_p\\""),rfc7239_is_valid', 'bool:1'],
  ['str("for=[::1]"),rfc7239_is_valid', 'bool:0'],
  ['str("for=unknown;by=_me"),rfc7239_is_valid', 'bool:1'],
  ['str("for=_"),rfc7239_is_valid', 'bool:0'],
  ['str("host=my-host.example"),rfc7239_is_valid', 'bool:1'],
  ['str(""),rfc7239_is_valid', 'bool:0'],
  ['str(127.0.0.1:9999),rfc7239_n2nn', 'ipv4:127.0.0.1'],
  ['str([ab:cd:ff:ff:ff:ff:ff:ff]:9998),rfc7239_n2nn', 'ipv6:ab:cd:ff:ff:ff:ff:ff:ff'],
  ['str(_name:_port),rfc7239_n2nn', 'str:_name'],
  ['str(unknown),rfc7239_n2nn', 'str:unknown'],
  ['str(1.2.3),rfc7239_n2nn', 'none'],
  ['str(127.0.0.1:9999),rfc7239_n2np', 'sint:9999'],
  ['str([ab:cd:ff:ff:ff:ff:ff:ff]:9998),rfc7239_n2np', 'sint:9998'],
  ['str(_name:_port),rfc7239_n2np', 'str:_port'],
  ['str(127.0.0.1),rfc7239_n2np', 'none'],
  ['str(127.0.0.1:0),rfc7239_n2np', 'none'],
  ['ipv6(ab:cd:ff:ff:ff:ff:ff:ff),rfc7239_nn', 'str:[ab:cd:ff:ff:ff:ff:ff:ff]'],
  ['ipv4(10.0.0.1),rfc7239_nn', 'str:10.0.0.1'],
  ['str(test),rfc7239_nn', 'str:_test'],
  ['str(),rfc7239_nn', 'str:unknown'],
  ['str(a b),rfc7239_nn', 'none'],
  ['int(12),rfc7239_np', 'str:12'],
  ['str(test),rfc7239_np', 'str:_test'],
  ['str(),rfc7239_np', 'none'],
  ['str("fr-FR, en;q=0.5"),language(es;fr;en)', 'str:fr'],
  ['str("es;q=0.3, en;q=0.5,fr;q=0"),language(es;fr;en)', 'str:en'],
  ['str("en-gb;q=0.8,en-us"),language(en-us;en)', 'str:en-us'],
  ['str("de"),language(es;fr)', 'none'],
  ['str("de"),language(es;fr,en)', 'str:en'],
  ['str("english"),language(en,x)', 'str:x'],
  ['str("*"),language(en)', 'none'],
  ['str(" es ; q = 0.7 , fr ; q=0.8"),language(es;fr)', 'str:fr'],
  ['int(10),x509_v_err_str', 'str:X509_V_ERR_CERT_HAS_EXPIRED'],
  ['int(0),x509_v_err_str', 'str:X509_V_OK'],
  ['int(23),x509_v_err_str', 'str:X509_V_ERR_CERT_REVOKED'],
  ['int(4000),x509_v_err_str', 'str:4000'],
  ['str(fe),fe_exists', 'bool:1'],
  ['str(be),fe_exists', 'bool:0'],
  ['str(be),nbsrv', 'sint:1'],
  ['str(nobody),nbsrv', 'none'],
  ['str(be/s1),srv_is_up', 'bool:1'],
  ['str(be/s2),srv_is_up', 'none'],
  ['str(s1),srv_is_up', 'none'],
  ['str(be/s1),srv_queue', 'sint:0'],
  ['str(x),when(normal)', 'str:x'],
  ['str(x),when(error)', 'none'],
  ['str(x),when(!error)', 'str:x'],
  ['str(x),when(forwarded)', 'none'],
  ['str(x),when(!processed)', 'str:x'],
  ['str(x),when(stopping)', 'none'],
  ['str(x),when(toapplet)', 'none'],
  ['str(x),when(acl,TRUE)', 'str:x'],
  ['str(x),when(!acl,TRUE)', 'none'],
];

/** Brings the only server of the backend up. */
function raise({ exchange }: ExpressionBench): void {
  const [server] = exchange.stream.thread.program.proxies[1].backend?.servers ?? [];
  server.words[server.stateAt + serverState] = stateRunning;
  server.words[server.stateAt + serverWeight] = 1;
}

test('RFC 7239, languages, states', () => {
  const bench = new ExpressionBench();
  assert.equal(bench.value('str(be),nbsrv'), 'sint:0');
  assert.equal(bench.value('str(be/s1),srv_is_up'), 'bool:0');
  raise(bench);
  bench.exchange.stream.thread.stopping = false;
  for (const [text, expected] of rows) assert.equal(bench.value(text), expected, text);
});

test('conditions of when follow the stream', () => {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  stream.redispatched = true;
  assert.equal(bench.value('str(x),when(error)'), 'str:x');
  assert.equal(bench.value('str(x),when(normal)'), 'none');
  raise(bench);
  stream.backend = stream.thread.program.proxies[1];
  assert.equal(bench.value('str(s1),srv_is_up'), 'bool:1');
});

const faults: readonly (readonly [string, RegExp])[] = [
  ['str(x),rfc7239_field(port)', /'port' is not a field of RFC 7239/],
  ['str(x),when(sometimes)', /does not know the condition 'sometimes'/],
  ['str(x),when(acl)', /needs the name of an ACL/],
  ['str(x),when(acl,nobody)', /no such ACL : 'nobody'/],
  ['str(x),debug(a)', /event sink 'buf0' of 'debug' is not supported yet/],
];

test('arguments that cannot be used', () => {
  const bench = new ExpressionBench();
  for (const [text, expected] of faults) assert.match(bench.value(text), expected, text);
});
