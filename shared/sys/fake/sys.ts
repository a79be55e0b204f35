// A deterministic kernel in memory, for whoever puts a whole worker on it: tests, and `explain`.
// They play the far ends (`connectTo`, `serve`), advance the clock and choose faults by probability
// from a seed. Nothing here sleeps, reads a real clock or opens a real descriptor. Ignored:
// MSG_MORE, priorities, and every socket option but SO_ERROR, SO_REUSEADDR, SO_REUSEPORT and
// SO_LINGER (kept, read back).

import { checkBounds } from '../bounds.ts';
import { AF_INET, EAGAIN, SOCK_STREAM } from '../constants.ts';
import { encodeAddress, type NamedAddress } from '../sockaddr.ts';
import type { DatagramBatch, EventBatch, IoVector, Region, SocketAddress, Sys } from '../sys.ts';
import { bytesOf, FakeDatagrams, FakeVector, fakeRegion } from './batches.ts';
import { type Description, EventCounter, makePipe, PipeEnd } from './descriptor.ts';
import { EpollSet, FakeEvents } from './epoll.ts';
import { type FaultRates, Faults } from './faults.ts';
import { FakeFiles } from './files.ts';
import { FakePeer, FakeServer } from './network.ts';
import { type Datagram, FakeSocket } from './socket.ts';
import { FakeSocketCalls } from './socket-calls.ts';
import { FakeState } from './state.ts';
import { FakeTable } from './table.ts';

const EBADF = 9;
const EINVAL = 22;
const ADDRESS_BYTES = 128;
const PROCESS_ID = 1000;
const O_NONBLOCK = 0x800;

export interface FakeOptions {
  /** Decides every fault. The same seed and the same calls give the same run. */
  readonly seed?: number;
  readonly faults?: FaultRates;
  /** RLIMIT_NOFILE. */
  readonly descriptorMax?: number;
  /** The wall clock at the start, in milliseconds since the epoch. */
  readonly epochMs?: number;
}

export class FakeSys implements Sys {
  /** Change `rates` at any time: set a system up without faults, then let them in. */
  readonly faults: Faults;
  readonly files: FakeFiles;
  readonly #state: FakeState;
  readonly #sockets: FakeSocketCalls;
  #nowNs = 1e9;
  #wallUs: number;

  constructor(options: FakeOptions = {}) {
    this.faults = new Faults(options.seed ?? 1, options.faults ?? {});
    const table = new FakeTable(options.descriptorMax ?? 1 << 20);
    this.#state = new FakeState(table, this.faults);
    this.#sockets = new FakeSocketCalls(this.#state);
    this.files = new FakeFiles(table);
    this.#wallUs = (options.epochMs ?? 1_700_000_000_000) * 1000;
  }

  // ---- for the test ----

  /** A client connects to a listener of the worker; `from` is its address. */
  connectTo(to: NamedAddress, from?: NamedAddress): FakePeer {
    const target = this.#encode(to);
    const socket = new FakeSocket(target[0]!, SOCK_STREAM);
    if (from !== undefined) this.#state.network.bind(socket, this.#encode(from));
    this.#state.network.connect(socket, target);
    this.#state.network.settle();
    return new FakePeer(socket);
  }

  /** A server the worker can connect to. */
  serve(at: NamedAddress, backlog = 1024): FakeServer {
    const name = this.#encode(at);
    const socket = new FakeSocket(name[0]!, SOCK_STREAM);
    const result = this.#state.network.bind(socket, name);
    if (result < 0) throw new Error(`cannot serve at ${at.host}:${at.port}: errno ${-result}`);
    socket.state = 'listening';
    socket.backlog = backlog;
    return new FakeServer(socket);
  }

  /** A server at every address where nobody listens, so that no connection is refused. */
  serveRest(backlog = 1024): FakeServer {
    const socket = new FakeSocket(AF_INET, SOCK_STREAM);
    socket.state = 'listening';
    socket.backlog = backlog;
    this.#state.network.rest = socket;
    return new FakeServer(socket);
  }

  /** Connections to `at` are neither accepted nor refused from now on. */
  silence(at: NamedAddress): void {
    this.#state.network.silence(this.#encode(at));
  }

  /** Moves both clocks on. */
  advance(ms: number): void {
    this.#nowNs += ms * 1e6;
    this.#wallUs += ms * 1000;
    if (this.faults.hits('clockJump'))
      this.stepWallClock(this.faults.between(-3_600, 3_600) * 1000);
  }

  /** Moves the wall clock alone, either way. */
  stepWallClock(ms: number): void {
    this.#wallUs += ms * 1000;
  }

  /** The numbers that are open: compare before and after to find a leak. */
  openDescriptors(): number[] {
    return this.#state.table.numbers();
  }

  /** How often a descriptor was used that was not open. */
  get misuse(): number {
    return this.#state.table.misuse;
  }

  /** Every datagram that was sent, oldest first. */
  get datagramsSent(): readonly Datagram[] {
    return this.#state.network.sent;
  }

  // ---- memory ----

  region(length: number): Region {
    return fakeRegion(new Uint8Array(length));
  }

  regionOf(bytes: Uint8Array): Region {
    return fakeRegion(bytes);
  }

  eventBatch(capacity: number): EventBatch {
    return new FakeEvents(capacity);
  }

  vector(capacity: number): IoVector {
    return new FakeVector(capacity);
  }

  address(): SocketAddress {
    return { region: this.region(ADDRESS_BYTES), length: 2 };
  }

  datagrams(capacity: number): DatagramBatch {
    return new FakeDatagrams(capacity);
  }

  // ---- time and waiting ----

  monotonicNs(): number {
    return this.#nowNs;
  }

  wallUs(): number {
    return this.#wallUs;
  }

  epollCreate(): number {
    return this.#state.install(() => new EpollSet());
  }

  epollAdd(epfd: number, fd: number, events: number): number {
    return this.#control(epfd, fd, (set, description) => set.add(fd, description, events));
  }

  epollModify(epfd: number, fd: number, events: number): number {
    return this.#control(epfd, fd, (set, description) => set.modify(fd, description, events));
  }

  epollRemove(epfd: number, fd: number): number {
    return this.#control(epfd, fd, (set, description) => set.remove(fd, description));
  }

  /** Never waits, whatever `timeoutMs` is. */
  epollWait(epfd: number, batch: EventBatch, _timeoutMs: number): number {
    const set = this.#state.table.get(epfd);
    if (set === null) return -EBADF;
    if (!(set instanceof EpollSet)) return -EINVAL;
    this.#state.settle();
    // `eventBatch` makes every batch, so it is always ours.
    return set.collect(batch as FakeEvents);
  }

  eventfd(): number {
    return this.#state.install(() => new EventCounter());
  }

  eventfdSignal(fd: number): number {
    const counter = this.#state.table.get(fd);
    if (!(counter instanceof EventCounter)) return counter === null ? -EBADF : -EINVAL;
    counter.signal();
    return 0;
  }

  eventfdDrain(fd: number): number {
    const counter = this.#state.table.get(fd);
    if (!(counter instanceof EventCounter)) return counter === null ? -EBADF : -EINVAL;
    return counter.drain() || -EAGAIN;
  }

  /** There is no libuv here. */
  uvBackendFd(): number {
    return -1;
  }

  uvTimeoutMs(): number {
    return -1;
  }

  // ---- sockets: see socket-calls.ts ----

  readonly socket: Sys['socket'] = (domain, type, protocol) =>
    this.#sockets.socket(domain, type, protocol);
  readonly socketpair: Sys['socketpair'] = (domain, type, into) =>
    this.#sockets.socketpair(domain, type, into);
  readonly bind: Sys['bind'] = (fd, address) => this.#sockets.bind(fd, address);
  readonly listen: Sys['listen'] = (fd, backlog) => this.#sockets.listen(fd, backlog);
  readonly accept: Sys['accept'] = (fd, peer) => this.#sockets.accept(fd, peer);
  readonly connect: Sys['connect'] = (fd, address) => this.#sockets.connect(fd, address);
  readonly sendTo: Sys['sendTo'] = (fd, region, at, length, flags, to) =>
    this.#sockets.sendTo(fd, region, at, length, flags, to);
  readonly getsockname: Sys['getsockname'] = (fd, into) => this.#sockets.getsockname(fd, into);
  readonly getpeername: Sys['getpeername'] = (fd, into) => this.#sockets.getpeername(fd, into);
  readonly setsockoptInt: Sys['setsockoptInt'] = (fd, level, name, value) =>
    this.#sockets.setsockoptInt(fd, level, name, value);
  readonly setsockoptBytes: Sys['setsockoptBytes'] = (fd, level, name, value) =>
    this.#sockets.setsockoptBytes(fd, level, name, value);
  readonly getsockoptInt: Sys['getsockoptInt'] = (fd, level, name) =>
    this.#sockets.getsockoptInt(fd, level, name);
  readonly getsockoptBytes: Sys['getsockoptBytes'] = (fd, level, name, into) =>
    this.#sockets.getsockoptBytes(fd, level, name, into);
  readonly shutdown: Sys['shutdown'] = (fd, how) => this.#sockets.shutdown(fd, how);
  readonly recv: Sys['recv'] = (fd, region, at, length, flags) =>
    this.#sockets.recv(fd, region, at, length, flags);
  readonly recvFrom: Sys['recvFrom'] = (fd, region, at, length, flags, from) =>
    this.#sockets.recvFrom(fd, region, at, length, flags, from);
  readonly send: Sys['send'] = (fd, region, at, length, flags) =>
    this.#sockets.send(fd, region, at, length, flags);
  readonly sendVector: Sys['sendVector'] = (fd, vector, flags) =>
    this.#sockets.sendVector(fd, vector, flags);
  readonly sendBatch: Sys['sendBatch'] = (fd, batch, flags) =>
    this.#sockets.sendBatch(fd, batch, flags);
  readonly sendDescriptors: Sys['sendDescriptors'] = (fd, region, at, length, fds) =>
    this.#sockets.sendDescriptors(fd, region, at, length, fds);
  readonly recvDescriptors: Sys['recvDescriptors'] = (fd, region, at, length, fds) =>
    this.#sockets.recvDescriptors(fd, region, at, length, fds);
  readonly splice: Sys['splice'] = (fdIn, fdOut, length) =>
    this.#sockets.splice(fdIn, fdOut, length);

  // ---- descriptors and files ----

  close(fd: number): number {
    return this.#state.table.close(fd) ? 0 : -EBADF;
  }

  read(fd: number, region: Region, at: number, length: number): number {
    checkBounds(region, at, length);
    const description = this.#state.table.get(fd);
    if (description === null) return -EBADF;
    return this.#sockets.input(description, region.bytes.subarray(at, at + length), false);
  }

  write(fd: number, region: Region, at: number, length: number): number {
    checkBounds(region, at, length);
    const description = this.#state.table.get(fd);
    if (description === null) return -EBADF;
    return this.#sockets.output(description, region.bytes.subarray(at, at + length));
  }

  writeVector(fd: number, vector: IoVector): number {
    const description = this.#state.table.get(fd);
    if (description === null) return -EBADF;
    // `vector` of the same kernel made it, so it is always ours.
    return this.#sockets.output(description, (vector as FakeVector).joined());
  }

  pipe(into: Int32Array): number {
    const [reader, writer] = makePipe();
    return this.#state.installPair(reader, writer, into);
  }

  setPipeSize(fd: number, length: number): number {
    const end = this.#state.table.get(fd);
    if (!(end instanceof PipeEnd)) return end === null ? -EBADF : -EINVAL;
    end.body.capacityBytes = length;
    return length;
  }

  fcntlGetFlags(fd: number): number {
    return this.#state.table.get(fd) === null ? -EBADF : O_NONBLOCK;
  }

  setNonBlocking(fd: number): number {
    return this.#state.table.get(fd) === null ? -EBADF : 0;
  }

  /** Nothing is ever executed here. */
  setCloseOnExec(fd: number, _on: boolean): number {
    return this.#state.table.get(fd) === null ? -EBADF : 0;
  }

  dup(fd: number): number {
    const description = this.#state.table.get(fd);
    return description === null ? -EBADF : this.#state.install(() => description);
  }

  dup2(fd: number, to: number): number {
    const description = this.#state.table.get(fd);
    if (description === null) return -EBADF;
    if (fd === to) return to;
    if (this.#state.table.isOpen(to)) this.#state.table.close(to);
    this.#state.table.put(to, description);
    return to;
  }

  readonly memfd: Sys['memfd'] = () => this.files.memfd();
  readonly open: Sys['open'] = (path, flags) => this.files.open(path, flags);
  readonly ftruncate: Sys['ftruncate'] = (fd, length) => this.files.resize(fd, length, false);
  readonly fallocate: Sys['fallocate'] = (fd, length) => this.files.resize(fd, length, true);
  readonly flock: Sys['flock'] = (fd, operation) => this.files.flock(fd, operation);
  readonly fstatSize: Sys['fstatSize'] = (fd) => this.files.size(fd);
  readonly mapShared: Sys['mapShared'] = (fd, length) => this.files.mapShared(fd, length);

  // ---- process ----

  getpid(): number {
    return PROCESS_ID;
  }

  gettid(): number {
    return PROCESS_ID;
  }

  readonly kill = unsupported('kill');
  readonly setuid = unsupported('setuid');
  readonly keepCapabilities = unsupported('keepCapabilities');
  readonly setCapabilities = unsupported('setCapabilities');
  readonly setgid = unsupported('setgid');
  readonly setgroups = unsupported('setgroups');
  readonly chroot = unsupported('chroot');
  readonly chmod = unsupported('chmod');
  readonly chown = unsupported('chown');
  readonly umask = unsupported('umask');
  readonly setsid = unsupported('setsid');
  readonly setNamespace = unsupported('setNamespace');
  readonly getrlimit = unsupported('getrlimit');
  readonly setrlimit = unsupported('setrlimit');
  readonly setAffinity = unsupported('setAffinity');
  readonly setDumpable = unsupported('setDumpable');
  readonly setParentDeathSignal = unsupported('setParentDeathSignal');
  readonly refuseNewRights = unsupported('refuseNewRights');

  #control(
    epfd: number,
    fd: number,
    act: (set: EpollSet, description: Description) => number,
  ): number {
    const set = this.#state.table.get(epfd);
    const description = this.#state.table.get(fd);
    if (set === null || description === null) return -EBADF;
    return set instanceof EpollSet ? act(set, description) : -EINVAL;
  }

  #encode(address: NamedAddress): Uint8Array {
    const into = this.address();
    if (!encodeAddress(address, into)) throw new Error(`not an address: ${address.host}`);
    return bytesOf(into).slice();
  }
}

/** A call that makes no sense in here: whoever reaches it learns its name. */
function unsupported(name: string): () => never {
  return () => {
    throw new Error(`the fake kernel has no ${name}`);
  };
}
