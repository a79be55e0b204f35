// What everything on one proxy thread shares: the door to the kernel, memory, time, counters and
// the compiled program. One object per thread, made by worker/thread.ts, handed to whoever needs
// it.

import type { DashboardStart } from '../shared/dashboard-messages.ts';
import type { PatternEdit } from '../shared/messages.ts';
import type { CounterWriter } from '../shared/segment/counters.ts';
import type { Gauges } from '../shared/segment/gauges.ts';
import type { Namespaces } from '../shared/sys/namespaces.ts';
import type { IoVector, Sys } from '../shared/sys/sys.ts';
import type { ThreadGroup } from '../shared/thread-groups.ts';
import type { PipePool } from './conn/pipes.ts';
import type { TrailerReader } from './http/h1-body.ts';
import type { Poller } from './loop/poller.ts';
import type { Timers } from './loop/timers.ts';
import type { PatternReference } from './match/pattern-reference.ts';
import type { RareEvents } from './memory/rare-events.ts';
import type { SlotPool } from './memory/pool.ts';
import type { MetricsRequest, Program, StatsPagePlan, StatsPageRequest } from './program.ts';
import type { Sample } from './sample/sample.ts';
import type { Piece } from './stream/applet.ts';
import type { Stream } from './stream/stream.ts';
import type { StickTables } from './tables/tracking.ts';

/** Read once per turn of the loop; nobody else asks the kernel for the time. */
export interface LoopTime {
  /** Shared monotonic clock, milliseconds with fraction. */
  nowMs: number;
  /** Wall clock, milliseconds since the epoch with fraction. */
  wallMs: number;
}

/** What all threads of the process share and logs show (%ac, %fc, %lc). */
export interface ConnectionCounts {
  ofProcess(): number;
  ofFrontend(proxyIndex: number): number;
  /** Log lines of the frontend so far (%lc), counted where something shows them. */
  linesOf(proxyIndex: number): number;
  countLine(proxyIndex: number): void;
}

/** Numbers of proxies over all threads of the process, by proxy index; read by fetches. */
export interface ProxyNumbers {
  /** Streams in the backend (be_conn), and those that wait for any server (queue). */
  backConnections(proxyIndex: number): number;
  queued(proxyIndex: number): number;
  /** Events of the last second. */
  frontSessionRate(proxyIndex: number): number;
  frontRequestRate(proxyIndex: number): number;
  backSessionRate(proxyIndex: number): number;
  /** By the server's object in the segment. */
  serverSessionRate(object: number): number;
}

/** Live dashboards on this thread: worker/dashboard. */
export interface LiveDashboards {
  readonly start: DashboardStart;
  /** False: too many look already. */
  readonly hasRoom: boolean;
  /** The event stream of the dashboard of that proxy. */
  open(stream: Stream, proxyIndex: number): Iterator<string | Uint8Array | null>;
}

/** Makes statistics pages: worker/stats/page.ts. */
export interface StatsPages {
  /** null: no proxy has one. */
  readonly dashboards: LiveDashboards | null;
  pieces(plan: StatsPagePlan, request: StatsPageRequest): Iterator<Piece>;
  /** The same numbers for Prometheus: worker/stats/prometheus.ts. */
  metrics(request: MetricsRequest): Iterator<Piece>;
  /** A form was sent. What became of it, '' while the stream must wait. */
  change(stream: Stream, plan: StatsPagePlan, request: StatsPageRequest): string;
}

/** A look-up of a do-resolve rule. */
export interface LookupPlan {
  readonly section: string;
  readonly prefer: 'ipv4' | 'ipv6';
  /** How long a stream waits at most. */
  readonly limitMs: number;
}

/** Looks names up for rules: worker/thread-lookups.ts. */
export interface NameLookups {
  /** What has come of the look-up of a stream; null: nothing yet, undefined: there is none. */
  answerOf(stream: Stream): string | null | undefined;
  /** Begins one: an address that is known, or null: the stream's rules go on when one is. */
  ask(stream: Stream, plan: LookupPlan, name: string): string | null;
  /** The stream has its answer, or waits no more. */
  forget(stream: Stream): void;
}

/** Keeps malformed HTTP/1 messages: worker/stream/error-captures.ts. */
export interface ErrorNotes {
  /** `errorAt` bytes after `at` is what is wrong, in the thread's memory. */
  note(
    stream: Stream,
    isResponse: boolean,
    bytes: { readonly at: number; readonly length: number; readonly errorAt: number },
  ): void;
}

/** Size of the scratch area: a head, a payload and framing fit. */
export const scratchSlots = 3;

export interface ThreadContext {
  /** 0-based. `thread` in logs and fetches is index + 1. */
  readonly index: number;
  readonly sys: Sys;
  readonly memory: SlotPool;
  /** The group it belongs to; absent: it is none of the proxy threads. */
  readonly group?: ThreadGroup & { readonly index: number };
  /** What `debug counters` shows. */
  readonly rare: RareEvents;
  readonly time: LoopTime;
  readonly timers: Timers;
  readonly poller: Poller;
  /**
   * Start of the scratch area in `memory`: `scratchSlots` slots in a row, free between two calls.
   */
  readonly scratchAt: number;
  /** A list of a few entries for one sendVector call. */
  readonly vector: IoVector;
  readonly pipes: PipePool;
  /** Where trailers are parsed into, front and back alike. */
  readonly trailers: TrailerReader;
  readonly counters: CounterWriter;
  /** How busy threads and sockets are; absent as `connections`. */
  readonly gauges?: Gauges;
  /** Absent: nobody counts (a test, a check); logs then show 0. */
  readonly connections?: ConnectionCounts;
  /** Set once, right after compiling. */
  program: Program;
  /** Process variables (proc.*), by index; each thread has a copy kept equal by edits. */
  readonly processVariables: (Sample | null)[];
  /** Tells the other threads of an edit of a process variable; null: unset. They apply it with
   * applyProcessVariable of sample/variables.ts. Absent: this is the only thread. */
  publishVariable?: (index: number, value: import('./sample/sample.ts').Sample | null) => void;
  /**
   * Tells the other threads that a rule has edited a pattern list: match/edits.ts. Absent: as
   * above.
   */
  publishPattern?: (reference: PatternReference, edit: PatternEdit) => void;
  /** Variables of the check that is being evaluated (check.*): the control thread's alone. */
  checkVariables?: (Sample | null)[];
  /** Stick tables; absent as `numbers`. */
  tables?: StickTables;
  /** Absent: a check of the configuration or a test without a segment. */
  numbers?: ProxyNumbers;
  /** Statistics pages; absent as `numbers`. */
  statsPages?: StatsPages;
  /** Absent as `numbers`. */
  lookups?: NameLookups;
  /** Network namespaces of servers. Absent: a test, a check. */
  namespaces?: Namespaces;
  /** Absent: nobody asks for malformed messages (a test, a check). */
  errors?: ErrorNotes;
  /** Cheap uniform number in [0, 1): xorshift, seeded per thread (a test seeds it). */
  random(): number;
  /** Runs `act` after the current batch of events, before sleeping. */
  defer(act: () => void): void;
  /** True from the start of a soft stop. */
  stopping: boolean;
  /**
   * During a soft stop, over how long clients are told to leave (close-spread-time), and until
   * when: below zero: at once, Infinity: never.
   */
  closeSpreadMs: number;
  closeUntilMs: number;
}

/** Is it time to end a client's connection because of a soft stop, at its next response? */
export function endsConnections(thread: ThreadContext): boolean {
  if (!thread.stopping || thread.closeSpreadMs === Number.POSITIVE_INFINITY) return false;
  if (thread.closeSpreadMs < 0) return true;
  // The nearer the end, the more connections go.
  const leftMs = thread.closeUntilMs - thread.time.nowMs;
  return leftMs <= thread.random() * thread.closeSpreadMs;
}
