// The sending half of a FastCGI request: payload becomes records of input as far as the
// connection's output has room.

import { recordBytesMax, recordHeaderBytes, recordStdin } from '../http/fcgi-records.ts';
import type { SlotPool } from '../memory/pool.ts';
import { FramedOutbound } from './framed-outbound.ts';
import { sideGone } from './side.ts';

/** What all requests of a connection share (fcgi-back.ts). */
export interface RecordSending {
  /** Bytes of payload that a record written now may have; 0: wait. */
  payloadRoom(): number;
  /** Room for a record, its header written; where its content goes, -1: memory is out. */
  record(type: number, id: number, length: number): number;
  /** Call back when the connection has room again. */
  wait(stdin: FcgiStdin): void;
}

export class FcgiStdin extends FramedOutbound {
  /** Called when there is room again. */
  readonly onRoom: () => void;
  shared: RecordSending | null;

  constructor(pool: SlotPool, onRoom: () => void) {
    super(pool);
    this.onRoom = onRoom;
    this.shared = null;
  }

  restart(id: number, shared: RecordSending): void {
    this.begin(id);
    this.shared = shared;
  }

  /** CGI knows no trailers. */
  setTrailers(_at: number, _length: number): void {}

  protected write(at: number, length: number, done: boolean): number {
    const shared = this.shared!;
    let sent = 0;
    while (sent < length) {
      const room = Math.min(length - sent, recordBytesMax, shared.payloadRoom());
      if (room <= 0) {
        if (!this.isWaiting) shared.wait(this);
        return sent;
      }
      if (!this.writeRecord(at + sent, room)) return sideGone;
      sent += room;
    }
    return done && !this.end() ? sideGone : sent;
  }

  private writeRecord(at: number, length: number): boolean {
    const to = this.shared!.record(recordStdin, this.id, length);
    this.isGone = to < 0;
    if (to < 0) return false;
    this.pool.bytes.copyWithin(to, at, at + length);
    this.offered += length + recordHeaderBytes;
    return true;
  }

  /** Nothing follows: a record without content says so. */
  private end(): boolean {
    if (this.isEnded) return true;
    this.isEnded = true;
    this.offered += recordHeaderBytes;
    return this.shared!.record(recordStdin, this.id, 0) >= 0;
  }

  /** Gives the slot back; nothing more is sent. */
  release(): void {
    this.isGone = true;
    this.shared = null;
    this.drop();
  }
}
