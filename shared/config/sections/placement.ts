// Keywords of `global` that say which CPUs the threads get (manual 3.1): cpu-map by hand, or
// cpu-set, cpu-policy and cpu-affinity by what the machine looks like (master/placement.ts). Rows
// only; parse.ts calls them. They write GlobalModel and nothing else.

import type { GlobalKeyword } from '../keyword.ts';
import type { Line } from '../line.ts';
import type { GlobalModel } from '../model.ts';
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

export const placementKeywords: readonly GlobalKeyword[] = [
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
