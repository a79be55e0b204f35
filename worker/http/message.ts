// One HTTP message as offsets into the thread's memory. Codecs (h1, later h2) fill it, rules edit
// it, muxes write it out. It owns one slot of memory at most (the annex) and no socket and no
// clock.
//
//   headers: headerWords per header, in order of arrival
//     [0] nameAt   [1] nameLength (0: removed)   [2] valueAt   [3] valueLength   [4] name's hash
//
// An edit points a header at bytes in the annex, a second slot of the same memory, so a writer
// never asks whether bytes were received or made here. Names are lower case always (RFC 9110 5.1:
// the case carries no meaning; HAProxy sends them so).

import { moveAnnex } from './relocation.ts';
import type { SlotPool } from '../memory/pool.ts';

export const headerWords = 5;

/** Methods with a code of their own; any other token is `methodOther`. */
export const methods = [
  'OPTIONS',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'TRACE',
  'CONNECT',
] as const;
export const methodOptions = 0;
export const methodGet = 1;
export const methodHead = 2;
export const methodPost = 3;
export const methodPut = 4;
export const methodDelete = 5;
export const methodTrace = 6;
export const methodConnect = 7;
export const methodOther = 8;

/** How the end of the body is known (RFC 9112 6.3). */
export const bodyNone = 0;
export const bodyLength = 1;
export const bodyChunked = 2;
export const bodyUntilClose = 3;
/** After a 101 or a 2xx to CONNECT: bytes in both directions until closed. */
export const bodyTunnel = 4;

/** What the connection headers said. */
export const connectionClose = 1;
export const connectionKeepAlive = 2;
export const connectionUpgrade = 4;
/** Expect: 100-continue was present. */
export const expectContinue = 8;
/**
 * The message may not be cached or reused as is: both Content-Length and Transfer-Encoding came.
 */
export const framingConflict = 16;
/** A Host header is present (requests). */
export const hasHost = 32;
/**
 * The target is absolute because HTTP/2 has no other form for what HTTP/1 sends as a path: HTTP/1
 * sends its path (RFC 9113 8.3.1).
 */
export const normalizedTarget = 128;

/** The request came over HTTP/2 with the scheme http and without an authority. */
export const clearScheme = 256;

/** The request is one to a proxy, and Proxy-Connection takes the place of Connection. */
export const proxyHeader = 512;

/** No line announces the chunks of this response: whoever writes HTTP/1 does. */
export const unlinedChunks = 1024;

/** `Message.version` of HTTP/2. */
export const versionH2 = 20;

export interface HeaderName {
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly hash: number;
}

/** The hash that `Message.headers` keeps for each name; `byte` must already be lower case. */
export const hashStart = 5381;
/** One byte more of a name's hash. */
export function hashStep(hash: number, byte: number): number {
  return (Math.imul(hash, 33) ^ byte) | 0;
}

/** Prepares a name for look-ups and additions. Start time only. */
export function headerName(text: string): HeaderName {
  const lower = text.toLowerCase();
  const bytes = Uint8Array.from(Buffer.from(lower, 'latin1'));
  let hash = hashStart;
  for (let i = 0; i < bytes.length; i++) hash = hashStep(hash, bytes[i]);
  return { text: lower, bytes, hash };
}

export class Message {
  readonly pool: SlotPool;
  readonly bytes: Uint8Array;
  readonly headers: Int32Array;
  readonly headerMax: number;
  /** Headers in use, removed ones included. */
  count: number;
  /** Where the head as received starts, and its length with the empty line; 0: not complete. */
  headAt: number;
  headLength: number;
  /** 10, 11 or versionH2. */
  version: number;
  /** Version text that is neither HTTP/1.0 nor 1.1 and is passed on as it came; length 0: none. */
  protocolAt: number;
  protocolLength: number;
  /** Request: method code and its text; the request target as received or set. */
  method: number;
  methodAt: number;
  methodLength: number;
  targetAt: number;
  targetLength: number;
  /** Response: status 100-999 and the reason phrase. */
  status: number;
  reasonAt: number;
  reasonLength: number;
  /** body* constant, and the announced length (-1: none announced). */
  framing: number;
  contentLength: number;
  /** connection* and other flags above, or'ed. */
  flags: number;
  /** Bytes by which edits made the head longer (may be negative). */
  grown: number;
  /** Counts edits; caches of derived strings compare it. */
  edition: number;
  /**
   * `edition` when it had just been parsed: still equal when no rule has touched it. -1: made here.
   */
  receivedEdition: number;
  /** Slot with edited bytes, -1: none yet. */
  annexAt: number;
  annexUsed: number;
  private targetText: string;
  private targetEdition: number;

  /** `headerMax`: tune.http.maxhdr plus the headers rules may add. */
  constructor(pool: SlotPool, headerMax: number) {
    this.pool = pool;
    this.bytes = pool.bytes;
    this.headers = new Int32Array(headerMax * headerWords);
    this.headerMax = headerMax;
    this.count = 0;
    this.headAt = 0;
    this.headLength = 0;
    this.version = 11;
    this.protocolAt = 0;
    this.protocolLength = 0;
    this.method = methodOther;
    this.methodAt = 0;
    this.methodLength = 0;
    this.targetAt = 0;
    this.targetLength = 0;
    this.status = 0;
    this.reasonAt = 0;
    this.reasonLength = 0;
    this.framing = bodyNone;
    this.contentLength = -1;
    this.flags = 0;
    this.grown = 0;
    this.edition = 0;
    this.receivedEdition = -1;
    this.annexAt = -1;
    this.annexUsed = 0;
    this.targetText = '';
    this.targetEdition = -1;
  }

  /** Forgets the message and gives the annex back. */
  reset(): void {
    this.count = 0;
    this.headAt = 0;
    this.headLength = 0;
    this.protocolLength = 0;
    this.status = 0;
    this.method = methodOther;
    this.targetLength = 0;
    this.framing = bodyNone;
    this.contentLength = -1;
    this.flags = 0;
    this.grown = 0;
    this.edition++;
    this.receivedEdition = -1;
    if (this.annexAt >= 0) {
      this.pool.release(this.annexAt);
      this.annexAt = -1;
      this.annexUsed = 0;
    }
  }

  /** Index of the first header called `name` at or after `from`, -1: none. */
  find(name: HeaderName, from: number): number {
    const { headers, count } = this;
    const { hash } = name;
    for (let i = from, at = from * headerWords; i < count; i++, at += headerWords) {
      if (headers[at + 4] === hash && this.isNamed(at, name)) return i;
    }
    return -1;
  }

  /** Index of the last header called `name`, -1: none. */
  findLast(name: HeaderName): number {
    let last = -1;
    for (let i = this.find(name, 0); i >= 0; i = this.find(name, i + 1)) last = i;
    return last;
  }

  private isNamed(word: number, name: HeaderName): boolean {
    const expected = name.bytes;
    const length = expected.length;
    if (this.headers[word + 1] !== length) return false;
    const at = this.headers[word];
    for (let i = 0; i < length; i++) if (this.bytes[at + i] !== expected[i]) return false;
    return true;
  }

  /** Text of `length` bytes at `at`, as latin1. */
  text(at: number, length: number): string {
    return latin1(this.bytes, at, length);
  }

  nameText(index: number): string {
    const word = index * headerWords;
    return latin1(this.bytes, this.headers[word], this.headers[word + 1]);
  }

  valueText(index: number): string {
    const word = index * headerWords;
    return latin1(this.bytes, this.headers[word + 2], this.headers[word + 3]);
  }

  methodText(): string {
    if (this.method !== methodOther) return methods[this.method];
    return latin1(this.bytes, this.methodAt, this.methodLength);
  }

  /** The request target; cached until the next edit. */
  target(): string {
    if (this.targetEdition !== this.edition) {
      this.targetText = latin1(this.bytes, this.targetAt, this.targetLength);
      this.targetEdition = this.edition;
    }
    return this.targetText;
  }

  /**
   * Appends a header. `value` is latin1 without CR, LF or NUL (callers have checked or come from
   * rules). False: no room left in the table or the annex; the message is unchanged.
   */
  add(name: HeaderName, value: string): boolean {
    if (this.count === this.headerMax) return false;
    const { bytes } = name;
    const at = this.reserve(bytes.length + value.length);
    if (at < 0) return false;
    for (let i = 0; i < bytes.length; i++) this.bytes[at + i] = bytes[i];
    writeLatin1(this.bytes, at + bytes.length, value);
    const word = this.count++ * headerWords;
    this.headers[word] = at;
    this.headers[word + 1] = bytes.length;
    this.headers[word + 2] = at + bytes.length;
    this.headers[word + 3] = value.length;
    this.headers[word + 4] = name.hash;
    this.grown += bytes.length + value.length + 4;
    this.edition++;
    return true;
  }

  /** Removes header `index`. */
  remove(index: number): void {
    const word = index * headerWords;
    if (this.headers[word + 1] === 0) return;
    this.grown -= this.headers[word + 1] + this.headers[word + 3] + 4;
    this.headers[word + 1] = 0;
    this.headers[word + 4] = 0;
    this.edition++;
  }

  /** Removes every header called `name`; returns how many there were. */
  removeAll(name: HeaderName): number {
    let removed = 0;
    for (let i = this.find(name, 0); i >= 0; i = this.find(name, i + 1)) {
      this.remove(i);
      removed++;
    }
    return removed;
  }

  /** Gives header `index` another value. False: no room, unchanged. */
  setValue(index: number, value: string): boolean {
    const at = this.reserve(value.length);
    if (at < 0) return false;
    writeLatin1(this.bytes, at, value);
    const word = index * headerWords;
    this.grown += value.length - this.headers[word + 3];
    this.headers[word + 2] = at;
    this.headers[word + 3] = value.length;
    this.edition++;
    return true;
  }

  setTarget(value: string): boolean {
    const at = this.reserve(value.length);
    if (at < 0) return false;
    writeLatin1(this.bytes, at, value);
    this.grown += value.length - this.targetLength;
    this.targetAt = at;
    this.targetLength = value.length;
    this.edition++;
    return true;
  }

  setMethod(value: string): boolean {
    const at = this.reserve(value.length);
    if (at < 0) return false;
    writeLatin1(this.bytes, at, value);
    this.grown += value.length - this.methodLength;
    this.methodAt = at;
    this.methodLength = value.length;
    this.method = methodCode(value);
    this.edition++;
    return true;
  }

  setReason(value: string): boolean {
    const at = this.reserve(value.length);
    if (at < 0) return false;
    writeLatin1(this.bytes, at, value);
    this.grown += value.length - this.reasonLength;
    this.reasonAt = at;
    this.reasonLength = value.length;
    this.edition++;
    return true;
  }

  /** Room for `length` bytes in the annex, -1: full. The annex is taken at the first edit. */
  private reserve(length: number): number {
    if (this.annexAt < 0) {
      const at = this.pool.take();
      if (at < 0) return -1;
      this.annexAt = at;
      this.annexUsed = 0;
    }
    if (this.annexUsed + length > this.pool.slotBytes) return -1;
    if (this.annexUsed + length > this.pool.sizeOf(this.annexAt)) {
      const at = this.pool.take();
      if (at < 0) return -1;
      moveAnnex(this, at);
    }
    const at = this.annexAt + this.annexUsed;
    this.annexUsed += length;
    return at;
  }
}

/** Code of a method token (case-sensitive, RFC 9110 9.1). */
export function methodCode(token: string): number {
  const index = (methods as readonly string[]).indexOf(token);
  return index < 0 ? methodOther : index;
}

/** Bytes as a string of as many characters. Short runs are built here: a native call costs more. */
export function latin1(bytes: Uint8Array, at: number, length: number): string {
  if (length === 0) return '';
  if (length <= 6) {
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(bytes[at + i]);
    return text;
  }
  return latin1Slice.call(bytes, at, at + length);
}
const latin1Slice = (
  Buffer.prototype as unknown as { latin1Slice(start: number, end: number): string }
).latin1Slice as unknown as { call(self: Uint8Array, start: number, end: number): string };

/** Writes the low bytes of `text` at `at`. The caller has made sure of the room. */
export function writeLatin1(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
