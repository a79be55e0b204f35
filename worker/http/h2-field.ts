// Header fields of HTTP/2 as they come out of HPACK: what one may be made of (RFC 9113 8.2), and
// trailers as the lines that HTTP/1 would have. Called by h2-head.ts and mux/h2-trailers.ts.

import type { HeaderBlock } from './hpack-decoder.ts';
import { type HeaderName, headerName, headerWords } from './message.ts';
import { carriageReturn, colon, isWord, lineFeed, lowerToken, space } from './syntax.ts';

/** 1 for the bytes that no value may hold, of those up to CR. */
const neverInValue = new Uint8Array(14);
neverInValue[0] = 1;
neverInValue[10] = 1;
neverInValue[13] = 1;

/** Lines that frame a message or belong to a connection: they mean nothing in trailers. */
const framingNames =
  'connection|proxy-connection|keep-alive|transfer-encoding|upgrade|host|content-length|te';
const framing = new Map<number, HeaderName>();
for (const text of framingNames.split('|')) {
  const name = headerName(text);
  framing.set(name.hash, name);
}

/**
 * Is the name a lower-case token (pseudo headers begin with a colon), and does the value hold no
 * NUL, CR or LF? RFC 9113 8.2.1.
 */
export function isFieldValid(block: HeaderBlock, word: number): boolean {
  const { bytes, words } = block;
  let at = words[word];
  const nameEnd = at + words[word + 1];
  if (at === nameEnd) return false;
  if (bytes[at] === colon) at++;
  for (; at < nameEnd; at++) {
    const lower = lowerToken[bytes[at]];
    if (lower === 0 || lower !== bytes[at]) return false;
  }
  const valueEnd = words[word + 2] + words[word + 3];
  for (at = words[word + 2]; at < valueEnd; at++) {
    if (bytes[at] <= carriageReturn && neverInValue[bytes[at]] !== 0) return false;
  }
  return true;
}

/** Is the field at `word` called so? */
export function isFieldNamed(block: HeaderBlock, word: number, name: HeaderName): boolean {
  return isWord(block.bytes, block.words[word], block.words[word + 1], name.bytes);
}

/**
 * Writes trailers as lines with their empty line to `at`. Returns their length, 0: there are none,
 * -1: malformed, or more than `room`. Lines that frame a message are left out (RFC 9110 6.5.1).
 */
export function writeTrailerLines(block: HeaderBlock, at: number, room: number): number {
  const { bytes, words } = block;
  const wordEnd = block.count * headerWords;
  let to = at;
  for (let word = 0; word < wordEnd; word += headerWords) {
    if (!isFieldValid(block, word) || bytes[words[word]] === colon) return -1;
    const known = framing.get(words[word + 4]);
    if (known !== undefined && isFieldNamed(block, word, known)) continue;
    if (to + words[word + 1] + words[word + 3] + 6 > at + room) return -1;
    to = writeLine(block, word, to);
  }
  if (to === at) return 0;
  bytes[to] = carriageReturn;
  bytes[to + 1] = lineFeed;
  return to + 2 - at;
}

/** `name: value CR LF`; returns the offset behind it. */
function writeLine({ bytes, words }: HeaderBlock, word: number, at: number): number {
  bytes.copyWithin(at, words[word], words[word] + words[word + 1]);
  let to = at + words[word + 1];
  bytes[to++] = colon;
  bytes[to++] = space;
  bytes.copyWithin(to, words[word + 2], words[word + 2] + words[word + 3]);
  to += words[word + 3];
  bytes[to++] = carriageReturn;
  bytes[to++] = lineFeed;
  return to;
}
