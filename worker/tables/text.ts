// Entries of stick tables as the runtime API prints them, and single values of them by column
// (management.txt 9.3, show table). Control thread, under the table's lock.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import {
  type Column,
  readRate,
  storageWords,
  textBytesMax,
} from '../../shared/segment/table-data.ts';
import { entryKey } from '../../shared/segment/table-layout.ts';
import { ipv4Text, ipv6Text } from '../conn/endpoint.ts';

/** One value of an entry. */
export interface ValuePlace {
  readonly entry: number;
  readonly column: Column;
  readonly index: number;
}

function wordOf(table: StickTable, { entry, column, index }: ValuePlace): number {
  return table.at(entry) + column.offset + index * storageWords[column.type.storage];
}

/** The number of a value; a text has none and reads 0. */
export function readValue(table: StickTable, place: ValuePlace, nowMs: number): number {
  const { words, floats } = table;
  const { type, periodMs } = place.column;
  const word = wordOf(table, place);
  switch (type.storage) {
    case 'count':
      return words[word] >>> 0;
    case 'signed':
      return words[word];
    case 'wide':
      return floats[word >> 1];
    case 'rate': {
      const events = readRate(table, word, periodMs, nowMs);
      return type.name.startsWith('bytes') ? events * table.policy.bytesRateFactor : events;
    }
    default:
      return 0;
  }
}

/** Stores a number; a rate then stands at it for a whole period. Texts stay as they are. */
export function writeValue(
  table: StickTable,
  place: ValuePlace,
  value: number,
  nowMs: number,
): void {
  const { words, floats } = table;
  const word = wordOf(table, place);
  switch (place.column.type.storage) {
    case 'wide':
      floats[word >> 1] = value;
      return;
    case 'rate':
      floats[word >> 1] = nowMs;
      words[word + 2] = value;
      words[word + 3] = 0;
      return;
    case 'text':
      return;
    default:
      words[word] = value;
  }
}

/** `# table: NAME, type: ip, size:100, used:2` */
export function headLine(table: StickTable): string {
  const { name, keyType, size } = table.policy.shape;
  return `# table: ${name}, type: ${keyType}, size:${size}, used:${table.used}\n`;
}

/**
 * `0xADDRESS: key=... use=0 exp=1000 shard=0 gpc0=1 conn_rate(10000)=2`. `shard`: the part of the
 * keys that it belongs to among peers.
 */
export function entryLine(table: StickTable, entry: number, nowMs: number, shard = 0): string {
  const address = (table.at(entry) * 4).toString(16);
  const use = table.trackers(entry);
  const expires = table.expiresIn(entry, nowMs);
  const values: string[] = [];
  for (const column of table.geometry.columns) {
    for (let index = 0; index < column.length; index++) {
      const name = valueName(column, index);
      values.push(`${name}=${valueText(table, { entry, column, index }, nowMs)}`);
    }
  }
  const head = `0x${address}: key=${keyText(table, entry)} use=${use} exp=${expires}`;
  return `${[head, `shard=${shard}`, ...values].join(' ')}\n`;
}

/** Elements of arrays carry their number: gpc1, gpc1_rate(10000). */
function valueName({ type, length, periodMs }: Column, index: number): string {
  const name = type.isArray && length > 0 ? type.name.replace(/(_|$)/, `${index}$1`) : type.name;
  return type.storage === 'rate' ? `${name}(${periodMs})` : name;
}

function valueText(table: StickTable, place: ValuePlace, nowMs: number): string {
  if (place.column.type.storage !== 'text') return String(readValue(table, place, nowMs));
  const word = wordOf(table, place);
  const length = Math.min(table.words[word], textBytesMax);
  return length === 0 ? '-' : bytesAt(table, word + 1, length).toString('latin1');
}

function bytesAt({ segment }: StickTable, word: number, length: number): Buffer {
  const { buffer, byteOffset } = segment.bytes;
  return Buffer.from(buffer, byteOffset + word * 4, length);
}

/** Bytes of a key of type string. */
function keyBytes(table: StickTable, entry: number): Buffer {
  const at = table.at(entry) + entryKey;
  return bytesAt(table, at + 1, table.words[at]);
}

/** The key for people to read: text as it is, where nothing follows that an '=' could confuse. */
export function plainKey(table: StickTable, entry: number): string {
  const isText = table.policy.shape.keyType === 'string';
  return isText ? keyBytes(table, entry).toString('utf8') : keyText(table, entry);
}

/** The key as `show table` prints it. */
export function keyText(table: StickTable, entry: number): string {
  const { keyType, keyLength } = table.policy.shape;
  const at = table.at(entry) + entryKey;
  const { words } = table;
  switch (keyType) {
    case 'ip':
      return ipv4Text(words[at] >>> 0);
    case 'ipv6':
      return ipv6Text(bytesAt(table, at, 16).toString('latin1'));
    case 'integer':
      return String(words[at] >>> 0);
    case 'string':
      return printable(keyBytes(table, entry));
    default:
      return bytesAt(table, at, keyLength).toString('hex').toUpperCase();
  }
}

const escapes: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\x1b': '\\e',
  '\\': '\\\\',
  ' ': '\\ ',
  '=': '\\=',
};

/** Text in which spaces, `=` and what cannot be printed are escaped. */
function printable(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    const letter = String.fromCharCode(byte);
    const hex = byte.toString(16).padStart(2, '0');
    text += escapes[letter] ?? (byte > 0x20 && byte < 0x7f ? letter : `\\x${hex}`);
  }
  return text;
}
