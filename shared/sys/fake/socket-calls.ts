// The socket calls of the fake kernel, with faults from the seed. Used by sys.ts only.
// A fault that hides work (a short read, an EAGAIN) is followed by a fresh edge, as the kernel's
// own short answers are: without it an edge-triggered reader would be blamed for sleeping.

import { checkBounds } from '../bounds.ts';
import {
  AF_UNIX,
  EAGAIN,
  ECONNREFUSED,
  ECONNRESET,
  MSG_FASTOPEN,
  MSG_PEEK,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_ERROR,
  SO_LINGER,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../constants.ts';
import type { DatagramBatch, IoVector, Region, SocketAddress } from '../sys.ts';
import { bytesOf, type FakeDatagrams, type FakeVector, storeAddress } from './batches.ts';
import { type Description, PipeEnd } from './descriptor.ts';
import { FakeSocket, join } from './socket.ts';
import type { FakeState } from './state.ts';

const EBADF = 9;
const EINVAL = 22;
const ENOTSOCK = 88;
const EDESTADDRREQ = 89;
const ENOTCONN = 107;

export class FakeSocketCalls {
  readonly #state: FakeState;

  constructor(state: FakeState) {
    this.#state = state;
  }

  socket(domain: number, type: number, _protocol: number): number {
    return this.#state.install(() => new FakeSocket(domain, type & 0xf));
  }

  socketpair(domain: number, type: number, into: Int32Array): number {
    const a = new FakeSocket(domain, type & 0xf);
    const b = new FakeSocket(domain, type & 0xf);
    join(a, b);
    return this.#state.installPair(a, b, into);
  }

  bind(fd: number, address: SocketAddress): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.local.length > 0) return -EINVAL;
    return this.#state.network.bind(socket, bytesOf(address));
  }

  listen(fd: number, backlog: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    socket.state = 'listening';
    socket.backlog = backlog;
    return 0;
  }

  accept(fd: number, peer: SocketAddress | null): number {
    const listener = this.#socket(fd);
    if (typeof listener === 'number') return listener;
    if (listener.state !== 'listening') return -EINVAL;
    if (listener.queue.length === 0) return -EAGAIN;
    const made = this.#state.install(() => listener.queue.shift()!);
    if (made >= 0 && peer !== null) this.getpeername(made, peer);
    return made;
  }

  connect(fd: number, address: SocketAddress): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.type === SOCK_STREAM && this.#state.faults.hits('refuse')) return -ECONNREFUSED;
    return this.#state.network.connect(socket, bytesOf(address));
  }

  /** MSG_FASTOPEN asks for a cookie first, as towards a new server: -EINPROGRESS, nothing sent. */
  sendTo(
    fd: number,
    region: Region,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress,
  ): number {
    checkBounds(region, at, length);
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.type === SOCK_STREAM) {
      return (flags & MSG_FASTOPEN) !== 0
        ? this.connect(fd, to)
        : this.send(fd, region, at, length, flags);
    }
    this.#state.network.deliver(socket, bytesOf(to), region.bytes.subarray(at, at + length));
    return length;
  }

  getsockname(fd: number, into: SocketAddress): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    storeAddress(socket.local, socket.domain, into);
    return 0;
  }

  getpeername(fd: number, into: SocketAddress): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    const datagram = socket.type === SOCK_DGRAM && socket.remote.length > 0;
    if (socket.state !== 'connected' && !datagram) return -ENOTCONN;
    storeAddress(socket.remote, socket.domain, into);
    return 0;
  }

  setsockoptInt(fd: number, level: number, name: number, value: number): number {
    return this.setsockoptBytes(fd, level, name, new Uint8Array(Int32Array.of(value).buffer));
  }

  setsockoptBytes(fd: number, level: number, name: number, value: Uint8Array): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    socket.options.set(`${level}/${name}`, value.slice());
    if (level === SOL_SOCKET && name === SO_LINGER) {
      socket.lingerZero = value[0] === 1 && value[4] === 0;
    }
    return 0;
  }

  getsockoptInt(fd: number, level: number, name: number): number {
    const value = new Uint8Array(4);
    const length = this.getsockoptBytes(fd, level, name, value);
    return length < 0 ? length : new DataView(value.buffer).getInt32(0, true);
  }

  getsockoptBytes(fd: number, level: number, name: number, into: Uint8Array): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    const value = socket.options.get(`${level}/${name}`) ?? new Uint8Array(into.length);
    into.set(value.subarray(0, into.length));
    if (level === SOL_SOCKET && name === SO_ERROR) into[0] = socket.takeError();
    if (level === SOL_SOCKET && name === SO_DOMAIN) into[0] = socket.domain;
    if (level === SOL_SOCKET && name === SO_ACCEPTCONN) {
      into[0] = socket.state === 'listening' ? 1 : 0;
    }
    return Math.min(value.length, into.length);
  }

  shutdown(fd: number, how: number): number {
    const socket = this.#socket(fd);
    return typeof socket === 'number' ? socket : socket.shutdown(how);
  }

  recv(fd: number, region: Region, at: number, length: number, flags: number): number {
    checkBounds(region, at, length);
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    const into = region.bytes.subarray(at, at + length);
    if (socket.type === SOCK_DGRAM) return this.#receiveDatagram(socket, into, null);
    return this.input(socket, into, (flags & MSG_PEEK) !== 0);
  }

  recvFrom(
    fd: number,
    region: Region,
    at: number,
    length: number,
    flags: number,
    from: SocketAddress,
  ): number {
    checkBounds(region, at, length);
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.type !== SOCK_DGRAM) return this.recv(fd, region, at, length, flags);
    return this.#receiveDatagram(socket, region.bytes.subarray(at, at + length), from);
  }

  #receiveDatagram(socket: FakeSocket, into: Uint8Array, from: SocketAddress | null): number {
    const datagram = socket.datagrams.shift();
    if (datagram === undefined) return -EAGAIN;
    const part = datagram.bytes.subarray(0, into.length);
    into.set(part);
    if (from !== null) storeAddress(datagram.from, socket.domain, from);
    return part.length;
  }

  send(fd: number, region: Region, at: number, length: number, _flags: number): number {
    checkBounds(region, at, length);
    return this.#sendBytes(fd, region.bytes.subarray(at, at + length));
  }

  sendVector(fd: number, vector: IoVector, _flags: number): number {
    // `vector` of the same kernel made it, so it is always ours.
    return this.#sendBytes(fd, (vector as FakeVector).joined());
  }

  #sendBytes(fd: number, bytes: Uint8Array): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.type !== SOCK_DGRAM) return this.output(socket, bytes);
    if (socket.remote.length === 0) return -EDESTADDRREQ;
    this.#state.network.deliver(socket, socket.remote, bytes);
    return bytes.length;
  }

  sendBatch(fd: number, batch: DatagramBatch, _flags: number): number {
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    // `datagrams` of the same kernel made it, so it is always ours.
    const messages = (batch as FakeDatagrams).messages;
    let sent = 0;
    for (const { part, to } of messages) {
      if (this.#state.faults.hits('again')) break;
      const target = to ?? socket.remote;
      if (target.length === 0) return sent > 0 ? sent : -EDESTADDRREQ;
      this.#state.network.deliver(socket, target, part);
      sent++;
    }
    return sent === 0 && messages.length > 0 ? -EAGAIN : sent;
  }

  sendDescriptors(fd: number, region: Region, at: number, length: number, fds: Int32Array): number {
    checkBounds(region, at, length);
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    if (socket.domain !== AF_UNIX || socket.peer === null) return -EINVAL;
    const descriptions: Description[] = [];
    for (const each of fds) {
      const description = this.#state.table.get(each);
      if (description === null) return -EBADF;
      descriptions.push(description);
    }
    const sent = socket.write(region.bytes.subarray(at, at + length));
    if (sent <= 0) return sent;
    const { inbox, freight } = socket.peer;
    for (const description of descriptions) description.references++;
    const drop = () => {
      for (const description of descriptions) this.#state.table.release(description);
    };
    const end = inbox.taken + inbox.length;
    freight.push({ at: end - sent, end, descriptions, drop });
    return sent;
  }

  recvDescriptors(fd: number, region: Region, at: number, length: number, fds: Int32Array): number {
    checkBounds(region, at, length);
    const socket = this.#socket(fd);
    if (typeof socket === 'number') return socket;
    fds[0] = 0;
    const first = socket.freight[0];
    // They come with the first byte of their message, and a read ends where that message ends.
    if (first !== undefined && first.at < socket.inbox.taken + length) {
      for (const description of first.descriptions.slice(0, fds.length - 1)) {
        fds[0]++;
        fds[fds[0]] = this.#state.table.install(description);
      }
    }
    return socket.read(region.bytes.subarray(at, at + length));
  }

  splice(fdIn: number, fdOut: number, length: number): number {
    const from = this.#state.table.get(fdIn);
    const to = this.#state.table.get(fdOut);
    if (from === null || to === null) return -EBADF;
    if (from instanceof PipeEnd && from.isReader) return this.#drainPipe(from, to, length);
    if (!(to instanceof PipeEnd) || to.isReader) return -EINVAL;
    const room = Math.min(length, to.free());
    if (room === 0) return -EAGAIN;
    const bytes = new Uint8Array(room);
    const count = this.input(from, bytes, false);
    return count > 0 ? to.write(bytes.subarray(0, count)) : count;
  }

  #drainPipe(pipe: PipeEnd, to: Description, length: number): number {
    const bytes = new Uint8Array(Math.min(length, pipe.body.bytes.length));
    if (bytes.length === 0) return pipe.read(bytes);
    pipe.body.bytes.peek(bytes);
    const count = this.output(to, bytes);
    if (count > 0) pipe.read(bytes.subarray(0, count));
    return count;
  }

  /** Reads from anything, with faults. */
  input(from: Description, into: Uint8Array, peek: boolean): number {
    const faults = this.#state.faults;
    this.#maybeReset(from);
    if (!(from instanceof FakeSocket)) return from.read(into);
    if (faults.hits('again')) {
      this.#state.owe(from);
      return -EAGAIN;
    }
    if (into.length > 1 && faults.hits('shortRead')) {
      this.#state.owe(from);
      return from.receive(into.subarray(0, faults.between(1, into.length - 1)), peek);
    }
    return from.receive(into, peek);
  }

  /** Writes to anything, with faults. */
  output(to: Description, from: Uint8Array): number {
    const faults = this.#state.faults;
    this.#maybeReset(to);
    if (!(to instanceof FakeSocket)) return to.write(from);
    if (faults.hits('again')) {
      this.#state.owe(to);
      return -EAGAIN;
    }
    if (from.length > 1 && faults.hits('shortWrite')) {
      this.#state.owe(to);
      return to.write(from.subarray(0, faults.between(1, from.length - 1)));
    }
    return to.write(from);
  }

  #maybeReset(description: Description): void {
    if (!(description instanceof FakeSocket) || description.domain === AF_UNIX) return;
    if (description.state !== 'connected' || !this.#state.faults.hits('reset')) return;
    description.peer?.breakWith(ECONNRESET);
    description.breakWith(ECONNRESET);
  }

  #socket(fd: number): FakeSocket | number {
    const description = this.#state.table.get(fd);
    if (description === null) return -EBADF;
    return description instanceof FakeSocket ? description : -ENOTSOCK;
  }
}
