import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText, replyText } from '../../test/harness/exchange.ts';
import { runRequestRules } from '../../test/harness/exchange.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictDrop,
  verdictNext,
  verdictStop,
  verdictTarpit,
} from '../keyword.ts';

const forbidden =
  '403 Forbidden | cache-control: no-cache | content-type: text/html | ' +
  '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n';

const cases: readonly (readonly [rule: string, verdict: number, reply: string])[] = [
  ['allow', verdictStop, ''],
  ['reject', verdictClose, ''],
  ['silent-drop', verdictDrop, ''],
  ['strict-mode off', verdictNext, ''],
  ['deny', verdictDeny, forbidden],
  [
    'deny status 418 content-type text/plain string no',
    verdictDeny,
    "418 I'm a teapot | content-type: text/plain | no",
  ],
  [
    'deny deny_status 429 content-type text/plain lf-string no hdr X-A b',
    verdictDeny,
    '429 Too Many Requests | content-type: text/plain | x-a: b | no',
  ],
  ['return', verdictDone, '200 OK'],
  ['return status 204 hdr X-A "b c"', verdictDone, '204 No Content | x-a: b c'],
  [
    'return content-type text/plain string hello',
    verdictDone,
    '200 OK | content-type: text/plain | hello',
  ],
  ['redirect location /x', verdictDone, '302 Found | location: /x | cache-control: no-cache'],
  [
    'redirect location /x code 301 keep-query',
    verdictDone,
    '301 Moved Permanently | location: /x?c=d',
  ],
  [
    'redirect location /x?y keep-query code 308',
    verdictDone,
    '308 Permanent Redirect | location: /x?y&c=d',
  ],
  [
    'redirect prefix http://p code 301',
    verdictDone,
    '301 Moved Permanently | location: http://p/a/b?c=d',
  ],
  [
    'redirect prefix / code 301 drop-query append-slash',
    verdictDone,
    '301 Moved Permanently | location: /a/b/',
  ],
  [
    'redirect scheme https code 301',
    verdictDone,
    '301 Moved Permanently | location: https://example.com/a/b?c=d',
  ],
  ['redirect location %ID ignore-empty', verdictNext, ''],
  [
    'redirect location /x code 301 set-cookie A=1',
    verdictDone,
    '301 Moved Permanently | location: /x | set-cookie: A=1; path=/;',
  ],
  [
    'redirect location /x code 301 clear-cookie A=',
    verdictDone,
    '301 Moved Permanently | location: /x | set-cookie: A=; path=/; Max-Age=0;',
  ],
];

for (const [rule, verdict, reply] of cases) {
  test(`http-request ${rule}`, () => {
    const found = runRequestRules([`http-request ${rule}`]);
    assert.equal(found.verdict, verdict);
    assert.equal(replyText(found.stream.reply, found.stream), reply);
  });
}

test('tarpit answers 500 by default', () => {
  const { verdict, stream } = runRequestRules(['http-request tarpit']);
  assert.equal(verdict, verdictTarpit);
  assert.equal(stream.reply?.status, 500);
});

test('auth asks with the page of 401 and the name of the proxy', () => {
  const { verdict, stream } = runRequestRules(['http-request auth']);
  assert.equal(verdict, verdictDone);
  const text = replyText(stream.reply, stream);
  assert.match(text, /^401 Unauthorized \| .*www-authenticate: Basic realm="fe"/);
});

test('a redirect line takes its destination as it is', () => {
  const { program, messages } = compileText(frontendText(['redirect location /%[path]']));
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  assert.equal(exchange.run(program.proxies[0].redirects), verdictDone);
  assert.match(replyText(exchange.stream.reply, exchange.stream), /location: \/%\[path\]/);
});

test("a deny takes the backend's page before the frontend's", () => {
  const text = frontendText(['errorloc302 403 /front', 'http-request deny']).replace(
    'backend be\n  server',
    'backend be\n  errorloc303 403 /back\n  server',
  );
  const { program, messages } = compileText(text);
  assert.deepEqual(messages, []);
  const exchange = new Exchange(program).request();
  exchange.runRequest();
  assert.match(replyText(exchange.stream.reply, exchange.stream), /^302 Found .*location: \/front/);
  exchange.stream.backend = program.proxies[1];
  exchange.runRequest();
  assert.match(
    replyText(exchange.stream.reply, exchange.stream),
    /^303 See Other .*location: \/back/,
  );
});

const mistakes: readonly (readonly [rule: string, message: RegExp])[] = [
  ['http-request deny deny_status 99', /'99' is not a status/],
  ['http-request deny deny_status 418', /status 418 has no error page/],
  ['http-request return string x', /'content-type' is needed/],
  ['http-request return status 204 content-type a string x', /status 204 has no body/],
  ['http-request return string a lf-string b content-type c', /unexpected 'lf-string'/],
  ['http-request redirect code 301', /a redirect needs 'location'/],
  ['http-request redirect location /a code 304', /'304' is not a redirect/],
  ['http-response redirect prefix /a', /by 'location' only/],
  ['http-request return errorfiles none status 403', /no http-errors section is called 'none'/],
];

for (const [rule, message] of mistakes) {
  test(`refused: ${rule}`, () => {
    const { messages } = compileText(frontendText([rule]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}
