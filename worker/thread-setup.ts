// What a proxy thread is made of before it runs: buffer memory, clock, rows of counters. Called
// once by proxy-thread.ts; nothing here runs while serving.

import { Gauges } from '../shared/segment/gauges.ts';
import type { Model } from '../shared/config/model.ts';
import type { ThreadStart } from '../shared/messages.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import { LatencyWriter } from '../shared/segment/latency.ts';
import { type LiveWords, liveCurrent, liveLines } from '../shared/segment/live.ts';
import type { ObjectTable } from '../shared/segment/objects.ts';
import type { Sys } from '../shared/sys/sys.ts';
import { groupOfThread, groupsOf } from '../shared/thread-groups.ts';
import { PipePool } from './conn/pipes.ts';
import { H1Limits } from './http/h1.ts';
import { TrailerReader } from './http/h1-body.ts';
import { Message } from './http/message.ts';
import type { Loop } from './loop/loop.ts';
import { RareEvents } from './memory/rare-events.ts';
import { SlotPool } from './memory/pool.ts';
import type { Program } from './program.ts';
import { type ServerWordsTable, threadWords } from './server/words.ts';
import { serverNamespaces } from './server-namespaces.ts';
import type { EngineContext } from './stream/context.ts';
import { type ConnectionCounts, scratchSlots, type ThreadContext } from './thread-context.ts';

/** Buffer memory of one thread: committed by the kernel only as it is used. */
const memoryMaxBytes = 1 << 30;
const slotsPerConnection = 4;
const smallMax = 16_384;
const largeMaxBytes = 1 << 28;
/** HTTP/2 puts many streams on few connections: a small maxconn must not starve them. */
const slotsMin = 8192;
/** A thread goes on with fewer than tune.buffers.limit leaves it. */
const reservedSlots = 16;

/** The thread's context, but for the program, which is compiled with it. */
export function makeContext(
  sys: Sys,
  start: ThreadStart,
  loop: Loop,
  counters: CounterWriter,
  seed: number,
): ThreadContext {
  const { tune, maxconn, maxpipes } = start.model.global;
  // maxpipes is the process's; each thread has its share.
  const pipeLimit = maxpipes > 0 ? Math.ceil(maxpipes / start.threadCount) : defaultPipes(maxconn);
  const slots = slotsOf(start);
  const memory = new SlotPool(sys, tune.bufsize, slots, otherSlots(start.model, slots));
  const scratchAt = memory.take();
  for (let i = 1; i < scratchSlots; i++) memory.take();
  const trailers = new TrailerReader(
    new Message(memory, tune.httpMaxhdr),
    new H1Limits(tune.httpMaxhdr - 1),
  );
  return {
    index: start.threadIndex,
    sys,
    memory,
    group: groupOf(start),
    rare: new RareEvents(start.model.global.debugCounters),
    time: loop.time,
    timers: loop.timers,
    poller: loop.poller,
    scratchAt,
    vector: sys.vector(4),
    pipes: new PipePool(sys, tune.pipesize, pipeLimit),
    trailers,
    counters,
    program: null as unknown as Program, // set by the constructor that calls this, before any use
    processVariables: [],
    random: xorshift(seed),
    defer: (act) => loop.defer(act),
    stopping: false,
    closeSpreadMs: -1,
    closeUntilMs: 0,
    gauges: new Gauges(start.gauges, start.threadCount),
    namespaces: serverNamespaces(sys, start.model),
  };
}

/** Slots of tune.bufsize for one thread: as many as connections need, or its share of a limit. */
export function slotsOf({
  model,
  threadCount,
}: Pick<ThreadStart, 'model' | 'threadCount'>): number {
  const { tune, maxconn } = model.global;
  const most = Math.floor(memoryMaxBytes / tune.bufsize);
  const wanted = Math.max(slotsMin, (maxconn || 2048) * slotsPerConnection + scratchSlots);
  if (tune.buffersLimit === 0) return Math.min(wanted, most);
  const share = Math.ceil(tune.buffersLimit / threadCount);
  return Math.min(wanted, most, Math.max(share, reservedSlots) + scratchSlots);
}

function groupOf({ model, threadIndex, threadCount }: ThreadStart) {
  const groups = groupsOf(model.global.groups, threadCount);
  const index = groupOfThread(groups, threadIndex);
  return { ...groups[index], index };
}

/** Slots of the two other sizes, as far as something may ask for them. */
function otherSlots({ proxies, defaults, global }: Model, slots: number) {
  const { bufsizeSmall: small, bufsizeLarge: large } = global.tune;
  const all = [...proxies, ...defaults.map(({ proxy }) => proxy)];
  const asksSmall = small > 0 && all.some(({ smallBuffers }) => smallBuffers.length > 0);
  const largeMax = large === 0 ? 0 : Math.max(3, Math.floor(largeMaxBytes / large));
  return {
    small: { slotBytes: Math.max(small, 1), slotMax: asksSmall ? Math.min(slots, smallMax) : 0 },
    large: { slotBytes: Math.max(large, 1), slotMax: Math.min(slots, largeMax) },
  };
}

/** Connections as logs show them: the live words that all threads of the process share. */
export function connectionCounts({
  live,
  processLive,
  frontLive,
}: EngineContext): ConnectionCounts {
  const { words } = live;
  return {
    ofProcess: () => words[processLive + liveCurrent],
    ofFrontend: (index) => words[frontLive[index] + liveCurrent],
    linesOf: (index) => words[frontLive[index] + liveLines],
    countLine: (index) => {
      Atomics.add(words, frontLive[index] + liveLines, 1);
    },
  };
}

/** Where backends and servers have their numbers, for this thread. */
export function makeWords(
  start: ThreadStart,
  counters: CounterWriter,
  objects: ObjectTable,
  live: LiveWords,
): ServerWordsTable {
  return threadWords({
    model: start.model,
    threadIndex: start.threadIndex,
    threadCount: start.threadCount,
    words: live.words,
    counters,
    farm: start.farm,
    objects: start.objects.proxies,
    stateAt: (object) => objects.sharedWords(object),
    liveAt: (object) => live.row(object),
  });
}

/** What the stream engine needs; links, log and endFront follow once they exist. */
export function makeEngineContext(
  thread: ThreadContext,
  start: ThreadStart,
  live: LiveWords,
  program: Program,
): EngineContext {
  const rowOf = (object: number): number => (object < 0 ? -1 : thread.counters.row(object));
  const lineOf = (object: number): number => (object < 0 ? -1 : live.row(object));
  const fronts = start.objects.proxies.map(({ front }) => front);
  const backs = start.objects.proxies.map(({ back }) => back);
  const byName = new Map(program.proxies.filter((p) => p.hasBack).map((p) => [p.name, p]));
  return {
    thread,
    live,
    frontRows: Int32Array.from(fronts, rowOf),
    listenerRows: Int32Array.from(start.objects.listeners, rowOf),
    frontLive: Int32Array.from(fronts, lineOf),
    listenerLive: Int32Array.from(start.objects.listeners, lineOf),
    backLive: backs.map(lineOf),
    latency:
      start.dashboard === null
        ? null
        : new LatencyWriter(start.dashboard.latency, start.threadCount, start.threadIndex),
    processRow: rowOf(start.objects.process),
    processLive: lineOf(start.objects.process),
    proxyAt: (index) => program.proxies[index],
    proxyNamed: (name) => byName.get(name) ?? null,
    nameProxy: (proxy) => void byName.set(proxy.name, proxy),
    forgetProxy: ({ name }) => void byName.delete(name),
  } as Partial<EngineContext> as EngineContext;
}

/** xorshift32, 0 <= x < 1. */
function xorshift(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
}

/** Without maxpipes, a thread may use a quarter of maxconn. */
function defaultPipes(maxconn: number): number {
  return Math.max(16, (maxconn || 2048) >> 2);
}
