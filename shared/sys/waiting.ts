// Clocks, epoll, event descriptors and libuv's own loop: what a thread needs to sleep in one place.
// Called by linux.ts. Wakes nobody and owns no descriptor.

import { EINTR } from './constants.ts';
import { EVENT_FD_WORD, type KernelEvents, wordsOf } from './batches.ts';
import { bindOptional, declare, lastErrno, outcome, self } from './ffi.ts';
import { region } from './memory.ts';
import type { EventBatch } from './sys.ts';

const clock_gettime = declare<(clock: number, into: number) => number>(
  'int clock_gettime(int, uintptr_t)',
);
const epoll_create1 = declare<(flags: number) => number>('int epoll_create1(int)');
const epoll_ctl = declare<(epfd: number, how: number, fd: number, event: number) => number>(
  'int epoll_ctl(int, int, int, uintptr_t)',
);
const epoll_wait = declare<
  (epfd: number, events: number, most: number, timeoutMs: number) => number
>('int epoll_wait(int, uintptr_t, int, int)');
const eventfdCall = declare<(value: number, flags: number) => number>('int eventfd(uint32_t, int)');
const readCall = declare<(fd: number, into: number, length: number) => number>(
  'int read(int, uintptr_t, size_t)',
);
const writeCall = declare<(fd: number, from: number, length: number) => number>(
  'int write(int, uintptr_t, size_t)',
);

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const EPOLL_CLOEXEC = 0x80000;
const EFD_NONBLOCK_CLOEXEC = 0x80800;
const CTL_ADD = 1;
const CTL_DEL = 2;
const CTL_MOD = 3;
const TWO_32 = 0x1_0000_0000;

/*
 * Scratch of this thread: bytes 0-15 a timespec {seconds, nanoseconds}, 16-31 an epoll_event,
 * 32-39 the number one (for eventfd), 40-47 what an eventfd held.
 */
const scratch = region(48);
const words = wordsOf(scratch);
const TIME = 0;
const EVENT = 4;
const ONE = 8;
const HELD = 10;
const timeAddress = scratch.address + TIME * 4;
const eventAddress = scratch.address + EVENT * 4;
const oneAddress = scratch.address + ONE * 4;
const heldAddress = scratch.address + HELD * 4;
words[ONE] = 1;

/** See `Sys.monotonicNs`. */
export function monotonicNs(): number {
  clock_gettime(CLOCK_MONOTONIC, timeAddress);
  return (words[TIME]! + words[TIME + 1]! * TWO_32) * 1e9 + words[TIME + 2]!;
}

/** See `Sys.wallUs`. Follows every step of the wall clock. */
export function wallUs(): number {
  clock_gettime(CLOCK_REALTIME, timeAddress);
  const seconds = words[TIME]! + words[TIME + 1]! * TWO_32;
  return seconds * 1e6 + Math.floor(words[TIME + 2]! / 1000);
}

export function epollCreate(): number {
  return outcome(epoll_create1(EPOLL_CLOEXEC));
}

export function epollAdd(epfd: number, fd: number, events: number): number {
  return control(epfd, CTL_ADD, fd, events);
}

export function epollModify(epfd: number, fd: number, events: number): number {
  return control(epfd, CTL_MOD, fd, events);
}

export function epollRemove(epfd: number, fd: number): number {
  return control(epfd, CTL_DEL, fd, 0);
}

function control(epfd: number, how: number, fd: number, events: number): number {
  words[EVENT] = events >>> 0;
  words[EVENT + EVENT_FD_WORD] = fd >>> 0;
  return outcome(epoll_ctl(epfd, how, fd, eventAddress));
}

/** See `Sys.epollWait`. A signal ends the wait: 0 events, and libuv's descriptor will be ready. */
export function epollWait(epfd: number, batch: EventBatch, timeoutMs: number): number {
  // linuxSys() makes every batch it is handed, so it is always ours.
  const events = batch as KernelEvents;
  const count = epoll_wait(epfd, events.address, events.capacity, timeoutMs);
  if (count >= 0) return count;
  const errno = lastErrno();
  return errno === EINTR ? 0 : -errno;
}

export function eventfd(): number {
  return outcome(eventfdCall(0, EFD_NONBLOCK_CLOEXEC));
}

/** Returns 0; -EAGAIN when 2^64-2 signals wait. */
export function eventfdSignal(fd: number): number {
  return writeCall(fd, oneAddress, 8) >= 0 ? 0 : -lastErrno();
}

/** Returns how many signals were waiting, -EAGAIN for none. */
export function eventfdDrain(fd: number): number {
  if (readCall(fd, heldAddress, 8) < 0) return -lastErrno();
  return words[HELD]! + words[HELD + 1]! * TWO_32;
}

const isolate = bindOptional<() => number>(self, 'uintptr_t _ZN2v87Isolate10GetCurrentEv()');
const loopOf = bindOptional<(isolate: number) => number>(
  self,
  'uintptr_t _ZN4node19GetCurrentEventLoopEPN2v87IsolateE(uintptr_t)',
);
const uv_backend_fd = bindOptional<(loop: number) => number>(self, 'int uv_backend_fd(uintptr_t)');
const uv_backend_timeout = bindOptional<(loop: number) => number>(
  self,
  'int uv_backend_timeout(uintptr_t)',
);
/** This thread's uv_loop_t; 0 when the node binary hides a symbol that leads to it. */
const uvLoop = isolate === null || loopOf === null ? 0 : loopOf(isolate());

/** See `Sys.uvBackendFd`: -1 on a node binary that hides libuv's or V8's symbols. */
export function uvBackendFd(): number {
  return uvLoop === 0 || uv_backend_fd === null ? -1 : uv_backend_fd(uvLoop);
}

/** See `Sys.uvTimeoutMs`: -1 on a node binary that hides libuv's or V8's symbols. */
export function uvTimeoutMs(): number {
  return uvLoop === 0 || uv_backend_timeout === null ? -1 : uv_backend_timeout(uvLoop);
}
