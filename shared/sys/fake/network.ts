// Names and connections of the fake kernel: who listens where, which connection is under way, and
// the scripted far ends that a test holds. Used by sys.ts; tests use FakePeer and FakeServer.

import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  EADDRINUSE,
  EAGAIN,
  ECONNREFUSED,
  EINPROGRESS,
  EPOLLIN,
  EPOLLOUT,
  SOCK_STREAM,
} from '../constants.ts';
import { type Datagram, FakeSocket, join } from './socket.ts';

const EISCONN = 106;
const EALREADY = 114;
const FIRST_EPHEMERAL_PORT = 32768;
const LAST_EPHEMERAL_PORT = 60999;

const decoder = new TextDecoder('latin1');

/** The far end of a connection, held by a test: a client of the worker, or a server behind it. */
export class FakePeer {
  readonly socket: FakeSocket;

  constructor(socket: FakeSocket) {
    this.socket = socket;
  }

  /** Text is latin1. Returns how many bytes the worker's buffer had room for. */
  write(bytes: Uint8Array | string): number {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return this.socket.write(data);
  }

  /** Everything that has arrived. */
  read(): Uint8Array {
    const all = this.socket.inbox.drain();
    if (all.length > 0) this.socket.peer?.roomMade();
    return all;
  }

  /** As `read`, as latin1 text. */
  readText(): string {
    return decoder.decode(this.read());
  }

  /** Ends the stream towards the worker and keeps listening. */
  shutdown(): void {
    this.socket.shutdown(1);
  }

  close(): void {
    if (this.socket.state !== 'gone') this.socket.release();
  }

  reset(): void {
    this.socket.reset();
  }

  /** The connection exists (a client's may still be refused). */
  get connected(): boolean {
    return this.socket.state === 'connected';
  }

  /** The worker ended its stream. */
  get ended(): boolean {
    return this.socket.ended;
  }

  /** The worker reset the connection, or closed it with bytes unread. */
  get wasReset(): boolean {
    return this.socket.state === 'broken';
  }
}

/** A listener held by a test. */
export class FakeServer {
  readonly #socket: FakeSocket;

  constructor(socket: FakeSocket) {
    this.#socket = socket;
  }

  /** The oldest connection nobody has accepted, null for none. */
  accept(): FakePeer | null {
    const socket = this.#socket.queue.shift();
    return socket === undefined ? null : new FakePeer(socket);
  }

  /** How many connections wait. */
  get waiting(): number {
    return this.#socket.queue.length;
  }

  close(): void {
    this.#socket.release();
  }
}

export class FakeNetwork {
  readonly #bound: FakeSocket[] = [];
  #connecting: FakeSocket[] = [];
  /** Who answers where nobody listens. */
  rest: FakeSocket | null = null;
  readonly #silent = new Set<string>();
  #nextPort = FIRST_EPHEMERAL_PORT;
  /** Every datagram that was ever sent, oldest first. */
  readonly sent: Datagram[] = [];

  /** Gives a name to `socket`; port 0 is replaced by a free one. */
  bind(socket: FakeSocket, address: Uint8Array): number {
    const name = address.slice();
    const internet = socket.domain !== AF_UNIX;
    if (internet && portIn(name) === 0) putPort(name, this.#freePort(socket));
    else if (this.#bound.some((other) => clash(other, socket, name))) return -EADDRINUSE;
    socket.local = name;
    this.#bound.push(socket);
    socket.onRelease = () => {
      this.#bound.splice(this.#bound.indexOf(socket), 1);
    };
    return 0;
  }

  /** A connection to an address that never answers stays under way for ever. */
  silence(address: Uint8Array): void {
    this.#silent.add(keyOf(address));
  }

  /** A unix connection is settled at once; another one when the worker waits next. */
  connect(socket: FakeSocket, address: Uint8Array): number {
    if (socket.state === 'connected') return -EISCONN;
    if (socket.state === 'connecting') return -EALREADY;
    socket.remote = address.slice();
    if (socket.type !== SOCK_STREAM) return 0;
    if (socket.domain === AF_UNIX) return this.#connectUnix(socket);
    if (socket.local.length === 0) this.bind(socket, anyPort(socket.domain, address));
    socket.state = 'connecting';
    this.#connecting.push(socket);
    return -EINPROGRESS;
  }

  #connectUnix(socket: FakeSocket): number {
    const listener = this.#listenerAt(socket.remote);
    if (listener === null) return -ECONNREFUSED;
    if (listener.queue.length > listener.backlog) return -EAGAIN;
    this.#establish(socket, listener);
    return 0;
  }

  /** Lets every connection under way arrive, be refused, or wait for room in a backlog. */
  settle(): void {
    const under = this.#connecting;
    this.#connecting = [];
    for (const socket of under) {
      if (socket.state !== 'connecting') continue;
      const listener = this.#listenerAt(socket.remote);
      const silent = this.#silent.has(keyOf(socket.remote));
      if (silent || (listener !== null && listener.queue.length > listener.backlog)) {
        this.#connecting.push(socket);
      } else if (listener === null) {
        socket.breakWith(ECONNREFUSED);
      } else {
        this.#establish(socket, listener);
      }
    }
  }

  /** Delivers a datagram to whoever is bound there, and keeps a copy in `sent`. */
  deliver(from: FakeSocket, to: Uint8Array, bytes: Uint8Array): void {
    if (from.local.length === 0 && from.domain !== AF_UNIX) {
      this.bind(from, anyPort(from.domain, to));
    }
    const datagram = { from: from.local.slice(), to: to.slice(), bytes: bytes.slice() };
    this.sent.push(datagram);
    const target = this.#bound.find((each) => each.type !== SOCK_STREAM && covers(each.local, to));
    if (target === undefined) return;
    target.datagrams.push(datagram);
    target.wakes.wake(EPOLLIN);
  }

  #establish(client: FakeSocket, listener: FakeSocket): void {
    const server = new FakeSocket(listener.domain, listener.type);
    server.local = client.remote.slice();
    server.remote = client.local.slice();
    server.bufferBytes = listener.bufferBytes;
    join(client, server);
    listener.queue.push(server);
    listener.wakes.wake(EPOLLIN);
    client.wakes.wake(EPOLLOUT);
  }

  #listenerAt(address: Uint8Array): FakeSocket | null {
    const listens = (each: FakeSocket) => each.state === 'listening' && covers(each.local, address);
    const all = this.#bound.filter(listens);
    // With SO_REUSEPORT several answer: the shortest queue is next, the oldest among equals.
    all.sort((a, b) => a.queue.length - b.queue.length);
    return all[0] ?? this.rest;
  }

  #freePort(socket: FakeSocket): number {
    for (let i = FIRST_EPHEMERAL_PORT; i <= LAST_EPHEMERAL_PORT; i++) {
      const port = this.#nextPort++;
      if (this.#nextPort > LAST_EPHEMERAL_PORT) this.#nextPort = FIRST_EPHEMERAL_PORT;
      const used = this.#bound.some(
        (each) => each.type === socket.type && portIn(each.local) === port,
      );
      if (!used) return port;
    }
    throw new Error('the fake network has no port left');
  }
}

function keyOf(address: Uint8Array): string {
  return decoder.decode(address);
}

function familyIn(address: Uint8Array): number {
  return address[0]! | (address[1]! << 8);
}

function portIn(address: Uint8Array): number {
  const family = familyIn(address);
  return family === AF_INET || family === AF_INET6 ? (address[2]! << 8) | address[3]! : -1;
}

function putPort(address: Uint8Array, port: number): void {
  address[2] = port >>> 8;
  address[3] = port;
}

function hostIn(address: Uint8Array): Uint8Array {
  return familyIn(address) === AF_INET ? address.subarray(4, 8) : address.subarray(8, 24);
}

function isAny(address: Uint8Array): boolean {
  return hostIn(address).every((byte) => byte === 0);
}

/** True when a socket named `name` answers for `address`. */
function covers(name: Uint8Array, address: Uint8Array): boolean {
  if (familyIn(name) !== familyIn(address) || portIn(name) !== portIn(address)) return false;
  if (portIn(name) < 0) return keyOf(name) === keyOf(address);
  return isAny(name) || keyOf(hostIn(name)) === keyOf(hostIn(address));
}

function clash(other: FakeSocket, socket: FakeSocket, name: Uint8Array): boolean {
  if (other.type !== socket.type) return false;
  const shares = (each: FakeSocket) => (each.options.get('1/15')?.[0] ?? 0) !== 0;
  if (shares(other) && shares(socket)) return false;
  const reuses = (each: FakeSocket) => (each.options.get('1/2')?.[0] ?? 0) !== 0;
  if (reuses(other) && reuses(socket) && other.state !== 'listening') return false;
  return covers(other.local, name) || covers(name, other.local);
}

/** The address a client speaks from: that of the target (all is loopback here), port 0. */
function anyPort(domain: number, target: Uint8Array): Uint8Array {
  const name = target.slice();
  if (familyIn(name) !== domain) throw new Error('an address of another family');
  putPort(name, 0);
  return name;
}
