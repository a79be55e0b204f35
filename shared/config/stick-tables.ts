// The stick tables of a model as the segment knows them: shape and policy. Asked by the master for
// the size of the segment, and by workers that open their tables.

import type { OpenOptions } from '../segment/segment.ts';
import { tableBytes, type TablePolicy } from '../segment/table-layout.ts';
import type { Model, ProxyModel } from './model.ts';

/** null: the proxy has no table. */
export function tablePolicyOf({ name, stickTable }: ProxyModel): TablePolicy | null {
  if (stickTable === null) return null;
  const { keyType, keyLength, size, store, expireMs, purges, bytesRateFactor } = stickTable;
  return { shape: { name, keyType, keyLength, size, store }, expireMs, purges, bytesRateFactor };
}

/** What a segment of this configuration must hold. */
export function segmentOptions(model: Pick<Model, 'global' | 'proxies'>): OpenOptions {
  const { shmStatsFile, shmStatsFileMaxObjects, nbthread, threadGroups } = model.global;
  return {
    path: shmStatsFile,
    objects: countObjects(model),
    writers: nbthread + 1,
    objectsMax: shmStatsFileMaxObjects * threadGroups,
    tableBytes: bytesOfTables(model),
  };
}

/** Frontends, backends, servers, listeners and tables, and the process itself. */
function countObjects({ proxies }: Pick<Model, 'proxies'>): number {
  let count = 1;
  for (const { kind, servers, binds, stickTable } of proxies) {
    count += (kind === 'listen' ? 2 : 1) + servers.length + binds.length;
    if (stickTable !== null) count++;
  }
  return count;
}

/** Bytes that all tables take when they are full. */
function bytesOfTables({ proxies }: Pick<Model, 'proxies'>): number {
  let sum = 0;
  for (const proxy of proxies) {
    const policy = tablePolicyOf(proxy);
    if (policy !== null) sum += tableBytes(policy.shape);
  }
  return sum;
}
