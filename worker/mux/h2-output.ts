// What an HTTP/2 connection has to say, as frames in slots of the thread's memory. Many streams
// write here; one send takes what has gathered, at the end of the batch of events or when a slot is
// full. Payload is refused when enough waits for the socket, heads and control frames only when
// memory is out. An empty output holds no slot. FastCGI gathers its records here too, in room that
// it reserves.

import { blocked, type Connection } from '../conn/connection.ts';
import {
  FrameHeader,
  flagEndHeaders,
  flagEndStream,
  frameContinuation,
  frameHeaderBytes,
  frameHeaders,
} from '../http/h2-frames.ts';
import type { ThreadContext } from '../thread-context.ts';

/** Slots that may wait before payload is refused. */
const payloadSlotsMax = 2;
/** Slots that may wait at all: heads and control frames of all streams. */
const slotsMax = 256;

export class H2Output {
  readonly connection: Connection;
  private readonly thread: ThreadContext;
  private readonly slots: number[];
  /** First byte of the first slot that has not been sent, and the end of each slot's content. */
  private startAt: number;
  private readonly ends: number[];
  private readonly header: FrameHeader;
  private isScheduled: boolean;
  /** The socket or memory failed: nothing more leaves. */
  isBroken: boolean;
  /** Called when the deferred send has been made. */
  private readonly onSent: () => void;

  constructor(connection: Connection, thread: ThreadContext, onSent: () => void) {
    this.connection = connection;
    this.thread = thread;
    this.slots = [];
    this.startAt = 0;
    this.ends = [];
    this.header = new FrameHeader();
    this.isScheduled = false;
    this.isBroken = false;
    this.onSent = onSent;
  }

  /** Memory that frames are written to. */
  get bytes(): Uint8Array {
    return this.thread.memory.bytes;
  }

  isEmpty(): boolean {
    return this.slots.length === 0;
  }

  /** Slots that wait for the socket. */
  get slotCount(): number {
    return this.slots.length;
  }

  /** Bytes of payload that a DATA frame written now may have; 0: wait until some has been sent. */
  payloadRoom(): number {
    if (this.isBroken) return 0;
    const { slotBytes } = this.thread.memory;
    const { slots } = this;
    if (slots.length === 0) return slotBytes - frameHeaderBytes;
    const last = slots.length - 1;
    const room = slots[last] + slotBytes - this.ends[last] - frameHeaderBytes;
    if (room >= payloadLeast) return room;
    if (slots.length >= payloadSlotsMax) this.send();
    if (this.slots.length >= payloadSlotsMax) return 0;
    return slotBytes - frameHeaderBytes;
  }

  /**
   * Room for a frame of `length` bytes of payload, its header written already; returns where the
   * payload goes, -1: memory is out (the connection is of no use any more). At most a slot.
   */
  frame(length: number, type: number, flags: number, streamId: number): number {
    const at = this.reserve(length + frameHeaderBytes);
    if (at < 0) return -1;
    return this.header.set(length, type, flags, streamId).write(this.thread.memory.bytes, at);
  }

  /**
   * The header block of `length` bytes in the scratch area, in as many frames of `frameMax` bytes
   * as it takes; `ends`: with END_STREAM. False: memory is out.
   */
  block(id: number, length: number, ends: boolean, frameMax: number): boolean {
    const { memory, scratchAt } = this.thread;
    const partMax = Math.min(frameMax, memory.slotBytes - frameHeaderBytes);
    let type: number = frameHeaders;
    let sent = 0;
    do {
      const part = Math.min(length - sent, partMax);
      let flags = sent + part === length ? flagEndHeaders : 0;
      if (sent === 0 && ends) flags |= flagEndStream;
      const at = this.frame(part, type, flags, id);
      if (at < 0) return false;
      memory.bytes.copyWithin(at, scratchAt + sent, scratchAt + sent + part);
      sent += part;
      type = frameContinuation;
    } while (sent < length);
    return true;
  }

  /** Bytes that are no frame: the preface. */
  put(bytes: Uint8Array): void {
    const at = this.reserve(bytes.length);
    if (at >= 0) this.thread.memory.bytes.set(bytes, at);
  }

  /** Room for `length` bytes, at most a slot, that leave in their turn; -1: as for `frame`. */
  reserve(length: number): number {
    const { slots, ends, thread } = this;
    if (this.isBroken) return -1;
    const last = slots.length - 1;
    if (last >= 0 && ends[last] + length <= slots[last] + thread.memory.slotBytes) {
      const at = ends[last];
      ends[last] = at + length;
      return at;
    }
    const at = slots.length < slotsMax ? thread.memory.take() : -1;
    if (at < 0) {
      this.isBroken = true;
      return -1;
    }
    if (slots.length === 0) this.startAt = at;
    slots.push(at);
    ends.push(at + length);
    if (!this.isScheduled) {
      this.isScheduled = true;
      thread.defer(this.deferred);
    }
    return at;
  }

  /** Bound once: what has gathered leaves after the current batch of events. */
  private readonly deferred = (): void => {
    this.isScheduled = false;
    if (!this.connection.isOpen) return;
    this.send();
    this.onSent();
  };

  /** Sends what waits. True when nothing is left, here and in the transport. */
  send(): boolean {
    const { connection, slots, ends } = this;
    if (!connection.isOpen || !connection.flush()) return false;
    while (slots.length > 0 && connection.writable && !this.isBroken) {
      const length = ends[0] - this.startAt;
      const sent = connection.send(this.startAt, length, slots.length > 1);
      if (sent < 0) {
        this.isBroken = sent !== blocked;
        break;
      }
      this.startAt += sent;
      if (sent < length) break;
      this.dropFirst();
    }
    return slots.length === 0 && connection.isFlushed();
  }

  private dropFirst(): void {
    this.thread.memory.release(this.slots[0]);
    this.slots.shift();
    this.ends.shift();
    if (this.slots.length > 0) this.startAt = this.slots[0];
  }

  /** Gives all slots back. */
  release(): void {
    while (this.slots.length > 0) this.dropFirst();
  }
}

/** Frames with less payload than this wait for another slot. */
const payloadLeast = 256;
