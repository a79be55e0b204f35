// Hand-over of the listening sockets to a new process (`-x`, `expose-fd listeners`). The wire
// format is HAProxy's, so that either side may be one: a 32-bit count, then messages that carry
// up to 252 descriptors (SCM_RIGHTS) and for each one: length and name of its namespace (always 0
// here), length and name of its interface, 32 bits of zero. After a full message the receiver
// answers 4 bytes.

import { EAGAIN, EPOLLIN, EPOLLOUT } from '../../shared/sys/constants.ts';
import type { Region, Sys } from '../../shared/sys/sys.ts';
import type { Answer, RuntimeCall } from './command.ts';

const descriptorsMax = 252;
const recordBytes = 1 + 1 + 16 + 4;
/** How long the receiver may take to answer or to make room. */
const patienceMs = 1000;

export interface ExportedSocket {
  readonly fd: number;
  /** Name of `interface`, '' for none. */
  readonly device: string;
}

/** `_getsocks`: ends the session; a socket without `expose-fd listeners` is only closed. */
export function sendListeners({ context, session }: RuntimeCall): Answer {
  session.isEnding = true;
  if (!session.exposesListeners || session.socketFd < 0) return '';
  const { model, listeners } = context.stats;
  const sockets = listeners.map(({ fd, proxyIndex, bindIndex }) => {
    return { fd, device: model.proxies[proxyIndex].binds[bindIndex].interface };
  });
  const binds = model.global.statsSockets;
  for (const { fd, bindIndex } of context.cliListeners) {
    if (binds[bindIndex].exposeFdListeners) sockets.push({ fd, device: '' });
  }
  const error = transfer(context.sys, session.socketFd, sockets);
  if (error !== '') context.log(4, `cannot hand over the listening sockets: ${error}`);
  return '';
}

/**
 * Sends all sockets over the connected unix socket `fd`. '' or what went wrong. Waits at most a
 * second for each message: the asking process does nothing else meanwhile.
 */
export function transfer(sys: Sys, fd: number, sockets: readonly ExportedSocket[]): string {
  const memory = sys.region(descriptorsMax * recordBytes);
  const numbers = new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
  numbers.setInt32(0, sockets.length, true);
  const waiter = new Waiter(sys, fd);
  try {
    if (sockets.length === 0) return '';
    if (!waiter.until(EPOLLOUT, () => sys.send(fd, memory, 0, 4, 0))) return 'no answer';
    for (let at = 0; at < sockets.length; at += descriptorsMax) {
      const batch = sockets.slice(at, at + descriptorsMax);
      const length = encode(memory, batch);
      const fds = Int32Array.from(batch, (socket) => socket.fd);
      const sent = waiter.until(EPOLLOUT, () => sys.sendDescriptors(fd, memory, 0, length, fds));
      if (!sent) return 'the other process does not take them';
      const isFull = batch.length === descriptorsMax;
      if (isFull && !waiter.until(EPOLLIN, () => sys.recv(fd, memory, 0, 4, 0))) return 'no answer';
    }
    return '';
  } finally {
    waiter.close();
  }
}

function encode(memory: Region, batch: readonly ExportedSocket[]): number {
  let at = 0;
  for (const { device } of batch) {
    const name = Buffer.from(device.slice(0, 16), 'latin1');
    memory.bytes[at++] = 0;
    memory.bytes[at++] = name.length;
    memory.bytes.set(name, at);
    at += name.length;
    memory.bytes.fill(0, at, at + 4);
    at += 4;
  }
  return at;
}

/** Repeats a call on one descriptor until it does not say EAGAIN, for a limited time. */
class Waiter {
  private readonly sys: Sys;
  private readonly fd: number;
  private readonly epoll: number;

  constructor(sys: Sys, fd: number) {
    this.sys = sys;
    this.fd = fd;
    this.epoll = sys.epollCreate();
    sys.epollAdd(this.epoll, fd, EPOLLIN);
  }

  until(events: number, attempt: () => number): boolean {
    const batch = this.sys.eventBatch(1);
    for (;;) {
      const result = attempt();
      if (result !== -EAGAIN) return result > 0;
      this.sys.epollModify(this.epoll, this.fd, events);
      if (this.sys.epollWait(this.epoll, batch, patienceMs) <= 0) return false;
    }
  }

  close(): void {
    this.sys.close(this.epoll);
  }
}
