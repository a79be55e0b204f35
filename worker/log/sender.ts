// Destinations of log lines that are sockets or descriptors, one object per destination and thread.
// Nothing here ever waits: what the kernel does not take at once is dropped and counted. Filled by
// logger.ts; never opens a socket before the first line.

import type { AddressModel } from '../../shared/config/model.ts';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EAGAIN,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../../shared/sys/constants.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { DatagramBatch, SocketAddress, Sys } from '../../shared/sys/sys.ts';
import type { LineBuffer } from './line.ts';
import { LineBatch, linesMax } from './line-batch.ts';
import type { LogSink } from './sink.ts';

/** One write to a pipe of up to this many bytes is not torn apart by other writers (PIPE_BUF). */
const atomicBytes = 4096;

const socketFamilies: Readonly<Record<string, number>> = {
  ipv4: AF_INET,
  ipv6: AF_INET6,
  unix: AF_UNIX,
  abns: AF_UNIX,
  abnsz: AF_UNIX,
};

/** tune.sndbuf.backend and tune.rcvbuf.backend; 0: as the kernel has them. */
export interface SocketBuffers {
  readonly sendBytes: number;
  readonly receiveBytes: number;
}

const kernelBuffers: SocketBuffers = { sendBytes: 0, receiveBytes: 0 };

export class Sender implements LogSink {
  /** null: `target` is a descriptor that exists. */
  readonly address: AddressModel | null;
  dropped: number;
  counted: number;
  readonly isStream: boolean;
  private readonly batch: LineBatch;
  private fd: number;
  private opened: boolean;
  private datagrams: DatagramBatch | null;
  private to: SocketAddress | null;

  private readonly buffers: SocketBuffers;

  /** `fd` -1: a datagram socket for `address` is opened with the first line. */
  constructor(address: AddressModel | null, fd: number, buffers: SocketBuffers = kernelBuffers) {
    this.address = address;
    this.buffers = buffers;
    this.isStream = fd >= 0;
    this.fd = fd;
    this.dropped = 0;
    this.counted = 0;
    this.batch = new LineBatch();
    this.opened = false;
    this.datagrams = null;
    this.to = null;
  }

  get count(): number {
    return this.batch.count;
  }

  begin(sys: Sys, length: number): LineBuffer {
    if (!this.batch.hasRoom(length)) this.flush(sys);
    return this.batch.begin(sys, length);
  }

  commit(line: LineBuffer): void {
    this.batch.commit(line);
  }

  flush(sys: Sys): void {
    const { batch } = this;
    if (batch.count === 0) return;
    if (!this.opened) this.open(sys);
    const sent = this.fd < 0 ? 0 : this.isStream ? this.writeAll(sys) : this.sendAll(sys);
    this.dropped += batch.count - sent;
    batch.clear();
  }

  /** Descriptors that existed before stay open. */
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
    this.datagrams = sys.datagrams(linesMax);
    this.fd = sys.socket(family, SOCK_DGRAM, 0);
    const { sendBytes, receiveBytes } = this.buffers;
    if (this.fd < 0) return;
    if (sendBytes > 0) sys.setsockoptInt(this.fd, SOL_SOCKET, SO_SNDBUF, sendBytes);
    if (receiveBytes > 0) sys.setsockoptInt(this.fd, SOL_SOCKET, SO_RCVBUF, receiveBytes);
  }

  /** A datagram that cannot be sent (too long, nobody there) does not keep the others back. */
  private sendAll(sys: Sys): number {
    const { count } = this.batch;
    let sent = 0;
    for (let first = 0; first < count; ) {
      const taken = this.sendFrom(sys, first);
      if (taken === -EAGAIN) break;
      if (taken > 0) sent += taken;
      first += taken > 0 ? taken : 1;
    }
    return sent;
  }

  private sendFrom(sys: Sys, first: number): number {
    const { region, startAt, lengths, count } = this.batch;
    const datagrams = this.datagrams as DatagramBatch; // opened with the socket
    datagrams.clear();
    for (let i = first; i < count; i++) datagrams.add(region, startAt[i], lengths[i], this.to);
    return sys.sendBatch(this.fd, datagrams, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  /** Lines that lie together leave in one write as long as no other writer can tear it. */
  private writeAll(sys: Sys): number {
    const { region, startAt, lengths, count } = this.batch;
    let sent = 0;
    for (let first = 0; first < count; ) {
      let next = first + 1;
      let length = lengths[first];
      while (next < count && length + lengths[next] <= atomicBytes) length += lengths[next++];
      const written = sys.write(this.fd, region, startAt[first], length);
      if (written > 0) sent += next - first;
      first = next;
    }
    return sent;
  }
}
