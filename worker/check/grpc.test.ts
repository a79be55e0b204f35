import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHealth } from './grpc.ts';

const rows: readonly (readonly [hex: string, health: number])[] = [
  ['0000000002 0801', 1],
  ['0000000002 0802', 2],
  ['0000000000', 0],
  // A field that is not known before and after.
  ['0000000008 1a0161 0801 2a00 00', -1],
  ['0000000007 1a0161 0801 2a00', 1],
  ['0000000004 08818000', 1],
  // Compressed, cut, too long, another wire type, nothing.
  ['0100000002 0801', -1],
  ['0000000002 08', -1],
  ['0000000001 0801', -1],
  ['0000000002 0901', -1],
  ['', -1],
];

test('HealthCheckResponse', () => {
  for (const [hex, health] of rows) {
    const body = Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1');
    assert.equal(readHealth(body), health, hex);
  }
});
