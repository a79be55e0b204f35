// One server as one thread sees it: what the configuration says, where it is, and its numbers in
// the segment, which all threads share. Read by balancing, the stream engine, rules and log tags;
// its state is written by the control thread (checks, runtime API) only.

import type { ServerModel } from '../../shared/config/model.ts';
import { liveCurrent, liveQueued, liveServed } from '../../shared/segment/live.ts';
import {
  adminDrain,
  adminForcedMaint,
  adminMaint,
  serverAdmin,
  serverMaxconn,
  serverState,
  serverThrottle,
  serverWeight,
  sharedWordCount,
  stateRunning,
  stateStarting,
  stateStopped,
} from '../../shared/segment/server-state.ts';
import type { ReplyPlan } from '../program.ts';
import { observesOf } from './observe.ts';
import { serverRedirect } from './redirect.ts';
import { liveWords } from '../../shared/segment/layout.ts';
import { type ServerTarget, serverTarget } from './target.ts';
import type { ObjectWords } from './words.ts';

/**
 * Limit that the words of a server start with: minconn alone, or a larger one, stands for maxconn.
 */
export function maxconnOf(model: Pick<ServerModel, 'maxconn' | 'minconn'>): number {
  return Math.max(model.maxconn, model.minconn);
}

/** What a server needs to know about its backend. */
export interface ServerHome {
  readonly words: Int32Array;
  readonly backendName: string;
  /** Live words of the backend. */
  readonly backendLiveAt: number;
  /** Streams in the backend at which servers are given their whole maxconn. */
  readonly fullconn: number;
}

export class Server {
  /** Position in its backend. */
  readonly index: number;
  /** `id`, unique in its backend (HAProxy's puid). */
  readonly id: number;
  /** Changes with `set server name`. */
  name: string;
  readonly backendName: string;
  readonly model: ServerModel;
  readonly backup: boolean;
  /** Index of its object in the segment, and this thread's counter row of it. */
  readonly object: number;
  readonly row: number;
  /** The segment's words, and where its state and live words start. */
  /** `redir`: what answers in its place, null mostly. */
  readonly redirect: ReplyPlan | null;
  words: Int32Array;
  stateAt: number;
  liveAt: number;
  /** Its place among idle connections that threads share, -1: they stay with their thread. */
  shareNumber: number;
  /** Its place among servers that connect to us (rhttp@), -1: it is none. */
  reverseNumber: number;
  /** It is being deleted, or is gone: nothing may choose it. */
  isLeaving: boolean;
  /** 0: maxconn is a fixed limit. */
  private readonly minconn: number;
  readonly maxqueue: number;
  /** What of traffic counts for its health (observe.ts), and how many errors are too many. */
  readonly observes: number;
  readonly errorLimit: number;
  private readonly backendLiveAt: number;
  private known: ServerTarget | null;
  private readonly fullconn: number;

  constructor(model: ServerModel, index: number, place: ObjectWords, home: ServerHome) {
    this.index = index;
    this.id = model.id;
    this.name = model.name;
    this.backendName = home.backendName;
    this.model = model;
    this.backup = model.backup;
    this.object = place.object;
    this.row = place.row;
    this.words = home.words;
    this.stateAt = place.stateAt;
    this.liveAt = place.liveAt;
    this.known = null;
    this.redirect = serverRedirect(model.redir);
    this.shareNumber = -1;
    this.reverseNumber = -1;
    this.isLeaving = false;
    this.minconn = model.minconn < model.maxconn ? model.minconn : 0;
    this.maxqueue = model.maxqueue;
    this.observes = observesOf(model);
    this.errorLimit = model.checks.errorLimit;
    this.backendLiveAt = home.backendLiveAt;
    this.fullconn = home.fullconn;
  }

  /** Where its connections go: worked out when the first one does, not for thousands at start. */
  get target(): ServerTarget {
    this.known ??= serverTarget(this.model);
    return this.known;
  }

  /** It connects to us (rhttp@): there is no address to connect to. */
  get isReversed(): boolean {
    return this.model.address.family === 'rhttp';
  }

  /** The runtime API has changed its model: name or address. Between two turns. */
  renew(): void {
    this.name = this.model.name;
    this.known = null;
  }

  /**
   * Deleted: from now on it stands in its backend as a server in maintenance, with numbers of
   * nobody; its place in the segment may be given to another. Between two turns.
   */
  retire(): void {
    this.isLeaving = true;
    this.words = retiredWords;
    this.stateAt = 0;
    this.liveAt = retiredLiveAt;
  }

  /** May be chosen by balancing: up, not in maintenance, not drained, weight above 0. */
  isUsable(): boolean {
    const { words, stateAt } = this;
    if ((words[stateAt + serverAdmin] & (adminMaint | adminDrain)) !== 0) return false;
    if (words[stateAt + serverWeight] === 0) return false;
    const state = words[stateAt + serverState];
    return state === stateRunning || state === stateStarting;
  }

  /** Down or in maintenance: persistence must not lead to it. */
  isStopped(): boolean {
    const { words, stateAt } = this;
    if (this.isLeaving || (words[stateAt + serverAdmin] & adminMaint) !== 0) return true;
    return words[stateAt + serverState] === stateStopped;
  }

  /** In maintenance, by whatever way. */
  isMaintained(): boolean {
    return (this.words[this.stateAt + serverAdmin] & adminMaint) !== 0;
  }

  /** Running, or stopping softly; not down, not warming up. */
  isRunning(): boolean {
    return !this.isStopped() && this.words[this.stateAt + serverState] >= stateRunning;
  }

  /** 0 to 256. */
  userWeight(): number {
    return this.words[this.stateAt + serverWeight];
  }

  /** Part of the weight that a slow start has reached, percent. */
  throttle(): number {
    return this.words[this.stateAt + serverThrottle];
  }

  /** `maxconn` as configured or set since; 0: no limit. */
  maxconn(): number {
    return this.words[this.stateAt + serverMaxconn];
  }

  /** Streams that hold a slot, over all threads: what %sc and srv_conn say. */
  served(): number {
    return Atomics.load(this.words, this.liveAt + liveServed);
  }

  /** Streams waiting for this server, over all threads. */
  queued(): number {
    return Atomics.load(this.words, this.liveAt + liveQueued);
  }

  /**
   * The limit in force: between minconn and maxconn, growing with the backend's load. 0: no limit.
   */
  dynamicMax(): number {
    const maxconn = this.maxconn();
    const { minconn } = this;
    if (minconn === 0 || this.fullconn === 0) return maxconn;
    const load = Atomics.load(this.words, this.backendLiveAt + liveCurrent);
    if (load >= this.fullconn) return maxconn;
    return Math.max(minconn, Math.floor((load * maxconn) / this.fullconn));
  }

  /** Nobody waits for it and it has a free slot. */
  hasRoom(): boolean {
    return this.maxconn() === 0 || (this.queued() === 0 && this.served() < this.dynamicMax());
  }
}

const retiredLiveAt = sharedWordCount;
const retiredWords = new Int32Array(new SharedArrayBuffer((sharedWordCount + liveWords) * 4));
retiredWords[serverAdmin] = adminForcedMaint;
