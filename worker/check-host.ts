// Health checks as the control thread runs them: the loop, memory and TLS they need, and the ways
// from a result to counters, logs, proxy threads and administrative states. Made by control.ts;
// costs nothing where no server is checked.

import { freshServerSsl } from '../shared/config/fresh.ts';
import type { Model, ServerModel } from '../shared/config/model.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import { type LiveWords, liveQueued, liveServed } from '../shared/segment/live.ts';
import type { ObjectNumbers } from '../shared/messages.ts';
import type { Namespaces } from '../shared/sys/namespaces.ts';
import type { Sys } from '../shared/sys/sys.ts';
import type { CheckTls } from './check/connect.ts';
import type { CheckHost, RunningChecks } from './check/host.ts';
import { startChecks } from './check/runner.ts';
import { CheckStage } from './check/stage.ts';
import { ControlLoop } from './control-loop.ts';
import type { TlsContexts } from './conn/tls-contexts.ts';
import type { LiveData } from './live.ts';
import { IdleShare, sharesIdle } from './mux/idle-share.ts';
import { SlotPool } from './memory/pool.ts';
import { setAdminState } from './runtime/administration.ts';
import type { Answer } from './runtime/command.ts';
import type { RuntimeContext } from './runtime/context.ts';
import { setMaxconn, setWeight } from './runtime/servers.ts';
import type { ServerTarget } from './runtime/target.ts';
import type { FarmStates } from './server/farm-states.ts';
import { processStream } from './stream/process-stream.ts';
import { directionResponse } from './stream/stream.ts';
import { scratchSlots, type ThreadContext } from './thread-context.ts';

export interface CheckParts {
  readonly model: Model;
  readonly sys: Sys;
  /** Opened before the process gave up its view of the file system. */
  readonly namespaces: Namespaces;
  readonly farm: FarmStates;
  readonly objects: ObjectNumbers;
  readonly counters: CounterWriter;
  readonly live: LiveData;
  /** Live words, and idle connections of servers that threads share. */
  readonly liveWords: LiveWords;
  readonly idle: SharedArrayBuffer;
  /** TLS of servers. */
  readonly tls: TlsContexts;
  readonly context: RuntimeContext;
  nowMs(): number;
  report(proxyIndex: number, severity: number, text: string, shown?: string): void;
  fault(text: string): void;
}

/** Checks that receive at the same time: a slot each, committed as it is used. */
const answersMax = 4096;

/** The checks of a worker: they begin with the first server that is checked. */
export class CheckService implements RunningChecks {
  private readonly parts: CheckParts;
  private checks: RunningChecks | null;
  private loop: ControlLoop | null;

  constructor(parts: CheckParts) {
    this.parts = parts;
    this.checks = null;
    this.loop = null;
    if (hasChecks(parts.model)) this.begin();
  }

  private begin(): void {
    const { parts } = this;
    const loop = new ControlLoop(parts.sys, {
      nowMs: () => parts.nowMs(),
      onFault: (error) => {
        parts.fault(error instanceof Error ? (error.stack ?? error.message) : String(error));
      },
    });
    this.loop = loop;
    this.checks = startChecks(makeHost(parts, loop));
    loop.start();
  }

  follow(proxyIndex: number, serverIndex: number): void {
    this.checks?.follow(proxyIndex, serverIndex);
  }

  observed(proxyIndex: number, serverIndex: number, text: string): void {
    this.checks?.observed(proxyIndex, serverIndex, text);
  }

  serverChanged(proxyIndex: number, serverIndex: number, exists: boolean): void {
    if (this.checks !== null) this.checks.serverChanged(proxyIndex, serverIndex, exists);
    else if (exists && hasChecks(this.parts.model)) this.begin();
  }

  stop(): void {
    this.checks?.stop();
    this.loop?.stop();
  }
}

function hasChecks({ proxies }: Model): boolean {
  return proxies.some(({ servers, disabled }) => !disabled && servers.some(isWatched));
}

/** Something must be done for the server now and then, or when it changes. */
function isWatched({ check, agent, track, checks }: ServerModel): boolean {
  if (check || agent.enabled || track !== '') return true;
  return checks.slowstartMs > 0 || checks.shutsWhenDown || checks.shutsBackupsWhenUp;
}

function makeHost(parts: CheckParts, { loop }: ControlLoop): CheckHost {
  const { model, sys, farm, live, counters, context } = parts;
  const target = (proxyIndex: number, serverIndex: number): ServerTarget => {
    const proxy = model.proxies[proxyIndex];
    const name = `${proxy.name}/${proxy.servers[serverIndex].name}`;
    return { proxyIndex, serverIndex, words: farm.servers[proxyIndex][serverIndex], name };
  };
  return {
    sys,
    namespaces: parts.namespaces,
    model,
    program: live.program,
    stage: makeStage(parts, loop),
    server: (proxy, server) => farm.servers[proxy][server],
    // A proxy with servers has a backend side.
    backend: (proxy) => farm.backends[proxy]!,
    load: (proxy, server) => {
      const object = parts.objects.proxies[proxy].servers[server];
      const { live: words } = context.stats;
      return { sessions: words.sum(object, liveServed), queued: words.sum(object, liveQueued) };
    },
    count: (proxy, server, at) => {
      const { back, servers } = parts.objects.proxies[proxy];
      counters.values[counters.row(server < 0 ? back : servers[server]) + at] += 1;
    },
    tlsFor: tlsOf(parts.tls),
    idlePlace: idleOf(parts, loop),
    busy: () => loop.yieldToUv(),
    nowMs: () => parts.nowMs(),
    random: Math.random,
    report: (proxy, severity, text, shown) => parts.report(proxy, severity, text, shown),
    mail: (proxy, severity, text) => context.mail(proxy, severity, text),
    changed: (proxyIndex) => context.broadcast({ type: 'servers-changed', proxyIndex }),
    unreachable: (proxy, server) => {
      context.resolvers.unreachable(proxy, server);
      loop.yieldToUv();
    },
    shutdown: (proxy, server, cause) =>
      void context.inspect('end-streams', [proxy, server, cause.charCodeAt(0)]),
    administer: (proxy, server, state) => setAdminState(context, target(proxy, server), state),
    setWeight: (proxy, server, weight) =>
      complaint(setWeight(context, target(proxy, server), weight)),
    setMaxconn: (proxy, server, maxconn) =>
      complaint(setMaxconn(context, target(proxy, server), maxconn)),
  };
}

/** The share is entered when the first check may use it. */
function idleOf(
  { model, sys, idle, objects, liveWords, context }: CheckParts,
  { poller }: ControlLoop['loop'],
): CheckHost['idlePlace'] {
  let share: IdleShare | null = null;
  return (proxyIndex, serverIndex) => {
    const number = context.fleet.shareNumber(proxyIndex, serverIndex);
    if (number < 0 || !sharesIdle(model, model.global.nbthread)) return null;
    const unwatch = (epfd: number, fd: number): void => void sys.epollRemove(epfd, fd);
    share ??= new IdleShare(idle, model.global.nbthread, poller.epfd, unwatch);
    const liveAt = liveWords.row(objects.proxies[proxyIndex].servers[serverIndex]);
    return { share, number, words: liveWords.words, liveAt };
  };
}

/** What a command would have answered that went wrong. */
function complaint(answer: Answer): string {
  return typeof answer === 'object' && 'text' in answer ? answer.text : '';
}

function makeStage({ model, sys, live }: CheckParts, loop: ControlLoop['loop']): CheckStage {
  const { bufsize } = model.global.tune;
  const memory = new SlotPool(sys, bufsize, answersMax + scratchSlots);
  const scratchAt = memory.take();
  for (let i = 1; i < scratchSlots; i++) memory.take();
  const { poller, timers, time } = loop;
  const thread: ThreadContext = { ...live.thread, memory, scratchAt, poller, timers, time };
  const stream = processStream(thread);
  stream.direction = directionResponse;
  return new CheckStage({ sys, poller, timers, time, memory, scratchAt, stream, thread, model });
}

/** Contexts are made when a check first connects, and shared by servers with equal words. */
function tlsOf(contexts: TlsContexts): (server: ServerModel, alpn: string) => CheckTls | null {
  return (server, alpn) => {
    const words = server.ssl ?? server.checks.tls ?? freshServerSsl();
    const { context } = contexts.clientOf({ ...words, alpn: alpn || words.alpn });
    if (context === null) return null;
    const { verify, verifyHost } = words;
    return { context, verifies: verify === 'required', verifyHost };
  };
}
