// One peer of a section: what is configured, its connection if there is one, and everything that
// `show peers` tells. The section's clockwork (section.ts) and its session (session.ts) change it.
// Flags have the numbers that HAProxy's `show peers` prints.

import type { PeerModel } from '../../shared/config/model.ts';
import { receivedKeys, SentKeys } from './dictionary.ts';
import {
  statusConnected,
  statusConnecting,
  statusHost,
  statusPeer,
  statusProtocol,
  statusSuccess,
  statusTryAgain,
  statusVersion,
} from './messages.ts';
import type { Session } from './session.ts';
import { PeerTable, type SharedTable } from './shared-table.ts';

export const teachProcess = 0x1;
export const teachFinished = 0x2;
export const localTeachComplete = 0x4;
export const learnNotUpToDate = 0x8;
export const isAlive = 0x20;
export const heartbeatDue = 0x40;
export const isDowngraded = 0x80;
export const resyncRequested = 0x100000;
export const teachFlags = teachProcess | teachFinished;

export type AppState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'STOPPING';
export type LearnState = 'NOTASSIGNED' | 'ASSIGNED' | 'PROCESSING' | 'FINISHED';

export const resyncMs = 5000;
export const reconnectMs = 5000;
export const localReconnectMs = 500;
export const heartbeatMs = 3000;
/** After an answer that another try would only repeat. */
export const refusedMs = 60_000;
/** Nothing is due. */
export const never = Number.POSITIVE_INFINITY;

export class Peer {
  readonly model: PeerModel;
  readonly tables: readonly PeerTable[];
  session: Session | null;
  appState: AppState;
  learnState: LearnState;
  flags: number;
  /** Outcome of the last handshake, or how far the one under way is; 0: none yet. */
  status: number;
  /** Shared clock, `never`: not due. */
  reconnectAtMs: number;
  heartbeatAtMs: number;
  lastHandshakeMs: number;
  /** When the last connection that worked ended. */
  closedMs: number;
  /** Ends of lessons that are still to be confirmed. */
  confirms: number;
  heartbeatsSent: number;
  heartbeatsReceived: number;
  heartbeatsMissed: number;
  connectionsMade: number;
  protocolErrors: number;
  collisions: number;
  /** Tables that the last definition or switch of each side was about. */
  remoteTable: PeerTable | null;
  localTable: PeerTable | null;
  sentKeys: SentKeys;
  receivedKeys: (string | null)[];

  constructor(model: PeerModel, tables: readonly SharedTable[]) {
    this.model = model;
    this.tables = tables.map((shared, index) => new PeerTable(shared, index + 1));
    this.session = null;
    this.appState = 'STOPPED';
    this.learnState = 'NOTASSIGNED';
    this.flags = 0;
    this.status = 0;
    this.reconnectAtMs = never;
    this.heartbeatAtMs = never;
    this.lastHandshakeMs = never;
    this.closedMs = -never;
    this.confirms = 0;
    this.heartbeatsSent = 0;
    this.heartbeatsReceived = 0;
    this.heartbeatsMissed = 0;
    this.connectionsMade = 0;
    this.protocolErrors = 0;
    this.collisions = 0;
    this.remoteTable = null;
    this.localTable = null;
    this.sentKeys = new SentKeys();
    this.receivedKeys = receivedKeys();
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }

  set(flags: number): void {
    this.flags |= flags;
  }

  clear(flags: number): void {
    this.flags &= ~flags;
  }

  get hasUpdates(): boolean {
    return this.tables.some((table) => table.hasUpdates);
  }

  /** A handshake has succeeded. */
  connected(nowMs: number): void {
    this.status = statusSuccess;
    this.lastHandshakeMs = nowMs;
    this.heartbeatAtMs = nowMs + heartbeatMs;
    for (const table of this.tables) table.connect();
    this.confirms = 0;
    this.clear(teachFlags);
    this.appState = 'STARTING';
  }

  /** Its connection is gone: everything that belonged to it is forgotten. */
  disconnected(nowMs: number): void {
    if (this.status === statusSuccess) this.closedMs = nowMs;
    this.session = null;
    this.sentKeys = new SentKeys();
    this.receivedKeys = receivedKeys();
    this.remoteTable = null;
    this.localTable = null;
    this.clear(teachFlags | isAlive);
    this.appState = 'STOPPING';
  }
}

/** As `show peers` prints the outcome of a handshake. */
export function statusText(status: number): string {
  return statusTexts.get(status) ?? 'NONE';
}

const statusTexts: ReadonlyMap<number, string> = new Map([
  [statusConnecting, 'CONN'],
  [statusConnected, 'HSHK'],
  [statusSuccess, 'ESTA'],
  [statusTryAgain, 'RETR'],
  [statusProtocol, 'PROT'],
  [statusVersion, 'VERS'],
  [statusHost, 'NAME'],
  [statusPeer, 'UNKN'],
]);
