import { test } from 'node:test';
import { smoke } from './fcgi.fuzz.ts';

/** HAWSER_SEED repeats a run; without it each run has another seed, which it prints. */
const seed = Number(process.env['HAWSER_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['HAWSER_RUNS'] ?? 150);

test(`FastCGI passes whole and keeps inside its memory (HAWSER_SEED=${seed})`, (t) => {
  t.diagnostic(`HAWSER_SEED=${seed}`);
  smoke(seed, runs);
});
