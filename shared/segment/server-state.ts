// What all processes and threads share about a server and its backend: may it be used, how much,
// since when. Words of the object's record, changed with atomics by the control thread (health
// checks, runtime API), read by balancing. Each change of a server raises its backend's revision:
// a thread compares one word per choice and rebuilds what it derived only when that word moved.
//
// What one process alone knows (served, queued, cursors) is in live.ts.

import { statusInitial } from './check-status.ts';
import type { ObjectTable } from './objects.ts';

// Administrative states: bits, as `show servers state` prints them (management.txt 9.3).
/** `set server state maint`, `disable server`. */
export const adminForcedMaint = 0x01;
/** Inherited from the server that is tracked. */
export const adminInheritedMaint = 0x02;
/** `disabled` in the configuration; comes with adminForcedMaint, which the runtime API clears. */
export const adminConfiguredMaint = 0x04;
export const adminForcedDrain = 0x08;
export const adminInheritedDrain = 0x10;
/** No address: its name does not resolve. */
export const adminResolutionMaint = 0x20;
/** Its name was changed while serving; says nothing of its state. */
export const adminNameChanged = 0x40;
export const adminMaint = 0x23;
export const adminDrain = 0x18;

// Operational states.
export const stateStopped = 0;
export const stateStarting = 1;
export const stateRunning = 2;
export const stateStopping = 3;

// Words of a server, after `at`.
export const serverAdmin = 0;
export const serverState = 1;
/** Weight the user wants, 0-256, and the one of the configuration. */
export const serverWeight = 2;
export const serverWeightConfigured = 3;
/** Second of the shared clock of the last change of state. */
export const serverChangedAt = 4;
/** Seconds spent down before the current state. */
export const serverDowntime = 5;
/** Slowstart: part of the weight that is in effect, percent. */
export const serverThrottle = 6;
export const serverIsBackup = 7;
/** `set maxconn server`; 0: no limit. */
export const serverMaxconn = 8;
/** Check counter 0..rise+fall-1, result and code of the last check (worker/check/status). */
export const serverHealth = 9;
export const serverCheckStatus = 10;
export const serverCheckCode = 11;
export const serverCheckDurationMs = 12;
/** Bits of a check, as `show servers state` prints them. */
export const serverCheckFlags = 13;
export const checkInProgress = 1;
export const checkConfigured = 2;
export const checkEnabled = 4;
export const checkPaused = 8;
export const checkAgent = 16;
export const serverAgentFlags = 14;
export const serverAgentHealth = 15;
export const serverAgentStatus = 16;
/** Address in use when it differs from the configuration: family 0 none, 4, 6; port; 4 words. */
export const serverAddressFamily = 17;
export const serverPort = 18;
export const serverAddress = 19;
/** Configuration load these words were set up for. */
export const serverLoad = 23;
/** Times the id was given to another server. */
export const serverIdRevision = 24;
export const serverRise = 25;
export const serverFall = 26;
export const serverAgentCode = 27;
export const serverAgentDurationMs = 28;
/** Errors of traffic one after the other (observe); any thread counts. */
export const serverErrors = 29;
/** Name whose address the words above are. */
export const serverNameHash = 30;

/** Text of the last check: length in bytes, then up to 116 bytes from the next word on. */
export const serverCheckText = 34;
const checkTextMax = 116;

/** Words of one object. */
export const sharedWordCount = 64;

// Words of a backend.
export const backendRevision = 0;
export const backendChangedAt = 1;
export const backendDowntime = 2;
/** 1 while at least one server can be used (or it has none). */
export const backendUp = 3;
export const backendActive = 4;
export const backendBackup = 5;
export const backendLoad = 23;

/** What the configuration says of a server when it is brought up. */
export interface ServerSetup {
  readonly weight: number;
  readonly disabled: boolean;
  /** It has no address yet. */
  readonly unresolved?: boolean;
  readonly backup: boolean;
  readonly maxconn: number;
  readonly rise: number;
  readonly fall: number;
  /** Health checks decide: it starts UP (one failure from down) unless `initUp` is false. */
  readonly checked: boolean;
  readonly initUp: boolean;
  /** Health the check counter starts with, where `initUp` alone does not say. */
  readonly initHealth?: number;
  /** Its agent is asked. */
  readonly agent?: boolean;
}

/** One server's words. Made at start by everyone who needs them; `words` is the whole segment. */
export class ServerWords {
  words: Int32Array;
  at: number;
  readonly backendAt: number;
  /** What the agent said last; known where it is asked, on the control thread. */
  agentText: string;

  constructor(words: Int32Array, objects: ObjectTable, server: number, backend: number) {
    this.words = words;
    this.at = objects.sharedWords(server);
    this.backendAt = objects.sharedWords(backend);
    this.agentText = '';
  }

  /**
   * Brings the words to the configuration, once per load (`load` identifies it: a number no other
   * load of this segment has). A worker that replaces a crashed one has the same load and finds
   * all states as they were. A reload resets what the configuration decides, and keeps the health
   * of a server that is checked, so that a dead server is not tried again. True: it was done now.
   */
  prepare(setup: ServerSetup, load: number, nowSeconds: number): boolean {
    const { words, at } = this;
    if (words[at + serverLoad] === load) return false;
    const known = words[at + serverLoad] !== 0;
    const wasChecked = (words[at + serverCheckFlags] & checkConfigured) !== 0;
    const keepsHealth = known && setup.checked && wasChecked;
    const configured = setup.disabled ? adminConfiguredMaint | adminForcedMaint : 0;
    words[at + serverAdmin] = configured | (setup.unresolved === true ? adminResolutionMaint : 0);
    words[at + serverWeight] = setup.weight;
    words[at + serverWeightConfigured] = setup.weight;
    words[at + serverThrottle] = 100;
    words[at + serverIsBackup] = setup.backup ? 1 : 0;
    words[at + serverMaxconn] = setup.maxconn;
    words[at + serverRise] = setup.rise;
    words[at + serverFall] = setup.fall;
    words[at + serverAddressFamily] = 0;
    const checks = setup.checked ? checkConfigured | checkEnabled : 0;
    const isPaused = setup.disabled || (setup.unresolved === true && setup.checked);
    words[at + serverCheckFlags] = isPaused ? checks | checkPaused : checks;
    if (!keepsHealth) this.prepareHealth(setup, nowSeconds);
    this.prepareAgent(setup.agent === true);
    if (setup.disabled || setup.unresolved === true) {
      words[at + serverState] = stateStopped;
      words[at + serverHealth] = 0;
    }
    Atomics.store(words, at + serverLoad, load);
    this.raiseRevision();
    return true;
  }

  private prepareHealth(setup: ServerSetup, nowSeconds: number): void {
    const { words, at } = this;
    words[at + serverState] = setup.initUp ? stateRunning : stateStopped;
    words[at + serverHealth] = setup.initHealth ?? (setup.initUp ? setup.rise : 0);
    words[at + serverCheckStatus] = statusInitial;
    words[at + serverCheckCode] = 0;
    words[at + serverCheckDurationMs] = 0;
    words[at + serverChangedAt] = nowSeconds;
  }

  /** The server is gone: from now on these are the words of one in maintenance. */
  retire(): void {
    this.words = retiredWords;
    this.at = 0;
  }

  get isRetired(): boolean {
    return this.words === retiredWords;
  }

  private prepareAgent(isAsked: boolean): void {
    const { words, at } = this;
    const wasAsked = (words[at + serverAgentFlags] & checkConfigured) !== 0;
    words[at + serverAgentFlags] = isAsked ? checkConfigured | checkEnabled | checkAgent : 0;
    words[at + serverErrors] = 0;
    if (isAsked && wasAsked) return;
    // Until it has said something, the agent is not in the way.
    words[at + serverAgentHealth] = isAsked ? 1 : 0;
    words[at + serverAgentStatus] = isAsked ? statusInitial : 0;
    words[at + serverAgentCode] = 0;
    words[at + serverAgentDurationMs] = 0;
  }

  /** New connections may go to it (weight and maxconn aside). Hot path: plain reads. */
  isUsable(): boolean {
    const { words, at } = this;
    if ((words[at + serverAdmin] & (adminMaint | adminDrain)) !== 0) return false;
    const state = words[at + serverState];
    return state === stateRunning || state === stateStarting;
  }

  /** Persistent traffic may still go to it: draining, or soft-stopped by weight 0. Hot path. */
  isReachable(): boolean {
    const { words, at } = this;
    if ((words[at + serverAdmin] & adminMaint) !== 0) return false;
    return words[at + serverState] !== stateStopped;
  }

  /** Weight that balancing uses now: 0 when it must not get new traffic. */
  effectiveWeight(): number {
    if (!this.isUsable()) return 0;
    const { words, at } = this;
    const weight = words[at + serverWeight];
    if (words[at + serverThrottle] >= 100 || weight === 0) return weight;
    return Math.max(1, Math.ceil((weight * words[at + serverThrottle]) / 100));
  }

  /** Adds administrative bits and removes others; true when something changed. Control thread. */
  setAdmin(set: number, clear: number): boolean {
    const at = this.at + serverAdmin;
    const before = Atomics.load(this.words, at);
    const after = (before & ~clear) | set;
    if (Atomics.compareExchange(this.words, at, before, after) !== before) {
      return this.setAdmin(set, clear);
    }
    if (before !== after) this.raiseRevision();
    return before !== after;
  }

  /** Changes one word and tells the balancers. Control thread. */
  set(word: number, value: number): void {
    if (Atomics.exchange(this.words, this.at + word, value) !== value) this.raiseRevision();
  }

  /** Up, down, starting, stopping: keeps downtime and the time of the change. Control thread. */
  setState(state: number, nowSeconds: number): boolean {
    const { words, at } = this;
    const before = Atomics.exchange(words, at + serverState, state);
    if (before === state) return false;
    const wasDown = before === stateStopped;
    if (wasDown) words[at + serverDowntime] += nowSeconds - words[at + serverChangedAt];
    if (wasDown !== (state === stateStopped) || state === stateStarting) {
      words[at + serverChangedAt] = nowSeconds;
    }
    this.raiseRevision();
    return true;
  }

  raiseRevision(): void {
    Atomics.add(this.words, this.backendAt + backendRevision, 1);
  }

  /** What the last check reported, latin1; longer texts are cut. Control thread. */
  setCheckText(text: string): void {
    const { words } = this;
    const first = this.at + serverCheckText;
    const length = Math.min(text.length, checkTextMax);
    // Four characters to a word, the first one lowest: the machines this runs on are little endian.
    for (let i = 0, at = first + 1; i < length; i += 4) {
      words[at++] =
        byteAt(text, i) |
        (byteAt(text, i + 1) << 8) |
        (byteAt(text, i + 2) << 16) |
        (byteAt(text, i + 3) << 24);
    }
    Atomics.store(words, first, length);
  }

  checkText(): string {
    const first = this.at + serverCheckText;
    const length = Math.min(Atomics.load(this.words, first), checkTextMax);
    if (length === 0) return '';
    const all = new Uint8Array(this.words.buffer, this.words.byteOffset);
    return Buffer.from(all.subarray((first + 1) * 4, (first + 1) * 4 + length)).toString('latin1');
  }
}

const byteAt = (text: string, at: number): number => text.charCodeAt(at) & 255;

const retiredWords = new Int32Array(new SharedArrayBuffer(sharedWordCount * 4));
retiredWords[serverAdmin] = adminForcedMaint;
