// Destinations of log messages, one object per destination and thread. Messages gather in memory
// and leave once per turn of the loop; nothing here ever waits: what the kernel does not take at
// once is dropped and counted. Filled by logger.ts; never opens a socket before the first message.

import type { AddressModel } from '../../shared/config/model.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_DGRAM,
} from '../../shared/sys/constants.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { DatagramBatch, Region, SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { LineBuffer } from './line.ts';

/** Messages that wait for one turn at most, and the bytes they may take. */
const messagesMax = 64;
const bytesMax = 128 * 1024;
/** One write to a pipe of up to this many bytes is not torn apart by other writers (PIPE_BUF). */
const atomicBytes = 4096;

const socketFamilies: Readonly<Record<string, number>> = {
  ipv4: AF_INET,
  ipv6: AF_INET6,
  unix: AF_UNIX,
  abns: AF_UNIX,
  abnsz: AF_UNIX,
};

export class Sender {
  /** null: `target` is a descriptor that exists. */
  readonly address: AddressModel | null;
  /** Messages that could not be sent, since the start. */
  dropped: number;
  /** Messages waiting now. */
  count: number;
  readonly isStream: boolean;
  private fd: number;
  private readonly startAt: Int32Array;
  private readonly lengths: Int32Array;
  private used: number;
  private opened: boolean;
  private region: Region | null;
  private line: LineBuffer | null;
  private batch: DatagramBatch | null;
  private to: SocketAddress | null;

  /** `fd` -1: a datagram socket for `address` is opened with the first message. */
  constructor(address: AddressModel | null, fd: number) {
    this.address = address;
    this.isStream = fd >= 0;
    this.fd = fd;
    this.dropped = 0;
    this.count = 0;
    this.startAt = new Int32Array(messagesMax);
    this.lengths = new Int32Array(messagesMax);
    this.used = 0;
    this.opened = false;
    this.region = null;
    this.line = null;
    this.batch = null;
    this.to = null;
  }

  /**
   * Room for a message of up to `length` bytes, to be written and then given to `commit`. What
   * waits is sent first when there is no room beside it.
   */
  begin(sys: Sys, length: number): LineBuffer {
    if (this.count === messagesMax || this.used + length > bytesMax) this.flush(sys);
    if (this.line === null) {
      this.region = sys.region(bytesMax);
      this.line = new LineBuffer(this.region.bytes);
    }
    this.line.start(this.used, length);
    return this.line;
  }

  /** The message that `begin` started is complete. */
  commit(line: LineBuffer): void {
    this.startAt[this.count] = this.used;
    this.lengths[this.count] = line.at - this.used;
    this.used = line.at;
    this.count++;
  }

  /** Sends what waits. Never blocks. */
  flush(sys: Sys): void {
    if (this.count === 0) return;
    if (!this.opened) this.open(sys);
    const sent = this.fd < 0 ? 0 : this.isStream ? this.writeAll(sys) : this.sendAll(sys);
    this.dropped += this.count - sent;
    this.count = 0;
    this.used = 0;
  }

  /** Gives the socket back; descriptors that existed before stay open. */
  close(sys: Sys): void {
    if (this.fd >= 0 && !this.isStream) sys.close(this.fd);
    this.fd = -1;
    this.opened = true;
  }

  private open(sys: Sys): void {
    this.opened = true;
    if (this.isStream) {
      sys.setNonBlocking(this.fd);
      return;
    }
    const { address } = this;
    const family = address === null ? undefined : socketFamilies[address.family];
    if (address === null || family === undefined) return;
    this.to = sys.address();
    const { host, port } = address;
    const named = { family: address.family as 'ipv4', host, port };
    if (!encodeAddress(named, this.to)) return;
    this.batch = sys.datagrams(messagesMax);
    this.fd = sys.socket(family, SOCK_DGRAM, 0);
  }

  private sendAll(sys: Sys): number {
    const batch = this.batch as DatagramBatch;
    const region = this.region as Region;
    batch.clear();
    for (let i = 0; i < this.count; i++) {
      batch.add(region, this.startAt[i], this.lengths[i], this.to);
    }
    const sent = sys.sendBatch(this.fd, batch, MSG_DONTWAIT | MSG_NOSIGNAL);
    return Math.max(sent, 0);
  }

  /** Lines that lie together leave in one write as long as no other writer can tear it. */
  private writeAll(sys: Sys): number {
    const region = this.region as Region;
    let sent = 0;
    for (let first = 0; first < this.count; ) {
      let next = first + 1;
      let length = this.lengths[first];
      while (next < this.count && length + this.lengths[next] <= atomicBytes) {
        length += this.lengths[next++];
      }
      const written = sys.write(this.fd, region, this.startAt[first], length);
      if (written > 0) sent += next - first;
      first = next;
    }
    return sent;
  }
}

/** The senders of one thread: destinations that are the same share one. Start time only. */
export class SenderSet {
  readonly list: Sender[] = [];
  private readonly byKey = new Map<string, Sender>();

  /** `target` is stdout, stderr or '' when `address` says it. */
  senderOf(address: AddressModel | null, target: string): Sender {
    const fd = descriptorOf(address, target);
    const key = fd >= 0 ? `fd@${fd}` : `${address?.family}@${address?.host}:${address?.port}`;
    let sender = this.byKey.get(key);
    if (sender === undefined) {
      sender = new Sender(address, fd);
      this.byKey.set(key, sender);
      this.list.push(sender);
    }
    return sender;
  }
}

const namedDescriptors: Readonly<Record<string, number>> = { stdout: 1, stderr: 2 };

function descriptorOf(address: AddressModel | null, target: string): number {
  const named = namedDescriptors[target];
  if (named !== undefined) return named;
  return address?.family === 'fd' ? address.fd : -1;
}
