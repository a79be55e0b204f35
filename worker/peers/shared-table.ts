// One stick table as a peers section sees it, and what one peer and this process have said to each
// other about it.

import type { StickTable } from '../../shared/segment/stick-table.ts';
import type { KeyType } from '../../shared/segment/table-layout.ts';
import type { RemoteColumn } from './table-definition.ts';
import type { UpdateLog } from './update-log.ts';

/** A table of the section. */
export interface SharedTable {
  /** Rules' name, and the one that peers use. */
  readonly name: string;
  readonly wireName: string;
  /** Changes made through this view are not reported: it writes what peers say. */
  readonly table: StickTable;
  readonly log: UpdateLog;
  /** Where what peers say goes as well (write-to), null: nowhere. Quiet as well. */
  readonly writeTo: StickTable | null;
  /** Where what a peer says goes instead, by its name (aggregate); null: into the table itself. */
  readonly shares: ReadonlyMap<string, StickTable> | null;
  /** Values that are local to peers are taken in too. */
  readonly receivesOnly: boolean;
  /** Part of the keys that the entry's key belongs to, 0: there are no parts. */
  readonly shardOf: (entry: number) => number;
}

/** All that a table has been taught. */
export const teachStage1 = 1;
export const teachStage2 = 2;

/** What one peer knows of a table, and what is known of the peer's. */
export class PeerTable {
  readonly shared: SharedTable;
  readonly localId: number;
  remoteId: number;
  flags: number;
  remoteColumns: readonly RemoteColumn[];
  /** Number that we acknowledged last, and the one to acknowledge (32 bits each). */
  lastAcked: number;
  lastGet: number;
  /** Numbers of UpdateLog: sent last, acknowledged last, where a lesson began. */
  lastPushed: number;
  update: number;
  teachingOrigin: number;
  /** Next entry of a lesson. */
  lessonEntry: number;

  constructor(shared: SharedTable, localId: number) {
    this.shared = shared;
    this.localId = localId;
    this.remoteId = 0;
    this.flags = 0;
    this.remoteColumns = [];
    this.lastAcked = 0;
    this.lastGet = 0;
    this.lastPushed = 0;
    this.update = 0;
    this.teachingOrigin = 0;
    this.lessonEntry = 0;
  }

  /** A connection has been made. */
  connect(): void {
    this.lastGet = 0;
    this.lastAcked = 0;
    this.rewind();
  }

  /** From what has been acknowledged on. */
  rewind(): void {
    this.teachingOrigin = this.update;
    this.lastPushed = this.update;
    this.flags = 0;
    this.lessonEntry = 0;
  }

  /** A lesson is over and confirmed. */
  endLesson(): void {
    this.update = this.teachingOrigin;
    this.lastPushed = this.teachingOrigin;
    this.flags = 0;
  }

  get hasUpdates(): boolean {
    return this.lastPushed !== this.shared.log.last;
  }
}

/** Bytes of a key as definitions announce them: strings count their end. */
export function wireKeyLength(keyType: KeyType, keyLength: number): number {
  return keyType === 'string' ? keyLength + 1 : keyLength;
}
