// What lies between a socket and its mux, for clients and for servers: which steps an opening takes
// and what connections to a server must have in common to be shared (manual, http-reuse). Handed to
// the acceptor and to mux/links.ts at start.

import { isIP } from 'node:net';
import { raise } from '../../shared/segment/counters.ts';
import { field } from '../../shared/segment/metrics.ts';
import { countRate } from '../../shared/segment/rate.ts';
import type { TlsContext, TlsSession } from '../../shared/sys/tls.ts';
import type { Connection } from '../conn/connection.ts';
import type { OpeningStep } from '../conn/opening.ts';
import type { ProxyHeader } from '../conn/proxy-header.ts';
import { clientIpReceiver, ProxySender, proxyReceiver } from '../conn/proxy-steps.ts';
import { TlsHandshake, TlsTransport, type TlsWatcher } from '../conn/tls.ts';
import type { TlsClientPlan } from '../conn/tls-contexts.ts';
import type { Evaluate } from '../keyword.ts';
import type { BackOpenings } from '../mux/back-openings.ts';
import type { Server } from '../server/server.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { ClientSession } from './client-session.ts';
import type { EngineContext } from './context.ts';
import { proxyHeader } from './proxy-out.ts';
import type { Stream } from './stream.ts';

const fieldSessions = field.ssl_sess;
const fieldResumed = field.ssl_reused_sess;
const fieldFailed = field.ssl_failed_handshake;
const fieldProcessSessions = field.CumSslConns;
const fieldProcessCurrent = field.CurrSslConns;
const fieldProcessRate = field.SslRate;
const fieldProcessRateMax = field.MaxSslRate;
const fieldFrontKeys = field.SslFrontendKeyRate;
const fieldFrontKeysMax = field.SslFrontendMaxKeyRate;
const fieldBackKeys = field.SslBackendKeyRate;
const fieldBackKeysMax = field.SslBackendMaxKeyRate;

const noSteps: readonly OpeningStep[] = [];

/** Counts what becomes of TLS sessions. `rows`: counter rows of the objects they belong to. */
class TlsCounts implements TlsWatcher {
  protected readonly thread: ThreadContext;
  private readonly processRow: number;
  private readonly rows: readonly number[];
  private readonly isFront: boolean;

  constructor(context: EngineContext, rows: readonly number[], isFront: boolean) {
    this.thread = context.thread;
    this.processRow = context.processRow;
    this.rows = rows.filter((row) => row >= 0);
    this.isFront = isFront;
  }

  started(): void {
    const { values } = this.thread.counters;
    const { processRow: row } = this;
    values[row + fieldProcessSessions] += 1;
    values[row + fieldProcessCurrent] += 1;
    // The rate is that of clients: the share of resumed sessions is taken from it.
    if (this.isFront) this.rate(fieldProcessRate, fieldProcessRateMax);
  }

  private rate(rateField: number, maxField: number): void {
    const { counters, time } = this.thread;
    const { processRow: row } = this;
    const rate = countRate(counters.values, row + rateField, time.nowMs, 1);
    raise(counters.values, row + maxField, rate);
  }

  /** A session of another thread, which counts it no longer. */
  tookOver(): void {
    this.thread.counters.values[this.processRow + fieldProcessCurrent] += 1;
  }

  shaken(session: TlsSession, succeeded: boolean): void {
    const isResumed = succeeded && session.isResumed();
    this.count(succeeded ? fieldSessions : fieldFailed);
    if (isResumed) this.count(fieldResumed);
    else if (succeeded && this.isFront) this.rate(fieldFrontKeys, fieldFrontKeysMax);
    else if (succeeded) this.rate(fieldBackKeys, fieldBackKeysMax);
  }

  private count(counter: number): void {
    const { values } = this.thread.counters;
    for (const row of this.rows) values[row + counter] += 1;
  }

  /** Clients keep what resumes a session themselves. */
  resumable(_session: TlsSession): void {}

  freed(): void {
    this.thread.counters.values[this.processRow + fieldProcessCurrent] -= 1;
  }
}

/** The smaller one of tune.ssl.maxrecord and tune.ssl.hard-maxrecord that is set; 0: none. */
function recordMaxOf(context: EngineContext): number {
  const { sslMaxrecord, sslHardMaxrecord } = context.thread.program.model.global.tune;
  if (sslMaxrecord === 0 || sslHardMaxrecord === 0) return sslMaxrecord || sslHardMaxrecord;
  return Math.min(sslMaxrecord, sslHardMaxrecord);
}

/** Steps between accept and the mux. */
export class FrontOpenings {
  private readonly context: EngineContext;
  /** By listener index. */
  private readonly counts: TlsCounts[];

  constructor(context: EngineContext) {
    this.context = context;
    this.counts = [];
  }

  stepsOf(session: ClientSession): readonly OpeningStep[] {
    const { bind, tls } = session.listener;
    const hasClientIp = bind.netscalerMagic > 0 || session.expectsClientIp;
    const hasHeader = bind.acceptProxy || session.expectsProxy;
    if (!hasHeader && !hasClientIp && tls === null) return noSteps;
    const steps: OpeningStep[] = [];
    const { thread } = this.context;
    if (hasClientIp) {
      const accept = (header: ProxyHeader): void => acceptAddresses(session, header);
      steps.push(clientIpReceiver(thread, bind.netscalerMagic, accept));
    }
    if (hasHeader) steps.push(proxyReceiver(thread, (header) => acceptHeader(session, header)));
    if (tls !== null) steps.push(this.handshake(session, tls));
    return steps;
  }

  private handshake(session: ClientSession, tls: TlsContext): TlsHandshake {
    const recordMax = recordMaxOf(this.context);
    const counts = this.countsOf(session);
    const { context } = this;
    return new TlsHandshake(true, (connection) => {
      if (!context.hasTlsRoom()) return null;
      counts.started();
      return new TlsTransport(tls.session(connection.fd), connection, counts, recordMax);
    });
  }

  private countsOf({ listener, frontend }: ClientSession): TlsCounts {
    const { context } = this;
    const known = this.counts[listener.index];
    if (known !== undefined) return known;
    const rows = [context.frontRows[frontend.index], context.listenerRows[listener.index]];
    const counts = new TlsCounts(context, rows, true);
    this.counts[listener.index] = counts;
    return counts;
  }
}

/** The connection keeps its own addresses (fc_src, fc_dst); the session has those of the header. */
function acceptHeader(session: ClientSession, header: ProxyHeader): void {
  session.hasProxyHeader = true;
  session.proxyTlvs = header.tlvs;
  acceptAddresses(session, header);
}

function acceptAddresses(session: ClientSession, header: ProxyHeader): void {
  if (!header.hasAddresses) return;
  session.source = header.source;
  session.destination = header.destination;
}

/** Counts, and remembers what resumes a session with the server under one name. */
class ServerTls extends TlsCounts {
  private readonly plan: TlsClientPlan;
  private readonly name: string;

  constructor(context: EngineContext, server: Server, plan: TlsClientPlan, name: string) {
    super(context, [server.row], false);
    this.plan = plan;
    this.name = name;
  }

  override resumable(session: TlsSession): void {
    this.plan.keep(this.name, session);
  }
}

/** Steps between connect and the mux. */
export class ServerOpenings implements BackOpenings {
  private readonly context: EngineContext;
  /** Of the stream that `keyOf` was asked about last; '' for none. */
  private header: string;
  private name: string;

  constructor(context: EngineContext) {
    this.context = context;
    this.header = '';
    this.name = '';
  }

  keyOf(stream: Stream, server: Server): string {
    const line = stream.backend.serverLines[server.index];
    this.header = server.model.sendProxy === 0 ? '' : proxyHeader(stream, server);
    this.name = line.tls !== null ? textOf(stream, line.sni) : '';
    const { shares } = line;
    const name = shares === null ? this.name : textOf(stream, shares);
    return name === '' ? this.header : `${name} ${this.header}`;
  }

  keyOfName(name: string): string {
    return name === '' ? '' : `${name} `;
  }

  adopt(connection: Connection, server: Server, handle: number): void {
    const { context } = this;
    const { listeners } = context.thread.program;
    let index = 0;
    while (listeners[index].tls === null) index++;
    const { tls } = listeners[index];
    const counts = new TlsCounts(context, [server.row], false);
    counts.tookOver();
    const recordMax = recordMaxOf(context);
    connection.transport = new TlsTransport(tls!.adopt(handle), connection, counts, recordMax);
  }

  stepsOf(stream: Stream, server: Server, protocol: string): readonly OpeningStep[] {
    const plan = stream.backend.serverLines[server.index].tls;
    if (this.header === '' && plan === null) return noSteps;
    const steps: OpeningStep[] = [];
    if (this.header !== '') steps.push(new ProxySender(this.context.thread, this.header));
    if (plan !== null) steps.push(this.handshake(server, plan, protocol));
    return steps;
  }

  private handshake(server: Server, plan: TlsClientPlan, protocol: string): TlsHandshake {
    const { name, context } = this;
    return new TlsHandshake(false, (connection) => {
      if (!context.hasTlsRoom()) return null;
      const counts = new ServerTls(context, server, plan, name);
      counts.started();
      const session = startSession(plan, connection, name);
      if (protocol !== '') session.offer(protocol);
      return new TlsTransport(session, connection, counts, recordMaxOf(context));
    });
  }
}

function startSession(plan: TlsClientPlan, connection: Connection, name: string): TlsSession {
  const session = plan.context.session(connection.fd);
  // RFC 6066 3: a literal address is no server name; the certificate is checked for it all the
  // same.
  if (name !== '' && isIP(name) === 0) session.setHostname(name);
  const expected = name || plan.verifyHost;
  if (plan.verifies && expected !== '') session.expectHost(expected);
  const saved = plan.sessionFor(name);
  if (saved !== null) session.resume(saved);
  return session;
}

/** The value of an expression, '' for none. */
function textOf(stream: Stream, evaluate: Evaluate | null): string {
  if (evaluate === null) return '';
  const { sample } = stream;
  sample.restart();
  return evaluate(stream, sample) ? sample.text : '';
}
