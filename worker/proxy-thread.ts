// One proxy thread, assembled: loop, memory, program, engine, listeners. worker/thread.ts runs it
// on a real kernel inside a Piscina task; test/sim runs it on a fake one, turn by turn.

import type { TlsContexts } from './conn/tls-contexts.ts';
import type { Diagnostics } from '../shared/config/diagnostic.ts';
import type {
  ControlToThread,
  PatternCounts,
  ThreadStart,
  ThreadToControl,
} from '../shared/messages.ts';
import { SharedClock } from '../shared/segment/clock.ts';
import { CounterWriter } from '../shared/segment/counters.ts';
import { LiveWords } from '../shared/segment/live.ts';
import { field } from '../shared/segment/metrics.ts';
import { ObjectTable } from '../shared/segment/objects.ts';
import { ThreadRings } from '../shared/segment/ring.ts';
import { viewSegment } from '../shared/segment/segment.ts';
import { EPOLLIN } from '../shared/sys/constants.ts';
import type { SocketAddress, Sys } from '../shared/sys/sys.ts';
import { compileProgram } from './compile/compile.ts';
import type { CompileWatch } from './compile/watch.ts';
import type { ListenerHost } from './conn/listener.ts';
import { flushLogs, logStream } from './log/logger.ts';
import { Loop } from './loop/loop.ts';
import type { ThreadEdits } from './match/edits.ts';
import { IdleShare, sharesIdle } from './mux/idle-share.ts';
import { Links } from './mux/links.ts';
import { noShares, type ThreadShares } from './mux/server-link.ts';
import { ReversedShare } from './mux/reversed-share.ts';
import type { ListenerPlan } from './program.ts';
import type { Backend } from './server/backend.ts';
import { SlotCalls } from './server/farm.ts';
import { Acceptor } from './stream/acceptor.ts';
import type { EngineContext } from './stream/context.ts';
import type { Engine } from './stream/engine.ts';
import { ErrorCaptures } from './stream/error-captures.ts';
import { makeEngine } from './stream/measured-engine.ts';
import { FrontOpenings, ServerOpenings } from './stream/openings.ts';
import type { FrontStatus } from './stats/source.ts';
import { SpreadClose } from './spread-close.ts';
import { ThreadStatsPages } from './stats-pages.ts';
import { frontStatus, threadStatsSource } from './stats-source.ts';
import { ThreadMembers } from './thread-members.ts';
import type { Stream } from './stream/stream.ts';
import { killAll } from './stream/session-list.ts';
import { giveLineStreams } from './stream/process-stream.ts';
import { StreamPool } from './stream/stream-pool.ts';
import { viewTables } from './tables/table-set.ts';
import type { ThreadContext } from './thread-context.ts';
import { proxyNumbers } from './shared-values.ts';
import { inspectThread } from './thread-inspection.ts';
import { ThreadLimits } from './thread-limits.ts';
import { ThreadLookups } from './thread-lookups.ts';
import { ThreadDoors } from './thread-doors.ts';
import { connectEdits, followTlsFiles } from './thread-edits.ts';
import { connectionCounts, makeContext, makeEngineContext, makeWords } from './thread-setup.ts';

const fieldMemoryUsed = field.PoolUsed_bytes;
const fieldMemoryAllocated = field.PoolAlloc_bytes;
const fieldRunQueue = field.Run_queue;

/** Headers that rules may add to a message beyond what it may arrive with. */
const headerReserve = 64;

/** What is not part of the start message; `seed`: of the thread's random numbers. */
export interface ThreadExtras {
  readonly seed: number;
  /** Sees what rules come to: see compile/watch.ts. */
  readonly watch?: CompileWatch;
}

/** What the thread says to whoever runs it. */
export type Report = (message: ThreadToControl) => void;

export class ProxyThread implements ListenerHost {
  readonly sys: Sys;
  readonly loop: Loop;
  readonly thread: ThreadContext;
  readonly rings: ThreadRings;
  readonly engine: Engine;
  readonly acceptor: Acceptor;
  readonly diagnostics: Diagnostics;
  /** As the configuration gave them. */
  readonly patterns: PatternCounts;
  private readonly edits: ThreadEdits;
  private readonly tls: TlsContexts | null;
  private readonly start: ThreadStart;
  readonly context: EngineContext;
  private readonly doors: ThreadDoors;
  private readonly report: Report;
  private readonly wakeFd: number;
  private readonly waiters: Backend[];
  private readonly slotCalls: SlotCalls;
  private draining: boolean;
  private readonly spread: SpreadClose;
  private readonly fronts: FrontStatus[];
  private readonly pages: ThreadStatsPages;
  private readonly lookups: ThreadLookups;
  readonly limits: ThreadLimits;
  private readonly errors: ErrorCaptures;
  private readonly members: ThreadMembers;

  constructor(sys: Sys, start: ThreadStart, report: Report, { seed, watch }: ThreadExtras) {
    this.sys = sys;
    this.start = start;
    this.report = report;
    this.rings = new ThreadRings(start.rings);
    this.wakeFd = start.wakeFds[start.threadIndex];
    this.draining = false;
    this.fronts = start.model.proxies.map((proxy) => (proxy.disabled ? 'STOP' : 'OPEN'));
    const segment = viewSegment(sys, start.segmentFd, start.segment);
    const clock = new SharedClock(segment, sys.monotonicNs(), start.clockOffsetNs);
    this.loop = new Loop(
      sys,
      {
        nowMs: () => {
          clock.turn(sys.monotonicNs());
          return clock.nowMs;
        },
        endOfTurn: () => this.endTurn(),
        onFault: (error) => this.onFault(error),
      },
      {
        batchMax: start.model.global.tune.maxpollevents || 200,
        profiling: start.model.global.tune.profilingTasks,
      },
    );
    const counters = new CounterWriter(segment, start.processSlot, start.threadIndex);
    const live = new LiveWords(segment, start.processSlot);
    this.thread = makeContext(sys, start, this.loop, counters, seed);
    const objects = new ObjectTable(segment);
    const { program, diagnostics, context, compiler, tls } = compileProgram({
      model: start.model,
      listeners: start.listeners,
      sys,
      rings: start.eventRings,
      lists: start.lists,
      ...(watch === undefined ? {} : { watch }),
      runtime: {
        words: makeWords(start, counters, objects, live),
        random: this.thread.random,
        objectsOf: (index) => start.objects.proxies[index],
        ticketKeys: Buffer.from(start.ticketKeys, 'hex'),
      },
    });
    this.diagnostics = diagnostics;
    this.tls = tls;
    this.thread.program = program;
    this.patterns = context.patterns.totals;
    this.edits = connectEdits(this.thread, context.patterns, report);
    this.context = makeEngineContext(this.thread, start, live, program);
    this.limits = new ThreadLimits(start, this.context, segment, this.rings);
    this.errors = new ErrorCaptures(start.model.proxies.length);
    Object.assign(this.context, { hasTlsRoom: () => this.limits.hasTlsRoom() });
    Object.assign(this.thread, {
      errors: this.errors,
      tables: viewTables(start.model, start.tables, {
        segment,
        slot: start.processSlot,
        writer: start.threadIndex,
      }),
      connections: connectionCounts(this.context),
      numbers: proxyNumbers(this.context, segment, start.objects),
    });
    this.engine = makeEngine(this.context, this.loop.profile);
    const { tune } = start.model.global;
    const streams = new StreamPool(this.thread, tune.httpMaxhdr + headerReserve, (stream) =>
      this.engine.onTimeout(stream),
    );
    const fronts = new FrontOpenings(this.context);
    this.acceptor = new Acceptor(
      this.engine,
      streams,
      (session) => fronts.stepsOf(session),
      (sessions) => this.onLoad(sessions),
    );
    this.spread = new SpreadClose(this.thread, this.acceptor);
    const backs = new ServerOpenings(this.context);
    const links = new Links(this.thread, this.engine, this.makeShares(), backs);
    Object.assign(this.context, {
      links,
      observed: (proxyIndex: number, serverIndex: number, text: string) =>
        report({ type: 'observed', proxyIndex, serverIndex, text }),
      log: logStream,
      endFront: this.acceptor.endFront.bind(this.acceptor),
      toHttp: this.acceptor.toHttp.bind(this.acceptor),
    });
    const facts = {
      fronts: this.fronts,
      frontLimits: this.limits.fronts,
      nowMs: () => clock.nowMs,
    };
    const stats = threadStatsSource(start, segment, objects, facts);
    const parts = { start, compiler, live, objects, links, stats, names: context };
    this.members = new ThreadMembers({
      ...parts,
      engine: this.context,
      bind: (backend) => this.bindBackend(backend),
    });
    const pagesHost = {
      tables: () => this.thread.tables,
      source: stats,
      report,
      resume: (stream: Stream) => this.engine.resumeRules(stream),
      wake: (stream: Stream) => this.engine.onFrontWritable(stream),
      end: (stream: Stream) => this.engine.kill(stream, 'K'),
      defer: (act: () => void) => this.thread.defer(act),
    };
    this.pages = new ThreadStatsPages(pagesHost, start);
    this.thread.statsPages = this.pages;
    this.lookups = new ThreadLookups({
      nowMs: () => this.loop.time.nowMs,
      report,
      resume: pagesHost.resume,
    });
    this.thread.lookups = this.lookups;
    giveLineStreams(this.thread, program.lineChoices);
    this.waiters = [];
    this.slotCalls = new SlotCalls(start.farm);
    for (const { backend } of program.proxies) if (backend !== null) this.bindBackend(backend);
    this.doors = new ThreadDoors(this, start, this.context.processRow);
    this.loop.poller.add(this.wakeFd, EPOLLIN, {
      profileName: 'wake-up',
      onEvents: () => this.woken(),
    });
  }

  private endTurn(): void {
    flushLogs(this.thread, this.context.processRow);
    this.thread.gauges?.setUsage(this.start.threadIndex, this.loop.usagePercent);
    this.thread.gauges?.setDescriptors(this.start.threadIndex, this.loop.poller.watched);
    const { memory, counters } = this.thread;
    const { values } = counters;
    const row = this.context.processRow;
    values[row + fieldMemoryUsed] = memory.inUse * memory.slotBytes;
    values[row + fieldMemoryAllocated] = memory.touched * memory.slotBytes;
    values[row + fieldRunQueue] = this.loop.waiting;
  }

  /** Idle server connections are everybody's, unless tune.idle-pool.shared is off. */
  private makeShares(): ThreadShares {
    const { start, sys, loop } = this;
    const { threadIndex, threadCount, idle, model } = start;
    if (!sharesIdle(model, threadCount)) return noShares;
    const unwatch = (epfd: number, fd: number): void => void sys.epollRemove(epfd, fd);
    return {
      share: new IdleShare(idle, threadIndex, loop.poller.epfd, unwatch),
      reversedShare: threadCount > 1 ? new ReversedShare(idle, threadIndex, unwatch, model) : null,
    };
  }

  private bindBackend(backend: Backend): void {
    backend.bind({
      resume: (stream) => this.engine.resume(stream),
      wakeThread: (threadIndex) => {
        this.slotCalls.call(threadIndex);
        this.wake(threadIndex);
      },
    });
    this.waiters.push(backend);
  }

  /** A fault of ours in one stream or timer: said, counted, and the loop goes on. */
  private onFault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.thread.rare.fault(error);
    this.report({ type: 'log', level: 'error', text });
  }

  private onLoad(sessions: number): void {
    this.rings.setLoad(this.start.threadIndex, sessions);
    if (this.draining && sessions === 0) this.drained();
  }

  /** All threads are deaf: what they handed over before is in the ring, and nothing follows it. */
  private drain(): void {
    this.woken();
    this.draining = true;
    if (this.acceptor.count === 0) this.drained();
  }

  private drained(): void {
    this.draining = false;
    this.spread.stop();
    this.context.links.clear();
    flushLogs(this.thread, this.context.processRow);
    this.report({ type: 'drained' });
  }

  // ---- what listeners ask ----

  accept(fd: number, listener: ListenerPlan, peer: SocketAddress | null): void {
    this.acceptor.accept(fd, listener, peer);
  }

  wake(threadIndex: number): void {
    this.sys.eventfdSignal(this.start.wakeFds[threadIndex]);
  }

  /** Another thread has put descriptors in our ring, or freed slots that streams here wait for. */
  private woken(): void {
    this.sys.eventfdDrain(this.wakeFd);
    const { rings } = this;
    const { threadIndex } = this.start;
    while (rings.pop(threadIndex)) {
      this.acceptor.accept(rings.fd, this.thread.program.listeners[rings.listener], null);
    }
    if (!this.slotCalls.take(threadIndex)) return;
    for (let i = 0; i < this.waiters.length; i++) {
      if (this.waiters[i].hasWaiters()) this.waiters[i].serveWaiters();
    }
  }

  // ---- what the control thread says ----

  handle(message: ControlToThread): void {
    switch (message.type) {
      case 'go':
      case 'resume':
        this.doors.open();
        return;
      case 'pause':
        this.doors.close();
        return;
      case 'soft-stop':
        this.softStop(message.closeSpreadMs);
        return;
      case 'drain':
        this.drain();
        return;
      case 'hard-stop':
        this.hardStop();
        return;
      case 'frontend':
        this.doors.setFront(message.proxyIndex, message.enabled);
        this.fronts[message.proxyIndex] = frontStatus(message);
        return;
      case 'resolved':
        this.lookups.resolved(message);
        return;
      case 'stats-changed':
        if (message.threadIndex === this.start.threadIndex) this.pages.changed(message);
        return;
      case 'dashboard':
        this.pages.tell(message);
        return;
      case 'limit':
        if (message.proxyIndex < 0) this.limits.process = message.maxconn;
        else this.limits.fronts[message.proxyIndex] = message.maxconn;
        return;
      case 'rate-limit':
        this.limits.set(message.limit, message.value);
        return;
      case 'servers-changed':
        this.members.changed(message.proxyIndex, message.serverIndex ?? -1);
        return;
      case 'edit':
        this.edits.apply(message, message.origin === this.start.threadIndex);
        return;
      case 'tls-files':
        followTlsFiles(this.start.model, this.tls, message.changes, (text) => this.onFault(text));
        return;
      case 'inspect':
        this.report({ type: 'snapshot', id: message.id, data: this.inspect(message) });
        return;
      default:
        this.members.handle(message);
    }
  }

  private inspect({ what, argument }: Extract<ControlToThread, { type: 'inspect' }>): unknown {
    const { start, loop, thread, acceptor, engine, context, errors } = this;
    const seen = { errors, start, loop, thread, acceptor, engine, context };
    return inspectThread(seen, what, argument);
  }

  private softStop(closeSpreadMs: number): void {
    this.fronts.fill('STOP');
    const { thread, loop } = this;
    this.doors.close();
    this.report({ type: 'deaf' });
    thread.stopping = true;
    thread.closeSpreadMs = closeSpreadMs;
    thread.closeUntilMs = loop.time.nowMs + Math.max(0, closeSpreadMs);
    this.context.links.clear();
    this.pages.leave();
    if (closeSpreadMs < Number.POSITIVE_INFINITY) this.spread.onTimeout();
  }

  private hardStop(): void {
    this.doors.close();
    this.thread.stopping = true;
    killAll(this.acceptor, this.engine, 'K');
    this.context.links.clear();
    flushLogs(this.thread, this.context.processRow);
    this.loop.stop();
    this.report({ type: 'stopped' });
  }
}
