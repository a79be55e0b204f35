// Answers made here: error pages, deny, return, redirect, monitor. Turns a ReplyPlan into the
// stream's response message, lets http-after-response rules see it, and hands it to the client's
// side.

import { field } from '../../shared/segment/metrics.ts';
import { bodyLength, headerName, writeLatin1 } from '../http/message.ts';
import { verdictNext, verdictStop } from '../keyword.ts';
import { sideGone } from '../mux/side.ts';
import type { ReplyPlan } from '../program.ts';
import type { EngineContext } from './context.ts';
import { errorReply, resolvedReply } from './error-reply.ts';
import { endsBy, finishStream, releaseBack } from './finish.ts';
import { flagAnswered, flagReplied, flagResponseDone, flagTcp, stateEnding } from './phases.ts';
import { runRules } from './rule-runner.ts';
import { directionResponse, type Stream } from './stream.ts';

const contentLengthName = headerName('content-length');
const contentTypeName = headerName('content-type');
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
  const at = body.length === 0 ? 0 : stage(context, body);
  if (at < 0 || !fill(stream, reply, body.length)) {
    if (at >= 0 && body.length > 0) context.thread.memory.release(at);
    finishStream(context, stream, false);
    return;
  }
  if (ruled) afterResponse(stream);
  stream.status = stream.response.status;
  const front = stream.front!;
  const { thread } = context;
  if (stream.times.responseMs < 0 && stream.times.connectMs >= 0) {
    stream.times.responseMs = thread.time.nowMs;
  }
  stream.bytesOutBase = front.outbound.offeredBytes();
  const { length } = body;
  const taken = front.sendHead(stream.response, at, length, true);
  const rest = taken === sideGone ? 0 : length - taken;
  const kept = rest <= 0 || front.outbound.stash(at + taken, rest);
  if (body.length > 0) thread.memory.release(at);
  if (taken === sideGone) endsBy(stream, 'C', 'D');
  finishStream(context, stream, taken !== sideGone && kept && !reply.closes);
}

/** Copies the body into a slot of its own; -1: too long, or no slot. */
function stage(context: EngineContext, body: string): number {
  const { memory } = context.thread;
  if (body.length > memory.slotBytes) return -1;
  const at = memory.take();
  if (at >= 0) writeLatin1(memory.bytes, at, body);
  return at;
}

function fill(stream: Stream, reply: ReplyPlan, bodyBytes: number): boolean {
  const { response } = stream;
  response.reset();
  response.version = 11;
  response.status = reply.status;
  response.framing = bodyLength;
  response.contentLength = bodyBytes;
  response.reasonLength = 0;
  if (reply.reason !== '' && !response.setReason(reply.reason)) return false;
  if (!response.add(contentLengthName, String(bodyBytes))) return false;
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
