// The output of one FastCGI request as a source of bytes, so that a Receiver reads it as it reads a
// connection: what its connection offers, then the end of the output or of the connection.

import { blocked } from '../conn/connection.ts';
import type { FcgiDemux, OutputReader } from './fcgi-demux.ts';
import type { ByteSource } from './receiver.ts';

/** Bytes come out of records: none bypass memory. */
const framed = {};

export class FcgiStdout implements ByteSource, OutputReader {
  readable: boolean;
  readonly transport: object;
  bytesReceived: number;
  splicedIn: number;
  demux: FcgiDemux | null;
  /** What is to be said once nothing is offered: `blocked`, 0 for the end, or a failure. */
  private last: number;
  private readonly notify: () => void;

  constructor(notify: () => void) {
    this.readable = false;
    this.transport = framed;
    this.bytesReceived = 0;
    this.splicedIn = 0;
    this.demux = null;
    this.last = blocked;
    this.notify = notify;
  }

  restart(demux: FcgiDemux): void {
    this.readable = false;
    this.bytesReceived = 0;
    this.demux = demux;
    this.last = blocked;
  }

  onOutput(): void {
    this.readable = true;
    this.notify();
  }

  /** Nothing follows; `result` below zero: because of a failure (Inbound.failure). */
  end(result: number): void {
    if (this.last !== blocked) return;
    this.last = result;
    this.readable = true;
    this.notify();
  }

  /** No more output is expected. */
  get hasEnded(): boolean {
    return this.last !== blocked;
  }

  recv(at: number, length: number): number {
    const { demux } = this;
    if (demux === null) return 0;
    const taken = demux.take(this, at, length);
    if (taken === 0) {
      this.readable = false;
      return this.last;
    }
    this.bytesReceived += taken;
    if (demux.offeredTo(this) === 0 && this.last === blocked) this.readable = false;
    return taken;
  }

  /** Nobody reads any more. */
  release(): void {
    this.demux?.withdraw(this);
    this.demux = null;
  }
}
