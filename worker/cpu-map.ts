// `cpu-map`: which CPUs a proxy thread may run on (manual 3.1).

import type { GlobalModel } from '../shared/config/model.ts';
import {
  groupOfThread,
  groupsMax,
  groupsOf,
  numbersIn,
  perGroupMax,
} from '../shared/thread-groups.ts';

type Placed = Pick<GlobalModel, 'cpuMap' | 'groups' | 'nbthread'>;

/**
 * CPU numbers for thread `index` (from 0), empty: all. Sets name a group (`1`), or threads of one
 * (`1/2-4`); `auto:` pairs what they name with CPUs one to one, from the lowest on.
 */
export function cpusOfThread(global: Placed, index: number): readonly number[] {
  const groups = groupsOf(global.groups, global.nbthread);
  const group = groupOfThread(groups, index);
  const own = index - groups[group].first;
  let cpus: readonly number[] = [];
  for (const { threads: set, cpus: words } of global.cpuMap) {
    const isAuto = set.startsWith('auto:');
    const [groupSet, threadSet = 'all'] = (isAuto ? set.slice(5) : set).split('/');
    const chosenGroups = numbersIn(groupSet, groupsMax);
    const chosenThreads = numbersIn(threadSet, perGroupMax);
    if (!chosenGroups.includes(group) || !chosenThreads.includes(own)) continue;
    const all = [...new Set(words.flatMap(cpuRange))].sort((a, b) => a - b);
    const place =
      chosenGroups.length > 1 ? chosenGroups.indexOf(group) : chosenThreads.indexOf(own);
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
