// The smoke run of the peers protocol's fuzzer: fixed seed, or HAWSER_SEED.
import { test } from 'node:test';
import { smoke } from './peers.fuzz.ts';

test('a peers session survives any bytes', async (context) => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_129);
  context.diagnostic(`HAWSER_SEED=${seed}`);
  await smoke(seed, 60);
});
