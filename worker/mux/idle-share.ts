// Idle server connections that any thread of the process may take (manual, tune.idle-pool.shared).
// A thread that keeps one writes it into a slot of shared memory; whoever swaps the slot's word
// from "offered" owns the descriptor from then on, its former owner included. Threads share
// descriptors, so taking one over is that swap, an epoll removal and a new Connection around the
// same number.
//
//   per thread, the control thread (for checks) behind the others: epoll descriptor
//   per server: slotsPerServer slots of 6 words: ticket, descriptor, thread, uses, kind (2 words)
//   ticket: 0 free, 1 being written, else offered; tickets are never used twice within 2^20 offers
//     of a thread
//   kind: digest of what streams must share to use it (destination, PROXY header, ...), 0: nothing
//
// Only clear connections are offered: the state of a TLS session cannot change threads.

import { createHash } from 'node:crypto';
import type { Model } from '../../shared/config/model.ts';

const slotsPerServer = 32;
const slotWords = 6;
/** Proxy threads (nbthread) and the control thread. */
export const threadsMax = 1025;
const ticketsMax = 2 ** 20;
const ticketFree = 0;
const ticketWriting = 1;

/**
 * Memory for the servers of a configuration, and behind it `moreWords` for reversed-share.ts.
 * Control thread, before threads start.
 */
export function makeIdleShare(servers: number, moreWords = 0): SharedArrayBuffer {
  const words = threadsMax + servers * slotsPerServer * slotWords;
  return new SharedArrayBuffer((words + moreWords) * 4);
}

/** Whether `threads` proxy threads, and the one that checks servers, use each other's. */
export function sharesIdle(
  { global, proxies }: Pick<Model, 'global' | 'proxies'>,
  threads: number,
): boolean {
  if (!global.tune.idlePoolShared) return false;
  if (threads > 1) return true;
  for (const { servers } of proxies) {
    for (const { checks } of servers) if (checks.reusePool) return true;
  }
  return false;
}

export class IdleShare {
  /** Filled by `takeOver`. */
  fd: number;
  uses: number;
  private readonly words: Int32Array;
  private readonly threadIndex: number;
  private nextTicket: number;
  private readonly unwatch: (epfd: number, fd: number) => void;
  /** The kind that was asked about last, and its digest. */
  private kind: string;
  private kindHigh: number;
  private kindLow: number;

  /** `unwatch` takes a descriptor out of another thread's epoll set. */
  constructor(
    buffer: SharedArrayBuffer,
    threadIndex: number,
    epfd: number,
    unwatch: (epfd: number, fd: number) => void,
  ) {
    this.fd = -1;
    this.uses = 0;
    this.words = new Int32Array(buffer);
    this.threadIndex = threadIndex;
    // Threads draw from their own part of the numbers: a ticket tells its writer.
    this.nextTicket = 2;
    this.unwatch = unwatch;
    this.kind = '';
    this.kindHigh = 0;
    this.kindLow = 0;
    Atomics.store(this.words, threadIndex, epfd);
  }

  /**
   * Offers a descriptor; the slot's index, -1: all slots of the server are taken. See `ticketAt`.
   * `kind`: only streams of this kind may use it, '' any.
   */
  offer(server: number, fd: number, uses: number, kind: string): number {
    const { words } = this;
    if (kind !== this.kind) this.digest(kind);
    const first = threadsMax + server * slotsPerServer * slotWords;
    const end = first + slotsPerServer * slotWords;
    for (let at = first; at < end; at += slotWords) {
      if (words[at] !== ticketFree) continue;
      if (Atomics.compareExchange(words, at, ticketFree, ticketWriting) !== ticketFree) continue;
      words[at + 1] = fd;
      words[at + 2] = this.threadIndex;
      words[at + 3] = uses;
      words[at + 4] = this.kindHigh;
      words[at + 5] = this.kindLow;
      Atomics.store(words, at, this.drawTicket());
      return at;
    }
    return -1;
  }

  /** The ticket of a slot this thread has just filled. */
  ticketAt(slot: number): number {
    return Atomics.load(this.words, slot);
  }

  /** What this thread offered with `ticket` is still on offer: nobody has taken it. */
  isOffered(slot: number, ticket: number): boolean {
    return Atomics.load(this.words, slot) === ticket;
  }

  /** Takes back what this thread offered; false: another thread has it now. */
  reclaim(slot: number, ticket: number): boolean {
    return Atomics.compareExchange(this.words, slot, ticket, ticketFree) === ticket;
  }

  /**
   * Takes over a descriptor of this kind (null: any) that another thread offers for `server`, used
   * at least `usesMin` times.
   */
  takeOver(server: number, usesMin: number, kind: string | null): boolean {
    const { words } = this;
    if (kind !== null && kind !== this.kind) this.digest(kind);
    const first = threadsMax + server * slotsPerServer * slotWords;
    const end = first + slotsPerServer * slotWords;
    for (let at = first; at < end; at += slotWords) {
      const ticket = Atomics.load(words, at);
      if (ticket <= ticketWriting || words[at + 2] === this.threadIndex) continue;
      if (words[at + 3] < usesMin || (kind !== null && !this.isKind(at))) continue;
      if (Atomics.compareExchange(words, at, ticket, ticketWriting) !== ticket) continue;
      this.fd = words[at + 1];
      this.uses = words[at + 3];
      this.unwatch(Atomics.load(words, words[at + 2]), this.fd);
      Atomics.store(words, at, ticketFree);
      return true;
    }
    return false;
  }

  private isKind(at: number): boolean {
    return this.words[at + 4] === this.kindHigh && this.words[at + 5] === this.kindLow;
  }

  private digest(kind: string): void {
    this.kind = kind;
    [this.kindHigh, this.kindLow] = digestOf(kind);
  }

  private drawTicket(): number {
    const ticket = this.nextTicket * threadsMax + this.threadIndex;
    this.nextTicket = this.nextTicket >= ticketsMax ? 2 : this.nextTicket + 1;
    return ticket;
  }
}

/** Two words that tell kinds apart, zeroes for ''. */
export function digestOf(kind: string): readonly [number, number] {
  if (kind === '') return [0, 0];
  const digest = createHash('sha256').update(kind, 'latin1').digest();
  return [digest.readInt32LE(0), digest.readInt32LE(4)];
}
