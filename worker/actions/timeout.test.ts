import { test } from 'node:test';
import { frontendText } from '../../test/harness/exchange.ts';
import {
  assertMistake,
  assertRule,
  listenText,
  type Mistake,
  type RuleCase,
} from '../../test/harness/request-rule.ts';

const cases: readonly RuleCase[] = [
  ['set-timeout client 3s', (stream) => stream.clientTimeoutMs, 3000],
  ['set-timeout server int(250)', (stream) => stream.serverTimeoutMs, 250],
  ['set-timeout tunnel 1m', (stream) => stream.tunnelTimeoutMs, 60_000],
  ['set-timeout connect 7', (stream) => stream.connectTimeoutMs, 7],
  ['set-timeout queue 1s', (stream) => stream.queueTimeoutMs, 1000],
  ['set-timeout tarpit 2s', (stream) => stream.tarpitTimeoutMs, 2000],
];

for (const one of cases) {
  test(`http-request ${one[0]}`, () => assertRule(one));
}

const mistakes: readonly Mistake[] = [
  [listenText('http-request set-timeout client 0'), /needs a time above zero/],
  [listenText('http-request set-timeout idle 3s'), /'idle' is not one of/],
  [frontendText(['http-request set-timeout server 3s']), /has no effect in a frontend/],
];

for (const one of mistakes) {
  test(`refused: ${one[1]}`, () => assertMistake(one));
}
