import { test } from 'node:test';
import { assertMistake, listenText, type Mistake } from '../../test/harness/request-rule.ts';

const mistakes: readonly Mistake[] = [
  [listenText('http-request track-sc0 src'), /unable to find table 'fe' referenced by track-sc0/],
];

for (const one of mistakes) {
  test(`refused: ${one[1]}`, () => assertMistake(one));
}
