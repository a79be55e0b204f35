// What the stream engine needs around it on one thread: counter rows, connections to servers, the
// log, and the way back to the client's mux. Made by worker/thread.ts; tests make a smaller one.

import type { LatencyWriter } from '../../shared/segment/latency.ts';
import type { LiveWords } from '../../shared/segment/live.ts';
import type { Links } from '../mux/links.ts';
import type { ProxyPlan } from '../program.ts';
import type { ThreadContext } from '../thread-context.ts';
import type { Stream } from './stream.ts';

export interface EngineContext {
  readonly thread: ThreadContext;
  readonly live: LiveWords;
  /** Counter rows (index into counters.values) by proxy index, -1: none on that side. */
  readonly frontRows: Int32Array;
  /** By listener index, -1: no socket-stats. */
  readonly listenerRows: Int32Array;
  /** Live words by proxy index. */
  readonly frontLive: Int32Array;
  /** By listener index, -1: neither socket-stats nor a maxconn of its own. */
  readonly listenerLive: Int32Array;
  /** Grows with backends added at run time. */
  readonly backLive: number[];
  readonly links: Links;
  /** Counts how long exchanges take; null: nobody asks. */
  readonly latency: LatencyWriter | null;
  /** Row of the process object, and its live words. */
  readonly processRow: number;
  readonly processLive: number;
  /** Traffic has shown as many errors of a server as it may (server/observe.ts). */
  observed(proxyIndex: number, serverIndex: number, text: string): void;
  /** Writes the line of a step (shared/config/log-steps.ts). */
  log(stream: Stream, step: number): void;
  /** May one more TLS connection begin (maxsslconn)? */
  hasTlsRoom(): boolean;
  /** Hands the client's side back to its mux, and the stream to the pool. */
  endFront(stream: Stream, keep: boolean): void;
  /** A TCP session goes on as HTTP: its client's side is another from here on. */
  toHttp(stream: Stream): void;
  proxyAt(index: number): ProxyPlan;
  proxyNamed(name: string): ProxyPlan | null;
  /** A backend was added at run time; `backLive` is told apart. */
  nameProxy(proxy: ProxyPlan): void;
  /** A backend is gone. */
  forgetProxy(proxy: ProxyPlan): void;
}
