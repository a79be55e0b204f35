// A connection on its way up: TCP handshake, then what must be said or heard before the payload
// (PROXY header), then TLS. Owns the connection until it is ready and then hands it to the mux.

import { ETIMEDOUT, SO_ERROR, SOL_SOCKET } from '../../shared/sys/constants.ts';
import type { Timed, Timers } from '../loop/timers.ts';
import type { Connection, ConnectionOwner } from './connection.ts';
import { faultRefused, faultReset, faultSocket, faultUnreachable } from './fault.ts';

/** One thing to do between connect or accept and the first payload byte. */
export interface OpeningStep {
  /** `Connection.fault` when the time is over while this step waits. */
  readonly timeoutFault: number;
  /**
   * > 0: done; 0: wait for the next event; below zero: minus errno, it failed and the connection's
   * `fault` says why.
   */
  advance(connection: Connection): number;
}

export class Opening implements ConnectionOwner, Timed {
  dueMs: number;
  bucket: number;
  timerNext: Timed | null;
  timerPrevious: Timed | null;
  private readonly connection: Connection;
  private readonly next: ConnectionOwner;
  private readonly steps: readonly OpeningStep[];
  private readonly report: (result: number) => void;
  private timers: Timers | null;
  /** TCP's own handshake is over. */
  connected: boolean;
  private step: number;

  /** `report`: 0 ready, or minus errno; called once, never from within the constructor. */
  constructor(
    connection: Connection,
    next: ConnectionOwner,
    steps: readonly OpeningStep[],
    report: (result: number) => void,
  ) {
    this.dueMs = 0;
    this.bucket = -1;
    this.timerNext = null;
    this.timerPrevious = null;
    this.connection = connection;
    this.next = next;
    this.steps = steps;
    this.report = report;
    this.timers = null;
    this.connected = false;
    this.step = 0;
    connection.owner = this;
  }

  /** Fails with ETIMEDOUT when it is not ready by `dueMs` of the loop's clock. */
  limit(timers: Timers, dueMs: number): void {
    this.timers = timers;
    timers.schedule(this, dueMs);
  }

  /** Somebody else closes the connection: nothing will be reported. */
  cancel(): void {
    this.timers?.remove(this);
  }

  onReadable(): void {
    this.advance();
  }

  onWritable(): void {
    this.advance();
  }

  onTimeout(): void {
    const { connection, steps, step } = this;
    if (step < steps.length) connection.fault = steps[step].timeoutFault;
    this.finish(-ETIMEDOUT);
  }

  private advance(): void {
    const { connection } = this;
    if (!this.connected && !this.connect()) return;
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

  /** True when TCP's own handshake is over. */
  private connect(): boolean {
    const { connection } = this;
    if (connection.hangup) {
      const error = connection.sys.getsockoptInt(connection.fd, SOL_SOCKET, SO_ERROR);
      if (error > 0) {
        connection.fault = socketFaults.get(error) ?? faultSocket;
        this.finish(-error);
        return false;
      }
    }
    this.connected = connection.writable;
    return this.connected;
  }

  private finish(result: number): void {
    this.cancel();
    this.connection.owner = this.next;
    this.report(result);
  }
}

const socketFaults: ReadonlyMap<number, number> = new Map([
  [111, faultRefused], // ECONNREFUSED
  [104, faultReset], // ECONNRESET
  [113, faultUnreachable], // EHOSTUNREACH
  [101, faultUnreachable], // ENETUNREACH
]);
