// Authentication fetches against userlists of every password form.
// The vectors were made with crypt(3).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText } from '../../../test/harness/exchange.ts';
import { verdictDeny, verdictNext } from '../../keyword.ts';
import { isKnownCrypt, verifyPassword } from '../crypt.ts';

/** Password, and how crypt(3) writes it. */
const vectors: readonly (readonly [string, string])[] = [
  ['secret', '$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1'],
  ['', '$1$ab$rn6aQS/o7141mj179E/zA.'],
  ['secret', '$5$rounds=10000$saltstringsaltst$nRVJUfBu7b60x4u50TScFun8GLsggmlJvebgklaft49'],
  [
    'a much longer password than one block of the hash would ever hold 0123456789',
    '$5$x$HFR5z8BKLNVmws80yk8/47pcPimihWTqsd2gIlRMpGA',
  ],
  [
    'Hello world!',
    '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnI' +
      'FNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
  ],
  [
    'a much longer password than one block of the hash would ever hold 0123456789',
    '$6$rounds=1400$anotherlongsalts$JQFYh13rbzrbHo/pg5KmxRayhA8C' +
      '.7vEJPzEt4wk2aNQ.8v4wHqzJSoi.8O2R3cPC4QV2NJRMGhlJaOWVjclD0',
  ],
  [
    '',
    '$6$s$.ZBEl9liET9mKM6jGxl//vp8wOnIJwfkp.7sG2Ahu2q68bf4LasDRE6' +
      'k5T5NPzLqBFx3oUbMl6xWpBsFfgm6..',
  ],
];

test('crypt', () => {
  for (const [password, written] of vectors) {
    assert.equal(isKnownCrypt(written), true, written);
    assert.equal(verifyPassword(password, written), true, written);
    assert.equal(verifyPassword(`${password}x`, written), false, written);
  }
  assert.equal(isKnownCrypt('$y$j9T$x$y'), false);
  assert.equal(verifyPassword('x', 'x'), false);
});

const lists = [
  'userlist staff',
  '  group admins users ann',
  '  group readers',
  '  user ann insecure-password open groups readers',
  `  user bob password ${vectors[0][1]} groups readers`,
  '',
].join('\n');

function verdictOf(rule: string, header: string): number {
  const { program, messages } = compileText(lists + frontendText([rule]));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program);
  return exchange.request(`GET / HTTP/1.1\r\nHost: h\r\n${header}\r\n\r\n`).runRequest();
}

const basic = (user: string, password: string): string =>
  `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

test('userlists', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['http_auth(staff)', basic('ann', 'open'), true],
    ['http_auth(staff)', basic('ann', 'wrong'), false],
    ['http_auth(staff)', basic('bob', vectors[0][0]), true],
    ['http_auth(staff)', basic('eve', 'open'), false],
    ['http_auth(staff)', 'X-None: 1', false],
    ['http_auth_group(staff) admins', basic('ann', 'open'), true],
    ['http_auth_group(staff) readers', basic('ann', 'open'), true],
    ['http_auth_group(staff) admins', basic('bob', vectors[0][0]), false],
    ['http_auth_group(staff) admins', basic('ann', 'wrong'), false],
    ['http_auth_user ann', basic('ann', 'x'), true],
    ['http_auth_pass x:y', basic('ann', 'x:y'), true],
    ['http_auth_type Basic', basic('ann', 'x'), true],
    ['http_auth_type Bearer', 'Authorization: bearer  tok', true],
    ['http_auth_bearer tok', 'Authorization: bearer  tok', true],
    ['http_auth_bearer(x-token) tok', 'X-Token: Bearer tok', true],
    ['http_auth_bearer tok', basic('ann', 'x'), false],
  ];
  for (const [acl, header, expected] of rows) {
    const verdict = verdictOf(`http-request deny if { ${acl} }`, header);
    assert.equal(verdict, expected ? verdictDeny : verdictNext, `${acl} with ${header}`);
  }
});

test('a password form that cannot be checked is refused', () => {
  const text =
    lists.replace(vectors[0][1], '$y$j9T$abc$def') +
    frontendText(['http-request deny if { http_auth(staff) }']);
  assert.match(compileText(text).messages.join('\n'), /password of user 'bob'.* not supported yet/);
});
