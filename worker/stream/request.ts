// A request from its head to the choice of a server: content and HTTP rules of the frontend,
// switching, the same of the backend, redirects, forwarding headers. Each step may wait for data or
// time and is taken up again where it stopped.

import { field } from '../../shared/segment/metrics.ts';
import { raise } from '../../shared/segment/counters.ts';
import { countRate } from '../../shared/segment/rate.ts';
import { headerName, versionH2 } from '../http/message.ts';
import {
  verdictClose,
  verdictDeny,
  verdictDone,
  verdictDrop,
  verdictError,
  verdictNext,
  verdictStop,
  verdictTarpit,
  verdictWait,
} from '../keyword.ts';
import type { ForwardForPlan, ProxyPlan, ProxyTimeouts, RuleList } from '../program.ts';
import { assignServer } from './connect.ts';
import type { EngineContext } from './context.ts';
import { errorReply } from './error-reply.ts';
import { endsBy, enterBackend, finishStream } from './finish.ts';
import {
  flagTcp,
  flagUnlogged,
  stateRules,
  stateTarpit,
  stepAssign,
  stepBackContent,
  stepBackRules,
  stepFrontContent,
  stepFrontRules,
  stepRedirects,
  stepSwitch,
} from './phases.ts';
import { replyError, replyInternalError, sendReply } from './reply.ts';
import { runRules } from './rule-runner.ts';
import { captureRequest } from '../log/capture.ts';
import { directionRequest, type Stream } from './stream.ts';
import type { Endpoint } from '../conn/endpoint.ts';

const fieldRequests = field.req_tot;
const fieldProcessRequests = field.CumReq;
const fieldRate = field.req_rate;
const fieldRateMax = field.req_rate_max;
const fieldH1Requests = field.h1req;
const fieldH2Requests = field.h2req;
const fieldDenied = field.dreq;
const fieldIntercepted = field.intercepted;
const expectName = headerName('expect');

/** A complete request head stands in stream.request. */
export function onRequest(context: EngineContext, stream: Stream): void {
  const { thread } = context;
  const { values } = thread.counters;
  const row = context.frontRows[stream.frontend.index];
  values[row + fieldRequests] += 1;
  const isH2 = stream.request.version === versionH2;
  values[row + (isH2 ? fieldH2Requests : fieldH1Requests)] += 1;
  values[context.processRow + fieldProcessRequests] += 1;
  raise(values, row + fieldRateMax, countRate(values, row + fieldRate, thread.time.nowMs, 1));
  capture(stream);
  stream.step = stepFrontContent;
  stream.state = stateRules;
  if (isMonitor(stream)) {
    monitor(context, stream);
    return;
  }
  runRequest(context, stream);
}

function capture(stream: Stream): void {
  captureRequest(stream);
  const captures = stream.frontend.captureRequestHeaders;
  const { request } = stream;
  for (let i = 0; i < captures.length; i++) {
    const found = request.findLast(captures[i].name);
    stream.requestCaptures[i] =
      found < 0 ? '' : request.valueText(found).slice(0, captures[i].lengthMax);
  }
}

function isMonitor(stream: Stream): boolean {
  const { monitorUri } = stream.frontend;
  if (monitorUri === '' || stream.request.targetLength !== monitorUri.length) return false;
  return stream.request.target() === monitorUri;
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
      stream.step++;
    } else {
      settle(context, stream, verdict);
      return;
    }
  }
  leaveRules(context, stream);
}

function runStep(context: EngineContext, stream: Stream): number {
  const { frontend, backend } = stream;
  switch (stream.step) {
    case stepFrontContent:
      return content(context, stream, frontend);
    case stepFrontRules:
      return http(stream, frontend.httpRequest);
    case stepSwitch:
      return switchBackend(context, stream);
    case stepBackContent:
      return backend === frontend ? verdictNext : content(context, stream, backend);
    case stepBackRules:
      return backend === frontend ? verdictNext : http(stream, backend.httpRequest);
    case stepRedirects:
      return redirects(stream);
    default:
      return verdictNext;
  }
}

function http(stream: Stream, rules: RuleList): number {
  if (rules.length === 0 || (stream.flags & flagTcp) !== 0) return verdictNext;
  showPayload(stream);
  return runRules(stream, rules);
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

function switchBackend(context: EngineContext, stream: Stream): number {
  const { frontend } = stream;
  const chosen = chooseBackend(context, stream);
  if (chosen === null && !frontend.hasBack) {
    stream.backend = frontend;
    return verdictNext;
  }
  const backend = chosen ?? frontend;
  stream.backend = backend;
  enterBackend(context, stream);
  if (backend !== frontend) takeTimeouts(stream, backend.timeouts);
  if (backend.isHttp && backend.backend !== null) {
    context.thread.counters.values[backend.backend.row + fieldRequests] += 1;
  }
  return verdictNext;
}

/** The backend's timeouts replace what set-timeout said in another proxy, but for the tarpit's. */
function takeTimeouts(stream: Stream, to: ProxyTimeouts): void {
  stream.serverTimeoutMs = to.serverMs;
  stream.connectTimeoutMs = to.connectMs;
  stream.queueTimeoutMs = to.queueMs;
  stream.tunnelTimeoutMs = to.tunnelMs;
  stream.retryMax = -1;
  if (stream.tarpitTimeoutMs === 0) stream.tarpitTimeoutMs = to.tarpitMs;
}

function chooseBackend(context: EngineContext, stream: Stream): ProxyPlan | null {
  const { switches, defaultBackend } = stream.frontend;
  for (let i = 0; i < switches.length; i++) {
    const rule = switches[i];
    if (rule.condition !== null && rule.condition(stream) !== 1) continue;
    const target =
      rule.name === null ? context.proxyAt(rule.proxyIndex) : context.proxyNamed(rule.name(stream));
    // A name that turns out not to be a backend: the default decides (manual 4, use_backend).
    if (target !== null) return target;
    break;
  }
  return defaultBackend < 0 ? null : context.proxyAt(defaultBackend);
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
      endsBy(stream, 'P', 'R');
      finishStream(context, stream, false);
      return;
    case verdictError:
      replyInternalError(context, stream, 'R');
      return;
    default:
      throw new Error(`a request rule gave verdict ${verdict}`);
  }
}

function refuse(context: EngineContext, stream: Stream): void {
  endsBy(stream, 'P', 'R');
  sendReply(context, stream, stream.reply ?? errorReply(stream, 403));
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
  if (dueMs > 0) thread.timers.schedule(stream, dueMs);
  else if (stream.clientTimeoutMs > 0) {
    thread.timers.schedule(stream, thread.time.nowMs + stream.clientTimeoutMs);
  }
  if (stream.front!.inbound.receive()) thread.defer(() => moreData(context, stream));
}

/** Payload arrived (or ended) while rules wait. */
export function moreData(context: EngineContext, stream: Stream): void {
  if (stream.state === stateRules) runRequest(context, stream);
}

/** All rules have been run: what the request says about its origin, then a server. */
function leaveRules(context: EngineContext, stream: Stream): void {
  const { backend, frontend } = stream;
  context.thread.timers.cancel(stream);
  if ((stream.flags & flagTcp) === 0) {
    addAddress(stream, frontend.forwardFor, backend.forwardFor, stream.source);
    addAddress(stream, frontend.originalTo, backend.originalTo, stream.destination);
    addUniqueId(stream);
  }
  if (backend.backend === null) {
    enterBackend(context, stream);
    replyError(context, stream, 503, 'S', 'C');
    return;
  }
  assignServer(context, stream);
}

/**
 * `option forwardfor`, `originalto`: the backend's header name counts, either side's exception is
 * heard, and a header that is there already stays alone only when no side wants another one.
 */
function addAddress(
  stream: Stream,
  front: ForwardForPlan | null,
  back: ForwardForPlan | null,
  from: Endpoint,
): void {
  const plan = back ?? front;
  if (plan === null) return;
  const { request } = stream;
  const ifNone = (front === null || front.ifNone) && (back === null || back.ifNone);
  if (ifNone && request.find(plan.name, 0) >= 0) return;
  if (isExcepted(front, from) || isExcepted(back, from)) return;
  const text = from.text();
  if (text !== '' && text !== 'unix') request.add(plan.name, text);
}

function isExcepted(plan: ForwardForPlan | null, from: Endpoint): boolean {
  return plan?.except?.(from.family, from.ipv4, from.bytes) === true;
}

function addUniqueId(stream: Stream): void {
  const { uniqueId, uniqueIdHeader } = stream.frontend;
  if (uniqueId === null) return;
  if (stream.uniqueId === '') stream.uniqueId = uniqueId(stream);
  if (uniqueIdHeader !== null) stream.request.add(uniqueIdHeader, stream.uniqueId);
}

/** The buffered body is complete: the client need not be told to go on by the server any more. */
export function dropExpectation(stream: Stream): void {
  stream.request.removeAll(expectName);
}
