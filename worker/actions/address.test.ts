import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileText, Exchange } from '../../test/harness/exchange.ts';
import {
  assertRule,
  listenText,
  type Read,
  type RuleCase,
} from '../../test/harness/request-rule.ts';

/** What later rules see: http-request rules change the stream's own endpoints. */
const source: Read = (stream) => `${stream.source.text()}:${stream.source.port}`;
const destination: Read = ({ destination: to }) => `${to.text()}:${to.port}`;

const cases: readonly RuleCase[] = [
  ['set-src ipv4(10.1.2.3)', source, '10.1.2.3:4711'],
  ['set-src req.hdr(x-none)', source, '127.0.0.2:4711'],
  ['set-src ipv6(2001:db8::1)', source, '2001:db8::1:4711'],
  ['set-src-port int(99)', source, '127.0.0.2:99'],
  ['set-dst ipv4(10.1.2.4)', destination, '10.1.2.4:80'],
  ['set-dst-port int(8443)', destination, '127.0.0.1:8443'],
];

for (const one of cases) {
  test(`http-request ${one[0]}`, () => assertRule(one));
}

test('a unix client becomes 0.0.0.0 when its port is set', () => {
  const { program } = compileText(listenText('http-request set-src-port int(5)'));
  const exchange = new Exchange(program).request();
  exchange.stream.session.source.setUnix('/tmp/x');
  exchange.runRequest();
  assert.equal(source(exchange.stream), '0.0.0.0:5');
});
