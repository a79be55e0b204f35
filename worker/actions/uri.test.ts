import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headersOf, runRequestRules } from '../../test/harness/exchange.ts';
import { verdictDeny, verdictError, verdictNext } from '../keyword.ts';

const absolute = 'GET http://h.example/a/b?c=d HTTP/1.1\r\nHost: h.example\r\n\r\n';
const origin = 'GET /a/b?c=d HTTP/1.1\r\nHost: h.example\r\n\r\n';
const bare = 'GET /a HTTP/1.1\r\nHost: h.example\r\n\r\n';
const asterisk = 'OPTIONS * HTTP/1.1\r\nHost: h.example\r\n\r\n';

const cases: readonly (readonly [rule: string, request: string, target: string])[] = [
  ['set-path /x', origin, '/x?c=d'],
  ['set-path /x', absolute, 'http://h.example/x?c=d'],
  ['set-path /x', asterisk, '/x'],
  ['set-pathq /x', origin, '/x'],
  ['set-pathq /x?y=z', absolute, 'http://h.example/x?y=z'],
  ['set-query e=f', origin, '/a/b?e=f'],
  ['set-query e=f', bare, '/a?e=f'],
  ['set-query %ID', origin, '/a/b?'],
  ['set-query %ID', bare, '/a'],
  ['set-uri /new', origin, '/new'],
  ['replace-path (.*)/b \\1/c', origin, '/a/c?c=d'],
  ['replace-path (.*) /foo\\1', absolute, 'http://h.example/foo/a/b?c=d'],
  ['replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2', origin, '/a/b/foo?c=d'],
  ['replace-uri ^http://(.*) https://\\1', absolute, 'https://h.example/a/b?c=d'],
  ['replace-path ^/none$ /x', origin, '/a/b?c=d'],
  ['normalize-uri path-strip-dotdot', 'GET /a/../b HTTP/1.1\r\nHost: h\r\n\r\n', '/b'],
];

for (const [rule, request, target] of cases) {
  test(`http-request ${rule} of ${request.split(' ')[1]}`, () => {
    const { verdict, stream } = runRequestRules(
      [`http-request ${rule.replaceAll('\\', '\\\\')}`],
      request,
    );
    assert.equal(verdict, verdictNext);
    assert.equal(stream.request.target(), target);
  });
}

test('an authority in set-uri becomes the Host', () => {
  const { stream } = runRequestRules(['http-request set-uri http://other.example/x'], origin);
  assert.deepEqual(headersOf(stream.request), ['host: other.example']);
});

test('set-method changes the method and its code', () => {
  const { stream } = runRequestRules(['http-request set-method POST'], origin);
  assert.equal(stream.request.methodText(), 'POST');
});

test('a target with a space would break the request line', () => {
  const { verdict } = runRequestRules(['http-request set-path "/a b"'], origin);
  assert.equal(verdict, verdictError);
});

test('normalize-uri in strict mode refuses what is not valid', () => {
  const request = 'GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n';
  const rule = 'http-request normalize-uri percent-to-uppercase strict';
  const { verdict, stream } = runRequestRules([rule], request);
  assert.equal(verdict, verdictDeny);
  assert.equal(stream.reply?.status, 400);
});
