// What a client's session counts for: its frontend, the listener's socket under option
// socket-stats, the process, and what its rules track. Called by the acceptor and by what changes a
// session's protocol; each counter has this thread as its one writer.

import { raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import { countRate } from '../../shared/segment/rate.ts';
import {
  countedErrors,
  countedRequests,
  countInSession,
  countSession,
} from '../tables/tracking.ts';
import {
  countConnection,
  countStream as countOne,
  endStream,
  moveConnection,
} from '../mux/h1-counts.ts';
import type { EngineContext } from './context.ts';
import type { Session } from './session.ts';

const fieldSessions = field.stot;
const fieldSessionRate = field.rate;
const fieldSessionRateMax = field.rate_max;
const fieldH1Sessions = field.h1sess;
const fieldH2Sessions = field.h2sess;
const fieldRequests = field.req_tot;
const fieldRequestRate = field.req_rate;
const fieldRequestRateMax = field.req_rate_max;
const fieldProcessRequests = field.CumReq;
const fieldH1Requests = field.h1req;
const fieldH2Requests = field.h2req;
const fieldRequestErrors = field.ereq;
const fieldStreams = field.CurrStreams;
const fieldStreamsTotal = field.CumStreams;
const fieldProcessSessionRate = field.SessRate;
const fieldProcessSessionRateMax = field.MaxSessRate;

/** Counter row of the session's frontend. */
export function frontRowOf(context: EngineContext, session: Session): number {
  return context.frontRows[session.frontend.index];
}

/** The same number once more, under `option socket-stats`. */
function countListener(context: EngineContext, { listener }: Session, counter: number): void {
  const row = context.listenerRows[listener.index];
  if (row >= 0) context.thread.counters.values[row + counter] += 1;
}

/** A rule has turned the client away; `counter` says which kind of rule. */
export function countDenied(context: EngineContext, session: Session, counter: number): void {
  context.thread.counters.values[frontRowOf(context, session) + counter] += 1;
  countListener(context, session, counter);
}

/** The session is past its preamble and its rules. */
export function countBegun(context: EngineContext, session: Session): void {
  const { thread, processRow } = context;
  const { nowMs } = thread.time;
  if (session.trackers.length > 0) countSession(session, nowMs);
  const { values } = thread.counters;
  const row = frontRowOf(context, session);
  values[row + fieldSessions] += 1;
  countListener(context, session, fieldSessions);
  const rate = countRate(values, row + fieldSessionRate, nowMs, 1);
  raise(values, row + fieldSessionRateMax, rate);
  const all = countRate(values, processRow + fieldProcessSessionRate, nowMs, 1);
  raise(values, processRow + fieldProcessSessionRateMax, all);
}

/** The session speaks this version of HTTP from here on, or (`change` -1) not any more. */
export function countHttp(
  context: EngineContext,
  session: Session,
  isH2: boolean,
  change: 1 | -1,
): void {
  const counter = isH2 ? fieldH2Sessions : fieldH1Sessions;
  context.thread.counters.values[frontRowOf(context, session) + counter] += change;
}

/** A connection to the client begins to speak HTTP/1, or (`change` -1) does so no more. */
export function countH1(context: EngineContext, session: Session, change: 1 | -1): void {
  const { values } = context.thread.counters;
  const row = frontRowOf(context, session);
  if (change > 0) countConnection(values, row);
  else moveConnection(values, row, -1);
}

/** A stream of HTTP/1 begins, or is over. */
export function countH1Stream(context: EngineContext, session: Session, change: 1 | -1): void {
  const { values } = context.thread.counters;
  const row = frontRowOf(context, session);
  if (change > 0) countOne(values, row);
  else endStream(values, row);
}

/** A session without requests is one for the process. */
export function countTcp({ thread, processRow }: EngineContext): void {
  thread.counters.values[processRow + fieldProcessRequests] += 1;
}

/** A request of the frontend that `row` counts for, good or bad. */
export function countRequestOf(context: EngineContext, row: number, isH2: boolean): void {
  const { thread } = context;
  const { values } = thread.counters;
  values[context.processRow + fieldProcessRequests] += 1;
  values[row + fieldRequests] += 1;
  values[row + (isH2 ? fieldH2Requests : fieldH1Requests)] += 1;
  const rate = countRate(values, row + fieldRequestRate, thread.time.nowMs, 1);
  raise(values, row + fieldRequestRateMax, rate);
}

/** A request was refused before it became a stream. */
export function countBadRequest(context: EngineContext, session: Session): void {
  const { nowMs } = context.thread.time;
  const { values } = context.thread.counters;
  const row = frontRowOf(context, session);
  values[row + fieldRequests] += 1;
  values[row + fieldRequestErrors] += 1;
  countListener(context, session, fieldRequestErrors);
  countInSession(session, countedRequests, nowMs);
  countInSession(session, countedErrors, nowMs);
}

/** One more stream, or one less; all that there ever were are counted too. */
export function countStream(context: EngineContext, change: 1 | -1): void {
  const { values } = context.thread.counters;
  const row = context.processRow;
  values[row + fieldStreams] += change;
  if (change > 0) values[row + fieldStreamsTotal] += 1;
}
