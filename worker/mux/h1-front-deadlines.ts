// How long an HTTP/1 client may take: for its first request, for the rest of a head, between two
// requests, and to read what is left at the end (manual 4, timeout client, http-request and
// http-keep-alive). h1-front.ts hears of it when the time is over.

import type { Timed } from '../loop/timers.ts';
import type { ProxyPlan } from '../program.ts';
import type { Session } from '../stream/session.ts';
import type { Stream } from '../stream/stream.ts';
import type { ThreadContext } from '../thread-context.ts';

/** A client's connection, as far as its deadlines go. */
export interface WaitingFront extends Timed {
  readonly thread: ThreadContext;
  readonly proxy: ProxyPlan;
  readonly session: Session;
  /** Requests served before the current one. */
  readonly requestCount: number;
  /** When the connection became idle, loop ms. */
  readonly idleSinceMs: number;
  /** Deadline of the head being received, loop ms; 0: none. */
  headDueMs: number;
}

/** No memory for a head: ask again this often, as long as timeout http-request lasts. */
const memoryRetryMs = 10;
/** How long what is pending may take to leave when no client timeout says so. */
const lingerMs = 10_000;

/** A quiet connection: the time for its next request, or its first one, runs. */
export function armIdle(front: WaitingFront): void {
  const { timeouts } = front.proxy;
  const first = front.requestCount === 0;
  const limitMs = first
    ? timeouts.httpRequestMs || timeouts.clientMs
    : timeouts.httpKeepAliveMs || timeouts.httpRequestMs || timeouts.clientMs;
  front.headDueMs = 0;
  if (limitMs > 0) front.thread.timers.schedule(front, front.idleSinceMs + limitMs);
  else front.thread.timers.cancel(front);
}

/** Something came and there is no slot for it: asks again, as long as a head may take. */
export function awaitMemory(front: WaitingFront): void {
  const { thread, proxy } = front;
  const { nowMs } = thread.time;
  const limitMs = proxy.timeouts.httpRequestMs || proxy.timeouts.clientMs || lingerMs;
  if (front.headDueMs === 0) front.headDueMs = nowMs + limitMs;
  thread.timers.schedule(front, nowMs + memoryRetryMs);
}

/** The first byte of a request is there: the times that its log line counts from. */
export function stampHead(front: WaitingFront, times: Stream['times']): void {
  const { session, requestCount } = front;
  const { nowMs, wallMs } = front.thread.time;
  times.acceptMs = requestCount === 0 ? session.acceptMs : front.idleSinceMs;
  times.acceptWallMs = wallMs - (nowMs - times.acceptMs);
  times.requestWallMs = wallMs;
  times.handshakeMs = requestCount === 0 ? session.handshakeMs : 0;
  times.firstByteMs = nowMs;
  times.idleMs = nowMs - times.acceptMs - times.handshakeMs;
}

/** The time for the rest of the head runs. */
export function armHead(front: WaitingFront): void {
  const { thread, proxy } = front;
  const limitMs = proxy.timeouts.httpRequestMs || proxy.timeouts.clientMs;
  // timeout http-request counts from the accept on the first request (manual 4).
  const from = front.requestCount === 0 ? front.session.acceptMs : thread.time.nowMs;
  front.headDueMs = limitMs > 0 ? from + limitMs : 0;
  if (front.headDueMs > 0) thread.timers.schedule(front, front.headDueMs);
  else thread.timers.cancel(front);
}

/** Everything is said: the time for what is pending to leave runs. */
export function armLinger(front: WaitingFront): void {
  const limitMs = front.proxy.timeouts.clientMs || lingerMs;
  front.thread.timers.schedule(front, front.thread.time.nowMs + limitMs);
}
