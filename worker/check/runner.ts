// The health checks of a worker: when each server is checked, and what follows from it. Runs on the
// control thread on libuv timers; proxy threads see results through the servers' words. Started and
// stopped by the worker's main.

import type { Model, ServerModel } from '../../shared/config/model.ts';
import type { BackendWords } from '../../shared/segment/backend-state.ts';
import { field } from '../../shared/segment/metrics.ts';
import {
  checkEnabled,
  checkInProgress,
  checkPaused,
  type ServerWords,
  serverAdmin,
  adminMaint,
  serverCheckFlags,
  serverState,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import {
  applyResult,
  type ChangeNumbers,
  type CheckResult,
  changeText,
  healthText,
  intervalMs,
  reasonText,
} from './health.ts';
import { type ProbeTarget, probe, probeTarget } from './probe.ts';
import { trackersOf } from '../server/track.ts';

/** Severities of syslog that checks use. */
export const severityEmergency = 0;
export const severityAlert = 1;
export const severityNotice = 5;

/** What the worker's main hands to the checks. */
export interface CheckHost {
  readonly sys: Sys;
  readonly model: Model;
  server(proxyIndex: number, serverIndex: number): ServerWords;
  backend(proxyIndex: number): BackendWords;
  /** Streams of a server now, and how many wait for it. */
  load(
    proxyIndex: number,
    serverIndex: number,
  ): { readonly sessions: number; readonly queued: number };
  /** Adds one to a counter of the control thread; serverIndex -1: the backend's. */
  count(proxyIndex: number, serverIndex: number, fieldAt: number): void;
  /** Shared clock. */
  nowMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** A line for standard error (as a warning, severity 0 as an alert) and the proxy's logs. */
  report(proxyIndex: number, severity: number, text: string): void;
  /** Wakes the proxy threads: servers of this proxy changed. */
  changed(proxyIndex: number): void;
}

export interface RunningChecks {
  /** A state changed by other means (runtime API): servers that track it follow. */
  follow(proxyIndex: number, serverIndex: number): void;
  /** A server was added or deleted at run time. */
  serverChanged(proxyIndex: number, serverIndex: number, exists: boolean): void;
  stop(): void;
}

/** Starts spread over the shortest long interval, so that not all servers are asked at once. */
const interLongMs = 1000;

/** Starts the checks of all servers that have one. Control thread; ends with `stop`. */
export function startChecks(host: CheckHost): RunningChecks {
  const checks: ServerCheck[] = [];
  const farm = new FarmChanges(host);
  host.model.proxies.forEach((proxy, proxyIndex) => {
    proxy.servers.forEach((model, serverIndex) => {
      if (!model.check || proxy.disabled || model.track !== '') return;
      checks.push(new ServerCheck(host, farm, { model, proxyIndex, serverIndex }));
    });
  });
  const long = checks.map((check) => check.model.interMs).filter((inter) => inter >= interLongMs);
  const window = long.length > 0 ? Math.min(...long) : 0;
  checks.forEach((check, position) => {
    check.begin((Math.max(window, check.model.interMs) * position) / checks.length);
  });
  return {
    follow: (proxyIndex, serverIndex) => farm.follow(proxyIndex, serverIndex),
    serverChanged: (proxyIndex, serverIndex, exists) => {
      farm.findTrackers();
      const at = checks.findIndex((check) => check.isOf(proxyIndex, serverIndex));
      if (at >= 0) for (const check of checks.splice(at, 1)) check.stop();
      const model = host.model.proxies[proxyIndex].servers[serverIndex];
      if (!exists || !model.check || model.track !== '') return;
      const check = new ServerCheck(host, farm, { model, proxyIndex, serverIndex });
      checks.push(check);
      check.begin(0);
    },
    stop: () => {
      for (const check of checks) check.stop();
    },
  };
}

interface Subject {
  readonly model: ServerModel;
  readonly proxyIndex: number;
  readonly serverIndex: number;
}

class ServerCheck {
  readonly model: ServerModel;
  private readonly host: CheckHost;
  private readonly farm: FarmChanges;
  private readonly subject: Subject;
  private readonly target: ProbeTarget;
  private readonly words: ServerWords;
  private timer: NodeJS.Timeout | null;
  private cancel: () => void;
  private startedMs: number;

  constructor(host: CheckHost, farm: FarmChanges, subject: Subject) {
    this.model = subject.model;
    this.host = host;
    this.farm = farm;
    this.subject = subject;
    this.target = probeTarget(subject.model, host.model.contents);
    this.words = host.server(subject.proxyIndex, subject.serverIndex);
    this.timer = null;
    this.cancel = () => {};
    this.startedMs = 0;
  }

  isOf(proxyIndex: number, serverIndex: number): boolean {
    const { subject } = this;
    return subject.proxyIndex === proxyIndex && subject.serverIndex === serverIndex;
  }

  begin(delayMs: number): void {
    this.timer = setTimeout(() => this.run(), this.spread(delayMs));
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.setProgress(false);
    this.cancel();
  }

  /** spread-checks: up to that many percent of the interval sooner or later. */
  private spread(delayMs: number): number {
    const reach = (intervalMs(this.words, this.model) * this.host.model.global.spreadChecks) / 100;
    return Math.max(0, delayMs + reach - 2 * reach * this.host.random());
  }

  private setProgress(on: boolean): void {
    const { words, at } = this.words;
    if (on) Atomics.or(words, at + serverCheckFlags, checkInProgress);
    else Atomics.and(words, at + serverCheckFlags, ~checkInProgress);
  }

  private isActive(): boolean {
    const { words, at } = this.words;
    const flags = words[at + serverCheckFlags];
    if ((flags & checkEnabled) === 0 || (flags & checkPaused) !== 0) return false;
    return (words[at + serverAdmin] & adminMaint) === 0;
  }

  private run(): void {
    if (!this.isActive()) {
      this.begin(intervalMs(this.words, this.model));
      return;
    }
    this.startedMs = this.host.nowMs();
    this.setProgress(true);
    this.cancel = probe(this.host.sys, this.target, this.timeoutMs(), (status, info) => {
      this.setProgress(false);
      const durationMs = this.host.nowMs() - this.startedMs;
      this.farm.checked(this.subject, this.words, { status, info, durationMs });
      this.begin(intervalMs(this.words, this.model));
    });
  }

  /**
   * timeout check leaves connecting the shorter of timeout connect and the interval (manual 4.2).
   */
  private timeoutMs(): number {
    const interval = intervalMs(this.words, this.model);
    const { timeouts } = this.host.model.proxies[this.subject.proxyIndex];
    if (timeouts.check <= 0 || timeouts.connect <= 0) return interval;
    return Math.min(interval, timeouts.connect);
  }
}

/** What a change of one server means for its backend, its trackers and the logs. */
class FarmChanges {
  private readonly host: CheckHost;
  private trackers: ReadonlyMap<string, readonly Subject[]>;

  constructor(host: CheckHost) {
    this.host = host;
    this.trackers = trackersOf(host.model);
  }

  /** Servers have come or gone. */
  findTrackers(): void {
    this.trackers = trackersOf(this.host.model);
  }

  private nowSeconds(): number {
    return Math.floor(this.host.nowMs() / 1000);
  }

  /** A check has ended. */
  checked(subject: Subject, words: ServerWords, result: CheckResult): void {
    const { host } = this;
    const { proxyIndex, serverIndex } = subject;
    const change = applyResult(words, result, this.nowSeconds());
    if (change.isFailure) host.count(proxyIndex, serverIndex, field.chkfail);
    const proxy = host.model.proxies[proxyIndex];
    if (change.isNews && proxy.options['log-health-checks'] === true) {
      host.report(proxyIndex, severityNotice, healthText(this.namesOf(subject), result, words));
    }
    if (change.became !== '') this.announce(subject, change.became, reasonText(result));
  }

  private namesOf({ model, proxyIndex }: Subject) {
    const { name } = this.host.model.proxies[proxyIndex];
    return { backend: name, server: model.name, isBackup: model.backup };
  }

  private announce(subject: Subject, became: 'up' | 'down', reason: string): void {
    const { host } = this;
    const { proxyIndex, serverIndex } = subject;
    const load = host.load(proxyIndex, serverIndex);
    const backend = host.backend(proxyIndex);
    const whole = backend.refresh(this.nowSeconds());
    const moves = became === 'down' && this.movesQueue(proxyIndex) ? load.queued : 0;
    const numbers: ChangeNumbers = {
      active: backend.active,
      backup: backend.backup,
      sessions: load.sessions,
      requeued: moves,
      queued: load.queued - moves,
    };
    const severity = became === 'down' ? severityAlert : severityNotice;
    host.report(proxyIndex, severity, changeText(this.namesOf(subject), became, reason, numbers));
    if (became === 'down') host.count(proxyIndex, serverIndex, field.chkdown);
    if (whole === 'down') {
      const { name, kind } = host.model.proxies[proxyIndex];
      host.count(proxyIndex, -1, field.chkdown);
      host.report(
        proxyIndex,
        severityEmergency,
        `${kind === 'listen' ? 'proxy' : 'backend'} ${name} has no server available!`,
      );
    }
    host.changed(proxyIndex);
    this.follow(proxyIndex, serverIndex);
  }

  /** Streams that wait for a server that went down are sent elsewhere (option redispatch). */
  private movesQueue(proxyIndex: number): boolean {
    const { redispatch, options } = this.host.model.proxies[proxyIndex];
    return redispatch !== 0 && options['persist'] !== true;
  }

  /** Servers that track this one take over its state. */
  follow(proxyIndex: number, serverIndex: number): void {
    const { host } = this;
    const proxy = host.model.proxies[proxyIndex];
    const server = proxy.servers[serverIndex];
    const source = host.server(proxyIndex, serverIndex);
    const state = source.isReachable() ? source.words[source.at + serverState] : stateStopped;
    for (const tracker of this.trackers.get(`${proxyIndex}/${serverIndex}`) ?? []) {
      const words = host.server(tracker.proxyIndex, tracker.serverIndex);
      if ((words.words[words.at + serverAdmin] & adminMaint) !== 0) continue;
      if (!words.setState(state, this.nowSeconds())) continue;
      const became = state === stateStopped ? 'down' : 'up';
      this.announce(tracker, became, ` via ${proxy.name}/${server.name}`);
    }
  }
}
