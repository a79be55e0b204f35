// The steps of a story about sockets, told on any kernel: listen, send, receive, what is ready.
// Used by the tests of the fake kernel, which tell each story on the real one too.

import assert from 'node:assert/strict';
import { AF_INET, EINPROGRESS, EPOLLIN, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { encodeAddress, type NamedAddress } from '../../shared/sys/sockaddr.ts';
import type { SocketAddress, Sys } from '../../shared/sys/sys.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';

/** Where the fake kernel's listeners are. */
export const AT: NamedAddress = { family: 'ipv4', host: '127.0.0.1', port: 8000 };

/** A sockaddr of `sys`. */
export function addressOf(sys: Sys, named: NamedAddress): SocketAddress {
  const address = sys.address();
  assert.ok(encodeAddress(named, address));
  return address;
}

/** A listening TCP socket. */
export function listen(sys: Sys, named: NamedAddress, backlog = 8): number {
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  assert.equal(sys.bind(fd, addressOf(sys, named)), 0);
  assert.equal(sys.listen(fd, backlog), 0);
  return fd;
}

/** Sends latin1 text. */
export function send(sys: Sys, fd: number, text: string): number {
  return sys.send(
    fd,
    sys.regionOf(Uint8Array.from(Buffer.from(text, 'latin1'))),
    0,
    text.length,
    0,
  );
}

/** Receives latin1 text, or minus errno. */
export function receive(sys: Sys, fd: number, most = 64, flags = 0): string | number {
  const into = sys.region(64);
  const count = sys.recv(fd, into, 0, most, flags);
  return count < 0 ? count : Buffer.from(into.bytes.subarray(0, count)).toString('latin1');
}

/** What is ready, as [descriptor's name, events] in order of name. */
export function ready(
  sys: Sys,
  epfd: number,
  names: readonly [string, number][],
): [string, number][] {
  const batch = sys.eventBatch(8);
  // Loopback delivers within the call that sends; 20 ms covers a machine that is busy elsewhere.
  const count = sys.epollWait(epfd, batch, sys instanceof FakeSys ? 0 : 20);
  const found: [string, number][] = [];
  for (let i = 0; i < count; i++) {
    const name = names.find(([, fd]) => fd === batch.fdAt(i))?.[0] ?? '?';
    found.push([name, batch.eventsAt(i)]);
  }
  return found.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A connection through a listener on a free port: [client, server, listener]. */
export function connection(sys: Sys): [number, number, number] {
  const lfd = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(lfd, name);
  const client = sys.socket(AF_INET, SOCK_STREAM, 0);
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, lfd, EPOLLIN);
  assert.equal(sys.connect(client, name), -EINPROGRESS);
  assert.deepEqual(ready(sys, epfd, [['l', lfd]]), [['l', EPOLLIN]]);
  sys.close(epfd);
  return [client, sys.accept(lfd, null), lfd];
}
