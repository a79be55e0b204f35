// What a FastCGI connection may ask its application before the first request, and what the answer
// means (manual 10.1.1, option get-values).

import {
  lengthBytes,
  Pair,
  recordGetValues,
  recordHeaderBytes,
  writeLength,
  writeRecordHeader,
} from '../http/fcgi-records.ts';
import { latin1, writeLatin1 } from '../http/message.ts';

const requestsName = 'FCGI_MAX_REQS';
const multiplexName = 'FCGI_MPXS_CONNS';

/** The question: one record, names with empty values. */
export const getValues = buildGetValues([requestsName, multiplexName]);

function buildGetValues(names: readonly string[]): Uint8Array {
  const length = names.reduce((sum, name) => sum + lengthBytes(name.length) + 1 + name.length, 0);
  const bytes = new Uint8Array(recordHeaderBytes + length);
  let at = writeRecordHeader(bytes, 0, { type: recordGetValues, id: 0, length });
  for (const name of names) {
    at = writeLength(bytes, writeLength(bytes, at, name.length), 0);
    writeLatin1(bytes, at, name);
    at += name.length;
  }
  return bytes;
}

const pair = new Pair();

/**
 * Requests that the answer in `content` allows at once; `multiplexes` and `requestMax` hold where
 * it says nothing. -1: it is malformed.
 */
export function readValues(
  bytes: Uint8Array,
  content: { readonly at: number; readonly length: number },
  multiplexes: boolean,
  requestMax: number,
): number {
  const end = content.at + content.length;
  let max = requestMax;
  let isShared = multiplexes;
  let at = content.at;
  while (at < end) {
    at = pair.read(bytes, at, end);
    if (at < 0) return -1;
    const name = latin1(bytes, pair.nameAt, pair.nameLength);
    const value = latin1(bytes, pair.valueAt, pair.valueLength);
    if (name === multiplexName) isShared = value === '1';
    else if (name === requestsName) max = Math.max(1, Number.parseInt(value, 10) || 1);
  }
  return isShared ? max : 1;
}
