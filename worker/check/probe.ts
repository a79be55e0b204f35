// One probe of one server, again and again: its timer, the limit on how many run at once, and what
// its results do to the server. What it asks is a run, an agent's run, or a command.

import { sourceCheck, traceError, traceState, traceUser } from '../../shared/trace/sources.ts';
import { traceEvent, type TracePoint, tracer } from '../log/trace.ts';
import {
  checkStatuses,
  checkStatusNumber,
  resultPassed,
  statusObserved,
} from '../../shared/segment/check-status.ts';
import { field } from '../../shared/segment/metrics.ts';
import {
  adminDrain,
  adminMaint,
  checkEnabled,
  checkInProgress,
  checkPaused,
  type ServerWords,
  serverAdmin,
  serverAgentFlags,
  serverCheckFlags,
  serverErrors,
  serverState,
  stateStopping,
} from '../../shared/segment/server-state.ts';
import type { Timed } from '../loop/timers.ts';
import type { FarmChanges } from './farm.ts';
import {
  applyState,
  type CheckResult,
  healthText,
  intervalMs,
  noteResult,
  type ProbeKind,
  reasonText,
} from './health.ts';
import { type CheckHost, severityInfo, severityNotice, type Subject } from './host.ts';
import type { RunResult } from './report.ts';

/** What a probe asks. */
export interface Asking {
  /** Ends with a call of the probe's `ended`, perhaps at once. */
  start(): void;
  /** Ends without. */
  stop(): void;
  /** What it left idle is not to be used any more. */
  forgetIdle?(): void;
}

/** What the scheduler starts. */
export interface Startable {
  readonly interMs: number;
  /** Traffic has shown too many errors: health checks only. */
  observed?(text: string): void;
  /** The server is in maintenance: nothing is kept idle. */
  forgetIdle?(): void;
  begin(delayMs: number): void;
  stop(): void;
}

export interface ProbeParts {
  readonly host: CheckHost;
  readonly farm: FarmChanges;
  readonly subject: Subject;
  readonly kind: ProbeKind;
  readonly interMs: number;
}

/** Results of connections that were not made. */
const unreached = new Set([checkStatusNumber('L4CON'), checkStatusNumber('L4TOUT')]);

const pointStart = traceEvent(sourceCheck, 'hchck_start', traceState);
const pointEnd = traceEvent(sourceCheck, 'hchck_end', traceState);
const pointSuccess = traceEvent(sourceCheck, 'hchck_succ', traceUser);
const pointFailure = traceEvent(sourceCheck, 'hchck_err', traceError);

export class Probe implements Timed, Startable {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  readonly interMs: number;
  readonly subject: Subject;
  readonly words: ServerWords;
  private readonly host: CheckHost;
  private readonly farm: FarmChanges;
  private readonly kind: ProbeKind;
  private readonly flagsAt: number;
  private readonly slowstartMs: number;
  private readonly intervals: {
    readonly interMs: number;
    readonly fastinterMs: number;
    readonly downinterMs: number;
  };
  private asking: Asking | null;
  private isAsking: boolean;
  private isFast: boolean;
  private startedMs: number;

  constructor({ host, farm, subject, kind, interMs }: ProbeParts) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.interMs = interMs;
    this.subject = subject;
    this.host = host;
    this.farm = farm;
    this.kind = kind;
    this.words = host.server(subject.proxyIndex, subject.serverIndex);
    this.flagsAt = kind.isAgent ? serverAgentFlags : serverCheckFlags;
    const model = host.model.proxies[subject.proxyIndex].servers[subject.serverIndex];
    this.slowstartMs = model.checks.slowstartMs;
    const { fastinterMs, downinterMs } = model;
    this.intervals = kind.isAgent
      ? { interMs, fastinterMs: 0, downinterMs: 0 }
      : { interMs, fastinterMs, downinterMs };
    this.asking = null;
    this.isAsking = false;
    this.isFast = false;
    this.startedMs = 0;
  }

  /** What it asks; set once, before it begins. */
  asks(asking: Asking): void {
    this.asking = asking;
  }

  begin(delayMs: number): void {
    const { stage } = this.host;
    stage.timers.schedule(this, Math.max(1, stage.time.nowMs + delayMs));
  }

  stop(): void {
    const { gate } = this.farm;
    this.host.stage.timers.remove(this);
    gate.forget(this);
    const wasAsking = this.isAsking;
    if (wasAsking) this.asking?.stop();
    this.asking?.forgetIdle?.();
    this.setProgress(false);
    if (wasAsking) gate.leave();
  }

  forgetIdle(): void {
    this.asking?.forgetIdle?.();
  }

  /** Errors of traffic want an answer soon: fastinter from now on, until the next result. */
  hurry(): void {
    this.isFast = true;
    if (this.isAsking || this.intervals.fastinterMs === 0) return;
    const { stage } = this.host;
    const dueMs = stage.time.nowMs + this.wait();
    if (dueMs < this.dueMs) stage.timers.schedule(this, dueMs);
  }

  /** on-error: what the errors of traffic do, as if a check had failed; the next one comes soon. */
  observed(text: string): void {
    const { host, words: server, subject, kind } = this;
    const { words, at } = server;
    if (kind.isAgent) return;
    const { onError } = host.model.proxies[subject.proxyIndex].servers[subject.serverIndex].checks;
    const health = words[at + kind.health];
    const rise = kind.rise(server);
    if (onError === 'sudden-death') words[at + kind.health] = Math.min(health, rise + 1);
    if (onError === 'mark-down') words[at + kind.health] = rise;
    if (onError !== 'fastinter') {
      const code = words[at + kind.code];
      this.apply({ status: statusObserved, info: text, code, durationMs: -1 });
    }
    host.count(subject.proxyIndex, subject.serverIndex, field.hanafail);
    this.hurry();
  }

  private wait(): number {
    return intervalMs(this.words, this.kind, this.intervals, this.isFast);
  }

  private setProgress(on: boolean): void {
    this.isAsking = on;
    const { words, at } = this.words;
    if (on) Atomics.or(words, at + this.flagsAt, checkInProgress);
    else Atomics.and(words, at + this.flagsAt, ~checkInProgress);
  }

  isActive(): boolean {
    const { words, at } = this.words;
    const flags = words[at + this.flagsAt];
    return (flags & checkEnabled) !== 0 && (flags & checkPaused) === 0;
  }

  onTimeout(): void {
    if (!this.isActive()) {
      this.begin(this.interMs);
      return;
    }
    if (this.farm.gate.enter(this)) this.proceed();
  }

  /** There is a place among those that are asked at once. */
  proceed(): void {
    if (!this.isActive()) {
      this.begin(this.interMs);
      this.farm.gate.leave();
      return;
    }
    this.startedMs = this.host.nowMs();
    this.setProgress(true);
    if (tracer.isOn(sourceCheck)) this.trace(pointStart, 'check started');
    this.asking?.start();
  }

  /** The question was answered, or could not be. */
  ended({ status, info, code }: RunResult): void {
    const durationMs = this.host.nowMs() - this.startedMs;
    this.setProgress(false);
    if (tracer.isOn(sourceCheck)) this.traceResult(status, info);
    if (unreached.has(status)) {
      this.host.unreachable(this.subject.proxyIndex, this.subject.serverIndex);
    }
    this.apply({ status, info, code, durationMs });
    const spread = (this.wait() * this.host.model.global.spreadChecks) / 100;
    this.begin(this.wait() + spread - 2 * spread * this.host.random());
    this.isFast = false;
    this.farm.gate.leave();
  }

  private trace(point: TracePoint, text: string): void {
    const { proxyIndex, serverIndex } = this.subject;
    const server = proxyIndex * 65_536 + serverIndex + 1;
    tracer.report(point, { backend: proxyIndex + 1, server }, text, () => {
      const names = this.farm.namesOf(this.subject);
      return `be=${names.backend} srv=${names.server}`;
    });
  }

  private traceResult(status: number, info: string): void {
    const { name, result } = checkStatuses[status];
    const isFine = result >= resultPassed;
    this.trace(
      isFine ? pointSuccess : pointFailure,
      `check ${name}${info === '' ? '' : ` ${info}`}`,
    );
    this.trace(pointEnd, 'check ended');
  }

  /** Notes a result and spreads what it changes; it is told when it is in force. */
  apply(result: CheckResult): void {
    const { host, farm, words, kind, subject } = this;
    const { proxyIndex, serverIndex } = subject;
    const change = noteResult(words, kind, result);
    if (change.isFailure) host.count(proxyIndex, serverIndex, field.chkfail);
    const isLogged = host.model.proxies[proxyIndex].options['log-health-checks'] === true;
    const news =
      change.isNews && isLogged ? healthText(farm.namesOf(subject), kind, result, words) : '';
    const wasStopping = this.isStopping();
    const moment = { nowSeconds: farm.nowSeconds(), slowstartMs: this.slowstartMs };
    const became = applyState(words, kind, result.status, moment);
    if (checkStatuses[result.status].result >= resultPassed) {
      Atomics.store(words.words, words.at + serverErrors, 0);
    }
    if (news !== '') {
      host.report(proxyIndex, severityNotice, news);
      host.mail(proxyIndex, severityInfo, news);
    }
    // The reason has been told already where results are logged.
    const reason = isLogged ? '' : reasonText(result);
    if (became !== '') farm.announce(subject, became, reason, wasStopping);
  }

  private isStopping(): boolean {
    const { words, at } = this.words;
    if (words[at + serverState] === stateStopping) return true;
    return (words[at + serverAdmin] & (adminDrain | adminMaint)) !== 0;
  }
}
