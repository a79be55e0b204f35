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
  ['set-log-level silent', (stream) => stream.logLevel, 8],
  ['set-log-level err', (stream) => stream.logLevel, 3],
  ['set-nice 5000', (stream) => stream.nice, 1024],
  ['set-nice -7', (stream) => stream.nice, -7],
  ['set-retries 4', (stream) => stream.retryMax, 4],
  ['set-retries int(101)', (stream) => stream.retryMax, -1],
  ['set-priority-class int(-9999)', (stream) => stream.priorityClass, -2047],
  ['set-priority-offset int(100)', (stream) => stream.priorityOffset, 100],
  ['disable-l7-retry', (stream) => stream.retriesConnectOnly, true],
];

for (const one of cases) {
  test(`http-request ${one[0]}`, () => assertRule(one));
}

const mistakes: readonly Mistake[] = [
  [listenText('http-request set-log-level loud'), /'loud' is not one of 'emerg'/],
  [frontendText(['http-request set-retries 3']), /backend capability/],
  [listenText('http-request set-nice often'), /'often' is not an integer/],
];

for (const one of mistakes) {
  test(`refused: ${one[1]}`, () => assertMistake(one));
}
