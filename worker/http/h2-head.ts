// From a decoded header block to a Message: pseudo headers, what HTTP/2 forbids, cookies (RFC 9113
// 8.2, 8.3; RFC 8441 4). Called by mux/h2-*.ts once per block. What it makes (target, cookie line)
// goes behind the strings of the block, in the same memory. It decides nothing about streams.

import type { HeaderBlock } from './hpack-decoder.ts';
import { isFieldNamed, isFieldValid } from './h2-field.ts';
import {
  headMalformed,
  PseudoHeaders,
  pseudoAuthority,
  pseudoProtocol,
  pseudoStatus,
  requestLineOf,
} from './h2-pseudo.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  connectionUpgrade,
  type HeaderName,
  hasHost,
  headerName,
  headerWords,
  type Message,
  methodConnect,
  methodHead,
  versionH2,
} from './message.ts';
import {
  colon,
  comma,
  digitZero,
  forbiddenAuthorityByte,
  isDigit,
  isWord,
  semicolon,
  space,
  tab,
} from './syntax.ts';

/** What special headers do with their line. */
const keep = 1;
const drop = 0;

type Handler = (reader: H2HeadReader, word: number) => number;

const trailersWord = Uint8Array.from(Buffer.from('trailers'));
const forbidden: Handler = () => headMalformed;

/** Lines that mean something to the framing or to this hop. */
const specials = new Map<number, { readonly name: HeaderName; readonly handle: Handler }>();
const special = (text: string, handle: Handler): void => {
  const name = headerName(text);
  specials.set(name.hash, { name, handle });
};
for (const text of ['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding']) {
  special(text, forbidden);
}
special('upgrade', forbidden);
special('host', (reader, word) => reader.host(word));
special('content-length', (reader, word) => reader.length(word));
special('te', (reader, word) => reader.te(word));
special('cookie', (reader, word) => reader.cookie(word));

const hostName = headerName('host');
const cookieName = headerName('cookie');
const upgradeName = headerName('upgrade');
const connectionName = headerName('connection');
const upgradeWord = Uint8Array.from(Buffer.from('upgrade'));

/** Reads heads of one thread, one at a time. */
export class H2HeadReader {
  private message: Message;
  private block: HeaderBlock;
  private isResponse: boolean;
  private readonly pseudos: PseudoHeaders;
  private cookieFirst: number;
  private cookieCount: number;
  private cookieBytes: number;
  /** The request asks for another protocol (RFC 8441). */
  isExtendedConnect: boolean;

  constructor() {
    this.message = noMessage;
    this.block = noBlock;
    this.isResponse = false;
    this.pseudos = new PseudoHeaders();
    this.cookieFirst = -1;
    this.cookieCount = 0;
    this.cookieBytes = 0;
    this.isExtendedConnect = false;
  }

  /**
   * Fills `message` from `block`. `ends`: no payload follows. `relaxed`: option
   * accept-unsafe-violations-in-http-request. 0, headMalformed or headBad.
   */
  readRequest(message: Message, block: HeaderBlock, ends: boolean, relaxed: boolean): number {
    this.isResponse = false;
    const { pseudos } = this;
    pseudos.relaxed = relaxed;
    let result = this.readFields(message, block);
    if (result < 0) return result;
    const line = requestLineOf(message, block, pseudos);
    if (line === headMalformed) return line;
    this.isExtendedConnect = pseudos.has(pseudoProtocol);
    if (this.isExtendedConnect && !this.addUpgrade()) return headMalformed;
    if (this.cookieCount > 0 && !this.joinCookies()) return headMalformed;
    result = this.frameRequest(ends);
    if (result < 0) return result;
    this.finish();
    return line;
  }

  /** The same for a response to `method`. Interim responses leave `ends` to the caller. */
  readResponse(message: Message, block: HeaderBlock, ends: boolean, method: number): number {
    this.isResponse = true;
    let result = this.readFields(message, block);
    if (result < 0) return result;
    if (!this.pseudos.isOnly(pseudoStatus) || !this.readStatus()) return headMalformed;
    const { status } = message;
    if (method === methodHead || status < 200 || status === 204 || status === 304) {
      message.framing = bodyNone;
    } else {
      result = this.frame(ends);
    }
    this.finish();
    return result;
  }

  private finish(): void {
    const { message, block } = this;
    message.headLength = block.at - message.headAt;
    message.receivedEdition = ++message.edition;
  }

  private readFields(message: Message, block: HeaderBlock): number {
    this.message = message;
    this.block = block;
    this.pseudos.restart(block);
    this.cookieCount = 0;
    this.cookieBytes = 0;
    this.isExtendedConnect = false;
    clear(message, block);
    const wordEnd = block.count * headerWords;
    let isInFields = false;
    for (let word = 0; word < wordEnd; word += headerWords) {
      if (!isFieldValid(this.block, word)) return headMalformed;
      if (block.bytes[block.words[word]] === colon) {
        if (isInFields || !this.pseudos.take(word)) return headMalformed;
        continue;
      }
      if (!isInFields && !this.placeHost()) return headMalformed;
      isInFields = true;
      const result = this.field(word);
      if (result < 0) return result;
    }
    return isInFields || this.placeHost() ? 0 : headMalformed;
  }

  /** `:authority` is the Host from here on, whatever a Host line says (RFC 9113 8.3.1). */
  private placeHost(): boolean {
    const { pseudos, message } = this;
    if (this.isResponse || !pseudos.has(pseudoAuthority)) return true;
    message.flags |= hasHost;
    return this.add(hostName, pseudos.at(pseudoAuthority), pseudos.length(pseudoAuthority));
  }

  private field(word: number): number {
    const known = specials.get(this.block.words[word + 4]);
    if (known !== undefined && isFieldNamed(this.block, word, known.name)) {
      const verdict = known.handle(this, word);
      if (verdict !== keep) return verdict;
    }
    const { message, block } = this;
    if (message.count === message.headerMax) return headMalformed;
    const { headers } = message;
    const { words } = block;
    const to = message.count++ * headerWords;
    headers[to] = words[word];
    headers[to + 1] = words[word + 1];
    headers[to + 2] = words[word + 2];
    headers[to + 3] = words[word + 3];
    headers[to + 4] = words[word + 4];
    this.trim(to);
    return 0;
  }

  private trim(word: number): void {
    const { bytes, headers } = this.message;
    let start = headers[word + 2];
    let end = start + headers[word + 3];
    while (start < end && (bytes[start] === space || bytes[start] === tab)) start++;
    while (end > start && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
    headers[word + 2] = start;
    headers[word + 3] = end - start;
  }

  // ---- special lines ----

  host(word: number): number {
    if (this.isResponse) return keep;
    if ((this.message.flags & hasHost) !== 0) return drop;
    const { bytes, words } = this.block;
    this.message.flags |= hasHost;
    const fault = forbiddenAuthorityByte(bytes, words[word + 2], words[word + 3]);
    return fault >= 0 ? headMalformed : keep;
  }

  te(word: number): number {
    if (this.isResponse) return keep;
    const { bytes, words } = this.block;
    return isWord(bytes, words[word + 2], words[word + 3], trailersWord) ? keep : headMalformed;
  }

  /** One number, or the same one again; narrowed to its digits without leading zeros. */
  length(word: number): number {
    const { bytes, words } = this.block;
    const { message } = this;
    const end = words[word + 2] + words[word + 3];
    const isFirst = message.contentLength < 0;
    let at = words[word + 2];
    for (;;) {
      while (at < end && bytes[at] === space) at++;
      const digitsAt = at;
      let firstAt = -1;
      let number = 0;
      for (; at < end && isDigit(bytes[at]); at++) {
        if (firstAt < 0 && bytes[at] !== digitZero) firstAt = at;
        number = number * 10 + bytes[at] - digitZero;
      }
      if (at === digitsAt || number > Number.MAX_SAFE_INTEGER) return headMalformed;
      if (message.contentLength >= 0 && message.contentLength !== number) return headMalformed;
      message.contentLength = number;
      words[word + 2] = firstAt < 0 ? at - 1 : firstAt;
      words[word + 3] = at - words[word + 2];
      while (at < end && bytes[at] === space) at++;
      if (at === end) return isFirst ? keep : drop;
      if (bytes[at++] !== comma) return headMalformed;
    }
  }

  /** Crumbs are put together once all have been seen (RFC 9113 8.2.3). */
  cookie(word: number): number {
    if (this.isResponse) return keep;
    if (this.cookieCount++ === 0) this.cookieFirst = word;
    this.cookieBytes += this.block.words[word + 3] + 2;
    return drop;
  }

  private joinCookies(): boolean {
    const { block, cookieFirst } = this;
    const { bytes, words } = block;
    if (this.cookieCount === 1) {
      return this.add(cookieName, words[cookieFirst + 2], words[cookieFirst + 3]);
    }
    const start = block.at;
    if (start + this.cookieBytes > block.end) return false;
    let at = start;
    const wordEnd = block.count * headerWords;
    for (let word = cookieFirst; word < wordEnd; word += headerWords) {
      if (words[word + 4] !== cookieName.hash || !isFieldNamed(this.block, word, cookieName))
        continue;
      if (at > start) {
        bytes[at++] = semicolon;
        bytes[at++] = space;
      }
      bytes.copyWithin(at, words[word + 2], words[word + 2] + words[word + 3]);
      at += words[word + 3];
    }
    block.at = at;
    return this.add(cookieName, start, at - start);
  }

  // ---- what is made here ----

  /** HTTP/1 asks for another protocol with two lines. */
  private addUpgrade(): boolean {
    const { pseudos, message } = this;
    const at = pseudos.at(pseudoProtocol);
    if (!this.add(upgradeName, at, pseudos.length(pseudoProtocol))) return false;
    const wordAt = this.write(upgradeWord);
    message.flags |= connectionUpgrade;
    return wordAt >= 0 && this.add(connectionName, wordAt, upgradeWord.length);
  }

  /** Copies `text` behind the block's strings; -1: no room. */
  private write(text: Uint8Array): number {
    const { block } = this;
    const { at } = block;
    if (at + text.length > block.end) return -1;
    for (let i = 0; i < text.length; i++) block.bytes[at + i] = text[i];
    block.at = at + text.length;
    return at;
  }

  private add(name: HeaderName, valueAt: number, valueLength: number): boolean {
    const { message } = this;
    const at = this.write(name.bytes);
    if (at < 0 || message.count === message.headerMax) return false;
    const { headers } = message;
    const to = message.count++ * headerWords;
    headers[to] = at;
    headers[to + 1] = name.bytes.length;
    headers[to + 2] = valueAt;
    headers[to + 3] = valueLength;
    headers[to + 4] = name.hash;
    return true;
  }

  private frameRequest(ends: boolean): number {
    const { message } = this;
    if (this.isExtendedConnect || message.method === methodConnect) {
      message.framing = bodyNone;
      return 0;
    }
    return this.frame(ends);
  }

  /** RFC 9113 8.1.1: an announced length must be that of the payload. */
  private frame(ends: boolean): number {
    const { message } = this;
    const { contentLength } = message;
    if (ends && contentLength > 0) return headMalformed;
    if (contentLength >= 0) message.framing = bodyLength;
    else if (!ends || this.isResponse) message.framing = bodyChunked;
    else message.framing = bodyNone;
    return 0;
  }

  private readStatus(): boolean {
    const { block, message, pseudos } = this;
    const at = pseudos.at(pseudoStatus);
    if (pseudos.length(pseudoStatus) !== 3) return false;
    let status = 0;
    for (let i = at; i < at + 3; i++) {
      if (!isDigit(block.bytes[i])) return false;
      status = status * 10 + block.bytes[i] - digitZero;
    }
    message.status = status;
    // Switching protocols is not what HTTP/2 does (RFC 9113 8.6).
    return status >= 100 && status !== 101;
  }
}

// Both are set by each call before anything is read.
const noMessage = null as unknown as Message;
const noBlock = null as unknown as HeaderBlock;

function clear(message: Message, block: HeaderBlock): void {
  message.count = 0;
  message.headAt = block.count === 0 ? block.at : block.words[0];
  message.version = versionH2;
  message.protocolLength = 0;
  message.reasonLength = 0;
  message.framing = bodyNone;
  message.contentLength = -1;
  message.flags = 0;
  message.grown = 0;
}
