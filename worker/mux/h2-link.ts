// One HTTP/2 connection, whichever side of the proxy it is on: its streams, windows, settings and
// errors (RFC 9113 5 to 7). What is special to clients or servers is in h2-front.ts and h2-back.ts,
// which it calls as its role. Frames come from h2-demux.ts and leave through h2-output.ts.

import { traceH2Count } from '../log/stream-traces.ts';
import type { Connection, ConnectionOwner } from '../conn/connection.ts';
import * as h2 from '../http/h2-frames.ts';
import { writeTrailerBlock } from '../http/h2-write.ts';
import { HpackDecoder, hpackBroken } from '../http/hpack-decoder.ts';
import { HpackEncoder } from '../http/hpack-encoder.ts';
import type { Message } from '../http/message.ts';
import { scratchSlots, type ThreadContext } from '../thread-context.ts';
import { glitchBorne, glitchKills, judgeGlitches, rare } from './glitches.ts';
import {
  countConnections,
  countData,
  countFatal,
  countGoawaysSent,
  countHeaders,
  countMalformed,
  countOpen,
  countOpenStreams,
  countResetsSent,
  countStreams,
} from './h2-counts.ts';
import { type FrameTarget, H2Demux } from './h2-demux.ts';
import type { Credit, H2Inbound } from './h2-inbound.ts';
import type { H2Outbound, SharedSending } from './h2-outbound.ts';
import { H2Output } from './h2-output.ts';
import { type H2Role, refusedBlock } from './h2-role.ts';
import { PeerSettings } from './h2-settings.ts';
import type { H2Stream, StreamLink } from './h2-stream.ts';
import type { H2Tools } from './h2-tools.ts';
import { actOn } from './h2-control.ts';
import { takePayload } from './h2-payload.ts';
import { grant } from './h2-windows.ts';
import { type Exchange, inboundClosed, sideGone } from './side.ts';

/** Slots of waiting frames beyond which nothing is read: floods of PING and SETTINGS. */
const backlogSlots = 32;
/** Acknowledged in one go: the window of the whole connection is as large as can be. */
const acknowledgeBytes = 1 << 29;
/** How often what is unread may be read away before a close. */
const drainReadsMax = 4;

export class H2Link implements ConnectionOwner, StreamLink, SharedSending, Credit, FrameTarget {
  readonly connection: Connection;
  readonly thread: ThreadContext;
  readonly exchange: Exchange;
  readonly isFront: boolean;
  readonly tools: H2Tools;
  readonly role: H2Role;
  readonly output: H2Output;
  readonly demux: H2Demux;
  readonly streams: Map<number, H2Stream>;
  readonly encoder: HpackEncoder;
  readonly peer: PeerSettings;
  readonly decoder: HpackDecoder;
  sendWindow: number;
  hasSettings: boolean;
  /** GOAWAY was sent or received: no new streams of its receiver. */
  isEnding: boolean;
  isClosed: boolean;
  /** Oddities of the peer (manual, fc_glitches). */
  glitches: number;
  /** Streams with payload to come. */
  receiving: number;
  /** What the peer may still send on all streams, and what was taken since it was told. */
  receiveWindow: number;
  unacknowledged: number;
  /** Streams the peer has reset in this go. */
  private resets: number;
  private waiting: H2Outbound[];
  private spareWaiting: H2Outbound[];

  constructor(role: H2Role, tools: H2Tools, connection: Connection, exchange: Exchange) {
    const { thread } = tools;
    this.connection = connection;
    this.thread = thread;
    this.exchange = exchange;
    this.isFront = role.isFront;
    this.tools = tools;
    this.role = role;
    this.output = new H2Output(connection, thread, () => this.afterSend());
    this.demux = new H2Demux(connection, thread, this, role.hearsPreface);
    this.streams = new Map();
    this.encoder = new HpackEncoder();
    this.decoder = new HpackDecoder(tools.limits.tableBytes);
    this.peer = new PeerSettings();
    this.sendWindow = h2.windowDefault;
    this.hasSettings = false;
    this.isEnding = false;
    this.isClosed = false;
    this.glitches = 0;
    this.receiving = 0;
    this.receiveWindow = h2.windowDefault;
    this.unacknowledged = 0;
    this.resets = 0;
    this.waiting = [];
    this.spareWaiting = [];
    this.count(countOpen);
    this.count(countConnections);
  }

  get peerFrameBytes(): number {
    return this.peer.frameBytes;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  /** Towards clients what was announced to them, towards servers what they announced. */
  get streamMax(): number {
    const own = this.tools.limits.streamMax;
    if (this.isFront) return own;
    return own === 0 ? this.peer.streamMax : Math.min(own, this.peer.streamMax);
  }

  /** Adds one to a statistic of the frontend or backend. */
  count(counter: number): void {
    traceH2Count(this.connection, counter);
    this.thread.counters.values[this.role.row + counter] += 1;
  }

  // ---- the socket ----

  onReadable(): void {
    this.demux.read();
  }

  onWritable(): void {
    this.output.send();
    this.afterSend();
  }

  private afterSend(): void {
    if (this.isClosed) return;
    if (this.output.isBroken) {
      this.onEnd(0);
      return;
    }
    this.role.onActivity();
    this.wake();
    if (this.connection.isOpen && this.connection.readable) this.demux.read();
  }

  /** Streams that wait for the connection have their turn. */
  wake(): void {
    if (this.waiting.length === 0 || this.sendWindow <= 0) return;
    const batch = this.waiting;
    this.waiting = this.spareWaiting;
    for (let i = 0; i < batch.length; i++) {
      const outbound = batch[i];
      outbound.isWaiting = false;
      if (outbound.shared === this) outbound.waiter.notifyWritable();
    }
    batch.length = 0;
    this.spareWaiting = batch;
  }

  wait(outbound: H2Outbound): void {
    outbound.isWaiting = true;
    this.waiting.push(outbound);
  }

  isReadable(): boolean {
    return !this.isClosed && this.output.slotCount < backlogSlots && this.role.holds();
  }

  framesAtOnce(): number {
    this.resets = 0;
    return this.tools.limits.framesAtOnce;
  }

  /** The peer has reset a stream: floods of it are taken slowly. */
  noteReset(): void {
    if (++this.resets >= this.tools.limits.resetsAtOnce) this.demux.pause();
  }

  onEnd(_result: number): void {
    this.close();
  }

  // ---- what is said about the connection ----

  /** Lets the peer send as much as there can be; streams have windows of their own. */
  openWindow(): void {
    const missing = h2.windowMax - this.receiveWindow;
    if (missing < acknowledgeBytes) return;
    this.receiveWindow += missing;
    this.sendNumber(h2.frameWindow, 0, missing);
  }

  sendNumber(type: number, id: number, value: number): void {
    const at = this.output.frame(4, type, 0, id);
    if (at >= 0) h2.writeUint32(this.thread.memory.bytes, at, value);
    if (type === h2.frameReset) this.count(countResetsSent);
  }

  sendGoaway(lastId: number, code: number): void {
    const at = this.output.frame(8, h2.frameGoaway, 0, 0);
    if (at < 0) return;
    const { bytes } = this.thread.memory;
    h2.writeUint32(bytes, h2.writeUint32(bytes, at, lastId), code);
    this.isEnding = true;
    this.count(countGoawaysSent);
  }

  onFatal(code: number): void {
    if (this.isClosed) return;
    this.count(countFatal);
    this.role.onFatal();
    this.sendGoaway(this.role.lastPeerId(), code);
    this.output.send();
    this.close();
  }

  /** An oddity of the peer. 0, or the error that ends the connection. */
  glitch(count: number, place: number): number {
    this.glitches += count;
    for (let i = 0; i < count; i++) this.role.onGlitch();
    const { glitchMax, streamMax } = this.tools.limits;
    const verdict = judgeGlitches(this.thread, place, this.glitches, glitchMax);
    if (verdict === glitchBorne) return 0;
    if (!this.isEnding) this.sendGoaway(this.role.lastPeerId() + 2 * streamMax, h2.errorNone);
    return verdict === glitchKills ? h2.errorCalm : 0;
  }

  /** Tells the streams, then closes in order: what was sent should be read. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.thread.counters.values[this.role.row + countOpen] -= 1;
    for (const side of this.streams.values()) side.fail(inboundClosed);
    const { connection, thread } = this;
    if (connection.isOpen) {
      connection.finish();
      for (let i = 0; i < drainReadsMax && connection.readable; i++) {
        if (connection.recv(thread.scratchAt, thread.memory.slotBytes) <= 0) break;
      }
      connection.close();
    }
    this.demux.release();
    this.output.release();
    this.role.onClosed();
  }

  /** Another thread goes on with the connection, which has no streams. */
  abandon(): void {
    this.isClosed = true;
    this.thread.counters.values[this.role.row + countOpen] -= 1;
    this.connection.abandon();
    this.demux.release();
    this.role.onClosed();
  }

  // ---- streams ----

  /** A stream of ours or the peer's begins. */
  open(id: number): H2Stream {
    const side = this.tools.take(this, id);
    side.inbound.restart(id, this, this.tools.limits.windowBytes);
    side.outbound.restart(id, this, this.peer.windowBytes);
    this.streams.set(id, side);
    this.count(countOpenStreams);
    this.count(countStreams);
    return side;
  }

  reset(side: H2Stream, code: number): void {
    side.isReset = true;
    side.outbound.isGone = true;
    this.sendNumber(h2.frameReset, side.id, code);
    if (side.stream === null) this.closed(side);
  }

  closed(side: H2Stream): void {
    if (this.streams.get(side.id) !== side) return;
    this.streams.delete(side.id);
    this.thread.counters.values[this.role.row + countOpenStreams] -= 1;
    this.noteReceiving(side, false);
    this.tools.release(side);
    if (!this.isClosed) this.role.onStreamClosed();
  }

  /** Payload of the stream is still to come, or not any more. */
  noteReceiving(side: H2Stream, isReceiving: boolean): void {
    if (side.isReceiving === isReceiving) return;
    side.isReceiving = isReceiving;
    this.receiving += isReceiving ? 1 : -1;
  }

  // ---- heads ----

  writeHead(side: H2Stream, message: Message, ends: boolean): number {
    const length = this.role.writeBlock(side, message);
    if (length === refusedBlock) {
      this.reset(side, h2.errorInternal);
      return sideGone;
    }
    if (length < 0) {
      // The peer's table cannot follow a block that never comes.
      this.thread.defer(() => this.onFatal(h2.errorInternal));
      return sideGone;
    }
    return this.output.block(side.id, length, ends, this.peer.frameBytes) ? length : sideGone;
  }

  writeTrailers(id: number, at: number, length: number): boolean {
    const { trailers, memory, scratchAt } = this.thread;
    trailers.parse(at, length);
    const room = { at: scratchAt, length: memory.slotBytes * scratchSlots };
    const block = writeTrailerBlock(this.encoder, trailers.message, room);
    return block >= 0 && this.output.block(id, block, true, this.peer.frameBytes);
  }

  onHeaderBlock(frame: h2.FrameHeader, at: number, length: number, frames: number): number {
    const { memory, scratchAt } = this.thread;
    const { block } = this.tools;
    this.count(countHeaders);
    const id = frame.streamId;
    const ends = (frame.flags & h2.flagEndStream) !== 0;
    const side = this.streams.get(id) ?? null;
    const stringsAt = this.role.stringsAt(side);
    block.restart(memory.bytes, stringsAt < 0 ? scratchAt : stringsAt, memory.slotBytes);
    const result = this.decoder.decode(memory.bytes, at, length, block);
    if (result === hpackBroken) return h2.errorCompression;
    const fault = frames > 4 ? this.glitch(Math.ceil(frames / 16), rare.h2Continued) : 0;
    return fault !== 0 ? fault : this.role.onHead(side, id, ends, result === 0);
  }

  onFrame(frame: h2.FrameHeader, at: number): number {
    return actOn(this, frame, at);
  }

  // ---- payload ----

  onDataStart(id: number, padding: number): number {
    this.count(countData);
    this.receiveWindow -= padding;
    this.unacknowledged += padding;
    const side = this.streams.get(id);
    if (side === undefined) return this.role.isPast(id) ? 0 : h2.errorProtocol;
    side.inbound.allowed += padding;
    return 0;
  }

  onData(id: number, at: number, length: number, ends: boolean): number {
    this.unacknowledged += length;
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) return h2.errorFlowControl;
    if (this.unacknowledged >= acknowledgeBytes) {
      this.unacknowledged = 0;
      this.openWindow();
    }
    const side = this.streams.get(id);
    if (side === undefined || side.isReset) return 0;
    return takePayload(side, at, length, ends);
  }

  /** The peer broke the rules on one stream: it is told, and so is the exchange. */
  resetByUs(side: H2Stream, code: number): void {
    this.count(countMalformed);
    side.inbound.settle();
    side.isReset = true;
    side.outbound.isGone = true;
    this.sendNumber(h2.frameReset, side.id, code);
    side.fail(malformed);
  }

  onConsumed(inbound: H2Inbound, _length: number): void {
    if (!inbound.isEnded && !this.isClosed) grant(this, inbound);
  }
}

/** `Inbound.failure` of a message whose frames contradict each other: as a framing error of h1. */
const malformed = -1;
