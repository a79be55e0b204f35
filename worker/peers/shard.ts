// Which part of the keys a key belongs to (manual 11.2, "shards"): the same number in every
// process, since it comes from the key and from the table's name alone.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { entryKey } from '../../shared/segment/table-layout.ts';
import { xxh64Text } from '../sample/hash.ts';

const unsigned = (hash: bigint): bigint => BigInt.asUintN(64, hash);

/** A function from entries to parts, from 1 on; always 0 when `shards` is 0. */
export function shardFunction(table: StickTable, shards: number): (entry: number) => number {
  if (shards === 0) return () => 0;
  const seed = unsigned(xxh64Text(table.name, 0n));
  const count = BigInt(shards);
  return (entry) => Number(unsigned(xxh64Text(keyBytes(table, entry), seed)) % count) + 1;
}

/** The key as HAProxy keeps it in memory, as latin1. */
function keyBytes(table: StickTable, entry: number): string {
  const { keyType, keyLength } = table.policy.shape;
  const at = table.at(entry) + entryKey;
  const word = table.words[at];
  const bytes = Buffer.alloc(4);
  switch (keyType) {
    case 'ip':
      bytes.writeUInt32BE(word >>> 0);
      return bytes.toString('latin1');
    case 'integer':
      bytes.writeUInt32LE(word >>> 0);
      return bytes.toString('latin1');
    case 'string':
      return textAt(table, at + 1, word);
    default:
      return textAt(table, at, keyType === 'ipv6' ? 16 : keyLength);
  }
}

function textAt({ segment }: StickTable, word: number, length: number): string {
  const { buffer, byteOffset } = segment.bytes;
  return Buffer.from(buffer, byteOffset + word * 4, length).toString('latin1');
}
