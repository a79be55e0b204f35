// The stick tables of a model: in which order they are numbered, how they are called, and what the
// segment must know of them. Asked by the master for the size of the segment, by the compiler for
// the tables that rules name, and by workers that open them.

import type { OpenOptions } from '../segment/segment.ts';
import { tableBytes, type TablePolicy } from '../segment/table-layout.ts';
import type { Model, PeersModel, StickTableModel } from './model.ts';

export type TableOwners = Pick<Model, 'proxies' | 'peers'>;

export interface NamedTable {
  /** For rules and the runtime API: the proxy's name, or SECTION/NAME. */
  readonly name: string;
  /** What peers call it: the proxy's name, or /NAME. */
  readonly wireName: string;
  readonly table: StickTableModel;
  /** It holds what one peer has counted for an `aggregate` table; undefined: a table of its own. */
  readonly shareOf?: { readonly table: string; readonly peer: string };
}

/**
 * By number: first the shares of peers, then tables of peers sections, then one place for each
 * proxy, null where it has no table. A proxy that is added while running has the next number.
 */
export function tablesOf({ proxies, peers }: TableOwners): readonly (NamedTable | null)[] {
  const own = proxies.map(({ name, stickTable }) =>
    stickTable === null ? null : { name, wireName: name, table: stickTable },
  );
  const shared = peers.flatMap((section) =>
    section.tables.map(({ name, table }) => ({
      name: `${section.name}/${name}`,
      wireName: `/${name}`,
      table,
    })),
  );
  const known = [...shared, ...own];
  return [...known.flatMap((one) => (one === null ? [] : sharesOf(one, peers))), ...known];
}

/** A table for each other member: what it says never mixes with what is counted here. */
function sharesOf({ name, table }: NamedTable, sections: TableOwners['peers']): NamedTable[] {
  if (!table.aggregates || table.peers === '') return [];
  const section = sections.find((one) => one.name === table.peers);
  return (section === undefined ? [] : membersOf(section)).map((peer) => {
    const called = `${name}@${peer}`;
    const shareOf = { table: name, peer };
    const plain = { ...table, aggregates: false, peers: '', writeTo: '' };
    return { name: called, wireName: called, table: plain, shareOf };
  });
}

/** The number of the table that is called `name`, -1: there is none. */
export function tableIndexOf(owners: TableOwners, name: string): number {
  return tablesOf(owners).findIndex((one) => one?.name === name);
}

/** Those who count beside this process: peers by name; who meets at a Redis server has a number. */
function membersOf({ peers, redis }: PeersModel): readonly string[] {
  if (redis !== null) return Array.from({ length: redis.members }, (_, index) => `${index + 1}`);
  return peers.filter(({ isLocal }) => !isLocal).map(({ name }) => name);
}

/** What the segment must know of a table. */
export function tablePolicyOf({ name, table }: NamedTable): TablePolicy {
  const { keyType, keyLength, size, store, expireMs, purges, bytesRateFactor, peers } = table;
  const shape = { name, keyType, keyLength, size, store };
  return { shape, expireMs, purges, bytesRateFactor, reports: peers !== '' };
}

/** What a segment of this configuration must hold. */
export function segmentOptions(model: Pick<Model, 'global' | 'proxies' | 'peers'>): OpenOptions {
  const { shmStatsFile, shmStatsFileMaxObjects, nbthread, groups } = model.global;
  return {
    path: shmStatsFile,
    objects: countObjects(model),
    writers: nbthread + 1,
    objectsMax: shmStatsFileMaxObjects * Math.max(1, groups.length),
    tableBytes: bytesOfTables(model),
  };
}

/** Frontends, backends, servers, listeners and tables, and the process itself. */
function countObjects(model: TableOwners): number {
  let count = 1 + tablesOf(model).filter((one) => one !== null).length;
  for (const { kind, servers, binds } of model.proxies) {
    count += (kind === 'listen' ? 2 : 1) + servers.length + binds.length;
  }
  return count;
}

/** Bytes that all tables take when they are full. */
function bytesOfTables(owners: TableOwners): number {
  let sum = 0;
  for (const one of tablesOf(owners)) {
    if (one !== null) sum += tableBytes(tablePolicyOf(one).shape);
  }
  return sum;
}
