// Waiting for the body of a message before going on: option http-buffer-request and the action
// wait-for-body (manual 4). Tells when there is enough of it, and tells a client that waits for it
// to send (RFC 9110 10.1.1).

import {
  bodyNone,
  bodyTunnel,
  expectContinue,
  headerName,
  methodConnect,
} from '../http/message.ts';
import type { Stream } from './stream.ts';

const expectName = headerName('expect');

/** How much of a body is waited for. */
export interface BodyWish {
  readonly atLeastBytes: number;
  /** A body that does not fit into a buffer goes into a large one. */
  readonly usesLarge: boolean;
}

/** All of it, as far as it fits into a buffer. */
export const wholeBody: BodyWish = { atLeastBytes: Number.POSITIVE_INFINITY, usesLarge: false };

/**
 * True when nothing more is waited for: no body, all of it, enough of it, or the buffer is full.
 * Reads the payload that rules were shown last.
 */
export function hasBody(stream: Stream, isRequest: boolean, wish: BodyWish): boolean {
  const message = isRequest ? stream.request : stream.response;
  const payload = isRequest ? stream.requestPayload : stream.responsePayload;
  if (message.framing === bodyNone || message.framing === bodyTunnel) return true;
  if (stream.request.method === methodConnect) return true;
  if (payload.ended || payload.length >= wish.atLeastBytes) return true;
  const inbound = (isRequest ? stream.front : stream.back)?.inbound ?? null;
  const room = inbound === null ? stream.thread.memory.slotBytes : inbound.capacity();
  if (payload.length < roomForPayload(stream, room, message.headLength)) return false;
  const { largeBytes } = stream.thread.memory;
  if (!wish.usesLarge || inbound === null || room === largeBytes) return true;
  if (!inbound.enlarge(message)) return true;
  payload.at = inbound.bodyAt;
  payload.length = inbound.bodyLength;
  return payload.length >= roomForPayload(stream, largeBytes, message.headLength);
}

/** Bytes a buffer holds beside the head and the room reserved for rewriting. */
function roomForPayload(stream: Stream, bytes: number, headBytes: number): number {
  const { maxrewrite } = stream.thread.program.model.global.tune;
  return Math.max(1, bytes - maxrewrite - headBytes);
}

/** A client that asked whether to send its body is told to; the server need not be asked again. */
export function answerExpectation(stream: Stream): void {
  const { request, response, front } = stream;
  if ((request.flags & expectContinue) === 0 || front === null) return;
  request.flags &= ~expectContinue;
  request.removeAll(expectName);
  response.reset();
  response.version = 11;
  response.status = 100;
  front.sendHead(response, 0, 0, false);
  response.reset();
}
