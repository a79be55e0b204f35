import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AF_INET,
  AF_UNIX,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_PEEK,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { formatHost } from '../../shared/sys/sockaddr.ts';
import type { Sys } from '../../shared/sys/sys.ts';
import { FakeSys } from '../../shared/sys/fake/sys.ts';
import { AT, addressOf, connection, listen, ready, receive, send } from './socket-story.ts';

/** Runs one story on the real kernel and on the fake one: the answers must be the same. */
function same(name: string, story: (sys: Sys) => unknown[]): void {
  test(`as the real kernel: ${name}`, () => {
    const real = linuxSys();
    const fake = new FakeSys();
    const expected = story(real);
    assert.ok(expected.length > 0);
    assert.deepEqual(story(fake), expected);
  });
}

same('connect, talk, half close, close', (sys) => {
  const out: unknown[] = [];
  const [client, server, lfd] = connection(sys);
  const epfd = sys.epollCreate();
  const names: [string, number][] = [
    ['c', client],
    ['s', server],
  ];
  out.push(sys.epollAdd(epfd, client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET));
  out.push(sys.epollAdd(epfd, server, EPOLLIN | EPOLLRDHUP));
  out.push(sys.epollAdd(epfd, server, EPOLLIN), ready(sys, epfd, names));
  out.push(receive(sys, server), send(sys, client, 'hello'), ready(sys, epfd, names));
  out.push(receive(sys, server, 64, MSG_PEEK), receive(sys, server, 2), ready(sys, epfd, names));
  out.push(receive(sys, server), ready(sys, epfd, names));
  out.push(send(sys, server, 'x'), ready(sys, epfd, names), ready(sys, epfd, names));
  out.push(sys.shutdown(client, SHUT_WR), ready(sys, epfd, names), receive(sys, server));
  out.push(send(sys, client, 'late'), receive(sys, client), sys.shutdown(server, SHUT_WR));
  out.push(ready(sys, epfd, names), receive(sys, client), sys.epollRemove(epfd, client));
  out.push(sys.epollRemove(epfd, client));
  out.push(
    [client, server, lfd, epfd].map((fd) => sys.close(fd)),
    receive(sys, client),
  );
  return out;
});

same('a reset is reported once, after what was received', (sys) => {
  const [client, server, lfd] = connection(sys);
  const out: unknown[] = [send(sys, client, 'bytes')];
  sys.setsockoptBytes(client, SOL_SOCKET, SO_LINGER, new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]));
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, server, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(sys.close(client), ready(sys, epfd, [['s', server]]));
  out.push(receive(sys, server), receive(sys, server), receive(sys, server));
  out.push(send(sys, server, 'x'), sys.getsockoptInt(server, SOL_SOCKET, SO_ERROR));
  for (const fd of [server, lfd, epfd]) sys.close(fd);
  return out;
});

same('closing with bytes unread resets; writing to a closed peer does too', (sys) => {
  const [client, server, lfd] = connection(sys);
  const out: unknown[] = [send(sys, server, 'unread')];
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, client, EPOLLIN);
  ready(sys, epfd, []);
  sys.close(client);
  const names: [string, number][] = [['s', server]];
  sys.epollAdd(epfd, server, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(ready(sys, epfd, names), receive(sys, server));
  const [second, accepted, other] = connection(sys);
  sys.close(second);
  out.push(send(sys, accepted, 'first'));
  const pollErrors = sys.epollCreate();
  sys.epollAdd(pollErrors, accepted, 0);
  out.push(ready(sys, pollErrors, [['a', accepted]]).length);
  out.push(sys.getsockoptInt(accepted, SOL_SOCKET, SO_ERROR) !== 0, send(sys, accepted, 'x'));
  for (const fd of [server, lfd, accepted, other, epfd, pollErrors]) sys.close(fd);
  return out;
});

same('a connect to nobody fails asynchronously', (sys) => {
  const free = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(free, name);
  sys.close(free);
  const fd = sys.socket(AF_INET, SOCK_STREAM, 0);
  const epfd = sys.epollCreate();
  const out: unknown[] = [];
  sys.epollAdd(epfd, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
  out.push(ready(sys, epfd, [['f', fd]]), sys.connect(fd, name), ready(sys, epfd, [['f', fd]]));
  out.push(sys.getsockoptInt(fd, SOL_SOCKET, SO_ERROR), sys.close(fd), sys.close(epfd));
  return out;
});

same('names: in use, shared, released', (sys) => {
  const first = listen(sys, { ...AT, port: 0 });
  const name = sys.address();
  sys.getsockname(first, name);
  const make = () => sys.socket(AF_INET, SOCK_STREAM, 0);
  const second = make();
  const out: unknown[] = [sys.bind(second, name), sys.accept(second, null) < 0];
  sys.close(first);
  const [a, b] = [make(), make()];
  sys.setsockoptInt(a, SOL_SOCKET, SO_REUSEPORT, 1);
  sys.setsockoptInt(b, SOL_SOCKET, SO_REUSEPORT, 1);
  out.push(sys.bind(a, name), sys.bind(b, name), sys.bind(second, name));
  out.push(sys.getsockoptInt(a, SOL_SOCKET, SO_REUSEPORT));
  for (const fd of [second, a, b]) sys.close(fd);
  return out;
});

same('a full buffer says EAGAIN, and tells of room after a third is free', (sys) => {
  const fds = new Int32Array(2);
  sys.pipe(fds);
  const block = sys.region(65536);
  const out: unknown[] = [sys.write(fds[1]!, block, 0, 65536), sys.write(fds[1]!, block, 0, 1)];
  const epfd = sys.epollCreate();
  sys.epollAdd(epfd, fds[1]!, EPOLLOUT | EPOLLET);
  out.push(ready(sys, epfd, [['w', fds[1]!]]), sys.read(fds[0]!, block, 0, 65536));
  out.push(ready(sys, epfd, [['w', fds[1]!]]), ready(sys, epfd, [['w', fds[1]!]]));
  sys.close(fds[0]!);
  out.push(sys.write(fds[1]!, block, 0, 1), ready(sys, epfd, [['w', fds[1]!]]));
  sys.close(fds[1]!);
  sys.close(epfd);
  return out;
});

same('unix pairs, descriptors, splice, events, datagrams', (sys) => {
  const pair = new Int32Array(2);
  const pipes = new Int32Array(2);
  const other = new Int32Array(2);
  sys.socketpair(AF_UNIX, SOCK_STREAM, pair);
  sys.socketpair(AF_UNIX, SOCK_STREAM, other);
  sys.pipe(pipes);
  const [a, b] = [pair[0]!, pair[1]!];
  const memory = sys.region(64);
  const out: unknown[] = [sys.splice(b, pipes[1]!, 64, false), send(sys, a, 'spliced')];
  out.push(sys.splice(b, pipes[1]!, 64, false), sys.splice(pipes[0]!, other[0]!, 3, false));
  out.push(sys.splice(pipes[0]!, other[0]!, 64, false), receive(sys, other[1]!));
  out.push(sys.splice(pipes[0]!, other[0]!, 64, false), sys.splice(a, b, 1, false));
  out.push(send(sys, a, 'ab'), sys.sendDescriptors(a, memory, 0, 2, pipes), send(sys, a, 'yz'));
  const got = new Int32Array(4);
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  out.push(sys.write(got[2]!, memory, 0, 5), sys.read(pipes[0]!, memory, 0, 64));
  out.push(sys.recvDescriptors(b, memory, 0, 64, got), got[0]);
  const bell = sys.eventfd();
  out.push(sys.eventfdDrain(bell), sys.eventfdSignal(bell), sys.eventfdDrain(bell));
  const copy = sys.dup(a);
  out.push(sys.close(a), send(sys, copy, 'copy'), receive(sys, b), sys.close(copy));
  out.push(receive(sys, b), send(sys, b, 'x'), sys.close(b));
  return out;
});

same('datagrams', (sys) => {
  const sink = sys.socket(AF_INET, SOCK_DGRAM, 0);
  sys.bind(sink, addressOf(sys, { ...AT, port: 0 }));
  const name = sys.address();
  sys.getsockname(sink, name);
  const from = sys.socket(AF_INET, SOCK_DGRAM, 0);
  const memory = sys.region(8);
  const batch = sys.datagrams(2);
  const out: unknown[] = [send(sys, from, 'x'), receive(sys, sink)];
  batch.add(memory, 0, 3, name);
  batch.add(memory, 0, 0, name);
  out.push(batch.count, sys.sendBatch(from, batch, 0), sys.connect(from, name));
  out.push(send(sys, from, 'hello'), sys.recvFrom(sink, memory, 0, 8, 0, name));
  out.push(formatHost(name), receive(sys, sink), receive(sys, sink, 2), receive(sys, sink));
  sys.close(sink);
  sys.close(from);
  return out;
});
