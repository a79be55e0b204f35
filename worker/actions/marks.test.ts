import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertMistake,
  assertRule,
  listenText,
  type Mistake,
  type RuleCase,
  runRule,
} from '../../test/harness/request-rule.ts';

const cases: readonly RuleCase[] = [
  ['set-bc-mark 0xffffffff', (stream) => stream.backMark, 4_294_967_295],
  ['set-bc-mark int(-1)', (stream) => stream.backMark, 4_294_967_295],
  ['set-bc-tos 0x2c', (stream) => stream.backTos, 44],
  ['set-bc-tos req.hdr(x-none)', (stream) => stream.backTos, -1],
];

for (const one of cases) {
  test(`http-request ${one[0]}`, () => assertRule(one));
}

const solSocket = 1;
const soMark = 36;
const ipTos = 1;

test('marks and TOS fields are put on the client socket', () => {
  assert.deepEqual(runRule('set-fc-mark 0x10').calls, [
    { level: solSocket, name: soMark, value: 16 },
  ]);
  assert.deepEqual(runRule('set-mark int(3)').calls, [
    { level: solSocket, name: soMark, value: 3 },
  ]);
  assert.deepEqual(runRule('set-fc-tos 0x2c').calls, [{ level: 0, name: ipTos, value: 44 }]);
  assert.deepEqual(runRule('set-tos 8').calls, [{ level: 0, name: ipTos, value: 8 }]);
});

const mistakes: readonly Mistake[] = [[listenText('http-request set-bc-tos 256'), /256/]];

for (const one of mistakes) {
  test(`refused: ${one[1]}`, () => assertMistake(one));
}
