// The contract of the only door to the kernel. Everything above it talks to this interface, so that
// a test can put a fake kernel (fake/sys.ts) under a whole worker.
// Every call is synchronous and returns a number: zero or more for success, minus errno for failure
// (errno.ts names them). Nothing here throws for a traffic error; a length or offset outside its
// region is a mistake of ours and throws a RangeError before the kernel sees it.

/**
 * Memory the kernel may read and write: one allocation that never moves.
 * `bytes` is the view for code, `address` is where it lies (a safe integer, 0 under a fake kernel).
 */
export interface Region {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/**
 * A batch of epoll events. `fdAt(i)` and `eventsAt(i)` read event `i` of the last `epollWait`.
 */
export interface EventBatch {
  readonly capacity: number;
  fdAt(index: number): number;
  eventsAt(index: number): number;
}

/** One scatter/gather list, filled by the caller and reused: see `Sys.vector`. */
export interface IoVector {
  readonly capacity: number;
  count: number;
  /** Empties the list. */
  clear(): void;
  /** Appends `length` bytes of `region` from `at`. Checked against the region's size. */
  add(region: Region, at: number, length: number): void;
}

/** A socket address as the kernel wants it: sockaddr bytes, `length` of them valid. */
export interface SocketAddress {
  readonly region: Region;
  length: number;
}

/** Messages for `sendBatch`: datagrams for one descriptor, sent with one sendmmsg call. */
export interface DatagramBatch {
  readonly capacity: number;
  count: number;
  clear(): void;
  /** `to` null: the socket is connected. The address is copied. */
  add(region: Region, at: number, length: number, to: SocketAddress | null): void;
}

export interface Sys {
  // ---- memory ----
  /** Allocates a zeroed region of `length` bytes (page aligned, committed lazily). */
  region(length: number): Region;
  /** Wraps memory that never moves (an ArrayBuffer or SharedArrayBuffer view) as a region. */
  regionOf(bytes: Uint8Array): Region;
  eventBatch(capacity: number): EventBatch;
  vector(capacity: number): IoVector;
  address(): SocketAddress;
  datagrams(capacity: number): DatagramBatch;

  // ---- time ----
  /** CLOCK_MONOTONIC in nanoseconds (a double: exact for 104 days of uptime, 2 ns steps after). */
  monotonicNs(): number;
  /** Wall clock in microseconds since the epoch. */
  wallUs(): number;

  // ---- waiting ----
  epollCreate(): number;
  epollAdd(epfd: number, fd: number, events: number): number;
  epollModify(epfd: number, fd: number, events: number): number;
  epollRemove(epfd: number, fd: number): number;
  /**
   * Waits up to `timeoutMs` (-1: for ever) and returns how many events `batch` holds. A signal ends
   * the wait with 0.
   */
  epollWait(epfd: number, batch: EventBatch, timeoutMs: number): number;
  eventfd(): number;
  eventfdSignal(fd: number): number;
  eventfdDrain(fd: number): number;

  // ---- libuv, nested (DESIGN 2) ----
  /**
   * The descriptor that becomes readable when this thread's libuv loop has something to do; -1 on
   * a node binary that hides it.
   */
  uvBackendFd(): number;
  /**
   * Milliseconds until this thread's libuv loop wants to run a timer, -1 for never, 0 for at once.
   */
  uvTimeoutMs(): number;

  // ---- sockets ----
  /** All descriptors are made close-on-exec and non-blocking. */
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, into: Int32Array): number;
  bind(fd: number, address: SocketAddress): number;
  listen(fd: number, backlog: number): number;
  /** `peer` null: the address is not wanted. */
  accept(fd: number, peer: SocketAddress | null): number;
  connect(fd: number, address: SocketAddress): number;
  /** TCP fast open: SYN with data. */
  sendTo(
    fd: number,
    region: Region,
    at: number,
    length: number,
    flags: number,
    to: SocketAddress,
  ): number;
  getsockname(fd: number, into: SocketAddress): number;
  getpeername(fd: number, into: SocketAddress): number;
  setsockoptInt(fd: number, level: number, name: number, value: number): number;
  setsockoptBytes(fd: number, level: number, name: number, value: Uint8Array): number;
  /** The option's value, or minus errno (options whose value may be negative: getsockoptBytes). */
  getsockoptInt(fd: number, level: number, name: number): number;
  /** Returns the length the kernel filled in. */
  getsockoptBytes(fd: number, level: number, name: number, into: Uint8Array): number;
  /** `how`: SHUT_RD 0, SHUT_WR 1, both 2. */
  shutdown(fd: number, how: number): number;
  recv(fd: number, region: Region, at: number, length: number, flags: number): number;
  recvFrom(
    fd: number,
    region: Region,
    at: number,
    length: number,
    flags: number,
    from: SocketAddress,
  ): number;
  send(fd: number, region: Region, at: number, length: number, flags: number): number;
  /** Gathers `vector` into one sendmsg. */
  sendVector(fd: number, vector: IoVector, flags: number): number;
  /** sendmmsg: returns how many datagrams left. */
  sendBatch(fd: number, batch: DatagramBatch, flags: number): number;
  /** SCM_RIGHTS: sends `length` bytes together with descriptors. At most 252 at a time. */
  sendDescriptors(fd: number, region: Region, at: number, length: number, fds: Int32Array): number;
  /** Returns bytes received; `fds[0]` is how many descriptors arrived, they follow from index 1. */
  recvDescriptors(fd: number, region: Region, at: number, length: number, fds: Int32Array): number;

  // ---- descriptors and files ----
  close(fd: number): number;
  read(fd: number, region: Region, at: number, length: number): number;
  write(fd: number, region: Region, at: number, length: number): number;
  writeVector(fd: number, vector: IoVector): number;
  pipe(into: Int32Array): number;
  /**
   * Moves up to `length` bytes between a pipe and a socket inside the kernel. Non-blocking,
   * SPLICE_F_MOVE; `more`: SPLICE_F_MORE.
   */
  splice(fdIn: number, fdOut: number, length: number, more: boolean): number;
  /** F_SETPIPE_SZ; returns the size now. */
  setPipeSize(fd: number, length: number): number;
  fcntlGetFlags(fd: number): number;
  setNonBlocking(fd: number): number;
  setCloseOnExec(fd: number, on: boolean): number;
  dup(fd: number): number;
  dup2(fd: number, to: number): number;
  open(path: string, flags: number, mode: number): number;
  ftruncate(fd: number, length: number): number;
  /** fallocate: reserves the blocks, so that a full disk is found now and not as SIGBUS later. */
  fallocate(fd: number, length: number): number;
  memfd(name: string): number;
  flock(fd: number, operation: number): number;
  fstatSize(fd: number): number;

  // ---- shared memory ----
  /**
   * A SharedArrayBuffer view of `length` bytes (a multiple of the page size) whose pages are the
   * shared file mapping of `fd` (proofs/segment.cjs). Returns minus errno or the view.
   */
  mapShared(fd: number, length: number): Uint8Array | number;

  // ---- process ----
  getpid(): number;
  gettid(): number;
  kill(pid: number, signal: number): number;
  setuid(uid: number): number;
  setgid(gid: number): number;
  setgroups(gids: Int32Array): number;
  /** A change of user leaves the calling thread its permitted capabilities (PR_SET_KEEPCAPS). */
  keepCapabilities(): number;
  /** Of the calling thread: effective and permitted ones, by number (capabilities(7)). */
  setCapabilities(capabilities: readonly number[]): number;
  chroot(path: string): number;
  chmod(path: string, mode: number): number;
  chown(path: string, uid: number, gid: number): number;
  umask(mask: number): number;
  setsid(): number;
  /** This thread's sockets are made in the network namespace of `fd` from now on. */
  setNamespace(fd: number): number;
  /** `into` gets [soft, hard]; Infinity for RLIM_INFINITY. */
  getrlimit(resource: number, into: Float64Array): number;
  setrlimit(resource: number, soft: number, hard: number): number;
  /** `cpus` are bit numbers; pid 0 is the calling thread. */
  setAffinity(tid: number, cpus: readonly number[]): number;
  setDumpable(on: boolean): number;
  /** Asks the kernel to signal this process when its parent dies (PR_SET_PDEATHSIG). */
  setParentDeathSignal(signal: number): number;
  /** Programs that this thread, or one it makes, starts gain nothing from setuid bits or files. */
  refuseNewRights(): number;
}
