// Writes a Message as a header block (RFC 9113 8.2, 8.3; RFC 8441 4), and trailers. Called by
// mux/h2-*.ts for every head. Lines that belong to an HTTP/1 connection stay behind. It never
// changes the message. The block is split into frames by the caller.

import type { HpackEncoder } from './hpack-encoder.ts';
import { hasTrailers } from './h1-write.ts';
import {
  clearScheme,
  type HeaderName,
  headerName,
  headerWords,
  type Message,
  methodConnect,
  methodGet,
  methodOptions,
  methodPost,
} from './message.ts';
import { schemeHttp, schemeHttps, schemeKind, splitTarget, TargetParts } from './syntax.ts';

/** Where a block goes. */
export interface BlockRoom {
  readonly at: number;
  readonly length: number;
}

const droppedNames = 'connection|proxy-connection|keep-alive|upgrade|transfer-encoding';
const dropped = new Map<number, HeaderName>();
for (const text of droppedNames.split('|')) {
  const name = headerName(text);
  dropped.set(name.hash, name);
}
const teName = headerName('te');
const hostName = headerName('host');
const upgradeName = headerName('upgrade');
const acceptName = headerName('sec-websocket-accept');
const schemeName = headerName(':scheme');
const authorityName = headerName(':authority');
const pathName = headerName(':path');
const methodName = headerName(':method');
const protocolName = headerName(':protocol');

/** Static table (RFC 7541 appendix A). */
const indexGet = 2;
const indexPost = 3;
const indexRoot = 4;
const indexHttp = 6;
const indexHttps = 7;

const parts = new TargetParts();

/**
 * The response head. `isAccepted`: a 101 that answers an extended CONNECT, told as 200 (RFC 8441
 * 5). Returns the length of the block at `room.at`, -1: no room, and the encoder is of no use any
 * more.
 */
export function writeResponseBlock(
  encoder: HpackEncoder,
  message: Message,
  room: BlockRoom,
  isAccepted: boolean,
): number {
  if (!encoder.start(message.bytes, room.at, room.length)) return -1;
  if (!encoder.putStatus(isAccepted ? 200 : message.status)) return -1;
  return putFields(encoder, message, isAccepted ? acceptName : null) ? encoder.at - room.at : -1;
}

/** The request head. `isExtended`: its upgrade leaves as an extended CONNECT (RFC 8441 4). */
export function writeRequestBlock(
  encoder: HpackEncoder,
  message: Message,
  room: BlockRoom,
  isExtended: boolean,
): number {
  if (!encoder.start(message.bytes, room.at, room.length)) return -1;
  splitTarget(message.bytes, message.targetAt, message.targetLength, parts);
  if (!putMethod(encoder, message, isExtended)) return -1;
  const isTunnel = message.method === methodConnect && !isExtended;
  const hostIndex = message.find(hostName, 0);
  const usesHost = isExtended && hostIndex >= 0;
  let hasAuthority = parts.authorityLength > 0;
  if (!isTunnel && !putScheme(encoder, message)) return -1;
  if (usesHost) {
    hasAuthority = true;
    const word = hostIndex * headerWords;
    const { headers } = message;
    if (!encoder.putNamed(authorityName, headers[word + 2], headers[word + 3])) return -1;
  } else if (hasAuthority) {
    if (!encoder.putNamed(authorityName, parts.authorityAt, parts.authorityLength)) return -1;
  }
  if (!isTunnel && !putPath(encoder, message)) return -1;
  if (isExtended && !putProtocol(encoder, message)) return -1;
  return putFields(encoder, message, hasAuthority ? hostName : null) ? encoder.at - room.at : -1;
}

/** Trailer lines that have been parsed into `message`. As `writeResponseBlock`. */
export function writeTrailerBlock(
  encoder: HpackEncoder,
  message: Message,
  room: BlockRoom,
): number {
  if (!encoder.start(message.bytes, room.at, room.length)) return -1;
  return putFields(encoder, message, null) ? encoder.at - room.at : -1;
}

function putMethod(encoder: HpackEncoder, message: Message, isExtended: boolean): boolean {
  if (isExtended) return encoder.putText(methodName, connectWord);
  if (message.method === methodGet) return encoder.putStatic(indexGet);
  if (message.method === methodPost) return encoder.putStatic(indexPost);
  return encoder.putText(methodName, Buffer.from(message.methodText(), 'latin1'));
}

const connectWord = Uint8Array.from(Buffer.from('CONNECT'));
const slashWord = Uint8Array.from(Buffer.from('/'));
const starWord = Uint8Array.from(Buffer.from('*'));

/** Without a scheme of its own a request is told as https, as browsers would have sent it. */
function putScheme(encoder: HpackEncoder, message: Message): boolean {
  const { schemeLength } = parts;
  if (schemeLength === 0) {
    return encoder.putStatic((message.flags & clearScheme) !== 0 ? indexHttp : indexHttps);
  }
  const kind = schemeKind(message.bytes, message.targetAt, schemeLength);
  if (kind === schemeHttp) return encoder.putStatic(indexHttp);
  if (kind === schemeHttps) return encoder.putStatic(indexHttps);
  return encoder.putNamed(schemeName, message.targetAt, schemeLength - 3);
}

function putPath(encoder: HpackEncoder, message: Message): boolean {
  const { bytes } = message;
  if (parts.schemeLength > 0 && parts.pathLength === 0) {
    return encoder.putText(pathName, message.method === methodOptions ? starWord : slashWord);
  }
  const at = parts.schemeLength > 0 ? parts.pathAt : message.targetAt;
  const length = parts.schemeLength > 0 ? parts.pathLength : message.targetLength;
  if (length === 1 && bytes[at] === 47) return encoder.putStatic(indexRoot);
  return encoder.putNamed(pathName, at, length);
}

/** The first protocol of the Upgrade list (RFC 8441 4). */
function putProtocol(encoder: HpackEncoder, message: Message): boolean {
  const index = message.find(upgradeName, 0);
  if (index < 0) return false;
  const word = index * headerWords;
  const { bytes, headers } = message;
  const at = headers[word + 2];
  let end = at;
  while (end < at + headers[word + 3] && bytes[end] !== 44 && bytes[end] !== 32) end++;
  return encoder.putNamed(protocolName, at, end - at);
}

/** The lines of the table but for those called `without`. */
function putFields(encoder: HpackEncoder, message: Message, without: HeaderName | null): boolean {
  const { bytes, headers } = message;
  const withoutHash = without === null ? 0 : without.hash;
  const wordEnd = message.count * headerWords;
  for (let word = 0; word < wordEnd; word += headerWords) {
    if (headers[word + 1] === 0) continue;
    const hash = headers[word + 4];
    if (without !== null && hash === withoutHash && isNamed(message, word, without)) continue;
    const name = dropped.get(hash);
    if (name !== undefined && isNamed(message, word, name)) continue;
    if (hash === teName.hash && isNamed(message, word, teName)) {
      const at = headers[word + 2];
      if (!hasTrailers(bytes, at, at + headers[word + 3])) continue;
      if (!encoder.putText(teName, trailersWord)) return false;
      continue;
    }
    if (!encoder.putField(headers, word)) return false;
  }
  return true;
}

const trailersWord = Uint8Array.from(Buffer.from('trailers'));

function isNamed(message: Message, word: number, name: HeaderName): boolean {
  const { bytes, headers } = message;
  const expected = name.bytes;
  if (headers[word + 1] !== expected.length) return false;
  const at = headers[word];
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
