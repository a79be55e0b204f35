// Requests as curl's words have them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RequestWords, readRequest } from './request.ts';

const plain: RequestWords = {
  request: '/',
  method: undefined,
  headers: [],
  data: undefined,
  user: undefined,
  cookie: undefined,
  from: '',
  frontend: '',
  repeat: 1,
  down: [],
  answer: 200,
  answerHeaders: [],
};

function read(more: Partial<RequestWords>) {
  const request = readRequest({ ...plain, ...more });
  if (typeof request === 'string') assert.fail(request);
  return request;
}

test('URLs, paths and request lines', () => {
  const cases: readonly [string, readonly unknown[]][] = [
    ['/a?b', ['GET', '/a?b', null, 0, 'localhost']],
    ['http://h/', ['GET', '/', false, 80, 'h']],
    ['https://h.example:8443/x#y', ['GET', '/x', true, 8443, 'h.example:8443']],
    ['http://h?q', ['GET', '/?q', false, 80, 'h']],
    ['http://[::1]:81/../b//c', ['GET', '/../b//c', false, 81, '[::1]:81']],
    ['DELETE /x', ['DELETE', '/x', null, 0, 'localhost']],
    ['OPTIONS *', ['OPTIONS', '*', null, 0, 'localhost']],
  ];
  for (const [text, expected] of cases) {
    const { method, target, secure, port, headers } = read({ request: text });
    assert.deepEqual([method, target, secure, port, headers[0][1]], expected, text);
  }
  assert.equal(read({ request: 'GET /x HTTP/1.0' }).version, '1.0');
  assert.equal(read({ request: 'https://h.example/' }).serverName, 'h.example');
});

test('a client without HTTP: a port, and bytes or none', () => {
  const { isRaw, port, secure, body, serverName } = read({ request: 'tcp://[::1]:25', data: 'hé' });
  assert.deepEqual([isRaw, port, secure, body, serverName], [true, 25, null, 'h\xc3\xa9', '::1']);
  const anywhere = read({ request: 'tcp://mx' });
  assert.deepEqual([anywhere.isRaw, anywhere.port, anywhere.body], [true, 0, '']);
  assert.equal(read({ request: '/' }).isRaw, false);
});

test('headers add, replace and take away; a body makes a POST', () => {
  const { headers, method, body } = read({
    headers: ['X-A: 1', 'X-A: 2', 'host: other', 'Accept:'],
    data: 'a=é',
    user: 'me:secret',
    cookie: 'c=1',
  });
  assert.equal(method, 'POST');
  assert.equal(body, 'a=\xc3\xa9');
  assert.deepEqual(headers, [
    ['User-Agent', 'hawser-explain'],
    ['Authorization', 'Basic bWU6c2VjcmV0'],
    ['Cookie', 'c=1'],
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Content-Length', '4'],
    ['X-A', '1'],
    ['X-A', '2'],
    ['host', 'other'],
  ]);
  assert.equal(read({ data: 'x', method: 'PUT' }).method, 'PUT');
});

test('what is no request is told', () => {
  assert.match(String(readRequest({ ...plain, request: 'a b c d' })), /is no request/);
  assert.match(String(readRequest({ ...plain, request: 'ftp://x/' })), /is no URL/);
  assert.match(String(readRequest({ ...plain, headers: ['nonsense'] })), /is no header/);
  const raw = { ...plain, request: 'tcp://h:25' };
  assert.match(String(readRequest({ ...raw, headers: ['A: b'] })), /^'--header' is for HTTP/);
  assert.match(String(readRequest({ ...raw, request: 'GET tcp://h:25' })), /^'GET' is for HTTP/);
  assert.match(String(readRequest({ ...raw, request: 'tcp://h:25/x' })), /is no URL/);
});
