// What the kernel says of the machine's CPUs: nodes, caches, cores, speed. Read when a
// configuration asks where threads should run (placement.ts), before the process gives up its view
// of /sys.

import { readdirSync, readFileSync } from 'node:fs';

/** One CPU of the kernel, that is a hardware thread. */
export interface Cpu {
  readonly cpu: number;
  readonly node: number;
  /** CPUs that share a last level cache, numbered from 0 in order of appearance. */
  readonly ccx: number;
  /** CPUs of one kind within a ccx, numbered likewise. */
  readonly cluster: number;
  /** Numbered likewise over the whole machine. */
  readonly core: number;
  /** Its place within the core. */
  readonly thread: number;
  /** In whatever unit the kernel has; only comparisons mean something. 0: not known. */
  readonly capacity: number;
}

/** `0-3,8` as numbers. */
export function numbersOf(list: string): number[] {
  if (list.trim() === '') return [];
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map((word) => Number.parseInt(word, 10));
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });
}

/** Where to read: tests have other machines in a folder. */
export class Topology {
  private readonly sysfs: string;

  constructor(sysfs = '/sys/devices/system') {
    this.sysfs = sysfs;
  }

  /** CPUs that are online, by number. */
  cpus(): readonly Cpu[] {
    const online = numbersOf(this.text('cpu/online') || '0');
    const nodes = this.nodes();
    const ccxs = new Numbers();
    const cores = new Numbers();
    const clusters = new Numbers();
    const leaders = new Map<number, number[]>();
    return online.map((cpu) => {
      const folder = `cpu/cpu${cpu}`;
      const package_ = this.text(`${folder}/topology/physical_package_id`) || '0';
      const ccx = ccxs.of(this.lastCache(folder) || `package ${package_}`);
      const core = cores.of(this.text(`${folder}/topology/thread_siblings_list`) || `cpu ${cpu}`);
      const capacity = this.capacity(folder);
      const siblings = leaders.get(core) ?? [];
      leaders.set(core, [...siblings, cpu]);
      const known = this.text(`${folder}/topology/cluster_id`);
      const kind = classOf(capacity);
      const cluster = clusters.of(`${ccx} ${/^\d+$/.test(known) ? known : ''} ${kind}`);
      const node = nodes.get(cpu) ?? 0;
      return { cpu, node, ccx, cluster, core, thread: siblings.length, capacity };
    });
  }

  /** CPUs that this process may use: a service manager or taskset may have taken some away. */
  static allowed(): readonly number[] {
    const status = readFileSync('/proc/self/status', 'latin1');
    return numbersOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
  }

  private nodes(): ReadonlyMap<number, number> {
    const found = new Map<number, number>();
    for (const name of this.names('node')) {
      const node = /^node(\d+)$/.exec(name)?.[1];
      if (node === undefined) continue;
      for (const cpu of numbersOf(this.text(`node/${name}/cpulist`))) found.set(cpu, Number(node));
    }
    return found;
  }

  /** CPUs that share the last level, as the kernel writes them; '' : not told. */
  private lastCache(folder: string): string {
    let level = 0;
    let list = '';
    for (const name of this.names(`${folder}/cache`)) {
      const found = Number(this.text(`${folder}/cache/${name}/level`));
      // A cache of the third level or above is what cores share; below it they may have their own.
      if (!(found > level) || found < 3) continue;
      level = found;
      list = this.text(`${folder}/cache/${name}/shared_cpu_list`);
    }
    return list;
  }

  private capacity(folder: string): number {
    const places = ['cpu_capacity', 'acpi_cppc/nominal_perf', 'cpufreq/cpuinfo_max_freq'];
    for (const place of places) {
      const value = Number(this.text(`${folder}/${place}`));
      if (value > 0) return value;
    }
    return 0;
  }

  private names(folder: string): string[] {
    try {
      return readdirSync(`${this.sysfs}/${folder}`).toSorted();
    } catch {
      return []; // Not every kernel tells everything.
    }
  }

  private text(file: string): string {
    try {
      return readFileSync(`${this.sysfs}/${file}`, 'latin1').trim();
    } catch {
      return '';
    }
  }
}

/** Numbers for names, in order of appearance. */
class Numbers {
  private readonly known = new Map<string, number>();

  of(name: string): number {
    const number = this.known.get(name) ?? this.known.size;
    this.known.set(name, number);
    return number;
  }
}

/** CPUs of one kind differ by less than this: single cores are binned a little faster. */
const classStep = 1.08;

function classOf(capacity: number): number {
  return capacity > 0 ? Math.round(Math.log(capacity) / Math.log(classStep)) : 0;
}
