// Real sockets for tests of shared/sys: loopback listeners on ports of the kernel's choice, pairs,
// regions with text. Used by the tests of shared/sys. Every descriptor is the caller's to close.

import assert from 'node:assert/strict';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { encodeAddress } from '../../shared/sys/sockaddr.ts';
import type { Region, SocketAddress } from '../../shared/sys/sys.ts';

/** The real kernel. */
export const sys = linuxSys();

/** Bytes of a region as latin1. */
export function text(from: Region, at: number, length: number): string {
  return Buffer.from(from.bytes.subarray(at, at + length)).toString('latin1');
}

/** A region with this text. */
export function filled(value: string): Region {
  const memory = sys.region(value.length);
  memory.bytes.set(Buffer.from(value, 'latin1'));
  return memory;
}

/** 127.0.0.1, any port. */
export function loopback(port = 0): SocketAddress {
  const address = sys.address();
  assert.ok(encodeAddress({ family: 'ipv4', host: '127.0.0.1', port }, address));
  return address;
}

/** The result of a call that must not fail. */
export function mustBe(result: number): number {
  assert.ok(result >= 0, `errno ${-result}`);
  return result;
}

/** A listener on a port of the kernel's choice, and its address. */
export function listener(type = SOCK_STREAM): { fd: number; address: SocketAddress } {
  const fd = mustBe(sys.socket(AF_INET, type, 0));
  mustBe(sys.bind(fd, loopback()));
  if (type === SOCK_STREAM) mustBe(sys.listen(fd, 16));
  const address = sys.address();
  mustBe(sys.getsockname(fd, address));
  return { fd, address };
}

/** Waits for one event of one descriptor; returns what happened. */
export function waitFor(fd: number, events: number): number {
  const epfd = mustBe(sys.epollCreate());
  const batch = sys.eventBatch(4);
  mustBe(sys.epollAdd(epfd, fd, events));
  assert.equal(sys.epollWait(epfd, batch, 5000), 1);
  assert.equal(batch.fdAt(0), fd);
  sys.close(epfd);
  return batch.eventsAt(0);
}

/** Two unix stream sockets joined to each other. */
export function pair(): [number, number] {
  const fds = new Int32Array(2);
  mustBe(sys.socketpair(AF_UNIX, SOCK_STREAM, fds));
  return [fds[0]!, fds[1]!];
}
