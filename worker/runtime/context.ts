// What runtime commands may ask of the worker. The control thread (worker/main.ts) fills it in;
// tests make a smaller one. Kept to what a command cannot do by itself on the segment and the
// model.

import type { TlsFileChanges } from '../../shared/config/model-certificates.ts';
import type { Tls } from '../../shared/sys/tls.ts';
import type { ProxyModel, ServerModel } from '../../shared/config/model.ts';
import type {
  CliListener,
  ControlToThread,
  PatternEdit,
  RateLimit,
} from '../../shared/messages.ts';
import type { CounterWriter } from '../../shared/segment/counters.ts';
import type { ProfilingMode } from '../../shared/profiling-mode.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { TraceScene } from '../../shared/trace/commands.ts';
import type { ProfileEntry } from '../loop/profile.ts';
import type { LogRings } from '../log/rings.ts';
import type { PatternRegistry } from '../match/pattern-registry.ts';
import type { Sample } from '../sample/sample.ts';
import type { RedisSection } from '../peers/redis-section.ts';
import type { Section } from '../peers/section.ts';
import type { Section as ResolversSection } from '../resolvers/section.ts';
import type { StickTables } from '../tables/tracking.ts';
import type { StatsSource } from '../stats/source.ts';
import type { ErrorCapture } from '../stream/error-captures.ts';

/** One proxy thread as it answers to `inspect` 'thread'. */
export interface ThreadSnapshot {
  /** From 1. */
  readonly thread: number;
  readonly streams: number;
  readonly connections: number;
  /** Turns of its loop, those of them that found no event, and all events. */
  readonly turns: number;
  readonly idleTurns: number;
  readonly events: number;
  /** Since the start, or since the counters were cleared. */
  readonly accepted: number;
  readonly streamsTotal: number;
  readonly timers: number;
  readonly memoryFailures: number;
  /** Microseconds between two waits of its loop, over the last thousand or so. */
  readonly loopUs: number;
}

/** One kind of pooled memory of one thread: `inspect` 'memory'. */
export interface PoolSnapshot {
  readonly name: string;
  /** Of one object; 0: objects of the JavaScript heap. */
  readonly bytes: number;
  readonly allocated: number;
  readonly used: number;
  readonly failures: number;
}

/**
 * What a thread answers to `inspect` 'idle': its index, and how many idle connections it keeps by
 * the server's object in the segment; servers without are left out.
 */
export type IdleCounts = readonly [
  threadIndex: number,
  servers: readonly (readonly [object: number, idle: number])[],
];

/** One descriptor that a thread watches: `inspect` 'descriptors'. */
export interface DescriptorSnapshot {
  readonly fd: number;
  /** From 1, 0: the control thread. */
  readonly thread: number;
  readonly kind: 'listener' | 'front' | 'back' | 'pipe';
  readonly readable: boolean;
  readonly writable: boolean;
  readonly hangup: boolean;
  readonly broken: boolean;
  readonly isTls: boolean;
  /** Of listeners and client connections. */
  readonly proxy: string;
  readonly family: string;
  readonly address: string;
  readonly port: number;
}

/** What a thread answers to `inspect` 'profile'. Times of the shared clock, 0: never, not yet. */
export interface ThreadProfile {
  readonly mode: ProfilingMode;
  readonly isOn: boolean;
  readonly startedMs: number;
  readonly stoppedMs: number;
  readonly nowMs: number;
  readonly entries: readonly ProfileEntry[];
}

/** Since when memory is profiled, and until when; milliseconds of the shared clock, 0: never. */
export interface MemoryProfileSpan {
  startedMs: number;
  stoppedMs: number;
}

/** A rare event and how often a thread saw it: `inspect` 'rare'. */
export type { RareCount } from '../memory/rare-events.ts';

/** What a thread answers to `inspect` 'errors'. */
export interface CapturedErrors {
  readonly count: number;
  readonly list: readonly ErrorCapture[];
}

/** CPU time of one proxy thread as the kernel counts it. */
export interface ThreadTimes {
  readonly runMs: number;
  /** Ready to run, and not running. */
  readonly waitMs: number;
  /** Share of the last second that it ran. */
  readonly busyPercent: number;
}

/** The control thread's copy of pattern lists and process variables; edits reach all threads. */
export interface LiveAccess {
  readonly patterns: PatternRegistry;
  editPatterns(edits: readonly PatternEdit[]): void;
  /** The process variable of this name (`proc.x`), null: unset or unknown. Not to be changed. */
  variable(name: string): Sample | null;
  /** Sets a process variable to an expression's or format's value; '' or what is wrong. */
  setVariable(name: string, value: string, isFormat: boolean): string;
}

/** Servers that come and go: worker/fleet.ts. Promises end when every thread has followed. */
export interface FleetAccess {
  /** The server joins its backend, in maintenance; '' or why it cannot. */
  add(proxyIndex: number, server: ServerModel): Promise<string>;
  /** Streams, queued requests or idle connections of this process still need it. */
  isBusy(proxyIndex: number, serverIndex: number): boolean;
  /** Takes a server in maintenance away; false: it has come into use meanwhile and stays. */
  remove(proxyIndex: number, serverIndex: number): Promise<boolean>;
  /** Its place among idle connections that threads share, -1: it has none. */
  shareNumber(proxyIndex: number, serverIndex: number): number;
  /** Gives a server's model other values: name, address, TLS. */
  renew(proxyIndex: number, serverIndex: number, fields: Partial<ServerModel>): Promise<void>;
  /** The backend's secret or switch of dynamic cookies has changed. */
  renewCookies(proxyIndex: number): Promise<void>;
}

/** Backends that come and go: worker/fleet-backends.ts. Promises end as above. */
export interface BackendAccess {
  /** The backend joins, without servers; '' or why it cannot. */
  add(proxy: ProxyModel): Promise<string>;
  /** Lets rules lead to it, or not. */
  publish(proxyIndex: number, isPublished: boolean): Promise<void>;
  /** Streams of this process still use it. */
  isBusy(proxyIndex: number): boolean;
  remove(proxyIndex: number): Promise<boolean>;
}

/** What the configuration's own words refer to, so that it must stay: worker/live.ts. */
export interface ReferenceAccess {
  isServerReferred(proxyIndex: number, serverIndex: number): boolean;
  isBackendReferred(proxyIndex: number): boolean;
  /** What is wrong with a server that shall be added, '' for nothing. */
  serverFault(proxyIndex: number, server: ServerModel): string;
}

/** Certificates and what else TLS reads from files: worker/tls-store.ts. */
export interface TlsFileAccess {
  /** OpenSSL of the control thread. */
  readonly open: () => Tls;
  /** Puts changes in force everywhere; '' or why they cannot be: nothing has changed then. */
  put(changes: TlsFileChanges): string;
}

/** Resolvers sections: worker/resolvers-host.ts. */
export interface ResolversAccess {
  readonly sections: readonly ResolversSection[];
  /** undefined: the server's name is not resolved while it serves. */
  serverOf(proxyIndex: number, serverIndex: number): object | undefined;
  /** The server could not be reached: its name is asked for again. */
  unreachable(proxyIndex: number, serverIndex: number): void;
  /** Gives a server another name; what has come of it. */
  rename(proxyIndex: number, serverIndex: number, name: string): string;
}

export interface RuntimeContext {
  readonly resolvers: ResolversAccess;
  readonly fleet: FleetAccess;
  readonly backends: BackendAccess;
  readonly references: ReferenceAccess;
  readonly tlsFiles: TlsFileAccess;
  readonly sys: Sys;
  readonly stats: StatsSource;
  /** Counter rows of the control thread: what `clear counters` writes to. */
  readonly counters: CounterWriter;
  readonly cliListeners: readonly CliListener[];
  readonly startupLogs: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly threadCount: number;
  readonly live: LiveAccess;
  /** The control thread's views of the stick tables. */
  readonly tables: StickTables;
  /** Peers sections that are active. */
  readonly peers: { readonly sections: readonly Section[]; readonly met: readonly RedisSection[] };
  /** Event rings: what `show events` shows. */
  readonly rings: LogRings;
  /** What is traced: `trace`, `show trace`. */
  readonly traces: TraceScene;
  /** Milliseconds since the worker started. */
  uptimeMs(): number;
  broadcast(message: ControlToThread): void;
  /** Asks every proxy thread and collects what it sends back, in thread order. */
  inspect(what: string, argument?: readonly number[]): Promise<readonly unknown[]>;
  /** By thread index. */
  threadTimes(): readonly ThreadTimes[];
  /** Key of sessions that hide names (`anonkey`), 0: each makes its own. */
  anonKey: number;
  readonly memoryProfile: MemoryProfileSpan;
  /** `show info`, DebugCommandsIssued. */
  debugCommands: number;
  /** Pauses (false) or resumes (true) a frontend; false when that failed. */
  setFrontEnabled(proxyIndex: number, isEnabled: boolean): boolean;
  /** Closes a frontend's listeners for good. */
  stopFront(proxyIndex: number): void;
  setFrontMaxconn(proxyIndex: number, maxconn: number): void;
  /** False: beyond what the descriptors allow. 0 asks for that limit. */
  setGlobalMaxconn(maxconn: number): boolean;
  /** One of the limits of `set rate-limit`, 0: none. */
  setRateLimit(limit: RateLimit, value: number): void;
  /**
   * A server's words were changed: counts the backend's servers again, tells the threads, writes
   * `text` to the log and standard error.
   */
  serverChanged(proxyIndex: number, serverIndex: number, text: string): void;
  /** A warning for standard error and the global logs. */
  warn(text: string): void;
  /** A line for a proxy's logs and standard error, which shows it as `shown`. */
  report(proxyIndex: number, severity: number, text: string, shown?: string): void;
  /** The same for who is told by mail (email-alert). */
  mail(proxyIndex: number, severity: number, text: string): void;
  /** A line for the global logs, severity as syslog numbers it. */
  log(severity: number, text: string): void;
}
