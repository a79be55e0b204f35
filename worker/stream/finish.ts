// The end of a stream: counted, logged, its server's slot and connection given back, its client
// told. Everything that ends a stream comes through here exactly once.

import { sourceStream } from '../../shared/trace/sources.ts';
import { traceEnd } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepClose } from '../../shared/config/log-steps.ts';
import { countTimes, raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { LatencyWriter } from '../../shared/segment/latency.ts';
import { countRate } from '../../shared/segment/rate.ts';
import type { EngineContext } from './context.ts';
import {
  flagLogged,
  flagResponseDone,
  flagRequestDone,
  flagTcp,
  flagTunnel,
  flagUnlogged,
  stateFree,
} from './phases.ts';
import type { Stream } from './stream.ts';
import { countBackWire, countTraffic } from './traffic.ts';

const fieldStot = field.stot;
const fieldRate = field.rate;
const fieldRateMax = field.rate_max;
const fieldRequests = field.req_tot;
const fieldStatusOther = field.hrsp_other;
const statusFields = [
  field.hrsp_other,
  field.hrsp_1xx,
  field.hrsp_2xx,
  field.hrsp_3xx,
  field.hrsp_4xx,
  field.hrsp_5xx,
];
const fieldClientAborts = field.cli_abrt;
const fieldServerAborts = field.srv_abrt;

/** Says how the stream ends, unless something has said so before (the first cause counts). */
export function endsBy(stream: Stream, cause: string, phase: string): void {
  if (stream.endCause === '-') {
    stream.endCause = cause;
    stream.endPhase = phase;
  }
}

/** The stream enters its backend: current streams, session rate. */
export function enterBackend(context: EngineContext, stream: Stream): void {
  const { backend } = stream.backend;
  if (backend === null || stream.backendEntered) return;
  backend.enter(stream);
  const { thread } = context;
  const { values } = thread.counters;
  const { row } = backend;
  values[row + fieldStot] += 1;
  const rate = countRate(values, row + fieldRate, thread.time.nowMs, 1);
  raise(values, row + fieldRateMax, rate);
}

/** Ends the connection to the server, or keeps it for another stream when it is clean. */
export function releaseBack(context: EngineContext, stream: Stream): void {
  countBackWire(context, stream);
  const clean = (stream.flags & cleanFlags) === cleanFlags;
  context.links.release(stream, clean);
}

/**
 * The answer is here in full and its end is about to leave: the connection to the server may serve
 * others before the client can ask for more.
 */
export function offerBack(context: EngineContext, stream: Stream): void {
  if ((stream.flags & (flagRequestDone | flagTcp | flagTunnel)) !== flagRequestDone) return;
  context.links.offer(stream);
}

const cleanFlags = flagRequestDone | flagResponseDone;

/**
 * Ends a stream whose response (if any) has been handed on. `keep`: the client may send another
 * request.
 */
export function finishStream(context: EngineContext, stream: Stream, keep: boolean): void {
  if (stream.state === stateFree) return;
  const { thread } = context;
  if (tracer.isOn(sourceStream)) traceEnd(stream);
  stream.state = stateFree;
  stream.times.endMs = thread.time.nowMs;
  thread.timers.remove(stream);
  countTraffic(context, stream);
  countEnd(context, stream);
  releaseBack(context, stream);
  stream.applet?.close();
  stream.applet = null;
  // Before the log line: the counts it shows are those that remain (manual 8.2.3).
  stream.backend.backend?.leave(stream);
  logAt(context, stream, stepClose);
  context.endFront(stream, keep);
}

/** Both directions are complete. */
export function isComplete(stream: Stream): boolean {
  const done = flagRequestDone | flagResponseDone;
  return (stream.flags & done) === done && (stream.flags & (flagTcp | flagTunnel)) === 0;
}

/** The stream has come to a step of its life: its line is written if the frontend asks for it. */
export function logAt(context: EngineContext, stream: Stream, step: number): void {
  const { log } = stream.frontend;
  if (log === null || (log.steps & (1 << step)) === 0) return;
  if ((stream.flags & flagUnlogged) !== 0) return;
  if (log.once) {
    if ((stream.flags & flagLogged) !== 0) return;
    stream.flags |= flagLogged;
  }
  const { times } = stream;
  const isOver = times.endMs >= 0;
  if (!isOver) times.endMs = context.thread.time.nowMs;
  context.log(stream, step);
  if (!isOver) times.endMs = -1;
}

function countEnd(context: EngineContext, stream: Stream): void {
  const front = context.frontRows[stream.frontend.index];
  const aborted = abortField(stream);
  countStatus(context, stream, front);
  const { backend } = stream.backend;
  if (backend !== null && stream.backendEntered) {
    countStatus(context, stream, backend.row);
    countAbort(context, backend.row, aborted);
    countPhases(context, stream, backend.row);
    if (context.latency !== null) countLatency(context.latency, stream);
  }
  if (stream.server !== null) countServer(context, stream, aborted);
}

function countStatus(context: EngineContext, stream: Stream, row: number): void {
  if (stream.status > 0) context.thread.counters.values[row + statusField(stream.status)] += 1;
}

function countAbort(context: EngineContext, row: number, aborted: number): void {
  if (aborted > 0) context.thread.counters.values[row + aborted] += 1;
}

function countServer(context: EngineContext, stream: Stream, aborted: number): void {
  const { server } = stream;
  if (server === null || stream.times.connectMs < 0) return;
  const { row } = server;
  const { values } = context.thread.counters;
  if (stream.times.responseMs >= 0) {
    if ((stream.flags & flagTcp) === 0) values[row + fieldRequests] += 1;
    countStatus(context, stream, row);
  }
  countAbort(context, row, aborted);
  countPhases(context, stream, row);
}

/** Averages and maxima of the phases, milliseconds. */
function countPhases(context: EngineContext, stream: Stream, row: number): void {
  const { times } = stream;
  if (times.connectMs < 0) return;
  const queued = times.queueMs < 0 ? times.requestMs : times.queueMs;
  const from = times.requestMs < 0 ? times.acceptMs : times.requestMs;
  const queueMs = Math.max(0, Math.round(queued - from));
  const connectMs = Math.max(0, Math.round(times.connectMs - queued));
  const responseMs = times.responseMs < 0 ? 0 : Math.round(times.responseMs - times.connectMs);
  const totalMs = Math.max(0, Math.round(times.endMs - times.acceptMs - times.idleMs));
  countTimes(context.thread.counters.values, row, queueMs, connectMs, responseMs, totalMs);
}

/** For percentiles of the total time, as countPhases has it. */
function countLatency(latency: LatencyWriter, { times, backend }: Stream): void {
  if (times.connectMs < 0) return;
  latency.count(backend.index, Math.max(0, times.endMs - times.acceptMs - times.idleMs));
}

function statusField(status: number): number {
  return status < 100 || status > 599 ? fieldStatusOther : statusFields[(status / 100) | 0];
}

function abortField(stream: Stream): number {
  const cause = stream.endCause;
  if (cause === 'C' || cause === 'c') return fieldClientAborts;
  if ((cause === 'S' || cause === 's') && stream.endPhase === 'D') return fieldServerAborts;
  return 0;
}
