// The control thread of a worker process: attaches the segment, starts the proxy threads, runs what
// must not run beside traffic (runtime API, checks, heartbeats), and ends when the last stream has.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { DashboardStart } from '../shared/dashboard-messages.ts';
import type {
  ControlToThread,
  MasterToWorker,
  PatternCounts,
  RunningWorker,
  ThreadStart,
  ThreadToControl,
  WorkerHost,
  WorkerStart,
} from '../shared/messages.ts';
import { makeThreadRings } from '../shared/segment/ring.ts';
import { linuxSys } from '../shared/sys/linux.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { attachWorker, type WorkerState } from './attach.ts';
import { Control } from './control.ts';
import { cpusOfThread } from './cpu-map.ts';
import { prepareDashboards } from './dashboard/page-file.ts';
import { shareReserve } from './fleet.ts';
import { makeIdleShare } from './mux/idle-share.ts';
import { reversedWords } from './mux/reversed-share.ts';
import { allocateGauges } from '../shared/segment/gauges.ts';
import { allocateNameCounters } from '../shared/segment/name-counters.ts';
import { openEventRings } from './event-rings.ts';
import { startTraces, traceReload } from './start-traces.ts';
import { allocateFarm } from './server/farm.ts';
import { allocateFacts } from './shared-facts.ts';
import type { ThreadTask } from './thread.ts';
import type { SharedLists } from './compile/context.ts';
import { shareLists } from './match/shared-lists.ts';
import { setDynamicCookies } from './sample/dynamic-cookie.ts';
import { loadMailLibrary } from './mailers/mail-alerts.ts';
import { loadRedisClient } from './peers/redis-link.ts';
import { serverNamespaces } from './server-namespaces.ts';
import { threadPool } from './thread-pool.ts';
import { ThreadRights } from './thread-rights.ts';

const heartbeatMs = 1000;

/** Starts everything; resolves when every thread is ready and accepts. */
export async function startWorker(start: WorkerStart, host: WorkerHost): Promise<RunningWorker> {
  const worker = new Worker(start, host);
  await worker.startThreads();
  return worker;
}

class Worker implements RunningWorker {
  readonly finished: Promise<number>;
  private readonly start: WorkerStart;
  private readonly host: WorkerHost;
  private readonly sys: Sys;
  private readonly state: WorkerState;
  private readonly eventRings: readonly Uint8Array[];
  private readonly traces: Int32Array;
  private readonly farmMemory: SharedArrayBuffer;
  /** Idle server connections that threads share. */
  private readonly idle: SharedArrayBuffer;
  private readonly dashboard: DashboardStart | null;
  private readonly ports: MessagePort[];
  private readonly wakeFds: number[];
  private pool: Piscina | null;
  private heartbeat: NodeJS.Timeout | null;
  private hardStopTimer: NodeJS.Timeout | null;
  private control: Control | null;
  private readonly threadIds: number[];
  private readonly facts: SharedArrayBuffer;
  private readonly nameCounters: SharedArrayBuffer;
  /** The same on every thread. */
  private patterns: PatternCounts;
  private readonly lists: SharedLists;
  private undrained: number;
  /** Threads that still watch listening sockets. */
  private listening: number;
  private stopping: boolean;
  private finish: (status: number) => void;

  constructor(start: WorkerStart, host: WorkerHost) {
    this.start = start;
    this.host = host;
    this.sys = linuxSys();
    this.state = attachWorker(start, this.sys);
    for (const proxy of start.model.proxies) setDynamicCookies(proxy);
    this.lists = shareLists(start.model);
    this.eventRings = openEventRings(start.model.rings, this.sys);
    this.traces = startTraces(start.model);
    this.farmMemory = allocateFarm(start.model, start.model.global.nbthread);
    this.idle = makeIdleShare(
      start.model.proxies.reduce((sum, { servers }) => sum + servers.length, shareReserve),
      reversedWords(start.model),
    );
    this.dashboard = prepareDashboards(start.model);
    this.ports = [];
    this.wakeFds = [];
    this.pool = null;
    this.heartbeat = null;
    this.hardStopTimer = null;
    this.control = null;
    this.threadIds = [];
    this.facts = allocateFacts();
    const { resolvers } = start.model;
    this.nameCounters = allocateNameCounters(
      resolvers.reduce((sum, { nameservers }) => sum + nameservers.length, 0),
    );
    this.patterns = { added: 0, freed: 0 };
    this.undrained = 0;
    this.listening = 0;
    this.stopping = false;
    this.finish = () => {};
    this.finished = new Promise((resolve) => {
      this.finish = resolve;
    });
  }

  // ---- threads ----

  async startThreads(): Promise<void> {
    const { start, sys } = this;
    const threads = start.model.global.nbthread;
    for (let i = 0; i < threads; i++) this.wakeFds.push(sys.eventfd());
    this.pool = threadPool();
    const shared = this.sharedStart(threads);
    const ready: Promise<void>[] = [];
    for (let i = 0; i < threads; i++) ready.push(this.startThread(this.pool, shared, i));
    const libraries = [loadRedisClient(start.model), loadMailLibrary(start.model)];
    await Promise.all([...ready, ...libraries]);
    this.undrained = threads;
    this.listening = threads;
    this.control = new Control({
      start,
      ...this.state,
      sys,
      threadIds: this.threadIds,
      namespaces: serverNamespaces(sys, start.model),
      patterns: this.patterns,
      facts: this.facts,
      nameCounters: this.nameCounters,
      lists: this.lists,
      farmMemory: this.farmMemory,
      idle: this.idle,
      eventRings: this.eventRings,
      dashboard: this.dashboard,
      traces: this.traces,
      broadcast: (message) => this.broadcast(message),
      stop: (hard) => (hard ? this.hardStop() : this.softStop()),
    });
    this.control.preload();
    this.heartbeat = setInterval(() => this.beat(), heartbeatMs);
    const rights = new ThreadRights(sys, start.model.global);
    this.host.dropPrivileges();
    const fault = rights.claim();
    if (fault !== '') this.control.say('warning', fault);
    this.broadcast({ type: 'go' });
    this.control.begin();
    traceReload('conf_new', start.generation);
  }

  private sharedStart(threads: number): Omit<ThreadStart, 'threadIndex'> {
    const { start } = this;
    const { segment, slot, clock, objects, tables } = this.state;
    return {
      threadCount: threads,
      model: start.model,
      lists: this.lists,
      listeners: start.listeners,
      sectionListeners: start.sectionListeners,
      segment: segment.bytes,
      segmentFd: segment.fd,
      processSlot: slot,
      clockOffsetNs: clock.offsetNs,
      objects,
      tables: tables.objects,
      farm: this.farmMemory,
      gauges: allocateGauges(threads, start.listeners.length),
      rings: makeThreadRings(threads),
      facts: this.facts,
      nameCounters: this.nameCounters,
      idle: this.idle,
      wakeFds: this.wakeFds,
      generation: start.generation,
      ticketKeys: start.ticketKeys,
      eventRings: this.eventRings,
      dashboard: this.dashboard,
      traces: this.traces,
    };
  }

  private startThread(
    pool: Piscina,
    shared: Omit<ThreadStart, 'threadIndex'>,
    threadIndex: number,
  ): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    this.ports.push(port1);
    const { global } = this.start.model;
    const cpus = global.threadCpus[threadIndex] ?? cpusOfThread(global, threadIndex);
    const task: ThreadTask = { start: { ...shared, threadIndex }, port: port2, cpus };
    return new Promise((resolve, reject) => {
      port1.on('message', (message: ThreadToControl) => {
        if (message.type === 'ready') {
          this.threadIds[threadIndex] = message.threadId;
          this.patterns = message.patterns;
          // Every thread compiles the same model: the first one's words are enough.
          if (threadIndex === 0)
            this.host.send({ type: 'checked', diagnostics: message.diagnostics });
          resolve();
        } else if (message.type === 'failed') {
          if (threadIndex === 0)
            this.host.send({ type: 'failed', diagnostics: message.diagnostics });
          reject(new Error('the configuration does not compile on a proxy thread'));
        } else this.onThread(message);
      });
      // A task ends when its thread is told to stop; otherwise the thread has died.
      pool.run(task, { name: 'serve', transferList: [port2] }).then(
        () => undefined,
        (fault: unknown) => {
          reject(fault instanceof Error ? fault : new Error(String(fault)));
          if (!this.stopping) this.die(fault);
        },
      );
    });
  }

  /** A proxy thread is gone: the process goes too, and the master starts another. */
  private die(fault: unknown): void {
    const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
    process.stderr.write(`a proxy thread has died: ${text}\n`);
    process.exit(134);
  }

  private onThread(message: ThreadToControl): void {
    if (message.type === 'deaf') {
      this.listening--;
      if (this.listening === 0) {
        this.closeListeners();
        this.broadcast({ type: 'drain' });
      }
    } else if (message.type === 'drained') {
      this.undrained--;
      if (this.undrained === 0) traceReload('conf_end', this.start.generation);
      if (this.undrained === 0) void this.released().then(() => this.end(0));
    } else if (message.type === 'log') {
      this.control?.say(message.level, message.text);
    } else if (message.type === 'edit') {
      this.control?.live.take(message, message.threadIndex);
    } else if (message.type === 'observed') {
      this.control?.checks?.observed(message.proxyIndex, message.serverIndex, message.text);
    } else if (message.type === 'resolve') {
      this.control?.resolvers.answer(message);
    } else if (message.type === 'stats-change') {
      this.control?.changeFromPage(message);
    } else if (message.type === 'dashboard-watch') {
      this.control?.dashboard?.watch(message);
    } else if (message.type === 'snapshot') {
      this.control?.snapshot(message.id, message.data);
    }
  }

  /** After a soft stop: resolves when neither peers nor log clients need this process. */
  private async released(): Promise<void> {
    await Promise.all([this.control?.peers.taught, this.control?.logs.ended]);
  }

  private broadcast(message: ControlToThread): void {
    for (const port of this.ports) port.postMessage(message);
  }

  private beat(): void {
    const { clock, slots, slot } = this.state;
    clock.turn(this.sys.monotonicNs());
    this.control?.sample();
    if (!slots.heartbeat(slot, process.pid, clock.nowNs)) {
      process.stderr.write('the segment has given this process up: it slept for too long\n');
      process.exit(1);
    }
  }

  // ---- the master's words ----

  handle(message: MasterToWorker): void {
    switch (message.type) {
      case 'soft-stop':
        this.softStop();
        return;
      case 'hard-stop':
        this.hardStop();
        return;
      case 'pause':
      case 'resume':
        this.broadcast({ type: message.type });
        return;
      case 'load-note':
        this.control?.dashboard?.load(message.note);
        return;
      case 'dump':
        this.control?.dump(message.what);
        return;
      case 'cli':
        void this.command(message);
        return;
      case 'cli-stop':
        this.control?.remoteLines.stop(message.id);
        return;
      default:
    }
  }

  /** A line of a master CLI session for this worker. */
  private async command(message: Extract<MasterToWorker, { type: 'cli' }>): Promise<void> {
    const { id } = message;
    const part = (text: string): void => this.host.send({ type: 'cli-part', id, text });
    const text = await this.control?.remoteLines.run(id, message, part);
    if (text !== undefined) this.host.send({ type: 'cli-answer', id, text });
  }

  /** Stop accepting, let streams finish; `hard-stop-after` limits how long (manual 3.1). */
  private softStop(): void {
    if (this.stopping) return;
    this.stopping = true;
    const { global } = this.start.model;
    const { graceMs, hardStopAfterMs } = global;
    const closeSpreadMs = global.closeSpreadInfinite
      ? Number.POSITIVE_INFINITY
      : global.closeSpreadTimeMs;
    traceReload('conf_stop', this.start.generation);
    this.control?.stopping();
    const begin = (): void => {
      this.broadcast({ type: 'soft-stop', closeSpreadMs });
    };
    if (graceMs > 0) setTimeout(begin, graceMs);
    else begin();
    if (hardStopAfterMs > 0) {
      this.hardStopTimer = setTimeout(() => this.hardStop(), hardStopAfterMs);
    }
  }

  /**
   * No thread accepts any more: a socket that nobody else holds stops existing now, so that nobody
   * waits in the queue of a process that is leaving.
   */
  private closeListeners(): void {
    // Without a master the descriptors are closed by the one who bound them, in this same process.
    if (!this.start.model.global.masterWorker) return;
    const { listeners, sectionListeners } = this.start;
    for (const { fd } of listeners) this.sys.close(fd);
    // Those of peers are closed by who listens there.
    for (const { fd, section } of sectionListeners) if (section !== 'peers') this.sys.close(fd);
  }

  private hardStop(): void {
    this.stopping = true;
    this.end(0);
  }

  private end(status: number): void {
    this.broadcast({ type: 'hard-stop' });
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    if (this.hardStopTimer !== null) clearTimeout(this.hardStopTimer);
    void this.close(status);
  }

  private async close(status: number): Promise<void> {
    this.control?.close();
    await this.pool?.close();
    // The last lines of the threads are in the rings now.
    await this.control?.logs.leave();
    for (const port of this.ports) port.close();
    this.state.slots.leave(this.state.slot, process.pid);
    this.finish(status);
  }
}
