// Events per period on the shared clock, as the manual's rates behave: what came in this period
// plus the share of the last period that is still within reach. One writer per rate: plain
// stores, three fields of a Float64Array (period start in ms, count now, count before). Called on
// the hot path.

export const ratePeriodMs = 1000;

/**
 * Counts `count` events at `nowMs` (shared clock) in the rate at index `at`; returns this
 * period's count.
 */
export function countRate(values: Float64Array, at: number, nowMs: number, count: number): number {
  const age = nowMs - values[at];
  if (age < ratePeriodMs) return (values[at + 1] += count);
  values[at + 2] = age < 2 * ratePeriodMs ? values[at + 1] : 0;
  values[at] = age < 2 * ratePeriodMs ? values[at] + ratePeriodMs : nowMs;
  return (values[at + 1] = count);
}

/**
 * Events per period times the period: add these up over writers before dividing by ratePeriodMs.
 */
export function rateTotal(values: Float64Array, at: number, nowMs: number): number {
  const before = values[at];
  let current = values[at + 1];
  let past = values[at + 2];
  if (values[at] !== before) {
    // The writer has just begun a period: what it shows now is whole.
    current = values[at + 1];
    past = values[at + 2];
  }
  let remain = values[at] + ratePeriodMs - nowMs;
  if (remain < 0) {
    remain += ratePeriodMs;
    past = remain >= 0 ? current : 0;
    current = 0;
  }
  if (current === 0 && past <= 1) return past * ratePeriodMs;
  return past * Math.max(remain, 0) + current * ratePeriodMs;
}
