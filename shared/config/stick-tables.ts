// The stick tables of a model as the segment knows them: shape and policy. Asked by the master for
// the size of the segment, and by workers that open their tables.

import { tableBytes, type TablePolicy } from '../segment/table-layout.ts';
import type { Model, ProxyModel } from './model.ts';

/** null: the proxy has no table. */
export function tablePolicyOf({ name, stickTable }: ProxyModel): TablePolicy | null {
  if (stickTable === null) return null;
  const { keyType, keyLength, size, store, expireMs, purges, bytesRateFactor } = stickTable;
  return { shape: { name, keyType, keyLength, size, store }, expireMs, purges, bytesRateFactor };
}

/** Bytes that all tables take when they are full. */
export function bytesOfTables({ proxies }: Pick<Model, 'proxies'>): number {
  let sum = 0;
  for (const proxy of proxies) {
    const policy = tablePolicyOf(proxy);
    if (policy !== null) sum += tableBytes(policy.shape);
  }
  return sum;
}
