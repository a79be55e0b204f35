// The clockwork of one peers section (peers protocol, "initial full resync"): who is connected to,
// when, who teaches whom, when a silent peer is given up. Everything that happens to a peer is told
// here, and a timer comes back for what is due next. States and times are HAProxy's.

import type { PeersModel } from '../../shared/config/model.ts';
import {
  statusConnected,
  statusConnecting,
  statusSuccess,
  statusTryAgain,
  statusVersion,
} from './messages.ts';
import {
  heartbeatDue,
  heartbeatMs,
  isAlive,
  learnNotUpToDate,
  localReconnectMs,
  localTeachComplete,
  never,
  Peer,
  reconnectMs,
  refusedMs,
  resyncMs,
} from './peer.ts';
import * as resync from './resync.ts';
import { eventsOf, Session } from './session.ts';
import type { SessionHost, Transport } from './session-host.ts';
import type { SharedTable } from './shared-table.ts';
import type { LinkEvents } from './transport.ts';

/** What a section asks of the worker. */
export interface SectionHost {
  readonly localName: string;
  readonly messageBytesMax: number;
  readonly updatesAtOnce: number;
  nowMs(): number;
  /** 0 <= x < 1. */
  random(): number;
  connect(peer: Peer, makeEvents: (transport: Transport) => LinkEvents): void;
  sharesTables(pid: number): boolean;
  /** The tables have learned all there is. */
  learned(): void;
  /** Calls `act` once after `ms`; the answer takes it back. */
  after(ms: number, act: () => void): () => void;
}

/** Longest sleep of the clockwork. */
const sleepMaxMs = 60_000;

export class Section implements SessionHost {
  readonly model: PeersModel;
  readonly peers: readonly Peer[];
  readonly local: Peer;
  readonly tables: readonly SharedTable[];
  flags: number;
  resyncAtMs: number;
  calls: number;
  isStopping: boolean;
  private readonly host: SectionHost;
  private readonly expectsTeacher: boolean;
  private isBusy: boolean;
  private isDirty: boolean;
  private cancel: () => void;
  private finished: (() => void) | null;

  /**
   * `expectsTeacher`: an old process may teach this one; `isLearned`: the tables in memory are what
   * it would teach.
   */
  constructor(
    model: PeersModel,
    tables: readonly SharedTable[],
    host: SectionHost,
    { expectsTeacher, isLearned }: { expectsTeacher: boolean; isLearned: boolean },
  ) {
    this.model = model;
    this.tables = tables;
    this.host = host;
    this.peers = model.peers.map((peer) => new Peer(peer, tables));
    this.local = this.peers.find((peer) => peer.model.isLocal) as Peer; // resolve-peers.ts
    this.flags = isLearned ? resync.resyncState | resync.debugLocalFinished : 0;
    this.resyncAtMs = never;
    this.calls = 0;
    this.isStopping = false;
    this.expectsTeacher = expectsTeacher;
    this.isBusy = false;
    this.isDirty = false;
    this.cancel = () => {};
    this.finished = null;
  }

  // ---- what sessions ask ----

  get localName(): string {
    return this.host.localName;
  }

  get messageBytesMax(): number {
    return this.host.messageBytesMax;
  }

  get updatesAtOnce(): number {
    return this.host.updatesAtOnce;
  }

  get isUpToDate(): boolean {
    return (this.flags & resync.resyncState) === resync.resyncState;
  }

  nowMs(): number {
    return this.host.nowMs();
  }

  sharesTables(pid: number): boolean {
    return this.host.sharesTables(pid);
  }

  peerNamed(name: string): Peer | null {
    return this.peers.find((peer) => peer.model.name === name) ?? null;
  }

  /** Both sides connected at once, or the peer comes back before its old connection is gone. */
  replace(peer: Peer): void {
    peer.reconnectAtMs = this.nowMs() + this.delayMs();
    peer.heartbeatAtMs = never;
    peer.collisions++;
    peer.session?.abandon();
  }

  /** So that two sides that do the same at the same time do not do it for ever. */
  private delayMs(): number {
    return 50 + Math.floor(this.host.random() * 2000);
  }

  changed(): void {
    this.run();
  }

  /** A peer has connected. */
  accept(transport: Transport): LinkEvents {
    return eventsOf(new Session(this, transport, null));
  }

  // ---- the clockwork ----

  /** Looks at everything that may be due, and sets the timer for the next time. */
  run(): void {
    this.isDirty = true;
    if (this.isBusy) return;
    this.isBusy = true;
    // What becomes due while everything is looked at is not missed: the next look is at once.
    let lookedMs = this.nowMs();
    while (this.isDirty) {
      this.isDirty = false;
      lookedMs = this.nowMs();
      this.calls++;
      if (this.isStopping) this.runStopping();
      else this.runServing();
    }
    this.isBusy = false;
    this.cancel();
    const ms = this.dueAtMs(lookedMs) - this.nowMs();
    this.cancel = this.host.after(Math.min(Math.max(ms, 1), sleepMaxMs), () => this.run());
  }

  /** The next thing that is due after `now`. */
  private dueAtMs(now: number): number {
    let due = this.isUpToDate && !this.isStopping ? never : this.resyncAtMs;
    for (const { reconnectAtMs, heartbeatAtMs } of this.peers) {
      if (reconnectAtMs > now) due = Math.min(due, reconnectAtMs);
      if (heartbeatAtMs > now) due = Math.min(due, heartbeatAtMs);
    }
    return due > now ? due : never;
  }

  close(): void {
    this.cancel();
    this.cancel = () => {};
    this.isBusy = true;
    for (const peer of this.peers) peer.session?.close();
  }

  private isAt(state: number): boolean {
    return (this.flags & resync.resyncState) === state;
  }

  private get isAssigned(): boolean {
    return (this.flags & resync.resyncAssigned) !== 0;
  }

  private runServing(): void {
    const now = this.nowMs();
    if (this.resyncAtMs === never) this.resyncAtMs = now + resyncMs;
    const isLate = !this.expectsTeacher || now >= this.resyncAtMs;
    if (this.isAt(0) && isLate && !this.isAssigned) {
      this.flags |= resync.resyncLocalFinished | resync.debugLocalTimeout;
      this.resyncAtMs = now + resyncMs;
    }
    for (const peer of this.peers) {
      this.settleLearning(peer, now);
      this.settleConnection(peer, now);
      if (!peer.model.isLocal) this.attend(peer, now);
    }
    const isAlone = this.peers.length === 1;
    if (
      this.isAt(resync.resyncLocalFinished) &&
      !this.isAssigned &&
      (isAlone || now >= this.resyncAtMs)
    ) {
      this.flags |= resync.resyncRemoteFinished | resync.debugRemoteTimeout;
    }
    if (this.isUpToDate) this.host.learned();
  }

  /** A lesson is over. */
  private settleLearning(peer: Peer, now: number): void {
    if (peer.learnState !== 'FINISHED') return;
    const { isLocal } = peer.model;
    if (peer.has(learnNotUpToDate)) {
      this.flags |= isLocal ? resync.debugLocalPartial : resync.debugRemotePartial;
      this.resyncAtMs = now + resyncMs;
    } else if (this.hasMoreShards(peer)) {
      this.resyncAtMs = now + resyncMs;
    } else {
      this.flags |=
        resync.resyncState | (isLocal ? resync.debugLocalFinished : resync.debugRemoteFinished);
    }
    peer.learnState = 'NOTASSIGNED';
    this.flags &= ~resync.resyncAssigned;
  }

  /** A peer with a part of the keys has taught that part only: others must teach theirs. */
  private hasMoreShards(peer: Peer): boolean {
    const { shard } = peer.model;
    if (shard === 0) return false;
    this.flags |= resync.debugRemotePartial;
    peer.set(learnNotUpToDate);
    let hasMore = false;
    for (const other of this.peers) {
      if (other.model.shard === shard) other.set(learnNotUpToDate);
      else if (other.model.shard > 0 && !other.has(learnNotUpToDate)) hasMore = true;
    }
    return hasMore;
  }

  /** A connection has come up or gone. */
  private settleConnection(peer: Peer, now: number): void {
    const { isLocal } = peer.model;
    if (peer.appState === 'STOPPING') {
      this.abortLearning(peer, now);
      peer.appState = 'STOPPED';
    } else if (peer.appState === 'STARTING') {
      this.abortLearning(peer, now);
      const teachesUs = isLocal ? peer.session?.isOutgoing === false : true;
      const state = isLocal ? 0 : resync.resyncLocalFinished;
      if (teachesUs && this.isAt(state) && !this.isAssigned) this.assign(peer);
      peer.appState = 'RUNNING';
    }
  }

  private abortLearning(peer: Peer, now: number): void {
    if (peer.learnState !== 'NOTASSIGNED') {
      this.flags &= ~resync.resyncAssigned;
      this.flags |= peer.model.isLocal ? resync.debugLocalAbort : resync.debugRemoteAbort;
      this.resyncAtMs = now + resyncMs;
      peer.learnState = 'NOTASSIGNED';
    }
    peer.clear(learnNotUpToDate);
  }

  private assign(peer: Peer): void {
    peer.learnState = 'ASSIGNED';
    this.flags |= resync.resyncAssigned;
    this.flags |= peer.model.isLocal ? resync.debugLocalAssigned : resync.debugRemoteAssigned;
  }

  private attend(peer: Peer, now: number): void {
    if (peer.session === null) this.attendAbsent(peer, now);
    else if (peer.session.isEstablished) this.attendConnected(peer, now);
  }

  private attendAbsent(peer: Peer, now: number): void {
    const isFresh = peer.status === 0;
    if (isFresh || now >= peer.reconnectAtMs) return void this.connect(peer);
    // Somebody must change something first: there is no hurry.
    const isRefused = peer.status > statusSuccess && peer.status !== statusVersion;
    const isHurried = peer.reconnectAtMs - now < refusedMs / 2;
    if (isRefused && isHurried && peer.status !== statusTryAgain) {
      peer.reconnectAtMs = now + refusedMs;
    }
    if (peer.reconnectAtMs === never) peer.reconnectAtMs = now + reconnectMs;
  }

  private connect(peer: Peer): void {
    const now = this.nowMs();
    peer.connectionsMade++;
    peer.reconnectAtMs = now + (this.isStopping ? localReconnectMs : reconnectMs);
    peer.heartbeatAtMs = never;
    peer.status = statusConnecting;
    peer.lastHandshakeMs = now;
    this.host.connect(peer, (transport) => {
      const session = new Session(this, transport, peer);
      peer.session = session;
      return eventsOf(session);
    });
  }

  private attendConnected(peer: Peer, now: number): void {
    const canTeach = this.isAt(resync.resyncLocalFinished) && !peer.has(learnNotUpToDate);
    if (canTeach && !this.isAssigned) {
      this.assign(peer);
      setImmediate(() => peer.session?.push());
    } else if (peer.hasUpdates) {
      peer.clear(heartbeatDue);
      peer.heartbeatAtMs = now + heartbeatMs;
      if (now >= peer.reconnectAtMs) peer.reconnectAtMs = now + reconnectMs;
      setImmediate(() => peer.session?.push());
    } else if (now >= peer.reconnectAtMs || peer.reconnectAtMs === never) {
      this.attendSilent(peer, now);
    } else if (now >= peer.heartbeatAtMs) {
      peer.heartbeatAtMs = now + heartbeatMs;
      peer.set(heartbeatDue);
      setImmediate(() => peer.session?.push());
    }
  }

  /** Nothing was heard for a whole period: one more, then it counts as gone. */
  private attendSilent(peer: Peer, now: number): void {
    if (peer.has(isAlive)) {
      peer.clear(isAlive);
      peer.reconnectAtMs = now + reconnectMs;
      return;
    }
    peer.heartbeatsMissed++;
    peer.session?.close();
    peer.reconnectAtMs = now + this.delayMs();
    peer.heartbeatAtMs = never;
  }

  // ---- the end ----

  /**
   * A soft stop: connections are closed, and the process that takes over is taught, unless it works
   * on the same tables. Resolves when nothing is left to teach.
   */
  stop(isTaught: boolean): Promise<void> {
    this.isStopping = true;
    const now = this.nowMs();
    for (const peer of this.peers) {
      peer.session?.close();
      peer.reconnectAtMs = now + this.delayMs();
    }
    this.resyncAtMs = now + resyncMs;
    this.local.reconnectAtMs = now;
    this.local.status = 0;
    const done = new Promise<void>((resolve) => {
      this.finished = resolve;
    });
    if (isTaught) this.finish();
    else this.run();
    return done;
  }

  private finish(): void {
    this.finished?.();
    this.finished = null;
  }

  private runStopping(): void {
    const now = this.nowMs();
    for (const peer of this.peers) {
      this.settleLearning(peer, now);
      this.settleConnection(peer, now);
    }
    if (this.finished === null) return;
    const { local } = this;
    if (local.has(localTeachComplete)) this.finish();
    else if (local.session === null) this.teachSuccessor(local, now);
    else if (local.status === statusSuccess) {
      this.resyncAtMs = never;
      if (local.hasUpdates) setImmediate(() => local.session?.push());
    }
  }

  private teachSuccessor(local: Peer, now: number): void {
    if (this.resyncAtMs === never) this.resyncAtMs = now + resyncMs;
    const mayTry =
      this.isUpToDate && now < this.resyncAtMs && retriedWhenStopping.has(local.status);
    if (!mayTry) this.finish();
    else if (now >= local.reconnectAtMs) this.connect(local);
  }
}

/** Nothing tried yet, a connection that worked or nearly did, or a request to come again. */
const retriedWhenStopping = new Set([0, statusSuccess, statusConnected, statusTryAgain]);
