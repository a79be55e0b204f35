import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1 } from './message.ts';
import {
  forbiddenAuthorityByte,
  hexValue,
  httpDate,
  isDefaultPort,
  lowerToken,
  memberEnd,
  portLength,
  schemeHttp,
  schemeHttps,
  schemeKind,
  schemeNone,
  schemeOther,
  splitTarget,
  TargetParts,
  targetByte,
  trimmedEnd,
} from './syntax.ts';
import { CookieSpan, nextCookie } from './syntax-cookie.ts';
import { nextParameter, ParameterSpan, parameterName, queryStart } from './syntax-query.ts';
import { reasonBytes, reasonText } from './syntax-reason.ts';

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

test('character classes', () => {
  const tokens = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (let i = 0; i < 256; i++) {
    const char = String.fromCharCode(i);
    const lower = tokens.includes(char) ? char.toLowerCase().charCodeAt(0) : 0;
    assert.equal(lowerToken[i], lower, char);
    assert.equal(targetByte[i], i > 32 && i < 127 && char !== '#' ? 1 : 0, char);
    const digit = '0123456789abcdef'.indexOf(char.toLowerCase());
    assert.equal(hexValue[i], digit < 0 ? 255 : digit, char);
  }
});

test('the parts of a target', () => {
  const cases = [
    ['/a?b#c', '', null, '/a?b#c'],
    ['*', '', null, null],
    ['host:80', '', 'host:80', null],
    ['http://host', 'http://', 'host', null],
    ['http://u:p@x@host:1/a', 'http://', 'host:1', '/a'],
    ['h+t-1.p://host?q', 'h+t-1.p://', 'host', '?q'],
    ['http://host#f/', 'http://', 'host', '#f/'],
    ['http:/host', '', 'http:', null],
    ['1http://host/a', '', '1http:', null],
    ['', '', null, null],
  ] as const;
  for (const [target, scheme, authority, path] of cases) {
    const bytes = bytesOf(`xx${target}yy`);
    const parts = splitTarget(bytes, 2, target.length, new TargetParts());
    assert.equal(parts.schemeLength, scheme.length, target);
    const { authorityAt, authorityLength, pathAt, pathLength } = parts;
    assert.equal(authorityAt < 0 ? null : latin1(bytes, authorityAt, authorityLength), authority);
    assert.equal(pathAt < 0 ? null : latin1(bytes, pathAt, pathLength), path);
  }
});

test('ports of an authority', () => {
  const cases = [
    ['host', -1],
    ['host:80', 2],
    ['host:', 0],
    [':', 0],
    [':8', 1],
    ['[::1]', -1],
    ['[::1]:443', 3],
    ['80', -1],
    ['', -1],
    ['host:8x', -1],
  ] as const;
  for (const [text, length] of cases) {
    assert.equal(portLength(bytesOf(`:9${text}`), 2, text.length), length, text);
  }
  const schemes = [
    ['', schemeNone],
    ['HTTP://', schemeHttp],
    ['https://', schemeHttps],
    ['ftp://', schemeOther],
  ] as const;
  const defaults = ['80,443', '80', '443', ''];
  for (const [text, kind] of schemes) {
    assert.equal(schemeKind(bytesOf(text), 0, text.length), kind);
    for (const port of ['', '80', '443', '8', '81', '442', '08', '4430']) {
      const expected = port === '' || defaults[kind].split(',').includes(port);
      assert.equal(isDefaultPort(bytesOf(port), 0, port.length, kind), expected, text + port);
    }
  }
});

test('what an authority may not hold', () => {
  const cases = [
    ['host:80', -1],
    ['[::1]', -1],
    ['[::1]:8', -1],
    ['a b', 1],
    ['a,b', 1],
    ['u@a', 1],
    ['a[', 1],
    ['[a]b', 2],
    ['[a', 0],
    ['a]', 1],
    ['[a]]', 2],
    ['\x7f', 0],
    ['\xe9', 0],
  ] as const;
  for (const [text, at] of cases) {
    assert.equal(forbiddenAuthorityByte(bytesOf(text), 0, text.length), at, text);
  }
});

test('members of a list end at commas outside quotes', () => {
  const cases = [
    ['a, b', 1],
    ['"a,b",c', 5],
    ['"a\\",b",c', 7],
    ['"a', 2],
    ['', 0],
  ] as const;
  for (const [text, end] of cases)
    assert.equal(memberEnd(bytesOf(text), 0, text.length), end, text);
  assert.equal(trimmedEnd(bytesOf('a \t '), 0, 4), 1);
  assert.equal(trimmedEnd(bytesOf(' \t '), 0, 3), 0);
});

test('dates are IMF-fixdate', () => {
  const cases = [
    [0, 'Thu, 01 Jan 1970 00:00:00 GMT'],
    [784111777000, 'Sun, 06 Nov 1994 08:49:37 GMT'],
    [1709210096000, 'Thu, 29 Feb 2024 12:34:56 GMT'],
  ] as const;
  for (const [timeMs, text] of cases) assert.equal(httpDate(timeMs), text);
});

test('reason phrases', () => {
  const cases = [
    [200, 'OK'],
    [408, 'Request Time-out'],
    [299, 'Success'],
    [199, 'Informational'],
    [599, 'Server Error'],
    [99, 'Other'],
    [600, 'Other'],
    [-1, 'Other'],
  ] as const;
  for (const [status, text] of cases) {
    assert.equal(reasonText(status), text);
    assert.equal(Buffer.from(reasonBytes(status)).toString(), text);
  }
});

function cookies(header: string, name: string, isList: boolean): string[] {
  const bytes = bytesOf(header);
  const span = new CookieSpan();
  span.end = bytes.length;
  const values: string[] = [];
  while (nextCookie(bytes, span, bytesOf(name), isList)) {
    const cookie = latin1(bytes, span.nameAt, span.nameLength);
    values.push(`${cookie}=${latin1(bytes, span.valueAt, span.valueLength)}`);
  }
  return values;
}

test('cookies', () => {
  const list: readonly (readonly [header: string, name: string, found: string[]])[] = [
    ['a=1; b=2', 'b', ['b=2']],
    ['a=1; b=2', '', ['a=1', 'b=2']],
    ['a=1;a=2 ; a = 3', 'a', ['a=1', 'a=2', 'a=3']],
    ['a=1, b=2', 'b', ['b=2']],
    ['a="x;y,z"; b=2', 'a', ['a="x;y,z"']],
    ['a="x\\";y"; b=2', 'b', ['b=2']],
    ['x; a=1', 'a', ['a=1']],
    ['$Version=1; a=1', '', ['a=1']],
    ['aa=1', 'a', []],
    ['A=1', 'a', []],
    ['a=', 'a', []],
    ['a=; b=1', 'a', ['a=']],
    ['', 'a', []],
  ];
  for (const [header, name, found] of list) {
    assert.deepEqual(cookies(header, name, true), found, `${header} ${name}`);
  }
  assert.deepEqual(cookies('a=1; path=/; b=2', 'a', false), ['a=1']);
  assert.deepEqual(cookies('a=1; path=/; b=2', 'path', false), []);
  assert.deepEqual(cookies('a,b=1; path=/', 'a,b', false), ['a,b=1']);
});

function parameters(
  target: string,
  name: string,
  delimiter: string,
  ignoresCase: boolean,
): string[] {
  const bytes = bytesOf(target);
  const wanted = parameterName(name, delimiter, ignoresCase);
  const span = new ParameterSpan();
  span.next = queryStart(bytes, 0, bytes.length, wanted.delimiter);
  span.end = bytes.length;
  const values: string[] = [];
  if (span.next < 0) return values;
  while (nextParameter(bytes, span, wanted)) {
    values.push(latin1(bytes, span.valueAt, span.valueLength));
  }
  return values;
}

test('query parameters', () => {
  const cases: readonly (readonly [target: string, name: string, found: string[]])[] = [
    ['/?a=1&b=2', 'b', ['2']],
    ['/?a=1;b=2&a=3', 'a', ['1', '3']],
    ['/?a=1&b=2', '', ['1', '2']],
    ['/?aa=1&a=2', 'a', ['2']],
    ['/?a&a=&ab=c', 'a', ['']],
    ['/?a=1?a=2', 'a', ['1', '2']],
    ['/?', 'a', []],
    ['/', 'a', []],
    ['/?b=a=1', 'a', []],
    ['/?A=1', 'a', []],
  ];
  for (const [target, name, found] of cases) {
    assert.deepEqual(parameters(target, name, '?', false), found, `${target} ${name}`);
  }
  assert.deepEqual(parameters('/x;A=1!a=2', 'a', ';', true), ['1!a=2']);
  assert.deepEqual(parameters('/x!A=1!a=2', 'a', '!', true), ['1', '2']);
});
