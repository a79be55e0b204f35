// Converters that read documents: JSON, tokens, RFC 7239, languages; and ciphers. Good and bad.

import { createHmac } from 'node:crypto';
import type { Scene } from '../scene.ts';
import { carriedScene, carry } from './bytes.ts';

const json = [
  '{"i":4,"neg":-7,"big":9007199254740993,"huge":1e300,"f":4.5,"t":true,"no":false,"n":null}',
  '{"o":{"a":[1,[2,{"k":"deep"}],"x"]},"e":"a\\"b\\u0041\\/\\n","w":"\\u20ac"}',
  '{"my.key":"v","a b":"c","":"empty","x":{"":1},"dup":1,"dup":2}',
  ' { "s" : "spaces" , "a" : [ ] , "o" : { } } ',
  '["top",1,{"i":3}]',
  '"text"',
  '12',
  '{"i":4',
  '{"i" 4}',
  'x',
];
const paths = [
  '$.i',
  '$.neg',
  '$.big',
  '$.huge',
  '$.f',
  '$.t',
  '$.no',
  '$.n',
  '$.o',
  '$.o.a',
  '$.o.a[0]',
  '$.o.a[1][1].k',
  '$.o.a[9]',
  '$.e',
  '$.w',
  '$.dup',
  '$.s',
  '$.a',
  '$[0]',
  '$[2].i',
  '$',
  '$.missing',
  '$.i.x',
  '"$[\'my.key\']"',
  '"$[\'a b\']"',
];
const jsonChains = [
  ...paths.map((path) => `json_query(${path})`),
  ...['$.i', '$.neg', '$.big', '$.huge', '$.f', '$.t', '$.e'].map(
    (path) => `json_query(${path},int)`,
  ),
  'json_query($.i),add(1)',
  'json_query(i)',
  'json_query($..i)',
  'json_query($.i,float)',
  'json_query',
];

const part = (text: string): string => Buffer.from(text).toString('base64url');
const signed = (
  algorithm: string,
  digest: string,
  payload = '{"iss":"me","exp":1700000000,"l":[1]}',
): string => {
  const text = `${part(`{"alg":"${algorithm}","typ":"JWT"}`)}.${part(payload)}`;
  return `${text}.${createHmac(digest, 'secret').update(text).digest('base64url')}`;
};
const hs256 = signed('HS256', 'sha256');
const tokens = [
  hs256,
  signed('HS384', 'sha384'),
  signed('HS512', 'sha512'),
  `${hs256.slice(0, -3)}abc`,
  hs256.slice(0, hs256.lastIndexOf('.') + 1),
  hs256.slice(0, hs256.lastIndexOf('.')),
  `${part('{"alg":"none"}')}.${part('{}')}.`,
  `${part('{"typ":"JWT"}')}.${part('{}')}.x`,
  'a.b.c',
  `${hs256}.d`,
  'onlyone',
  '',
];
const tokenChains = [
  'jwt_header_query',
  'jwt_header_query($.alg)',
  'jwt_header_query($.none)',
  'jwt_payload_query',
  'jwt_payload_query($.iss)',
  'jwt_payload_query($.exp)',
  'jwt_payload_query($.exp,int)',
  'jwt_payload_query($.l)',
  ...['HS256', 'HS384', 'HS512', 'none', 'txn.alg', 'HS1'].map(
    (name) => `jwt_verify(${name},secret)`,
  ),
  'jwt_verify(HS256,other)',
  'jwt_verify(txn.alg,txn.secret)',
  'jwt_verify(txn.none,secret)',
  'jwt_verify(HS256)',
];

const forwardedTexts = [
  'for=127.0.0.1;proto=http',
  'proto=https;host="haproxy.org:80";for="127.0.0.1:9999"',
  'for="[2001:db8::1]:_p";by=_me;proto=http',
  'for=unknown',
  'for=_hidden;host=a-b.example',
  'for=127.0.0.1;for=127.0.0.2',
  'for=127.0.0.1;',
  'for=127.0.0.1, for=1.2.3.4',
  'for=127.0.0.1:80',
  'for=[::1]',
  'proto=custom',
  'For=127.0.0.1;PROTO=HTTP',
  'host=',
  'by="unknown:80";for="_a:1"',
  'x=1',
];
const nodes = [
  '127.0.0.1:9999',
  '127.0.0.1',
  '[ab:cd:ff:ff:ff:ff:ff:ff]:9998',
  '[::1]',
  '_name:_port',
  '_name',
  'unknown',
  'unknown:_p',
  '1.2.3',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:_',
  ':80',
  '"127.0.0.1:80"',
];
const forwardedChains = [
  'rfc7239_is_valid',
  ...['proto', 'host', 'for', 'by', 'port'].map((name) => `rfc7239_field(${name})`),
  'rfc7239_field(for),rfc7239_n2nn',
  'rfc7239_field(for),rfc7239_n2np',
  'rfc7239_field(by),rfc7239_n2nn',
  'rfc7239_n2nn',
  'rfc7239_n2np',
  'rfc7239_nn',
  'rfc7239_np',
];

const languages = [
  'fr-FR, en;q=0.5',
  'es;q=0.3, en;q=0.5,fr;q=0',
  'en-gb;q=0.8,en-us',
  'de',
  '*',
  'english',
  ' es ; q = 0.7 , fr ; q=0.8',
  'fr;q=1.000,en;q=1',
  'FR',
  'fr;q=x',
  'en;q=0.001,fr;q=0.002',
  ',,fr',
];
const languageChains = [
  'language(es;fr;en)',
  'language(es;fr;en,en)',
  'language(en-us;en)',
  'language(fr)',
  'language(de;en-gb,none)',
  'language',
];

const key16 = Buffer.from('0123456789abcdef').toString('base64');
const key24 = Buffer.from('0123456789abcdef01234567').toString('base64');
const key32 = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');
const nonce12 = Buffer.from('nonce-nonce-').toString('base64');
const cipherChains = [
  ...(
    [
      ['128', key16],
      ['192', key24],
      ['256', key32],
    ] as const
  ).flatMap(([bits, key]) => [
    `aes_cbc_enc(${bits},${key16},${key})`,
    `aes_cbc_enc(${bits},${key16},${key}),aes_cbc_dec(${bits},${key16},${key})`,
    `aes_gcm_enc(${bits},${nonce12},${key},txn.tag)`,
    `aes_gcm_enc(${bits},${nonce12},${key},txn.tag,YWFk)`,
    `aes_gcm_enc(${bits},${nonce12},${key},txn.tag),aes_gcm_dec(${bits},${nonce12},${key},txn.tag)`,
  ]),
  `aes_cbc_enc(128,txn.nonce,${key16})`,
  `aes_cbc_enc(128,txn.none,${key16})`,
  `aes_cbc_dec(128,${key16},${key16})`,
  `aes_gcm_dec(128,${nonce12},${key16},AAAA)`,
  `aes_cbc_enc(100,${key16},${key16})`,
  `aes_cbc_enc(128,${key16},???)`,
  `aes_cbc_enc(128,${key16})`,
  `aes_cbc_enc(256,${key16},${key16})`,
  `aes_cbc_enc(128,MTIz,${key16})`,
];

export const documentScenes: readonly Scene[] = [
  carriedScene('json', carry(json, []), jsonChains),
  carriedScene('tokens', carry(tokens, []), tokenChains, {
    variables: {
      'txn.alg': 'str(HS256)',
      'txn.secret': 'str(secret)',
    },
  }),
  carriedScene('forwarded', carry([...forwardedTexts, ...nodes], []), forwardedChains),
  carriedScene('languages', carry(languages, []), languageChains),
  carriedScene(
    'ciphers',
    carry(['text', 'a longer text of more than one block'], ['', '\0\xff', 'x'.repeat(32)]),
    cipherChains,
    {
      variables: { 'txn.nonce': `str(${key16})` },
    },
  ),
];
