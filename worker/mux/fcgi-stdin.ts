// The sending half of a FastCGI request: payload becomes records of input as far as the
// connection's output has room. What the engine leaves behind is kept in one slot and follows.

import type { Pipe } from '../conn/pipes.ts';
import { recordBytesMax, recordHeaderBytes, recordStdin } from '../http/fcgi-records.ts';
import type { SlotPool } from '../memory/pool.ts';
import { PendingBytes } from './pending.ts';
import { type Outbound, sideGone } from './side.ts';

/** What all requests of a connection share (fcgi-back.ts). */
export interface RecordSending {
  /** Bytes of payload that a record written now may have; 0: wait. */
  payloadRoom(): number;
  /** Room for a record, its header written; where its content goes, -1: memory is out. */
  record(type: number, id: number, length: number): number;
  /** Call back when the connection has room again. */
  wait(stdin: FcgiStdin): void;
}

export class FcgiStdin implements Outbound {
  readonly pool: SlotPool;
  /** Called when there is room again. */
  readonly onRoom: () => void;
  id: number;
  shared: RecordSending | null;
  /** The end of the input has been sent. */
  isEnded: boolean;
  /** The engine has handed on the end of the message, though it may not have left. */
  isDone: boolean;
  /** Nothing more may be sent. */
  isGone: boolean;
  /** It waits for the connection, in its list. */
  isWaiting: boolean;
  /** Bytes handed on, with heads: what the log counts. */
  offered: number;
  /** What the engine has left behind. */
  private readonly stashed: PendingBytes;
  /** Of no use here: the connection gathers records by itself. */
  isFollowed: boolean;

  constructor(pool: SlotPool, onRoom: () => void) {
    this.pool = pool;
    this.onRoom = onRoom;
    this.id = 0;
    this.shared = null;
    this.isEnded = false;
    this.isDone = false;
    this.isGone = false;
    this.isWaiting = false;
    this.offered = 0;
    this.stashed = new PendingBytes();
    this.isFollowed = false;
  }

  restart(id: number, shared: RecordSending): void {
    this.id = id;
    this.shared = shared;
    this.isEnded = false;
    this.isDone = false;
    this.isGone = false;
    this.isWaiting = false;
    this.offered = 0;
  }

  /** CGI knows no trailers. */
  setTrailers(_at: number, _length: number): void {}

  send(at: number, length: number, done: boolean): number {
    if (this.isGone) return sideGone;
    if (!this.flush()) return this.isGone ? sideGone : 0;
    if (done) this.isDone = true;
    return this.isEnded ? length : this.write(at, length, done);
  }

  private write(at: number, length: number, done: boolean): number {
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

  /** Sends what was stashed; true when nothing of it is left. */
  flush(): boolean {
    const { stashed } = this;
    if (stashed.isEmpty()) return true;
    if (this.isGone) return false;
    const sent = this.write(stashed.at, stashed.length, this.isDone);
    // A write that fails may have given back what was stashed.
    if (sent < 0 || stashed.isEmpty()) return false;
    stashed.consume(this.pool, sent);
    return stashed.isEmpty();
  }

  isFlushed(): boolean {
    return this.stashed.isEmpty();
  }

  queuedBytes(): number {
    return this.stashed.isEmpty() ? 0 : this.stashed.length;
  }

  offeredBytes(): number {
    return this.offered + this.queuedBytes();
  }

  stash(at: number, length: number): boolean {
    return length === 0 || this.stashed.keep(this.pool, at, length);
  }

  letGo(): void {}

  /** Records cannot be spliced: nobody asks for it, because `isRaw` says so. */
  sendPipe(_pipe: Pipe): void {}

  isRaw(): boolean {
    return false;
  }

  /** Gives the slot back; nothing more is sent. */
  release(): void {
    this.isGone = true;
    this.shared = null;
    this.stashed.release(this.pool);
  }
}
