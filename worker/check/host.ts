// What the worker's control thread hands to the checks, and what it may ask of them. Types only.

import type { Model, ServerModel } from '../../shared/config/model.ts';
import type { BackendWords } from '../../shared/segment/backend-state.ts';
import type { ServerWords } from '../../shared/segment/server-state.ts';
import type { Namespaces } from '../../shared/sys/namespaces.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import type { Program } from '../program.ts';
import type { CheckTls } from './connect.ts';
import type { IdlePlace } from './idle.ts';
import type { CheckStage } from './stage.ts';

/** Severities of syslog that checks use. */
export const severityEmergency = 0;
export const severityAlert = 1;
export const severityNotice = 5;
export const severityInfo = 6;

/** Streams of a server now, and how many wait for it. */
export interface ServerLoad {
  readonly sessions: number;
  readonly queued: number;
}

export interface CheckHost {
  readonly sys: Sys;
  readonly model: Model;
  /** Compiled on the control thread: plans of checks, and what their expressions read. */
  readonly program: Program;
  readonly stage: CheckStage;
  readonly namespaces: Namespaces;
  server(proxyIndex: number, serverIndex: number): ServerWords;
  backend(proxyIndex: number): BackendWords;
  load(proxyIndex: number, serverIndex: number): ServerLoad;
  /** Adds one to a counter of the control thread; serverIndex -1: the backend's. */
  count(proxyIndex: number, serverIndex: number, fieldAt: number): void;
  /** TLS towards a server's checks that offers these protocols; null: it cannot be made. */
  tlsFor(server: ServerModel, alpn: string): CheckTls | null;
  /** Where its idle connections are shared, null: nowhere. */
  idlePlace(proxyIndex: number, serverIndex: number): IdlePlace | null;
  /** Something was begun that libuv must see to: the loop lets it. */
  busy(): void;
  /** Shared clock. */
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** A line for standard error and the proxy's logs, which know nothing of quotes. */
  report(proxyIndex: number, severity: number, text: string, shown?: string): void;
  /** The same for who is told by mail, at a level of its own. */
  mail(proxyIndex: number, severity: number, text: string): void;
  /** Wakes the proxy threads: servers of this proxy changed. */
  changed(proxyIndex: number): void;
  /** The server could not be connected to: its name may have another address by now. */
  unreachable(proxyIndex: number, serverIndex: number): void;
  /** Ends the streams on a server; the cause is the first letter of their termination state. */
  shutdown(proxyIndex: number, serverIndex: number, cause: 'D' | 'U'): void;
  /** `set server state`, as an agent asks for it. */
  administer(proxyIndex: number, serverIndex: number, state: 'ready' | 'drain' | 'maint'): void;
  /** `set weight` and `set maxconn server`; what is wrong, or ''. */
  setWeight(proxyIndex: number, serverIndex: number, weight: string): string;
  setMaxconn(proxyIndex: number, serverIndex: number, maxconn: string): string;
}

export interface RunningChecks {
  /** A state changed by other means (runtime API): servers that track it follow. */
  follow(proxyIndex: number, serverIndex: number): void;
  /** Traffic has shown as many errors of a server as it may; `text` says which. */
  observed(proxyIndex: number, serverIndex: number, text: string): void;
  /** A server was added or deleted at run time. */
  serverChanged(proxyIndex: number, serverIndex: number, exists: boolean): void;
  stop(): void;
}

/** One server of the configuration. */
export interface Subject {
  readonly proxyIndex: number;
  readonly serverIndex: number;
}
