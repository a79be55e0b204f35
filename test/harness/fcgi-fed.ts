// A FastCGI demultiplexer that is fed bytes by hand, for unit tests and the fuzzer: whoever made it
// says what each receive gives, and takes what is offered.

import { blocked, type Connection } from '../../worker/conn/connection.ts';
import type { SlotPool } from '../../worker/memory/pool.ts';
import { FcgiDemux, type OutputReader, type RecordTarget } from '../../worker/mux/fcgi-demux.ts';
import type { ThreadContext } from '../../worker/thread-context.ts';

/** How much of what has not been received the next receive gives, at most. */
export type NextLength = () => number;

export class FedDemux {
  readonly demux: FcgiDemux;
  /** The demultiplexer has not given the connection up. */
  isOpen = true;
  readable = true;
  private readonly pool: SlotPool;
  private readonly bytes: Buffer;
  private readonly next: NextLength;
  private readonly deferred: (() => void)[] = [];
  private at = 0;

  constructor(pool: SlotPool, bytes: Buffer, next: NextLength, target: RecordTarget) {
    this.pool = pool;
    this.bytes = bytes;
    this.next = next;
    const thread = { memory: pool, defer: (act: () => void) => this.deferred.push(act) };
    this.demux = new FcgiDemux(
      this as unknown as Connection,
      thread as unknown as ThreadContext,
      target,
    );
  }

  /** As Connection.recv. */
  recv(to: number, room: number): number {
    const { bytes, at, pool } = this;
    const length = Math.min(room, bytes.length - at, this.next());
    if (length === 0) {
      this.readable = false;
      return blocked;
    }
    if (to < 0 || to + length > pool.bytes.length) throw new Error('outside of memory');
    pool.bytes.set(bytes.subarray(at, at + length), to);
    this.at += length;
    return length;
  }

  /** Receives all; what is offered to one of `readers` and left there comes later, by `take`. */
  run<T extends OutputReader>(readers: readonly T[], take: (reader: T) => void): void {
    const { demux, deferred } = this;
    demux.read();
    for (let moves = 0; this.isOpen && moves < 100_000; moves++) {
      const reader = readers.find((one) => demux.offeredTo(one) > 0);
      if (reader !== undefined) take(reader);
      const act = deferred.shift();
      if (act !== undefined) act();
      else if (reader === undefined) break;
    }
    demux.release();
  }
}
