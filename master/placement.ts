// How many threads there are and where they run, when cpu-set, cpu-policy or cpu-affinity say so
// and nothing says it by number (manual 3.1). Pure: from CPUs to CPUs. Called by start.ts.

import type { PlacementModel } from '../shared/config/model-process.ts';
import { type Cpu, numbersOf } from './topology.ts';

export interface PlacementInput {
  readonly cpus: readonly Cpu[];
  /** Numbers of those that this process may use. */
  readonly allowed: readonly number[];
  readonly placement: PlacementModel;
  /** nbthread, 0: not said. */
  readonly nbthread: number;
  /** thread-hard-limit, 0: none. */
  readonly hardLimit: number;
}

export interface Placed {
  /** CPUs of each thread; as many as there are threads. */
  readonly threads: readonly (readonly number[])[];
  /** Why nothing could be placed, '' : all is well. */
  readonly fault: string;
}

/** Most threads of a group, as in HAProxy. */
const groupMost = 64;
/** performance: kinds below this share of the next better one are left out. */
const performanceShare = 0.8;
/** efficiency: kinds above this multiple of the next weaker one are left out. */
const efficiencyShare = 1.25;

/** Whether anything asks for a placement. */
export function isPlaced({ set, policy, affinity }: PlacementModel): boolean {
  return set.length > 0 || policy !== '' || affinity !== '';
}

/** The first thread gets the first CPU of the first group, and so on. */
export function place(input: PlacementInput): Placed {
  const { placement, nbthread, hardLimit } = input;
  const usable = select(input);
  if (usable.length === 0) return { threads: [], fault: "'cpu-set' leaves no CPU to run on" };
  const groups = nbthread > 0 ? [usable] : groupsOf(usable, placement);
  const threads: (readonly number[])[] = [];
  for (const group of groups) {
    const homes = placement.isPerCore ? firstOfCores(group) : group;
    const count = nbthread > 0 ? nbthread : homes.length;
    for (let i = 0; i < count; i++) {
      threads.push(boundTo(homes[i % homes.length], { group, usable, placement }));
    }
  }
  return { threads: hardLimit > 0 ? threads.slice(0, hardLimit) : threads, fault: '' };
}

// ---- cpu-set ----

function select({ cpus, allowed, placement }: PlacementInput): readonly Cpu[] {
  const mayUse = new Set(allowed);
  const isReset = placement.set.some(({ directive }) => directive === 'reset');
  let chosen = isReset ? cpus : cpus.filter(({ cpu }) => mayUse.has(cpu));
  for (const { directive, numbers } of placement.set) {
    if (directive === 'reset') continue;
    const [verb, what] = directive.split('-') as ['only' | 'drop', 'cpu' | 'node'];
    const named = new Set(numbers.flatMap(numbersOf));
    chosen = chosen.filter((one) => named.has(one[what]) === (verb === 'only'));
  }
  return chosen;
}

// ---- cpu-policy ----

function groupsOf(usable: readonly Cpu[], { policy }: PlacementModel): readonly (readonly Cpu[])[] {
  const match = /^group-by-(?:(\d)-)?(ccx|cluster)s?$/.exec(policy);
  if (match !== null) return split(gather(usable, match[2] as Unit, Number(match[1] ?? 1)));
  switch (policy) {
    case 'performance':
      return split(gather(strongest(usable), 'ccx', 1));
    case 'efficiency':
      return split(gather(weakest(usable), 'ccx', 1));
    case 'resource':
      return split([smallest(usable)]);
    case 'first-usable-node':
      return split([usable.filter(({ node }) => node === usable[0].node)]);
    default:
      return split([usable]);
  }
}

type Unit = 'ccx' | 'cluster';

/** CPUs by unit, `count` units together. */
function gather(cpus: readonly Cpu[], unit: Unit, count: number): Cpu[][] {
  const units = [...new Set(cpus.map((cpu) => cpu[unit]))];
  const groups: Cpu[][] = [];
  for (let from = 0; from < units.length; from += count) {
    const together = new Set(units.slice(from, from + count));
    groups.push(cpus.filter((cpu) => together.has(cpu[unit])));
  }
  return groups;
}

/** Fair shares of a group that is too large for one. */
function split(groups: readonly (readonly Cpu[])[]): readonly (readonly Cpu[])[] {
  return groups.flatMap((group) => {
    const parts = Math.ceil(group.length / groupMost);
    const each = Math.ceil(group.length / Math.max(1, parts));
    return Array.from({ length: parts }, (_, index) =>
      group.slice(index * each, (index + 1) * each),
    );
  });
}

/** Clusters with what one of their CPUs can do, best first. */
function ranked(cpus: readonly Cpu[]): readonly { readonly cpus: Cpu[]; readonly each: number }[] {
  return gather(cpus, 'cluster', 1)
    .map((cluster) => ({
      cpus: cluster,
      each: cluster.reduce((sum, { capacity }) => sum + capacity, 0) / cluster.length,
    }))
    .toSorted((a, b) => b.each - a.each);
}

function strongest(cpus: readonly Cpu[]): readonly Cpu[] {
  const clusters = ranked(cpus);
  const end = clusters.findIndex(
    ({ each }, index) => index > 0 && each < clusters[index - 1].each * performanceShare,
  );
  return inOrder(clusters.slice(0, end < 0 ? clusters.length : end).flatMap((one) => one.cpus));
}

function weakest(cpus: readonly Cpu[]): readonly Cpu[] {
  const clusters = ranked(cpus).toReversed();
  const end = clusters.findIndex(
    ({ each }, index) => index > 0 && each > clusters[index - 1].each * efficiencyShare,
  );
  return inOrder(clusters.slice(0, end < 0 ? clusters.length : end).flatMap((one) => one.cpus));
}

/** The cluster that can do least in all. */
function smallest(cpus: readonly Cpu[]): readonly Cpu[] {
  const work = ({ cpus: all, each }: { cpus: Cpu[]; each: number }): number =>
    all.length * Math.max(each, 1);
  return ranked(cpus).reduce((best, one) => (work(one) < work(best) ? one : best)).cpus;
}

const inOrder = (cpus: readonly Cpu[]): readonly Cpu[] => cpus.toSorted((a, b) => a.cpu - b.cpu);

// ---- cpu-affinity ----

/** One hardware thread of each core. */
function firstOfCores(cpus: readonly Cpu[]): readonly Cpu[] {
  return cpus.filter((cpu, index) => cpus.findIndex(({ core }) => core === cpu.core) === index);
}

interface Binding {
  readonly group: readonly Cpu[];
  readonly usable: readonly Cpu[];
  readonly placement: PlacementModel;
}

function boundTo(home: Cpu, { group, usable, placement }: Binding): readonly number[] {
  const { affinity, isPerCore, isLoose } = placement;
  const numbers = (cpus: readonly Cpu[]): number[] => cpus.map(({ cpu }) => cpu);
  switch (
    affinity === '' || affinity === 'auto' ? (isPerCore ? 'per-core' : 'per-group') : affinity
  ) {
    case 'per-core':
      return numbers(usable.filter(({ core }) => core === home.core));
    case 'per-thread':
      return [home.cpu];
    case 'per-ccx':
      return numbers(usable.filter(({ ccx }) => ccx === home.ccx));
    default:
      return numbers(isLoose ? usable.filter(({ ccx }) => hasCcx(group, ccx)) : group);
  }
}

const hasCcx = (group: readonly Cpu[], ccx: number): boolean =>
  group.some((one) => one.ccx === ccx);
