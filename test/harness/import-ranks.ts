// Which folder may import which: the table that test/tidy.test.ts checks. A value import goes to a
// lower rank or stays where it is; a type may also come from a contract. Add a folder here when it
// is made.

import type { ImportEdge } from './source-tree.ts';

interface Rank {
  readonly names: readonly string[];
  /** The names of this rank are one part, cut out of a folder: they may import each other. */
  readonly isOne?: boolean;
}

const apart = (...names: string[]): Rank => ({ names });
const together = (...names: string[]): Rank => ({ names, isOne: true });

/** Lowest first. A path belongs to the longest name that begins it. */
const ranks: readonly Rank[] = [
  apart(
    'shared/units.ts',
    'shared/block.ts',
    'shared/hash.ts',
    'shared/address.ts',
    'shared/certificate.ts',
    'shared/verify-names.ts',
    'shared/encrypted-token.ts',
    'shared/version.ts',
    'shared/engine-flags.ts',
    'shared/command-help.ts',
    'shared/profiling-mode.ts',
    'shared/thread-groups.ts',
  ),
  apart('shared/master-commands.ts', 'shared/ocsp.ts'),
  apart('shared/sys'),
  apart('shared/trace'),
  apart('shared/segment'),
  apart('shared/config'),
  apart('shared/dashboard-messages.ts'),
  apart('shared/messages.ts', 'shared/explanation.ts'),
  apart('master'),
  apart('cli'),
  apart('worker/memory'),
  apart('worker/loop'),
  apart('worker/http'),
  apart('worker/conn'),
  apart('worker/host-tls.ts'),
  together('worker/sample/sample.ts', 'worker/sample/address.ts', 'worker/sample/int64.ts'),
  // The contracts' few values: table(), and the numbers of closed sets.
  apart('worker/keyword.ts', 'worker/program.ts', 'worker/thread-context.ts'),
  apart('worker/line-cursor.ts'),
  apart('worker/tables'),
  apart('worker/match', 'worker/server', 'worker/log'),
  apart('worker/mux'),
  apart('worker/stream'),
  apart('worker/sample'),
  apart(
    'worker/actions',
    'worker/balance',
    'worker/check',
    'worker/mailers',
    'worker/peers',
    'worker/resolvers',
    'worker/stats',
    'worker/syslog',
  ),
  apart('worker/dashboard'),
  apart('worker/runtime'),
  together('worker/catalog.ts', 'worker/keyword-list.ts'),
  apart('worker/compile'),
  apart('worker'),
  apart('test'),
];

const order = ranks.flatMap(({ names, isOne }, rank) =>
  names.map((name) => ({ name, rank, part: isOne ? names.join(' + ') : name })),
);

interface Place {
  readonly name: string;
  readonly rank: number;
  /** Files of one part import each other freely. */
  readonly part: string;
}

/** Where a file stands; undefined for a folder the table does not know. */
export function placeOf(path: string): Place | undefined {
  return order
    .filter(({ name }) => path === name || path.startsWith(`${name}/`))
    .reduce<Place | undefined>(
      (best, one) => (best === undefined || one.name.length > best.name.length ? one : best),
      undefined,
    );
}

/**
 * Files whose types everyone above and below may name; they are the agreements between the folders.
 */
const contracts = new Set([
  'shared/messages.ts',
  'worker/keyword.ts',
  'worker/program.ts',
  'worker/thread-context.ts',
  'worker/stream/stream.ts',
  'worker/stream/session.ts',
]);

/** What a part sees of the repository beside itself, where its rank alone would allow more. */
const onlySees: Readonly<Record<string, readonly string[]>> = {
  master: ['shared', 'master'],
  cli: ['shared', 'cli', 'master/main.ts'],
  'worker/http': ['worker/http', 'worker/memory'],
};

/**
 * On the control thread alone, and on proxy threads alone: they meet in the segment and in
 * messages.
 */
const controlSide = [
  'worker/runtime',
  'worker/check',
  'worker/mailers',
  'worker/peers',
  'worker/resolvers',
  'worker/stats',
  'worker/syslog',
];
const proxySide = ['worker/loop', 'worker/memory', 'worker/mux', 'worker/stream', 'worker/balance'];

const isIn = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));

/** Why an edge between two files of the repository is not allowed; undefined when it is. */
export function edgeFault({ from, to, isType }: ImportEdge): string | undefined {
  if (from.endsWith('.test.ts')) return undefined;
  const source = placeOf(from);
  const target = placeOf(to);
  if (source === undefined || target === undefined) {
    return `${source === undefined ? from : to} has no rank in test/harness/import-ranks.ts`;
  }
  if (source.name === 'test') return undefined;
  const seen = onlySees[source.name];
  if (seen !== undefined && !isIn(to, seen)) return `${source.name} may import ${seen.join(', ')}`;
  if (!isType && isIn(from, controlSide) && isIn(to, proxySide)) {
    return 'the control thread and a proxy thread meet in the segment and in messages';
  }
  if (source.part === target.part || target.rank < source.rank) return undefined;
  if (isType && (contracts.has(to) || contracts.has(from))) return undefined;
  return isType ? `types of ${target.name} are no contract` : `${target.name} ranks higher`;
}

/** Paths of files that import each other's values in a circle, one circle each, or none. */
export function importCycles(edges: readonly ImportEdge[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to, isType } of edges) {
    if (!isType) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push([...path.slice(at), file]);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const to of next.get(file) ?? []) visit(to);
    path.pop();
    done.add(file);
  };
  for (const file of next.keys()) visit(file);
  return cycles;
}
