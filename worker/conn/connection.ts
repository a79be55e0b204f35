// One stream socket and its transport (clear or TLS). Owns the descriptor: nobody else closes it,
// and after `close` every use is a mistake. Edge-triggered: `readable` and `writable` remember what
// the kernel said until a call answers EAGAIN. Talks to its owner, a mux, when either becomes true.

import assert from 'node:assert/strict';
import {
  EAGAIN,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  IPPROTO_TCP,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_PEEK,
  SHUT_WR,
  SO_LINGER,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../../shared/sys/constants.ts';
import type { IoVector, Region, Sys } from '../../shared/sys/sys.ts';
import type { FdHandler, Poller } from '../loop/poller.ts';
import { Endpoint } from './endpoint.ts';

/** The mux (or preamble, or handshake) a connection reports to. */
export interface ConnectionOwner {
  onReadable(): void;
  onWritable(): void;
}

/** What TLS does for a connection: the same calls on the same memory (conn/tls.ts). */
export interface Transport {
  /** Bytes read; 0: clean end; blocked or another negative errno. */
  recv(at: number, length: number): number;
  /**
   * Bytes taken, `blocked` or another negative errno. What was taken may wait inside for the
   * socket: see `isFlushed`.
   */
  send(at: number, length: number): number;
  /** Sends what waits inside; false: the socket is full, or failed. */
  flush(): boolean;
  /** Nothing that was taken waits inside. */
  isFlushed(): boolean;
  /** Says goodbye (close_notify) if that is possible without waiting. */
  shutdown(): void;
  free(): void;
  /** Another thread goes on with the session: nothing is freed. */
  abandon(): void;
  /** Decrypted bytes wait inside: reading goes on although the socket is quiet. */
  hasPending(): boolean;
  /** The last `recv` learned that the socket is empty, although it gave bytes. */
  isDrained(): boolean;
  /** `recv` waits for the socket to take bytes (an answer of the protocol itself). */
  receiveWantsWrite(): boolean;
  /** What waits inside waits for bytes of the peer (an answer of the protocol itself). */
  sendWantsRead(): boolean;
  /** What the library says of the last failure, '' for nothing. */
  errorText(): string;
}

/** A place among the connections of a server (manual, strict-maxconn). */
export interface ConnectionPlace {
  /** The connection is closed: another one may be made. */
  leave(): void;
}

/** Nothing now: wait for the event. */
export const blocked = -EAGAIN;

const watchAll = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
const readEvents = EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const hangupEvents = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
const writeEvents = EPOLLOUT | EPOLLHUP | EPOLLERR;
const resetLinger = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

export class Connection implements FdHandler {
  readonly sys: Sys;
  readonly poller: Poller;
  readonly memory: Region;
  /** -1 once closed. */
  fd: number;
  owner: ConnectionOwner;
  transport: Transport | null;
  /** null: nobody counts it. */
  place: ConnectionPlace | null;
  readable: boolean;
  writable: boolean;
  /** The peer has shut its side (or the socket failed): read until 0 or an error comes. */
  hangup: boolean;
  /** The socket failed in both directions. */
  broken: boolean;
  /** Our sending side is shut. */
  finished: boolean;
  /** Why it could not be used (conn/fault.ts), 0: nothing happened. */
  fault: number;
  /** Where it comes from and what it was connected to. */
  readonly source: Endpoint;
  readonly destination: Endpoint;
  bytesReceived: number;
  bytesSent: number;
  /** How much of these the counters have (stream/traffic.ts). */
  countedIn: number;
  countedOut: number;
  /** Spliced bytes among them that the counters do not have yet. */
  splicedIn: number;
  splicedOut: number;

  constructor(poller: Poller, memory: Region, fd: number, owner: ConnectionOwner) {
    this.sys = poller.sys;
    this.poller = poller;
    this.memory = memory;
    this.fd = fd;
    this.owner = owner;
    this.transport = null;
    this.place = null;
    this.readable = false;
    this.writable = false;
    this.hangup = false;
    this.broken = false;
    this.finished = false;
    this.fault = 0;
    this.source = new Endpoint();
    this.destination = new Endpoint();
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.countedIn = 0;
    this.countedOut = 0;
    this.splicedIn = 0;
    this.splicedOut = 0;
  }

  /** Who was a client is a server from here on: its address is where the connection goes. */
  turnRound(): void {
    const { source, destination } = this;
    const client = new Endpoint();
    client.copy(source);
    source.copy(destination);
    destination.copy(client);
  }

  /** Starts watching; 0 or minus errno. */
  watch(): number {
    return this.poller.add(this.fd, watchAll, this);
  }

  /** Who uses it says more than that it is a connection. */
  get profileName(): string {
    return this.owner.constructor.name;
  }

  get isOpen(): boolean {
    return this.fd >= 0;
  }

  onEvents(events: number): void {
    if ((events & hangupEvents) !== 0) {
      this.hangup = true;
      // Once our side is shut too, a hang-up is the orderly end of both.
      const fails = this.finished ? EPOLLERR : EPOLLERR | EPOLLHUP;
      if ((events & fails) !== 0) this.broken = true;
    }
    const wasWritable = this.writable;
    const unblocks = (events & readEvents) !== 0 && this.transport?.sendWantsRead() === true;
    if (unblocks || (events & writeEvents) !== 0) {
      this.writable = true;
      this.flush();
    }
    const resumes = this.transport?.receiveWantsWrite() === true && this.writable;
    if (resumes || (events & readEvents) !== 0) {
      this.readable = true;
      this.owner.onReadable();
      if (this.fd < 0) return;
    }
    if (this.writable && !wasWritable) this.owner.onWritable();
  }

  /**
   * Receives into the thread's memory. > 0 bytes, 0 end of stream, `blocked`, or minus errno.
   * A short read without a hang-up means the socket is empty: no second call to learn EAGAIN.
   */
  recv(at: number, length: number): number {
    assert(this.fd >= 0, 'use of a closed connection');
    if (this.transport !== null) return this.recvThrough(at, length);
    const got = this.sys.recv(this.fd, this.memory, at, length, 0);
    if (got < length && !this.hangup) this.readable = false;
    if (got > 0) this.bytesReceived += got;
    else if (got === blocked) this.readable = false;
    return got;
  }

  private recvThrough(at: number, length: number): number {
    const got = this.transport!.recv(at, length);
    if (got > 0) {
      this.bytesReceived += got;
      if (!this.hangup && this.transport!.isDrained()) this.readable = false;
    } else if (got === blocked) {
      this.readable = false;
    }
    return got;
  }

  /** Looks at what has arrived without taking it; as `recv`. Only on a clear connection. */
  peek(at: number, length: number): number {
    assert(this.fd >= 0 && this.transport === null, 'peek at a closed or encrypted connection');
    const got = this.sys.recv(this.fd, this.memory, at, length, MSG_PEEK);
    if (got === blocked) this.readable = false;
    return got;
  }

  /** Sends from the thread's memory. Bytes taken by the kernel, `blocked`, or minus errno. */
  send(at: number, length: number, more: boolean): number {
    assert(this.fd >= 0, 'use of a closed connection');
    if (this.transport !== null) return this.sendThrough(at, length);
    const flags = more ? moreFlags : MSG_NOSIGNAL;
    return this.account(this.sys.send(this.fd, this.memory, at, length, flags), length);
  }

  private sendThrough(at: number, length: number): number {
    const transport = this.transport!;
    const sent = transport.send(at, length);
    if (sent < 0 || !transport.isFlushed()) this.writable = false;
    if (sent > 0) this.bytesSent += sent;
    return sent;
  }

  /** Nothing that `send` took waits in the transport. */
  isFlushed(): boolean {
    return this.transport === null || this.transport.isFlushed();
  }

  /** Sends what waits in the transport; false: the socket is full. */
  flush(): boolean {
    if (this.transport === null || this.transport.isFlushed()) return true;
    if (this.fd < 0 || !this.writable) return false;
    if (this.transport.flush()) return true;
    this.writable = false;
    return false;
  }

  /** Gathers. Only on a clear connection. */
  sendVector(vector: IoVector, length: number, more: boolean): number {
    assert(this.fd >= 0 && this.transport === null, 'vector on a closed or encrypted connection');
    const flags = more ? moreFlags : MSG_NOSIGNAL;
    return this.account(this.sys.sendVector(this.fd, vector, flags), length);
  }

  /** What was sent with `more` waits no longer for it: setting this option again sends it. */
  push(): void {
    this.sys.setsockoptInt(this.fd, IPPROTO_TCP, TCP_NODELAY, 1);
  }

  private account(sent: number, length: number): number {
    if (sent < length) this.writable = false;
    if (sent > 0) this.bytesSent += sent;
    return sent;
  }

  /** Ends our side after what was sent. */
  finish(): void {
    if (this.fd < 0 || this.finished) return;
    this.finished = true;
    if (this.transport !== null) this.transport.shutdown();
    this.sys.shutdown(this.fd, SHUT_WR);
  }

  /** Makes the coming close a reset (option nolinger, silent refusals, aborted transfers). */
  resetOnClose(): void {
    if (this.fd >= 0) this.sys.setsockoptBytes(this.fd, SOL_SOCKET, SO_LINGER, resetLinger);
  }

  /** Gives everything back. Safe to call twice. */
  close(): void {
    if (this.fd < 0) return;
    if (this.transport !== null) {
      if (!this.finished) this.transport.shutdown();
      this.transport.free();
      this.transport = null;
    }
    this.poller.forget(this.fd);
    this.sys.close(this.fd);
    this.place?.leave();
    this.place = null;
    this.fd = -1;
    this.readable = false;
    this.writable = false;
  }

  /** The descriptor belongs to another thread now, which has taken it out of our epoll set. */
  abandon(): void {
    this.poller.disown(this.fd, this);
    this.place = null;
    this.transport?.abandon();
    this.transport = null;
    this.fd = -1;
    this.readable = false;
    this.writable = false;
  }

  /** Hands the descriptor to somebody else (another thread): it is no longer ours. */
  release(): number {
    const { fd } = this;
    this.poller.remove(fd);
    this.fd = -1;
    return fd;
  }
}

const moreFlags = MSG_NOSIGNAL | MSG_MORE;
