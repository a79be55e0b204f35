// Takes records off what a FastCGI connection receives (http/fcgi-records.ts). Output of a request
// is read by its stream from where it was received; until it has taken all of it nothing else is
// read: FastCGI has no windows, so a slow client holds up who shares its connection (manual,
// http-reuse). Other records are handed on when they are complete. An idle connection holds no
// slot.

import { blocked, type Connection } from '../conn/connection.ts';
import {
  endBytes,
  RecordHeader,
  type RecordRest,
  recordEnd,
  recordHeaderBytes,
  recordStderr,
  recordStdout,
  recordUnknown,
  recordValues,
} from '../http/fcgi-records.ts';
import type { ThreadContext } from '../thread-context.ts';
import { FrameInput } from './frame-input.ts';

/** A request whose output is being received. */
export interface OutputReader {
  /** Some of it may be taken now. It need not be: then nothing else is received meanwhile. */
  onOutput(): void;
}

/** Who acts on records (fcgi-back.ts). */
export interface RecordTarget {
  /** The connection is not over. */
  isReadable(): boolean;
  /** Every record, when its header has been read. */
  onRecord(header: RecordHeader): void;
  /** Who reads the output of request `id`; null: nobody. */
  readerOf(id: number): OutputReader | null;
  /** Request `id` has no more output. */
  onOutputEnd(id: number): void;
  /** Error output, in as many pieces as memory makes it. */
  onErrors(id: number, at: number, length: number): void;
  /** Request `id` is over. */
  onRequestEnd(id: number, status: number): void;
  /** An answer to GET_VALUES; `length` -1: there is none to be had. False: it is malformed. */
  onValues(at: number, length: number): boolean;
  /** A record that means nothing here. False: there are too many. */
  onStray(): boolean;
  /** The peer closed (0) or the socket failed (minus errno). */
  onEnd(result: number): void;
  /** The peer broke the protocol, `length` bytes at `at`; or memory is out (length 0). */
  onFatal(at: number, length: number): void;
}

/** Receives for one event: no connection may hold the loop. */
const roundsMax = 8;
/** What a step came to. */
const stepMore = 0;
const stepDone = 1;
const stepFatal = 2;

export class FcgiDemux extends FrameInput implements RecordRest {
  private readonly target: RecordTarget;
  private readonly header: RecordHeader;
  private isInRecord: boolean;
  /** The record's content has been acted on: what is left of it is passed over. */
  private isSettled: boolean;
  /** Content and padding of the record that have not been taken. */
  left: number;
  padding: number;
  /** Who may take the `offered` bytes at `rawAt`. */
  private reader: OutputReader | null;
  private offered: number;

  constructor(connection: Connection, thread: ThreadContext, target: RecordTarget) {
    super(connection, thread);
    this.target = target;
    this.header = new RecordHeader();
    this.isInRecord = false;
    this.isSettled = false;
    this.left = 0;
    this.padding = 0;
    this.reader = null;
    this.offered = 0;
  }

  read(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    this.readAll();
    this.isBusy = false;
    this.settle();
    if (this.offered === 0 && this.connection.isOpen && this.connection.readable) this.readLater();
  }

  private readAll(): void {
    const { connection, target } = this;
    for (let round = 0; round <= roundsMax; round++) {
      if (!target.isReadable() || !this.parse()) return;
      if (round === roundsMax || !connection.isOpen || !connection.readable) return;
      if (!this.makeRoom()) {
        target.onFatal(0, 0);
        return;
      }
      const got = this.receive();
      if (got === blocked) return;
      if (got <= 0) {
        target.onEnd(got);
        return;
      }
    }
  }

  /** Takes what is complete. False: nothing more is to be received now. */
  private parse(): boolean {
    for (;;) {
      if (!this.isInRecord) {
        if (this.rawEnd - this.rawAt < recordHeaderBytes) return true;
        if (!this.takeHeader()) return false;
      }
      if (!this.isSettled) {
        const step = this.takeContent();
        if (step === stepFatal) {
          this.target.onFatal(this.rawAt, this.rawEnd - this.rawAt);
          return false;
        }
        if (!this.target.isReadable() || this.offered > 0) return false;
        if (step === stepMore) return true;
        this.isSettled = true;
      }
      if (!this.skip()) return true;
      this.isInRecord = false;
    }
  }

  private takeHeader(): boolean {
    const { header, rawAt } = this;
    const isOurs = header.read(this.pool.bytes, rawAt);
    if (!isOurs || header.isMisplaced()) {
      this.target.onFatal(rawAt, this.rawEnd - rawAt);
      return false;
    }
    this.rawAt += recordHeaderBytes;
    this.isInRecord = true;
    this.isSettled = false;
    this.left = header.length;
    this.padding = header.padding;
    this.target.onRecord(header);
    return true;
  }

  private takeContent(): number {
    switch (this.header.type) {
      case recordStdout:
        return this.takeOutput();
      case recordStderr:
        return this.takeErrors();
      case recordEnd:
        return this.takeEnd();
      case recordValues:
        return this.takeValues();
      case recordUnknown:
        return this.target.onValues(0, -1) ? stepDone : stepFatal;
      default:
        return this.target.onStray() ? stepDone : stepFatal;
    }
  }

  private takeOutput(): number {
    const { target, header } = this;
    if (header.length === 0) {
      target.onOutputEnd(header.id);
      return stepDone;
    }
    while (this.left > 0) {
      const reader = target.readerOf(header.id);
      if (reader === null) return stepDone;
      this.offered = Math.min(this.left, this.rawEnd - this.rawAt);
      if (this.offered === 0) return stepMore;
      this.reader = reader;
      reader.onOutput();
      if (!target.isReadable() || this.offered > 0) return stepMore;
    }
    return stepDone;
  }

  /** What `reader` may take now; bytes and their place are those of `rest`. */
  offeredTo(reader: OutputReader): number {
    return this.reader === reader ? this.offered : 0;
  }

  /** Copies up to `length` bytes of what is offered to `reader` to `at`; how many. */
  take(reader: OutputReader, at: number, length: number): number {
    const taken = Math.min(length, this.offeredTo(reader));
    if (taken === 0) return 0;
    this.pool.bytes.copyWithin(at, this.rawAt, this.rawAt + taken);
    this.rawAt += taken;
    this.left -= taken;
    this.offered -= taken;
    if (this.offered === 0) this.resume();
    return taken;
  }

  /** `reader` wants no more: what is offered to it is passed over. */
  withdraw(reader: OutputReader): void {
    if (this.reader !== reader) return;
    this.offered = 0;
    this.resume();
  }

  private resume(): void {
    this.reader = null;
    if (!this.isBusy) this.readLater();
  }

  /** Where what was received and not taken stands. */
  get rest(): { readonly at: number; readonly end: number } {
    place.at = this.rawAt;
    place.end = this.rawEnd;
    return place;
  }

  private takeErrors(): number {
    const { header, target } = this;
    const length = Math.min(this.left, this.rawEnd - this.rawAt);
    const isWhole = length === this.left || length === this.pool.slotBytes;
    if (!isWhole) return stepMore;
    if (length > 0) target.onErrors(header.id, this.rawAt, length);
    this.rawAt += length;
    this.left -= length;
    return this.left > 0 ? stepMore : stepDone;
  }

  /** appStatus in four bytes, protocolStatus in one, three that are reserved. */
  private takeEnd(): number {
    if (this.header.length < endBytes) return stepFatal;
    if (this.rawEnd - this.rawAt < endBytes) return stepMore;
    this.target.onRequestEnd(this.header.id, this.pool.bytes[this.rawAt + 4]);
    return stepDone;
  }

  private takeValues(): number {
    const { header, rawAt } = this;
    if (header.length > this.pool.slotBytes) return stepFatal;
    if (this.rawEnd - rawAt < header.length) return stepMore;
    return this.target.onValues(rawAt, header.length) ? stepDone : stepFatal;
  }

  /** What is left of the record. False: not all of it has come. */
  private skip(): boolean {
    const content = Math.min(this.left, this.rawEnd - this.rawAt);
    this.rawAt += content;
    this.left -= content;
    const padding = Math.min(this.padding, this.rawEnd - this.rawAt);
    this.rawAt += padding;
    this.padding -= padding;
    return this.left === 0 && this.padding === 0;
  }

  /** Gives all memory back; within `read`, at its end. */
  release(): void {
    this.rawAt = this.rawEnd;
    this.offered = 0;
    this.reader = null;
    if (this.slotAt >= 0 && !this.isBusy) this.drop();
  }
}

const place = { at: 0, end: 0 };
