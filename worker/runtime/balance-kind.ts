// What a backend's algorithm allows at run time: weights that change, servers that come.

import type { ProxyModel } from '../../shared/config/model.ts';

/** Algorithms whose weights cannot change while they run. */
const staticAlgorithms = new Set(['static-rr']);
const hashAlgorithms = new Set(['source', 'uri', 'url_param', 'hdr', 'rdp-cookie', 'hash']);

/** Map-based hashing has a table made at start; consistent hashing and the rotations follow. */
export function hasDynamicBalance({ balance, hashType }: ProxyModel): boolean {
  const algorithm = (balance?.algorithm ?? 'roundrobin').replace(/\(.*/, '');
  if (staticAlgorithms.has(algorithm)) return false;
  return !hashAlgorithms.has(algorithm) || hashType[0] === 'consistent';
}
