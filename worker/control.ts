// What the control thread runs beside traffic: the runtime API on its sockets and through the
// master, health checks, and the facts they need. Made by worker/main.ts once the proxy threads are
// ready.

import type { DashboardStart } from '../shared/dashboard-messages.ts';
import type {
  ControlToThread,
  ObjectNumbers,
  RateLimit,
  ThreadToControl,
  WorkerStart,
  PatternCounts,
} from '../shared/messages.ts';
import type { SharedClock } from '../shared/segment/clock.ts';
import { CounterWriter } from '../shared/segment/counters.ts';
import type { LiveWords } from '../shared/segment/live.ts';
import type { ObjectTable } from '../shared/segment/objects.ts';
import type { Segment } from '../shared/segment/segment.ts';
import type { Namespaces } from '../shared/sys/namespaces.ts';
import type { Sys } from '../shared/sys/sys.ts';
import type { RunningChecks } from './check/host.ts';
import { CheckService } from './check-host.ts';
import { balancingWords, type ControlLogs, makeControlLogs } from './control-logs.ts';
import { type Dashboard, openDashboard } from './dashboard/dashboard.ts';
import { makeFleets } from './fleets.ts';
import { freeMemory } from './garbage.ts';
import { Inspections } from './inspections.ts';
import type { SharedLists } from './compile/context.ts';
import { LiveData } from './live.ts';
import { levelNotice } from './log/logger.ts';
import type { TraceScene } from '../shared/trace/commands.ts';
import type { LogRings } from './log/rings.ts';
import { mailNotes } from './mailers/mail-alerts.ts';
import { PeersHost } from './peers-host.ts';
import { ProcessFacts, processLines } from './process-facts.ts';
import { ResolversHost } from './resolvers-host.ts';
import { runtimeCommands } from './runtime/catalog.ts';
import { beginMemoryProfile } from './runtime/profiling.ts';
import { RemoteLines } from './runtime/remote-lines.ts';
import type { CommandTable } from './runtime/command.ts';
import type { RuntimeContext, ThreadTimes } from './runtime/context.ts';
import { makePageChange } from './runtime/page-changes.ts';
import { type SocketServer, serveSockets } from './runtime/socket-server.ts';
import { controlStatsSource } from './stats-source.ts';
import { publishFacts } from './shared-facts.ts';
import { TlsStore } from './tls-store.ts';
import type { FarmStates } from './server/farm-states.ts';
import { dumpStates } from './stats/dump.ts';
import { bytesOut } from './stats/process-info.ts';
import { sampleMaxima } from './stats/sampler.ts';
import { preloadCounters } from './stats/stats-file.ts';
import { type OpenedTables, sweepTables, viewTables } from './tables/table-set.ts';
import type { StickTables } from './tables/tracking.ts';
import type { FrontStatus, StatsSource } from './stats/source.ts';

/** What worker/main.ts hands over. */
export interface ControlParts {
  readonly start: WorkerStart;
  readonly segment: Segment;
  readonly clock: SharedClock;
  readonly sys: Sys;
  readonly slot: number;
  readonly objects: ObjectNumbers;
  readonly farm: FarmStates;
  readonly objectTable: ObjectTable;
  readonly liveWords: LiveWords;
  readonly load: number;
  readonly claim: (object: number) => void;
  readonly tables: OpenedTables;
  /** Kernel ids of the proxy threads, by index. */
  readonly threadIds: readonly number[];
  readonly namespaces: Namespaces;
  readonly patterns: PatternCounts;
  /** For the operator, '' : nothing. */
  readonly warning: string;
  /** What proxy threads read of `info` (shared-facts.ts). */
  readonly facts: SharedArrayBuffer;
  readonly nameCounters: SharedArrayBuffer;
  readonly farmMemory: SharedArrayBuffer;
  readonly idle: SharedArrayBuffer;
  readonly eventRings: readonly Uint8Array[];
  readonly dashboard: DashboardStart | null;
  readonly traces: Int32Array;
  readonly lists: SharedLists;
  broadcast(message: ControlToThread): void;
  stop(hard: boolean): void;
}

export class Control implements RuntimeContext {
  readonly sys: Sys;
  readonly stats: StatsSource;
  readonly counters: CounterWriter;
  readonly cliListeners: WorkerStart['cliListeners'];
  readonly startupLogs: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly threadCount: number;
  readonly live: LiveData;
  readonly tables: StickTables;
  readonly references: RuntimeContext['references'];
  readonly tlsFiles: TlsStore;
  readonly fleet: RuntimeContext['fleet'];
  readonly backends: RuntimeContext['backends'];
  readonly peers: PeersHost;
  readonly resolvers = new ResolversHost();
  readonly memoryProfile: RuntimeContext['memoryProfile'];
  private readonly parts: ControlParts;
  private readonly startedMs: number;
  private readonly fronts: FrontStatus[];
  private readonly frontLimits: number[];
  private globalMaxconn: number;
  private readonly inspections: Inspections;
  private readonly commands: CommandTable;
  /** What sessions of the master CLI ask this worker. */
  readonly remoteLines: RemoteLines;
  private sockets: SocketServer | null;
  checks: RunningChecks | null;
  readonly mail: RuntimeContext['mail'];
  private readonly facts: ProcessFacts;
  readonly logs: ControlLogs;
  readonly rings: LogRings;
  /** null: no proxy has a live dashboard. */
  readonly dashboard: Dashboard | null;
  readonly traces: TraceScene;

  constructor(parts: ControlParts) {
    const { start, segment, sys, patterns } = parts;
    const { global } = start.model;
    this.parts = parts;
    this.sys = sys;
    this.threadCount = global.nbthread;
    this.counters = new CounterWriter(segment, parts.slot, this.threadCount);
    this.cliListeners = start.cliListeners;
    this.startupLogs = start.startupLogs;
    this.environment = global.environment;
    this.startedMs = parts.clock.nowMs;
    this.fronts = start.model.proxies.map((proxy) => (proxy.disabled ? 'STOP' : 'OPEN'));
    this.frontLimits = start.model.proxies.map(({ maxconn }) => maxconn || global.maxconn);
    this.globalMaxconn = global.maxconn;
    this.memoryProfile = beginMemoryProfile(start.model, this.startedMs);
    this.inspections = new Inspections(this.threadCount, (message) => parts.broadcast(message));
    this.commands = runtimeCommands();
    this.remoteLines = new RemoteLines(this, this.commands);
    [this.sockets, this.checks] = [null, null];
    this.mail = mailNotes(start.model, this);
    this.peers = new PeersHost(parts, this);
    this.stats = controlStatsSource(parts, {
      fronts: this.fronts,
      frontLimits: this.frontLimits,
      nowMs: () => this.nowMs(),
      info: () => this.info(),
    });
    this.facts = new ProcessFacts({
      start,
      threadIds: parts.threadIds,
      nowMs: () => this.nowMs(),
      bytesOut: () => Number(bytesOut(this.stats)['TotalBytesOut']),
    });
    const place = { segment, slot: parts.slot, writer: this.threadCount };
    this.tables = viewTables(start.model, parts.tables.objects, place);
    this.live = new LiveData({
      model: start.model,
      sys,
      counters: this.counters,
      patterns,
      tables: this.tables,
      rings: parts.eventRings,
      lists: parts.lists,
      words: () => balancingWords(parts, this.counters),
      nowMs: () => this.nowMs(),
      broadcast: (message) => this.broadcast(message),
    });
    this.references = this.live;
    this.tlsFiles = new TlsStore(start.model, (message) => this.broadcast(message));
    ({ fleet: this.fleet, backends: this.backends } = makeFleets(parts, {
      live: this.live,
      nowMs: () => this.nowMs(),
      inspect: (what) => this.inspect(what),
      checks: () => this.checks,
      grew: () => this.grew(),
    }));
    this.logs = makeControlLogs(parts, this);
    ({ rings: this.rings, traces: this.traces } = this.logs);
    this.dashboard = openDashboard(this, parts);
  }

  private grew(): void {
    this.fronts.push('OPEN');
    this.frontLimits.push(0);
    this.tables.list.push(null);
  }

  nowMs(): number {
    const { clock, sys } = this.parts;
    clock.turn(sys.monotonicNs());
    return clock.nowMs;
  }

  private info(): Readonly<Record<string, string | number | null>> {
    return {
      ...this.facts.info(),
      ...processLines(this.stats, {
        sessions: this.sockets?.count ?? 0,
        cliListeners: this.cliListeners.length,
        patterns: this.live.counts,
      }),
      ...this.peers.counts(),
      Uptime_sec: Math.floor(this.uptimeMs() / 1000),
      Maxconn: this.globalMaxconn,
    };
  }

  /** Counters of a stats-file, before anything is counted. */
  preload(): void {
    for (const warning of preloadCounters(this.stats, this.counters)) this.say('warning', warning);
  }

  // ---- life ----

  /** Threads accept: commands and checks may run. */
  begin(): void {
    const { tables, warning } = this.parts;
    if (warning !== '') this.say('warning', warning);
    for (const notice of tables.notices) this.say('notice', notice);
    this.logs.begin();
    this.sockets = serveSockets(this, this.commands);
    const { model } = this.parts.start;
    this.checks = new CheckService({
      ...this.parts,
      model,
      counters: this.counters,
      live: this.live,
      tls: this.tlsFiles.contexts(),
      context: this,
      nowMs: () => this.nowMs(),
      report: (proxy, severity, text, shown) => this.report(proxy, severity, text, shown),
      fault: (text) => this.say('error', text),
    });
    this.resolvers.begin(this.parts, this);
    this.facts.bootMs = Math.round(process.uptime() * 1000);
    this.publish();
    this.peers.begin();
  }

  /**
   * A change of a server or proxy: to standard error as HAProxy does at start, and to the proxy's
   * logs.
   */
  report(proxyIndex: number, severity: number, text: string, shown = text): void {
    this.say(severity === 0 ? 'alert' : 'warning', shown);
    this.logs.proxyLine(proxyIndex, severity, text);
    this.dashboard?.note(proxyIndex, severity, text);
  }

  /** A soft stop has begun: no checks, no new commands on the sockets of the stats. */
  stopping(): void {
    this.fronts.fill('STOP');
    this.checks?.stop();
    this.peers.stop();
    this.resolvers.stop();
    this.logs.stop();
  }

  close(): void {
    this.checks?.stop();
    this.sockets?.close();
    this.facts.close();
    this.logs.close();
    this.peers.close();
    this.resolvers.close();
  }

  /** A word from a proxy thread for the operator. */
  say(level: 'alert' | 'warning' | 'error' | 'notice', text: string): void {
    if (level === 'warning') this.facts.warnings++;
    // HAProxy's lines have no level 'error'.
    const label = `[${level === 'error' ? 'ALERT' : level.toUpperCase()}]`.padEnd(10);
    process.stderr.write(`${label} (${process.pid}) : ${text}\n`);
  }

  /** The form of a statistics page, sent to a proxy thread. */
  changeFromPage(message: Extract<ThreadToControl, { type: 'stats-change' }>): void {
    const { threadIndex, id } = message;
    const outcome = makePageChange(this, message);
    this.broadcast({ type: 'stats-changed', threadIndex, id, outcome });
  }

  snapshot(id: number, data: unknown): void {
    this.inspections.answered(id, data);
  }

  /** SIGHUP without a master: the servers' states, to the logs. SIGQUIT: garbage.ts. */
  dump(what: 'servers' | 'pools'): void {
    if (what === 'pools') void freeMemory(this);
    else dumpStates(this.stats, (index, line) => this.report(index, levelNotice, line));
  }

  /** Once a second: maxima that only a sum over threads can show. */
  sample(): void {
    sampleMaxima(this.stats, this.counters);
    this.facts.sample();
    this.publish();
    this.dashboard?.beat();
    this.sweep();
  }

  /** A table in which much expires at once is swept in pieces, between other work. */
  private sweep(): void {
    if (sweepTables(this.tables, this.nowMs())) setImmediate(() => this.sweep());
  }

  // ---- what runtime commands ask ----

  uptimeMs(): number {
    return this.nowMs() - this.startedMs;
  }

  broadcast(message: ControlToThread): void {
    this.parts.broadcast(message);
  }

  inspect(what: string, argument: readonly number[] = []): Promise<readonly unknown[]> {
    return this.inspections.ask(what, argument);
  }

  setFrontEnabled(proxyIndex: number, isEnabled: boolean): boolean {
    if (this.fronts[proxyIndex] === 'STOP') return false;
    this.fronts[proxyIndex] = isEnabled ? 'OPEN' : 'PAUSED';
    this.broadcast({ type: 'frontend', proxyIndex, enabled: isEnabled, isFinal: false });
    return true;
  }

  stopFront(proxyIndex: number): void {
    this.fronts[proxyIndex] = 'STOP';
    this.broadcast({ type: 'frontend', proxyIndex, enabled: false, isFinal: true });
  }

  setFrontMaxconn(proxyIndex: number, maxconn: number): void {
    this.frontLimits[proxyIndex] = maxconn;
    this.broadcast({ type: 'limit', proxyIndex, maxconn });
  }

  setGlobalMaxconn(maxconn: number): boolean {
    const hard = this.parts.start.model.global.maxconn;
    if (maxconn > hard) return false;
    this.globalMaxconn = maxconn || hard;
    this.broadcast({ type: 'limit', proxyIndex: -1, maxconn: this.globalMaxconn });
    return true;
  }

  /** Lets the proxy threads know, for their pages. */
  private publish(): void {
    publishFacts(this.parts.facts, this.info());
  }

  setRateLimit(limit: RateLimit, value: number): void {
    this.facts.rateLimits[limit] = value;
    this.publish();
    this.broadcast({ type: 'rate-limit', limit, value });
  }

  threadTimes(): readonly ThreadTimes[] {
    return this.facts.threadTimes();
  }

  get anonKey(): number {
    return this.facts.anonKey;
  }
  set anonKey(key: number) {
    this.facts.anonKey = key;
  }

  get debugCommands(): number {
    return this.facts.debugCommands;
  }

  set debugCommands(count: number) {
    this.facts.debugCommands = count;
  }

  warn(text: string): void {
    this.say('warning', text);
    this.log(4, text);
  }

  serverChanged(proxyIndex: number, serverIndex: number, text: string): void {
    const nowSeconds = Math.floor(this.nowMs() / 1000);
    this.parts.farm.backends[proxyIndex]?.refresh(nowSeconds);
    this.checks?.follow(proxyIndex, serverIndex);
    this.broadcast({ type: 'servers-changed', proxyIndex, serverIndex });
    if (text !== '') this.report(proxyIndex, 5, text);
  }

  log(severity: number, text: string): void {
    this.logs.line(severity, text);
  }
}
