// The sending half of an HTTP/2 stream: payload becomes DATA frames as far as both windows, the
// peer's frame size and the connection's output allow (RFC 9113 5.2, 6.9).

import { flagEndStream, frameData } from '../http/h2-frames.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { H2Output } from './h2-output.ts';
import { FramedOutbound } from './framed-outbound.ts';
import { sideGone } from './side.ts';

/** What all streams of a connection share (h2-link.ts). */
export interface SharedSending {
  readonly output: H2Output;
  /** Bytes of payload that the peer lets all streams send together. */
  sendWindow: number;
  /** Largest frame the peer takes. */
  readonly peerFrameBytes: number;
  /** Call back when the connection has room again. */
  wait(outbound: H2Outbound): void;
  /** Writes trailer lines as a frame that ends the stream. False: not possible. */
  writeTrailers(id: number, at: number, length: number): boolean;
}

/** Who is called when the stream may send again. */
export interface RoomWaiter {
  notifyWritable(): void;
}

export class H2Outbound extends FramedOutbound {
  readonly waiter: RoomWaiter;
  shared: SharedSending | null;
  /** Bytes of payload that the peer lets this stream send; below zero after a smaller setting. */
  window: number;
  /** The message has no body for its reader: payload is taken and goes nowhere. */
  discards: boolean;
  /** It waits for its own window. */
  isStarved: boolean;
  private trailersAt: number;
  private trailersLength: number;

  constructor(pool: SlotPool, waiter: RoomWaiter) {
    super(pool);
    this.waiter = waiter;
    this.shared = null;
    this.window = 0;
    this.discards = false;
    this.isStarved = false;
    this.trailersAt = 0;
    this.trailersLength = 0;
  }

  restart(id: number, shared: SharedSending, window: number): void {
    this.begin(id);
    this.shared = shared;
    this.window = window;
    this.discards = false;
    this.isStarved = false;
    this.trailersLength = 0;
  }

  setTrailers(at: number, length: number): void {
    this.trailersAt = at;
    this.trailersLength = this.discards ? 0 : length;
  }

  hasNoTrailers(): boolean {
    return this.trailersLength === 0;
  }

  protected override isDeaf(): boolean {
    return this.discards || this.isEnded;
  }

  /** DATA frames for as much as may leave. Bytes taken, or sideGone. */
  protected write(at: number, length: number, done: boolean): number {
    let sent = 0;
    while (sent < length) {
      const room = this.room(length - sent);
      if (room <= 0) return sent;
      const ends = done && sent + room === length && this.trailersLength === 0;
      if (!this.writeFrame(at + sent, room, ends)) return sideGone;
      sent += room;
    }
    if (done && !this.isEnded && !this.end()) return sideGone;
    return sent;
  }

  /** Bytes the next frame may have, at most `wanted`; 0: the stream waits for what it lacks. */
  private room(wanted: number): number {
    const shared = this.shared!;
    if (this.window <= 0) {
      this.isStarved = true;
      return 0;
    }
    const room = Math.min(
      wanted,
      this.window,
      shared.sendWindow,
      shared.peerFrameBytes,
      shared.output.payloadRoom(),
    );
    if (room <= 0 && !this.isWaiting) shared.wait(this);
    return room;
  }

  private writeFrame(at: number, length: number, ends: boolean): boolean {
    const shared = this.shared!;
    const to = shared.output.frame(length, frameData, ends ? flagEndStream : 0, this.id);
    if (to < 0) {
      this.isGone = true;
      return false;
    }
    this.pool.bytes.copyWithin(to, at, at + length);
    this.window -= length;
    shared.sendWindow -= length;
    this.offered += length;
    this.isEnded = ends;
    return true;
  }

  /** Ends the stream after what was sent: with trailers, or with an empty frame. */
  end(): boolean {
    if (this.isEnded) return true;
    const shared = this.shared!;
    this.isEnded = true;
    if (this.trailersLength > 0) {
      const { trailersAt, trailersLength } = this;
      this.trailersLength = 0;
      return shared.writeTrailers(this.id, trailersAt, trailersLength);
    }
    return shared.output.frame(0, frameData, flagEndStream, this.id) >= 0;
  }

  /** Gives the slot back. */
  release(): void {
    this.drop();
    this.shared = null;
  }
}
