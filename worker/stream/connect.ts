// From a chosen backend to a request on its way: a server and its slot, a connection, retries and
// redispatches, and sending the request. Failures end in a reply with the letters of the log
// (manual 8.5).

import { sourceStream } from '../../shared/trace/sources.ts';
import { pointConnector, pointStreamError, traceStream } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepConnect } from '../../shared/config/log-steps.ts';
import { raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import { countRate } from '../../shared/segment/rate.ts';
import { EAGAIN, ENOTCONN, ETIMEDOUT } from '../../shared/sys/constants.ts';
import { shrinkAnnex } from '../http/relocation.ts';
import { linkPending, linkReady } from '../mux/links.ts';
import { type Side, sideGone } from '../mux/side.ts';
import {
  assignFull,
  assignNone,
  assignOk,
  assignRedirect,
  retryAssign,
  retryConnect,
  retryNever,
  retryWait,
} from '../server/backend.ts';
import { seenConnection, seenNoConnection } from '../server/observe.ts';
import { abort, isAborted, leaveServer } from './client-left.ts';
import type { EngineContext } from './context.ts';
import { endsBy, logAt, releaseBack } from './finish.ts';
import {
  backGone,
  forwardRequest,
  forwardResponse,
  handTrailers,
  isLimited,
  touch,
} from './forward.ts';
import {
  flagAnswered,
  flagBodySent,
  flagInspects,
  flagRequestDone,
  flagRequestSent,
  flagReplayable,
  flagResponseDone,
  flagReused,
  flagTcp,
  stateConnecting,
  stateForwarding,
  stateQueued,
  stateWaiting,
} from './phases.ts';
import { keepRequest } from './replay.ts';
import { replyError, sendReply } from './reply.ts';
import { dropParams } from './fcgi-params.ts';
import { observe } from './observed.ts';
import { addServerName } from './request-headers.ts';
import type { Stream } from './stream.ts';
import { startRecount } from './traffic.ts';

const fieldConnect = field.connect;
const fieldReuse = field.reuse;
const fieldSessions = field.stot;
const fieldRate = field.rate;
const fieldRateMax = field.rate_max;
const fieldLastSession = field.lastsess;

/**
 * Finds a server for the stream, or queues it, or answers 503. Also called when a queue lets it go.
 */
export function assignServer(context: EngineContext, stream: Stream): void {
  const { backend } = stream.backend;
  const result = backend === null ? assignNone : backend.assign(stream);
  if (result === assignOk) {
    connectServer(context, stream);
    return;
  }
  if (result === assignRedirect) {
    endsBy(stream, 'L', 'C');
    sendReply(context, stream, stream.server!.redirect!);
    return;
  }
  const { thread } = context;
  if (result === assignNone || result === assignFull) {
    stream.times.queueMs = -1;
    replyError(context, stream, 503, 'S', result === assignFull ? 'Q' : 'C');
    return;
  }
  if (tracer.isOn(sourceStream)) traceStream(pointConnector, stream, 'waiting in a queue');
  stream.state = stateQueued;
  if (stream.backend.backend!.usesSmallQueue) shrinkRequest(stream);
  const limitMs = stream.queueTimeoutMs || stream.connectTimeoutMs;
  if (limitMs > 0) thread.timers.schedule(stream, thread.time.nowMs + limitMs);
  else thread.timers.cancel(stream);
  // A client that left together with its request makes no event of its own.
  if (stream.front !== null && isAborted(stream)) abort(context, stream, 'Q');
}

/** A request that waits needs no more memory than it has bytes (option use-small-buffers). */
function shrinkRequest({ front, request, flags }: Stream): void {
  if (front === null || (flags & flagTcp) !== 0) return;
  front.inbound.shrink(request);
  shrinkAnnex(request);
}

/** Opens or reuses a connection to `stream.server`. */
export function connectServer(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  const server = stream.server!;
  if (tracer.isOn(sourceStream)) traceStream(pointConnector, stream, 'connecting to a server');
  stream.times.queueMs = thread.time.nowMs;
  stream.state = stateConnecting;
  stream.flags &= ~flagReused;
  const result = context.links.connect(stream, server);
  const { values } = thread.counters;
  if (result === linkReady) {
    countSession(context, stream);
    stream.flags |= flagReused;
    values[server.row + fieldReuse] += 1;
    values[stream.backend.backend!.row + fieldReuse] += 1;
    connected(context, stream);
  } else if (result === linkPending) {
    countSession(context, stream);
    values[server.row + fieldConnect] += 1;
    values[stream.backend.backend!.row + fieldConnect] += 1;
    const limitMs = stream.connectTimeoutMs;
    if (limitMs > 0) thread.timers.schedule(stream, thread.time.nowMs + limitMs);
    else thread.timers.cancel(stream);
  } else if (result === -EAGAIN && server.isReversed) {
    waitForIdle(context, stream);
  } else {
    countSession(context, stream);
    connectFailed(context, stream, result);
  }
}

/** One more session of the server, whether it answers or not: each attempt is one. */
function countSession({ thread }: EngineContext, { server, backend }: Stream): void {
  const { values } = thread.counters;
  const { row } = server!;
  const { nowMs } = thread.time;
  const nowSeconds = Math.floor(nowMs / 1000);
  values[row + fieldSessions] += 1;
  raise(values, row + fieldRateMax, countRate(values, row + fieldRate, nowMs, 1));
  values[row + fieldLastSession] = nowSeconds;
  values[backend.backend!.row + fieldLastSession] = nowSeconds;
}

/** Connections of a server that connects to us are in use on other threads: one will be idle. */
function waitForIdle(context: EngineContext, stream: Stream): void {
  const { timers, time } = context.thread;
  if (stream.connectUntilMs === 0) {
    stream.connectUntilMs = time.nowMs + (stream.connectTimeoutMs || idleWaitMs);
  }
  if (time.nowMs < stream.connectUntilMs) timers.schedule(stream, time.nowMs + idleLookMs);
  else replyError(context, stream, 503, 's', 'C');
}

/** How long that is when there is no timeout connect, and how often it is looked. */
const idleWaitMs = 1000;
const idleLookMs = 10;

/** The connection is up: the request leaves. */
export function connected(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  if (tracer.isOn(sourceStream)) traceStream(pointConnector, stream, 'connected');
  thread.timers.cancel(stream);
  stream.connectUntilMs = 0;
  stream.times.connectMs = thread.time.nowMs;
  observe(context, stream, seenConnection);
  startRecount(context, stream);
  const { front, back } = stream;
  if (front === null || back === null) return;
  logAt(context, stream, stepConnect);
  if ((stream.flags & flagTcp) !== 0) {
    stream.backend.backend?.persistence.onConnected(stream);
    stream.flags |= flagRequestSent | flagAnswered;
    if (stream.backend.tcpResponse.length > 0) stream.flags |= flagInspects;
    stream.state = stateForwarding;
    touch(context, stream);
    forwardRequest(context, stream);
    if (stream.back === back) forwardResponse(context, stream);
    return;
  }
  sendRequest(context, stream, front, back);
}

function sendRequest(context: EngineContext, stream: Stream, front: Side, back: Side): void {
  const { inbound } = front;
  stream.flags |= flagRequestSent;
  stream.state = stateWaiting;
  if (stream.backend.serverNameHeader !== null) addServerName(stream);
  if (stream.backend.fcgi !== null && stream.server?.model.proto !== 'fcgi') dropParams(stream);
  const isSlow = isLimited(stream, true);
  if ((stream.flags & flagReplayable) === 0 && !isSlow) keepRequest(stream, front);
  if ((stream.flags & flagReplayable) !== 0) {
    sendKept(context, stream, back);
    leaveServer(context, stream, front);
    return;
  }
  const length = isSlow ? 0 : inbound.bodyLength;
  const done = inbound.bodyDone && length === inbound.bodyLength;
  if (inbound.trailersLength > 0 && done) handTrailers(stream, front, back);
  back.outbound.isFollowed = inbound.hasMore;
  const taken = back.sendHead(stream.request, inbound.bodyAt, length, done);
  if (taken === sideGone) {
    backGone(context, stream, back);
    return;
  }
  if (taken > 0) {
    stream.flags |= flagBodySent;
    inbound.consume(taken);
  }
  if (done && taken === length) stream.flags |= flagRequestDone;
  armWaiting(context, stream);
  if ((stream.flags & flagRequestDone) === 0) forwardRequest(context, stream);
  else if (back.connection.readable) back.connection.owner.onReadable();
  // A client that left together with its request makes no event of its own.
  leaveServer(context, stream, front);
}

/** Sends a request that is kept: all of it is handed on at once. */
function sendKept(context: EngineContext, stream: Stream, back: Side): void {
  const { replayAt, replayLength: length } = stream;
  const taken = back.sendHead(stream.request, replayAt, length, true);
  const rest = taken === sideGone ? 0 : length - taken;
  if (taken === sideGone || (rest > 0 && !back.outbound.stash(replayAt + taken, rest))) {
    backGone(context, stream, back);
    return;
  }
  stream.flags |= flagRequestDone;
  armWaiting(context, stream);
  if (back.connection.readable) back.connection.owner.onReadable();
}

/** timeout server runs once the request is complete; until then the client's counts too. */
export function armWaiting(context: EngineContext, stream: Stream): void {
  if ((stream.flags & flagRequestDone) === 0) {
    touch(context, stream);
    return;
  }
  const { thread } = context;
  if (stream.serverTimeoutMs > 0) {
    thread.timers.schedule(stream, thread.time.nowMs + stream.serverTimeoutMs);
  } else {
    thread.timers.cancel(stream);
  }
}

/** A connection could not be made, or took too long (`result` -ETIMEDOUT). */
export function connectFailed(context: EngineContext, stream: Stream, result: number): void {
  if (result === -ENOTCONN) {
    // A server that connects to us has not: trying again makes no connection.
    replyError(context, stream, 503, 'S', 'C');
    return;
  }
  if (tracer.isOn(sourceStream)) traceStream(pointStreamError, stream, 'connection failed');
  observe(context, stream, seenNoConnection);
  releaseBack(context, stream);
  const timedOut = result === -ETIMEDOUT;
  const decision = stream.backend.backend!.connectFailed(stream, !timedOut, false);
  retry(context, stream, decision, timedOut ? 's' : 'S');
}

function retry(context: EngineContext, stream: Stream, decision: number, cause: string): void {
  const { thread } = context;
  if (decision === retryAssign) {
    assignServer(context, stream);
  } else if (decision === retryConnect) {
    connectServer(context, stream);
  } else if (decision === retryWait) {
    stream.state = stateConnecting;
    const delayMs = stream.backend.backend!.retryDelayMs();
    thread.timers.schedule(stream, thread.time.nowMs + delayMs);
  } else {
    replyError(context, stream, 503, cause, 'C');
  }
}

/** The pause before the next attempt is over. */
export function retryNow(context: EngineContext, stream: Stream): void {
  if (stream.serverAssigned && stream.server !== null) connectServer(context, stream);
  else assignServer(context, stream);
}

/**
 * The server closed or reset before a byte of its answer. A connection that came from the idle pool
 * may have been closed while it lay there: then nothing was processed and the request is sent
 * again, once. So it is when the server has said that it processed nothing (`isRefused`).
 */
export function requestLost(context: EngineContext, stream: Stream, isRefused: boolean): boolean {
  if ((stream.flags & (flagBodySent | flagAnswered)) !== 0 || stream.retriesConnectOnly) {
    return false;
  }
  if (!isRefused && (stream.flags & flagReused) === 0) return false;
  forgetAttempt(context, stream);
  const decision = stream.backend.backend!.connectFailed(stream, true, true);
  retry(context, stream, decision, 'S');
  return true;
}

/** retry-on: sends the request again after a failure of this kind. False: it may not be. */
export function sendAgain(context: EngineContext, stream: Stream, isAsked: boolean): boolean {
  const { backend } = stream.backend;
  if (!isAsked || backend === null || (stream.flags & flagReplayable) === 0) return false;
  const decision = backend.exchangeFailed(stream);
  if (decision === retryNever) return false;
  forgetAttempt(context, stream);
  retry(context, stream, decision, 'S');
  return true;
}

/** The request has not been sent and nothing has been answered. */
function forgetAttempt(context: EngineContext, stream: Stream): void {
  stream.flags &= ~(flagRequestSent | flagRequestDone | flagResponseDone);
  releaseBack(context, stream);
  stream.response.reset();
  stream.times.connectMs = -1;
  stream.times.responseMs = -1;
}
