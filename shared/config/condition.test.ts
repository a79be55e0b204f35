// Conditions: every predicate, precedence, and the mistakes that must be found.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateCondition, predicates } from './condition.ts';

const variables: Record<string, string> = { SET: '1', EMPTY: '' };
const evaluate = (text: string) => evaluateCondition(text, (name) => variables[name]);

const truths: [string, boolean][] = [
  ['', false],
  ['  ', false],
  ['0', false],
  ['00', false],
  ['0x0', false],
  ['1', true],
  ['-1000 && 200', true],
  ['defined(SET)', true],
  ['defined(EMPTY)', true],
  ['defined(OTHER)', false],
  ['defined( SET)', false],
  ['feature(OPENSSL) || !feature(OPENSSL)', true],
  ['feature(EPOLL)', true],
  ['feature(QUIC)', false],
  ['feature(EPO)', false],
  ["streq(foo,'foo')", true],
  ['streq("foo bar",\'foo bar\')', true],
  ['streq(foo,bar)', false],
  ['streq(a\\ b,"a b")', true],
  ['streq("a,b)","a,b)")', true],
  ['strneq(a,b)', true],
  ['strneq(a,a)', false],
  ['strstr(haystack,hay)', true],
  ['strstr(haystack,needle)', false],
  ['version_atleast(2.5-dev0)', true],
  ['version_atleast(3.5-dev5)', true],
  ['version_atleast(3.5-dev6)', false],
  ['version_atleast(3.5)', false],
  ['version_atleast(1024)', false],
  ['version_before(3.5)', true],
  ['version_before(3.5-dev5)', false],
  ['openssl_version_atleast(1.1.1)', true],
  ['openssl_version_before(1.1.1w)', false],
  ['openssl_version_atleast(99)', false],
  ['ssllib_name_startswith(OpenSSL)', true],
  ['ssllib_name_startswith(wolfSSL)', false],
  ['enabled(EPOLL)', true],
  ['enabled(KQUEUE)', false],
  ['enabled(NOTHING)', false],
  ['fips_mode()', false],
  ['fips_mode', false],
  ['!1', false],
  ['!!1', true],
  ['1||0&&0', true],
  ['(1||0)&&0', false],
  ['1&&!0&&!((streq(a,b)||!streq(a,a)&&1)||strneq(a,a))', true],
  ['1 && !0 && !((streq(a,a) || !streq(a,a) && 1) || strneq(a,a))', false],
];

test('conditions that are understood', () => {
  for (const [text, expected] of truths) {
    const { value, error } = evaluate(text);
    assert.deepEqual([text, error, value], [text, '', expected]);
  }
});

test('every predicate has an example above', () => {
  const refused = ['awslc_api_atleast', 'awslc_api_before'];
  for (const { name } of predicates) {
    const shown = truths.some(([text]) => text.includes(name)) || refused.includes(name);
    assert.ok(shown, name);
  }
});

test('arguments behind a settled answer need not make sense', () => {
  const cases: [string, boolean][] = [
    ['1 || awslc_api_atleast(35)', true],
    ['1 || openssl_version_atleast(x)', true],
    ['0 && awslc_api_atleast(35)', false],
    ['0 && (1 && awslc_api_atleast(3))', false],
    ['!(1 || awslc_api_before(1))', false],
    ['(1 || 0) || (0 && awslc_api_atleast(1))', true],
  ];
  for (const [text, expected] of cases) {
    const { value, error } = evaluate(text);
    assert.deepEqual([value, error], [expected, ''], text);
  }
  assert.match(evaluate('0 || awslc_api_atleast(3)').error, /invalid argument/);
});

test('mistakes are found, also behind a settled answer', () => {
  const cases: [string, RegExp, number][] = [
    ['200rrr', /unexpected character 'r'/, 3],
    ['!(0))', /unexpected character '\)'/, 4],
    ['(1', /expected '\)'/, 2],
    ['streq(a,"a)', /unmatched quote "/, 11],
    ['streq(a', /missing closing/, 7],
    ['streq(a)', /wrong number of arguments \(1\/2\) for 'streq'/, 8],
    ['streq(a,b,c)', /wrong number of arguments \(3\/2\)/, 12],
    ['nonsense(a)', /unparsable conditional expression/, 0],
    ['1 || nonsense', /unparsable conditional expression/, 5],
    ['0 &&', /unparsable conditional expression/, 4],
    ['!', /unparsable conditional expression/, 1],
    ['awslc_api_atleast(35)', /invalid argument to predicate 'awslc_api_atleast'/, 0],
    ['awslc_api_before(26)', /invalid argument to predicate 'awslc_api_before'/, 0],
    ['openssl_version_atleast(x)', /invalid argument/, 0],
    ['('.repeat(5000), /too many levels/, 1025],
  ];
  for (const [text, expected, at] of cases) {
    const found = evaluate(text);
    assert.match(found.error, expected, text);
    assert.deepEqual([text.slice(0, 40), found.at], [text.slice(0, 40), at]);
  }
});
