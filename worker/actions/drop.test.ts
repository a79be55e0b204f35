import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  assertMistake,
  listenText,
  type Mistake,
  runRule,
} from '../../test/harness/request-rule.ts';
import { verdictDrop } from '../keyword.ts';

const tcpRepair = 19;
const tcpQuickAck = 12;
const ipTtl = 2;

test('a silent drop uses repair mode, and a short-lived reset without the right to it', () => {
  const quiet = runRule('silent-drop');
  assert.equal(quiet.verdict, verdictDrop);
  assert.deepEqual(
    quiet.calls.map(({ name }) => name),
    [tcpQuickAck, tcpRepair],
  );
  const refused = runRule('silent-drop', [tcpRepair]);
  assert.deepEqual(refused.calls.at(-1), { level: 0, name: ipTtl, value: 1 });
  const wanted = runRule('silent-drop rst-ttl 4');
  assert.deepEqual(
    wanted.calls.map(({ name, value }) => [name, value]),
    [
      [tcpQuickAck, 1],
      [ipTtl, 4],
    ],
  );
});

const mistakes: readonly Mistake[] = [
  [listenText('http-request silent-drop rst-ttl 256'), /'256' is not a TTL/],
];

for (const one of mistakes) {
  test(`refused: ${one[1]}`, () => assertMistake(one));
}
