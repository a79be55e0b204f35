// What a session sends once it is established: its own turn is acknowledgements, lessons, updates,
// the end of lessons, confirmations, heartbeats. A bounded number of updates at once
// (tune.peers.max-updates-at-once), and nothing while the connection has no room.

import type { Column } from '../../shared/segment/table-data.ts';
import {
  ackMessage,
  classControl,
  controlMessage,
  heartbeat,
  resyncConfirm,
  resyncFinished,
  resyncPartial,
  resyncRequest,
  tableIncrement,
  tableUpdate,
  tableUpdateTimed,
} from './messages.ts';
import { heartbeatDue, isDowngraded, type Peer, teachFinished, teachProcess } from './peer.ts';
import type { Session } from './session.ts';
import { type PeerTable, teachStage1, teachStage2 } from './shared-table.ts';
import { columnsByBit, definitionMessage } from './table-definition.ts';
import { updateBytesMax, writeUpdate } from './update-writer.ts';

/** Bytes that are gathered before they are written. */
const batchBytes = 65_536;
/** Entries of a lesson looked at under one lock. */
const entriesPerLock = 64;

export class Pusher {
  private readonly session: Session;
  private bytes: Buffer;
  private length: number;
  private hasRoom: boolean;
  private isScheduled: boolean;
  /** Updates that may still go in this turn. */
  private budget: number;

  constructor(session: Session) {
    this.session = session;
    this.bytes = Buffer.alloc(0);
    this.length = 0;
    this.hasRoom = true;
    this.isScheduled = false;
    this.budget = 0;
  }

  /** The connection takes bytes again. */
  drained(): void {
    this.hasRoom = true;
    this.session.push();
  }

  /** Sends what there is to send, as far as it may; comes back by itself for the rest. */
  push(): void {
    const { session } = this;
    const { peer, host } = session;
    if (peer === null || !this.hasRoom) return;
    if (this.bytes.length === 0) this.bytes = Buffer.alloc(batchBytes);
    this.budget = host.updatesAtOnce;
    const isDone = this.pushAll(peer);
    this.flush();
    if (!isDone) this.again();
  }

  private again(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.session.push();
    });
  }

  /** False: there is more. */
  private pushAll(peer: Peer): boolean {
    if (peer.has(heartbeatDue)) {
      peer.clear(heartbeatDue);
      peer.heartbeatsSent++;
      this.put(controlMessage(classControl, heartbeat));
    }
    if (peer.learnState === 'ASSIGNED') {
      // The old process teaches its successor unasked.
      if (!peer.model.isLocal) this.put(controlMessage(classControl, resyncRequest));
      peer.learnState = 'PROCESSING';
    }
    for (const table of peer.tables) {
      if (table.lastGet !== table.lastAcked) {
        this.put(ackMessage(table.remoteId, table.lastGet));
        table.lastAcked = table.lastGet;
      }
    }
    if (!this.pushTables(peer)) return false;
    if (peer.has(teachProcess) && !peer.has(teachFinished)) {
      const type = this.session.host.isUpToDate ? resyncFinished : resyncPartial;
      this.put(controlMessage(classControl, type));
      peer.set(teachFinished);
    }
    for (; peer.confirms > 0; peer.confirms--)
      this.put(controlMessage(classControl, resyncConfirm));
    return true;
  }

  private pushTables(peer: Peer): boolean {
    const teaches = peer.has(teachProcess);
    if (teaches && peer.has(teachFinished)) return true;
    for (const table of peer.tables) {
      if (teaches) {
        if ((table.flags & teachStage2) === 0 && !this.teach(peer, table)) return false;
      } else if (peer.learnState === 'NOTASSIGNED' && table.hasUpdates) {
        if (!this.update(peer, table)) return false;
      }
    }
    return true;
  }

  private selectTable(peer: Peer, table: PeerTable): void {
    if (peer.localTable === table) return;
    const { shared, localId } = table;
    this.put(definitionMessage(shared.table, shared.wireName, localId));
    peer.localTable = table;
  }

  /** Every entry of the table; false: the turn is over before its end. */
  private teach(peer: Peer, table: PeerTable): boolean {
    const { shared } = table;
    this.selectTable(peer, table);
    table.flags |= teachStage1;
    const columns = columnsByBit(shared.table);
    const end = shared.table.entriesEver;
    while (table.lessonEntry < end) {
      const to = Math.min(end, table.lessonEntry + entriesPerLock);
      shared.table.enter();
      try {
        for (; table.lessonEntry < to && this.budget > 0 && this.fits(columns, table); ) {
          this.putEntry(peer, table, columns, { entry: table.lessonEntry++, lesson: true });
        }
      } finally {
        shared.table.leave();
      }
      if (this.budget <= 0) return false;
      if (table.lessonEntry < to && !this.flush()) return false;
    }
    table.flags |= teachStage2;
    return true;
  }

  /** Entries that changed since the last turn; false: the turn is over before the last. */
  private update(peer: Peer, table: PeerTable): boolean {
    const { shared } = table;
    const { log } = shared;
    this.selectTable(peer, table);
    const columns = columnsByBit(shared.table);
    let sentId = -1;
    for (let index = log.after(table.lastPushed); index >= 0 && index < log.length; index++) {
      if (this.budget <= 0) return false;
      if (!this.fits(columns, table) && !this.flush()) return false;
      const id = log.idAt(index);
      const entry = log.entryAt(index);
      if (entry >= 0) {
        const hasId = id !== sentId + 1;
        shared.table.enter();
        try {
          const what = { entry, lesson: false, id, hasId };
          if (this.putEntry(peer, table, columns, what)) sentId = id;
        } finally {
          shared.table.leave();
        }
      }
      table.lastPushed = id;
    }
    table.lastPushed = log.last;
    return true;
  }

  /** Under the table's lock. False: the entry is gone or is not the peer's, nothing is sent. */
  private putEntry(
    peer: Peer,
    table: PeerTable,
    columns: readonly Column[],
    what: { readonly entry: number; readonly lesson: boolean; id?: number; hasId?: boolean },
  ): boolean {
    const { shared, teachingOrigin } = table;
    const { entry, lesson, id = teachingOrigin, hasId = true } = what;
    const nowMs = this.session.host.nowMs();
    if (!shared.table.isUsed(entry)) return false;
    if (shared.table.isExpired(shared.table.at(entry), nowMs)) return false;
    const { shard } = peer.model;
    if (shard > 0 && shared.shardOf(entry) !== shard) return false;
    const isTimed = lesson && !peer.has(isDowngraded);
    const type = isTimed ? tableUpdateTimed : hasId ? tableUpdate : tableIncrement;
    const place = { bytes: this.bytes, at: this.length, keys: peer.sentKeys };
    const head = { type, id, hasId, isTimed, nowMs };
    this.length = writeUpdate(place, { table: shared.table, entry, columns }, head);
    this.budget--;
    return true;
  }

  /** The largest update of the table fits what is left of the batch. */
  private fits(columns: readonly Column[], { shared }: PeerTable): boolean {
    const { keyLength } = shared.table.policy.shape;
    return this.length + updateBytesMax(columns, keyLength) <= this.bytes.length;
  }

  private put(message: Buffer): void {
    if (this.length + message.length > this.bytes.length) this.flush();
    this.length += message.copy(this.bytes, this.length);
  }

  /** Hands the batch over; false: no room for another one yet. */
  private flush(): boolean {
    if (this.length === 0) return this.hasRoom;
    const batch = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.alloc(batchBytes);
    this.length = 0;
    this.hasRoom = this.session.transport.write(batch) && this.hasRoom;
    return this.hasRoom;
  }
}
