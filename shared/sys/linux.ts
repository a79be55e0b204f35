// The contract over the real kernel. Entries of processes and threads call `linuxSys()` and hand it
// down; nothing else may reach the kernel. Works in the main thread and in worker_threads, on glibc
// and musl, x86-64 and arm64 (64-bit little endian only).
// Cost of a call over the C program's: about 30 ns (figures in worker/loop's bench notes).

import { KernelAddress, KernelDatagrams, KernelEvents, KernelVector } from './batches.ts';
import * as files from './files.ts';
import { mapShared, region, regionOf } from './memory.ts';
import * as identity from './process.ts';
import * as sockets from './sockets.ts';
import type { Sys } from './sys.ts';
import * as waiting from './waiting.ts';

/**
 * The kernel, for the calling thread. All calls of one thread share scratch memory, so the object
 * must not be used from a callback that runs inside one of its own calls (none of ours does).
 * Spelled out rather than merged: an object literal keeps the fast shape every call site relies on.
 */
export function linuxSys(): Sys {
  return sys;
}

const sys: Sys = {
  region,
  regionOf,
  eventBatch: (capacity) => new KernelEvents(capacity),
  vector: (capacity) => new KernelVector(capacity),
  address: () => new KernelAddress(),
  datagrams: (capacity) => new KernelDatagrams(capacity),

  monotonicNs: waiting.monotonicNs,
  wallUs: waiting.wallUs,

  epollCreate: waiting.epollCreate,
  epollAdd: waiting.epollAdd,
  epollModify: waiting.epollModify,
  epollRemove: waiting.epollRemove,
  epollWait: waiting.epollWait,
  eventfd: waiting.eventfd,
  eventfdSignal: waiting.eventfdSignal,
  eventfdDrain: waiting.eventfdDrain,
  uvBackendFd: waiting.uvBackendFd,
  uvTimeoutMs: waiting.uvTimeoutMs,

  socket: sockets.socket,
  socketpair: sockets.socketpair,
  bind: sockets.bind,
  listen: sockets.listen,
  accept: sockets.accept,
  connect: sockets.connect,
  sendTo: sockets.sendTo,
  getsockname: sockets.getsockname,
  getpeername: sockets.getpeername,
  setsockoptInt: sockets.setsockoptInt,
  setsockoptBytes: sockets.setsockoptBytes,
  getsockoptInt: sockets.getsockoptInt,
  getsockoptBytes: sockets.getsockoptBytes,
  shutdown: sockets.shutdown,
  recv: sockets.recv,
  recvFrom: sockets.recvFrom,
  send: sockets.send,
  sendVector: sockets.sendVector,
  sendBatch: sockets.sendBatch,
  sendDescriptors: sockets.sendDescriptors,
  recvDescriptors: sockets.recvDescriptors,

  close: files.close,
  read: files.read,
  write: files.write,
  writeVector: files.writeVector,
  pipe: files.pipe,
  splice: files.splice,
  setPipeSize: files.setPipeSize,
  fcntlGetFlags: files.fcntlGetFlags,
  setNonBlocking: files.setNonBlocking,
  setCloseOnExec: files.setCloseOnExec,
  dup: files.dup,
  dup2: files.dup2,
  open: files.open,
  ftruncate: files.ftruncate,
  fallocate: files.fallocate,
  memfd: files.memfd,
  flock: files.flock,
  fstatSize: files.fstatSize,
  mapShared,

  getpid: identity.getpid,
  gettid: identity.gettid,
  kill: identity.kill,
  setuid: identity.setuid,
  keepCapabilities: identity.keepCapabilities,
  setCapabilities: identity.setCapabilities,
  setgid: identity.setgid,
  setgroups: identity.setgroups,
  chroot: identity.chroot,
  chmod: identity.chmod,
  chown: identity.chown,
  umask: identity.umask,
  setsid: identity.setsid,
  setNamespace: identity.setNamespace,
  getrlimit: identity.getrlimit,
  setrlimit: identity.setrlimit,
  setAffinity: identity.setAffinity,
  setDumpable: identity.setDumpable,
  setParentDeathSignal: identity.setParentDeathSignal,
  refuseNewRights: identity.refuseNewRights,
};
