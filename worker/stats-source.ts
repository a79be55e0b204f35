// What statistics are read from: the segment, the model, and what one thread alone knows. On a
// proxy thread that is the few facts that the control thread tells all threads. Made by
// proxy-thread.ts and control.ts.

import type { Model } from '../shared/config/model.ts';
import type {
  ControlToThread,
  ObjectNumbers,
  ThreadStart,
  WorkerStart,
} from '../shared/messages.ts';
import { BackendWords } from '../shared/segment/backend-state.ts';
import { CounterReader } from '../shared/segment/counters.ts';
import { LiveReader } from '../shared/segment/live.ts';
import type { ObjectTable } from '../shared/segment/objects.ts';
import type { Segment } from '../shared/segment/segment.ts';
import { ServerWords } from '../shared/segment/server-state.ts';
import { fullconnOf } from './compile/fullconn.ts';
import { readFacts } from './shared-facts.ts';
import type { FarmStates } from './server/farm-states.ts';
import type { FrontStatus, StatsSource } from './stats/source.ts';

export interface ThreadFacts {
  readonly fronts: readonly FrontStatus[];
  readonly frontLimits: readonly number[];
  nowMs(): number;
}

/** What statistics read on the control thread; made once at start. */
export function controlStatsSource(
  parts: {
    readonly start: Pick<WorkerStart, 'model' | 'listeners'>;
    readonly segment: Segment;
    readonly objects: ObjectNumbers;
    readonly farm: FarmStates;
    readonly nameCounters: SharedArrayBuffer;
  },
  facts: ThreadFacts & Pick<StatsSource, 'info'>,
): StatsSource {
  const { segment, objects, farm } = parts;
  const { model, listeners } = parts.start;
  return {
    model,
    segment,
    reader: new CounterReader(segment),
    live: new LiveReader(segment),
    objects,
    listeners,
    backends: farm.backends,
    servers: farm.servers,
    nameCounters: parts.nameCounters,
    nowMs: () => facts.nowMs(),
    frontStatus: (index) => facts.fronts[index],
    frontMaxconn: (index) => facts.frontLimits[index],
    fullconn: (index) => fullconnOf(model, model.proxies[index]),
    info: () => facts.info(),
  };
}

/** What statistics read on a proxy thread, seen from the control thread; made once at start. */
export function threadStatsSource(
  start: ThreadStart,
  segment: Segment,
  table: ObjectTable,
  facts: ThreadFacts,
): StatsSource {
  const { model, objects } = start;
  const startedMs = facts.nowMs();
  const { backends, servers } = viewFarm(start, segment, table);
  return {
    model,
    segment,
    reader: new CounterReader(segment),
    live: new LiveReader(segment),
    objects,
    listeners: start.listeners,
    backends,
    servers,
    nameCounters: start.nameCounters,
    nowMs: () => facts.nowMs(),
    frontStatus: (index) => facts.fronts[index],
    frontMaxconn: (index) => facts.frontLimits[index] || model.global.maxconn,
    fullconn: (index) => fullconnOf(model, model.proxies[index]),
    info: () => ({
      ...readFacts(start.facts),
      ...threadInfo(model, facts.nowMs() - startedMs),
    }),
  };
}

function threadInfo({ global }: Model, uptimeMs: number) {
  return {
    Pid: process.pid,
    Uptime_sec: Math.floor(uptimeMs / 1000),
    node: global.node,
    description: global.description,
  };
}

/** The words that the control thread has prepared; nothing is changed here. */
function viewFarm(
  { model, objects }: ThreadStart,
  segment: Segment,
  table: ObjectTable,
): FarmStates {
  const servers = model.proxies.map((proxy, index) => {
    const { back, servers: own } = objects.proxies[index];
    return proxy.servers.map((_, i) => new ServerWords(segment.words, table, own[i], back));
  });
  const backends = objects.proxies.map(({ back }, index) =>
    back < 0 ? null : new BackendWords(segment.words, table.sharedWords(back), servers[index]),
  );
  return { backends, servers };
}

/** What a frontend is after the control thread's word. */
export function frontStatus(message: Extract<ControlToThread, { type: 'frontend' }>): FrontStatus {
  if (message.enabled) return 'OPEN';
  return message.isFinal ? 'STOP' : 'PAUSED';
}
