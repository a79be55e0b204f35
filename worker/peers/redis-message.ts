// What members of a section with `redis` tell each other: an entry as the peers protocol writes it,
// behind the time of writing, so that ages stay right however long it has lain on the server.
//
//   payload   wall clock in milliseconds (float64), table definition, update
//   message   length and bytes of the member's name, length (16 bits) and bytes of the key, payload

import { entryKey } from '../../shared/segment/table-layout.ts';
import type { StickTable } from '../../shared/segment/stick-table.ts';
import { SentKeys } from './dictionary.ts';
import { FrameReader, frameReady, tableDefine, tableUpdateTimed } from './messages.ts';
import { wireKeyLength, type SharedTable } from './shared-table.ts';
import {
  columnsByBit,
  definitionMessage,
  readDefinitionBody,
  readDefinitionHead,
} from './table-definition.ts';
import { UpdateReader } from './update-reader.ts';
import { updateBytesMax, writeUpdate } from './update-writer.ts';

const stampBytes = 8;

/** Key of an entry as the server keeps it. */
export interface PackedEntry {
  readonly key: Buffer;
  readonly payload: Buffer;
}

/** Writes entries of one table. Control thread. */
export class EntryPacker {
  private readonly table: StickTable;
  private readonly columns: ReturnType<typeof columnsByBit>;
  private readonly keys: SentKeys;
  private readonly bytes: Buffer;
  private readonly updateAt: number;

  constructor({ table, wireName }: SharedTable) {
    this.table = table;
    this.columns = columnsByBit(table);
    this.keys = new SentKeys();
    const definition = definitionMessage(table, wireName, 1);
    const { keyType, keyLength } = table.policy.shape;
    const room = updateBytesMax(this.columns, wireKeyLength(keyType, keyLength));
    this.updateAt = stampBytes + definition.length;
    this.bytes = Buffer.alloc(this.updateAt + room);
    definition.copy(this.bytes, stampBytes);
  }

  /** null: the entry is gone. */
  pack(entry: number, nowMs: number, wallMs: number): PackedEntry | null {
    const { table, bytes, columns, keys, updateAt } = this;
    table.enter();
    try {
      if (!table.isUsed(entry)) return null;
      const head = { type: tableUpdateTimed, id: 0, hasId: true, isTimed: true, nowMs };
      const end = writeUpdate({ bytes, at: updateAt, keys }, { table, entry, columns }, head);
      bytes.writeDoubleBE(wallMs, 0);
      return { key: keyBytes(table, entry), payload: Buffer.from(bytes.subarray(0, end)) };
    } finally {
      table.leave();
    }
  }
}

/** The key of an entry that is in use. Under the table's lock. */
export function keyBytes(table: StickTable, entry: number): Buffer {
  const { buffer, byteOffset } = table.segment.bytes;
  const from = byteOffset + (table.at(entry) + entryKey) * 4;
  return Buffer.from(Buffer.from(buffer, from, table.geometry.keyWords * 4));
}

/** Reads payloads into the shares of members. Control thread. */
export class EntryTaker {
  private readonly tables: readonly SharedTable[];
  private readonly update: UpdateReader;

  constructor(tables: readonly SharedTable[]) {
    this.tables = tables;
    this.update = new UpdateReader();
  }

  /** `share`: whose the entry is; false: the payload is broken, or there is no such table here. */
  take(payload: Buffer, share: string, nowMs: number, wallMs: number): boolean {
    const opened = this.open(payload);
    if (opened === null) return false;
    const { shared, columns } = opened;
    // Clocks of members may differ a little: nothing comes from the future.
    const ageMs = Math.max(0, wallMs - payload.readDoubleBE(0));
    this.update.apply(shared, columns, share, nowMs - ageMs);
    return true;
  }

  /** Whether the entry would have expired by now, wherever it is. */
  isExpired(payload: Buffer, wallMs: number): boolean {
    const opened = this.open(payload);
    if (opened === null) return true;
    if (opened.shared.table.policy.expireMs === 0) return false;
    return payload.readDoubleBE(0) + this.update.expireMs < wallMs;
  }

  private open(payload: Buffer) {
    if (payload.length <= stampBytes) return null;
    const frames = new FrameReader(payload.length);
    frames.push(payload.subarray(stampBytes));
    if (!hasNext(frames, tableDefine)) return null;
    const head = readDefinitionHead(frames.data);
    const shared = this.tables.find(({ wireName }) => wireName === head?.wireName);
    if (shared === undefined) return null;
    const columns = readDefinitionBody(frames.data, shared.table)?.columns ?? null;
    if (columns === null || !hasNext(frames, tableUpdateTimed)) return null;
    const { update } = this;
    if (!update.readHead(tableUpdateTimed, frames.data)) return null;
    return update.readBody(frames.data, shared, columns, []) ? { shared, columns } : null;
  }
}

const hasNext = (frames: FrameReader, type: number): boolean =>
  frames.next() === frameReady && frames.type === type;

/** What one member says to the others at once. */
export function messageOf(member: string, { key, payload }: PackedEntry): Buffer {
  const name = Buffer.from(member, 'latin1');
  const head = Buffer.alloc(3);
  head[0] = name.length;
  head.writeUInt16BE(key.length, 1);
  return Buffer.concat([head, name, key, payload]);
}

export interface MemberMessage extends PackedEntry {
  readonly member: string;
}

/** null: the message is broken. */
export function readMessage(bytes: Buffer): MemberMessage | null {
  if (bytes.length < 3) return null;
  const keyAt = 3 + bytes[0];
  const payloadAt = keyAt + bytes.readUInt16BE(1);
  if (payloadAt >= bytes.length) return null;
  return {
    member: bytes.toString('latin1', 3, keyAt),
    key: bytes.subarray(keyAt, payloadAt),
    payload: bytes.subarray(payloadAt),
  };
}
