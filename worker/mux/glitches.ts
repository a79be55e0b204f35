// What follows from the oddities of a peer (manual, tune.h1.*.glitches-threshold and tune.h2.*):
// near the limit the connection ends in good order, at the limit it is cut off, unless there is CPU
// time to spare for it. How busy the thread is counts over the last second.

import type { ThreadContext } from '../thread-context.ts';

/** Where an oddity was seen. */
export { rare } from '../memory/rare-events.ts';

/** Go on. */
export const glitchBorne = 0;
/** No further exchange. */
export const glitchLast = 1;
/** Nothing more at all. */
export const glitchKills = 2;

/**
 * The verdict on a connection with `count` of `max` oddities, the last of them at `place`
 * (memory/rare-events.ts); `max` 0: there is no limit.
 */
export function judgeGlitches(
  thread: ThreadContext,
  place: number,
  count: number,
  max: number,
): number {
  thread.rare.note(place);
  if (max === 0 || count < Math.floor((max * 3 + 1) / 4)) return glitchBorne;
  const { glitchesKillPercent: needed } = thread.program.model.global.tune;
  const kills =
    count >= max && (needed === 0 || (thread.gauges?.usageOf(thread.index) ?? 0) >= needed);
  return kills ? glitchKills : glitchLast;
}
