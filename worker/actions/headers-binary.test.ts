import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headersOf, runRequestRules } from '../../test/harness/exchange.ts';
import { verdictError, verdictNext } from '../keyword.ts';

/** A string behind its length, as HAProxy's varint writes it. */
function counted(text: string): string {
  if (text.length < 240) return hex(String.fromCharCode(text.length) + text);
  const rest = text.length - 240;
  const first = 240 + (rest & 15);
  return hex(String.fromCharCode(first, rest >> 4) + text);
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

const long = 'v'.repeat(300);
const pairs = (...texts: readonly string[]) => `bin(${texts.map(counted).join('')}0000)`;

const request = 'GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nX-B: 2\r\n\r\n';

const cases: readonly (readonly [rule: string, verdict: number, after: readonly string[]])[] = [
  [
    `add-headers-bin ${pairs('X-A', '9', 'New', long)}`,
    verdictNext,
    ['host: h', 'x-a: 1', 'x-b: 2', 'x-a: 9', `new: ${long}`],
  ],
  [`set-headers-bin ${pairs('X-A', '9')}`, verdictNext, ['host: h', 'x-b: 2', 'x-a: 9']],
  [
    `set-headers-bin ${pairs('X-A', '9', 'Y-A', '8')} prefix X-`,
    verdictNext,
    ['host: h', 'x-b: 2', 'x-a: 9'],
  ],
  [`add-headers-bin ${pairs('Content-Length', '9')}`, verdictNext, ['host: h', 'x-a: 1', 'x-b: 2']],
  [`del-headers-bin bin(${counted('X-A')}00)`, verdictNext, ['host: h', 'x-b: 2']],
  [`del-headers-bin bin(${counted('x-')}00) -m beg`, verdictNext, ['host: h']],
  ['add-headers-bin bin(05616263)', verdictError, ['host: h', 'x-a: 1', 'x-b: 2']],
  [
    `add-headers-bin bin(${counted('a b')}${counted('c')}0000)`,
    verdictError,
    ['host: h', 'x-a: 1', 'x-b: 2'],
  ],
  [
    `add-headers-bin bin(${counted('ab')}${counted('c\nd: e')}0000)`,
    verdictError,
    ['host: h', 'x-a: 1', 'x-b: 2'],
  ],
];

for (const [rule, verdict, after] of cases) {
  test(`http-request ${rule.slice(0, 60)}`, () => {
    const found = runRequestRules([`http-request ${rule}`], request);
    assert.equal(found.verdict, verdict);
    assert.deepEqual(headersOf(found.stream.request), after);
  });
}
