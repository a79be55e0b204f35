// The smoke run of the resolvers' fuzzer: fixed seed, or HAWSER_SEED.
import { test } from 'node:test';
import { smoke } from './dns.fuzz.ts';

test('resolvers survive any name server', (context) => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
  context.diagnostic(`HAWSER_SEED=${seed}`);
  smoke(seed, 60);
});
