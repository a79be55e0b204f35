import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { clientOf, get, Link, memory, put, serverOf, sys } from '../../test/harness/tls-link.ts';
import { authorityPem } from '../../test/harness/certificates.ts';
import { SO_SNDBUF, SOL_SOCKET } from '../../shared/sys/constants.ts';
import type { TlsSession } from '../../shared/sys/tls.ts';
import { Poller } from '../loop/poller.ts';
import { blocked, Connection } from './connection.ts';
import {
  faultNone,
  faultTlsEmpty,
  faultTlsHandshake,
  faultTlsMismatch,
  faultTlsTimeout,
} from './fault.ts';
import { TlsHandshake, TlsTransport, tlsSessionOf, type TlsWatcher } from './tls.ts';

class Watcher implements TlsWatcher {
  readonly said: string[] = [];
  shaken(_session: TlsSession, succeeded: boolean): void {
    this.said.push(`shaken ${succeeded}`);
  }
  resumable(): void {
    this.said.push('resumable');
  }
  freed(): void {
    this.said.push('freed');
  }
}

const idle = { onReadable(): void {}, onWritable(): void {} };

/** The server's end of a link as a connection; the client's end stays a bare session. */
class Ends {
  readonly link: Link;
  readonly watcher = new Watcher();
  readonly connection: Connection;
  readonly step: TlsHandshake;

  constructor(context: TestContext, link: Link, recordMax = 0) {
    this.link = link;
    const poller = new Poller(sys, 8);
    this.connection = new Connection(poller, memory, link.fds[1], idle);
    this.step = new TlsHandshake(
      true,
      (connection) => new TlsTransport(link.server, connection, this.watcher, recordMax),
    );
    context.after(() => {
      this.connection.close();
      link.client.free();
      sys.close(link.fds[0]);
      sys.close(poller.epfd);
    });
  }

  /** Both sides in turns; what the step answered last. */
  shake(): number {
    let result = 0;
    for (let turn = 0; turn < 6 && result === 0; turn++) {
      this.link.client.handshake();
      this.connection.readable = true;
      this.connection.writable = true;
      result = this.step.advance(this.connection);
    }
    this.link.client.handshake();
    return result;
  }

  get transport(): TlsTransport {
    assert.ok(this.connection.transport instanceof TlsTransport);
    return this.connection.transport;
  }
}

const at = 40_000;

test('bytes in both directions, the end, and who is told', (context) => {
  const ends = new Ends(context, new Link(clientOf(), serverOf()));
  assert.equal(ends.shake(), 1);
  const { connection, watcher } = ends;
  assert.equal(connection.readable, true);
  assert.equal(connection.recv(at, 100), blocked);
  assert.equal(connection.readable, false);
  connection.readable = true;
  put(ends.link.client, 'ping');
  assert.equal(connection.recv(at, 100), 4);
  assert.equal(Buffer.from(memory.bytes.subarray(at, at + 4)).toString(), 'ping');
  // Nothing else was on the socket: no second call is needed to learn that.
  assert.equal(connection.readable, false);
  memory.bytes.set(Buffer.from('pong'), at);
  assert.equal(connection.send(at, 4, false), 4);
  assert.equal(get(ends.link.client), 'pong');
  assert.equal(tlsSessionOf(connection), ends.link.server);
  assert.equal(ends.link.client.shutdown(), 0);
  connection.readable = true;
  assert.equal(connection.recv(at, 100), 0);
  connection.close();
  assert.equal(tlsSessionOf(connection), null);
  assert.deepEqual(watcher.said, ['shaken true', 'resumable', 'resumable', 'freed']);
});

test('a connection stays readable while OpenSSL holds more', (context) => {
  const ends = new Ends(context, new Link(clientOf(), serverOf()));
  assert.equal(ends.shake(), 1);
  const { connection } = ends;
  for (const text of ['one', 'two', 'three']) put(ends.link.client, text);
  connection.readable = true;
  const seen: [number, boolean][] = [];
  for (let i = 0; i < 3; i++) seen.push([connection.recv(at, 4096), connection.readable]);
  assert.deepEqual(seen, [
    [3, true],
    [3, true],
    [5, false],
  ]);
});

test('with much on the socket only EAGAIN says that it is empty', (context) => {
  const ends = new Ends(context, new Link(clientOf(), serverOf()));
  assert.equal(ends.shake(), 1);
  const { connection } = ends;
  const size = 5000;
  for (let i = 0; i < 10; i++) ends.link.client.write(memory, 100, size);
  connection.readable = true;
  let total = 0;
  while (connection.readable) {
    const got = connection.recv(at, 4096);
    if (got > 0) total += got;
    else assert.equal(got, blocked);
  }
  assert.equal(total, 10 * size);
});

for (const recordMax of [0, 1000]) {
  test(`a full socket loses nothing, whatever becomes of the memory (records of ${recordMax})`, (context) => {
    const ends = new Ends(context, new Link(clientOf(), serverOf()), recordMax);
    assert.equal(ends.shake(), 1);
    const { connection, transport } = ends;
    sys.setsockoptInt(connection.fd, SOL_SOCKET, SO_SNDBUF, 4096);
    const total = 300_000;
    const byteAt = (index: number): number => (index * 7 + (index >> 8)) & 255;
    let sent = 0;
    let received = 0;
    let full = 0;
    const room = 20_000;
    for (let turn = 0; received < total && turn < 10_000; turn++) {
      const length = Math.min(room, total - sent);
      for (let i = 0; i < length; i++) memory.bytes[at + i] = byteAt(sent + i);
      connection.writable = true;
      const taken = length === 0 ? 0 : connection.send(at, length, false);
      memory.bytes.fill(0, at, at + room);
      if (taken > 0) sent += taken;
      else if (length > 0) assert.equal(taken, blocked);
      if (length > 0 && !connection.isFlushed()) {
        full++;
        assert.equal(connection.writable, false);
      }
      const got = ends.link.client.read(memory, 0, 30_000);
      for (let i = 0; i < got; i++) assert.equal(memory.bytes[i], byteAt(received + i));
      if (got > 0) received += got;
      connection.writable = true;
      connection.flush();
    }
    assert.deepEqual([sent, received], [total, total]);
    assert.ok(full > 3, 'the socket was never full');
    assert.equal(transport.isFlushed(), true);
  });
}

test('faults: an end before the first byte, bytes that are no TLS, a name that is not there', (context) => {
  const left = new Ends(context, new Link(clientOf(), serverOf()));
  sys.setsockoptInt(left.link.fds[0], SOL_SOCKET, SO_SNDBUF, 4096);
  left.connection.readable = true;
  assert.equal(left.step.advance(left.connection), 0);
  assert.deepEqual([left.connection.readable, left.connection.fault], [false, faultNone]);
  sys.shutdown(left.link.fds[0], 1);
  assert.ok(left.step.advance(left.connection) < 0);
  assert.equal(left.connection.fault, faultTlsEmpty);

  const clear = new Ends(context, new Link(clientOf(), serverOf()));
  memory.bytes.set(Buffer.from('GET / HTTP/1.1\r\n\r\n'), at);
  sys.send(clear.link.fds[0], memory, at, 18, 0);
  assert.ok(clear.step.advance(clear.connection) < 0);
  assert.equal(clear.connection.fault, faultTlsHandshake);
  assert.match(clear.transport.errorText(), /http request/);
  assert.equal(clear.step.timeoutFault, faultTlsTimeout);
  assert.deepEqual(clear.watcher.said, ['shaken false']);
});

test('a server whose certificate has another name is a fault of its own', (context) => {
  const poller = new Poller(sys, 8);
  const link = new Link(clientOf({ verify: 'required', caPem: authorityPem }), serverOf());
  link.client.expectHost('other.example');
  const connection = new Connection(poller, memory, link.fds[0], idle);
  const step = new TlsHandshake(
    false,
    () => new TlsTransport(link.client, connection, new Watcher(), 0),
  );
  let result = 0;
  for (let turn = 0; turn < 6 && result === 0; turn++) {
    result = step.advance(connection);
    link.server.handshake();
  }
  assert.ok(result < 0);
  assert.equal(connection.fault, faultTlsMismatch);
  context.after(() => {
    connection.close();
    link.server.free();
    sys.close(link.fds[1]);
    sys.close(poller.epfd);
  });
});
