// tcp-response content rules of a backend, for answers of both modes: what they may look at, and
// how long they may wait for it (manual 4, tcp-response inspect-delay). Called by response.ts and
// forward.ts; it decides nothing beyond the verdict.

import { verdictWait } from '../keyword.ts';
import type { EngineContext } from './context.ts';
import { runRules } from './rule-runner.ts';
import { directionResponse, type Stream } from './stream.ts';

/** Less free room than this counts as a full buffer. */
const fullMargin = 16;

/** What rules may inspect of the answer: the payload that has come so far. */
export function showResponse(stream: Stream): void {
  const { back, responsePayload } = stream;
  if (back === null) return;
  const { inbound } = back;
  responsePayload.at = inbound.bodyAt;
  responsePayload.length = inbound.bodyLength;
  responsePayload.ended = inbound.bodyDone || inbound.failure !== 0;
}

/**
 * The rules' verdict; verdictWait: ask again with more data, at `stream.inspectUntilMs` at last.
 */
export function responseContent(context: EngineContext, stream: Stream): number {
  const { backend, responsePayload } = stream;
  const { thread } = context;
  const { nowMs } = thread.time;
  if (stream.inspectUntilMs === 0) stream.inspectUntilMs = nowMs + backend.responseInspectDelayMs;
  stream.direction = directionResponse;
  showResponse(stream);
  stream.samplesFinal =
    nowMs >= stream.inspectUntilMs ||
    responsePayload.ended ||
    responsePayload.length >= thread.memory.slotBytes - fullMargin;
  const verdict = runRules(stream, backend.tcpResponse);
  if (verdict === verdictWait) return verdict;
  stream.samplesFinal = true;
  stream.inspectUntilMs = 0;
  return verdict;
}
