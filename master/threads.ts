// How many proxy threads there are, how they are grouped, on which CPUs they run, and whether the
// bind lines name threads that exist (manual 3.1, 5.1). Called by start.ts before anything is
// bound, and by main.ts for -c.

import type { BindModel, Model } from '../shared/config/model.ts';
import { chooseThreads, groupThreads } from '../shared/thread-groups.ts';
import type { Console } from './console.ts';
import { isPlaced, place } from './placement.ts';
import { Topology } from './topology.ts';
import { threadCount } from './wanted.ts';

/** Completes the model; false: refused, and said why. */
export function settleThreads({ console }: { readonly console: Console }, model: Model): boolean {
  limitThreads(console, model);
  return placeThreads(console, model) && group(console, model) && checkBinds(console, model);
}

/** thread-hard-limit wins over nbthread. */
function limitThreads(console: Console, { global }: Model): void {
  const { nbthread, threadHardLimit: limit } = global;
  if (limit === 0 || nbthread <= limit) return;
  console.warning(
    `nbthread forced to a higher value (${nbthread}) than the configured thread-hard-limit ` +
      `(${limit}), enforcing the limit. Please fix either value to remove this warning.`,
  );
  global.nbthread = limit;
}

function placeThreads(console: Console, model: Model): boolean {
  const { global } = model;
  const { placement, cpuMap, threadHardLimit: hardLimit, nbthread } = global;
  if (cpuMap.length > 0 || !isPlaced(placement)) {
    global.nbthread = threadCount(model);
    return true;
  }
  const cpus = new Topology().cpus();
  const allowed = Topology.allowed();
  const { threads, fault } = place({ cpus, allowed, placement, nbthread, hardLimit });
  if (fault !== '') {
    console.alert(`${fault}.`);
    return false;
  }
  global.nbthread = threads.length;
  global.threadCpus = threads;
  return true;
}

function group(console: Console, { global }: Model): boolean {
  const { nbthread: threads, threadGroups, maxThreadsPerGroup, groupDefinitions } = global;
  if (threadGroups > 0 && maxThreadsPerGroup > 0) {
    console.notice(
      'max-threads-per-group is used to automatically calculate the optimal number of thread ' +
        'groups. It is ignored when thread-groups is set.',
    );
  }
  const { groups, fault, warnings } = groupThreads({
    threads,
    groups: threadGroups,
    perGroup: maxThreadsPerGroup,
    definitions: groupDefinitions,
  });
  for (const warning of warnings) console.warning(warning);
  if (fault !== '') console.alert(fault);
  global.groups = groups;
  return fault === '';
}

function checkBinds(console: Console, { global, proxies, peers, logForwards }: Model): boolean {
  const sections: readonly (readonly [string, readonly (BindModel | null)[]])[] = [
    ['global', global.statsSockets],
    ...proxies.map(({ kind, name, binds }) => [`${kind} '${name}'`, binds] as const),
    ...peers.map(({ name, bind }) => [`peers '${name}'`, [bind]] as const),
    ...logForwards.map(({ name, binds }) => [`log-forward '${name}'`, binds] as const),
  ];
  let isFine = true;
  for (const [section, binds] of sections) {
    for (const bind of binds) {
      const fault = bind === null ? '' : chooseThreads(bind.thread, global.groups).fault;
      if (bind === null || fault === '') continue;
      const { file, line } = bind.place;
      console.alert(`${section}: ${fault} in 'bind' at [${file}:${line}].`);
      isFine = false;
    }
  }
  return isFine;
}
