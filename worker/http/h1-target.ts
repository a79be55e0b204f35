// The request target and Host of HTTP/1: which form goes with which method (RFC 9112 3.2), that
// both name the same authority, and the normalisation of a default port (RFC 3986 6.2.3). Called
// once by h1-head.ts when the head is complete; rewrites the target in place and never makes it
// start earlier.

import { type HeadState, h1ErrorHost, h1ErrorTarget } from './h1.ts';
import { type Message, methodConnect, methodOptions, methodOther } from './message.ts';
import {
  forbiddenAuthorityByte,
  isDefaultPort,
  isSameWord,
  portLength,
  schemeKind,
  schemeNone,
  slash,
  splitTarget,
  TargetParts,
} from './syntax.ts';

const parts = new TargetParts();

/**
 * 0, or an error. May shorten the target and the Host value to what the scheme makes redundant.
 */
export function checkTarget(message: Message, state: HeadState): number {
  const { bytes, method, targetAt, targetLength } = message;
  if (targetLength === 0) return state.fail(targetAt, h1ErrorTarget);
  const first = bytes[targetAt];
  if (first === slash) return method === methodConnect ? badTarget(message, state) : 0;
  if (first === 42) {
    const fits = targetLength === 1 && (method === methodOptions || method === methodOther);
    return fits ? 0 : badTarget(message, state);
  }
  splitTarget(bytes, targetAt, targetLength, parts);
  if ((parts.schemeLength === 0) !== (method === methodConnect)) return badTarget(message, state);
  if (forbiddenAuthorityByte(bytes, parts.authorityAt, parts.authorityLength) >= 0) {
    const verdict = state.tolerate(targetAt, h1ErrorTarget);
    if (verdict < 0) return verdict;
  }
  if (method === methodConnect) return checkConnect(message, state);
  const verdict = checkHost(message, state);
  if (verdict === 0) normaliseTarget(message, state);
  return verdict;
}

function badTarget(message: Message, state: HeadState): number {
  return state.fail(message.targetAt, h1ErrorTarget);
}

/** CONNECT: a port must be given; Host must name the same host, and may leave out 80 and 443. */
function checkConnect(message: Message, state: HeadState): number {
  const { bytes, headers } = message;
  const { authorityAt, authorityLength } = parts;
  const port = portLength(bytes, authorityAt, authorityLength);
  if (port <= 0) return state.tolerate(authorityAt, h1ErrorTarget);
  if (state.hostWord < 0) return 0;
  const hostAt = headers[state.hostWord + 2];
  const hostLength = headers[state.hostWord + 3];
  const hostPort = portLength(bytes, hostAt, hostLength);
  const nameLength = hostPort < 0 ? hostLength : hostLength - hostPort - 1;
  const portAt = authorityAt + authorityLength - port;
  const isDefault = isDefaultPort(bytes, portAt, port, schemeNone);
  const isSameName =
    nameLength === authorityLength - port - 1 && isSameWord(bytes, hostAt, authorityAt, nameLength);
  const isSamePort =
    hostPort > 0
      ? hostPort === port && isSameWord(bytes, hostAt + nameLength + 1, portAt, port)
      : isDefault;
  if (!isSameName || !isSamePort) return state.tolerate(hostAt, h1ErrorHost);
  if (hostPort > 0 && isDefault) setHost(message, state, hostAt, nameLength);
  return 0;
}

/** Absolute form: Host must be the authority, give or take the port that the scheme implies. */
function checkHost(message: Message, state: HeadState): number {
  const { bytes, headers, targetAt } = message;
  if (state.hostWord < 0) return 0;
  const { authorityAt, authorityLength } = parts;
  const hostAt = headers[state.hostWord + 2];
  const hostLength = headers[state.hostWord + 3];
  if (hostLength === authorityLength && isSameWord(bytes, hostAt, authorityAt, hostLength))
    return 0;
  const scheme = schemeKind(bytes, targetAt, parts.schemeLength);
  const port = portLength(bytes, authorityAt, authorityLength);
  const hostPort = portLength(bytes, hostAt, hostLength);
  const nameLength = port < 0 ? authorityLength : authorityLength - port - 1;
  const hostNameLength = hostPort < 0 ? hostLength : hostLength - hostPort - 1;
  const agree =
    (port >= 0 || hostPort >= 0) &&
    (port < 0 || isDefaultPort(bytes, authorityAt + nameLength + 1, port, scheme)) &&
    (hostPort < 0 || isDefaultPort(bytes, hostAt + hostNameLength + 1, hostPort, scheme)) &&
    nameLength === hostNameLength &&
    isSameWord(bytes, authorityAt, hostAt, nameLength);
  return agree ? 0 : state.tolerate(hostAt, h1ErrorHost);
}

/**
 * Takes a default port out of an absolute target and gives one without a path its `/` (but for
 * OPTIONS, RFC 9112 3.2.4). When either was needed Host becomes the authority that is left.
 */
function normaliseTarget(message: Message, state: HeadState): void {
  const { bytes, targetAt } = message;
  const { authorityAt, authorityLength } = parts;
  const port = portLength(bytes, authorityAt, authorityLength);
  const portAt = authorityAt + authorityLength - port;
  const scheme = schemeKind(bytes, targetAt, parts.schemeLength);
  const removed = port >= 0 && isDefaultPort(bytes, portAt, port, scheme) ? port + 1 : 0;
  const isPathMissing = parts.pathAt < 0 && message.method !== methodOptions;
  if (removed === 0 && !isPathMissing) return;
  const hostLength = authorityLength - removed;
  if (removed > 0) {
    bytes.copyWithin(targetAt + removed, targetAt, authorityAt + hostLength);
    message.targetAt += removed;
    message.targetLength -= removed;
    message.grown -= removed;
  }
  if (isPathMissing) {
    // The byte after the target is the space before the version, which has been read.
    bytes[message.targetAt + message.targetLength++] = slash;
    message.grown++;
  }
  setHost(message, state, authorityAt + removed, hostLength);
}

function setHost(message: Message, state: HeadState, at: number, length: number): void {
  if (state.hostWord < 0) return;
  const { headers } = message;
  message.grown += length - headers[state.hostWord + 3];
  headers[state.hostWord + 2] = at;
  headers[state.hostWord + 3] = length;
}
