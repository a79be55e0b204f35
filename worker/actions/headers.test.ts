import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange, frontendText, headersOf } from '../../test/harness/exchange.ts';
import { runRequestRules } from '../../test/harness/exchange.ts';
import { headerName } from '../http/message.ts';
import { verdictError, verdictNext } from '../keyword.ts';

const before = ['host: example.com', 'x-two: a, b', 'x-two: c'];

const cases: readonly (readonly [rule: string, after: readonly string[]])[] = [
  ['add-header X-Two d', [...before, 'x-two: d']],
  ['add-header X-One "plain text"', [...before, 'x-one: plain text']],
  ['set-header X-Two d', ['host: example.com', 'x-two: d']],
  ['del-header x-two', ['host: example.com']],
  ['del-header X- -m beg', ['host: example.com']],
  ['del-header two -m end', ['host: example.com']],
  ['del-header os -m sub', ['x-two: a, b', 'x-two: c']],
  ['del-header ^(host|x-t.*)$ -m reg', []],
  ['replace-header X-Two (a),(.*) \\2;\\1', ['host: example.com', 'x-two:  b;a', 'x-two: c']],
  ['replace-header X-Two ^nothing$ x', before],
  ['replace-value X-Two ^b$ B', ['host: example.com', 'x-two: a, B', 'x-two: c']],
  ['replace-value X-Two ^(.)$ <\\1>', ['host: example.com', 'x-two: <a>, <b>', 'x-two: <c>']],
];

for (const [rule, after] of cases) {
  test(`http-request ${rule}`, () => {
    const quoted = rule.replaceAll('\\', '\\\\');
    const { verdict, stream } = runRequestRules([`http-request ${quoted}`]);
    assert.equal(verdict, verdictNext);
    assert.deepEqual(headersOf(stream.request), after);
  });
}

test('responses have their own headers', () => {
  const { program } = compileText(
    frontendText([
      'http-response set-header Server us',
      'http-after-response add-header X-After yes',
    ]),
  );
  const exchange = new Exchange(program).request().response();
  exchange.run(program.proxies[0].httpResponse);
  exchange.run(program.proxies[0].httpAfterResponse);
  const { request, response } = exchange.stream;
  assert.deepEqual(headersOf(request), before);
  assert.deepEqual(headersOf(response).slice(-2), ['server: us', 'x-after: yes']);
});

test('a new Host goes into an absolute target', () => {
  const request = 'GET http://old.example/a HTTP/1.1\r\nHost: old.example\r\n\r\n';
  const { stream } = runRequestRules(['http-request set-header Host new.example:81'], request);
  assert.equal(stream.request.target(), 'http://new.example:81/a');
  assert.deepEqual(headersOf(stream.request), ['host: new.example:81']);
});

test('a rewrite without room is an error, unless strict-mode is off', () => {
  const long = 'x'.repeat(60);
  const rules = [`http-request add-header X-Long ${long}`, 'http-request set-header X-Next 1'];
  for (const [lines, expected] of [
    [rules, verdictError],
    [['http-request strict-mode off', ...rules], verdictNext],
  ] as const) {
    const { program } = compileText(frontendText(lines));
    const exchange = new Exchange(program, 64);
    exchange.request('GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n');
    // Most of the slot for edits is gone already.
    exchange.stream.request.add(longName, 'y'.repeat(40));
    assert.equal(exchange.runRequest(), expected);
    assert.equal(exchange.stream.softRewrites, false);
  }
});

const longName = { text: 'filler', bytes: Uint8Array.from(Buffer.from('filler')), hash: 1 };

const mistakes: readonly (readonly [rule: string, message: RegExp])[] = [
  ['http-request add-header X-One', /^alert: 'http-request add-header' : missing a header value$/],
  ['http-response del-header', /^alert: 'http-response del-header' : missing a header name$/],
  ['http-request del-header x -m dom', /'dom' is not one of 'str'/],
  ['http-request set-header a b c', /unexpected word 'c'/],
  ['http-request replace-header a ( b', /./],
  ['http-request ad-header a b', /not an action of 'http-request'; did you mean 'add-header'/],
  ['tcp-request content add-header a b', /it is one of 'http-request'/],
];

for (const [rule, message] of mistakes) {
  test(`refused: ${rule}`, () => {
    const { messages } = compileText(frontendText([rule]));
    assert.equal(messages.length, 1, messages.join('\n'));
    assert.match(messages[0], message);
  });
}

test('a name that no field may have is told of, and set as it is', () => {
  const said = (name: string, bad: string): string =>
    `warning: header name '${name}' contains forbidden character '${bad}'; ` +
    'peers may refuse the message or drop the field';
  const { program, messages } = compileText(
    frontendText([
      'http-request add-header X-One: a',
      'http-request set-header "X Two" b',
      'http-request early-hint "X Three" c if FALSE',
      // What replaces or removes may meet such a name: nothing is wrong.
      'http-request replace-value "X Two" b d',
      'http-request del-header "X Two"',
      'http-request set-header :path e',
    ]),
  );
  assert.deepEqual(messages, [said('X-One:', ':'), said('X Two', ' '), said('X Three', ' ')]);
  const exchange = new Exchange(program);
  exchange.request('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.equal(exchange.runRequest(), verdictNext);
  const { request } = exchange.stream;
  const at = request.find(headerName('X-One:'), 0);
  assert.equal(at < 0 ? '' : request.valueText(at), 'a');
  assert.equal(request.find(headerName('X Two'), 0), -1);
});
