// From an accepted descriptor to a mux: limits and counters, connection rules, what comes before
// the protocol (PROXY header, TLS), session rules, and the choice of the mux. It lends and takes
// back the streams of its sessions, and ends them.

import { sourceSession, sourceStream } from '../../shared/trace/sources.ts';
import {
  pointSessionError,
  pointSessionNew,
  pointStreamNew,
  traceSession,
  traceStream,
} from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { stepAccept } from '../../shared/config/log-steps.ts';
import { field } from '../../shared/segment/metrics.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import { Connection } from '../conn/connection.ts';
import { type Endpoint, familyIpv4, familyIpv6, familyNone } from '../conn/endpoint.ts';
import { readEndpoint, readOwn, readPeer } from '../conn/socket-address.ts';
import { applyOptions, clientOptions, type SocketOption } from '../conn/socket-options.ts';
import { verdictDrop, verdictNext, verdictStop } from '../keyword.ts';
import type { FrontHost, FrontMux } from '../mux/front.ts';
import { H1Front } from '../mux/h1-front.ts';
import { Opening, type OpeningStep } from '../conn/opening.ts';
import { faultReverse, quietFaults } from '../conn/fault.ts';
import { logBroken, logRefusal } from '../log/refusal.ts';
import type { Exchange, Side } from '../mux/side.ts';
import { TcpSide } from '../mux/tcp.ts';
import type { ListenerPlan, RuleList } from '../program.ts';
import { countedGlitches, countInSession, endTracking } from '../tables/tracking.ts';
import type { ThreadContext } from '../thread-context.ts';
import { ClientSession, type Dialer, listenerEndpoint, speaksH2 } from './client-session.ts';
import type { EngineContext } from './context.ts';
import { logAt } from './finish.ts';
import type { Engine } from './engine.ts';
import { HttpFronts } from './http-fronts.ts';
import { OpenSessions } from './open-sessions.ts';
import { ProtocolChange } from './protocol-change.ts';
import { runRules } from './rule-runner.ts';
import type { Attachment, Session } from './session.ts';
import {
  countBadRequest,
  countBegun,
  countDenied,
  countH1,
  countH1Stream,
  countHttp,
  countStream,
  frontRowOf,
} from './session-counts.ts';
import type { Stream } from './stream.ts';
import type { StreamPool } from './stream-pool.ts';

const fieldDeniedConnections = field.dcon;
const fieldDeniedSessions = field.dses;

/** Steps between accept and the mux, by what the bind line and the connection rules ask for. */
export type FrontSteps = (session: ClientSession) => readonly OpeningStep[];

export class Acceptor implements FrontHost {
  readonly thread: ThreadContext;
  readonly exchange: Exchange;
  private readonly engine: Engine;
  private readonly context: EngineContext;
  private readonly streams: StreamPool;
  private readonly sessions: OpenSessions;
  private readonly fronts: HttpFronts;
  private readonly change: ProtocolChange;
  private readonly scratch: SocketAddress;
  private readonly steps: FrontSteps;
  /** By proxy index: what each client socket gets. */
  private readonly clientOptions: readonly (readonly SocketOption[])[];
  /** By listener index; family none: each connection must be asked. */
  private readonly addresses: Endpoint[];
  private readonly rejectsPrivileged: boolean;

  /** `onLoad`: called when a session begins or ends, the thread's load. */
  constructor(engine: Engine, streams: StreamPool, steps: FrontSteps, onLoad: (n: number) => void) {
    this.engine = engine;
    this.exchange = engine;
    this.context = engine.context;
    this.thread = engine.context.thread;
    this.streams = streams;
    this.sessions = new OpenSessions(this.context, onLoad);
    this.fronts = new HttpFronts(this);
    this.change = new ProtocolChange(this.context, this, this.fronts);
    this.scratch = this.thread.sys.address();
    this.steps = steps;
    const { model, proxies } = this.thread.program;
    this.clientOptions = proxies.map((proxy) => clientOptions(proxy.model, model.global.tune));
    this.addresses = [];
    this.rejectsPrivileged = model.global.rejectsPrivilegedPorts;
  }

  /** Sessions of this thread. */
  get count(): number {
    return this.sessions.list.length;
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
    return this.sessions.list;
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
    this.sessions.enter(session);
    if (this.rejectsPrivileged && isPrivileged(connection.source)) {
      this.end(session);
      return;
    }
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
    const front = this.fronts.h2(session, true);
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
    this.sessions.enter(own);
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

  /** Runs connection or session rules with a stream that is lent for the purpose. */
  private permits(session: ClientSession, rules: RuleList, deniedField: number): boolean {
    const stream = this.streams.take(session);
    const verdict = runRules(stream, rules);
    this.streams.release(stream);
    if (verdict === verdictNext || verdict === verdictStop) return true;
    countDenied(this.context, session, deniedField);
    if (verdict !== verdictDrop) session.connection.resetOnClose();
    return false;
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
    const { context } = this;
    const { frontend } = session;
    if (frontend.tcpSession.length > 0) {
      if (!this.permits(session, frontend.tcpSession, fieldDeniedSessions)) {
        this.end(session);
        return;
      }
    }
    countBegun(context, session);
    if (session.attach !== null) {
      this.attach(session, session.attach);
    } else if (session.http !== null) {
      countHttp(context, session, true, 1);
    } else if (frontend.isHttp) {
      const isH2 = speaksH2(session);
      countHttp(context, session, isH2, 1);
      session.http = isH2 ? this.fronts.h2(session) : this.fronts.h1(session);
      if (!isH2) countH1(context, session, 1);
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
    countHttp(context, session, true, 1);
    const proxy = context.proxyAt(proxyIndex);
    const server = proxy.backend!.servers[serverIndex];
    const { httpRequestMs, clientMs } = frontend.timeouts;
    const dueMs = thread.time.nowMs + (httpRequestMs || clientMs || attachMs);
    context.links.reversed.attach(connection, { proxy, server }, name, dueMs);
    this.sessions.leave(session);
  }

  noteGlitch(session: Session): void {
    countInSession(session, countedGlitches, this.thread.time.nowMs);
  }

  noteBadRequest(session: Session): void {
    countBadRequest(this.context, session);
    this.logBroken(session, 'stream');
  }

  noteBadConnection(session: Session): void {
    this.logBroken(session, 'connection');
  }

  /** `what` is lost because the client breaks HTTP/2 (tune.h2.log-errors). */
  private logBroken(session: Session, what: 'connection' | 'stream'): void {
    const { logErrors } = this.thread.program.model.global.tune.h2;
    if (session.frontend.log === null || (logErrors !== 'stream' && logErrors !== what)) return;
    const stream = this.streams.take(session);
    logBroken(stream);
    this.streams.release(stream);
  }

  rowOf(session: Session): number {
    return frontRowOf(this.context, session);
  }

  upgrade(session: Session, slotAt: number, rawAt: number, rawEnd: number): void {
    this.change.upgrade(session as ClientSession, slotAt, rawAt, rawEnd);
  }

  /** A TCP session goes on as HTTP (EngineContext.toHttp): its stream is its first request's. */
  toHttp(stream: Stream): void {
    this.change.toHttp(stream);
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

  takeStream(session: Session, front: Side): Stream {
    const own = session as ClientSession;
    session.streamCount++;
    const stream = this.streams.take(session);
    stream.front = front;
    own.stream = stream;
    countStream(this.context, 1);
    if (front instanceof H1Front) countH1Stream(this.context, session, 1);
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
    if (stream.front instanceof H1Front) countH1Stream(this.context, session, -1);
    this.streams.release(stream);
    countStream(this.context, -1);
  }

  /** The engine is done with a stream (EngineContext.endFront). */
  endFront(stream: Stream, keep: boolean): void {
    // Before the client sees an end and comes back: its connection is not open any more.
    if (stream.trackers.length > 0) endTracking(this.thread, stream.trackers);
    const session = stream.session as ClientSession;
    session.stream = null;
    const { http } = session;
    if (http instanceof H1Front) countH1Stream(this.context, session, -1);
    if (http !== null) {
      http.streamEnded(stream, keep);
    } else {
      session.tcp?.close();
      this.frontClosed(session);
    }
    this.streams.release(stream);
    countStream(this.context, -1);
  }

  frontClosed(session: Session): void {
    const own = session as ClientSession;
    if (own.http instanceof H1Front && own.place >= 0) countH1(this.context, own, -1);
    this.end(own);
  }

  private end(session: ClientSession): void {
    session.connection.close();
    this.sessions.leave(session);
  }
}

/** How long a client that becomes a server may take when no timeout says so. */
const attachMs = 10_000;

/** Below these, only the privileged may open a port on most systems (RFC 6335 6). */
const privilegedPorts = 1024;

const isPrivileged = ({ family, port }: Endpoint): boolean =>
  (family === familyIpv4 || family === familyIpv6) && port > 0 && port < privilegedPorts;

const unowned = { onReadable(): void {}, onWritable(): void {} };
