// The columns of each class against the reference's own list.
// Facts only: one line per class, a letter per place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLegalAt, points, readsColumns, readsDefs } from './reads.ts';

const reference: readonly (readonly [string, string])[] = [
  ['constant', 'YYYYYYYYYYYYYYYYYYYYYY'],
  ['internal', 'YYYYYYYYYYYYYYYYYYYY.Y'],
  ['listener', 'YYYYYYYYYYYYYYYYYYY...'],
  ['frontend', 'YYYYYYYYYYYYYYYYYYY...'],
  ['client-address', 'YYYYYYYYYYYYYYYYYYYY..'],
  ['client-connection', '.YYYYYYYYYYYYYYYYYY...'],
  ['track', 'YYYYYYYYYYYYYYYYYYY...'],
  ['request-buffer', '..YYYYYYYYY...........'],
  ['request-headers', '..YYYYYYYYY...........'],
  ['request', '..YYYYYYYYYYYYYYYYY...'],
  ['request-body', '....YYYYYYY...........'],
  ['backend', '......YYYYYYYYYYYYYY..'],
  ['server', '..........YYYYYYYYYY..'],
  ['server-address', '...........YYYYYYYYY..'],
  ['server-connection', '...........YYYYYYYYY..'],
  ['response-buffer', '...........YYYYYYY.Y..'],
  ['response-headers', '...........YYYYYYY.Y..'],
  ['response', '...........YYYYYYYYY..'],
  ['response-body', '.............YYYYY.Y..'],
  ['request-totals', '..YYYYYYYYYYYYYYYYY...'],
  ['response-totals', '.........YYYYYYYYYY...'],
  ['transaction-totals', '..YYYYYYYYYYYYYYYYY...'],
  ['session-totals', 'YYYYYYYYYYYYYYYYYYY...'],
];

test('every class is legal where the reference says', () => {
  assert.equal(readsDefs.length, reference.length);
  for (const [name, columns] of reference)
    assert.equal(readsColumns(name).replaceAll(' ', ''), columns, name);
});

test('several classes are legal where any of them is', () => {
  assert.equal(
    readsColumns('request-headers+response-headers').replaceAll(' ', ''),
    '..YYYYYYYYYYYYYYYY.Y..',
  );
  assert.equal(isLegalAt('request-headers', points.log), false);
  assert.equal(isLegalAt('request', points.log), true);
  assert.throws(() => isLegalAt('nothing', points.log));
});
