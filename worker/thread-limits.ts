// Whether one more client may come in on this thread (manual, maxconn, maxconnrate, maxsessrate,
// maxsslrate, rate-limit sessions, bind ... maxconn). Listeners ask before they accept: what is
// reserved here is counted, so that limits hold over all threads. Rates are sums of what the
// threads have counted, and of what is on its way to a thread that will.

import type { RateLimit, ThreadStart } from '../shared/messages.ts';
import { CounterReader, raise } from '../shared/segment/counters.ts';
import { keepPeak, leave, liveCurrent, reserveWithin } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import { countRate } from '../shared/segment/rate.ts';
import type { ThreadRings } from '../shared/segment/ring.ts';
import type { Segment } from '../shared/segment/segment.ts';
import type { AcceptLimits } from './conn/listener.ts';
import type { ListenerPlan } from './program.ts';
import type { EngineContext } from './stream/context.ts';

const fieldReached = field.MaxconnReached;
const fieldConnectionRate = field.ConnRate;
const fieldConnectionRateMax = field.MaxConnRate;
const fieldProcessTotal = field.CumConns;
const fieldTotal = field.conn_tot;
const fieldRate = field.conn_rate;
const fieldRateMax = field.conn_rate_max;
const fieldSessionRate = field.SessRate;
const fieldTlsRate = field.SslRate;
const fieldTlsCurrent = field.CurrSslConns;
const fieldFrontRate = field.rate;

export class ThreadLimits implements AcceptLimits {
  private readonly context: EngineContext;
  private readonly objects: ThreadStart['objects'];
  private readonly reader: CounterReader;
  /** maxconn by proxy index, and of the process; 0: no limit. */
  readonly fronts: number[];
  process: number;
  /** Events a second of the process, 0: no limit. */
  connections: number;
  sessions: number;
  tlsSessions: number;
  /** Clients in them are accepted, and counted as sessions by who takes them out. */
  private readonly rings: ThreadRings;

  constructor(start: ThreadStart, context: EngineContext, segment: Segment, rings: ThreadRings) {
    const { global, proxies } = start.model;
    this.context = context;
    this.objects = start.objects;
    this.reader = new CounterReader(segment);
    this.fronts = proxies.map((proxy) => proxy.maxconn);
    this.process = global.maxconn;
    this.connections = global.maxconnrate;
    this.sessions = global.maxsessrate;
    this.tlsSessions = global.maxsslrate;
    this.rings = rings;
  }

  set(limit: RateLimit, value: number): void {
    this[limit] = value;
  }

  /** Counts one more client of `listener`; false: there is no room, and nothing is counted. */
  reserve(listener: ListenerPlan): boolean {
    if (!this.isSlowEnough(listener)) return false;
    const { context } = this;
    const { words } = context.live;
    const { index } = listener.proxy;
    const own = context.listenerLive[listener.index];
    if (own >= 0 && !reserveWithin(words, own + liveCurrent, listener.bind.maxconn)) return false;
    const front = context.frontLive[index] + liveCurrent;
    if (!reserveWithin(words, front, this.fronts[index])) {
      if (own >= 0) leave(words, own + liveCurrent);
      return false;
    }
    if (reserveWithin(words, context.processLive + liveCurrent, this.process)) return true;
    leave(words, front);
    if (own >= 0) leave(words, own + liveCurrent);
    return false;
  }

  /** The client that was reserved for has come. */
  confirm(listener: ListenerPlan): void {
    const { context } = this;
    const { words } = context.live;
    const own = context.listenerLive[listener.index];
    const process = context.processLive + liveCurrent;
    if (own >= 0) keepPeak(words, own + liveCurrent);
    keepPeak(words, context.frontLive[listener.proxy.index] + liveCurrent);
    keepPeak(words, process);
    this.count(listener);
    if (this.process === 0 || words[process] < this.process) return;
    // How often a client took the last place of the process.
    context.thread.counters.values[context.processRow + fieldReached] += 1;
  }

  /** Counted by the thread that accepts, so that the next accept knows. */
  private count({ index, proxy }: ListenerPlan): void {
    const { thread, frontRows, listenerRows, processRow } = this.context;
    const { values } = thread.counters;
    const { nowMs } = thread.time;
    const row = frontRows[proxy.index];
    values[row + fieldTotal] += 1;
    raise(values, row + fieldRateMax, countRate(values, row + fieldRate, nowMs, 1));
    if (listenerRows[index] >= 0) values[listenerRows[index] + fieldTotal] += 1;
    values[processRow + fieldProcessTotal] += 1;
    const rate = countRate(values, processRow + fieldConnectionRate, nowMs, 1);
    raise(values, processRow + fieldConnectionRateMax, rate);
  }

  /** The client that was reserved for did not come. */
  cancel(listener: ListenerPlan): void {
    const { context } = this;
    const { words } = context.live;
    const own = context.listenerLive[listener.index];
    if (own >= 0) leave(words, own + liveCurrent);
    leave(words, context.frontLive[listener.proxy.index] + liveCurrent);
    leave(words, context.processLive + liveCurrent);
  }

  /** May one more TLS connection begin, to a client or a server (maxsslconn)? */
  hasTlsRoom(): boolean {
    const { maxsslconn } = this.context.thread.program.model.global;
    if (maxsslconn === 0) return true;
    return this.reader.gauge(this.objects.process, fieldTlsCurrent) < maxsslconn;
  }

  private isSlowEnough({ proxy, bind }: ListenerPlan): boolean {
    const { process, proxies } = this.objects;
    const { rateLimitSessions } = proxy.model;
    if (this.connections > 0) {
      const { nowMs } = this.context.thread.time;
      if (this.reader.rate(process, fieldConnectionRate, nowMs) >= this.connections) return false;
    }
    if (this.sessions > 0 && this.isAt(process, fieldSessionRate, this.sessions)) return false;
    if (this.tlsSessions > 0 && bind.ssl !== null) {
      if (this.isAt(process, fieldTlsRate, this.tlsSessions)) return false;
    }
    if (rateLimitSessions === 0) return true;
    return !this.isAt(proxies[proxy.index].front, fieldFrontRate, rateLimitSessions);
  }

  private isAt(object: number, rateField: number, limit: number): boolean {
    const { nowMs } = this.context.thread.time;
    return this.reader.rate(object, rateField, nowMs) + this.rings.waiting() >= limit;
  }
}
