// What follows from a complete head as a whole: how the body is framed, whether the connection
// can live on, what an Upgrade is worth (RFC 9112 6 and 9, RFC 9110 7.8). Called by h1-head.ts
// once per message; edits the table in place and returns 0 or an error.

import {
  fieldChunkedLast,
  fieldContentLength,
  fieldExpect,
  fieldOtherCoding,
  fieldRewrite,
  fieldTransferEncoding,
  fieldUpgrade,
  fieldWebsocket,
  type HeadState,
  h1ErrorCoding,
  h1ErrorPayload,
  h1ErrorTransferEncoding,
  h1ErrorWebsocketKey,
} from './h1.ts';
import {
  contentLengthName,
  dropFields,
  takeOutMembers,
  transferEncodingName,
  upgradeName,
} from './h1-special.ts';
import { checkTarget } from './h1-target.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyTunnel,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  connectionUpgrade,
  expectContinue,
  framingConflict,
  headerName,
  headerWords,
  type Message,
  methodConnect,
  methodDelete,
  methodGet,
  methodHead,
} from './message.ts';
import { reasonBytes } from './syntax-reason.ts';

/** May the connection carry another message after this one, as far as its own head says? */
export function isPersistent(message: Message): boolean {
  if ((message.flags & connectionClose) !== 0 || message.framing === bodyUntilClose) return false;
  return message.version >= 11 || (message.flags & connectionKeepAlive) !== 0;
}

/** Decides framing and connection of a whole request head: the body's kind, below 0 a refusal. */
export function settleRequest(message: Message, state: HeadState): number {
  message.grown += message.methodLength + message.targetLength + 14 - message.headLength;
  if (message.protocolLength > 0) message.grown += message.protocolLength - 8;
  let verdict = checkTarget(message, state);
  if (verdict < 0) return verdict;
  verdict = settleFraming(message, state);
  if (verdict < 0) return verdict;
  if (message.method === methodConnect) dropPayload(message);
  if (isPayloadRefused(message, state)) return state.fail(message.targetAt, h1ErrorPayload);
  if ((state.seen & fieldOtherCoding) !== 0) return state.fail(message.targetAt, h1ErrorCoding);
  settleRequestUpgrade(message, state);
  if ((state.seen & fieldExpect) !== 0 && message.version === 11 && message.framing !== bodyNone) {
    message.flags |= expectContinue;
  }
  return checkWebsocket(message, state);
}

/** As `settleRequest`, for a response head whose request is known to `state`. */
export function settleResponse(message: Message, state: HeadState): number {
  const digits = message.status < 1000 ? 3 : message.status < 10000 ? 4 : 5;
  const reason =
    message.reasonLength > 0 ? message.reasonLength : reasonBytes(message.status).length;
  message.grown += digits + reason + 14 - message.headLength;
  if (message.protocolLength > 0) message.grown += message.protocolLength - 8;
  const verdict = settleFraming(message, state);
  if (verdict < 0) return verdict;
  settleBodyless(message, state);
  if ((state.seen & fieldOtherCoding) !== 0) return state.fail(message.reasonAt, h1ErrorCoding);
  if ((state.seen & fieldRewrite) !== 0) takeOutMembers(message, false);
  if (message.status !== 101) message.flags &= ~connectionUpgrade;
  return checkWebsocket(message, state);
}

/**
 * Content-Length against Transfer-Encoding (RFC 9112 6.3): the latter wins and the connection
 * ends.
 */
function settleFraming(message: Message, state: HeadState): number {
  const { seen } = state;
  message.framing = bodyNone;
  if ((seen & fieldTransferEncoding) === 0) {
    if ((seen & fieldContentLength) !== 0) message.framing = bodyLength;
    else if (state.isResponse) message.framing = bodyUntilClose;
    return 0;
  }
  if ((seen & fieldContentLength) !== 0) {
    message.flags |= framingConflict;
    if (!state.limits.keepInsecure) message.flags |= connectionClose;
    message.contentLength = -1;
    dropFields(message, contentLengthName);
  } else if (message.version < 11) {
    message.flags |= connectionClose;
  }
  if ((seen & fieldChunkedLast) !== 0) {
    message.framing = bodyChunked;
    return 0;
  }
  if (!state.isResponse) return state.fail(message.targetAt, h1ErrorTransferEncoding);
  message.framing = bodyUntilClose;
  return 0;
}

/** HTTP/1.0 knew no body with these methods; a proxy behind might not see it (413). */
function isPayloadRefused(message: Message, state: HeadState): boolean {
  if (message.version >= 11 || state.limits.payloadWithAnyMethod) return false;
  const { method } = message;
  if (method !== methodGet && method !== methodHead && method !== methodDelete) return false;
  return message.framing === bodyChunked || message.contentLength > 0;
}

/** What a CONNECT, its 2xx, a 1xx or a 204 announces is not there. */
function dropPayload(message: Message): void {
  message.framing = bodyNone;
  message.contentLength = -1;
  dropFields(message, contentLengthName);
  dropFields(message, transferEncodingName);
}

/** Responses that have no body whatever they announce (RFC 9112 6.3, points 1 and 2). */
function settleBodyless(message: Message, state: HeadState): void {
  const { status } = message;
  const isTunnel =
    status === 101 || (state.requestMethod === methodConnect && status >= 200 && status < 300);
  if (isTunnel || status < 200 || status === 204) {
    dropPayload(message);
    if (isTunnel) message.framing = bodyTunnel;
  } else if (status === 304 || state.requestMethod === methodHead) {
    message.framing = bodyNone;
  }
}

/** An Upgrade line without `Connection: upgrade` is worth nothing, nor the other way round. */
function settleRequestUpgrade(message: Message, state: HeadState): void {
  const isAsked = (message.flags & connectionUpgrade) !== 0;
  const isNamed = (state.seen & fieldUpgrade) !== 0;
  if (isNamed && !isAsked) dropFields(message, upgradeName);
  if (isAsked && !isNamed) message.flags &= ~connectionUpgrade;
  const isLost = isAsked && !isNamed;
  if (isLost || (state.seen & fieldRewrite) !== 0) takeOutMembers(message, isLost);
}

const websocketKey = headerName('sec-websocket-key');
const websocketAccept = headerName('sec-websocket-accept');

/** A websocket handshake has a key of 24 characters, its answer an accept line (RFC 6455 4). */
function checkWebsocket(message: Message, state: HeadState): number {
  if ((state.seen & fieldWebsocket) === 0) return 0;
  if ((message.flags & connectionUpgrade) === 0) return 0;
  const name = state.isResponse ? websocketAccept : websocketKey;
  for (let i = message.find(name, 0); i >= 0; i = message.find(name, i + 1)) {
    if (state.isResponse || message.headers[i * headerWords + 3] === 24) return 0;
  }
  return state.tolerate(message.headAt, h1ErrorWebsocketKey);
}
