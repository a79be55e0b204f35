// A whole worker on the fake kernel: its segment, its listening sockets, and its proxy threads,
// turned by hand one batch at a time. What worker/main.ts does around threads is done here, without
// threads.

import assert from 'node:assert/strict';
import { loadConfiguration } from '../../shared/config/load.ts';
import type { Model } from '../../shared/config/model.ts';
import type { ListenerObject, ObjectNumbers, ThreadStart } from '../../shared/messages.ts';
import { SharedClock } from '../../shared/segment/clock.ts';
import { makeRing } from '../../shared/segment/event-ring.ts';
import { makeTraces } from '../../shared/trace/settings.ts';
import { LiveWords, liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { allocateFacts } from '../../worker/shared-facts.ts';
import { makeThreadRings } from '../../shared/segment/ring.ts';
import { memorySegment, type Segment } from '../../shared/segment/segment.ts';
import { AF_INET, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import { makeIdleShare } from '../../worker/mux/idle-share.ts';
import { reversedWords } from '../../worker/mux/reversed-share.ts';
import { ProxyThread } from '../../worker/proxy-thread.ts';
import { allocateGauges } from '../../shared/segment/gauges.ts';
import { allocateFarm } from '../../worker/server/farm.ts';
import { prepareFarm } from '../../worker/server/farm-states.ts';
import { indexObjects } from '../../worker/server/object-index.ts';
import { openTables } from '../../worker/tables/table-set.ts';
import { scratchSlots } from '../../worker/thread-context.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';

const processSlot = 0;
const pipeBytes = 65_536;
/** What only a datagram socket says. */
const EDESTADDRREQ = 89;

export class World {
  readonly sys: FakeSys;
  readonly threads: readonly ProxyThread[];
  /** Faults of ours that threads have reported. */
  readonly reports: string[];
  readonly drained: Set<number>;
  private readonly squeezed: (() => void)[];
  private readonly model: Model;
  private readonly live: LiveWords;
  private readonly objects: ObjectNumbers;
  private readonly descriptors: readonly number[];

  constructor(config: string, threads: number, seed: number, descriptorMax = 1 << 16) {
    this.sys = new FakeSys({ seed, descriptorMax });
    this.reports = [];
    this.drained = new Set();
    this.squeezed = [];
    this.model = modelOf(config);
    const segment = memorySegment(this.sys, { objects: 32, writers: threads + 1, objectsMax: 0 });
    const listeners = openListeners(this.sys, this.model);
    const table = new ObjectTable(segment);
    this.objects = indexObjects(this.model, listeners, table, processSlot);
    this.live = claimLive(segment, this.objects);
    const shared = this.sharedStart(segment, table, listeners, threads);
    this.threads = Array.from({ length: threads }, (_, threadIndex) =>
      this.makeThread({ ...shared, threadIndex }, seed),
    );
    this.descriptors = this.sys.openDescriptors();
    for (const thread of this.threads) thread.handle({ type: 'go' });
  }

  private sharedStart(
    segment: Segment,
    table: ObjectTable,
    listeners: readonly ListenerObject[],
    threads: number,
  ): Omit<ThreadStart, 'threadIndex'> {
    const { model, objects, sys } = this;
    prepareFarm(model, objects, table, { words: segment.words, load: 1, nowSeconds: 1 });
    const clock = new SharedClock(segment, sys.monotonicNs(), null);
    return {
      threadCount: threads,
      model,
      listeners,
      lists: {},
      sectionListeners: [],
      traces: makeTraces(),
      nameCounters: new SharedArrayBuffer(8),
      eventRings: model.rings.map(() => makeRing(0)),
      segment: segment.bytes,
      segmentFd: -1,
      processSlot,
      clockOffsetNs: clock.offsetNs,
      objects,
      tables: openTables(model, { segment, objects: table, slot: processSlot, nowMs: clock.nowMs })
        .objects,
      farm: allocateFarm(model, threads),
      gauges: allocateGauges(threads, listeners.length),
      rings: makeThreadRings(threads),
      facts: allocateFacts(),
      idle: makeIdleShare(
        model.proxies.reduce((sum, { servers }) => sum + servers.length, 0),
        reversedWords(model),
      ),
      wakeFds: Array.from({ length: threads }, () => sys.eventfd()),
      generation: 1,
      ticketKeys: '00'.repeat(80),
      dashboard: null,
    };
  }

  private makeThread(start: ThreadStart, seed: number): ProxyThread {
    const thread = new ProxyThread(
      this.sys,
      start,
      (message) => {
        if (message.type === 'log') this.reports.push(message.text);
        if (message.type === 'drained') this.drained.add(start.threadIndex);
      },
      { seed: seed + start.threadIndex },
    );
    assert.deepEqual(thread.diagnostics.list, []);
    return thread;
  }

  /** Leaves each thread `count` slots of buffer memory; `ease` gives the others back. */
  squeeze(count: number): void {
    for (const { thread } of this.threads) {
      const { memory } = thread;
      const kept: number[] = [];
      while (memory.slotMax - memory.inUse > count) kept.push(memory.take());
      this.squeezed.push(() => {
        for (const at of kept) memory.release(at);
      });
    }
  }

  ease(): void {
    for (const giveBack of this.squeezed.splice(0)) giveBack();
  }

  /** One batch on each thread, then `ms` of time. */
  turn(ms: number): void {
    for (const thread of this.threads) thread.loop.once(0);
    this.sys.advance(ms);
  }

  /** How long nothing would happen without the outside, ms. */
  sleepMs(): number {
    return Math.min(...this.threads.map(({ loop }) => loop.sleepMs()));
  }

  softStop(closeSpreadMs = -1): void {
    for (const thread of this.threads) thread.handle({ type: 'soft-stop', closeSpreadMs });
    for (const thread of this.threads) thread.handle({ type: 'drain' });
  }

  /** What must hold when all clients have gone: everything that was taken has been given back. */
  faults(): string[] {
    const faults = [...this.reports];
    if (this.sys.misuse > 0) faults.push(`${this.sys.misuse} uses of a closed descriptor`);
    const left = this.descriptorsLeft();
    if (left.length > 0) faults.push(`descriptors left open: ${left.join(', ')}`);
    for (const [index, { thread, acceptor, loop }] of this.threads.entries()) {
      const slots = thread.memory.inUse - scratchSlots;
      if (slots !== 0) faults.push(`thread ${index}: ${slots} slots not given back`);
      if (acceptor.count !== 0) faults.push(`thread ${index}: ${acceptor.count} sessions`);
      if (acceptor.streamCount !== 0)
        faults.push(`thread ${index}: ${acceptor.streamCount} streams`);
      if (thread.pipes.inUse !== 0) faults.push(`thread ${index}: ${thread.pipes.inUse} pipes`);
      if (loop.timers.size !== 0) faults.push(`thread ${index}: ${loop.timers.size} timers linked`);
    }
    return [...faults, ...this.countFaults()];
  }

  /** Open now and not when it started, but for what threads keep: empty pipes, their log socket. */
  private descriptorsLeft(): number[] {
    const empty = this.sys.region(1);
    return this.sys
      .openDescriptors()
      .filter((fd) => !this.descriptors.includes(fd))
      .filter((fd) => this.sys.setPipeSize(fd, pipeBytes) < 0)
      .filter((fd) => this.sys.write(fd, empty, 0, 0) !== -EDESTADDRREQ);
  }

  /** Counts of connections, streams and queues that all threads share. */
  private countFaults(): string[] {
    const faults: string[] = [];
    const look = (name: string, object: number): void => {
      if (object < 0) return;
      const at = this.live.row(object);
      for (const [word, what] of [
        [liveCurrent, 'connections'],
        [liveServed, 'streams served'],
        [liveQueued, 'streams queued'],
      ] as const) {
        const value = this.live.words[at + word];
        if (value !== 0) faults.push(`${name}: ${value} ${what} counted`);
      }
    };
    look('process', this.objects.process);
    for (const [index, proxy] of this.objects.proxies.entries()) {
      const { name, servers } = this.model.proxies[index];
      look(`${name} front`, proxy.front);
      look(`${name} back`, proxy.back);
      for (const [number, server] of proxy.servers.entries()) {
        look(`${name}/${servers[number].name}`, server);
      }
    }
    return faults;
  }
}

function modelOf(config: string): Model {
  const loaded = loadConfiguration({
    files: [],
    texts: [{ name: 'sim.cfg', text: config }],
    environment: {},
  });
  assert.deepEqual(loaded.diagnostics.list, []);
  return loaded.model;
}

function openListeners(sys: FakeSys, model: Model): ListenerObject[] {
  const listeners: ListenerObject[] = [];
  for (const [proxyIndex, { binds }] of model.proxies.entries()) {
    for (const [bindIndex, { addresses }] of binds.entries()) {
      for (const [addressIndex, { family, host, port }] of addresses.entries()) {
        const fd = family === 'rhttp' ? -1 : listenAt(sys, host, port);
        const index = listeners.length;
        listeners.push({
          index,
          proxyIndex,
          bindIndex,
          addressIndex,
          shard: 0,
          fd,
          family,
          host,
          port,
        });
      }
    }
  }
  return listeners;
}

function listenAt(sys: FakeSys, host: string, port: number): number {
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const name = sys.address();
  assert.ok(encodeAddress({ family: 'ipv4', host, port }, name));
  assert.equal(sys.bind(fd, name), 0);
  assert.equal(sys.listen(fd, 1000), 0);
  return fd;
}

function claimLive(segment: Segment, objects: ObjectNumbers): LiveWords {
  const live = new LiveWords(segment, processSlot);
  live.row(objects.process);
  for (const { front, back, servers } of objects.proxies) {
    for (const object of [front, back, ...servers]) if (object >= 0) live.row(object);
  }
  return live;
}
