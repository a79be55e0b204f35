import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type UriNormalizer, uriNormalizers } from './uri.ts';

type Cases = readonly (readonly [target: string, normal: string | null])[];

/** Name, with the option after a blank: targets and what they become. */
const cases: Readonly<Record<string, Cases>> = {
  'fragment-encode': [
    ['/#foo', '/%23foo'],
    ['/a#b#c?d#e', '/a%23b%23c?d%23e'],
    ['/%23', '/%23'],
  ],
  'fragment-strip': [
    ['/#foo', '/'],
    ['/a?b#c#d', '/a?b'],
    ['http://a#b', 'http://a'],
  ],
  'path-merge-slashes': [
    ['//', '/'],
    ['/foo//bar', '/foo/bar'],
    ['///a////b///?x=//', '/a/b/?x=//'],
    ['http://a//b', 'http://a/b'],
  ],
  'path-strip-dot': [
    ['/.', '/'],
    ['/./bar/', '/bar/'],
    ['/a/./a', '/a/a'],
    ['/a/.', '/a/'],
    ['/././.', '/'],
    ['/.well-known/', '/.well-known/'],
    ['/a./..', '/a./..'],
    ['/?a=/./', '/?a=/./'],
  ],
  'path-strip-dotdot': [
    ['/foo/../', '/'],
    ['/foo/..', '/'],
    ['/foo/../bar/', '/bar/'],
    ['/foo/bar/../', '/foo/'],
    ['/../bar/', '/../bar/'],
    ['/bar/../../', '/../'],
    ['/foo//../', '/foo/'],
    ['/foo//../../bar', '/bar'],
    ['/a/../../b/../c', '/../c'],
    ['/foo/%2E%2E/', '/foo/%2E%2E/'],
    ['/a..b/..c', '/a..b/..c'],
    ['/a/?b=/../', '/a/?b=/../'],
    ['/..', '/../'],
    ['/', '/'],
  ],
  'path-strip-dotdot full': [
    ['/../bar/', '/bar/'],
    ['/bar/../../', '/'],
    ['/..', '/'],
    ['/a/../../../b', '/b'],
  ],
  'percent-decode-unreserved': [
    ['/%61dmin', '/admin'],
    ['/%2d%2E%5f%7e%41%39', '/-._~A9'],
    ['/foo%3Fbar=baz', '/foo%3Fbar=baz'],
    ['/%%36%36', '/%66'],
    ['/%ZZ%4', '/%ZZ%4'],
    ['/a?%61', '/a?a'],
  ],
  'percent-decode-unreserved strict': [
    ['/%61', '/a'],
    ['/%%36%36', null],
    ['/%ZZ', null],
    ['/%4', null],
    ['/%', null],
  ],
  'percent-to-uppercase': [
    ['/%6f?%aa', '/%6F?%AA'],
    ['/%zz', '/%zz'],
    ['/%', '/%'],
  ],
  'percent-to-uppercase strict': [
    ['/%aF', '/%AF'],
    ['/%zz', null],
    ['/%a', null],
  ],
  'query-sort-by-name': [
    ['/?c=3&a=1&b=2', '/?a=1&b=2&c=3'],
    ['/?aaa=3&a=1&aa=2', '/?a=1&aa=2&aaa=3'],
    ['/?a=3&b=4&a=1&b=5&a=2', '/?a=3&a=1&a=2&b=4&b=5'],
    ['/?b&a', '/?a&b'],
    ['/?b&&a', '/?&a&b'],
    ['/?b&a&', '/?a&b'],
    ['/?', '/?'],
    ['/', '/'],
  ],
};

test('each normaliser has cases and each case holds', () => {
  for (const normalizer of uriNormalizers as readonly UriNormalizer[]) {
    const { name, option } = normalizer;
    for (const withOption of option === '' ? [false] : [false, true]) {
      const rows = cases[withOption ? `${name} ${option}` : name];
      assert.ok(rows.length > 0, name);
      for (const [target, normal] of rows) {
        assert.equal(normalizer.run(target, withOption), normal, `${name} ${target}`);
        const absolute = normal === null ? null : `http://host:1${normal}`;
        const given = `http://host:1${target}`;
        if (target.startsWith('/')) {
          assert.equal(normalizer.run(given, withOption), absolute, `${name} ${given}`);
        }
      }
    }
  }
});

test('targets without a path stay as they are', () => {
  for (const { run } of uriNormalizers as readonly UriNormalizer[]) {
    for (const target of ['*', 'host:80', 'http://host', '', '1a://b/%zz', 'a%://b/%zz']) {
      assert.equal(run(target, true), target);
    }
  }
});
