// What one proxy thread tells of itself when the control thread asks (`inspect` in messages.ts),
// and the few things it does at an operator's word. Questions are rows; answers are plain data,
// typed by worker/runtime/context.ts. Called by proxy-thread.ts, never while traffic is handled.

import type { ThreadStart } from '../shared/messages.ts';
import { profilingModes } from '../shared/profiling-mode.ts';
import { field } from '../shared/segment/metrics.ts';
import { collectGarbage } from './garbage.ts';
import { Connection } from './conn/connection.ts';
import { familyIpv4, familyIpv6, familyUnix } from './conn/endpoint.ts';
import { Listener } from './conn/listener.ts';
import type { Loop } from './loop/loop.ts';
import type {
  DescriptorSnapshot,
  PoolSnapshot,
  ThreadProfile,
  ThreadSnapshot,
} from './runtime/context.ts';
import { heapRows, startHeapProfile, stopHeapProfile } from './runtime/heap-profile.ts';
import { rare, rareKinds } from './memory/rare-events.ts';
import type { Acceptor } from './stream/acceptor.ts';
import type { EngineContext } from './stream/context.ts';
import type { Engine } from './stream/engine.ts';
import type { ErrorCaptures } from './stream/error-captures.ts';
import { shutdownServer, shutdownStream, snapshots } from './stream/session-list.ts';
import { stress } from './thread-stress.ts';
import type { ThreadContext } from './thread-context.ts';

export interface InspectedThread {
  readonly start: ThreadStart;
  readonly loop: Loop;
  readonly thread: ThreadContext;
  readonly acceptor: Acceptor;
  readonly engine: Engine;
  readonly errors: ErrorCaptures;
  readonly context: EngineContext;
}

type Question = (seen: InspectedThread, argument: readonly number[]) => unknown;

/** The answer to `what`; null for a question that nobody asks. */
export function inspectThread(
  seen: InspectedThread,
  what: string,
  argument: readonly number[],
): unknown {
  return questions.get(what)?.(seen, argument) ?? null;
}

const questions: ReadonlyMap<string, Question> = new Map<string, Question>([
  ['collect', () => collectGarbage()],
  ['sessions', ({ acceptor, loop }) => snapshots(acceptor, loop.time.nowMs)],
  ['thread', threadState],
  ['memory', memoryState],
  ['descriptors', descriptors],
  ['idle', ({ start, context }) => [start.threadIndex, context.links.idleCounts()]],
  ['shutdown-session', ({ acceptor, engine }, [id]) => shutdownStream(acceptor, engine, id)],
  [
    'shutdown-server',
    ({ acceptor, engine }, [proxyIndex, serverIndex]) =>
      shutdownServer(acceptor, engine, [proxyIndex, serverIndex]),
  ],
  [
    'end-streams',
    ({ acceptor, engine }, [proxyIndex, serverIndex, cause]) =>
      shutdownServer(acceptor, engine, [proxyIndex, serverIndex], String.fromCharCode(cause)),
  ],
  ['errors', ({ errors }) => ({ count: errors.count, list: errors.list() })],
  ['delay', ({ thread }, [ms]) => delay(thread, ms)],
  ['profile', profileState],
  [
    'profile-tasks',
    ({ loop }, [mode]) => loop.profile.setMode(profilingModes[mode], loop.time.nowMs),
  ],
  ['profile-memory', (_, [isOn]) => (isOn === 1 ? startHeapProfile() : stopHeapProfile())],
  ['heap-rows', heapRows],
  ['rare', ({ thread }) => thread.rare.list()],
  ['rare-reset', ({ thread }, kinds) => thread.rare.reset(kinds.map((at) => rareKinds[at]))],
  ['rare-on', ({ thread }, [isOn]) => (thread.rare.isOn = isOn === 1)],
  ['check', ({ thread }) => check(thread)],
  [
    'stress',
    ({ thread }, [isTask, count, interMs]) => stress(thread, isTask === 1, count, interMs),
  ],
]);

function threadState({ acceptor, loop, start, thread, context }: InspectedThread) {
  const { processRow } = context; // of the object of the process, in this thread's counters
  const { values } = thread.counters;
  return {
    thread: start.threadIndex + 1,
    streams: acceptor.streamCount,
    connections: acceptor.count,
    turns: loop.turns,
    idleTurns: loop.idleTurns,
    events: loop.events,
    accepted: values[processRow + field.CumConns],
    streamsTotal: values[processRow + field.CumStreams],
    timers: thread.timers.size,
    memoryFailures: thread.memory.exhausted,
    loopUs: loop.profile.averageUs,
  } satisfies ThreadSnapshot;
}

function profileState({ loop }: InspectedThread) {
  const { mode, isOn, startedMs, stoppedMs } = loop.profile;
  const { nowMs } = loop.time;
  const entries = loop.profile.list();
  return { mode, isOn, startedMs, stoppedMs, nowMs, entries } satisfies ThreadProfile;
}

function memoryState({ acceptor, thread }: InspectedThread) {
  const { memory, pipes } = thread;
  const { count, streamCount, streamsMade } = acceptor;
  return [
    {
      name: 'buffer',
      bytes: memory.slotBytes,
      allocated: memory.touched,
      used: memory.inUse,
      failures: memory.exhausted,
    },
    {
      name: 'pipe',
      bytes: 0,
      allocated: pipes.inUse + pipes.spares,
      used: pipes.inUse,
      failures: 0,
    },
    { name: 'session', bytes: 0, allocated: count, used: count, failures: 0 },
    { name: 'stream', bytes: 0, allocated: streamsMade, used: streamCount, failures: 0 },
  ] satisfies readonly PoolSnapshot[];
}

/** Every descriptor this thread watches. */
function descriptors({ loop, acceptor, start }: InspectedThread): readonly DescriptorSnapshot[] {
  const { handlers } = loop.poller;
  const clients = new Map<number, string>();
  for (const { connection, frontend } of acceptor.list) {
    clients.set(connection.fd, frontend.name);
  }
  const rows: DescriptorSnapshot[] = [];
  const thread = start.threadIndex + 1;
  handlers.forEach((handler, fd) => {
    const own = { ...unknownDescriptor, fd, thread };
    if (handler instanceof Listener) rows.push(listenerRow(own, handler));
    else if (handler instanceof Connection) rows.push(connectionRow(own, handler, clients.get(fd)));
    else if (handler !== null) rows.push(own);
  });
  return rows;
}

const unknownDescriptor: Omit<DescriptorSnapshot, 'fd' | 'thread'> = {
  ...{ kind: 'pipe', readable: false, writable: false, hangup: false, broken: false },
  ...{ isTls: false, proxy: '', family: '', address: '', port: 0 },
};

function listenerRow(own: DescriptorSnapshot, listener: Listener): DescriptorSnapshot {
  const { proxy, object } = listener.plan;
  const { family, host, port } = object;
  const readable = listener.isWatched;
  return { ...own, kind: 'listener', readable, proxy: proxy.name, family, address: host, port };
}

function connectionRow(
  own: DescriptorSnapshot,
  connection: Connection,
  frontend: string | undefined,
): DescriptorSnapshot {
  const { readable, writable, hangup, broken, transport, source, destination } = connection;
  const far = frontend === undefined ? destination : source;
  return {
    ...own,
    ...{ kind: frontend === undefined ? 'back' : 'front', readable, writable, hangup, broken },
    ...{ isTls: transport !== null, proxy: frontend ?? '', family: familyNames[far.family] ?? '' },
    ...{ address: far.text(), port: far.port },
  };
}

const familyNames: Readonly<Record<number, string>> = {
  [familyUnix]: 'unix',
  [familyIpv4]: 'ipv4',
  [familyIpv6]: 'ipv6',
};

/** `debug dev check`: an assumption that does not hold, and a fault that the loop catches. */
function check(thread: ThreadContext): void {
  thread.rare.note(rare.checkAsked);
  thread.defer(() => {
    throw new Error('debug dev check');
  });
}

const delayMaxMs = 60_000;

/** `debug dev loop`: holds this thread for a while, as a slow rule would. */
function delay(thread: ThreadContext, ms: number): boolean {
  const untilUs = thread.sys.wallUs() + Math.min(ms, delayMaxMs) * 1000;
  while (thread.sys.wallUs() < untilUs);
  return true;
}
