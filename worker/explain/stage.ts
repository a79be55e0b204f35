// One proxy thread on the fake kernel, with its segment, its rules watched, and one listener that a
// client may connect to. Made once per explanation. What worker/main.ts does around threads is done
// here, without threads, sockets or shared files.

import type { Model } from '../../shared/config/model.ts';
import type { DashboardStart } from '../../shared/dashboard-messages.ts';
import type { ListenerObject, ObjectNumbers, ThreadStart } from '../../shared/messages.ts';
import { SharedClock } from '../../shared/segment/clock.ts';
import { makeRing } from '../../shared/segment/event-ring.ts';
import { makeTraces } from '../../shared/trace/settings.ts';
import { allocateGauges } from '../../shared/segment/gauges.ts';
import { allocateLatency } from '../../shared/segment/latency.ts';
import { LiveWords } from '../../shared/segment/live.ts';
import { ObjectTable } from '../../shared/segment/objects.ts';
import { makeThreadRings } from '../../shared/segment/ring.ts';
import { memorySegment, type Segment } from '../../shared/segment/segment.ts';
import { AF_INET, AF_INET6, AF_UNIX, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';
import { encodeAddress, type NamedAddress } from '../../shared/sys/sockaddr.ts';
import { headMark } from '../dashboard/page-text.ts';
import { dashboardPlans } from '../dashboard/plan.ts';
import { makeIdleShare } from '../mux/idle-share.ts';
import { reversedWords } from '../mux/reversed-share.ts';
import { ProxyThread } from '../proxy-thread.ts';
import { allocateFarm } from '../server/farm.ts';
import { prepareFarm } from '../server/farm-states.ts';
import { indexObjects } from '../server/object-index.ts';
import { allocateFacts } from '../shared-facts.ts';
import { openTables } from '../tables/table-set.ts';
import { Recorder } from './recorder.ts';

const processSlot = 0;
const descriptorMax = 1 << 12;
const backlog = 16;
const objectsSpare = 64;
/** Turns until everything that can happen at one moment has happened. */
const settleTurns = 12;

/** Who may see the page matters here; its text is left out, which would fill screens. */
function dashboardOf(model: Model): DashboardStart | null {
  if (dashboardPlans(model).length === 0) return null;
  const page = `${headMark}the live dashboard`;
  const latency = allocateLatency(1, model.proxies.length);
  return { page, policy: "default-src 'none'", token: '', latency };
}

/** Where the listener of the explanation stands in the model, and at which address. */
export interface ListenerChoice {
  readonly proxyIndex: number;
  readonly bindIndex: number;
  readonly addressIndex: number;
  readonly at: NamedAddress;
}

export class Stage {
  readonly sys: FakeSys;
  readonly thread: ProxyThread;
  readonly recorder: Recorder;
  /** Faults that the thread has reported. */
  readonly faults: string[] = [];
  private readonly model: Model;

  constructor(model: Model, choice: ListenerChoice) {
    this.model = model;
    this.recorder = new Recorder(model);
    this.sys = new FakeSys({ descriptorMax, epochMs: Date.now() });
    const { servers, proxies } = counts(model);
    const objects = objectsSpare + servers + 2 * proxies;
    const segment = memorySegment(this.sys, { objects, writers: 2, objectsMax: 0 });
    const listeners = [this.listen(choice)];
    const table = new ObjectTable(segment);
    const numbers = indexObjects(model, listeners, table, processSlot);
    claimLive(segment, numbers);
    const start = this.start(segment, table, listeners, numbers);
    const report = (message: { readonly type: string; readonly text?: string }): void => {
      if (message.type === 'log') this.faults.push(message.text ?? '');
    };
    this.thread = new ProxyThread(this.sys, start, report, { seed: 1, watch: this.recorder });
    this.recorder.watch(this.thread.thread.program);
  }

  /** Clients may come. */
  open(): void {
    this.thread.handle({ type: 'go' });
    this.settle();
  }

  /** Lets things happen without time passing. */
  settle(): void {
    for (let turn = 0; turn < settleTurns; turn++) this.thread.loop.once(0);
  }

  /** Until the next timer, `mostMs` at most; how long it was. */
  pass(mostMs: number): number {
    const ms = Math.min(mostMs, Math.max(1, Math.ceil(this.thread.loop.sleepMs())));
    this.sys.advance(ms);
    this.settle();
    return ms;
  }

  private listen({ proxyIndex, bindIndex, addressIndex, at }: ListenerChoice): ListenerObject {
    const { sys } = this;
    const domain = { ipv4: AF_INET, ipv6: AF_INET6 }[at.family as 'ipv4'] ?? AF_UNIX;
    const fd = sys.socket(domain, SOCK_STREAM, 0);
    const name = sys.address();
    encodeAddress(at, name);
    sys.bind(fd, name);
    sys.listen(fd, backlog);
    const { family, host, port } = at;
    return { index: 0, proxyIndex, bindIndex, addressIndex, shard: 0, fd, family, host, port };
  }

  private start(
    segment: Segment,
    table: ObjectTable,
    listeners: readonly ListenerObject[],
    objects: ObjectNumbers,
  ): ThreadStart {
    const { model, sys } = this;
    const nowSeconds = Math.floor(Date.now() / 1000);
    prepareFarm(model, objects, table, { words: segment.words, load: 1, nowSeconds });
    const clock = new SharedClock(segment, sys.monotonicNs(), null);
    const tables = { segment, objects: table, slot: processSlot, nowMs: clock.nowMs };
    return {
      threadIndex: 0,
      threadCount: 1,
      model,
      listeners,
      sectionListeners: [],
      traces: makeTraces(),
      nameCounters: new SharedArrayBuffer(8),
      eventRings: model.rings.map(() => makeRing(0)),
      lists: {},
      dashboard: dashboardOf(model),
      segment: segment.bytes,
      segmentFd: -1,
      processSlot,
      clockOffsetNs: clock.offsetNs,
      objects,
      tables: openTables(model, tables).objects,
      farm: allocateFarm(model, 1),
      gauges: allocateGauges(1, listeners.length),
      rings: makeThreadRings(1),
      facts: allocateFacts(),
      idle: makeIdleShare(counts(model).servers, reversedWords(model)),
      wakeFds: [sys.eventfd()],
      generation: 1,
      ticketKeys: '00'.repeat(80),
    };
  }
}

function counts({ proxies }: Model): { readonly servers: number; readonly proxies: number } {
  const servers = proxies.reduce((sum, proxy) => sum + proxy.servers.length, 0);
  return { servers, proxies: proxies.length };
}

function claimLive(segment: Segment, objects: ObjectNumbers): void {
  const live = new LiveWords(segment, processSlot);
  live.row(objects.process);
  for (const { front, back, servers } of objects.proxies) {
    for (const object of [front, back, ...servers]) if (object >= 0) live.row(object);
  }
}
