import { test } from 'node:test';
import { smoke } from './decoders.fuzz.ts';

/** HAWSER_SEED repeats a run; without it each run has another seed, which it prints. */
const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['HAWSER_RUNS'] ?? 4000);

test(`decoders survive any bytes and keep inside them (HAWSER_SEED=${seed})`, (t) => {
  t.diagnostic(`HAWSER_SEED=${seed}`);
  smoke(seed, runs);
});
