import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';
import { headerName } from '../http/message.ts';
import { isCacheable, isCookieCacheable } from './cacheable.ts';

/** yes: kept with its cookies; bare: kept without; no: not kept. */
function verdict(headers: string, status = 200, method = 'GET'): string {
  const stream = new TestFarm({ servers: [{ name: 'a' }] }).stream();
  stream.request.setMethod(method);
  stream.response.status = status;
  for (const line of headers.split('\n')) {
    const [name, value] = line.split(': ');
    if (name !== '') stream.response.add(headerName(name), value);
  }
  const { request, response } = stream;
  if (isCookieCacheable(request, response)) return 'yes';
  return isCacheable(request, response) ? 'bare' : 'no';
}

const cases: readonly (readonly [headers: string, expected: string])[] = [
  ['', 'no'],
  ['etag: "1"', 'yes'],
  ['last-modified: x', 'yes'],
  ['expires: x', 'yes'],
  ['cache-control: max-age=60', 'yes'],
  ['cache-control: Max-Age=60', 'yes'],
  ['cache-control: max-age=0\netag: "1"', 'no'],
  ['cache-control: max-age=0, s-maxage=9', 'yes'],
  ['cache-control: s-maxage=0\netag: "1"', 'no'],
  ['cache-control: private\netag: "1"', 'no'],
  ['cache-control: private, public\netag: "1"', 'yes'],
  ['cache-control: public, no-store\netag: "1"', 'no'],
  ['cache-control: no-cache="set-cookie"\netag: "1"', 'bare'],
  ['cache-control: no-cache="set-cookie, x"\netag: "1"', 'no'],
  ['cache-control: no-cache="x"\netag: "1"', 'no'],
  ['pragma: no-cache\netag: "1"', 'no'],
];

for (const [headers, expected] of cases) {
  test(`cacheable: ${JSON.stringify(headers)} is ${expected}`, () => {
    assert.equal(verdict(headers), expected);
  });
}

test('methods and statuses that are not kept by default may ask for it', () => {
  assert.equal(verdict('etag: "1"', 200, 'POST'), 'no');
  assert.equal(verdict('etag: "1"', 302), 'no');
  assert.equal(verdict('etag: "1"', 404), 'yes');
  assert.equal(verdict('cache-control: public\netag: "1"', 302), 'yes');
  assert.equal(verdict('cache-control: public\netag: "1"', 200, 'POST'), 'yes');
  assert.equal(verdict('cache-control: public\netag: "1"', 100), 'no');
});
