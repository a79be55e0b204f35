// The head of a CGI response (RFC 3875 6.3): header lines without a status line. `Status` says the
// status, else a `Location` means 302, else it is 200. Called by mux/fcgi-stream.ts; it reads
// nothing outside [at, at + length).

import { type HeadState, h1ErrorStatusLine } from './h1.ts';
import { parseFields } from './h1-field.ts';
import { clearHead, isWorthAPass, refusedHead } from './h1-head.ts';
import { settleResponse } from './h1-settle.ts';
import {
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  headerName,
  headerWords,
  type Message,
} from './message.ts';
import { digitZero, isDigit, space, tab } from './syntax.ts';

const statusName = headerName('status');
const locationName = headerName('location');

/**
 * Parses the head in the `length` bytes at `at`, as parseResponseHead does (h1-head.ts). `version`:
 * that of the request. A head without a length is framed by the end of the connection: the caller
 * knows where its output ends.
 */
export function parseCgiHead(
  message: Message,
  at: number,
  length: number,
  state: HeadState,
): number {
  const end = at + length;
  state.isResponse = true;
  if (state.scanned > 0 && !isWorthAPass(message.bytes, at, end, state)) {
    state.scanned = length;
    return 0;
  }
  state.passes++;
  state.scanned = length;
  clearHead(message, at, state);
  message.version = 11;
  message.reasonLength = 0;
  state.inFields = true;
  const result = parseFields(message, at, end, state);
  if (result <= 0) return refusedHead(at, result, state);
  message.headLength = result - at;
  const fault = takeStatus(message, state);
  const verdict = fault < 0 ? fault : settleResponse(message, state);
  if (verdict < 0) return refusedHead(at, verdict, state);
  // What it says about its connection is not about this one.
  message.flags &= ~(connectionClose | connectionKeepAlive | connectionUpgrade);
  message.edition++;
  // Its framing lines are made here: it never counts as untouched.
  message.receivedEdition = -1;
  return message.headLength;
}

/** 0, or an error: a status that is none, or one that is no final answer. */
function takeStatus(message: Message, state: HeadState): number {
  const index = message.find(statusName, 0);
  if (index < 0) {
    message.status = message.find(locationName, 0) < 0 ? 200 : 302;
    return 0;
  }
  const { bytes, headers } = message;
  const at = headers[index * headerWords + 2];
  const end = at + headers[index * headerWords + 3];
  const status = statusAt(bytes, at, end);
  if (status < 200) return state.fail(at, h1ErrorStatusLine);
  message.status = status;
  let reasonAt = at + 3;
  while (reasonAt < end && isBlank(bytes[reasonAt])) reasonAt++;
  message.reasonAt = reasonAt;
  message.reasonLength = end - reasonAt;
  message.removeAll(statusName);
  return 0;
}

/** Three digits, then nothing or a blank; -1: something else. */
function statusAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < 3 || (end - at > 3 && !isBlank(bytes[at + 3]))) return -1;
  let status = 0;
  for (let i = at; i < at + 3; i++) {
    if (!isDigit(bytes[i])) return -1;
    status = status * 10 + bytes[i] - digitZero;
  }
  return status;
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab;
}
