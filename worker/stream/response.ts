// The server's answer: its rules, then its head and payload to the client; and what happens when
// there is no usable answer. Interim responses pass through without rules (RFC 9110 15.2).

import { sourceStream } from '../../shared/trace/sources.ts';
import { pointHttp, traceStream } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepResponse } from '../../shared/config/log-steps.ts';
import { field } from '../../shared/segment/metrics.ts';
import { headerName, methodConnect } from '../http/message.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictDrop,
  verdictError,
  verdictLate,
  verdictNext,
  verdictStop,
  verdictWait,
} from '../keyword.ts';
import {
  inboundRefused,
  inboundTruncated,
  inboundUnmeasured,
  inboundUntold,
  type Side,
  sideGone,
} from '../mux/side.ts';
import type { EngineContext } from './context.ts';
import { requestLost, sendAgain } from './connect.ts';
import { endsBy, finishStream, logAt, offerBack } from './finish.ts';
import {
  forwardRequest,
  forwardResponse,
  frontGone,
  handTrailers,
  isLimited,
  responseDone,
  shorter,
  touch,
} from './forward.ts';
import {
  flagAnswered,
  flagRequestDone,
  flagReused,
  flagTunnel,
  stateForwarding,
  stateResponseRules,
} from './phases.ts';
import { afterResponse, replyError, replyInternalError, sendReply } from './reply.ts';
import { observe } from './observed.ts';
import { dropRequest } from './replay.ts';
import { responseContent, showResponse } from './response-content.ts';
import { runRules } from './rule-runner.ts';
import { countedErrors, countedFailures, countTracked } from '../tables/tracking.ts';
import { statusIn } from './status-codes.ts';
import { captureResponse } from '../log/capture.ts';
import { levelAlert, logLine } from '../log/logger.ts';
import {
  seenAnswer,
  seenBadHead,
  seenClose,
  seenReadError,
  seenTimeout,
  seenWrongStatus,
} from '../server/observe.ts';
import { isCookieCacheable } from '../server/cacheable.ts';
import { directionResponse, type Stream } from './stream.ts';

const fieldDenied = field.dresp;
const fieldErrors = field.eresp;

/** A head stands in stream.response. */
export function onResponse(context: EngineContext, stream: Stream): void {
  const { response } = stream;
  if (tracer.isOn(sourceStream)) {
    traceStream(pointHttp, stream, 'response headers are here', response);
  }
  observe(context, stream, isServersFault(response.status) ? seenWrongStatus : seenAnswer);
  if (response.status < 200 && response.status !== 101) {
    interim(stream);
    return;
  }
  if (response.status === 101 && (stream.flags & flagRequestDone) === 0) {
    // The rest of the request would be taken for the new protocol.
    onResponseFailure(context, stream, unfinishedRequest);
    return;
  }
  const retry = stream.backend.backend?.retry;
  if (sendAgain(context, stream, retry?.statuses[response.status] === 1)) return;
  dropRequest(stream);
  const { thread } = context;
  stream.times.responseMs = thread.time.nowMs;
  stream.direction = directionResponse;
  stream.rulePosition = -1;
  stream.samplesFinal = true;
  countTrackedStatus(stream, response.status);
  capture(stream);
  if (response.status === 401 || response.status === 407) markPrivate(stream);
  stream.step = 0;
  runResponseRules(context, stream);
}

/** 501 and 505 are what the client has asked for. */
function isServersFault(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505;
}

/** Responses that count against who is tracked (manual 11.1, http_err_cnt, http_fail_cnt). */
function countTrackedStatus(stream: Stream, status: number): void {
  const { httpErrCodes, httpFailCodes } = stream.thread.program.model.global;
  if (statusIn(httpErrCodes, status)) countTracked(stream, countedErrors);
  if (statusIn(httpFailCodes, status)) countTracked(stream, countedFailures);
}

/** NTLM and Negotiate authenticate the connection: nobody else may use it (manual, http-reuse). */
function markPrivate(stream: Stream): void {
  const { response, back } = stream;
  const name = response.status === 401 ? challengeName : proxyChallengeName;
  for (let i = response.find(name, 0); i >= 0; i = response.find(name, i + 1)) {
    const scheme = response.valueText(i).toLowerCase();
    if (!scheme.startsWith('ntlm') && !scheme.startsWith('nego')) continue;
    if (back !== null) back.isPrivate = true;
    stream.session.prefersLast = true;
    return;
  }
}

const challengeName = headerName('www-authenticate');
const proxyChallengeName = headerName('proxy-authenticate');

function interim(stream: Stream): void {
  const front = stream.front;
  if (front !== null && stream.request.version >= 11) front.sendHead(stream.response, 0, 0, true);
}

function capture(stream: Stream): void {
  captureResponse(stream);
  const captures = stream.frontend.captureResponseHeaders;
  const { response } = stream;
  for (let i = 0; i < captures.length; i++) {
    const found = response.findLast(captures[i].name);
    stream.responseCaptures[i] =
      found < 0 ? '' : response.valueText(found).slice(0, captures[i].lengthMax);
  }
}

/** tcp-response content and http-response of the backend, then http-response of the frontend. */
export function runResponseRules(context: EngineContext, stream: Stream): void {
  while (stream.step < 3) {
    const verdict = runStep(context, stream);
    if (verdict === verdictWait) {
      waitForMore(context, stream);
      return;
    }
    if (verdict !== verdictNext && verdict !== verdictStop) {
      settle(context, stream, verdict);
      return;
    }
    stream.step++;
  }
  sendResponse(context, stream);
}

function runStep(context: EngineContext, stream: Stream): number {
  const { backend, frontend } = stream;
  if (stream.step === 0) {
    return backend.tcpResponse.length === 0 ? verdictNext : responseContent(context, stream);
  }
  if (stream.step === 2 && backend === frontend) return verdictNext;
  const rules = stream.step === 1 ? backend.httpResponse : frontend.httpResponse;
  if (rules.length === 0) return verdictNext;
  showResponse(stream);
  return runRules(stream, rules);
}

/** Asks the server for more payload, and arms whatever ends the wait. */
function waitForMore(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  stream.state = stateResponseRules;
  const dueMs = shorter(stream.inspectUntilMs, stream.waitUntilMs);
  if (dueMs > 0) thread.timers.schedule(stream, dueMs);
  else if (stream.serverTimeoutMs > 0) {
    thread.timers.schedule(stream, thread.time.nowMs + stream.serverTimeoutMs);
  }
  const { back } = stream;
  if (back?.inbound.receive()) {
    thread.defer(() => {
      if (stream.back === back) moreResponse(context, stream);
    });
  }
}

/** Payload of the answer arrived (or ended) while rules wait. */
export function moreResponse(context: EngineContext, stream: Stream): void {
  if (stream.state === stateResponseRules) runResponseRules(context, stream);
}

/** Rules waited for time, or for a server that sends nothing. */
export function responseRulesTimeout(context: EngineContext, stream: Stream): void {
  if (stream.waitUntilMs > 0 || stream.inspectUntilMs > 0) runResponseRules(context, stream);
  else replyError(context, stream, 504, 's', 'H');
}

function settle(context: EngineContext, stream: Stream, verdict: number): void {
  const { values } = context.thread.counters;
  const { backend } = stream.backend;
  if (verdict === verdictDeny || verdict === verdictClose || verdict === verdictDrop) {
    values[context.frontRows[stream.frontend.index] + fieldDenied] += 1;
    if (backend !== null) values[backend.row + fieldDenied] += 1;
    if (stream.server !== null) values[stream.server.row + fieldDenied] += 1;
  }
  if ((verdict === verdictDeny || verdict === verdictDone) && stream.reply !== null) {
    endsBy(stream, verdict === verdictDone ? 'L' : 'P', 'H');
    sendReply(context, stream, stream.reply);
  } else if (verdict === verdictClose || verdict === verdictDrop) {
    endsBy(stream, 'P', 'D');
    finishStream(context, stream, false);
  } else if (verdict === verdictError) {
    replyInternalError(context, stream, 'H');
  } else if (verdict === verdictLate) {
    replyError(context, stream, 504, 's', 'H');
  } else {
    replyError(context, stream, 502, 'P', 'H');
  }
}

function sendResponse(context: EngineContext, stream: Stream): void {
  const front = stream.front as Side;
  const back = stream.back as Side;
  const { response } = stream;
  const { backend } = stream.backend;
  const hasCookie = stream.backend.checksCache && response.find(setCookieName, 0) >= 0;
  if (backend !== null && !backend.persistence.onResponse(stream)) {
    replyError(context, stream, 502, 'P', 'H');
    return;
  }
  if (hasCookie && isCookieCacheable(stream.request, response)) {
    blockCookie(context, stream);
    return;
  }
  afterResponse(stream);
  stream.status = response.status;
  stream.flags |= flagAnswered;
  stream.state = stateForwarding;
  const { inbound } = back;
  const tunnel = isTunnel(stream);
  const length = isLimited(stream, false) ? 0 : inbound.bodyLength;
  const done = inbound.bodyDone && !tunnel && length === inbound.bodyLength;
  stream.bytesOutBase = front.outbound.offeredBytes();
  if (inbound.trailersLength > 0 && done) handTrailers(stream, back, front);
  front.outbound.isFollowed = inbound.hasMore;
  if (done) offerBack(context, stream);
  const taken = front.sendHead(response, inbound.bodyAt, length, done);
  if (taken === sideGone) {
    frontGone(context, stream);
    return;
  }
  if (taken > 0) inbound.consume(taken);
  logAt(context, stream, stepResponse);
  if (tunnel) {
    startTunnel(context, stream, front, back);
  } else if (done && taken === length) {
    responseDone(context, stream, front);
  } else {
    touch(context, stream);
    forwardResponse(context, stream);
  }
}

/** option checkcache: a cache would hand this cookie to everybody. */
function blockCookie(context: EngineContext, stream: Stream): void {
  const { backend, server, thread } = stream;
  if (backend.log !== null) {
    const text =
      `Blocking cacheable cookie in response from instance ${backend.name}, ` +
      `server ${server?.name ?? '<dispatch>'}.`;
    logLine(thread.sys, backend.log, { text, level: levelAlert, wallMs: thread.time.wallMs });
  }
  stream.reply = null;
  settle(context, stream, verdictDeny);
}

const setCookieName = headerName('set-cookie');

function isTunnel(stream: Stream): boolean {
  const { status } = stream.response;
  if (status === 101) return true;
  return stream.request.method === methodConnect && status >= 200 && status < 300;
}

function startTunnel(context: EngineContext, stream: Stream, front: Side, back: Side): void {
  stream.flags |= flagTunnel;
  stream.flags &= ~flagRequestDone;
  front.becomeTunnel();
  back.becomeTunnel();
  touch(context, stream);
  forwardRequest(context, stream);
  if (stream.back === back) forwardResponse(context, stream);
}

/** `failure` of an answer that may not come yet: as what cannot be understood. */
const unfinishedRequest = -1;

/** No usable answer: closed, reset, or not HTTP. `failure` as Inbound.failure. */
export function onResponseFailure(context: EngineContext, stream: Stream, failure: number): void {
  if (failure === inboundUntold || failure === inboundUnmeasured) {
    const isOurs = failure === inboundUntold;
    replyError(context, stream, isOurs ? 500 : 400, isOurs ? 'I' : 'P', 'H');
    return;
  }
  const invalid = failure < 0 && failure >= -16;
  observeFailure(context, stream, failure);
  const retry = stream.backend.backend?.retry;
  const isJunk = invalid || failure === inboundTruncated;
  const isAsked = isJunk ? retry?.onJunk : retry?.onEmpty;
  if (sendAgain(context, stream, isAsked === true)) return;
  if (!isJunk && requestLost(context, stream, failure === inboundRefused)) return;
  const { values } = context.thread.counters;
  const { backend } = stream.backend;
  if (backend !== null) values[backend.row + fieldErrors] += 1;
  if (stream.server !== null) values[stream.server.row + fieldErrors] += 1;
  if (!invalid && (stream.flags & flagReused) !== 0 && stream.session.streamCount > 1) {
    // The client must repeat on its own what failed on a reused connection (RFC 9112 9.3.1): no
    // answer.
    endsBy(stream, 'S', 'H');
    stream.status = 502;
    finishStream(context, stream, false);
    return;
  }
  countTracked(stream, countedFailures);
  // Incomplete is as good as invalid (manual 8.5, PH).
  replyError(context, stream, 502, isJunk ? 'P' : 'S', 'H');
}

/** A connection that had served before may just have come to its end. */
function observeFailure(context: EngineContext, stream: Stream, failure: number): void {
  if (failure < 0 && failure >= -16) observe(context, stream, seenBadHead);
  else if ((stream.flags & flagReused) === 0) {
    observe(context, stream, failure > 0 ? seenReadError : seenClose);
  }
}

/** timeout server while waiting for the head. */
export function responseTimeout(context: EngineContext, stream: Stream): void {
  observe(context, stream, seenTimeout);
  if (sendAgain(context, stream, stream.backend.backend?.retry.onTimeout === true)) return;
  const { values } = context.thread.counters;
  const { backend } = stream.backend;
  if (backend !== null) values[backend.row + fieldErrors] += 1;
  if (stream.server !== null) values[stream.server.row + fieldErrors] += 1;
  countTracked(stream, countedFailures);
  replyError(context, stream, 504, 's', 'H');
}
