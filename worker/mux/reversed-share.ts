// Connections of servers that connect to us (rhttp@), as all threads of the process know them: each
// has a slot of shared memory for as long as it lives. While it is idle its slot is on offer, and
// whoever swaps its word from the ticket owns descriptor and slot from then on. Idle-share.ts does
// the same for connections that a thread can make anew; these cannot be, hence a thread may also
// learn that one of a kind exists and is in use.
//
//   per server: slotsPerServer slots: ticket, descriptor, thread, uses, kind (2 words), state
//   ticket: 0 free, 1 in use, else on offer; tickets are never used twice within 2^20 offers
//     of a thread
//   state: what the next thread has to know of the connection (h2-moving.ts)

import type { Model } from '../../shared/config/model.ts';
import { digestOf, threadsMax } from './idle-share.ts';

const slotsPerServer = 64;
const headWords = 6;
/** Enough for two tables of the size that HTTP/2 begins with. */
const stateWords = 4090;
const slotWords = headWords + stateWords;
const ticketFree = 0;
const ticketInUse = 1;

/** Words that the servers of a configuration need behind those of idle-share.ts. */
export function reversedWords(model: Pick<Model, 'proxies'>): number {
  return countReversed(model) * slotsPerServer * slotWords;
}

function countReversed({ proxies }: Pick<Model, 'proxies'>): number {
  let count = 0;
  for (const { servers } of proxies) {
    for (const { address } of servers) if (address.family === 'rhttp') count++;
  }
  return count;
}

export class ReversedShare {
  /** Filled by `takeOver`. */
  fd: number;
  uses: number;
  private readonly words: Int32Array;
  /** Where the slots begin. */
  private readonly startAt: number;
  private readonly threadIndex: number;
  private readonly unwatch: (epfd: number, fd: number) => void;
  private nextTicket: number;

  /** `buffer`: of `makeIdleShare`; `unwatch` takes a descriptor out of another epoll set. */
  constructor(
    buffer: SharedArrayBuffer,
    threadIndex: number,
    unwatch: (epfd: number, fd: number) => void,
    model: Pick<Model, 'proxies'>,
  ) {
    this.fd = -1;
    this.uses = 0;
    this.words = new Int32Array(buffer);
    this.startAt = this.words.length - reversedWords(model);
    this.threadIndex = threadIndex;
    this.unwatch = unwatch;
    this.nextTicket = 2;
  }

  /** A slot for a new connection of this kind to server number `server`; -1: there is none. */
  claim(server: number, kind: string): number {
    const { words } = this;
    const first = this.startAt + server * slotsPerServer * slotWords;
    const end = first + slotsPerServer * slotWords;
    for (let at = first; at < end; at += slotWords) {
      if (words[at] !== ticketFree) continue;
      if (Atomics.compareExchange(words, at, ticketFree, ticketInUse) !== ticketFree) continue;
      [words[at + 4], words[at + 5]] = digestOf(kind);
      return at;
    }
    return -1;
  }

  /** Where the state of a connection stands. */
  stateAt(slot: number): Int32Array {
    return this.words.subarray(slot + headWords, slot + slotWords);
  }

  /** Offers the connection whose slot this is; the ticket. Its state has been written. */
  offer(slot: number, fd: number, uses: number): number {
    const { words, threadIndex } = this;
    words[slot + 1] = fd;
    words[slot + 2] = threadIndex;
    words[slot + 3] = uses;
    const ticket = this.nextTicket * threadsMax + threadIndex;
    this.nextTicket = this.nextTicket >= 2 ** 20 ? 2 : this.nextTicket + 1;
    Atomics.store(words, slot, ticket);
    return ticket;
  }

  /** Takes back what this thread has offered; false: another thread has it now. */
  reclaim(slot: number, ticket: number): boolean {
    return Atomics.compareExchange(this.words, slot, ticket, ticketInUse) === ticket;
  }

  isOffered(slot: number, ticket: number): boolean {
    return Atomics.load(this.words, slot) === ticket;
  }

  /** The connection of this slot is closed. */
  free(slot: number): void {
    Atomics.store(this.words, slot, ticketFree);
  }

  /** The slot of a connection of this kind that another thread had on offer; -1: there is none. */
  takeOver(server: number, kind: string): number {
    const { words } = this;
    const [high, low] = digestOf(kind);
    const first = this.startAt + server * slotsPerServer * slotWords;
    const end = first + slotsPerServer * slotWords;
    for (let at = first; at < end; at += slotWords) {
      const ticket = Atomics.load(words, at);
      if (ticket <= ticketInUse || words[at + 4] !== high || words[at + 5] !== low) continue;
      if (words[at + 2] === this.threadIndex) continue;
      if (Atomics.compareExchange(words, at, ticket, ticketInUse) !== ticket) continue;
      this.fd = words[at + 1];
      this.uses = words[at + 3];
      this.unwatch(Atomics.load(words, words[at + 2]), this.fd);
      return at;
    }
    return -1;
  }

  /** There is a connection of this kind, on whatever thread. */
  knows(server: number, kind: string): boolean {
    const { words } = this;
    const [high, low] = digestOf(kind);
    const first = this.startAt + server * slotsPerServer * slotWords;
    const end = first + slotsPerServer * slotWords;
    for (let at = first; at < end; at += slotWords) {
      if (Atomics.load(words, at) === ticketFree) continue;
      if (words[at + 4] === high && words[at + 5] === low) return true;
    }
    return false;
  }
}
