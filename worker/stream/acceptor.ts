// From an accepted descriptor to a mux: limits and counters, connection rules, what comes before
// the protocol (PROXY header, TLS), session rules, and the choice of the mux. Owns the list of
// sessions of its thread, for soft stops and `show sess`.

import { sourceSession, sourceStream } from '../../shared/trace/sources.ts';
import {
  pointSessionEnd,
  pointSessionError,
  pointSessionNew,
  pointStreamNew,
  traceSession,
  traceStream,
} from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepAccept } from '../../shared/config/log-steps.ts';
import { field } from '../../shared/segment/metrics.ts';
import { raise } from '../../shared/segment/counters.ts';
import { leave, liveCurrent } from '../../shared/segment/live.ts';
import { countRate } from '../../shared/segment/rate.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { Connection } from '../conn/connection.ts';
import { type Endpoint, familyNone } from '../conn/endpoint.ts';
import { readEndpoint, readOwn, readPeer } from '../conn/socket-address.ts';
import { applyOptions, clientOptions, type SocketOption } from '../conn/socket-options.ts';
import { H1Limits } from '../http/h1.ts';
import { verdictDrop, verdictNext, verdictStop } from '../keyword.ts';
import type { FrontHost, FrontMux } from '../mux/front.ts';
import { H1Front } from '../mux/h1-front.ts';
import { H2Front } from '../mux/h2-front.ts';
import { H2Tools } from '../mux/h2-tools.ts';
import { Opening, type OpeningStep } from '../conn/opening.ts';
import { faultReverse, quietFaults } from '../conn/fault.ts';
import { logRefusal } from '../log/refusal.ts';
import type { Exchange, Side } from '../mux/side.ts';
import { TcpSide } from '../mux/tcp.ts';
import type { ListenerPlan, ProxyPlan, RuleList } from '../program.ts';
import {
  countedErrors,
  countedGlitches,
  countedRequests,
  countInSession,
  countSession,
  endTracking,
} from '../tables/tracking.ts';
import type { ThreadContext } from '../thread-context.ts';
import { ClientSession, type Dialer, listenerEndpoint, speaksH2 } from './client-session.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream, logAt } from './finish.ts';
import { flagSwitched, flagTcp, stateFree } from './phases.ts';
import type { Engine } from './engine.ts';
import { runRules } from './rule-runner.ts';
import type { Attachment, Session } from './session.ts';
import type { Stream } from './stream.ts';
import type { StreamPool } from './stream-pool.ts';

const fieldSessions = field.stot;
const fieldSessionRate = field.rate;
const fieldSessionRateMax = field.rate_max;
const fieldDeniedConnections = field.dcon;
const fieldDeniedSessions = field.dses;
const fieldH1Sessions = field.h1sess;
const fieldH2Sessions = field.h2sess;
const fieldRequests = field.req_tot;
const fieldRequestErrors = field.ereq;
const fieldStreams = field.CurrStreams;
const fieldStreamsTotal = field.CumStreams;
const fieldProcessSessionRate = field.SessRate;
const fieldProcessSessionRateMax = field.MaxSessRate;

/** Steps between accept and the mux, by what the bind line and the connection rules ask for. */
export type FrontSteps = (session: ClientSession) => readonly OpeningStep[];

export class Acceptor implements FrontHost {
  readonly thread: ThreadContext;
  readonly exchange: Exchange;
  private readonly engine: Engine;
  private readonly context: EngineContext;
  private readonly streams: StreamPool;
  private readonly sessions: ClientSession[];
  private readonly scratch: SocketAddress;
  private readonly steps: FrontSteps;
  private readonly limits: Map<ProxyPlan, H1Limits>;
  /** Made by the first connection that speaks HTTP/2. */
  private h2: H2Tools | null;
  /** By proxy index: what each client socket gets. */
  private readonly clientOptions: readonly (readonly SocketOption[])[];
  /** By listener index; family none: each connection must be asked. */
  private readonly addresses: Endpoint[];
  /** Called when a session begins or ends: the thread's load. */
  private readonly onLoad: (sessions: number) => void;

  constructor(engine: Engine, streams: StreamPool, steps: FrontSteps, onLoad: (n: number) => void) {
    this.engine = engine;
    this.exchange = engine;
    this.context = engine.context;
    this.thread = engine.context.thread;
    this.streams = streams;
    this.sessions = [];
    this.scratch = this.thread.sys.address();
    this.steps = steps;
    this.limits = new Map();
    this.h2 = null;
    const { model, proxies } = this.thread.program;
    this.clientOptions = proxies.map((proxy) => clientOptions(proxy.model, model.global.tune));
    this.addresses = [];
    this.onLoad = onLoad;
  }

  /** Sessions of this thread. */
  get count(): number {
    return this.sessions.length;
  }

  /** Streams at work on this thread. */
  get streamCount(): number {
    return this.streams.inUse;
  }

  /** Streams that have been made, at work or waiting for their next use. */
  get streamsMade(): number {
    return this.streams.inUse + this.streams.spares;
  }

  /** All sessions, for session-list.ts; not to be changed there. */
  get list(): readonly ClientSession[] {
    return this.sessions;
  }

  /**
   * A descriptor accepted on `listener`, here or by another thread: the listener has counted it as
   * a client of now.
   */
  accept(fd: number, listener: ListenerPlan, peer: SocketAddress | null): void {
    const { thread } = this;
    const connection = new Connection(thread.poller, thread.memory.region, fd, unowned);
    const session = new ClientSession(connection, listener, thread.time.nowMs, thread.time.wallMs);
    if (peer !== null) readEndpoint(peer, connection.source);
    else readPeer(thread.sys, fd, this.scratch, connection.source);
    this.findDestination(fd, listener, connection.destination);
    const options = this.clientOptions[listener.proxy.index];
    if (options.length > 0) applyOptions(thread.sys, fd, options);
    this.enter(session);
    const { tcpConnection } = listener.proxy;
    if (tcpConnection.length > 0 && !this.permits(session, tcpConnection, fieldDeniedConnections)) {
      this.end(session);
      return;
    }
    if (connection.watch() < 0) {
      this.end(session);
      return;
    }
    const steps = this.steps(session);
    if (steps.length === 0) this.begin(session);
    else this.openUp(session, steps);
  }

  /**
   * We have connected to a server that is to send us requests (rhttp@): `dialer` hears when it may,
   * by `dueMs` at the latest, and when the connection is gone.
   */
  reverse(connection: Connection, listener: ListenerPlan, dialer: Dialer, dueMs: number): FrontMux {
    const { nowMs, wallMs } = this.thread.time;
    const session = new ClientSession(connection, listener, nowMs, wallMs);
    session.dialer = dialer;
    this.h2 ??= new H2Tools(this.thread, true);
    const front = new H2Front(this, session, this.h2, true);
    session.http = front;
    front.startReversed(dueMs);
    return front;
  }

  /** A stream of no client, to evaluate for `listener` at once. */
  lend(listener: ListenerPlan): Stream {
    const { nowMs, wallMs } = this.thread.time;
    const { poller, memory } = this.thread;
    const nobody = new Connection(poller, memory.region, -1, unowned);
    return this.streams.take(new ClientSession(nobody, listener, nowMs, wallMs));
  }

  takeBack(stream: Stream): void {
    this.streams.release(stream);
  }

  turnedRound(session: Session): void {
    const own = session as ClientSession;
    const { connection, listener } = own;
    connection.turnRound();
    if (own.dialer?.turned() !== true) {
      own.http?.close();
      return;
    }
    const { time } = this.thread;
    own.acceptMs = time.nowMs;
    own.acceptWallMs = time.wallMs;
    this.enter(own);
    const { tcpConnection } = listener.proxy;
    const isWelcome =
      tcpConnection.length === 0 || this.permits(own, tcpConnection, fieldDeniedConnections);
    if (isWelcome) this.begin(own);
    else own.http?.close();
  }

  /** Where the client connected to: the listener's own address, unless that is a wildcard. */
  private findDestination(fd: number, listener: ListenerPlan, into: Endpoint): void {
    let known = this.addresses[listener.index];
    if (known === undefined) {
      known = listenerEndpoint(this.thread.sys, listener, this.scratch);
      this.addresses[listener.index] = known;
    }
    if (known.family === familyNone) readOwn(this.thread.sys, fd, this.scratch, into);
    else into.copy(known);
  }

  private enter(session: ClientSession): void {
    session.place = this.sessions.length;
    this.sessions.push(session);
    this.thread.gauges?.enterSocket(session.listener.index);
    this.onLoad(this.sessions.length);
  }

  /** Runs connection or session rules with a stream that is lent for the purpose. */
  private permits(session: ClientSession, rules: RuleList, deniedField: number): boolean {
    const stream = this.streams.take(session);
    const verdict = runRules(stream, rules);
    this.streams.release(stream);
    if (verdict === verdictNext || verdict === verdictStop) return true;
    const { values } = this.thread.counters;
    values[this.context.frontRows[session.frontend.index] + deniedField] += 1;
    this.countListener(session, deniedField);
    if (verdict !== verdictDrop) session.connection.resetOnClose();
    return false;
  }

  /** The same number once more, under `option socket-stats`. */
  private countListener({ listener }: Session, counter: number): void {
    const row = this.context.listenerRows[listener.index];
    if (row >= 0) this.thread.counters.values[row + counter] += 1;
  }

  private openUp(session: ClientSession, steps: readonly OpeningStep[]): void {
    const { thread } = this;
    const { timeouts } = session.frontend;
    const limitMs = timeouts.clientHsMs || timeouts.clientMs;
    session.opening = new Opening(session.connection, unowned, steps, (result) => {
      session.opening = null;
      session.handshakeMs = thread.time.nowMs - session.acceptMs;
      if (result < 0) this.refused(session);
      else this.begin(session);
    });
    if (limitMs > 0) session.opening.limit(thread.timers, session.acceptMs + limitMs);
  }

  /** The client has not got past the preamble (manual 8.2.6). */
  private refused(session: ClientSession): void {
    if (tracer.isOn(sourceSession)) traceSession(pointSessionError, session, 'refused');
    const { log } = session.frontend;
    const { fault } = session.connection;
    if (log !== null && !(log.skipNull && quietFaults.has(fault))) {
      const stream = this.streams.take(session);
      logRefusal(stream);
      this.streams.release(stream);
    }
    this.end(session);
  }

  private begin(session: ClientSession): void {
    if (tracer.isOn(sourceSession)) traceSession(pointSessionNew, session, 'new session');
    const { thread, context } = this;
    const { frontend } = session;
    if (frontend.tcpSession.length > 0) {
      if (!this.permits(session, frontend.tcpSession, fieldDeniedSessions)) {
        this.end(session);
        return;
      }
    }
    if (session.trackers.length > 0) countSession(session, thread.time.nowMs);
    const { values } = thread.counters;
    const row = context.frontRows[frontend.index];
    values[row + fieldSessions] += 1;
    this.countListener(session, fieldSessions);
    const rate = countRate(values, row + fieldSessionRate, thread.time.nowMs, 1);
    raise(values, row + fieldSessionRateMax, rate);
    const whole = context.processRow;
    const all = countRate(values, whole + fieldProcessSessionRate, thread.time.nowMs, 1);
    raise(values, whole + fieldProcessSessionRateMax, all);
    if (session.attach !== null) {
      this.attach(session, session.attach);
    } else if (session.http !== null) {
      values[row + fieldH2Sessions] += 1;
    } else if (frontend.isHttp) {
      const isH2 = speaksH2(session);
      values[row + (isH2 ? fieldH2Sessions : fieldH1Sessions)] += 1;
      session.http = isH2 ? this.h2Front(session) : this.h1Front(session);
      session.http.start();
    } else {
      this.beginTcp(session);
    }
  }

  /** The client becomes a server (attach-srv), if it speaks HTTP/2: no session any more. */
  private attach(session: ClientSession, { proxyIndex, serverIndex, name }: Attachment): void {
    const { thread, context } = this;
    const { connection, frontend } = session;
    if (!speaksH2(session)) {
      connection.fault = faultReverse;
      this.refused(session);
      return;
    }
    thread.counters.values[this.rowOf(session) + fieldH2Sessions] += 1;
    const proxy = context.proxyAt(proxyIndex);
    const server = proxy.backend!.servers[serverIndex];
    const { httpRequestMs, clientMs } = frontend.timeouts;
    const dueMs = thread.time.nowMs + (httpRequestMs || clientMs || attachMs);
    context.links.reversed.attach(connection, { proxy, server }, name, dueMs);
    this.forget(session);
  }

  private h1Front(session: ClientSession): H1Front {
    const front = new H1Front(this, session, this.limitsOf(session.frontend));
    front.outbound.names = session.frontend.clientNames;
    return front;
  }

  private h2Front(session: ClientSession): H2Front {
    this.h2 ??= new H2Tools(this.thread, true);
    return new H2Front(this, session, this.h2);
  }

  noteGlitch(session: Session): void {
    countInSession(session, countedGlitches, this.thread.time.nowMs);
  }

  noteBadRequest(session: Session): void {
    const { nowMs } = this.thread.time;
    const { values } = this.thread.counters;
    const row = this.rowOf(session);
    values[row + fieldRequests] += 1;
    values[row + fieldRequestErrors] += 1;
    this.countListener(session, fieldRequestErrors);
    countInSession(session, countedRequests, nowMs);
    countInSession(session, countedErrors, nowMs);
  }

  rowOf(session: Session): number {
    return this.context.frontRows[session.frontend.index];
  }

  upgrade(session: Session, slotAt: number, rawAt: number, rawEnd: number): void {
    const own = session as ClientSession;
    const front = this.h2Front(own);
    own.http = front;
    own.stream = null;
    const { values } = this.thread.counters;
    const row = this.context.frontRows[session.frontend.index];
    values[row + fieldH1Sessions] -= 1;
    values[row + fieldH2Sessions] += 1;
    if (slotAt >= 0) front.link.demux.adopt(slotAt, rawAt, rawEnd);
    front.start();
  }

  /** A TCP session goes on as HTTP (EngineContext.toHttp): its stream is its first request's. */
  toHttp(stream: Stream): void {
    const session = stream.session as ClientSession;
    const { tcp } = session;
    const twin = session.frontend.httpTwin;
    const { proto } = session.listener.bind;
    if (tcp === null || twin === null || proto === 'none') {
      endsBy(stream, 'P', 'R');
      finishStream(this.context, stream, false);
      return;
    }
    session.tcp = null;
    session.frontend = twin;
    const { values } = this.thread.counters;
    values[this.rowOf(session) + fieldH1Sessions] += 1;
    if ((session.httpProtocol || proto) === 'h2' || speaksH2(session)) this.restart(stream, tcp);
    else this.adopt(stream, twin, tcp);
  }

  /** HTTP/1: the stream goes on. */
  private adopt(stream: Stream, twin: ProxyPlan, tcp: TcpSide): void {
    const session = stream.session as ClientSession;
    if (stream.backend === stream.frontend) stream.backend = twin;
    stream.frontend = twin;
    stream.flags = (stream.flags & ~flagTcp) | flagSwitched;
    stream.state = stateFree;
    stream.bytesOutBase = -1;
    stream.times.requestMs = -1;
    stream.inspectUntilMs = 0;
    stream.samplesFinal = true;
    this.thread.timers.cancel(stream);
    const front = this.h1Front(session);
    session.http = front;
    front.adopt(stream, tcp.inbound);
  }

  /** HTTP/2: the stream was none of its own. */
  private restart(stream: Stream, tcp: TcpSide): void {
    const session = stream.session as ClientSession;
    this.releaseStream(stream);
    session.streamCount--;
    const { slotAt, bodyAt, bodyLength } = tcp.inbound;
    tcp.inbound.slotAt = -1;
    this.upgrade(session, slotAt, bodyAt, bodyAt + bodyLength);
  }

  private beginTcp(session: ClientSession): void {
    const front = new TcpSide(this.thread, this.engine, session.connection, true);
    session.tcp = front;
    const stream = this.takeStream(session, front);
    front.attach(stream);
    const { times } = stream;
    times.acceptMs = session.acceptMs;
    times.acceptWallMs = session.acceptWallMs;
    times.requestWallMs = session.acceptWallMs;
    times.handshakeMs = session.handshakeMs;
    this.engine.startTcp(stream);
    // What came with the preamble makes no event any more.
    const { connection } = session;
    if (session.tcp === front && connection.isOpen && connection.readable) front.onReadable();
  }

  private limitsOf(frontend: ProxyPlan): H1Limits {
    const known = this.limits.get(frontend);
    if (known !== undefined) return known;
    const { global } = this.thread.program.model;
    const limits = new H1Limits(
      global.tune.httpMaxhdr - 1,
      frontend.model.options['accept-unsafe-violations-in-http-request'] === true,
      global.h1AcceptPayloadWithAnyMethod,
      global.h1DoNotCloseOnInsecureTransferEncoding,
    );
    this.limits.set(frontend, limits);
    return limits;
  }

  takeStream(session: Session, front: Side): Stream {
    const own = session as ClientSession;
    session.streamCount++;
    const stream = this.streams.take(session);
    stream.front = front;
    own.stream = stream;
    this.countStream(1);
    if (tracer.isOn(sourceStream)) {
      tracer.renew(stream);
      traceStream(pointStreamNew, stream, 'new stream');
    }
    logAt(this.context, stream, stepAccept);
    return stream;
  }

  releaseStream(stream: Stream): void {
    stream.backend.backend?.leave(stream);
    const session = stream.session as ClientSession;
    if (session.stream === stream) session.stream = null;
    this.streams.release(stream);
    this.countStream(-1);
  }

  /** One more, or one less; all that there ever were are counted too. */
  private countStream(change: 1 | -1): void {
    const { values } = this.thread.counters;
    const row = this.context.processRow;
    values[row + fieldStreams] += change;
    if (change > 0) values[row + fieldStreamsTotal] += 1;
  }

  /** The engine is done with a stream (EngineContext.endFront). */
  endFront(stream: Stream, keep: boolean): void {
    // Before the client sees an end and comes back: its connection is not open any more.
    if (stream.trackers.length > 0) endTracking(this.thread, stream.trackers);
    const session = stream.session as ClientSession;
    session.stream = null;
    const { http } = session;
    if (http !== null) {
      http.streamEnded(stream, keep);
    } else {
      session.tcp?.close();
      this.frontClosed(session);
    }
    this.streams.release(stream);
    this.countStream(-1);
  }

  frontClosed(session: Session): void {
    this.end(session as ClientSession);
  }

  private end(session: ClientSession): void {
    session.connection.close();
    this.forget(session);
  }

  /** All that the session counts for is given back; its connection may live on. */
  private forget(session: ClientSession): void {
    const { dialer } = session;
    session.dialer = null;
    dialer?.ended();
    session.own?.clear();
    session.own = null;
    session.opening?.cancel();
    const { sessions, context } = this;
    if (session.place < 0) return;
    if (tracer.isOn(sourceSession)) traceSession(pointSessionEnd, session, 'releasing session');
    const last = sessions.pop()!;
    if (last !== session) {
      sessions[session.place] = last;
      last.place = session.place;
    }
    session.place = -1;
    if (session.trackers.length > 0) endTracking(this.thread, session.trackers);
    const { index } = session.listener;
    const own = context.listenerLive[index];
    if (own >= 0) leave(context.live.words, own + liveCurrent);
    leave(context.live.words, context.frontLive[session.frontend.index] + liveCurrent);
    leave(context.live.words, context.processLive + liveCurrent);
    this.thread.gauges?.leaveSocket(session.listener.index);
    this.onLoad(sessions.length);
  }
}

/** How long a client that becomes a server may take when no timeout says so. */
const attachMs = 10_000;

const unowned = { onReadable(): void {}, onWritable(): void {} };
