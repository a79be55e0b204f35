// Descriptors, pipes and files of the contract, over the C library. Called by linux.ts.
// Knows nothing of sockets; never opens a path on its own account.

import { checkBounds } from './bounds.ts';
import { fstatSync } from 'node:fs';
import { type KernelVector, wordsOf } from './batches.ts';
import { EINTR } from './constants.ts';
import { declare, lastErrno, outcome } from './ffi.ts';
import { region } from './memory.ts';
import type { IoVector, Region } from './sys.ts';

type Call1 = (a: number) => number;
type Call2 = (a: number, b: number) => number;
type Call3 = (a: number, b: number, c: number) => number;
type Call6 = (a: number, b: number, c: number, d: number, e: number, f: number) => number;

const closeCall = declare<Call1>('int close(int)');
const readCall = declare<Call3>('int read(int, uintptr_t, size_t)');
const writeCall = declare<Call3>('int write(int, uintptr_t, size_t)');
const writev = declare<Call3>('int writev(int, uintptr_t, int)');
const pipe2 = declare<Call2>('int pipe2(uintptr_t, int)');
const spliceCall = declare<Call6>(
  'int splice(int, uintptr_t, int, uintptr_t, size_t, unsigned int)',
);
const fcntl = declare<Call3>('int fcntl(int, int, uintptr_t)');
const dup2Call = declare<Call2>('int dup2(int, int)');
const openCall = declare<(path: string, flags: number, mode: number) => number>(
  'int open(const char*, int, unsigned int)',
);
const ftruncateCall = declare<Call2>('int ftruncate(int, int64_t)');
const posix_fallocate = declare<Call3>('int posix_fallocate(int, int64_t, int64_t)');
const memfd_create = declare<(name: string, flags: number) => number>(
  'int memfd_create(const char*, unsigned int)',
);
const flockCall = declare<Call2>('int flock(int, int)');

const O_NONBLOCK = 0x800;
const O_CLOEXEC = 0x80000;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const FD_CLOEXEC = 1;
const SPLICE_MOVE_NONBLOCK = 3;
const SPLICE_MORE = 4;
const MFD_CLOEXEC = 1;

const scratch = region(8);
const words = wordsOf(scratch);

/** A close that a signal interrupted has closed: calling it again could close a stranger. */
export function close(fd: number): number {
  if (closeCall(fd) >= 0) return 0;
  const errno = lastErrno();
  return errno === EINTR ? 0 : -errno;
}

export function read(fd: number, memory: Region, at: number, length: number): number {
  checkBounds(memory, at, length);
  const count = readCall(fd, memory.address + at, length);
  return count >= 0 ? count : -lastErrno();
}

export function write(fd: number, memory: Region, at: number, length: number): number {
  checkBounds(memory, at, length);
  const count = writeCall(fd, memory.address + at, length);
  return count >= 0 ? count : -lastErrno();
}

export function writeVector(fd: number, vector: IoVector): number {
  // linuxSys() makes every vector it is handed, so it is always ours.
  const list = vector as KernelVector;
  const count = writev(fd, list.listAddress, list.count);
  return count >= 0 ? count : -lastErrno();
}

/** `into[0]` is the end to read from, `into[1]` the end to write to. */
export function pipe(into: Int32Array): number {
  if (pipe2(scratch.address, O_NONBLOCK | O_CLOEXEC) < 0) return -lastErrno();
  into[0] = words[0]!;
  into[1] = words[1]!;
  return 0;
}

export function splice(fdIn: number, fdOut: number, length: number, more: boolean): number {
  const flags = more ? SPLICE_MOVE_NONBLOCK | SPLICE_MORE : SPLICE_MOVE_NONBLOCK;
  const count = spliceCall(fdIn, 0, fdOut, 0, length, flags);
  return count >= 0 ? count : -lastErrno();
}

export function setPipeSize(fd: number, length: number): number {
  return outcome(fcntl(fd, F_SETPIPE_SZ, length));
}

export function fcntlGetFlags(fd: number): number {
  return outcome(fcntl(fd, F_GETFL, 0));
}

export function setNonBlocking(fd: number): number {
  const flags = fcntl(fd, F_GETFL, 0);
  if (flags < 0) return -lastErrno();
  return outcome(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

export function setCloseOnExec(fd: number, on: boolean): number {
  const flags = fcntl(fd, F_GETFD, 0);
  if (flags < 0) return -lastErrno();
  return outcome(fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC));
}

/** The copy is closed on exec. */
export function dup(fd: number): number {
  return outcome(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/** The copy stays open on exec, as dup2 has it: this is how a child is handed a descriptor. */
export function dup2(fd: number, to: number): number {
  return outcome(dup2Call(fd, to));
}

export function open(path: string, flags: number, mode: number): number {
  return outcome(openCall(path, flags | O_CLOEXEC, mode));
}

export function ftruncate(fd: number, length: number): number {
  return outcome(ftruncateCall(fd, length));
}

/** posix_fallocate answers with the error itself, and leaves errno alone. */
export function fallocate(fd: number, length: number): number {
  return -posix_fallocate(fd, 0, length) | 0;
}

export function memfd(name: string): number {
  return outcome(memfd_create(name, MFD_CLOEXEC));
}

export function flock(fd: number, operation: number): number {
  return outcome(flockCall(fd, operation));
}

/** Through node:fs: struct stat differs between architectures, and this is no traffic call. */
export function fstatSize(fd: number): number {
  try {
    return fstatSync(fd).size;
  } catch (error) {
    // node:fs gives libuv's number, which is minus errno; a bad argument has none and is ours.
    const errno = (error as NodeJS.ErrnoException).errno;
    if (errno === undefined) throw error;
    return errno;
  }
}
