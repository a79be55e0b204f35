// Update messages of the peers protocol: what an entry holds now, as bytes for one peer. Called
// under the table's lock; the buffer is larger than any entry can be.
//
//   data   [number, 32 bits] [milliseconds left, 32 bits] key, then values by rising type
//   rate   age of the current period in milliseconds, count now, count before
//   server_key   length of the rest (0: none), number + 1, and the first time length and bytes

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { type Column, storageWords, textBytesMax } from '../../shared/segment/table-data.ts';
import { entryKey } from '../../shared/segment/table-layout.ts';
import type { SentKeys } from './dictionary.ts';
import { closeMessage, headMax } from './messages.ts';
import { varintMax, writeSigned, writeVarint } from './varint.ts';

/** What the message says about itself. */
export interface UpdateHead {
  /** One of tableUpdate, tableIncrement, tableUpdateTimed, tableIncrementTimed. */
  readonly type: number;
  /** 32 bits; left out when `type` says so. */
  readonly id: number;
  readonly hasId: boolean;
  readonly isTimed: boolean;
  readonly nowMs: number;
}

/** Where the message goes. */
export interface UpdatePlace {
  readonly bytes: Buffer;
  readonly at: number;
  /** Server keys that the peer has been sent. */
  readonly keys: SentKeys;
}

/** The entry that it is about. */
export interface UpdateSource {
  readonly table: StickTable;
  readonly entry: number;
  /** By rising type. */
  readonly columns: readonly Column[];
}

/** Bytes that one update may take. */
export function updateBytesMax(columns: readonly Column[], keyLength: number): number {
  const values = columns.reduce((sum, { length }) => sum + 3 * length, 0);
  return headMax + 8 + varintMax + keyLength + values * varintMax + textBytesMax + 3 * varintMax;
}

/** Writes the message; returns where it ends. */
export function writeUpdate(
  { bytes, at, keys }: UpdatePlace,
  { table, entry, columns }: UpdateSource,
  head: UpdateHead,
): number {
  let next = at + headMax;
  if (head.hasId) next = bytes.writeUInt32BE(head.id >>> 0, next);
  if (head.isTimed) next = bytes.writeUInt32BE(table.expiresIn(entry, head.nowMs), next);
  const first = table.at(entry);
  next = writeKey(bytes, next, table, first + entryKey);
  for (const column of columns) {
    const words = storageWords[column.type.storage];
    for (let i = 0; i < column.length; i++) {
      const value = { table, word: first + column.offset + i * words, nowMs: head.nowMs };
      next = writers[column.type.storage](bytes, next, value, keys);
    }
  }
  return closeMessage(bytes, at, head.type, next);
}

function writeKey(bytes: Buffer, at: number, table: StickTable, word: number): number {
  const { keyType, keyLength } = table.policy.shape;
  const { words } = table;
  switch (keyType) {
    case 'ip':
    case 'integer':
      return bytes.writeUInt32BE(words[word] >>> 0, at);
    case 'string': {
      const length = Math.min(words[word], keyLength);
      const next = writeVarint(bytes, at, length);
      return next + bytesOf(table, word + 1, length).copy(bytes, next);
    }
    default: {
      const from = bytesOf(table, word, keyType === 'ipv6' ? 16 : keyLength);
      return at + from.copy(bytes, at);
    }
  }
}

function bytesOf({ segment }: StickTable, word: number, length: number): Buffer {
  const { buffer, byteOffset } = segment.bytes;
  return Buffer.from(buffer, byteOffset + word * 4, length);
}

interface Value {
  readonly table: StickTable;
  readonly word: number;
  readonly nowMs: number;
}

type Write = (bytes: Buffer, at: number, value: Value, keys: SentKeys) => number;

const ageMax = 0x7fffffff;

const writers: Readonly<Record<Column['type']['storage'], Write>> = {
  count: (bytes, at, { table, word }) => writeVarint(bytes, at, table.words[word] >>> 0),
  signed: (bytes, at, { table, word }) => writeSigned(bytes, at, table.words[word]),
  wide: (bytes, at, { table, word }) => writeVarint(bytes, at, Math.floor(table.floats[word >> 1])),
  rate: (bytes, at, { table, word, nowMs }) => {
    const age = Math.floor(nowMs - table.floats[word >> 1]);
    let next = writeVarint(bytes, at, Math.min(Math.max(age, 0), ageMax));
    next = writeVarint(bytes, next, table.words[word + 2] >>> 0);
    return writeVarint(bytes, next, table.words[word + 3] >>> 0);
  },
  text: (bytes, at, { table, word }, keys) => {
    const length = Math.min(table.words[word], textBytesMax);
    if (length <= 0) return writeVarint(bytes, at, 0);
    const key = bytesOf(table, word + 1, length).toString('latin1');
    const known = keys.find(key);
    // The number and the length of what follows are below 240: one byte each.
    if (known >= 0) return writeVarint(bytes, writeVarint(bytes, at, 1), known + 1);
    let next = writeVarint(bytes, at, length + 2);
    next = writeVarint(bytes, next, keys.add(key) + 1);
    next = writeVarint(bytes, next, length);
    return next + bytes.write(key, next, 'latin1');
  },
};
