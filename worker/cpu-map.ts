// `cpu-map`: which CPUs a proxy thread may run on (manual 3.1).

import type { GlobalModel } from '../shared/config/model.ts';
import { threadSet } from './conn/thread-set.ts';

const threadsMax = 64;

/**
 * CPU numbers for thread `index` (0-based), empty: all. `auto:` pairs threads with CPUs one to one.
 */
export function cpusOfThread(map: GlobalModel['cpuMap'], index: number): readonly number[] {
  let cpus: readonly number[] = [];
  for (const { threads, cpus: words } of map) {
    const isAuto = threads.startsWith('auto:');
    const set = isAuto ? threads.slice(5) : threads;
    const chosen = threadSet(set, threadsMax);
    if (chosen !== null && !chosen.includes(index)) continue;
    const all = words.flatMap(cpuRange);
    const place = chosen === null ? index : chosen.indexOf(index);
    cpus = isAuto ? all.slice(place, place + 1) : all;
  }
  return cpus;
}

/** `0-3`, `5`, `0,2` as numbers. */
function cpuRange(word: string): number[] {
  return word.split(',').flatMap((part) => {
    const [first, last] = part.split('-').map((text) => Number.parseInt(text, 10));
    const end = last ?? first;
    return Array.from({ length: end - first + 1 }, (_, offset) => first + offset);
  });
}
