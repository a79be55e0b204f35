// ClientHello and RDP fetches: a real hello at every length, and what is no hello.
// The hello is put together here, extension by extension.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { writeLatin1 } from '../../http/message.ts';

const u16 = (value: number): string => String.fromCharCode(value >> 8, value & 255);
const sized = (text: string): string => u16(text.length) + text;
const extension = (type: number, body: string): string => u16(type) + sized(body);

const name = 'www.example.com';
const extensions = [
  extension(0, sized(`\0${sized(name)}`)),
  extension(10, sized('\0\x1d\0\x17')),
  extension(13, sized('\x04\x03\x08\x04')),
  extension(16, sized('\x02h2\x08http/1.1')),
  extension(35, ''),
  extension(51, sized(`\0\x1d${sized('k'.repeat(32))}`)),
].join('');
const ciphers = sized('\x13\x01\xc0\x2f');
const body = `\x03\x03${'r'.repeat(32)}\x00${ciphers}\x01\x00${sized(extensions)}`;
const handshake = `\x01\0${u16(body.length)}${body}`;
const record = `\x16\x03\x01${sized(handshake)}`;

function benchOf(payload: string, ended = false): ExpressionBench {
  const bench = new ExpressionBench();
  const { stream } = bench.exchange;
  const at = stream.thread.memory.take();
  writeLatin1(stream.thread.memory.bytes, at, payload);
  stream.requestPayload.at = at;
  stream.requestPayload.length = payload.length;
  stream.requestPayload.ended = ended;
  return bench;
}

const rows: readonly (readonly [string, string])[] = [
  ['req.ssl_sni', `str:${name}`],
  ['req.ssl_hello_type', 'sint:1'],
  ['req.ssl_ver', 'sint:196611'],
  ['req.ssl_ec_ext', 'bool:1'],
  ['req.ssl_st_ext', 'sint:1'],
  ['req.ssl_alpn', 'str:h2'],
  ['req.ssl_cipherlist,hex', 'str:1301C02F'],
  ['req.ssl_supported_groups,hex', 'str:001D0017'],
  ['req.ssl_sigalgs,hex', 'str:04030804'],
  ['req.ssl_keyshare_groups,hex', 'str:001D'],
];

test('a whole hello', () => {
  const bench = benchOf(record);
  for (const [expression, expected] of rows)
    assert.equal(bench.value(expression), expected, expression);
  assert.deepEqual(bench.values('req.ssl_alpn'), ['h2', 'http/1.1']);
  assert.equal(bench.condition('if { req.ssl_alpn http/1.1 }'), 1);
  assert.equal(bench.condition('if { req.ssl_sni -m end .example.com }'), 1);
  assert.equal(bench.condition('if { req.ssl_ver 3.1:3.3 }'), 1);
  assert.equal(bench.condition('if { req_ssl_ver gt 3.3 }'), 0);
});

test('a hello that comes in pieces may still come, one cut off does not', () => {
  for (let length = 0; length < record.length; length++) {
    const early = benchOf(record.slice(0, length));
    const late = benchOf(record.slice(0, length), true);
    for (const expression of ['req.ssl_sni', 'req.ssl_hello_type', 'req.ssl_ver']) {
      assert.equal(early.value(expression), 'wait', `${expression} of ${length} bytes`);
      assert.equal(late.value(expression), 'none', `${expression} of ${length} bytes`);
    }
  }
});

test('lengths that lie are no hello', () => {
  for (let at = 43; at < record.length; at++) {
    const broken = `${record.slice(0, at)}\xff${record.slice(at + 1)}`;
    const bench = benchOf(broken, true);
    for (const [expression] of rows) bench.value(expression);
  }
  assert.equal(benchOf('GET / HTTP/1.1\r\n\r\n').value('req.ssl_sni'), 'none');
  assert.equal(benchOf('GET / HTTP/1.1\r\n\r\n').value('req.ssl_hello_type'), 'none');
});

test('RDP cookies', () => {
  const head = '\x03\0\0\x2b\x26\xe0\0\0\0\0\0';
  const whole = benchOf(`${head}Cookie: mstshash=joe\r\n`);
  assert.equal(whole.value('req.rdp_cookie'), 'str:joe');
  assert.equal(whole.value('rdp_cookie(MSTShash)'), 'str:joe');
  assert.equal(whole.value('req.rdp_cookie(other)'), 'none');
  assert.equal(whole.value('req.rdp_cookie_cnt'), 'sint:1');
  assert.equal(whole.condition('if RDP_COOKIE'), 1);
  assert.equal(benchOf(`${head}Cookie: mstshash=j`).value('req.rdp_cookie'), 'wait');
  assert.equal(benchOf(`${head}Something else`).value('req.rdp_cookie'), 'none');
});
