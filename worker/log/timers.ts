// The timers of a stream as logs show them (manual 8.4): whole milliseconds, -1 for a phase that
// was not reached. Read by the tags while a line is written.

import type { Stream } from '../stream/stream.ts';

/** From accept (or the end of the previous exchange) to `atMs`, -1 when that moment never came. */
function since(stream: Stream, atMs: number): number {
  return atMs < 0 ? -1 : Math.floor(atMs - stream.times.acceptMs);
}

function idle(stream: Stream): number {
  return Math.floor(Math.max(0, stream.times.idleMs));
}

/** Th */
export function handshakeTime(stream: Stream): number {
  return Math.floor(stream.times.handshakeMs);
}

/** Ti */
export function idleTime(stream: Stream): number {
  return Math.floor(stream.times.idleMs);
}

/** Tq: until the whole request head had come. */
export function requestTimeTotal(stream: Stream): number {
  return since(stream, stream.times.requestMs);
}

/** TR: Tq without handshakes and idle time. */
export function requestTime(stream: Stream): number {
  const total = requestTimeTotal(stream);
  return total < 0 ? -1 : Math.max(0, total - idle(stream) - handshakeTime(stream));
}

/** Tw */
export function queueTime(stream: Stream): number {
  const queued = since(stream, stream.times.queueMs);
  return queued < 0 ? -1 : Math.max(0, queued - Math.max(0, requestTimeTotal(stream)));
}

/** Tc */
export function connectTime(stream: Stream): number {
  const connected = since(stream, stream.times.connectMs);
  if (connected < 0) return -1;
  const before = Math.max(since(stream, stream.times.queueMs), requestTimeTotal(stream), 0);
  return Math.max(0, connected - before);
}

/** Tr */
export function responseTime(stream: Stream): number {
  const answered = since(stream, stream.times.responseMs);
  const connected = since(stream, stream.times.connectMs);
  return answered < 0 || connected < 0 ? -1 : Math.max(0, answered - connected);
}

/** Tt; the time until now when the stream has not ended. */
export function totalTime(stream: Stream): number {
  const { endMs } = stream.times;
  return since(stream, endMs < 0 ? stream.thread.time.nowMs : endMs);
}

/** Td */
export function dataTime(stream: Stream): number {
  const { responseMs, connectMs } = stream.times;
  const from = since(stream, stream.backend.isHttp ? responseMs : connectMs);
  return from < 0 ? -1 : Math.max(0, totalTime(stream) - from);
}

/** Ta: Tt without handshakes and idle time. */
export function activeTime(stream: Stream): number {
  return Math.max(0, totalTime(stream) - idle(stream) - handshakeTime(stream));
}

/** Tu: Tt without idle time. */
export function userTime(stream: Stream): number {
  return Math.max(0, totalTime(stream) - idle(stream));
}

/** Wall clock of the start of the request, milliseconds since the epoch. */
export function requestWall(stream: Stream): number {
  const { times } = stream;
  if (times.requestWallMs > 0) return times.requestWallMs;
  return times.acceptWallMs + idle(stream) + handshakeTime(stream);
}
