// Machines as tables: what each policy, set and affinity makes of them.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import type { CpuSetDirective, PlacementModel } from '../shared/config/model-process.ts';
import { isPlaced, place } from './placement.ts';
import { type Cpu, numbersOf, Topology } from './topology.ts';

const nothing: PlacementModel = {
  set: [],
  policy: '',
  isPerCore: false,
  affinity: '',
  isLoose: false,
};

interface Shape {
  readonly nodes: number;
  readonly ccxPerNode: number;
  readonly coresPerCcx: number;
  readonly threadsPerCore: number;
}

/** CPUs numbered as Linux does it: first hardware threads first. */
function machine({ nodes, ccxPerNode, coresPerCcx, threadsPerCore }: Shape): Cpu[] {
  const cores = nodes * ccxPerNode * coresPerCcx;
  return Array.from({ length: cores * threadsPerCore }, (_, cpu) => {
    const core = cpu % cores;
    const ccx = Math.floor(core / coresPerCcx);
    const node = Math.floor(ccx / ccxPerNode);
    return { cpu, node, ccx, cluster: ccx, core, thread: Math.floor(cpu / cores), capacity: 100 };
  });
}

/** 4 fast cores with two threads each (0-7), 8 slow ones (8-15), one cache. */
const hybrid: readonly Cpu[] = Array.from({ length: 16 }, (_, cpu) => {
  const isFast = cpu < 8;
  return {
    cpu,
    node: 0,
    ccx: 0,
    cluster: isFast ? 0 : 1,
    core: isFast ? cpu >> 1 : cpu - 4,
    thread: isFast ? cpu & 1 : 0,
    capacity: isFast ? 1024 : 600,
  };
});

const server = machine({ nodes: 2, ccxPerNode: 2, coresPerCcx: 4, threadsPerCore: 2 });

/** `2 x 0,1 | 1 x 2`: CPUs of each thread, equal neighbours once with their number. */
function placed(
  cpus: readonly Cpu[],
  wish: Partial<PlacementModel>,
  more: { readonly nbthread?: number; readonly hardLimit?: number; readonly allowed?: string } = {},
): string {
  const { nbthread = 0, hardLimit = 0, allowed } = more;
  const { threads, fault } = place({
    cpus,
    allowed: allowed === undefined ? cpus.map(({ cpu }) => cpu) : numbersOf(allowed),
    placement: { ...nothing, ...wish },
    nbthread,
    hardLimit,
  });
  if (fault !== '') return fault;
  const runs: { text: string; count: number }[] = [];
  for (const list of threads) {
    const text = list.join(',');
    const last = runs.at(-1);
    if (last?.text === text) last.count++;
    else runs.push({ text, count: 1 });
  }
  return runs.map(({ text, count }) => `${count} x ${text}`).join(' | ');
}

const set = (...words: readonly string[]): PlacementModel['set'] =>
  words.map((word) => {
    const [directive, numbers = ''] = word.split(' ');
    return {
      directive: directive as CpuSetDirective,
      numbers: numbers === '' ? [] : numbers.split(','),
    };
  });

test('policies make groups, and threads share the CPUs of theirs', () => {
  const ccx = [0, 4, 8, 12].map((at) => [0, 1, 2, 3, 16, 17, 18, 19].map((n) => n + at).join(','));
  const each = ccx.map((text) => `8 x ${text}`).join(' | ');
  for (const policy of ['group-by-ccx', 'group-by-cluster', 'performance', 'efficiency']) {
    assert.equal(placed(server, { policy }), each, policy);
  }
  const two = placed(server, { policy: 'group-by-2-ccx' });
  assert.equal(
    two,
    '16 x 0,1,2,3,4,5,6,7,16,17,18,19,20,21,22,23 | 16 x 8,9,10,11,12,13,14,15,24,25,26,27,28,29,30,31',
  );
  assert.equal(placed(server, { policy: 'first-usable-node' }), two.split(' | ')[0]);
  assert.equal(placed(server, { policy: 'resource' }), each.split(' | ')[0]);
  assert.match(placed(server, { policy: 'none' }), /^32 x 0,1,.*,31$/);
});

test('kinds of cores are told apart by what they can do', () => {
  assert.equal(placed(hybrid, { policy: 'performance' }), '8 x 0,1,2,3,4,5,6,7');
  assert.equal(placed(hybrid, { policy: 'efficiency' }), '8 x 8,9,10,11,12,13,14,15');
  assert.equal(placed(hybrid, { policy: 'resource' }), '8 x 8,9,10,11,12,13,14,15');
  assert.match(placed(hybrid, { policy: 'group-by-ccx' }), /^16 x 0,1,.*,15$/);
});

test('one thread per core is bound to its core, others as cpu-affinity says', () => {
  const perCore = { policy: 'performance', isPerCore: true } as const;
  assert.equal(placed(hybrid, perCore), '1 x 0,1 | 1 x 2,3 | 1 x 4,5 | 1 x 6,7');
  assert.equal(
    placed(hybrid, { ...perCore, affinity: 'per-thread' }),
    '1 x 0 | 1 x 2 | 1 x 4 | 1 x 6',
  );
  assert.equal(placed(hybrid, { ...perCore, affinity: 'per-group' }), '4 x 0,1,2,3,4,5,6,7');
  assert.match(
    placed(server, { policy: 'none', affinity: 'per-ccx' }),
    /^4 x 0,1,2,3,16,17,18,19 \| 4 x 4,5/,
  );
  assert.match(placed(server, { affinity: 'per-core' }), /^1 x 0,16 \| 1 x 1,17 \| /);
});

test('cpu-set takes CPUs away, in order', () => {
  assert.equal(
    placed(server, { set: set('only-node 1', 'drop-thread 1') }),
    '8 x 8,9,10,11,12,13,14,15',
  );
  assert.equal(placed(server, { set: set('only-cpu 0-3', 'drop-cpu 0,2') }), '2 x 1,3');
  assert.equal(placed(server, { set: set('only-cluster 3', 'only-core 12') }), '2 x 12,28');
  assert.equal(placed(server, { set: set('drop-node 0-1') }), "'cpu-set' leaves no CPU to run on");
  assert.equal(placed(server, { set: set('only-node 0') }, { allowed: '2,20' }), '2 x 2,20');
  assert.match(placed(server, { set: set('reset') }, { allowed: '2,20' }), /^32 x 0,/);
});

test('numbers of threads that are said win, and more than 64 are split', () => {
  assert.equal(
    placed(hybrid, { affinity: 'per-thread' }, { nbthread: 3 }),
    '1 x 0 | 1 x 1 | 1 x 2',
  );
  assert.equal(placed(hybrid, { policy: 'performance' }, { hardLimit: 2 }), '2 x 0,1,2,3,4,5,6,7');
  const large = machine({ nodes: 1, ccxPerNode: 1, coresPerCcx: 96, threadsPerCore: 1 });
  assert.match(placed(large, { policy: 'none' }), /^48 x 0,1,.*,47 \| 48 x 48,.*,95$/);
  assert.match(
    placed(large, { policy: 'none', affinity: 'per-group', isLoose: true }),
    /^96 x 0,.*,95$/,
  );
  assert.equal(isPlaced(nothing), false);
  assert.equal(isPlaced({ ...nothing, policy: 'none' }), true);
});

const folder = mkdtempSync(join(tmpdir(), 'hawser-topology-'));
after(() => rmSync(folder, { recursive: true }));

test('the topology is read from /sys, as much of it as there is', () => {
  const write = (name: string, text: string): void => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${text}\n`);
  };
  write('cpu/online', '0-3');
  write('node/node0/cpulist', '0,2');
  write('node/node1/cpulist', '1,3');
  for (const cpu of [0, 1, 2, 3]) {
    write(`cpu/cpu${cpu}/topology/physical_package_id`, `${cpu & 1}`);
    write(`cpu/cpu${cpu}/topology/thread_siblings_list`, `${cpu & 1},${(cpu & 1) + 2}`);
    write(`cpu/cpu${cpu}/topology/cluster_id`, '-1');
    write(`cpu/cpu${cpu}/cache/index2/level`, '2');
    write(`cpu/cpu${cpu}/cache/index2/shared_cpu_list`, `${cpu}`);
    write(`cpu/cpu${cpu}/cpufreq/cpuinfo_max_freq`, '3000000');
  }
  const rows = new Topology(folder).cpus();
  assert.deepEqual(
    rows.map(({ cpu, node, ccx, core, thread }) => [cpu, node, ccx, core, thread]),
    [
      [0, 0, 0, 0, 0],
      [1, 1, 1, 1, 0],
      [2, 0, 0, 0, 1],
      [3, 1, 1, 1, 1],
    ],
  );
  // This machine, whatever it is.
  assert.ok(new Topology().cpus().length > 0);
  assert.ok(Topology.allowed().length > 0);
});
