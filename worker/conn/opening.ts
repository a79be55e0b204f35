// A connection to a server on its way up: TCP handshake, then what must be said before the payload
// (PROXY header), then TLS. Owns the connection until it is ready and then hands it to the mux.

import { ETIMEDOUT, SO_ERROR, SOL_SOCKET } from '../../shared/sys/constants.ts';
import type { Connection, ConnectionOwner } from './connection.ts';

/** One thing to do between connect and the first payload byte. */
export interface OpeningStep {
  /** > 0: done; 0: wait for the next event; below zero: minus errno, it failed. */
  advance(connection: Connection): number;
}

export class Opening implements ConnectionOwner {
  private readonly connection: Connection;
  private readonly next: ConnectionOwner;
  private readonly steps: readonly OpeningStep[];
  private readonly report: (result: number) => void;
  private connected: boolean;
  private step: number;

  /** `report`: 0 ready, or minus errno; called once, never from within the constructor. */
  constructor(
    connection: Connection,
    next: ConnectionOwner,
    steps: readonly OpeningStep[],
    report: (result: number) => void,
  ) {
    this.connection = connection;
    this.next = next;
    this.steps = steps;
    this.report = report;
    this.connected = false;
    this.step = 0;
    connection.owner = this;
  }

  onReadable(): void {
    this.advance();
  }

  onWritable(): void {
    this.advance();
  }

  private advance(): void {
    const { connection } = this;
    if (!this.connected) {
      if (connection.hangup) {
        const error = connection.sys.getsockoptInt(connection.fd, SOL_SOCKET, SO_ERROR);
        if (error > 0) {
          this.finish(-error);
          return;
        }
      }
      if (!connection.writable) return;
      this.connected = true;
    }
    while (this.step < this.steps.length) {
      const result = this.steps[this.step].advance(connection);
      if (result === 0) return;
      if (result < 0) {
        this.finish(result);
        return;
      }
      this.step++;
    }
    this.finish(0);
  }

  private finish(result: number): void {
    this.connection.owner = this.next;
    this.report(result);
  }
}

/** What a connect that took too long reports. */
export const connectTimedOut = -ETIMEDOUT;
