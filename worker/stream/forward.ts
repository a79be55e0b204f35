// Payload in both directions: from the client's side to the server's and back, half-close for TCP
// and tunnels, and the two idle timeouts. Heads have been sent when this begins.

import { field } from '../../shared/segment/metrics.ts';
import { verdictNext, verdictStop, verdictWait } from '../keyword.ts';
import { inboundClosed, type Side, sideGone } from '../mux/side.ts';
import { seenBadAnswer } from '../server/observe.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream, isComplete, offerBack } from './finish.ts';
import {
  flagAnswered,
  flagBackFinished,
  flagBodySent,
  flagFrontFinished,
  flagInspects,
  flagRequestDone,
  flagRequestSent,
  flagResponseDone,
  flagTcp,
  flagTunnel,
} from './phases.ts';
import { observe } from './observed.ts';
import { replyError } from './reply.ts';
import { responseContent } from './response-content.ts';
import { bypass } from './splice.ts';
import type { Stream } from './stream.ts';
import { recount } from './traffic.ts';

const fieldDenied = field.dresp;

/** Receive-and-send rounds per event and direction: no connection may hold the loop. */
const roundsMax = 8;

/** What one direction came to. */
const moveBlocked = 0;
const moveDone = 1;
const moveSourceFailed = 2;
const moveTargetGone = 3;
/** The rounds are used up and there is more. */
const moveMore = 4;

/** Moves what it can from `from` to `to`. Returns a move* constant. */
function move(context: EngineContext, stream: Stream, from: Side, to: Side): number {
  if (isLimited(stream, from === stream.front)) return moveSlowly(context, stream, from, to);
  const { inbound } = from;
  const { outbound } = to;
  for (let round = 0; round < roundsMax; round++) {
    if (inbound.bodyLength > 0 || inbound.bodyDone) {
      const length = inbound.bodyLength;
      if (inbound.trailersLength > 0) handTrailers(stream, from, to);
      outbound.isFollowed = inbound.hasMore;
      if (inbound.bodyDone && from === stream.back) offerBack(context, stream);
      const taken = outbound.send(inbound.bodyAt, length, inbound.bodyDone);
      if (taken === sideGone) return moveTargetGone;
      if (taken > 0) {
        inbound.consume(taken);
        touch(context, stream);
      }
      if (taken < length && !isPartOnly(taken, to)) return moveBlocked;
      if (taken < length) continue;
      if (inbound.bodyDone) return moveDone;
    }
    if (inbound.failure !== 0) return moveSourceFailed;
    if (bypass(context, stream, from, to) === 0 && !inbound.receive()) {
      outbound.letGo();
      return moveBlocked;
    }
    touch(context, stream);
  }
  return moveMore;
}

/** What was shown did not fit into one piece (a chunk), and the next may leave at once. */
function isPartOnly(taken: number, { outbound, connection }: Side): boolean {
  return taken > 0 && connection.writable && outbound.isFlushed();
}

/** Payload of this direction passes through limits (bandwidth.ts). */
export function isLimited({ bandwidth }: Stream, isRequest: boolean): boolean {
  return bandwidth?.governs(isRequest) === true;
}

/** The same under limits: what may not go on yet waits where it is, and so does what follows. */
function moveSlowly(context: EngineContext, stream: Stream, from: Side, to: Side): number {
  const { inbound } = from;
  const { outbound } = to;
  for (let round = 0; round < roundsMax; round++) {
    const length = inbound.bodyLength;
    if (length > 0 || inbound.bodyDone) {
      const isRequest = from === stream.front;
      const allowed = length === 0 ? 0 : stream.bandwidth!.take(isRequest, length);
      const isAll = allowed === length;
      if (isAll && inbound.trailersLength > 0) handTrailers(stream, from, to);
      if (allowed > 0 || isAll) {
        if (isAll && inbound.bodyDone && !isRequest) offerBack(context, stream);
        const taken = outbound.send(inbound.bodyAt, allowed, inbound.bodyDone && isAll);
        if (taken === sideGone) return moveTargetGone;
        if (taken > 0) inbound.consume(taken);
        touch(context, stream);
        if (taken < allowed && !isPartOnly(taken, to)) return moveBlocked;
        if (taken < allowed) continue;
        if (isAll && inbound.bodyDone) return moveDone;
      }
      if (!isAll) return waitForTurn(context, stream, isRequest);
    }
    if (inbound.failure !== 0) return moveSourceFailed;
    if (!inbound.receive()) return moveBlocked;
    touch(context, stream);
  }
  return moveMore;
}

/** Goes on when the limits allow more; until then nobody is late. */
function waitForTurn(context: EngineContext, stream: Stream, isRequest: boolean): number {
  const { front } = stream;
  const { timers, time } = context.thread;
  const untilMs = stream.bandwidth!.wait(isRequest, () =>
    again(context, stream, front!, isRequest),
  );
  if (stream.dueMs > 0 && stream.dueMs <= untilMs) {
    timers.schedule(stream, untilMs + Math.max(1, stream.dueMs - time.nowMs));
  }
  return moveBlocked;
}

/** Trailers travel with the end of the payload. */
export function handTrailers(stream: Stream, from: Side, to: Side): void {
  const { inbound } = from;
  if (!dropsTrailers(stream, to)) {
    to.outbound.setTrailers(inbound.trailersAt, inbound.trailersLength);
  }
  inbound.trailersLength = 0;
}

/** option http-drop-request-trailers of the backend, -response- of the frontend. */
function dropsTrailers({ front, frontend, backend }: Stream, to: Side): boolean {
  return to === front
    ? frontend.model.options['http-drop-response-trailers'] === true
    : backend.model.options['http-drop-request-trailers'] === true;
}

/** Something moved: both idle timeouts start again (a store, not a timer). */
export function touch(context: EngineContext, stream: Stream): void {
  if (stream.recountMs > 0) recount(context, stream);
  const tunnel = (stream.flags & flagTunnel) !== 0 ? stream.tunnelTimeoutMs : 0;
  let limitMs = tunnel;
  if (limitMs === 0) limitMs = shorter(stream.clientTimeoutMs, stream.serverTimeoutMs);
  if ((stream.flags & (flagFrontFinished | flagBackFinished)) !== 0) {
    limitMs = shorter(limitMs, finTimeoutMs(stream));
  }
  const { timers, time } = context.thread;
  if (stream.inspectUntilMs > 0) {
    limitMs = shorter(limitMs, Math.max(1, stream.inspectUntilMs - time.nowMs));
  }
  if (limitMs > 0) timers.schedule(stream, time.nowMs + limitMs);
  else timers.cancel(stream);
}

function finTimeoutMs(stream: Stream): number {
  const front = (stream.flags & flagFrontFinished) !== 0 ? stream.frontend.timeouts.clientFinMs : 0;
  const back = (stream.flags & flagBackFinished) !== 0 ? stream.backend.timeouts.serverFinMs : 0;
  return shorter(front, back);
}

/** The shorter of two limits, 0 meaning none. */
export function shorter(a: number, b: number): number {
  if (a === 0) return b;
  return b === 0 || a < b ? a : b;
}

/** Request payload. */
export function forwardRequest(context: EngineContext, stream: Stream): void {
  const { front, back } = stream;
  if (front === null || back === null || (stream.flags & flagRequestDone) !== 0) return;
  const before = front.inbound.bodyLength;
  const result = move(context, stream, front, back);
  if (before > 0 || result !== moveBlocked) stream.flags |= flagBodySent;
  if (result === moveDone) requestDone(context, stream, back);
  else if (result === moveSourceFailed) frontFailed(context, stream, front.inbound.failure);
  else if (result === moveTargetGone) backGone(context, stream, back);
  else if (result === moveMore) context.thread.defer(() => again(context, stream, front, true));
}

/** Response payload. */
export function forwardResponse(context: EngineContext, stream: Stream): void {
  const { front, back } = stream;
  if (front === null || back === null || (stream.flags & flagResponseDone) !== 0) return;
  if ((stream.flags & flagInspects) !== 0 && !inspected(context, stream, back)) return;
  const result = move(context, stream, back, front);
  if (result === moveDone) responseDone(context, stream, front);
  else if (result === moveSourceFailed) backFailed(context, stream, back.inbound.failure);
  else if (result === moveTargetGone) frontGone(context, stream);
  else if (result === moveMore) context.thread.defer(() => again(context, stream, front, false));
}

/** TCP mode: what the server says first is held until tcp-response content has looked at it. */
function inspected(context: EngineContext, stream: Stream, back: Side): boolean {
  let verdict = responseContent(context, stream);
  while (verdict === verdictWait && back.inbound.receive()) {
    verdict = responseContent(context, stream);
  }
  if (verdict === verdictWait) {
    touch(context, stream);
    return false;
  }
  stream.flags &= ~flagInspects;
  if (verdict === verdictNext || verdict === verdictStop) return true;
  const { values } = context.thread.counters;
  const { backend } = stream.backend;
  values[context.frontRows[stream.frontend.index] + fieldDenied] += 1;
  if (backend !== null) values[backend.row + fieldDenied] += 1;
  if (stream.server !== null) values[stream.server.row + fieldDenied] += 1;
  endsBy(stream, 'P', 'D');
  finishStream(context, stream, false);
  return false;
}

/** The next rounds, unless the stream has ended meanwhile. */
function again(context: EngineContext, stream: Stream, front: Side, isRequest: boolean): void {
  if (stream.front !== front) return;
  if (isRequest) forwardRequest(context, stream);
  else forwardResponse(context, stream);
}

function requestDone(context: EngineContext, stream: Stream, back: Side): void {
  stream.flags |= flagRequestDone;
  if ((stream.flags & (flagTcp | flagTunnel)) !== 0) {
    if (!back.outbound.isFlushed()) return;
    stream.flags |= flagBackFinished;
    back.finish();
    touch(context, stream);
    tunnelDone(context, stream);
  } else if (isComplete(stream)) {
    finishStream(context, stream, true);
  }
}

/**
 * The response has been handed on in full. An HTTP exchange ends here, whatever the request does.
 */
export function responseDone(context: EngineContext, stream: Stream, front: Side): void {
  stream.flags |= flagResponseDone;
  if ((stream.flags & (flagTcp | flagTunnel)) !== 0) {
    if (!front.outbound.isFlushed()) return;
    stream.flags |= flagFrontFinished;
    front.finish();
    touch(context, stream);
    tunnelDone(context, stream);
  } else if (front.inbound.bodyDone || (stream.flags & flagRequestDone) !== 0) {
    finishStream(context, stream, true);
  } else {
    finishStream(context, stream, false);
  }
}

/** Both sides have ended, and nothing waits to be sent. */
function tunnelDone(context: EngineContext, stream: Stream): void {
  const done = flagFrontFinished | flagBackFinished;
  if ((stream.flags & done) === done) finishStream(context, stream, false);
}

/** What was pending has left: half-closes that waited for it happen now. */
export function flushed(context: EngineContext, stream: Stream): void {
  const { front, back } = stream;
  if ((stream.flags & (flagTcp | flagTunnel)) === 0) return;
  const { flags } = stream;
  if (back !== null && (flags & flagRequestDone) !== 0 && (flags & flagBackFinished) === 0) {
    requestDone(context, stream, back);
  }
  if (stream.front !== front || front === null) return;
  if ((flags & flagResponseDone) !== 0 && (flags & flagFrontFinished) === 0) {
    responseDone(context, stream, front);
  }
}

/** The client ended or broke its message. `failure` as Inbound.failure. */
export function frontFailed(context: EngineContext, stream: Stream, failure: number): void {
  const byFraming = failure < 0 && failure > inboundClosed && isFraming(failure);
  if ((stream.flags & flagAnswered) !== 0) {
    endsBy(stream, byFraming ? 'P' : 'C', 'D');
    finishStream(context, stream, false);
    return;
  }
  const isSent = (stream.flags & flagRequestSent) !== 0;
  if (byFraming) replyError(context, stream, 400, 'P', isSent ? 'D' : 'R');
  else replyError(context, stream, 400, 'C', isSent ? 'H' : 'R');
}

/** h1Error codes are -1 to -16 and errno codes that sockets give are beyond (ECONNRESET is 104). */
function isFraming(failure: number): boolean {
  return failure >= -16;
}

/** Writing to the client failed. */
export function frontGone(context: EngineContext, stream: Stream): void {
  endsBy(stream, 'C', 'D');
  finishStream(context, stream, false);
}

/**
 * Writing to the server failed: it may have answered before it closed, so what it said is read
 * first.
 */
export function backGone(context: EngineContext, stream: Stream, back: Side): void {
  stream.flags |= flagRequestDone | flagBackFinished;
  if ((stream.flags & (flagTcp | flagTunnel)) !== 0 || !back.connection.isOpen) {
    if (!back.connection.isOpen) backFailed(context, stream, inboundClosed);
    else forwardResponse(context, stream);
    return;
  }
  back.readLast();
}

/** The server ended or broke its response while payload was expected. */
export function backFailed(context: EngineContext, stream: Stream, failure: number): void {
  const byFraming = failure < 0 && failure > inboundClosed && isFraming(failure);
  if (byFraming) observe(context, stream, seenBadAnswer);
  endsBy(stream, byFraming ? 'P' : 'S', 'D');
  finishStream(context, stream, false);
}

/** The idle timeout of the data phase. */
export function forwardTimeout(context: EngineContext, stream: Stream): void {
  const waitsForClient = isClientTurn(stream);
  endsBy(stream, waitsForClient ? 'c' : 's', 'D');
  finishStream(context, stream, false);
}

/**
 * Whose move is it: the client's when it must read, or must send and the server has nothing to say.
 */
function isClientTurn(stream: Stream): boolean {
  const { front, back } = stream;
  if (front === null || back === null) return true;
  if (!front.outbound.isFlushed() || back.inbound.bodyLength > 0) return true;
  if (front.inbound.bodyLength > 0 || !back.outbound.isFlushed()) return false;
  const client = stream.clientTimeoutMs;
  const server = stream.serverTimeoutMs;
  return client > 0 && (server === 0 || client <= server) && (stream.flags & flagRequestDone) === 0;
}
