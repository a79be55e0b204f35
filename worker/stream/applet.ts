// An answer of ours that does not fit one buffer: text that is produced piece by piece while the
// client takes it. reply.ts starts one, the engine feeds it when the client's side has room, and
// finish.ts closes it, whatever ended the stream. It never produces more than one slot ahead. A
// producer that gives null has nothing to say at the moment: the answer rests until it says so
// (Engine.onFrontWritable).

import { writeLatin1 } from '../http/message.ts';
import type { Viewed } from '../memory/small.ts';
import type { SlotPool } from '../memory/pool.ts';
import { sideGone } from '../mux/side.ts';
import type { EngineContext } from './context.ts';
import { endsBy, finishStream } from './finish.ts';
import type { Stream } from './stream.ts';

/** Slots per event: no answer may hold the loop. */
const roundsMax = 4;

/** Writes a long piece bit by bit, straight to where it is sent from. */
export interface PieceWriter {
  /** Writes at most `room` bytes at `at`. How many; -1: there is nothing more. */
  write(into: Viewed, at: number, room: number): number;
  /** The last call has worked long enough, whatever it has written: on in the next turn. */
  readonly pauses: boolean;
}

/** Text, or bytes that stay as they are until the next is asked for, or who writes them. */
export type Piece = string | Uint8Array | PieceWriter | null;

/** Of a slot, left for what frames the bytes: with a chunk around them they leave in one call. */
const framingBytesMax = 64;

/** What is still to be sent of one answer. Lives as long as its stream's answer. */
export class Applet {
  /** Bytes ready to be sent, in the thread's memory. */
  at: number;
  length: number;
  /** Nothing follows what is ready. */
  done: boolean;
  private readonly memory: SlotPool;
  /** The producer has nothing more at the moment. */
  rests: boolean;
  /** It has worked long enough: it is asked again in the next turn. */
  pauses: boolean;
  /** It goes on at the end of this turn; until then room at the client's side changes nothing. */
  isDeferred: boolean;
  private readonly pieces: Iterator<Piece>;
  private slotAt: number;
  /** Of the slot, filled at a time. */
  private readonly roomBytes: number;
  /** The piece that did not fit as a whole, and how much of it has been copied. */
  private piece: string | Uint8Array;
  private pieceAt: number;
  /** Whoever writes the piece of now, null mostly. */
  private writer: PieceWriter | null;

  /** `slotAt`: a slot of `memory`, this object's from here on. */
  constructor(memory: SlotPool, slotAt: number, pieces: Iterator<Piece>) {
    this.memory = memory;
    this.pieces = pieces;
    this.slotAt = slotAt;
    this.roomBytes = memory.slotBytes - Math.min(framingBytesMax, memory.slotBytes >> 3);
    this.at = slotAt;
    this.length = 0;
    this.done = false;
    this.rests = false;
    this.pauses = false;
    this.isDeferred = false;
    this.piece = '';
    this.pieceAt = 0;
    this.writer = null;
  }

  /** Fills the slot again once it has been taken in full. */
  fill(): void {
    if (this.length > 0) return;
    this.at = this.slotAt;
    this.rests = false;
    this.pauses = false;
    while (!this.done && !this.rests && !this.pauses && this.length < this.roomBytes) {
      if (this.writer !== null) {
        this.write(this.writer);
      } else if (this.pieceAt < this.piece.length) this.copy();
      else this.next();
    }
  }

  private write(writer: PieceWriter): void {
    const { memory, slotAt, length, roomBytes } = this;
    const written = writer.write(memory, slotAt + length, roomBytes - length);
    if (written < 0) this.next();
    else this.length += written;
    this.pauses = writer.pauses;
  }

  private copy(): void {
    const { memory, piece, pieceAt } = this;
    const room = this.roomBytes - this.length;
    const length = Math.min(room, piece.length - pieceAt);
    const isWhole = length === piece.length;
    const at = this.slotAt + this.length;
    if (typeof piece !== 'string') {
      memory.bytes.set(isWhole ? piece : piece.subarray(pieceAt, pieceAt + length), at);
    } else writeLatin1(memory.bytes, at, isWhole ? piece : piece.slice(pieceAt, pieceAt + length));
    this.length += length;
    this.pieceAt += length;
  }

  private next(): void {
    const next = this.pieces.next();
    this.done = next.done === true;
    const piece: Piece = next.done === true ? '' : next.value;
    this.rests = piece === null;
    const isPlain = piece === null || typeof piece === 'string' || piece instanceof Uint8Array;
    this.writer = isPlain ? null : piece;
    this.piece = isPlain ? (piece ?? '') : '';
    this.pieceAt = 0;
  }

  consume(length: number): void {
    this.at += length;
    this.length -= length;
  }

  /** Gives the slot back; the producer is told that nobody asks any more. */
  close(): void {
    if (this.slotAt < 0) return;
    this.memory.release(this.slotAt);
    this.slotAt = -1;
    this.length = 0;
    this.done = true;
    this.pieces.return?.();
  }
}

/** One text as pieces. */
export function* whole(text: string): Generator<string> {
  yield text;
}

/** Hands on what the client's side takes; ends the stream behind the last byte. */
export function feed(context: EngineContext, stream: Stream): void {
  const { applet, front } = stream;
  if (applet === null || front === null || applet.isDeferred) return;
  const { thread } = context;
  for (let round = 0; round < roundsMax; round++) {
    applet.fill();
    const { length } = applet;
    if (applet.rests && length === 0) {
      rest(context, stream);
      return;
    }
    if (applet.pauses && length === 0) break;
    const taken = front.outbound.send(applet.at, length, applet.done);
    if (taken === sideGone) {
      endsBy(stream, 'C', 'D');
      finishStream(context, stream, false);
      return;
    }
    applet.consume(taken);
    // A stream that has rested is not timed.
    if (stream.clientTimeoutMs > 0 && (taken > 0 || stream.dueMs === 0)) {
      thread.timers.schedule(stream, thread.time.nowMs + stream.clientTimeoutMs);
    }
    // A chunk may be shorter than the slot: only a side that takes nothing is blocked.
    if (taken === 0 && length > 0) return;
    if (applet.done && applet.length === 0) {
      finishStream(context, stream, true);
      return;
    }
    if (applet.pauses) break;
  }
  applet.isDeferred = true;
  thread.defer(() => {
    applet.isDeferred = false;
    if (stream.applet === applet) feed(context, stream);
  });
}

/** It is the producer's turn: nobody waits for the client, unless it has not read all yet. */
function rest({ thread }: EngineContext, stream: Stream): void {
  if (stream.front!.outbound.isFlushed()) thread.timers.cancel(stream);
}
