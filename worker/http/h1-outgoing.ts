// What rules did to the lines that frame a message or belong to its connection, settled before the
// head is written. The muxes call it once per head; a message that no rule touched costs one
// comparison. Lines that contradict how the payload is really delimited never leave: that is what
// smuggling is made of.

import {
  connectionName,
  contentLengthName,
  takeOutMembers,
  transferEncodingName,
  upgradeName,
} from './h1-special.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  type HeaderName,
  headerWords,
  type Message,
  unlinedChunks,
  versionH2,
} from './message.ts';
import { addChunked } from './h1-write.ts';
import { digitZero, isWord, memberEnd, space, tab, trimmedEnd } from './syntax.ts';

/** Beside connection* bits in what `settleEdits` answers: the payload must not follow the head. */
export const payloadDropped = 1 << 20;
/** A content-length that was set is not the payload's: the message cannot be sent. */
export const framingBroken = -1;

/**
 * Makes the lines agree with `message.framing`, or the framing with lines that were removed.
 * Answers addChunked, and connectionClose, -KeepAlive and -Upgrade as rules have set them (those
 * that arrived were taken out by the parser), payloadDropped, or framingBroken. Proxy thread; RFC
 * 9112 6.3.
 */
export function settleEdits(message: Message, isRequest: boolean): number {
  if (message.edition === message.receivedEdition) return unlined(message);
  const asked = takeAsked(message);
  const framed = settleFraming(message, isRequest);
  return framed < 0 ? framed : asked | framed;
}

/** A message of HTTP/2 or FastCGI has no framing line: chunks are announced by the writer. */
function unlined(message: Message): number {
  const isUnlined = message.version === versionH2 || (message.flags & unlinedChunks) !== 0;
  return isUnlined && message.framing === bodyChunked ? addChunked : 0;
}

const closeWord = Uint8Array.from(Buffer.from('close'));
const keepAliveWord = Uint8Array.from(Buffer.from('keep-alive'));
const upgradeWord = Uint8Array.from(Buffer.from('upgrade'));

function takeAsked(message: Message): number {
  let asked = 0;
  for (let i = message.find(connectionName, 0); i >= 0; i = message.find(connectionName, i + 1)) {
    const at = message.headers[i * headerWords + 2];
    const end = at + message.headers[i * headerWords + 3];
    if (listHolds(message.bytes, at, end, closeWord)) asked |= connectionClose;
    if (listHolds(message.bytes, at, end, keepAliveWord)) asked |= connectionKeepAlive;
    if (listHolds(message.bytes, at, end, upgradeWord)) asked |= connectionUpgrade;
  }
  const isUpgraded = message.find(upgradeName, 0) >= 0;
  if (asked !== 0 || isUpgraded) takeOutMembers(message, false);
  return asked;
}

/** Is `word` (lower case) a member of the list? */
export function listHolds(
  bytes: Uint8Array,
  start: number,
  end: number,
  word: Uint8Array,
): boolean {
  for (let at = start; at < end; at++) {
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    const stop = memberEnd(bytes, at, end);
    if (isWord(bytes, at, trimmedEnd(bytes, at, stop) - at, word)) return true;
    at = stop;
  }
  return false;
}

function settleFraming(message: Message, isRequest: boolean): number {
  switch (message.framing) {
    case bodyNone:
      return none(message, isRequest);
    case bodyLength:
      return withLength(message, isRequest);
    case bodyChunked:
      return inChunks(message, isRequest);
    case bodyUntilClose:
      return untilClose(message);
    default:
      return 0; // a tunnel has no framing
  }
}

function none(message: Message, isRequest: boolean): number {
  if (isRequest) return untilClose(message);
  if (message.status < 200 || message.status === 204) {
    // A 204 may say a length of zero, nothing else (RFC 9110 8.6).
    message.removeAll(transferEncodingName);
    const at = message.find(contentLengthName, 0);
    if (at >= 0 && numberOf(message, at) !== 0) message.removeAll(contentLengthName);
  }
  return 0;
}

function withLength(message: Message, isRequest: boolean): number {
  message.removeAll(transferEncodingName);
  const at = onlyOne(message, contentLengthName);
  if (at < 0) return unframed(message, isRequest);
  return numberOf(message, at) === message.contentLength ? 0 : framingBroken;
}

function inChunks(message: Message, isRequest: boolean): number {
  message.removeAll(contentLengthName);
  const at = onlyOne(message, transferEncodingName);
  if (at < 0) return unlined(message) || unframed(message, isRequest);
  const word = at * headerWords;
  const { bytes, headers } = message;
  if (isWord(bytes, headers[word + 2], headers[word + 3], chunkedWord)) return 0;
  return message.setValue(at, 'chunked') ? 0 : framingBroken;
}

const chunkedWord = Uint8Array.from(Buffer.from('chunked'));

/** Index of the first header of this name, after the others have been removed; -1: none. */
function onlyOne(message: Message, name: HeaderName): number {
  const at = message.find(name, 0);
  if (at < 0) return at;
  for (let i = message.find(name, at + 1); i >= 0; i = message.find(name, i + 1)) {
    message.remove(i);
  }
  return at;
}

/** A value of digits as a number, -1: anything else. */
function numberOf(message: Message, index: number): number {
  const { bytes, headers } = message;
  const at = headers[index * headerWords + 2];
  const length = headers[index * headerWords + 3];
  let number = length === 0 || length > 16 ? -1 : 0;
  for (let i = at; i < at + length && number >= 0; i++) {
    const digit = bytes[i] - digitZero;
    number = digit < 0 || digit > 9 ? -1 : number * 10 + digit;
  }
  return number;
}

/** The framing line is gone: a request then has no payload, a response ends with the connection. */
function unframed(message: Message, isRequest: boolean): number {
  if (!isRequest) {
    message.framing = bodyUntilClose;
    return 0;
  }
  message.framing = bodyLength;
  message.contentLength = 0;
  return message.add(contentLengthName, '0') ? payloadDropped : framingBroken;
}

function untilClose(message: Message): number {
  message.removeAll(contentLengthName);
  message.removeAll(transferEncodingName);
  return 0;
}
