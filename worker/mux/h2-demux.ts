// Takes frames off what an HTTP/2 connection receives and hands each to its link (RFC 9113 4,
// 6.10). Payload of DATA is handed on as it comes, every other frame when it is complete; header
// blocks in several frames are put together in a slot. An idle connection holds no slot.

import { sourceH2 } from '../../shared/trace/sources.ts';
import { pointH2End, pointH2Frame, traceConnection } from '../log/stream-traces.ts';
import { tracer } from '../log/trace.ts';
import { blocked, type Connection } from '../conn/connection.ts';
import {
  errorCalm,
  errorFrameSize,
  errorProtocol,
  FrameHeader,
  flagEndHeaders,
  flagEndStream,
  flagPadded,
  flagPriority,
  frameContinuation,
  frameData,
  frameFault,
  frameHeaderBytes,
  frameHeaders,
  framePush,
  frameSettings,
  preface,
  readUint32,
} from '../http/h2-frames.ts';
import type { ThreadContext } from '../thread-context.ts';
import { FrameInput } from './frame-input.ts';

/** Who acts on frames (h2-link.ts). A number other than 0 is an error of the connection. */
export interface FrameTarget {
  /** More is not to be read now: too much waits to be sent, or the connection is over. */
  isReadable(): boolean;
  /** How many frames may be taken in one go; `onFrame` may say that it is enough. */
  framesAtOnce(): number;
  /** A DATA frame begins; `padding` bytes of it count for the windows and are no payload. */
  onDataStart(id: number, padding: number): number;
  /** Payload of it, and whether the stream ends behind it. */
  onData(id: number, at: number, length: number, ends: boolean): number;
  /** A complete header block. `frames`: how many it came in. */
  onHeaderBlock(frame: FrameHeader, at: number, length: number, frames: number): number;
  /** Any other frame, complete. */
  onFrame(frame: FrameHeader, at: number): number;
  /** The peer closed (0) or the socket failed (minus errno). */
  onEnd(result: number): void;
  /** The peer broke the protocol, or memory is out. */
  onFatal(code: number): void;
}

/** Receives for one event: no connection may hold the loop. */
const roundsMax = 8;
/** HEADERS and CONTINUATION frames of one block. */
const blockFramesMax = 64;

export class H2Demux extends FrameInput {
  private readonly target: FrameTarget;
  private readonly frame: FrameHeader;
  /** Bytes of the client's preface still expected. */
  private prefaceLeft: number;
  private isFirstFrame: boolean;
  /** A frame's header has been read; `left` bytes of it are still to be taken. */
  private isInFrame: boolean;
  private left: number;
  /** Bytes of padding at the end of a DATA frame. */
  private padding: number;
  private isPaddingKnown: boolean;
  /** A block in several frames: its slot and length, the frame it began with. */
  private blockAt: number;
  private blockLength: number;
  private blockFrames: number;
  private readonly blockFrame: FrameHeader;
  /** Frames that may still be taken in this go. */
  private budget: number;

  constructor(
    connection: Connection,
    thread: ThreadContext,
    target: FrameTarget,
    expectsPreface: boolean,
  ) {
    super(connection, thread);
    this.target = target;
    this.frame = new FrameHeader();
    this.prefaceLeft = expectsPreface ? preface.length : 0;
    this.isFirstFrame = true;
    this.isInFrame = false;
    this.left = 0;
    this.padding = 0;
    this.isPaddingKnown = false;
    this.blockAt = -1;
    this.blockLength = 0;
    this.blockFrames = 0;
    this.blockFrame = new FrameHeader();
    this.budget = 0;
  }

  /** Received bytes wait to be taken. */
  get hasBytes(): boolean {
    return this.rawEnd > this.rawAt;
  }

  /** The preface has come and SETTINGS may be answered. */
  get hasPreface(): boolean {
    return this.prefaceLeft === 0;
  }

  /** Nothing has been read but what was handed on: another thread may go on reading. */
  get isClean(): boolean {
    return this.slotAt < 0 && !this.isInFrame && this.blockAt < 0 && this.prefaceLeft === 0;
  }

  /** The connection is under way: its first frames were read elsewhere. */
  goOn(): void {
    this.isFirstFrame = false;
  }

  /** Takes over a slot that holds the connection's first bytes (a preface seen by HTTP/1). */
  adopt(slotAt: number, rawAt: number, rawEnd: number): void {
    this.slotAt = slotAt;
    this.rawAt = rawAt;
    this.rawEnd = rawEnd;
  }

  read(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    this.budget = this.target.framesAtOnce();
    this.readAll();
    this.isBusy = false;
    this.settle();
    const isCut = this.budget <= 0 && this.slotAt >= 0;
    if (!this.connection.isOpen || !this.target.isReadable()) return;
    if (this.connection.readable || isCut) this.readLater();
  }

  /** No more frames in this go. */
  pause(): void {
    this.budget = 0;
  }

  private readAll(): void {
    const { connection, target } = this;
    for (let round = 0; round < roundsMax; round++) {
      if (!target.isReadable() || this.budget <= 0) return;
      if (this.rawEnd > this.rawAt && !this.parse()) return;
      if (!connection.isOpen || !connection.readable || !target.isReadable()) return;
      if (!this.makeRoom()) {
        target.onFatal(errorCalm);
        return;
      }
      const got = this.receive();
      if (got === blocked) return;
      if (got <= 0) {
        target.onEnd(got);
        return;
      }
    }
    if (target.isReadable() && this.rawEnd > this.rawAt) this.parse();
  }

  /** Takes what is complete. False: the connection is over. */
  private parse(): boolean {
    while (this.budget > 0 && (this.rawEnd > this.rawAt || this.isInFrame)) {
      if (this.rawEnd === this.rawAt && this.left > 0) return true;
      const before = this.rawAt;
      const wasInFrame = this.isInFrame;
      const fault = this.step();
      if (fault !== 0) {
        this.target.onFatal(fault);
        return false;
      }
      if (!this.connection.isOpen || !this.target.isReadable()) return false;
      if (this.rawAt === before && this.isInFrame === wasInFrame) return true;
    }
    return true;
  }

  private step(): number {
    if (this.prefaceLeft > 0) return this.takePreface();
    if (!this.isInFrame) return this.takeHeader();
    if (this.frame.type === frameData) return this.takeData();
    if (this.frame.type > frameContinuation) return this.skip();
    if (this.rawEnd - this.rawAt < this.left) return 0;
    const at = this.rawAt;
    this.rawAt += this.left;
    this.isInFrame = false;
    return this.takeFrame(at);
  }

  private takePreface(): number {
    const { bytes } = this.pool;
    while (this.prefaceLeft > 0 && this.rawAt < this.rawEnd) {
      if (bytes[this.rawAt] !== preface[preface.length - this.prefaceLeft]) return errorProtocol;
      this.rawAt++;
      this.prefaceLeft--;
    }
    return 0;
  }

  private takeHeader(): number {
    if (this.rawEnd - this.rawAt < frameHeaderBytes) return 0;
    const { frame } = this;
    frame.read(this.pool.bytes, this.rawAt);
    if (frame.length > this.pool.slotBytes) return errorFrameSize;
    if (tracer.isOn(sourceH2)) {
      const { type, flags, length, streamId } = frame;
      const what = `type=${type} flags=${flags} len=${length} stream=${streamId}`;
      traceConnection(pointH2Frame, this.connection, `rcvd H2 frame ${what}`);
    }
    const fault = frameFault(frame.type, frame.length, frame.streamId);
    if (fault !== 0) return fault;
    if (this.isFirstFrame && (frame.type !== frameSettings || (frame.flags & 1) !== 0)) {
      return errorProtocol;
    }
    if (frame.type === framePush) return errorProtocol;
    const isContinuation = frame.type === frameContinuation;
    if (isContinuation !== this.blockAt >= 0) return errorProtocol;
    if (isContinuation && frame.streamId !== this.blockFrame.streamId) return errorProtocol;
    this.isFirstFrame = false;
    this.budget--;
    this.rawAt += frameHeaderBytes;
    this.isInFrame = true;
    this.left = frame.length;
    this.padding = 0;
    this.isPaddingKnown = (frame.flags & flagPadded) === 0;
    if (frame.type !== frameData || !this.isPaddingKnown) return 0;
    return this.target.onDataStart(frame.streamId, 0);
  }

  private takeData(): number {
    const { frame, target } = this;
    if (!this.isPaddingKnown) {
      if (this.left === 0) return errorFrameSize;
      this.padding = this.pool.bytes[this.rawAt++];
      this.left--;
      this.isPaddingKnown = true;
      if (this.padding > this.left) return errorProtocol;
      const fault = target.onDataStart(frame.streamId, this.padding + 1);
      if (fault !== 0 || this.left > 0) return fault;
    }
    const length = Math.min(this.rawEnd - this.rawAt, Math.max(0, this.left - this.padding));
    const at = this.rawAt;
    this.rawAt += length;
    this.left -= length;
    const isPayloadDone = this.left <= this.padding;
    if (isPayloadDone) {
      const rest = Math.min(this.rawEnd - this.rawAt, this.left);
      this.rawAt += rest;
      this.left -= rest;
      this.padding = this.left;
    }
    const isDone = this.left === 0;
    if (isDone) this.isInFrame = false;
    const ends = isDone && (frame.flags & flagEndStream) !== 0;
    return length > 0 || ends ? target.onData(frame.streamId, at, length, ends) : 0;
  }

  /** A frame of a type that is not known. */
  private skip(): number {
    const length = Math.min(this.rawEnd - this.rawAt, this.left);
    this.rawAt += length;
    this.left -= length;
    if (this.left === 0) this.isInFrame = false;
    return 0;
  }

  private takeFrame(at: number): number {
    const { frame } = this;
    if (frame.type === frameHeaders) return this.takeHeaders(at);
    if (frame.type === frameContinuation) return this.takeContinuation(at);
    return this.target.onFrame(frame, at);
  }

  private takeHeaders(frameAt: number): number {
    const { frame } = this;
    const { bytes } = this.pool;
    let at = frameAt;
    let end = frameAt + frame.length;
    if ((frame.flags & flagPadded) !== 0) {
      if (at === end) return errorFrameSize;
      const padding = bytes[at++];
      if (padding > end - at) return errorProtocol;
      end -= padding;
    }
    if ((frame.flags & flagPriority) !== 0) {
      if (end - at < 5) return errorFrameSize;
      if ((readUint32(bytes, at) & 0x7fff_ffff) === frame.streamId) return errorProtocol;
      at += 5;
    }
    if ((frame.flags & flagEndHeaders) !== 0) {
      return this.target.onHeaderBlock(frame, at, end - at, 1);
    }
    this.blockAt = this.pool.take();
    if (this.blockAt < 0) return errorCalm;
    this.blockLength = 0;
    this.blockFrames = 1;
    this.blockFrame.set(0, frame.type, frame.flags, frame.streamId);
    return this.appendBlock(at, end - at);
  }

  private takeContinuation(at: number): number {
    const { frame } = this;
    if (++this.blockFrames > blockFramesMax) return errorCalm;
    const fault = this.appendBlock(at, frame.length);
    if (fault !== 0 || (frame.flags & flagEndHeaders) === 0) return fault;
    const { blockAt } = this;
    this.blockAt = -1;
    const { blockFrame, blockLength, blockFrames } = this;
    const result = this.target.onHeaderBlock(blockFrame, blockAt, blockLength, blockFrames);
    this.pool.release(blockAt);
    return result;
  }

  private appendBlock(at: number, length: number): number {
    const { pool } = this;
    if (this.blockLength + length > pool.slotBytes) return errorCalm;
    pool.bytes.copyWithin(this.blockAt + this.blockLength, at, at + length);
    this.blockLength += length;
    return 0;
  }

  /** Gives all memory back. Not from within `read`: that looks at its slot when it is done. */
  release(): void {
    if (tracer.isOn(sourceH2)) traceConnection(pointH2End, this.connection, 'connection ends');
    this.rawAt = this.rawEnd;
    if (this.slotAt >= 0 && !this.isBusy) this.drop();
    if (this.blockAt >= 0) this.pool.release(this.blockAt);
    this.blockAt = -1;
  }
}
