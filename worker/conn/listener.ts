// The listening sockets as one thread watches them: accepts in bounded batches, hands each
// descriptor to the least loaded thread (EPOLLEXCLUSIVE alone would leave most connections with one
// thread), and steps back while its frontend is full or the process has no descriptors left.

import { rare } from '../memory/rare-events.ts';
import {
  EAGAIN,
  EMFILE,
  ENFILE,
  IPPROTO_TCP,
  TCP_SAVE_SYN,
  ENOBUFS,
  ENOMEM,
  EPOLLEXCLUSIVE,
  EPOLLIN,
} from '../../shared/sys/constants.ts';
import type { SpreadMode } from '../../shared/config/model-process.ts';
import type { ThreadRings } from '../../shared/segment/ring.ts';
import type { SocketAddress } from '../../shared/sys/sys.ts';
import type { FdHandler } from '../loop/poller.ts';
import type { Timed } from '../loop/timers.ts';
import type { ListenerPlan } from '../program.ts';
import { prepareListener } from './socket-options.ts';
import type { ThreadContext } from '../thread-context.ts';

/** Without room (frontend full, no descriptors) the listener is looked at again this often. */
const pauseMs = 20;

/** Whether clients may come in: worker/thread-limits.ts. */
export interface AcceptLimits {
  /** Counts one more client of this listener, if there is room for it now. */
  reserve(listener: ListenerPlan): boolean;
  /** The client has come. */
  confirm(listener: ListenerPlan): void;
  /** No client came after all. */
  cancel(listener: ListenerPlan): void;
}

export interface ListenerHost {
  readonly thread: ThreadContext;
  readonly rings: ThreadRings;
  readonly limits: AcceptLimits;
  /** A connection of this thread. */
  /** `peer` null: ask the kernel (the descriptor was accepted by another thread). */
  accept(fd: number, listener: ListenerPlan, peer: SocketAddress | null): void;
  wake(threadIndex: number): void;
}

export class Listener implements FdHandler, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly plan: ListenerPlan;
  private readonly host: ListenerHost;
  private readonly acceptMax: number;
  /** Threads the bind line allows (`thread`), null: all. */
  private readonly threads: readonly number[] | null;
  private readonly spread: SpreadMode;
  /** Position of the thread that had the last connection, where all have their turn. */
  private turn: number;
  private readonly peer: SocketAddress;
  private watched: boolean;
  /** Not to be watched: soft stop, disabled frontend, SIGTTOU. */
  private stopped: boolean;

  constructor(host: ListenerHost, plan: ListenerPlan, threads: readonly number[] | null) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.plan = plan;
    this.host = host;
    this.threads = threads;
    const { maxaccept, listenerMultiQueue } = host.thread.program.model.global.tune;
    this.spread = listenerMultiQueue;
    // Threads do not all begin with the same one.
    this.turn = host.thread.index;
    this.acceptMax = maxaccept > 0 ? maxaccept : acceptMaxDefault;
    this.peer = host.thread.sys.address();
    this.watched = false;
    this.stopped = true;
  }

  /** Accepts now: not stopped, and not stepping back for want of room. */
  get isWatched(): boolean {
    return this.watched;
  }

  /** Starts accepting on this thread, if the bind line allows it here. */
  start(): void {
    this.stopped = false;
    this.prepareSocket();
    this.watch();
  }

  /**
   * Options that accepted sockets inherit on Linux: set once here instead of once per connection.
   */
  private prepareSocket(): void {
    const { object, proxy, bind } = this.plan;
    if (object.family !== 'ipv4' && object.family !== 'ipv6') return;
    const { sys } = this.host.thread;
    prepareListener(sys, object.fd, proxy.model, bind.ssl !== null);
    sys.setsockoptInt(object.fd, IPPROTO_TCP, TCP_SAVE_SYN, bind.tcpSaveSyn);
  }

  /** Stops accepting; what waits in the queue is left to others. */
  stop(): void {
    this.stopped = true;
    this.unwatch();
    this.host.thread.timers.remove(this);
  }

  private watch(): void {
    const { thread } = this.host;
    if (this.watched || this.stopped) return;
    if (this.threads !== null && !this.threads.includes(thread.index)) return;
    const result = thread.poller.add(this.plan.object.fd, EPOLLIN | EPOLLEXCLUSIVE, this);
    this.watched = result === 0;
  }

  private unwatch(): void {
    if (!this.watched) return;
    this.watched = false;
    this.host.thread.poller.remove(this.plan.object.fd);
  }

  /** Looks away for a moment: level-triggered events would spin. */
  private pause(place: number): void {
    this.host.thread.rare.count(place);
    this.unwatch();
    const { thread } = this.host;
    thread.timers.schedule(this, thread.time.nowMs + pauseMs);
  }

  onTimeout(): void {
    const { host, plan } = this;
    if (!host.limits.reserve(plan)) {
      this.pause(rare.acceptLimited);
      return;
    }
    host.limits.cancel(plan);
    this.watch();
  }

  onEvents(): void {
    const { host, plan } = this;
    const { sys } = host.thread;
    for (let i = 0; i < this.acceptMax; i++) {
      if (!host.limits.reserve(plan)) {
        this.pause(rare.acceptLimited);
        return;
      }
      const fd = sys.accept(plan.object.fd, this.peer);
      if (fd >= 0) {
        host.limits.confirm(plan);
        this.place(fd);
        continue;
      }
      host.limits.cancel(plan);
      if (fd === -EAGAIN) {
        return;
      } else if (fd === -EMFILE || fd === -ENFILE || fd === -ENOMEM || fd === -ENOBUFS) {
        this.pause(rare.acceptStarved);
        return;
      }
      // Anything else concerns one client that is gone again (ECONNABORTED): the next one.
    }
  }

  private place(fd: number): void {
    const { host, plan } = this;
    const own = host.thread.index;
    const target = this.chooseThread(own);
    const isLeft = target !== own && !host.rings.push(target, fd, plan.index);
    if (isLeft) host.thread.rare.count(rare.handOverFull);
    if (target === own || isLeft) {
      host.accept(fd, plan, this.peer);
      return;
    }
    host.wake(target);
  }

  /** tune.listener.multi-queue: the least loaded thread, all in turn, or this one. */
  private chooseThread(own: number): number {
    const { host, threads, spread } = this;
    if (spread === 'off') return own;
    if (spread === 'on') return threads === null ? host.rings.leastLoaded(own) : this.leastLoaded();
    const count = threads === null ? host.rings.threads : threads.length;
    this.turn = (this.turn + 1) % count;
    return threads === null ? this.turn : threads[this.turn];
  }

  private leastLoaded(): number {
    const { rings, thread } = this.host;
    let best = thread.index;
    for (const candidate of this.threads!) {
      if (rings.loadOf(candidate) < rings.loadOf(best)) best = candidate;
    }
    return best;
  }
}

/** tune.maxaccept when it is not set. */
const acceptMaxDefault = 64;
