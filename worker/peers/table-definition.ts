// Table definitions of the peers protocol: how a table is described to a peer, and what a peer's
// description means for the table of that name here.
//
//   data   sender's number, length and bytes of the name, key type, key length, bits of data
//          types, expire, then for arrays and rates by rising type: type, [elements], [period]
//
// The bit of a data type is its number in table-data.ts less 1.

import { type Column, type DataTypeDef, dataTypes } from '../../shared/segment/table-data.ts';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { KeyType } from '../../shared/segment/table-layout.ts';
import { dataMessage, tableDefine } from './messages.ts';
import { wireKeyLength } from './shared-table.ts';
import { type ByteReader, writeVarint } from './varint.ts';

const keyNumbers: Readonly<Record<KeyType, number>> = {
  integer: 2,
  ip: 4,
  ipv6: 5,
  string: 6,
  binary: 7,
};

/** By bit. */
const typesByBit: readonly DataTypeDef[] = dataTypes.toSorted((a, b) => a.id - b.id);

/** Values that a peer sends of one type, and where they go here. */
export interface RemoteColumn {
  readonly type: DataTypeDef;
  readonly length: number;
  /** undefined: the table here does not hold it. */
  readonly column: Column | undefined;
}

/** Columns in the order of their bits, which is the order of values in updates. */
export function columnsByBit({ geometry }: StickTable): Column[] {
  return geometry.columns.toSorted((a, b) => a.type.id - b.type.id);
}

/** The message that makes a table the one that updates are about. */
export function definitionMessage(table: StickTable, wireName: string, localId: number): Buffer {
  const { shape, expireMs } = table.policy;
  const columns = columnsByBit(table);
  return dataMessage(tableDefine, (bytes, from) => {
    let at = writeVarint(bytes, from, localId);
    at = writeVarint(bytes, at, wireName.length);
    at += bytes.write(wireName, at, 'latin1');
    at = writeVarint(bytes, at, keyNumbers[shape.keyType]);
    at = writeVarint(bytes, at, wireKeyLength(shape.keyType, shape.keyLength));
    at = writeVarint(bytes, at, bitsOf(columns));
    at = writeVarint(bytes, at, expireMs);
    for (const { type, length, periodMs } of columns) {
      if (!type.isArray && type.storage !== 'rate') continue;
      at = writeVarint(bytes, at, type.id - 1);
      if (type.isArray) at = writeVarint(bytes, at, length);
      if (type.storage === 'rate') at = writeVarint(bytes, at, periodMs);
    }
    return at;
  });
}

function bitsOf(columns: readonly Column[]): number {
  let bits = 0;
  for (const { type } of columns) bits += 2 ** (type.id - 1);
  return bits;
}

/** A definition as far as it is needed to find the table. */
export interface DefinitionHead {
  readonly remoteId: number;
  readonly wireName: string;
}

/** null: the message is broken. */
export function readDefinitionHead(data: ByteReader): DefinitionHead | null {
  const remoteId = data.varint();
  const length = data.varint();
  // Something must follow the name.
  if (data.failed || length === 0 || length >= data.left) return null;
  return { remoteId, wireName: data.text(length) };
}

export interface DefinitionBody {
  /** What updates carry; null: they cannot be used here. */
  readonly columns: readonly RemoteColumn[] | null;
}

/** The rest of a definition for the table of that name; null: the message is broken. */
export function readDefinitionBody(data: ByteReader, table: StickTable): DefinitionBody | null {
  const keyNumber = data.varint();
  if (data.failed) return null;
  const keyLength = data.varint();
  const bits = data.varint();
  if (data.failed) return null;
  const { shape } = table.policy;
  const isSameKey = keyNumber === keyNumbers[shape.keyType];
  if (!isSameKey || keyLength !== wireKeyLength(shape.keyType, shape.keyLength)) {
    return { columns: null };
  }
  return { columns: readColumns(data, bits, table) };
}

function readColumns(data: ByteReader, bits: number, table: StickTable): RemoteColumn[] | null {
  // Bits that nobody here knows come with values that cannot be told from the next ones.
  if (bits >= 2 ** typesByBit.length) return null;
  const expires = data.left > 0;
  if (expires) data.varint();
  const columns: RemoteColumn[] = [];
  for (const type of typesByBit) {
    if (Math.floor(bits / 2 ** (type.id - 1)) % 2 === 0) continue;
    const length = expires || type.isArray ? readParameters(data, type) : 1;
    if (length === 0) return null;
    const own = table.column(type);
    columns.push({ type, length, column: own });
  }
  return columns;
}

/** Elements of the type, 0: the definition does not say. */
function readParameters(data: ByteReader, type: DataTypeDef): number {
  const isRate = type.storage === 'rate';
  if (!type.isArray && !isRate) return 1;
  if (data.varint() !== type.id - 1 || data.failed) return 0;
  const length = type.isArray ? data.varint() : 1;
  if (isRate) data.varint();
  return data.failed ? 0 : length;
}
