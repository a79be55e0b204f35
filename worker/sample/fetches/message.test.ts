// Fetches of HTTP messages on a parsed request and response: one row per expression.
// Iteration, edits and targets of every form have tests of their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpressionBench } from '../../../test/harness/expressions.ts';
import { directionResponse } from '../../stream/stream.ts';

const request = [
  'POST http://u@www.Example.com:8080/a/b.gif?x=1&y=two&x=3;z HTTP/1.1',
  'Host: www.example.com:8080',
  'X-List: a, b ,"c,d",',
  'X-List: e',
  'X-Ip: bad, 10.1.2.3:80, [2001:db8::1]',
  'X-Num: 42, -7x',
  'X-Empty:',
  'Cookie: SID=abc; other=1; SID=def',
  'Cookie: last=9',
  'Content-Length: 11',
  '',
  'id=5&name=x',
].join('\r\n');

const rows: readonly (readonly [string, string])[] = [
  ['method', 'meth:POST'],
  ['path', 'str:/a/b.gif'],
  ['pathq', 'str:/a/b.gif?x=1&y=two&x=3;z'],
  ['query', 'str:x=1&y=two&x=3;z'],
  ['query(with_qm)', 'str:?x=1&y=two&x=3;z'],
  ['req.ver', 'str:1.1'],
  ['url_param(y)', 'str:two'],
  ['url_param(x)', 'str:1'],
  ['urlp_val(x)', 'sint:1'],
  ['url_param(X,,i)', 'str:1'],
  ['url_param(none)', 'none'],
  ['req.hdr(x-list)', 'str:e'],
  ['req.hdr(x-list,1)', 'str:a'],
  ['req.hdr(x-list,3)', 'str:"c,d"'],
  ['req.hdr(x-list,-1)', 'str:e'],
  ['req.hdr(x-list,-4)', 'str:b'],
  ['req.hdr(x-list,-9)', 'none'],
  ['req.fhdr(x-list,1)', 'str:a, b ,"c,d",'],
  ['req.fhdr(x-list)', 'str:e'],
  ['req.fhdr_cnt(x-list)', 'sint:2'],
  ['req.hdr_cnt(none)', 'sint:0'],
  ['req.hdr_ip(x-ip,2)', 'ipv4:10.1.2.3'],
  ['req.hdr_ip(x-ip)', 'ipv6:2001:db8::1'],
  ['req.hdr_val(x-num)', 'sint:-7'],
  ['req.hdr(x-empty)', 'str:'],
  ['req.cook(SID)', 'str:def'],
  ['req.cook_cnt(SID)', 'sint:2'],
  ['req.cook_val(other)', 'sint:1'],
  ['req.cook_names', 'str:SID,other,SID,last'],
  ['req.cook(sid)', 'none'],
  ['hdr(host)', 'str:www.example.com:8080'],
  ['req.hdr_names', 'str:host,x-list,x-list,x-ip,x-num,x-empty,cookie,cookie,content-length'],
  ['capture.req.method', 'str:POST'],
  ['capture.req.uri', 'str:/a/b.gif?x=1&y=two&x=3;z'],
  ['capture.req.ver', 'str:HTTP/1.1'],
  ['req.body', 'bin:id=5&name=x'],
  ['req.body_len', 'sint:11'],
  ['req.body_size', 'sint:11'],
  ['req.body_param(name)', 'str:x'],
  ['req.payload(3,1)', 'bin:5'],
  ['req.payload(3,100)', 'none'],
  ['req.len', `sint:${request.length}`],
  ['src', 'ipv4:127.0.0.2'],
  ['src_port', 'sint:4711'],
  ['dst_is_local', 'bool:1'],
  ['res.hdr(server)', 'none'],
  ['status', 'none'],
];

function benchOf(text: string): ExpressionBench {
  const bench = new ExpressionBench();
  const headLength = text.indexOf('\r\n\r\n') + 4;
  bench.exchange.request(text);
  const { stream } = bench.exchange;
  stream.requestPayload.at = stream.request.headAt + headLength;
  stream.requestPayload.length = text.length - headLength;
  stream.requestPayload.ended = true;
  return bench;
}

test('request fetches', () => {
  const bench = benchOf(request);
  for (const [expression, expected] of rows) {
    assert.equal(bench.value(expression), expected, expression);
  }
});

test('conditions see every value in turn', () => {
  const bench = benchOf(request);
  assert.deepEqual(bench.values('req.hdr(x-list)'), ['a', 'b', '"c,d"', '', 'e']);
  assert.deepEqual(bench.values('req.fhdr(x-list)'), ['a, b ,"c,d",', 'e']);
  assert.deepEqual(bench.values('req.hdr_ip(x-ip)'), ['10.1.2.3', '2001:db8::1']);
  assert.deepEqual(bench.values('req.cook(SID)'), ['abc', 'def']);
  assert.deepEqual(bench.values('url_param(x)'), ['1', '3']);
  assert.deepEqual(bench.values('hdr(host)'), ['www.example.com:8080']);
});

test('edits are seen at once', () => {
  const bench = benchOf(request);
  assert.equal(bench.value('path'), 'str:/a/b.gif');
  assert.equal(bench.value('hdr(host)'), 'str:www.example.com:8080');
  const { request: message } = bench.exchange.stream;
  message.setTarget('/new?q');
  message.setValue(0, 'other');
  assert.equal(bench.value('path'), 'str:/new');
  assert.equal(bench.value('hdr(host)'), 'str:other');
  assert.equal(bench.value('capture.req.uri'), 'str:/a/b.gif?x=1&y=two&x=3;z');
});

test('what has not come yet may come, the request stays for formats of the answer', () => {
  const bench = new ExpressionBench();
  assert.equal(bench.value('req.hdr(host)'), 'wait');
  assert.equal(bench.value('method'), 'wait');
  bench.exchange.request().response();
  bench.exchange.stream.direction = directionResponse;
  assert.equal(bench.value('req.hdr(host)'), 'str:example.com');
  assert.equal(bench.value('method'), 'meth:GET');
  assert.equal(bench.value('res.hdr(server)'), 'str:origin');
  assert.equal(bench.value('status'), 'sint:200');
  assert.equal(bench.value('res.ver'), 'str:1.1');
});

test('targets of every form', () => {
  const forms: readonly (readonly [string, string, string, string])[] = [
    ['OPTIONS * HTTP/1.1', 'none', 'str:*', 'str:h'],
    ['GET http://1.2.3.4:81/x HTTP/1.1', 'str:/x', 'str:http://1.2.3.4:81/x', 'str:1.2.3.4:81/x'],
    ['GET / HTTP/1.0', 'str:/', 'str:/', 'str:h/'],
  ];
  for (const [line, path, url, base] of forms) {
    const bench = new ExpressionBench();
    const host = line.includes('1.2.3.4') ? '1.2.3.4:81' : 'h';
    bench.exchange.request(`${line}\r\nHost: ${host}\r\n\r\n`);
    assert.equal(bench.value('path'), path, line);
    assert.equal(bench.value('url'), url, line);
    assert.equal(bench.value('base'), base, line);
  }
  const bench = new ExpressionBench();
  bench.exchange.request('GET http://1.2.3.4:81/x HTTP/1.1\r\nHost: 1.2.3.4:81\r\n\r\n');
  assert.equal(bench.value('url_ip'), 'ipv4:1.2.3.4');
  assert.equal(bench.value('url_port'), 'sint:81');
});
