// Requests that may have to be sent again (retry-on): the head stays where it is as long as the
// stream lives, the payload is copied into a slot of its own before it leaves. What does not fit
// into one buffer, or has not come in full, is sent once only (manual 4.2, retry-on).

import type { SlotPool } from '../memory/pool.ts';
import type { Side } from '../mux/side.ts';
import { flagReplayable } from './phases.ts';
import type { Stream } from './stream.ts';

/** Lines that a writer adds to a head, and the framing of one chunk. */
const addedBytesMax = 256;

/** Keeps the request if it may be sent again: then it is sent from `stream.replayAt` only. */
export function keepRequest(stream: Stream, front: Side): void {
  const { inbound } = front;
  const { request, thread } = stream;
  const retry = stream.backend.backend?.retry;
  if (retry === undefined || !retry.keepsRequests || stream.retriesConnectOnly) return;
  if (!inbound.bodyDone || inbound.trailersLength > 0) return;
  const length = inbound.bodyLength;
  const headBytes = request.headLength + Math.max(0, request.grown) + addedBytesMax;
  const { memory } = thread;
  if (headBytes + length > memory.slotBytes) return;
  if (length > 0) {
    const at = takeSlot(memory, length, retry.usesSmall);
    if (at < 0) return;
    memory.bytes.copyWithin(at, inbound.bodyAt, inbound.bodyAt + length);
    stream.replayAt = at;
    stream.replayLength = length;
    inbound.consume(length);
  }
  stream.flags |= flagReplayable;
}

function takeSlot(memory: SlotPool, length: number, maySmall: boolean): number {
  const at = maySmall && length <= memory.smallBytes ? memory.takeSmall() : -1;
  return at < 0 ? memory.take() : at;
}

/** The answer has been accepted, or the stream is over: it will not be sent again. */
export function dropRequest(stream: Stream): void {
  stream.flags &= ~flagReplayable;
  stream.replayLength = 0;
  if (stream.replayAt < 0) return;
  stream.thread.memory.release(stream.replayAt);
  stream.replayAt = -1;
}
