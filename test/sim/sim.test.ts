// The whole worker on the fake kernel, with seeded clients, servers and faults
// (worker/proxy-thread.ts and all below it). Every run must give back what it took, answer or close
// everything, and change no byte. HAWSER_SEED=n repeats one seed; HAWSER_SIM_RUNS=n makes n runs of
// each profile.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Profile, simulate } from './simulation.ts';

const slow = { shortRead: 0.3, shortWrite: 0.3, again: 0.2 };

const profiles: readonly Profile[] = [
  { name: 'a calm kernel', isRough: false, threads: 1, rates: {} },
  { name: 'short reads and writes', isRough: false, threads: 1, rates: slow },
  { name: 'two threads', isRough: false, threads: 2, rates: slow },
  { name: 'servers fail and clients leave', isRough: true, threads: 1, rates: slow },
  {
    name: 'resets, refusals and clock jumps',
    isRough: true,
    threads: 2,
    rates: { ...slow, reset: 0.002, refuse: 0.05, clockJump: 0.01 },
  },
  {
    name: 'out of descriptors',
    isRough: true,
    threads: 2,
    rates: { ...slow, noDescriptor: 0.05 },
    descriptorMax: 34,
  },
  { name: 'hardly any buffer memory', isRough: true, threads: 1, rates: slow, slots: 24 },
];

const runs = Number(process.env['HAWSER_SIM_RUNS'] ?? 3);
const chosen = process.env['HAWSER_SEED'];
const first = chosen === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(chosen);
const seeds = Array.from({ length: chosen === undefined ? runs : 1 }, (_, run) => first + run);

for (const profile of profiles) {
  test(`simulation: ${profile.name}`, (context) => {
    let exact = 0;
    for (const seed of seeds) {
      const { faults, outcomes } = simulate(profile, seed);
      exact += outcomes.exact;
      assert.deepEqual(faults, [], `repeat with HAWSER_SEED=${seed}`);
    }
    context.diagnostic(`seeds ${seeds[0]} to ${seeds[seeds.length - 1]}`);
    assert.ok(exact > 0, 'nothing was answered');
  });
}

test('a seed repeats its run', () => {
  const [profile] = profiles.slice(-2);
  assert.deepEqual(simulate(profile, first), simulate(profile, first));
});
