// A bind line that connects to a server and takes requests from it (manual, bind rhttp@, nbconn):
// each thread makes its share of the connections and makes another one where one is lost. Made by
// worker/thread-doors.ts in the place of a listener.

import type { Connection } from '../conn/connection.ts';
import type { AcceptLimits } from '../conn/listener.ts';
import { tlsSessionOf } from '../conn/tls.ts';
import { levelError, levelInfo, logEvent } from '../log/logger.ts';
import type { Timed } from '../loop/timers.ts';
import type { FrontMux } from '../mux/front.ts';
import type { ListenerPlan, ProxyPlan } from '../program.ts';
import type { Server } from '../server/server.ts';
import type { Acceptor } from './acceptor.ts';
import type { EngineContext } from './context.ts';

/** After a connection could not be made, the next one is tried this much later. */
const pauseMs = 1000;

export interface ReverseParts {
  readonly context: EngineContext;
  readonly acceptor: Acceptor;
  readonly limits: AcceptLimits;
  readonly plan: ListenerPlan;
  /** Threads that the line allows. */
  readonly threads: readonly number[];
}

/** What the log has been told last. */
const saidNothing = 0;
const saidInitiating = 1;
const saidError = 2;
const saidRunning = 3;

export class ReverseDoor {
  readonly plan: ListenerPlan;
  readonly parts: ReverseParts;
  readonly proxy: ProxyPlan;
  readonly server: Server;
  private readonly callers: readonly Caller[];
  private isOpen: boolean;
  private said: number;

  constructor(parts: ReverseParts) {
    const { plan, context, threads } = parts;
    const { model, proxies } = context.thread.program;
    const [backendName, serverName] = plan.object.host.split('/', 2);
    const index = model.proxies.findIndex(
      ({ name, kind }) => name === backendName && kind !== 'frontend',
    );
    const place = model.proxies[index].servers.findIndex(({ name }) => name === serverName);
    this.plan = plan;
    this.parts = parts;
    this.proxy = proxies[index];
    this.server = this.proxy.backend!.servers[place];
    this.isOpen = false;
    this.said = saidNothing;
    const own = threads.indexOf(context.thread.index);
    const callers: Caller[] = [];
    for (let number = own; own >= 0 && number < plan.bind.nbconn; number += threads.length) {
      callers.push(new Caller(this));
    }
    this.callers = callers;
  }

  get isWatched(): boolean {
    return this.isOpen && this.callers.length > 0;
  }

  start(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    if (this.parts.threads[0] === this.parts.context.thread.index && this.said === saidNothing) {
      this.said = saidInitiating;
      this.say(levelInfo, 'Initiating.');
    }
    for (const caller of this.callers) caller.call();
  }

  /** Those that are being made are given up; clients stay. */
  stop(): void {
    this.isOpen = false;
    for (const caller of this.callers) caller.cancel();
  }

  /** One more connection is ready for requests, and counted. */
  noteReady(): void {
    const { context, plan } = this.parts;
    const ready = (context.thread.gauges?.socketConnections(plan.object.index) ?? 0) + 1;
    if (ready < plan.bind.nbconn || this.said === saidRunning) return;
    this.said = saidRunning;
    this.say(levelInfo, `Running with nbconn ${plan.bind.nbconn} reached.`);
  }

  noteError(): void {
    if (this.said === saidError) return;
    this.said = saidError;
    this.say(levelError, 'Error encountered.');
  }

  private say(level: number, what: string): void {
    const { thread } = this.parts.context;
    const { proxy, object } = this.plan;
    const text = `preconnect ${proxy.name}::${object.host}: ${what}`;
    logEvent(thread.sys, proxy.log, { text, level, wallMs: thread.time.wallMs });
  }
}

/** One connection, or the next attempt to make it. */
class Caller implements Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly door: ReverseDoor;
  /** On its way: not HTTP yet. */
  private connection: Connection | null;
  /** Its session is being set up, or serves. */
  private isBusy: boolean;
  private isReady: boolean;
  private front: FrontMux | null;

  constructor(door: ReverseDoor) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.door = door;
    this.connection = null;
    this.isBusy = false;
    this.isReady = false;
    this.front = null;
  }

  call(): void {
    const { door } = this;
    if (!door.isWatched || this.connection !== null || this.isBusy) return;
    const { thread, links } = door.parts.context;
    const lent = door.parts.acceptor.lend(door.plan);
    lent.backend = door.proxy;
    const result = links.reversed.dial(lent, door.server, (connection, outcome) => {
      if (this.connection === connection) this.connected(outcome);
    });
    door.parts.acceptor.takeBack(lent);
    if (typeof result === 'number') {
      this.failed();
      return;
    }
    this.connection = result;
    thread.timers.schedule(this, thread.time.nowMs + (door.proxy.timeouts.connectMs || pauseMs));
  }

  private connected(result: number): void {
    const connection = this.connection!;
    const { door } = this;
    const { thread } = door.parts.context;
    this.connection = null;
    const dueMs = this.dueMs || thread.time.nowMs + pauseMs;
    thread.timers.cancel(this);
    if (result < 0 || !this.speaksH2(connection)) {
      connection.close();
      this.failed();
      return;
    }
    this.isBusy = true;
    this.isReady = false;
    const front = door.parts.acceptor.reverse(connection, door.plan, this, dueMs);
    if (this.isBusy) this.front = front;
  }

  private speaksH2(connection: Connection): boolean {
    if (this.door.server.model.proto === 'h2') return true;
    return tlsSessionOf(connection)?.alpn() === 'h2';
  }

  turned(): boolean {
    const { door } = this;
    const { limits, plan } = door.parts;
    if (!door.isWatched || !limits.reserve(plan)) return false;
    limits.confirm(plan);
    this.isReady = true;
    door.noteReady();
    return true;
  }

  ended(): void {
    this.isBusy = false;
    this.front = null;
    if (!this.isReady) this.failed();
    else this.door.parts.context.thread.defer(() => this.call());
  }

  private failed(): void {
    const { door } = this;
    if (!door.isWatched) return;
    door.noteError();
    const { timers, time } = door.parts.context.thread;
    timers.schedule(this, time.nowMs + pauseMs);
  }

  cancel(): void {
    this.door.parts.context.thread.timers.remove(this);
    this.connection?.close();
    this.connection = null;
    if (!this.isReady) this.front?.close();
  }

  /** The connection took too long, or the pause is over. */
  onTimeout(): void {
    if (this.connection === null) {
      this.call();
      return;
    }
    this.connection.close();
    this.connection = null;
    this.failed();
  }
}
