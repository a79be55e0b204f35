// HTTP messages as text for tests of the codecs: puts text into thread memory, parses it, and
// shows what a Message holds. Used by the tests of worker/http and by test/fuzz; never by
// production code.

import type { Sys } from '../../shared/sys/sys.ts';
import { H1Limits, HeadState } from '../../worker/http/h1.ts';
import { parseRequestHead, parseResponseHead } from '../../worker/http/h1-head.ts';
import { headerWords, Message } from '../../worker/http/message.ts';
import { SlotPool } from '../../worker/memory/pool.ts';

/** Thread memory without a kernel: the codecs only ever look at the bytes. */
export function plainPool(slotBytes: number, slotMax: number): SlotPool {
  const region = (bytes: number) => ({ bytes: new Uint8Array(bytes), address: 0 });
  // The pool asks its door for nothing but a region.
  return new SlotPool({ region } as unknown as Sys, slotBytes, slotMax);
}

export const defaultLimits = new H1Limits(100);
export const relaxedLimits = new H1Limits(100, true);

/** A message and its head state over its own memory, with guard bytes around the text. */
export class Exchange {
  readonly pool: SlotPool;
  readonly message: Message;
  readonly state: HeadState;
  readonly at: number;
  length: number;

  constructor(limits: H1Limits = defaultLimits, slotBytes = 16384) {
    this.pool = plainPool(slotBytes, 4);
    this.message = new Message(this.pool, 128);
    this.state = new HeadState(limits);
    this.pool.bytes.fill(guardByte);
    this.at = this.pool.take() + guardBytes;
    this.length = 0;
  }

  /** Forgets what came; the memory around the text is guard bytes again. */
  restart(): void {
    this.pool.bytes.fill(guardByte);
    this.state.restart();
    this.length = 0;
  }

  append(text: string): void {
    for (let i = 0; i < text.length; i++) {
      this.pool.bytes[this.at + this.length++] = text.charCodeAt(i);
    }
  }

  request(): number {
    return parseRequestHead(this.message, this.at, this.length, this.state);
  }

  response(): number {
    return parseResponseHead(this.message, this.at, this.length, this.state);
  }
}

/**
 * What surrounds the text: a value no valid head holds, so that reading it changes the outcome.
 */
export const guardByte = 0;
export const guardBytes = 64;

/** The header lines in order, as `name: value`. */
export function headerTexts(message: Message): string[] {
  const lines: string[] = [];
  for (let i = 0; i < message.count; i++) {
    if (message.headers[i * headerWords + 1] === 0) continue;
    lines.push(`${message.nameText(i)}: ${message.valueText(i)}`);
  }
  return lines;
}
