// The smoke run of the lexer's fuzzer: fixed seed, or HAWSER_SEED.
import { test } from 'node:test';
import { smoke } from './lexer.fuzz.ts';

test('the loader survives any bytes', (context) => {
  const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_123);
  context.diagnostic(`HAWSER_SEED=${seed}`);
  smoke(seed, 300);
});
