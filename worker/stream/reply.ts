// Answers made here: error pages, deny, return, redirect, monitor. Turns a ReplyPlan into the
// stream's response message, lets http-after-response rules see it, and hands it to the client's
// side.

import { field } from '../../shared/segment/metrics.ts';
import { bodyChunked, bodyLength, headerName, methodHead, writeLatin1 } from '../http/message.ts';
import { verdictNext, verdictStop } from '../keyword.ts';
import { sideGone } from '../mux/side.ts';
import type { ReplyPlan } from '../program.ts';
import { Applet, feed, whole, type Piece } from './applet.ts';
import type { EngineContext } from './context.ts';
import { errorReply, resolvedReply } from './error-reply.ts';
import { endsBy, finishStream, releaseBack } from './finish.ts';
import {
  flagAnswered,
  flagReplied,
  flagResponseDone,
  flagTcp,
  stateEnding,
  stateForwarding,
} from './phases.ts';
import { runRules } from './rule-runner.ts';
import { directionResponse, type Stream } from './stream.ts';

const contentLengthName = headerName('content-length');
const contentTypeName = headerName('content-type');
const transferEncodingName = headerName('transfer-encoding');
const fieldInternalErrors = field.eint;

/** Ends the stream with the reply for `status` of its proxies, logged with these two letters. */
export function replyError(
  context: EngineContext,
  stream: Stream,
  status: number,
  cause: string,
  phase: string,
): void {
  endsBy(stream, cause, phase);
  sendReply(context, stream, errorReply(stream, status));
}

/** An internal error in a rule or of ours: 500, termination state I. */
export function replyInternalError(context: EngineContext, stream: Stream, phase: string): void {
  const row = context.frontRows[stream.frontend.index];
  context.thread.counters.values[row + fieldInternalErrors] += 1;
  replyError(context, stream, 500, 'I', phase);
}

/**
 * Sends `plan` and ends the stream; without HTTP, or when it is silent, only ends it. `ruled`:
 * http-after-response rules may edit it.
 */
export function sendReply(
  context: EngineContext,
  stream: Stream,
  plan: ReplyPlan,
  ruled = true,
): void {
  const reply = resolvedReply(stream, plan);
  stream.backend.backend?.release(stream);
  releaseBack(context, stream);
  if ((stream.flags & (flagTcp | flagAnswered)) !== 0 || reply.silent) {
    if (stream.status === 0 && (stream.flags & flagTcp) === 0) stream.status = reply.status;
    finishStream(context, stream, false);
    return;
  }
  stream.flags |= flagAnswered | flagReplied | flagResponseDone;
  stream.state = stateEnding;
  deliver(context, stream, reply, ruled);
}

function deliver(context: EngineContext, stream: Stream, reply: ReplyPlan, ruled: boolean): void {
  const body = reply.body === null ? '' : reply.body(stream);
  const isLong = body.length > context.thread.memory.slotBytes;
  if (isLong || reply.pieces !== undefined) {
    const bodyBytes = reply.pieces === undefined ? body.length : -1;
    if (fill(stream, reply, bodyBytes)) {
      begin(stream, ruled);
      produce(context, stream, reply.pieces?.(stream) ?? whole(body));
    } else {
      finishStream(context, stream, false);
    }
    return;
  }
  const at = body.length === 0 ? 0 : stage(context, body);
  if (at < 0 || !fill(stream, reply, body.length)) {
    if (at >= 0 && body.length > 0) context.thread.memory.release(at);
    finishStream(context, stream, false);
    return;
  }
  begin(stream, ruled);
  const front = stream.front!;
  const { thread } = context;
  const { length } = body;
  const taken = front.sendHead(stream.response, at, length, true);
  const rest = taken === sideGone ? 0 : length - taken;
  const kept = rest <= 0 || front.outbound.stash(at + taken, rest);
  if (body.length > 0) thread.memory.release(at);
  if (taken === sideGone) endsBy(stream, 'C', 'D');
  finishStream(context, stream, taken !== sideGone && kept && !reply.closes);
}

/** The head stands in stream.response: its rules, and what logs and counters want to know. */
function begin(stream: Stream, ruled: boolean): void {
  if (ruled) afterResponse(stream);
  stream.status = stream.response.status;
  stream.bytesOutBase = stream.front!.outbound.offeredBytes();
}

/** A long body: the head leaves, and the rest as the client takes it. */
function produce(context: EngineContext, stream: Stream, pieces: Iterator<Piece>): void {
  const { memory } = context.thread;
  const front = stream.front!;
  const isHead = stream.request.method === methodHead;
  const slotAt = isHead ? -1 : memory.take();
  const isGone = front.sendHead(stream.response, 0, 0, isHead) === sideGone;
  if (isGone) endsBy(stream, 'C', 'D');
  else if (slotAt >= 0) {
    stream.state = stateForwarding;
    stream.applet = new Applet(memory, slotAt, pieces);
    feed(context, stream);
    return;
  }
  // Nobody asks for the pieces: their producer is told.
  pieces.return?.();
  if (slotAt >= 0) memory.release(slotAt);
  finishStream(context, stream, isHead && !isGone);
}

/** Copies the body into a slot of its own; -1: no slot. */
function stage(context: EngineContext, body: string): number {
  const { memory } = context.thread;
  const at = memory.take();
  if (at >= 0) writeLatin1(memory.bytes, at, body);
  return at;
}

/** `bodyBytes` below 0: known only when the body has ended, so it leaves in chunks. */
function fill(stream: Stream, reply: ReplyPlan, bodyBytes: number): boolean {
  const { response } = stream;
  response.reset();
  response.version = 11;
  response.status = reply.status;
  const isChunked = bodyBytes < 0;
  response.framing = isChunked ? bodyChunked : bodyLength;
  response.contentLength = bodyBytes;
  response.reasonLength = 0;
  if (reply.reason !== '' && !response.setReason(reply.reason)) return false;
  if (isChunked && !response.add(transferEncodingName, 'chunked')) return false;
  if (!isChunked && !response.add(contentLengthName, String(bodyBytes))) return false;
  if (reply.contentType !== '' && !response.add(contentTypeName, reply.contentType)) return false;
  for (let i = 0; i < reply.headers.length; i++) {
    const header = reply.headers[i];
    const value = header.value(stream);
    // A header without value is left out (manual 4, http-request return).
    if (value !== '' && !response.add(header.name, value)) return false;
  }
  return true;
}

/** http-after-response: the backend's rules, then the frontend's (manual 4). */
export function afterResponse(stream: Stream): void {
  const { backend, frontend } = stream;
  stream.direction = directionResponse;
  stream.rulePosition = -1;
  stream.samplesFinal = true;
  if (backend !== frontend && backend.httpAfterResponse.length > 0) {
    const verdict = runRules(stream, backend.httpAfterResponse);
    if (verdict !== verdictNext && verdict !== verdictStop) return;
  }
  if (frontend.httpAfterResponse.length > 0) runRules(stream, frontend.httpAfterResponse);
}
