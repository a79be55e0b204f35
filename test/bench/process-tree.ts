// What a process and all its descendants cost, from /proc: CPU time and memory. For the bench.

import { readdirSync, readFileSync } from 'node:fs';

/** Kernel's clock ticks per second as /proc shows them, on every Linux. */
const ticksPerSecond = 100;

interface Entry {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function entryOf(pid: number): Entry | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold blanks: fields are counted from behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that have been waited for: fields 14 to 17 of proc(5).
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { pid, parent: Number(fields[1]), ticks };
  } catch {
    return undefined; // ended meanwhile
  }
}

function treeOf(root: number): Entry[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => entryOf(Number(name)) ?? []);
  const tree = all.filter(({ pid }) => pid === root);
  for (const one of tree) tree.push(...all.filter(({ parent }) => parent === one.pid));
  return tree;
}

/** CPU time of the whole tree since it began, in microseconds. */
export const treeCpuUs = (root: number): number =>
  treeOf(root).reduce((sum, { ticks }) => sum + ticks, 0) * (1e6 / ticksPerSecond);

/** Memory of the whole tree, in bytes: proportional set size, so that shared pages count once. */
export function treeMemoryBytes(root: number): number {
  return treeOf(root).reduce((sum, { pid }) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return sum + Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
  }, 0);
}
