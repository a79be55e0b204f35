// What the sending halves of streams share that leave in frames on a connection with others
// (h2-outbound.ts, fcgi-stdin.ts): what the engine leaves behind (the rest of a reply) is kept in
// one slot and follows. Proxy thread.

import type { Pipe } from '../conn/pipes.ts';
import type { SlotPool } from '../memory/pool.ts';
import { PendingBytes } from './pending.ts';
import { type Outbound, sideGone } from './side.ts';

export abstract class FramedOutbound implements Outbound {
  readonly pool: SlotPool;
  id: number;
  /** The end of the message has been sent. */
  isEnded: boolean;
  /** The engine has handed on the end of the message, though it may not have left. */
  isDone: boolean;
  /** The stream was reset, by either end: nothing more may be sent. */
  isGone: boolean;
  /** It waits for the connection, in its list. */
  isWaiting: boolean;
  /** Bytes handed on, with heads: what the log counts. */
  offered: number;
  /** Of no use here: the connection gathers frames by itself. */
  isFollowed: boolean;
  private readonly stashed: PendingBytes;

  constructor(pool: SlotPool) {
    this.pool = pool;
    this.id = 0;
    this.isEnded = false;
    this.isDone = false;
    this.isGone = false;
    this.isWaiting = false;
    this.offered = 0;
    this.isFollowed = false;
    this.stashed = new PendingBytes();
  }

  protected begin(id: number): void {
    this.id = id;
    this.isEnded = false;
    this.isDone = false;
    this.isGone = false;
    this.isWaiting = false;
    this.offered = 0;
  }

  abstract setTrailers(at: number, length: number): void;

  /** Frames for as much as may leave now, and the end. Bytes taken, or sideGone. */
  protected abstract write(at: number, length: number, done: boolean): number;

  /** Payload is taken and goes nowhere. */
  protected isDeaf(): boolean {
    return this.isEnded;
  }

  send(at: number, length: number, done: boolean): number {
    if (this.isGone) return sideGone;
    if (!this.flush()) return this.isGone ? sideGone : 0;
    if (done) this.isDone = true;
    return this.isDeaf() ? length : this.write(at, length, done);
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

  /** Frames cannot be spliced: nobody asks for it, because `isRaw` says so. */
  sendPipe(_pipe: Pipe): void {}

  isRaw(): boolean {
    return false;
  }

  /** Gives the slot back. */
  protected drop(): void {
    this.stashed.release(this.pool);
  }
}
