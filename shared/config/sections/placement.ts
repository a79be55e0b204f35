// Keywords of `global` that say which CPUs the threads get (manual 3.1): cpu-map by hand, or
// cpu-set, cpu-policy and cpu-affinity by what the machine looks like (master/placement.ts). Rows
// only; parse.ts calls them. They write GlobalModel and nothing else.

import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { GlobalModel } from '../model.ts';
import { type GroupDefinition, groupsMax } from '../../thread-groups.ts';
import type { CpuSetDirective } from '../model-process.ts';

function addCpuMap(line: Line, global: GlobalModel): void {
  const threads = line.arg(0);
  if (line.count < 2) {
    line.alert(-1, "'cpu-map' expects a thread set and a list of CPU numbers or ranges.");
    return;
  }
  const set = /^(auto:)?(all|odd|even|\d+(-\d*)?)(\/(all|odd|even|\d+(-\d*)?))?$/;
  if (!set.test(threads)) {
    line.alert(0, `'cpu-map' : '${threads}' is not a set of threads.`);
    return;
  }
  const cpus = line.rest(1).flatMap((word) => word.split(','));
  const wrong = cpus.find((word) => !isCpuRange(word));
  if (wrong !== undefined) line.alert(1, `'cpu-map' : '${wrong}' is not a CPU number or range.`);
  else global.cpuMap = [...global.cpuMap, { threads, cpus }];
}

/** Of a process, at most. */
const threadsMax = 1024;

const isCpuRange = (word: string): boolean => /^\d+(-\d+)?$/.test(word);

/** Each keeps (only) or leaves out (drop) what is in its set. */
const directives: readonly CpuSetDirective[] = (
  ['cpu', 'node', 'cluster', 'core', 'thread'] as const
).flatMap((what) => [`only-${what}`, `drop-${what}`] as const);

function readCpuSet(line: Line, global: GlobalModel): void {
  const names = ['reset', ...directives].map((name) => `'${name}'`).join(', ');
  if (line.count === 0) {
    line.alert(
      -1,
      `'cpu-set' requires a directive and an optional value (only ${names} supported).`,
    );
    return;
  }
  const set = [...global.placement.set];
  for (let at = 0; at < line.count; ) {
    const name = line.arg(at);
    if (name === 'reset') {
      set.push({ directive: 'reset', numbers: [] });
      at++;
      continue;
    }
    const directive = directives.find((one) => one === name);
    if (directive === undefined) {
      line.alert(at, `'cpu-set' passed an unknown directive '${name}' (only ${names} supported).`);
      return;
    }
    const list = line.arg(at + 1);
    const wrong = list.split(',').find((word) => !isCpuRange(word));
    if (list === '' || wrong !== undefined) {
      const why = list === '' ? 'missing CPU set' : `'${wrong}' is not a CPU range.`;
      line.alert(at, `'cpu-set ${name}': ${why}`);
      return;
    }
    set.push({ directive, numbers: list.split(',') });
    at += 2;
  }
  global.placement = { ...global.placement, set };
}

const grouped = ['ccx', 'cluster'].flatMap((what) => [
  `group-by-${what}`,
  ...[2, 3, 4].map((count) => `group-by-${count}-${what}${what === 'cluster' ? 's' : ''}`),
]);

/** Manual 3.1, cpu-policy. */
const policies = [
  ...['none', 'performance', ...grouped],
  ...['efficiency', 'resource', 'first-usable-node'],
];

function readPolicy(line: Line, global: GlobalModel): void {
  const name = line.arg(0);
  if (!policies.includes(name)) {
    const known = policies.map((one) => `'${one}'`).join(', ');
    line.alert(
      0,
      `'cpu-policy' passed an unknown CPU policy '${name}'. Supported values are: ${known}.`,
    );
    return;
  }
  let isPerCore = false;
  for (let at = 1; at < line.count; at += 2) {
    const word = line.arg(at);
    const value = line.arg(at + 1);
    if (word !== 'threads-per-core') {
      const only = 'the only known values are threads-per-core';
      line.alert(at, `'cpu-policy' passed an unknown keyword '${word}', ${only}`);
      return;
    }
    if (value !== '1' && value !== 'auto') {
      const what = `passed an unknown value '${value}' to keyword 'threads-per-core'`;
      line.alert(at + 1, `'cpu-policy' ${what}, known values are 1 or auto`);
      return;
    }
    isPerCore = value === '1';
  }
  global.placement = { ...global.placement, policy: name, isPerCore };
}

const affinities = ['per-core', 'per-group', 'per-thread', 'per-ccx', 'auto'] as const;

function readAffinity(line: Line, global: GlobalModel): void {
  if (!line.atMost(2)) return;
  const name = line.arg(0);
  const affinity = affinities.find((one) => one === name);
  if (affinity === undefined) {
    const known = affinities.join(' ');
    line.alert(
      0,
      `'cpu-affinity' parsed an unknown directive '${name}'. Known values are : ${known}`,
    );
    return;
  }
  const option = line.arg(1);
  const options = affinity === 'per-group' ? ['loose', 'auto'] : [];
  if (option !== '' && !options.includes(option)) {
    const known = options.length > 0 ? ` Known values are : ${options.join(' ')}` : '';
    line.alert(1, `'${name}' provided with unknown optional argument '${option}'. ${known}`);
    return;
  }
  global.placement = { ...global.placement, affinity, isLoose: option === 'loose' };
}

function readGroup(line: Line, global: GlobalModel): void {
  const number = line.integer(0, { min: 1, max: groupsMax });
  if (number === null) return;
  const threads = new Set<number>();
  for (const [at, word] of line.rest(1).entries()) {
    const [, low, high = low] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
    const [from, to] = [Number(low), Number(high)];
    if (!(from >= 1 && to >= from && to <= threadsMax)) {
      const what = `passed an unparsable or invalid thread number '${word}'`;
      line.alert(at + 1, `'thread-group ${number}' ${what} (valid range is 1 to ${threadsMax})`);
      return;
    }
    for (let thread = from; thread <= to; thread++) threads.add(thread - 1);
  }
  const list = [...threads].sort((a, b) => a - b);
  if (list.length > 0 && list[list.length - 1] - list[0] >= list.length) {
    const what = 'assigned sparse threads, only contiguous supported';
    line.alert(1, `'thread-group ${number}' ${what}`);
    return;
  }
  warnOfOverlap(line, global.groupDefinitions, { group: number - 1, threads: list });
  global.groupDefinitions = [...global.groupDefinitions, { group: number - 1, threads: list }];
}

/** The later line wins. */
function warnOfOverlap(
  line: Line,
  earlier: readonly GroupDefinition[],
  { group, threads }: GroupDefinition,
): void {
  const name = `'thread-group ${group + 1}'`;
  if (earlier.some((one) => one.group === group)) {
    line.warning(0, `${name} was already defined and will be overridden.`);
  }
  for (const other of earlier) {
    const both = other.group === group ? undefined : other.threads.find((t) => threads.includes(t));
    if (both === undefined) continue;
    line.warning(
      1,
      `${name}: thread ${both + 1} was previously assigned to thread group ${other.group + 1} ` +
        'and will be overridden.',
    );
  }
}

export const placementKeywords: readonly GlobalKeyword[] = [
  {
    name: 'thread-group',
    help: 'which threads form that group',
    example: 'thread-group 1 1-2',
    parse: readGroup,
  },
  {
    name: 'cpu-map',
    help: 'which CPUs a thread may use',
    example: 'cpu-map auto:1/1-4 0-3',
    parse: addCpuMap,
  },
  {
    name: 'cpu-set',
    help: 'which CPUs are used at all, by number, node, cluster, core or hardware thread',
    example: 'cpu-set only-node 0 drop-cpu 0',
    parse: readCpuSet,
  },
  {
    name: 'cpu-policy',
    help: 'how many threads there are and which CPUs they share, without cpu-map',
    example: 'cpu-policy performance threads-per-core 1',
    parse: readPolicy,
  },
  {
    name: 'cpu-affinity',
    help: 'how closely a thread is bound to its CPUs',
    example: 'cpu-affinity per-core',
    parse: readAffinity,
  },
];
