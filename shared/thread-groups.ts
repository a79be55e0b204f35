// Thread groups (manual 3.1: thread-groups, thread-group, max-threads-per-group) and sets of
// threads as bind lines and cpu-map name them. Pure: numbers in, numbers out. The master settles
// the groups before it binds; proxy threads read them from the model. Threads and groups count
// from 1 in texts and from 0 here.

/** Threads from `first` on. */
export interface ThreadGroup {
  readonly first: number;
  readonly count: number;
}

/** A `thread-group` line: that group and its threads. */
export interface GroupDefinition {
  readonly group: number;
  readonly threads: readonly number[];
}

export interface GroupWishes {
  readonly threads: number;
  /** thread-groups, 0: not said. */
  readonly groups: number;
  /** max-threads-per-group, 0: not said. */
  readonly perGroup: number;
  readonly definitions: readonly GroupDefinition[];
}

export interface Grouping {
  readonly groups: readonly ThreadGroup[];
  /** Why the start is refused, '': it is not. */
  readonly fault: string;
  readonly warnings: readonly string[];
}

/** Of a group where max-threads-per-group is silent, and at most. */
const perGroupDefault = 16;
export const perGroupMax = 64;
export const groupsMax = 32;

/** Who belongs to which group. */
export function groupThreads(wishes: GroupWishes): Grouping {
  const { threads, definitions } = wishes;
  const perGroup = wishes.groups > 0 ? perGroupMax : wishes.perGroup || perGroupDefault;
  const named = definitions.reduce((most, { group }) => Math.max(most, group + 1), 0);
  const count = wishes.groups || Math.max(named, Math.ceil(threads / perGroup));
  const owners = ownersOf(definitions);
  const groups = definitions.length === 0 ? [] : definedGroups(owners, count);
  const free = numbersTo(threads).filter((thread) => (owners.get(thread) ?? count) >= count);
  const empty = numbersTo(count).filter((group) => groups[group] === undefined);
  const refuse = (fault: string): Grouping => ({ groups: [], fault, warnings: [] });
  if (empty.length > free.length) {
    return refuse(
      `More unassigned thread-groups (${empty.length}) than threads (${free.length}). ` +
        'Please reduce thread-groups.',
    );
  }
  const left = fillGroups(groups, empty, free);
  if (left > 0) {
    return refuse(
      `Remaining unassigned threads found (${left}) because all groups are in use. Please increase ` +
        "'thread-groups', reduce 'nbthread', or remove or extend 'thread-group' lines.",
    );
  }
  return limited(groups, threads);
}

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** The last line that names a thread has it. */
function ownersOf(definitions: readonly GroupDefinition[]): ReadonlyMap<number, number> {
  const last = new Map(definitions.map((one) => [one.group, one]));
  const owners = new Map<number, number>();
  for (const { group, threads } of definitions) {
    if (last.get(group)?.threads !== threads) continue;
    for (const thread of threads) owners.set(thread, group);
  }
  return owners;
}

function definedGroups(owners: ReadonlyMap<number, number>, count: number): ThreadGroup[] {
  const groups: ThreadGroup[] = [];
  for (const [thread, group] of [...owners].sort(([a], [b]) => a - b)) {
    if (group >= count) continue;
    const { first } = groups[group] ?? { first: thread };
    groups[group] = { first, count: thread - first + 1 };
  }
  return groups;
}

/** Fair shares of neighbours for groups that nobody defined; how many threads are left over. */
function fillGroups(groups: ThreadGroup[], empty: number[], free: number[]): number {
  let at = 0;
  for (let i = 0; i < empty.length; i++) {
    const share = Math.ceil((free.length - at) / (empty.length - i));
    const first = free[at];
    let count = 0;
    while (count < share && free[at] === first + count) {
      at++;
      count++;
    }
    groups[empty[i]] = { first, count };
  }
  return free.length - at;
}

/** No group has threads that do not exist. */
function limited(groups: readonly ThreadGroup[], threads: number): Grouping {
  const warnings: string[] = [];
  const existing: ThreadGroup[] = [];
  for (const [index, { first, count }] of groups.entries()) {
    const asked = `${first + 1}-${first + count}`;
    if (first >= threads) {
      const fault =
        `Thread-group ${index + 1} only references non-existing threads ` +
        `(max=${threads}, requested ${asked}).`;
      return { groups: [], fault, warnings };
    }
    const kept = Math.min(count, threads - first);
    if (kept < count) {
      warnings.push(
        `Reducing thread-group ${index + 1} to ${kept} threads (requested ${asked}, ` +
          `using ${first + 1}-${threads}).`,
      );
    }
    existing.push({ first, count: kept });
  }
  return { groups: existing, fault: '', warnings };
}

/** What nobody settled is one group of all. */
export function groupsOf(groups: readonly ThreadGroup[], threads: number): readonly ThreadGroup[] {
  return groups.length > 0 ? groups : [{ first: 0, count: threads }];
}

/** Group of a thread, from 0. */
export function groupOfThread(groups: readonly ThreadGroup[], thread: number): number {
  const found = groups.findIndex(({ first, count }) => thread >= first && thread < first + count);
  return Math.max(0, found);
}

// ---- sets of threads ----

/** What a set comes to; null and no fault: all threads. */
export interface ThreadChoice {
  readonly threads: readonly number[] | null;
  readonly fault: string;
}

/** The `thread` word of a bind line: `all`, `odd`, `2-4`, or the same in groups (`1/2-`). */
export function chooseThreads(text: string, groups: readonly ThreadGroup[]): ThreadChoice {
  if (text === '' || text === 'all') return { threads: null, fault: '' };
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  const chosen = new Set<number>();
  for (const part of text.split(',')) {
    const slash = part.indexOf('/');
    if (slash < 0) {
      for (const thread of numbersIn(part, total)) chosen.add(thread);
      continue;
    }
    const group = Number(part.slice(0, slash)) - 1;
    if (groups[group] === undefined) {
      return refused(`references non-existing thread group ${group + 1}`);
    }
    const { first, count } = groups[group];
    const own = numbersIn(part.slice(slash + 1) || 'all', count);
    if (own.length === 0) {
      return refused(`only references threads not belonging to group ${group + 1}`);
    }
    for (const thread of own) chosen.add(first + thread);
  }
  if (chosen.size === 0) return refused('only references non-existing threads');
  if (chosen.size === total) return { threads: null, fault: '' };
  return { threads: [...chosen].sort((a, b) => a - b), fault: '' };
}

const refused = (what: string): ThreadChoice => ({
  threads: null,
  fault: `'thread' directive ${what}`,
});

/** `all`, `odd`, `even`, `3`, `2-`, `-4`, `2-4`, of `count` things; from 0. */
export function numbersIn(range: string, count: number): readonly number[] {
  const all = numbersTo(count);
  if (range === 'all') return all;
  if (range === 'odd') return all.filter((index) => index % 2 === 0);
  if (range === 'even') return all.filter((index) => index % 2 === 1);
  const [low, high] = range.split('-');
  const from = low === '' ? 1 : Number(low);
  const to = high === undefined ? from : high === '' ? count : Number(high);
  return all.filter((index) => index + 1 >= from && index + 1 <= to);
}

/**
 * The threads of shard `shard` of `shards`: neighbours, of one group where there are as many shards
 * as groups or more.
 */
export function threadsOfShard(
  threads: readonly number[],
  groups: readonly ThreadGroup[],
  shard: number,
  shards: number,
): readonly number[] {
  const byGroup = groups
    .map(({ first, count }) => threads.filter((one) => one >= first && one < first + count))
    .filter((own) => own.length > 0);
  const share = (index: number, total: number): number =>
    Math.floor(((index + 1) * shards) / total) - Math.floor((index * shards) / total);
  const fits = byGroup.every((own, index) => {
    const wanted = share(index, byGroup.length);
    return wanted > 0 && wanted <= own.length;
  });
  if (!fits) return slice(threads, shard, shards);
  let before = 0;
  for (const [index, own] of byGroup.entries()) {
    const count = share(index, byGroup.length);
    if (shard < before + count) return slice(own, shard - before, count);
    before += count;
  }
  return threads;
}

function slice(threads: readonly number[], index: number, parts: number): readonly number[] {
  const at = (part: number): number => Math.floor((part * threads.length) / parts);
  return threads.slice(at(index), at(index + 1));
}
