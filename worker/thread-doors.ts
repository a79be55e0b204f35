// Where traffic and messages come into one proxy thread: its view of all listening sockets, and of
// the datagram sockets of log-forward sections; its traces find their sinks. Made by
// proxy-thread.ts.

import type { ThreadStart } from '../shared/messages.ts';
import { chooseThreads, groupsOf, threadsOfShard } from '../shared/thread-groups.ts';
import { Listener, type ListenerHost } from './conn/listener.ts';
import type { ListenerPlan } from './program.ts';
import { LogRings } from './log/rings.ts';
import { tracer } from './log/trace.ts';
import { LogDatagrams } from './log-datagrams.ts';
import type { Acceptor } from './stream/acceptor.ts';
import type { EngineContext } from './stream/context.ts';
import { ReverseDoor } from './stream/reverse-door.ts';

/** What makes connections in the place of listeners needs more of the thread. */
export interface DoorHost extends ListenerHost {
  readonly context: EngineContext;
  readonly acceptor: Acceptor;
}

export class ThreadDoors {
  private readonly listeners: readonly (Listener | ReverseDoor)[];
  private readonly datagrams: LogDatagrams;

  /** `processRow`: where messages are counted. */
  constructor(host: DoorHost, start: ThreadStart, processRow: number) {
    const { context, acceptor, limits } = host;
    const all = Array.from({ length: start.threadCount }, (_, index) => index);
    const { listeners } = host.thread.program;
    this.listeners = listeners.map((plan) => {
      const threads = threadsOf(plan, listeners, start);
      return plan.object.family === 'rhttp'
        ? new ReverseDoor({ context, acceptor, limits, plan, threads: threads ?? all })
        : new Listener(host, plan, threads);
    });
    const { sys, index: threadIndex } = host.thread;
    const rings = new LogRings(start.model.rings, start.eventRings);
    tracer.attach({ words: start.traces, rings, sys, threadIndex });
    this.datagrams = new LogDatagrams(host.thread, start, processRow);
  }

  open(): void {
    for (const listener of this.listeners) listener.start();
    this.datagrams.start();
  }

  /** What waits outside is left to others. */
  close(): void {
    for (const listener of this.listeners) listener.stop();
    this.datagrams.stop();
  }

  /** Those of one frontend. */
  setFront(proxyIndex: number, isOpen: boolean): void {
    for (const listener of this.listeners) {
      if (listener.plan.proxy.index !== proxyIndex) continue;
      if (isOpen) listener.start();
      else listener.stop();
    }
  }
}

/** Threads that accept on one socket; null: all. */
function threadsOf(
  { bind, object }: ListenerPlan,
  listeners: readonly ListenerPlan[],
  start: ThreadStart,
): readonly number[] | null {
  const groups = groupsOf(start.model.global.groups, start.threadCount);
  const { threads } = chooseThreads(bind.thread, groups);
  const shards = listeners.filter(
    (other) => other.bind === bind && other.object.addressIndex === object.addressIndex,
  ).length;
  if (shards <= 1) return threads;
  const all = threads ?? Array.from({ length: start.threadCount }, (_, index) => index);
  return threadsOfShard(all, groups, object.shard, shards);
}
