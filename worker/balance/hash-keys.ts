// What a hash algorithm hashes: compiled readers that turn a stream into an unsigned 32-bit number,
// or noHash when the request has no such key (round robin then). They read the received bytes in
// place.

import type { ProxyModel } from '../../shared/config/model.ts';
import { familyIpv4, familyIpv6 } from '../conn/endpoint.ts';
import { headerName, headerWords, methodPost, writeLatin1 } from '../http/message.ts';
import type { Expression, Scope } from '../keyword.ts';
import { kindBinary, kindString } from '../sample/sample.ts';
import type { Stream } from '../stream/stream.ts';
import { avalanche } from '../../shared/hash.ts';
import type { HashType } from './hash-functions.ts';

export type RequestHash = (stream: Stream) => number;

export const noHash = -1;

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const del = 0x7f;
const space = 0x20;
const slash = 0x2f;
const questionMark = 0x3f;
const ampersand = 0x26;
const equals = 0x3d;
const dot = 0x2e;
const comma = 0x2c;
const colon = 0x3a;

/** Hashes `length` bytes at `at` as `hash-type` says. */
type HashBytes = (bytes: Uint8Array, at: number, length: number) => number;

/** The function of a `hash-type`, with its modifier; made once per backend. */
export function hashBytes(type: HashType): HashBytes {
  const { hash } = type;
  return type.avalanche ? (bytes, at, length) => avalanche(hash(bytes, at, length)) : hash;
}

/** The 32-bit words of the client's address, exclusive-or'ed; no function but avalanche applies. */
export function sourceHash(type: HashType): RequestHash {
  const mix = type.avalanche;
  return (stream) => {
    const { source } = stream;
    let hash = 0;
    if (source.family === familyIpv4) hash = source.ipv4;
    else if (source.family === familyIpv6) hash = foldIpv6(source.bytes);
    else return noHash;
    return mix ? avalanche(hash) : hash;
  };
}

function foldIpv6(bytes: string): number {
  let hash = 0;
  for (let i = 0; i < 16; i++) hash ^= bytes.charCodeAt(i) << (24 - 8 * (i & 3));
  return hash >>> 0;
}

export interface UriOptions {
  /** 0: no limit. */
  readonly lengthMax: number;
  /** Directory levels, 0: no limit. */
  readonly depth: number;
  readonly whole: boolean;
  readonly pathOnly: boolean;
}

/**
 * The target up to the question mark (`whole`: all of it), cut at `len` bytes and `depth` levels.
 */
export function uriHash(type: HashType, options: UriOptions): RequestHash {
  const hash = hashBytes(type);
  const slashMax = options.depth > 0 ? options.depth + 1 : 0;
  const { lengthMax, whole, pathOnly } = options;
  return (stream) => {
    const { request } = stream;
    const { bytes } = request;
    const stop = request.targetAt + request.targetLength;
    const start = pathOnly ? pathAt(bytes, request.targetAt, stop) : request.targetAt;
    const limit = lengthMax > 0 ? Math.min(stop, start + lengthMax) : stop;
    let slashes = 0;
    let end = start;
    for (; end < limit; end++) {
      const byte = bytes[end];
      if (byte === slash && ++slashes === slashMax) break;
      if (byte === questionMark && !whole) break;
    }
    return hash(bytes, start, end - start);
  };
}

/** Where the path of a target begins; its end when it has none. */
function pathAt(bytes: Uint8Array, at: number, stop: number): number {
  if (at === stop || bytes[at] === slash) return at;
  for (let i = at; i + 2 < stop; i++) {
    if (bytes[i] !== colon || bytes[i + 1] !== slash || bytes[i + 2] !== slash) continue;
    let path = i + 3;
    while (path < stop && bytes[path] !== slash && bytes[path] !== questionMark) path++;
    return path;
  }
  return stop;
}

/** The value of the first query parameter called `name`. */
export function parameterHash(type: HashType, name: string): RequestHash {
  const hash = hashBytes(type);
  const wanted = Uint8Array.from(Buffer.from(name, 'latin1'));
  return ({ request }) => {
    const { bytes } = request;
    const stop = request.targetAt + request.targetLength;
    const query = bytes.indexOf(questionMark, request.targetAt);
    if (query < 0) return noHash;
    const at = parameterAt(bytes, query + 1, stop, wanted);
    return at < 0 ? noHash : hash(bytes, at, parameterLength(bytes, at, stop));
  };
}

/** check_post: without the parameter in its query, a POST is looked at as far as it has come. */
export function orInBody(type: HashType, name: string, inQuery: RequestHash): RequestHash {
  const hash = hashBytes(type);
  const wanted = Uint8Array.from(Buffer.from(name, 'latin1'));
  return (stream) => {
    const found = inQuery(stream);
    if (found !== noHash || stream.request.method !== methodPost) return found;
    const { at: start, length } = stream.requestPayload;
    const { bytes } = stream.thread.memory;
    const stop = start + length;
    const at = parameterAt(bytes, start, stop, wanted);
    if (at < 0) return noHash;
    const end = at + parameterLength(bytes, at, stop);
    for (let i = at; i < end; i++) {
      // A blank ends the list of parameters, a control character says that it is none.
      if (isBlank(bytes[i])) return hash(bytes, at, i - at);
      if (bytes[i] < space || bytes[i] === del) return noHash;
    }
    return hash(bytes, at, end - at);
  };
}

const isBlank = (byte: number): boolean =>
  byte === space || byte === tab || byte === lineFeed || byte === carriageReturn;

/** Where the value of a parameter begins, -1: it is not there. */
function parameterAt(bytes: Uint8Array, from: number, stop: number, wanted: Uint8Array): number {
  for (let at = from; at + wanted.length < stop; at++) {
    if (bytes[at + wanted.length] === equals && startsWith(bytes, at, wanted)) {
      return at + wanted.length + 1;
    }
    while (at < stop && bytes[at] !== ampersand) at++;
  }
  return -1;
}

function parameterLength(bytes: Uint8Array, from: number, stop: number): number {
  let end = from;
  while (end < stop && bytes[end] !== ampersand) end++;
  return end - from;
}

function startsWith(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** The first value of a header; with `domainOnly` the label before the last one. */
export function headerHash(type: HashType, name: string, domainOnly: boolean): RequestHash {
  const hash = hashBytes(type);
  const header = headerName(name);
  return (stream) => {
    const { request } = stream;
    const { bytes, headers } = request;
    const index = request.find(header, 0);
    if (index < 0) return noHash;
    const at = headers[index * headerWords + 2];
    const stop = at + firstValueLength(bytes, at, headers[index * headerWords + 3]);
    if (stop === at) return noHash;
    if (!domainOnly) return hash(bytes, at, stop - at);
    return domainHash(hash, bytes, at, stop);
  };
}

/** The label before the last dot; all of a name without dots. */
function domainHash(hash: HashBytes, bytes: Uint8Array, at: number, stop: number): number {
  const last = lastDot(bytes, at + 1, stop);
  const end = last < 0 ? stop : last;
  const before = last < 0 ? -1 : lastDot(bytes, at, last - 1);
  const start = before < 0 ? at : before + 1;
  return hash(bytes, start, end - start);
}

/** Position of the last dot in [at, stop), -1: none. */
function lastDot(bytes: Uint8Array, at: number, stop: number): number {
  for (let i = stop - 1; i >= at; i--) if (bytes[i] === dot) return i;
  return -1;
}

/** Length of the first element of a comma-separated list, trailing blanks left out. */
function firstValueLength(bytes: Uint8Array, at: number, length: number): number {
  let end = at;
  while (end < at + length && bytes[end] !== comma) end++;
  while (end > at && (bytes[end - 1] === 0x20 || bytes[end - 1] === 9)) end--;
  return end - at;
}

const scratch = new Uint8Array(65_536);

/** The value of an expression, as binary, or as text when it is taken for a number. */
export function expressionHash(type: HashType, expression: Expression): RequestHash {
  const hash = hashBytes(type);
  const { evaluate } = expression;
  return (stream) => {
    const { sample } = stream;
    sample.restart();
    if (!evaluate(stream, sample)) return noHash;
    const length = Math.min(sample.text.length, scratch.length);
    writeLatin1(
      scratch,
      0,
      length === sample.text.length ? sample.text : sample.text.slice(0, length),
    );
    return hash(scratch, 0, length);
  };
}

/** Builds `balance hash EXPR`. null: alerts were given. */
export function compileExpression(
  text: string,
  type: HashType,
  proxy: ProxyModel,
  scope: Scope,
): RequestHash | null {
  const kind = type.takesNumber ? kindString : kindBinary;
  const expression = scope.expressionOf(text, kind);
  if (expression !== null) return expressionHash(type, expression);
  const place = proxy.balance?.place ?? proxy.place;
  scope.alertAt(place, `'balance hash' cannot use '${text}'`);
  return null;
}
