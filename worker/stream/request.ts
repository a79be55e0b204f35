// A request from its head to the choice of a server: content and HTTP rules of the frontend,
// switching, the same of the backend, redirects, forwarding headers. Each step may wait for data or
// time and is taken up again where it stopped.

import { sourceStream } from '../../shared/trace/sources.ts';
import { pointHttp, traceStream } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepRequest as logStepRequest } from '../../shared/config/log-steps.ts';
import { field } from '../../shared/segment/metrics.ts';
import { versionH2 } from '../http/message.ts';
import { pathIndex } from '../http/uri.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictDrop,
  verdictError,
  verdictLate,
  verdictNext,
  verdictStop,
  verdictSwitch,
  verdictTarpit,
  verdictWait,
} from '../keyword.ts';
import type { ProxyPlan, RuleList, RulePlan } from '../program.ts';
import { answerExpectation, hasBody, wholeBody } from './body-wait.ts';
import { assignServer } from './connect.ts';
import type { EngineContext } from './context.ts';
import { errorReply } from './error-reply.ts';
import { endsBy, enterBackend, finishStream, logAt } from './finish.ts';
import { frontFailed } from './forward.ts';
import {
  flagSwitched,
  flagSwitchedBack,
  flagTcp,
  flagUnlogged,
  stateRules,
  stateTarpit,
  stepAssign,
  stepBackContent,
  stepBackRules,
  stepBackStats,
  stepFrontContent,
  stepFrontRules,
  stepFrontStats,
  stepRedirects,
  stepSwitch,
} from './phases.ts';
import { countedErrors, countedRequests, countTracked } from '../tables/tracking.ts';
import { replyError, replyInternalError, sendReply } from './reply.ts';
import { addOrigin, restrictNames } from './request-headers.ts';
import { runRules } from './rule-runner.ts';
import { countRequestOf } from './session-counts.ts';
import { switchBackend } from './switching.ts';
import { captureRequest } from '../log/capture.ts';
import { directionRequest, type Stream } from './stream.ts';

const fieldDenied = field.dreq;
const fieldStatusOther = field.hrsp_other;
const fieldIntercepted = field.intercepted;
const fieldErrors = field.ereq;
const fieldFailedRewrites = field.wrew;

/** A complete request head stands in stream.request. */
export function onRequest(context: EngineContext, stream: Stream): void {
  const row = context.frontRows[stream.frontend.index];
  countRequestOf(context, row, stream.request.version === versionH2);
  if (tracer.isOn(sourceStream)) {
    traceStream(pointHttp, stream, 'request headers are here', stream.request);
  }
  captureRequest(stream);
  stream.step = firstStep(stream);
  stream.state = stateRules;
  if (isMonitor(stream)) {
    monitor(context, stream);
    return;
  }
  logAt(context, stream, logStepRequest);
  runRequest(context, stream);
}

/** A session that has become HTTP goes on where it was. */
function firstStep(stream: Stream): number {
  if ((stream.flags & (flagSwitched | flagSwitchedBack)) === 0) return stepFrontContent;
  countRequest(stream);
  return (stream.flags & flagSwitchedBack) === 0 ? stepFrontRules : stepBackContent;
}

/** A monitor-uri that is a path is compared with the path of a target in absolute form. */
function isMonitor(stream: Stream): boolean {
  const { monitorUri } = stream.frontend;
  const { request } = stream;
  if (monitorUri === '' || request.targetLength < monitorUri.length) return false;
  const target = request.target();
  if (target === monitorUri) return true;
  if (monitorUri[0] !== '/' || target[0] === '/' || !target.endsWith(monitorUri)) return false;
  return pathIndex(target) === target.length - monitorUri.length;
}

/** monitor-uri: 200, or 503 when a `monitor fail` condition holds. Neither logged nor counted. */
function monitor(context: EngineContext, stream: Stream): void {
  const { monitorFail } = stream.frontend;
  context.thread.counters.values[context.frontRows[stream.frontend.index] + fieldIntercepted] += 1;
  stream.flags |= flagUnlogged;
  let status = 200;
  for (let i = 0; i < monitorFail.length; i++) {
    if (monitorFail[i](stream) === 1) status = 503;
  }
  endsBy(stream, 'L', 'R');
  sendReply(context, stream, errorReply(stream, status));
}

/** Goes through the steps from `stream.step` on. */
export function runRequest(context: EngineContext, stream: Stream): void {
  stream.direction = directionRequest;
  while (stream.step < stepAssign) {
    const verdict = runStep(context, stream);
    if (verdict === verdictNext || verdict === verdictStop) {
      if (stream.step === stepFrontContent) countRequest(stream);
      stream.step++;
    } else {
      settle(context, stream, verdict);
      return;
    }
  }
  leaveRules(context, stream);
}

/** A request is counted once content rules, which may track, have let it pass. */
function countRequest(stream: Stream): void {
  if ((stream.flags & flagTcp) === 0) countTracked(stream, countedRequests);
}

function runStep(context: EngineContext, stream: Stream): number {
  const { frontend, backend } = stream;
  switch (stream.step) {
    case stepFrontContent:
      return content(context, stream, frontend);
    case stepFrontRules:
      return proxyRules(context, stream, frontend);
    case stepFrontStats:
      return statsPage(stream, frontend);
    case stepSwitch:
      return switchBackend(context, stream);
    case stepBackContent:
      return backend === frontend ? verdictNext : content(context, stream, backend);
    case stepBackRules:
      return backend === frontend ? verdictNext : proxyRules(context, stream, backend);
    case stepBackStats:
      return backend === frontend ? verdictNext : statsPage(stream, backend);
    case stepRedirects:
      return redirects(stream);
    default:
      return verdictNext;
  }
}

/** The http-request rules of one proxy, and what comes right before and after them. */
function proxyRules(context: EngineContext, stream: Stream, proxy: ProxyPlan): number {
  if ((stream.flags & flagTcp) !== 0) return verdictNext;
  const waiting = proxy.buffersRequest ? bufferBody(context, stream, proxy) : verdictNext;
  if (waiting !== verdictNext) return waiting;
  const verdict = http(stream, proxy.httpRequest);
  if (verdict !== verdictNext && verdict !== verdictStop) return verdict;
  return restrictNames(stream, proxy);
}

/** option http-buffer-request: rules see the whole body, or as much of it as a buffer holds. */
function bufferBody(context: EngineContext, stream: Stream, proxy: ProxyPlan): number {
  // A rule waits: what comes before the rules is over.
  if (stream.rulePosition >= 0) return verdictNext;
  answerExpectation(stream);
  showPayload(stream);
  if (!stream.clientIsLate) stream.waitingFor = null;
  if (hasBody(stream, true, wholeBody)) {
    stream.waitUntilMs = 0;
    return verdictNext;
  }
  const limitMs = proxy.model.timeouts.httpRequest;
  const { nowMs } = context.thread.time;
  if (limitMs > 0 && stream.waitUntilMs === 0) stream.waitUntilMs = nowMs + limitMs;
  if (stream.waitUntilMs > 0 && nowMs >= stream.waitUntilMs) return verdictLate;
  stream.waitingFor = bodyWait;
  return verdictWait;
}

/** What a stream waits for that no rule made wait (waiting_entity). */
const bodyWait: RulePlan = { condition: null, act: () => 0, file: '', line: 0 };

function http(stream: Stream, rules: RuleList): number {
  if (rules.length === 0 || (stream.flags & flagTcp) !== 0) return verdictNext;
  showPayload(stream);
  return runRules(stream, rules);
}

/** The statistics page of a proxy: behind its rules, before its redirects. */
function statsPage(stream: Stream, proxy: ProxyPlan): number {
  if (proxy.statsPage === null || (stream.flags & flagTcp) !== 0) return verdictNext;
  showPayload(stream);
  return proxy.statsPage(stream);
}

function redirects(stream: Stream): number {
  const { frontend, backend } = stream;
  if (frontend.redirects.length > 0) {
    const verdict = http(stream, frontend.redirects);
    if (verdict !== verdictNext) return verdict;
  }
  return backend === frontend ? verdictNext : http(stream, backend.redirects);
}

/**
 * tcp-request content: conditions that lack data wait until inspect-delay has passed (manual 4).
 */
function content(context: EngineContext, stream: Stream, proxy: ProxyPlan): number {
  const rules = proxy.tcpContent;
  if (rules.length === 0) return verdictNext;
  const { nowMs } = context.thread.time;
  if (stream.inspectUntilMs === 0) stream.inspectUntilMs = nowMs + proxy.inspectDelayMs;
  showPayload(stream);
  const front = stream.front!;
  const isFull = front.inbound.bodyLength >= context.thread.memory.slotBytes - fullMargin;
  stream.samplesFinal =
    nowMs >= stream.inspectUntilMs ||
    front.inbound.bodyDone ||
    front.inbound.failure !== 0 ||
    isFull;
  const verdict = runRules(stream, rules);
  if (verdict === verdictWait) return verdict;
  stream.samplesFinal = true;
  stream.inspectUntilMs = 0;
  return verdict;
}

const fullMargin = 16;

/** What rules may look at: the payload received so far. */
function showPayload(stream: Stream): void {
  const { inbound } = stream.front!;
  const { requestPayload } = stream;
  requestPayload.at = inbound.bodyAt;
  requestPayload.length = inbound.bodyLength;
  requestPayload.ended = inbound.bodyDone || inbound.failure !== 0;
}

/** A verdict other than "go on". */
function settle(context: EngineContext, stream: Stream, verdict: number): void {
  switch (verdict) {
    case verdictWait:
      waitForMore(context, stream);
      return;
    case verdictDeny:
    case verdictTarpit:
      countDenied(context, stream);
      countTracked(stream, countedErrors);
      if (verdict === verdictTarpit) tarpit(context, stream);
      else refuse(context, stream);
      return;
    case verdictDone:
      endsBy(stream, 'L', 'R');
      context.thread.counters.values[context.frontRows[stream.frontend.index] + fieldIntercepted] +=
        1;
      sendReply(context, stream, stream.reply ?? errorReply(stream, 500));
      return;
    case verdictClose:
    case verdictDrop:
      countDenied(context, stream);
      countUnanswered(context, stream);
      endsBy(stream, 'P', 'R');
      finishStream(context, stream, false);
      return;
    case verdictError:
      replyInternalError(context, stream, 'R');
      return;
    case verdictLate:
      requestLate(context, stream);
      return;
    case verdictSwitch:
      context.toHttp(stream);
      return;
    default:
      throw new Error(`a request rule gave verdict ${verdict}`);
  }
}

/** What the client should have sent did not come in time. */
function requestLate(context: EngineContext, stream: Stream): void {
  countError(context, stream);
  replyError(context, stream, 408, 'c', 'R');
}

function countError(context: EngineContext, stream: Stream): void {
  context.thread.counters.values[context.frontRows[stream.frontend.index] + fieldErrors] += 1;
}

function countRewrite(context: EngineContext, stream: Stream): void {
  const { values } = context.thread.counters;
  values[context.frontRows[stream.frontend.index] + fieldFailedRewrites] += 1;
  const { backend } = stream.backend;
  if (backend !== null && stream.backendEntered) values[backend.row + fieldFailedRewrites] += 1;
}

function refuse(context: EngineContext, stream: Stream): void {
  endsBy(stream, 'P', 'R');
  sendReply(context, stream, stream.reply ?? errorReply(stream, 403));
}

/** A request that gets no answer has no status: statistics have it among the other ones. */
function countUnanswered(context: EngineContext, stream: Stream): void {
  if ((stream.flags & flagTcp) !== 0) return;
  const { values } = context.thread.counters;
  values[context.frontRows[stream.frontend.index] + fieldStatusOther] += 1;
  const { backend } = stream.backend;
  if (backend !== null && stream.backendEntered) values[backend.row + fieldStatusOther] += 1;
}

function countDenied(context: EngineContext, stream: Stream): void {
  const { values } = context.thread.counters;
  values[context.frontRows[stream.frontend.index] + fieldDenied] += 1;
  const { backend } = stream.backend;
  if (backend !== null && stream.backendEntered) values[backend.row + fieldDenied] += 1;
}

function tarpit(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  stream.state = stateTarpit;
  const { timeouts } = stream.frontend;
  const limitMs = stream.tarpitTimeoutMs || timeouts.tarpitMs || timeouts.connectMs;
  thread.timers.schedule(stream, thread.time.nowMs + (limitMs || 1));
}

/** The tarpit has held the client long enough (or it left). */
export function tarpitOver(context: EngineContext, stream: Stream): void {
  endsBy(stream, 'P', 'T');
  sendReply(context, stream, stream.reply ?? errorReply(stream, 500));
}

/** Asks for more payload, and arms whatever ends the wait. */
function waitForMore(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  let dueMs = stream.inspectUntilMs;
  if (stream.waitUntilMs > 0 && (dueMs === 0 || stream.waitUntilMs < dueMs)) {
    dueMs = stream.waitUntilMs;
  }
  const expectsClient = stream.clientTimeoutMs > 0 && !stream.isPaused;
  stream.clientDueMs = expectsClient ? thread.time.nowMs + stream.clientTimeoutMs : 0;
  if (expectsClient && (dueMs === 0 || stream.clientDueMs < dueMs)) dueMs = stream.clientDueMs;
  if (dueMs > 0) thread.timers.schedule(stream, dueMs);
  if (stream.front!.inbound.receive()) thread.defer(() => moreData(context, stream));
}

/** Rules waited for time, or for a client that sends nothing: then nothing more will come. */
export function rulesLate(context: EngineContext, stream: Stream): void {
  const { nowMs } = context.thread.time;
  const { clientDueMs } = stream;
  if (clientDueMs > 0 && nowMs >= clientDueMs) {
    stream.clientIsLate = true;
    if (stream.waitUntilMs > nowMs) stream.waitUntilMs = nowMs;
    if (stream.inspectUntilMs > nowMs) stream.inspectUntilMs = nowMs;
  }
  if (stream.waitUntilMs > 0 || stream.inspectUntilMs > 0) runRequest(context, stream);
  else requestLate(context, stream);
}

/** Payload arrived (or ended) while rules wait. */
export function moreData(context: EngineContext, stream: Stream): void {
  if (stream.state === stateRules) runRequest(context, stream);
}

/** All rules have been run: what the request says about its origin, then a server. */
function leaveRules(context: EngineContext, stream: Stream): void {
  const { backend } = stream;
  context.thread.timers.cancel(stream);
  if ((stream.flags & flagTcp) === 0) {
    const { failure } = stream.front!.inbound;
    if (failure !== 0) {
      countError(context, stream);
      frontFailed(context, stream, failure);
      return;
    }
    if (!addOrigin(stream)) {
      countRewrite(context, stream);
      replyError(context, stream, 500, 'P', 'R');
      return;
    }
  }
  if (backend.backend === null) {
    enterBackend(context, stream);
    replyError(context, stream, 503, 'S', 'C');
    return;
  }
  assignServer(context, stream);
}
