// Socket calls of the contract, over the C library. Called by linux.ts; serves every proxy thread.
// The calls that carry traffic pass numbers only and allocate nothing; each checks its bounds
// first.

import { checkBounds } from './bounds.ts';
import {
  type KernelDatagrams,
  type KernelVector,
  MSG_CONTROL,
  MSG_CONTROL_LENGTH,
  MSG_IOV,
  MSG_IOV_COUNT,
  MSGHDR_BYTES,
  putLong,
  wordsOf,
} from './batches.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOL_SOCKET } from './constants.ts';
import { declare, lastErrno, outcome } from './ffi.ts';
import { region } from './memory.ts';
import type { DatagramBatch, IoVector, Region, SocketAddress } from './sys.ts';

type Fd3 = (fd: number, a: number, b: number) => number;
type Fd4 = (fd: number, a: number, b: number, c: number) => number;
type Fd5 = (fd: number, a: number, b: number, c: number, d: number) => number;
type Fd6 = (fd: number, a: number, b: number, c: number, d: number, e: number) => number;

const socketCall = declare<Fd3>('int socket(int, int, int)');
const socketpairCall = declare<Fd4>('int socketpair(int, int, int, uintptr_t)');
const bindCall = declare<Fd3>('int bind(int, uintptr_t, uint32_t)');
const listenCall = declare<(fd: number, backlog: number) => number>('int listen(int, int)');
const accept4 = declare<Fd4>('int accept4(int, uintptr_t, uintptr_t, int)');
const connectCall = declare<Fd3>('int connect(int, uintptr_t, uint32_t)');
const sendto = declare<Fd6>('int sendto(int, uintptr_t, size_t, int, uintptr_t, uint32_t)');
const recvfrom = declare<Fd6>('int recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)');
const getsocknameCall = declare<Fd3>('int getsockname(int, uintptr_t, uintptr_t)');
const getpeernameCall = declare<Fd3>('int getpeername(int, uintptr_t, uintptr_t)');
const setsockopt = declare<Fd5>('int setsockopt(int, int, int, uintptr_t, uint32_t)');
const getsockopt = declare<Fd5>('int getsockopt(int, int, int, uintptr_t, uintptr_t)');
const shutdownCall = declare<(fd: number, how: number) => number>('int shutdown(int, int)');
const recvCall = declare<Fd4>('int recv(int, uintptr_t, size_t, int)');
const sendCall = declare<Fd4>('int send(int, uintptr_t, size_t, int)');
const sendmsg = declare<Fd3>('int sendmsg(int, uintptr_t, int)');
const recvmsg = declare<Fd3>('int recvmsg(int, uintptr_t, int)');
const sendmmsg = declare<Fd4>('int sendmmsg(int, uintptr_t, unsigned int, int)');

const SOCK_NONBLOCK_CLOEXEC = 0x80800;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SCM_RIGHTS = 1;
/** The kernel's own limit for one message (SCM_MAX_FD is 253). */
const DESCRIPTORS_MAX = 252;
const CMSG_HEADER_BYTES = 16;
const OPTION_BYTES_MAX = 4096;

/*
 * Scratch of this thread: bytes 0-7 two integers, 8-11 a length; from 64 a msghdr, from 128 its one
 * iovec, from 192 its control message; from 2048 the bytes of a socket option.
 */
const PAIR = 0;
const LENGTH = 2;
const MESSAGE = 16;
const IOVEC = 32;
const CONTROL = 48;
const OPTION_AT = 2048;
const scratch = region(OPTION_AT + OPTION_BYTES_MAX);
const words = wordsOf(scratch);
const pairAddress = scratch.address;
const lengthAddress = scratch.address + LENGTH * 4;
const messageAddress = scratch.address + MESSAGE * 4;
const controlAddress = scratch.address + CONTROL * 4;
const optionAddress = scratch.address + OPTION_AT;
putLong(words, MESSAGE + MSG_IOV, scratch.address + IOVEC * 4);
words[MESSAGE + MSG_IOV_COUNT] = 1;
putLong(words, MESSAGE + MSG_CONTROL, controlAddress);

export function socket(domain: number, type: number, protocol: number): number {
  return outcome(socketCall(domain, type | SOCK_NONBLOCK_CLOEXEC, protocol));
}

export function socketpair(domain: number, type: number, into: Int32Array): number {
  const result = socketpairCall(domain, type | SOCK_NONBLOCK_CLOEXEC, 0, pairAddress);
  if (result < 0) return -lastErrno();
  into[0] = words[PAIR]!;
  into[1] = words[PAIR + 1]!;
  return 0;
}

export function bind(fd: number, address: SocketAddress): number {
  checkBounds(address.region, 0, address.length);
  return outcome(bindCall(fd, address.region.address, address.length));
}

export function listen(fd: number, backlog: number): number {
  return outcome(listenCall(fd, backlog));
}

export function accept(fd: number, peer: SocketAddress | null): number {
  if (peer === null) {
    const made = accept4(fd, 0, 0, SOCK_NONBLOCK_CLOEXEC);
    return made >= 0 ? made : -lastErrno();
  }
  words[LENGTH] = peer.region.bytes.length;
  const made = accept4(fd, peer.region.address, lengthAddress, SOCK_NONBLOCK_CLOEXEC);
  if (made < 0) return -lastErrno();
  peer.length = words[LENGTH]!;
  return made;
}

export function connect(fd: number, address: SocketAddress): number {
  checkBounds(address.region, 0, address.length);
  return outcome(connectCall(fd, address.region.address, address.length));
}

// The contract names every argument of the call; a parameter object would be an allocation each.
export function sendTo(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  flags: number,
  to: SocketAddress,
): number {
  checkBounds(memory, at, length);
  checkBounds(to.region, 0, to.length);
  const how = flags | MSG_NOSIGNAL;
  return outcome(sendto(fd, memory.address + at, length, how, to.region.address, to.length));
}

export function recvFrom(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  flags: number,
  from: SocketAddress,
): number {
  checkBounds(memory, at, length);
  words[LENGTH] = from.region.bytes.length;
  const address = memory.address + at;
  const count = recvfrom(fd, address, length, flags, from.region.address, lengthAddress);
  if (count < 0) return -lastErrno();
  from.length = words[LENGTH]!;
  return count;
}

export function getsockname(fd: number, into: SocketAddress): number {
  words[LENGTH] = into.region.bytes.length;
  if (getsocknameCall(fd, into.region.address, lengthAddress) < 0) return -lastErrno();
  into.length = words[LENGTH]!;
  return 0;
}

export function getpeername(fd: number, into: SocketAddress): number {
  words[LENGTH] = into.region.bytes.length;
  if (getpeernameCall(fd, into.region.address, lengthAddress) < 0) return -lastErrno();
  into.length = words[LENGTH]!;
  return 0;
}

export function setsockoptInt(fd: number, level: number, name: number, value: number): number {
  words[PAIR] = value >>> 0;
  return outcome(setsockopt(fd, level, name, pairAddress, 4));
}

export function setsockoptBytes(
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
): number {
  checkBounds(scratch, OPTION_AT, value.length);
  scratch.bytes.set(value, OPTION_AT);
  return outcome(setsockopt(fd, level, name, optionAddress, value.length));
}

export function getsockoptInt(fd: number, level: number, name: number): number {
  words[PAIR] = 0;
  words[LENGTH] = 4;
  if (getsockopt(fd, level, name, pairAddress, lengthAddress) < 0) return -lastErrno();
  return words[PAIR]! | 0;
}

export function getsockoptBytes(fd: number, level: number, name: number, into: Uint8Array): number {
  checkBounds(scratch, OPTION_AT, into.length);
  words[LENGTH] = into.length;
  scratch.bytes.set(into, OPTION_AT);
  if (getsockopt(fd, level, name, optionAddress, lengthAddress) < 0) return -lastErrno();
  const length = words[LENGTH]!;
  into.set(scratch.bytes.subarray(OPTION_AT, OPTION_AT + Math.min(length, into.length)));
  return length;
}

export function shutdown(fd: number, how: number): number {
  return outcome(shutdownCall(fd, how));
}

export function recv(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  flags: number,
): number {
  checkBounds(memory, at, length);
  const count = recvCall(fd, memory.address + at, length, flags);
  return count >= 0 ? count : -lastErrno();
}

/** MSG_NOSIGNAL is always set: no call of ours may raise SIGPIPE. */
export function send(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  flags: number,
): number {
  checkBounds(memory, at, length);
  const count = sendCall(fd, memory.address + at, length, flags | MSG_NOSIGNAL);
  return count >= 0 ? count : -lastErrno();
}

export function sendVector(fd: number, vector: IoVector, flags: number): number {
  // linuxSys() makes every vector it is handed, so it is always ours.
  const list = vector as KernelVector;
  list.seal();
  const count = sendmsg(fd, list.messageAddress, flags | MSG_NOSIGNAL);
  return count >= 0 ? count : -lastErrno();
}

export function sendBatch(fd: number, batch: DatagramBatch, flags: number): number {
  if (batch.count === 0) return 0;
  // linuxSys() makes every batch it is handed, so it is always ours.
  const list = batch as KernelDatagrams;
  const sent = sendmmsg(fd, list.address, list.count, flags | MSG_NOSIGNAL);
  return sent >= 0 ? sent : -lastErrno();
}

/*
 * struct cmsghdr, 64-bit: bytes 0-7 length with header, 8-11 level, 12-15 type, then the
 * descriptors, four bytes each.
 */
export function sendDescriptors(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  fds: Int32Array,
): number {
  checkBounds(memory, at, length);
  if (fds.length < 1 || fds.length > DESCRIPTORS_MAX) {
    throw new RangeError(`${fds.length} descriptors: 1 to ${DESCRIPTORS_MAX}`);
  }
  const controlBytes = CMSG_HEADER_BYTES + 4 * fds.length;
  putLong(words, CONTROL, controlBytes);
  words[CONTROL + 2] = SOL_SOCKET;
  words[CONTROL + 3] = SCM_RIGHTS;
  for (let i = 0; i < fds.length; i++) words[CONTROL + 4 + i] = fds[i]! >>> 0;
  fillMessage(memory.address + at, length, controlBytes);
  return outcome(sendmsg(fd, messageAddress, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/** Descriptors that do not fit into `fds` are closed by the kernel. */
export function recvDescriptors(
  fd: number,
  memory: Region,
  at: number,
  length: number,
  fds: Int32Array,
): number {
  checkBounds(memory, at, length);
  const room = Math.min(fds.length - 1, DESCRIPTORS_MAX);
  if (room < 1) throw new RangeError('no room for a descriptor');
  // Exactly this many: the padding of a larger buffer would let the kernel install one more.
  fillMessage(memory.address + at, length, CMSG_HEADER_BYTES + 4 * room);
  fds[0] = 0;
  const count = recvmsg(fd, messageAddress, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (count < 0) return -lastErrno();
  const controlBytes = words[MESSAGE + MSG_CONTROL_LENGTH]!;
  if (controlBytes <= CMSG_HEADER_BYTES) return count;
  if (words[CONTROL + 2] !== SOL_SOCKET || words[CONTROL + 3] !== SCM_RIGHTS) return count;
  const arrived = (words[CONTROL]! - CMSG_HEADER_BYTES) >>> 2;
  for (let i = 0; i < arrived; i++) fds[1 + i] = words[CONTROL + 4 + i]!;
  fds[0] = arrived;
  return count;
}

function fillMessage(address: number, length: number, controlBytes: number): void {
  putLong(words, IOVEC, address);
  putLong(words, IOVEC + 2, length);
  putLong(words, MESSAGE + MSG_CONTROL_LENGTH, controlBytes);
  words[MESSAGE + MSGHDR_BYTES / 4 - 2] = 0;
}
