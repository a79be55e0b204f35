// What takers of frames share (h2-demux.ts, fcgi-demux.ts): one slot with the bytes that were
// received and not taken, and going on later, so that no connection holds the loop. An idle
// connection holds no slot. Proxy thread.

import type { Connection } from '../conn/connection.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { ThreadContext } from '../thread-context.ts';

export abstract class FrameInput {
  protected readonly connection: Connection;
  protected readonly pool: SlotPool;
  /** -1: none. The bytes at hand are those from `rawAt` to `rawEnd`. */
  protected slotAt: number;
  protected rawAt: number;
  protected rawEnd: number;
  /** Within `read`. */
  protected isBusy: boolean;
  private readonly thread: ThreadContext;
  private isDeferred: boolean;

  constructor(connection: Connection, thread: ThreadContext) {
    this.connection = connection;
    this.thread = thread;
    this.pool = thread.memory;
    this.slotAt = -1;
    this.rawAt = 0;
    this.rawEnd = 0;
    this.isBusy = false;
    this.isDeferred = false;
  }

  /** Reads and hands on what there is. Does nothing when called from within itself. */
  abstract read(): void;

  /** Goes on after the current batch of events. */
  protected readLater(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.thread.defer(this.deferred);
  }

  private readonly deferred = (): void => {
    this.isDeferred = false;
    if (this.connection.isOpen) this.read();
  };

  /** A slot with room behind what has not been taken; false: it is full, or there is none. */
  protected makeRoom(): boolean {
    const { pool } = this;
    if (this.slotAt < 0) {
      this.slotAt = pool.take();
      this.rawAt = this.slotAt;
      this.rawEnd = this.slotAt;
      return this.slotAt >= 0;
    }
    if (this.rawAt > this.slotAt) {
      if (this.rawEnd > this.rawAt) pool.bytes.copyWithin(this.slotAt, this.rawAt, this.rawEnd);
      this.rawEnd -= this.rawAt - this.slotAt;
      this.rawAt = this.slotAt;
    }
    return this.rawEnd < this.slotAt + pool.slotBytes;
  }

  /** As Connection.recv, behind what is at hand; after `makeRoom`. */
  protected receive(): number {
    const room = this.slotAt + this.pool.slotBytes - this.rawEnd;
    const got = this.connection.recv(this.rawEnd, room);
    if (got > 0) this.rawEnd += got;
    return got;
  }

  /** Gives the slot back when all of it has been taken. */
  protected settle(): void {
    if (this.slotAt >= 0 && this.rawAt === this.rawEnd) this.drop();
  }

  protected drop(): void {
    this.pool.release(this.slotAt);
    this.slotAt = -1;
    this.rawAt = 0;
    this.rawEnd = 0;
  }
}
