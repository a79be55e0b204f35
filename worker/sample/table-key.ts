// From a sample to a key of a stick table and back (manual 11.1: types). Used by whatever looks
// entries up: fetches, converters, actions, stick rules.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import { entryKey, type KeyType } from '../../shared/segment/table-layout.ts';
import { canCast, castSample } from './cast.ts';
import {
  kindBinary,
  kindIpv4,
  kindIpv6,
  kindSint,
  kindString,
  type Sample,
  type SampleKind,
} from './sample.ts';

export const kindOfKey: Readonly<Record<KeyType, SampleKind>> = {
  ip: kindIpv4,
  ipv6: kindIpv6,
  integer: kindSint,
  string: kindString,
  binary: kindBinary,
};

/** A value of `kind` can be looked up in a table of that type. */
export function fitsKey(kind: SampleKind, type: KeyType): boolean {
  return canCast(kind, kindOfKey[type]);
}

/** Gives the table the sample as its key; false: the value is no such key. Hot path. */
export function setKey(table: StickTable, sample: Sample): boolean {
  const { keyType } = table.policy.shape;
  if (!castSample(sample, kindOfKey[keyType])) return false;
  if (keyType === 'string') table.keyText(sample.text);
  else if (keyType === 'ip') table.keyNumber(sample.int as number);
  else if (keyType === 'integer') table.keyNumber(lowWord(sample.int));
  else table.keyBytes(sample.text);
  return true;
}

function lowWord(value: number | bigint): number {
  return typeof value === 'number' ? (value % 2 ** 32) | 0 : Number(BigInt.asIntN(32, value));
}

/** The key of an entry as a sample. */
export function readKey(table: StickTable, entry: number, out: Sample): true {
  const { keyType, keyLength } = table.policy.shape;
  const at = table.at(entry) + entryKey;
  const { words } = table;
  switch (keyType) {
    case 'ip':
      return out.setIpv4(words[at] >>> 0);
    case 'integer':
      return out.setInt(words[at] >>> 0);
    case 'ipv6':
      return out.setIpv6(bytesText(words, at, 16));
    case 'string':
      return out.setText(bytesText(words, at + 1, words[at]));
    default:
      return out.setBinary(bytesText(words, at, keyLength));
  }
}

/** Bytes of words, four to a word, as latin1. */
export function bytesText(words: Int32Array, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) {
    text += String.fromCharCode((words[at + (i >> 2)] >>> ((i & 3) << 3)) & 0xff);
  }
  return text;
}
