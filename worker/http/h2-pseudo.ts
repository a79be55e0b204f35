// The pseudo headers of HTTP/2 and the request line made of them (RFC 9113 8.3.1, RFC 8441 4).
// Called by h2-head.ts. The target is written behind the block's strings in absolute form where an
// authority was named, without a port that the scheme implies (RFC 3986 6.2.3).

import { methodCodeAt } from './h1-head.ts';
import type { HeaderBlock } from './hpack-decoder.ts';
import {
  clearScheme,
  type HeaderName,
  hasHost,
  headerName,
  type Message,
  methodConnect,
  methodGet,
  methodOther,
  normalizedTarget,
} from './message.ts';
import {
  colon,
  forbiddenAuthorityByte,
  hash as hashSign,
  isDefaultPort,
  isWord,
  lowerByte,
  lowerToken,
  portLength,
  schemeHttp,
  schemeHttps,
  schemeOther,
  slash,
  space,
} from './syntax.ts';

/** The message is malformed: a stream error (RFC 9113 8.1.1). */
export const headMalformed = -1;
/** It can be read and must not be served: 400. */
export const headBad = -2;

export const pseudoMethod = 0;
export const pseudoScheme = 1;
export const pseudoAuthority = 2;
export const pseudoPath = 3;
export const pseudoProtocol = 4;
export const pseudoStatus = 5;

const texts = [':method', ':scheme', ':authority', ':path', ':protocol', ':status'];
const names: readonly HeaderName[] = texts.map(headerName);
const ordinary = (1 << pseudoMethod) | (1 << pseudoScheme) | (1 << pseudoPath);
const tunnel = (1 << pseudoMethod) | (1 << pseudoAuthority);
const extended = ordinary | (1 << pseudoAuthority) | (1 << pseudoProtocol);

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const httpWord = bytesOf('http');
const httpsWord = bytesOf('https');
const h2Word = bytesOf('h2');
const h2cWord = bytesOf('h2c');
const priWord = bytesOf('pri');
const starWord = bytesOf('*');
const getWord = bytesOf('GET');

/** Which pseudo headers a block has, and where. */
export class PseudoHeaders {
  /** option accept-unsafe-violations-in-http-request. */
  relaxed: boolean;
  /** A bit per pseudo header. */
  found: number;
  private block: HeaderBlock | null;
  private readonly wordsOf: Int32Array;

  constructor() {
    this.relaxed = false;
    this.found = 0;
    this.block = null;
    this.wordsOf = new Int32Array(texts.length);
  }

  restart(block: HeaderBlock): void {
    this.block = block;
    this.found = 0;
  }

  /** The field at `word` begins with a colon. False: not a known one, or the second of its kind. */
  take(word: number): boolean {
    const { bytes, words } = this.block!;
    for (let i = 0; i < names.length; i++) {
      const name = names[i];
      if (words[word + 4] !== name.hash) continue;
      if (!isWord(bytes, words[word], words[word + 1], name.bytes)) continue;
      if (this.has(i)) return false;
      this.found |= 1 << i;
      this.wordsOf[i] = word;
      return true;
    }
    return false;
  }

  has(index: number): boolean {
    return (this.found & (1 << index)) !== 0;
  }

  isOnly(index: number): boolean {
    return this.found === 1 << index;
  }

  at(index: number): number {
    return this.block!.words[this.wordsOf[index] + 2];
  }

  length(index: number): number {
    return this.block!.words[this.wordsOf[index] + 3];
  }

  is(index: number, lower: Uint8Array): boolean {
    return isWord(this.block!.bytes, this.at(index), this.length(index), lower);
  }
}

/** Sets method and target of `message`. 0, headMalformed or headBad. */
export function requestLineOf(
  message: Message,
  block: HeaderBlock,
  pseudos: PseudoHeaders,
): number {
  if (!pseudos.has(pseudoMethod) || pseudos.length(pseudoMethod) === 0) return headMalformed;
  const { bytes } = block;
  message.methodAt = pseudos.at(pseudoMethod);
  message.methodLength = pseudos.length(pseudoMethod);
  message.method = methodCodeAt(bytes, message.methodAt, message.methodLength);
  if (pseudos.has(pseudoAuthority) && !isAuthority(bytes, pseudos)) return headMalformed;
  if (message.method === methodConnect && !pseudos.has(pseudoProtocol)) {
    if (pseudos.found !== tunnel || pseudos.length(pseudoAuthority) === 0) return headMalformed;
    message.targetAt = pseudos.at(pseudoAuthority);
    message.targetLength = pseudos.length(pseudoAuthority);
    return 0;
  }
  if (pseudos.has(pseudoProtocol)) {
    if (message.method !== methodConnect || pseudos.found !== extended) return headMalformed;
    if (pseudos.is(pseudoProtocol, h2Word) || pseudos.is(pseudoProtocol, h2cWord)) {
      return headMalformed;
    }
    if (!asGet(message, block)) return headMalformed;
  } else if ((pseudos.found & ~(1 << pseudoAuthority)) !== ordinary) {
    return headMalformed;
  }
  if (!isPath(bytes, pseudos)) return headMalformed;
  if (!buildTarget(message, block, pseudos)) return headMalformed;
  return isBad(message, bytes, pseudos) ? headBad : 0;
}

/** An extended CONNECT is what HTTP/1 asks with GET (RFC 8441 5). */
function asGet(message: Message, block: HeaderBlock): boolean {
  if (block.at + getWord.length > block.end) return false;
  message.method = methodGet;
  message.methodAt = block.at;
  message.methodLength = getWord.length;
  for (let i = 0; i < getWord.length; i++) block.bytes[block.at++] = getWord[i];
  return true;
}

function isAuthority(bytes: Uint8Array, pseudos: PseudoHeaders): boolean {
  const at = pseudos.at(pseudoAuthority);
  return forbiddenAuthorityByte(bytes, at, pseudos.length(pseudoAuthority)) < 0;
}

/** `*`, or a slash and then no control, space or number sign (RFC 9113 8.3.1). */
function isPath(bytes: Uint8Array, pseudos: PseudoHeaders): boolean {
  const at = pseudos.at(pseudoPath);
  const length = pseudos.length(pseudoPath);
  if (length === 0) return false;
  if (bytes[at] !== slash && !pseudos.is(pseudoPath, starWord)) return false;
  if (pseudos.relaxed) return true;
  for (let i = at; i < at + length; i++) {
    if (bytes[i] <= space || bytes[i] === hashSign) return false;
  }
  return true;
}

function schemeOf(pseudos: PseudoHeaders): number {
  if (pseudos.is(pseudoScheme, httpWord)) return schemeHttp;
  return pseudos.is(pseudoScheme, httpsWord) ? schemeHttps : schemeOther;
}

/** False: there is no room for it. */
function buildTarget(message: Message, block: HeaderBlock, pseudos: PseudoHeaders): boolean {
  const { bytes } = block;
  const scheme = schemeOf(pseudos);
  if (!pseudos.has(pseudoAuthority)) {
    message.targetAt = pseudos.at(pseudoPath);
    message.targetLength = pseudos.length(pseudoPath);
    if (scheme === schemeHttp) message.flags |= clearScheme;
    return true;
  }
  const authorityAt = pseudos.at(pseudoAuthority);
  const authorityLength = withoutPort(message, bytes, pseudos, scheme);
  const isStar = pseudos.is(pseudoPath, starWord);
  const pathLength = isStar ? 0 : pseudos.length(pseudoPath);
  const schemeLength = pseudos.length(pseudoScheme);
  const start = block.at;
  if (start + schemeLength + 3 + authorityLength + pathLength > block.end) return false;
  let at = copy(bytes, start, pseudos.at(pseudoScheme), schemeLength);
  bytes[at] = colon;
  bytes[at + 1] = slash;
  bytes[at + 2] = slash;
  at = copy(bytes, at + 3, authorityAt, authorityLength);
  at = copy(bytes, at, pseudos.at(pseudoPath), pathLength);
  message.targetAt = start;
  message.targetLength = at - start;
  block.at = at;
  if (scheme !== schemeOther) message.flags |= normalizedTarget;
  return true;
}

function copy(bytes: Uint8Array, to: number, at: number, length: number): number {
  bytes.copyWithin(to, at, at + length);
  return to + length;
}

/** Length of the authority without a port that the scheme implies; Host follows it. */
function withoutPort(
  message: Message,
  bytes: Uint8Array,
  pseudos: PseudoHeaders,
  scheme: number,
): number {
  const at = pseudos.at(pseudoAuthority);
  const length = pseudos.length(pseudoAuthority);
  if (scheme === schemeOther) return length;
  const port = portLength(bytes, at, length);
  if (port < 0 || !isDefaultPort(bytes, at + length - port, port, scheme)) return length;
  const left = length - port - 1;
  // Host was placed first: it is the first header of the message.
  if ((message.flags & hasHost) !== 0) message.headers[3] = left;
  return left;
}

/** A scheme or method that is none, or a target with blanks: readable, not to be served. */
function isBad(message: Message, bytes: Uint8Array, pseudos: PseudoHeaders): boolean {
  if (!isScheme(bytes, pseudos.at(pseudoScheme), pseudos.length(pseudoScheme))) return true;
  const { methodAt, methodLength, targetAt, targetLength } = message;
  for (let i = methodAt; i < methodAt + methodLength; i++) {
    if (lowerToken[bytes[i]] === 0) return true;
  }
  for (let i = targetAt; i < targetAt + targetLength; i++) {
    if (bytes[i] <= space || bytes[i] === 127) return true;
  }
  return message.method === methodOther && isWord(bytes, methodAt, methodLength, priWord);
}

/** RFC 3986 3.1. */
function isScheme(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) {
    const lower = lowerByte[bytes[i]];
    const isLetter = lower >= 97 && lower <= 122;
    if (isLetter) continue;
    const isOther = (lower >= 48 && lower <= 57) || lower === 43 || lower === 45 || lower === 46;
    if (i === at || !isOther) return false;
  }
  return length > 0;
}
