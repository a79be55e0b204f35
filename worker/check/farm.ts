// What a change of one server means for its backend, the servers that track it, and the logs.
// Control thread only; the words of a server have been changed before this is told.

import { field } from '../../shared/segment/metrics.ts';
import {
  adminDrain,
  adminMaint,
  serverAdmin,
  serverState,
  stateRunning,
  stateStarting,
  stateStopped,
  stateStopping,
} from '../../shared/segment/server-state.ts';
import { trackersOf } from '../server/track.ts';
import { changeText, type ServerNames, type StateChange } from './health.ts';
import { CheckGate } from './gate.ts';
import {
  type CheckHost,
  severityAlert,
  severityEmergency,
  severityNotice,
  type Subject,
} from './host.ts';

type Change = Exclude<StateChange, ''>;

export class FarmChanges {
  private readonly host: CheckHost;
  private trackers: ReadonlyMap<string, readonly Subject[]>;
  /** Who may ask at the same time: one thread asks for all of them. */
  readonly gate: CheckGate;
  /** Called for every server that has begun to start slowly. */
  onStarting: (subject: Subject) => void;

  constructor(host: CheckHost) {
    this.host = host;
    this.trackers = trackersOf(host.model);
    const { tune, nbthread } = host.model.global;
    this.gate = new CheckGate(tune.maxChecksPerThread * nbthread);
    this.onStarting = () => {};
  }

  /** Servers have come or gone. */
  findTrackers(): void {
    this.trackers = trackersOf(this.host.model);
  }

  nowSeconds(): number {
    return Math.floor(this.host.nowMs() / 1000);
  }

  namesOf({ proxyIndex, serverIndex }: Subject): ServerNames {
    const proxy = this.host.model.proxies[proxyIndex];
    const { name, backup } = proxy.servers[serverIndex];
    return { backend: proxy.name, server: name, isBackup: backup };
  }

  /** `wasStopping`: nobody needs to be alarmed when it goes down. */
  announce(subject: Subject, became: Change, reason: string, wasStopping = false): void {
    const { host } = this;
    const { proxyIndex, serverIndex } = subject;
    const load = host.load(proxyIndex, serverIndex);
    const backend = host.backend(proxyIndex);
    const whole = backend.refresh(this.nowSeconds());
    const moves = became === 'down' && this.movesQueue(proxyIndex) ? load.queued : 0;
    const text = changeText(this.namesOf(subject), became, reason, {
      active: backend.active,
      backup: backend.backup,
      sessions: load.sessions,
      requeued: moves,
      queued: load.queued - moves,
    });
    const alarms = became === 'down' && !wasStopping;
    const severity = alarms ? severityAlert : severityNotice;
    host.report(proxyIndex, severity, text);
    host.mail(proxyIndex, severity, text);
    if (became === 'down') host.count(proxyIndex, serverIndex, field.chkdown);
    if (whole === 'down') this.announceBackend(proxyIndex);
    const { words, at } = host.server(proxyIndex, serverIndex);
    if (words[at + serverState] === stateStarting) this.onStarting(subject);
    host.changed(proxyIndex);
    if (became === 'down') this.endStreams(subject);
    if (became === 'up') this.endBackups(subject);
    this.follow(proxyIndex, serverIndex);
  }

  /** on-marked-down: its streams end with it, in maintenance too. */
  endStreams({ proxyIndex, serverIndex }: Subject): void {
    const { host } = this;
    const server = host.model.proxies[proxyIndex].servers[serverIndex];
    if (!server.checks.shutsWhenDown) return;
    if (!host.server(proxyIndex, serverIndex).isReachable()) {
      host.shutdown(proxyIndex, serverIndex, 'D');
    }
  }

  /** on-marked-up: streams leave the backup servers while this one can be used. */
  endBackups({ proxyIndex, serverIndex }: Subject): void {
    const { host } = this;
    const { servers } = host.model.proxies[proxyIndex];
    const server = servers[serverIndex];
    if (!server.checks.shutsBackupsWhenUp || server.backup) return;
    const words = host.server(proxyIndex, serverIndex);
    if (!words.isReachable() || words.effectiveWeight() === 0) return;
    for (const [index, other] of servers.entries()) {
      if (other.backup) host.shutdown(proxyIndex, index, 'U');
    }
  }

  private announceBackend(proxyIndex: number): void {
    const { host } = this;
    const { name, kind } = host.model.proxies[proxyIndex];
    const what = kind === 'listen' ? 'proxy' : 'backend';
    host.count(proxyIndex, -1, field.chkdown);
    host.report(
      proxyIndex,
      severityEmergency,
      `${what} ${name} has no server available!`,
      `${what} '${name}' has no server available!`,
    );
  }

  /** Streams that wait for a server that went down are sent elsewhere (option redispatch). */
  private movesQueue(proxyIndex: number): boolean {
    const { redispatch, options } = this.host.model.proxies[proxyIndex];
    return redispatch !== 0 && options['persist'] !== true;
  }

  /** Servers that track this one take over its state. */
  follow(proxyIndex: number, serverIndex: number): void {
    const followers = this.trackers.get(`${proxyIndex}/${serverIndex}`);
    if (followers === undefined) return;
    const source = this.host.server(proxyIndex, serverIndex);
    const state = source.isReachable() ? source.words[source.at + serverState] : stateStopped;
    const via = this.namesOf({ proxyIndex, serverIndex });
    for (const follower of followers) {
      this.takeOver(follower, state, ` via ${via.backend}/${via.server}`);
    }
  }

  private takeOver(follower: Subject, state: number, via: string): void {
    const { proxyIndex, serverIndex } = follower;
    const server = this.host.server(proxyIndex, serverIndex);
    const { words, at } = server;
    if ((words[at + serverAdmin] & adminMaint) !== 0) return;
    const { checks } = this.host.model.proxies[proxyIndex].servers[serverIndex];
    const before = words[at + serverState];
    const isUp = state === stateRunning || state === stateStarting;
    const wasUp = before === stateRunning || before === stateStarting;
    if (isUp ? wasUp : before === state) return;
    const wasStopping = before === stateStopping || (words[at + serverAdmin] & adminDrain) !== 0;
    const next = isUp ? (checks.slowstartMs > 0 ? stateStarting : stateRunning) : state;
    server.setState(next, this.nowSeconds());
    const became = isUp ? 'up' : state === stateStopping ? 'stopping' : 'down';
    this.announce(follower, became, via, wasStopping);
  }
}
