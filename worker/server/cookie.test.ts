// What the reference does with the same configuration, requests and responses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestFarm } from '../../test/harness/farm.ts';
import { headerName, type Message } from '../http/message.ts';
import { CookieText, cookieDate, cookieSeconds } from './cookie-text.ts';

const cookie = headerName('cookie');
const setCookie = headerName('set-cookie');

const servers = [
  { name: 'a', cookie: 'A' },
  { name: 'b', cookie: 'B' },
  { name: 'c', cookie: 'C', backup: true },
  { name: 'd' },
];

function farmOf(line: string): TestFarm {
  const words = line.split(' ');
  const place = { file: 'test', line: 1, column: 1 };
  const model = { place, words, columns: words.map(() => 1), text: line, from: '' };
  return new TestFarm({ balance: 'roundrobin', servers, proxy: { cookie: model } });
}

function values(message: Message, name: typeof cookie): string[] {
  const found: string[] = [];
  for (let i = message.find(name, 0); i >= 0; i = message.find(name, i + 1)) {
    found.push(message.valueText(i));
  }
  return found;
}

interface Exchange {
  readonly line: string;
  /**
   * Each: Cookie header, method; server, Cookie the server sees, letters, Set-Cookie the client
   * sees.
   */
  readonly steps: readonly (readonly [
    sent: string,
    method: string,
    server: string,
    seen: string,
    letters: string,
    set: readonly string[],
  ])[];
  readonly serverSets?: readonly string[];
}

const gone = 'SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/';
const marks = 'domain=.x.org; domain=y.org; HttpOnly; Secure; SameSite=Lax';

const exchanges: readonly Exchange[] = [
  {
    line: 'SRV insert indirect nocache',
    steps: [
      ['', 'GET', 'a', '', 'NI', ['SRV=A; path=/']],
      ['SRV=B', 'GET', 'b', '', 'VN', []],
      ['x=1; SRV=B; y=2', 'GET', 'b', 'x=1; y=2', 'VN', []],
      ['SRV=Z; y=2', 'GET', 'b', 'y=2', 'II', ['SRV=B; path=/']],
      ['x=1;SRV=A', 'POST', 'a', 'x=1', 'VN', []],
      ['x=1, SRV=A', 'POST', 'a', 'x=1', 'VN', []],
      ['', 'POST', 'd', '', 'NI', [gone]],
      ['a="b;SRV=B"; SRV=A', 'GET', 'a', 'a="b;SRV=B"', 'VN', []],
      ['SRV=A; $Path=/; y=1', 'GET', 'a', 'y=1', 'VN', []],
    ],
  },
  {
    line: `SRV insert domain .x.org domain y.org httponly secure attr SameSite=Lax postonly`,
    steps: [
      ['', 'GET', 'a', '', 'NN', []],
      ['', 'POST', 'b', '', 'NI', [`SRV=B; path=/; ${marks}`]],
    ],
  },
  {
    line: 'SRV insert',
    serverSets: ['SRV=zz; path=/q', 'other=1'],
    steps: [
      ['SRV=B', 'GET', 'b', 'SRV=B', 'VD', ['other=1']],
      ['', 'GET', 'a', '', 'NI', ['other=1', 'SRV=A; path=/']],
    ],
  },
  {
    line: 'SRV insert preserve',
    serverSets: ['SRV=zz; path=/q'],
    steps: [
      ['SRV=B', 'GET', 'b', 'SRV=B', 'VP', ['SRV=zz; path=/q']],
      ['', 'GET', 'a', '', 'NP', ['SRV=zz; path=/q']],
    ],
  },
  {
    line: 'SRV rewrite',
    serverSets: ['SRV=zz; path=/q'],
    steps: [
      ['SRV=B', 'GET', 'b', 'SRV=B', 'VR', ['SRV=B; path=/q']],
      ['', 'GET', 'a', '', 'NR', ['SRV=A; path=/q']],
    ],
  },
  {
    line: 'SRV prefix',
    serverSets: ['SRV=zz; path=/q', 'n=1'],
    steps: [
      ['SRV=B~orig; x=1', 'GET', 'b', 'SRV=orig; x=1', 'VR', ['SRV=B~zz; path=/q', 'n=1']],
      ['', 'GET', 'a', '', 'NR', ['SRV=A~zz; path=/q', 'n=1']],
      ['SRV=orig', 'GET', 'b', 'SRV=orig', 'IR', ['SRV=B~zz; path=/q', 'n=1']],
    ],
  },
  {
    line: 'SRV indirect',
    serverSets: ['SRV=zz; path=/q'],
    steps: [
      ['SRV=B', 'GET', 'b', 'SRV=B', 'VD', []],
      ['', 'GET', 'a', '', 'NP', ['SRV=zz; path=/q']],
    ],
  },
  {
    // The harness' wall clock stands at 1 700 000 000 s.
    line: 'SRV insert indirect maxidle 30m maxlife 8h',
    steps: [
      ['', 'GET', 'a', '', 'NI', ['SRV=A|ZVPxA|ZVPxA; path=/']],
      ['SRV=B', 'GET', 'b', '', 'VU', ['SRV=B|ZVPxA|ZVPxA; path=/']],
      ['SRV=A|AAAAB|AAAAB', 'GET', 'b', '', 'OI', ['SRV=B|ZVPxA|ZVPxA; path=/']],
      ['SRV=A|AAAAB', 'GET', 'd', '', 'EI', [gone]],
      ['SRV=B|ZVPw/|ZVPwA', 'GET', 'b', '', 'VU', ['SRV=B|ZVPxA|ZVPwA; path=/']],
    ],
  },
];

for (const { line, steps, serverSets = [] } of exchanges) {
  test(`cookie ${line}`, () => {
    const farm = farmOf(line);
    assert.deepEqual(farm.alerts, []);
    for (const [sent, method, server, seen, letters, set] of steps) {
      const stream = farm.stream();
      stream.request.setMethod(method);
      if (sent !== '') stream.request.add(cookie, sent);
      farm.backend.assign(stream);
      stream.response.status = 200;
      for (const value of serverSets) stream.response.add(setCookie, value);
      assert.equal(farm.backend.persistence.onResponse(stream), true);
      assert.deepEqual(
        [
          stream.server?.name,
          values(stream.request, cookie).join('|'),
          stream.cookieRequest + stream.cookieResponse,
          values(stream.response, setCookie),
        ],
        [server, seen, letters, set],
        `Cookie: ${sent}`,
      );
      farm.backend.leave(stream);
      stream.request.reset();
      stream.response.reset();
    }
  });
}

test('a server that is down is left, and the log says so; option persist stays', () => {
  const farm = farmOf('SRV insert indirect');
  farm.down('b');
  const stream = farm.stream();
  stream.request.add(cookie, 'SRV=B');
  farm.backend.assign(stream);
  assert.notEqual(stream.server?.name, 'b');
  assert.equal(stream.cookieRequest, 'D');
  farm.backend.persistence.onResponse(stream);
  assert.equal(stream.cookieResponse, 'I');
});

test('nocache marks what a cache could keep', () => {
  const farm = farmOf('SRV insert nocache');
  const stream = farm.stream();
  stream.request.setMethod('GET');
  farm.backend.assign(stream);
  stream.response.status = 200;
  stream.response.add(headerName('etag'), '"1"');
  farm.backend.persistence.onResponse(stream);
  assert.deepEqual(values(stream.response, headerName('cache-control')), ['private']);
});

test('dates: five letters there and back', () => {
  assert.equal(cookieDate(1_700_000_000), 'ZVPxA');
  assert.equal(cookieSeconds('ZVPxA'), 1_700_000_000);
  assert.equal(cookieSeconds('ZVPx'), 0);
  assert.equal(cookieSeconds('ZV-xA'), 0);
});

test('pairs of a header, quotes respected', () => {
  const text = new CookieText();
  text.start(' a = 1 ;b="x;y\\";" , c;;');
  const pairs: string[] = [];
  while (text.next()) pairs.push(`${text.name}:${text.hasValue}:${text.value}`);
  assert.deepEqual(pairs, ['a:true:1', 'b:true:"x;y\\";"', 'c:false:', ':false:']);
});

const mistakes: readonly (readonly [line: string, message: RegExp])[] = [
  ['SRV insert rewrite', /mutually exclusive/],
  ['SRV rewrite maxidle 5m', /only work in 'insert' mode/],
  ['SRV preserve', /needs 'insert' or 'indirect'/],
  ['SRV insert maxlife x', /number of seconds/],
  ['SRV insert domain a_b,c', /domain name/],
  ['SRV insert attr a;b', /without ';'/],
  ['SRV insert nocahe', /does not know 'nocahe'/],
];

for (const [line, message] of mistakes) {
  test(`mistake: cookie ${line}`, () => {
    assert.match(farmOf(line).alerts.join(), message);
  });
}
