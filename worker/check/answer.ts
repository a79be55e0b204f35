// What a server has said in one check: its bytes, and for HTTP the head and the decoded body. Also
// where the outcome is written while rules judge it. Taken from a pool for the time of one
// exchange. Control thread only.

import { HeadState, H1Limits } from '../http/h1.ts';
import { parseResponseHead } from '../http/h1-head.ts';
import {
  bodyChunked,
  bodyLength,
  bodyNone,
  bodyUntilClose,
  connectionClose,
  connectionKeepAlive,
  latin1,
  Message,
  methodCode,
  writeLatin1,
} from '../http/message.ts';
import type { SlotPool } from '../memory/pool.ts';
import type { Stream } from '../stream/stream.ts';
import { decodeChunks } from './chunks.ts';

const noTrailers: ReadonlyMap<string, string> = new Map();

/** What the outcome of a rule is, as it becomes known. */
export interface Outcome {
  /** Number of a row of checkStatuses, 0: not known. */
  status: number;
  info: string;
  code: number;
}

export class Answer implements Outcome {
  readonly stream: Stream;
  readonly pool: SlotPool;
  /** Slot of the bytes, and how many there are. */
  readonly at: number;
  length: number;
  /** Nothing more will come. */
  ended: boolean;
  status: number;
  info: string;
  code: number;
  /** No step follows the one that judges. */
  isLastStep: boolean;
  readonly head: Message;
  /** What followed the body over HTTP/2. */
  trailers: ReadonlyMap<string, string>;
  /** The head was refused. */
  isBroken: boolean;
  private readonly state: HeadState;
  private readText: string;
  private bodyText: string;
  private bodyEnded: boolean;
  private decodedLength: number;
  /** Bytes of the body on the wire when it is whole, -1: it is not. */
  private bodyBytes: number;

  constructor(stream: Stream, pool: SlotPool, at: number, headerMax: number) {
    this.stream = stream;
    this.pool = pool;
    this.at = at;
    this.length = 0;
    this.ended = false;
    this.status = 0;
    this.info = '';
    this.code = 0;
    this.isLastStep = false;
    this.head = new Message(pool, headerMax);
    this.trailers = noTrailers;
    this.isBroken = false;
    this.state = new HeadState(new H1Limits(headerMax - 1));
    this.readText = '';
    this.bodyText = '';
    this.bodyEnded = false;
    this.decodedLength = -1;
    this.bodyBytes = -1;
  }

  /** Forgets what was received: a new request follows. */
  restart(method: string): void {
    this.length = 0;
    this.ended = false;
    this.isBroken = false;
    this.trailers = noTrailers;
    this.head.reset();
    this.state.restart();
    this.state.requestMethod = methodCode(method);
    this.readText = '';
    this.bodyText = '';
    this.bodyEnded = false;
    this.decodedLength = -1;
  }

  /** Adds bytes that were not received into the slot; what does not fit is lost. */
  append(text: string): void {
    const piece = text.slice(0, this.pool.slotBytes - this.length);
    writeLatin1(this.pool.bytes, this.at + this.length, piece);
    this.length += piece.length;
  }

  isFull(): boolean {
    return this.length === this.pool.slotBytes;
  }

  /** Everything that was received, one character per byte. */
  text(): string {
    if (this.readText.length !== this.length) {
      this.readText = latin1(this.pool.bytes, this.at, this.length);
    }
    return this.readText;
  }

  /** Reads the head if it has come. 0: not yet (or it is broken), else the status. */
  readHead(): number {
    const { head, state } = this;
    if (this.isBroken) return 0;
    while (head.headLength === 0) {
      const result = parseResponseHead(head, this.at, this.length, state);
      if (result < 0) this.isBroken = true;
      if (result <= 0) return 0;
      // An interim answer is not the answer; 101 is (RFC 9110 15.2).
      if (head.status < 200 && head.status !== 101) this.dropInterim(result);
    }
    return head.status;
  }

  private dropInterim(length: number): void {
    const { bytes } = this.pool;
    bytes.copyWithin(this.at, this.at + length, this.at + this.length);
    this.length -= length;
    this.head.reset();
    this.state.restart();
  }

  /** The body as far as it has come, decoded. */
  body(): string {
    const { head, length } = this;
    if (head.headLength === 0) return '';
    if (this.decodedLength !== length) {
      this.decodedLength = length;
      this.decode(latin1(this.pool.bytes, this.at + head.headLength, length - head.headLength));
    }
    return this.bodyText;
  }

  private decode(raw: string): void {
    const { framing, contentLength } = this.head;
    this.bodyText = raw;
    this.bodyEnded = framing !== bodyUntilClose;
    this.bodyBytes = -1;
    if (framing === bodyNone) {
      this.bodyText = '';
      this.bodyBytes = 0;
    }
    if (framing === bodyLength) {
      this.bodyText = raw.slice(0, contentLength);
      this.bodyEnded = raw.length >= contentLength;
      if (this.bodyEnded) this.bodyBytes = contentLength;
    } else if (framing === bodyChunked) {
      const { text, isWhole, endAt } = decodeChunks(raw);
      this.bodyBytes = endAt;
      this.bodyText = text;
      this.bodyEnded = isWhole;
    }
  }

  /** The whole message has come, or all that will. */
  isWhole(): boolean {
    if (this.ended || this.isFull()) return true;
    this.body();
    return this.head.headLength > 0 && this.bodyEnded;
  }

  /** It has come to its end, nothing has come after it, and the server stays for another. */
  leavesOpen(): boolean {
    const { head, length } = this;
    if (this.ended || this.isBroken || this.isFull() || head.headLength === 0) return false;
    if (head.status < 200 || (head.flags & connectionClose) !== 0) return false;
    if (head.version < 11 && (head.flags & connectionKeepAlive) === 0) return false;
    this.body();
    return this.bodyBytes >= 0 && length === head.headLength + this.bodyBytes;
  }

  /** Shows what has come to expressions; `scratchAt`: where a decoded body may be put. */
  show(isHttp: boolean, scratchAt: number): void {
    const { stream, head } = this;
    const payload = stream.responsePayload;
    payload.ended = this.ended;
    payload.at = this.at;
    payload.length = this.length;
    if (!isHttp || head.headLength === 0) return;
    const body = this.body();
    payload.length = body.length;
    payload.ended = this.isWhole();
    payload.at = this.at + head.headLength;
    if (head.framing !== bodyChunked) return;
    payload.at = scratchAt;
    writeLatin1(this.pool.bytes, scratchAt, body);
  }
}

/** Answers of one control thread; as many as checks are in progress. */
export class AnswerPool {
  private readonly stream: Stream;
  private readonly pool: SlotPool;
  private readonly headerMax: number;
  private readonly spare: Answer[];

  constructor(stream: Stream, pool: SlotPool, headerMax: number) {
    this.stream = stream;
    this.pool = pool;
    this.headerMax = headerMax;
    this.spare = [];
  }

  /** null: all memory is in use; try again later. */
  take(): Answer | null {
    const spare = this.spare.pop();
    if (spare !== undefined) {
      spare.restart('');
      return spare;
    }
    const at = this.pool.take();
    return at < 0 ? null : new Answer(this.stream, this.pool, at, this.headerMax);
  }

  release(answer: Answer): void {
    answer.head.reset();
    this.spare.push(answer);
  }
}
