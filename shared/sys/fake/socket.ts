// Sockets of the fake kernel: streams between two ends of one process, listeners, datagrams, with
// Linux' answers to half closes, resets, full buffers and lost peers. Used by network.ts and
// sys.ts. Injects no faults of its own.

import {
  AF_UNIX,
  EAGAIN,
  ECONNRESET,
  EPIPE,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  SHUT_RD,
  SHUT_WR,
  SOCK_DGRAM,
} from '../constants.ts';
import { ByteQueue, type Description, Wakes } from './descriptor.ts';

const ENOTCONN = 107;
const EDESTADDRREQ = 89;
const BUFFER_BYTES = 65536;
const ALL = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP;

/** `broken`: reset by the other side, still open here. `gone`: the last descriptor was closed. */
export type SocketState = 'fresh' | 'listening' | 'connecting' | 'connected' | 'broken' | 'gone';

/** A datagram on its way: sockaddr bytes of both sides. */
export interface Datagram {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Descriptors that travel with the bytes from `at` to `end` of a stream. */
interface Freight {
  readonly at: number;
  readonly end: number;
  readonly descriptions: readonly Description[];
  /** Gives the descriptions back when nobody takes them. */
  drop(): void;
}

export class FakeSocket implements Description {
  references = 0;
  readonly wakes = new Wakes();
  readonly domain: number;
  readonly type: number;
  state: SocketState = 'fresh';
  /** sockaddr bytes; empty when the socket has no name. */
  local: Uint8Array = new Uint8Array(0);
  remote: Uint8Array = new Uint8Array(0);
  peer: FakeSocket | null = null;
  readonly inbox = new ByteQueue();
  bufferBytes = BUFFER_BYTES;
  /** The error the next call or SO_ERROR reports, 0 for none. */
  error = 0;
  /** The other side ended its stream. */
  ended = false;
  readShut = false;
  writeShut = false;
  /** SO_LINGER with 0 seconds: closing resets. */
  lingerZero = false;
  /** Of a listener: connections not accepted yet. */
  readonly queue: FakeSocket[] = [];
  backlog = 0;
  readonly datagrams: Datagram[] = [];
  readonly options = new Map<string, Uint8Array>();
  readonly freight: Freight[] = [];
  /** Called when the last descriptor is closed, so that the network forgets the name. */
  onRelease: () => void = () => undefined;
  /** Linux tells of room only to who was told that there is none. */
  #wantsRoom = false;

  constructor(domain: number, type: number) {
    this.domain = domain;
    this.type = type;
  }

  events(): number {
    if (this.type === SOCK_DGRAM) return (this.datagrams.length > 0 ? EPOLLIN : 0) | EPOLLOUT;
    if (this.state === 'listening') return this.queue.length > 0 ? EPOLLIN : 0;
    if (this.state === 'connecting') return 0;
    if (this.state === 'fresh') return EPOLLOUT | EPOLLHUP;
    let mask = this.error !== 0 ? EPOLLERR : 0;
    const broken = this.state === 'broken';
    if (this.inbox.length > 0) mask |= EPOLLIN;
    if (broken || this.ended || this.readShut) mask |= EPOLLIN | EPOLLRDHUP;
    if (broken || ((this.ended || this.readShut) && this.writeShut)) mask |= EPOLLHUP;
    if (this.domain === AF_UNIX && this.#peerIsGone()) mask |= EPOLLHUP;
    if (broken || this.writeShut || this.#hasRoom()) mask |= EPOLLOUT;
    else this.#wantsRoom = true;
    return mask;
  }

  /** recv. `peek` leaves the bytes. */
  receive(into: Uint8Array, peek: boolean): number {
    if (this.state === 'listening' || this.state === 'fresh') return -ENOTCONN;
    if (this.inbox.length > 0) {
      if (peek) return this.inbox.peek(into);
      const count = this.inbox.take(into.subarray(0, this.#reach(into.length)));
      while (this.freight.length > 0 && this.freight[0]!.at < this.inbox.taken) {
        this.freight.shift()!.drop();
      }
      this.peer?.roomMade();
      return count;
    }
    if (this.error !== 0) return -this.takeError();
    if (this.state === 'connecting') return -EAGAIN;
    return this.ended || this.readShut || this.state === 'broken' ? 0 : -EAGAIN;
  }

  read(into: Uint8Array): number {
    return this.receive(into, false);
  }

  write(from: Uint8Array): number {
    if (this.type === SOCK_DGRAM) return -EDESTADDRREQ;
    if (this.error !== 0) return -this.takeError();
    if (this.state === 'connecting') return -EAGAIN;
    if (this.state !== 'connected' || this.writeShut) return -EPIPE;
    const peer = this.peer!;
    if (peer.state !== 'connected') return this.#writeToNobody(from.length);
    if (peer.readShut) return this.domain === AF_UNIX ? -EPIPE : from.length;
    const count = Math.min(from.length, this.#free());
    if (count < from.length) this.#wantsRoom = true;
    if (count <= 0 && from.length > 0) return -EAGAIN;
    peer.inbox.push(from.subarray(0, count));
    peer.wakes.wake(EPOLLIN);
    return count;
  }

  /** TCP takes the bytes, and learns from the answer that nobody is there; unix knows at once. */
  #writeToNobody(length: number): number {
    if (this.domain === AF_UNIX) return -EPIPE;
    this.breakWith(ECONNRESET);
    return length;
  }

  shutdown(how: number): number {
    if (this.state !== 'connected') return -ENOTCONN;
    if (how !== SHUT_WR) this.readShut = true;
    if (how !== SHUT_RD && !this.writeShut) {
      this.writeShut = true;
      this.peer?.end();
    }
    this.wakes.wake(EPOLLIN | EPOLLRDHUP | EPOLLHUP);
    return 0;
  }

  /** The other side ended its stream. */
  end(): void {
    if (this.state !== 'connected' || this.ended) return;
    this.ended = true;
    this.wakes.wake(EPOLLIN | EPOLLRDHUP | EPOLLHUP);
  }

  /** The connection is lost: what was received stays readable, then `errno` is reported once. */
  breakWith(errno: number): void {
    if (this.state === 'gone' || this.state === 'broken') return;
    this.state = 'broken';
    this.error = errno;
    this.wakes.wake(ALL);
  }

  takeError(): number {
    const error = this.error;
    this.error = 0;
    return error;
  }

  /** The peer has read: tell the writer, if it was refused and a third is free again. */
  roomMade(): void {
    if (!this.#wantsRoom || this.state !== 'connected' || !this.#hasRoom()) return;
    this.#wantsRoom = false;
    this.wakes.wake(EPOLLOUT);
  }

  /** The last descriptor is closed. Unread bytes, or SO_LINGER 0, make it a reset. */
  release(): void {
    const before = this.state;
    this.state = 'gone';
    this.onRelease();
    for (const waiting of this.queue.splice(0)) waiting.reset();
    for (const unclaimed of this.freight.splice(0)) unclaimed.drop();
    if (before !== 'connected') return;
    const unread = this.inbox.length > 0 && this.domain !== AF_UNIX;
    if (unread || this.lingerZero) this.peer?.breakWith(ECONNRESET);
    else this.peer?.end();
  }

  /** Closes with a reset, whatever was read. */
  reset(): void {
    this.lingerZero = true;
    if (this.state !== 'gone') this.release();
  }

  /** How far one read goes: as in the kernel, to the end of a message with descriptors. */
  #reach(length: number): number {
    const first = this.freight[0];
    if (first === undefined || first.at >= this.inbox.taken + length) return length;
    return Math.min(length, first.end - this.inbox.taken);
  }

  #peerIsGone(): boolean {
    return this.peer === null || this.peer.state === 'gone';
  }

  #free(): number {
    return this.bufferBytes - this.peer!.inbox.length;
  }

  #hasRoom(): boolean {
    return this.peer === null || this.#free() * 3 >= this.bufferBytes;
  }
}

/** Joins two sockets: each is the other's peer, both are connected. */
export function join(a: FakeSocket, b: FakeSocket): void {
  a.peer = b;
  b.peer = a;
  a.state = 'connected';
  b.state = 'connected';
}
