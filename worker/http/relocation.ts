// Messages whose bytes move to other slots: a request that waits takes a small one, a body that is
// waited for a large one. Offsets follow; no text changes.

import type { Message } from './message.ts';

/** Words of one header in `Message.headers`. */
const headerWords = 5;

/** What was at `from` is at `to` now: `length` bytes, texts of `message` among them. */
export function relocate(message: Message, from: number, to: number, length: number): void {
  const { headers, count } = message;
  const end = from + length;
  for (let word = 0; word < count * headerWords; word += headerWords) {
    headers[word] = moved(headers[word], from, end, to);
    headers[word + 2] = moved(headers[word + 2], from, end, to);
  }
  message.headAt = moved(message.headAt, from, end, to);
  message.protocolAt = moved(message.protocolAt, from, end, to);
  message.methodAt = moved(message.methodAt, from, end, to);
  message.targetAt = moved(message.targetAt, from, end, to);
  message.reasonAt = moved(message.reasonAt, from, end, to);
}

function moved(at: number, from: number, end: number, to: number): number {
  return at >= from && at < end ? at - from + to : at;
}

/** The annex moves to the slot at `to`. */
export function moveAnnex(message: Message, to: number): void {
  const { pool, annexAt, annexUsed } = message;
  message.bytes.copyWithin(to, annexAt, annexAt + annexUsed);
  relocate(message, annexAt, to, annexUsed);
  pool.release(annexAt);
  message.annexAt = to;
}

/** Moves the annex into a small slot if it fits there. */
export function shrinkAnnex(message: Message): void {
  const { pool, annexAt, annexUsed } = message;
  if (annexAt < 0 || annexUsed > pool.smallBytes) return;
  if (pool.sizeOf(annexAt) <= pool.smallBytes) return;
  const at = pool.takeSmall();
  if (at >= 0) moveAnnex(message, at);
}
