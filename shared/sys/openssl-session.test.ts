import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  common,
  sys,
  tls,
  memory,
  first,
  second,
  serverOptions,
  serverOf,
  clientOf,
  Link,
  put,
  get,
  link,
} from '../../test/harness/tls-link.ts';
import { ECONNRESET, EPIPE, SHUT_WR } from './constants.ts';
import {
  TLS_CLOSED,
  TLS_PROTOCOL,
  TLS_SYSCALL,
  TLS_WANT_READ,
  TLS_WANT_WRITE,
  type TlsContext,
} from './tls.ts';

test('a session carries bytes both ways and ends cleanly', () => {
  const [server, client] = [serverOf(), clientOf()];
  assert.match(tls.version, /^OpenSSL 3\./);
  const made = new Link(client, server);
  assert.equal(made.server.handshake(), TLS_WANT_READ);
  assert.equal(made.server.isHandshakeDone(), false);
  assert.equal(made.server.cipher(), '');
  assert.equal(made.server.shutdown(), 0);
  made.handshake();
  assert.deepEqual([made.clientEnd, made.serverEnd], [0, 0]);
  assert.equal(made.client.isHandshakeDone(), true);
  assert.equal(get(made.server), TLS_WANT_READ);
  assert.equal(put(made.client, 'ping'), 4);
  const before = made.server.receivedBytes();
  assert.ok(before > 0);
  assert.equal(get(made.server), 'ping');
  assert.ok(made.server.receivedBytes() > before + 4);
  assert.equal(put(made.server, 'pong'), 4);
  assert.equal(get(made.client), 'pong');
  assert.equal(made.server.write(memory, 0, 0), 0);
  assert.equal(made.client.protocol(), 'TLSv1.3');
  assert.match(made.client.cipher(), /^TLS_/);
  assert.ok(made.client.cipherBits() >= 128);
  assert.equal(made.client.cipherKeyBits(), made.client.cipherBits());
  assert.deepEqual(
    [made.client.alpn(), made.server.sni(), made.server.isResumed()],
    ['', '', false],
  );
  assert.equal(made.client.peerCertificate() === null, false);
  assert.equal(made.server.peerCertificate(), null);
  assert.equal(made.client.localCertificate(), null);
  const own = new X509Certificate(made.server.localCertificate()!);
  assert.equal(own.subject, 'CN=first.example');
  assert.equal(made.client.shutdown(), 0);
  assert.equal(get(made.server), TLS_CLOSED);
  assert.equal(made.server.shutdown(), 0);
  made.close();
  server.free();
  client.free();
});

test('big writes are taken in parts and arrive whole', () => {
  const [server, client] = [serverOf(), clientOf()];
  const made = link(server, client);
  memory.bytes.fill(7, 0, 60000);
  let sent = 0;
  let got = 0;
  let waits = 0;
  for (let turn = 0; turn < 2000 && got < 3_000_000; turn++) {
    for (let count = 1; count > 0 && sent < 3_000_000; sent += Math.max(count, 0)) {
      count = made.client.write(memory, 0, 60000);
      if (count === TLS_WANT_WRITE) waits++;
      assert.ok(count > 0 || count === TLS_WANT_WRITE);
    }
    for (let count = 1; count > 0; got += Math.max(count, 0)) {
      count = made.server.read(memory, 60000, 5000);
    }
  }
  assert.equal(got, sent);
  assert.ok(waits > 0);
  assert.equal(memory.bytes[60000], 7);
  made.close();
  server.free();
  client.free();
});

test('what OpenSSL holds back is pending', () => {
  const [server, client] = [serverOf(), clientOf()];
  const made = link(server, client);
  get(made.server);
  assert.equal(made.server.hasPending(), false);
  put(made.client, 'twelve bytes');
  assert.equal(made.server.read(memory, 0, 5), 5);
  assert.equal(made.server.hasPending(), true);
  assert.equal(made.server.read(memory, 0, 64), 7);
  assert.equal(made.server.hasPending(), false);
  made.close();
  server.free();
  client.free();
});

test('sessions resume: tickets across contexts, ids within one, even without goodbye', () => {
  const ticketKeys = new Uint8Array(80).fill(5);
  const client = clientOf();
  const old = clientOf({ maxVersion: 'TLSv1.2' });
  const resumes = (from: TlsContext, one: TlsContext, two: TlsContext): boolean => {
    const before = link(one, from);
    put(before.server, 'x');
    get(before.client);
    const session = before.client.exportSession();
    before.close();
    if (session === null) return false;
    const after = new Link(from, two);
    assert.equal(after.client.resume(session), true);
    after.handshake();
    assert.deepEqual([after.clientEnd, after.serverEnd], [0, 0]);
    const resumed = after.server.isResumed();
    assert.equal(after.client.isResumed(), resumed);
    after.close();
    return resumed;
  };
  const one = serverOf({ ticketKeys });
  const two = serverOf({ ticketKeys });
  const stranger = serverOf();
  const remembering = serverOf({ tickets: false, sessionMax: 100 });
  const forgetful = serverOf({ tickets: false });
  assert.equal(resumes(client, one, two), true);
  assert.equal(resumes(old, one, two), true);
  assert.equal(resumes(client, one, stranger), false);
  assert.equal(resumes(old, remembering, remembering), true);
  assert.equal(resumes(old, forgetful, forgetful), false);
  const fresh = new Link(client, one);
  assert.equal(fresh.client.resume(new Uint8Array(10)), false);
  assert.equal(fresh.client.exportSession(), null);
  fresh.close();
  for (const context of [client, old, one, two, stranger, remembering, forgetful]) context.free();
});

test('ends without goodbye, resets and garbage are told apart', () => {
  const [server, client] = [serverOf(), clientOf()];
  const cut = link(server, client);
  get(cut.server);
  sys.shutdown(cut.fds[0]!, SHUT_WR);
  assert.equal(get(cut.server), TLS_SYSCALL);
  assert.deepEqual([cut.server.errno, cut.server.errorCode], [0, 0]);
  cut.close();

  const broken = link(server, client);
  sys.close(broken.fds[1]!);
  put(broken.client, 'x');
  assert.equal(put(broken.client, 'x'), TLS_SYSCALL);
  assert.ok([EPIPE, ECONNRESET].includes(broken.client.errno), String(broken.client.errno));
  broken.client.free();
  broken.server.free();
  sys.close(broken.fds[0]!);

  const plain = new Link(client, server);
  const request = sys.regionOf(Uint8Array.from(Buffer.from('GET / HTTP/1.0\r\n\r\n')));
  sys.send(plain.fds[0]!, request, 0, request.bytes.length, 0);
  assert.equal(plain.server.handshake(), TLS_PROTOCOL);
  assert.equal(plain.server.errorReason(), 'http request');
  plain.close();

  // The failure above must not be taken for one of the next session.
  const next = link(server, client);
  assert.deepEqual([next.clientEnd, next.serverEnd, get(next.server)], [0, 0, TLS_WANT_READ]);
  next.close();
  server.free();
  client.free();
});

test('a freed handle is a mistake of ours, a bad offset too', () => {
  const [server, client] = [serverOf(), clientOf()];
  const made = link(server, client);
  assert.throws(() => made.client.read(memory, -1, 1), RangeError);
  assert.throws(() => made.client.write(memory, 65536, 1), RangeError);
  server.free();
  assert.throws(() => server.free(), /freed twice/);
  assert.throws(() => server.session(0), /freed TLS context/);
  // A session outlives its context.
  assert.equal(put(made.client, 'still'), 5);
  assert.equal(get(made.server), 'still');
  made.close();
  assert.throws(() => made.client.free(), /freed TLS session/);
  assert.throws(() => made.client.read(memory, 0, 1), /freed TLS session/);
  client.free();
});

/** Twenty handshakes with a server name and ALPN on a thread of its own. */
const threadBody = `
  const { openSslTls } = await import(BASE + 'openssl.js');
  const { linuxSys } = await import(BASE + 'linux.js');
  const { parentPort, workerData } = await import('node:worker_threads');
  const sys = linuxSys(), tls = openSslTls(), fds = new Int32Array(2);
  const server = tls.serverContext(workerData.server).context;
  const client = tls.clientContext(workerData.client).context;
  const seen = [];
  for (let i = 0; i < 20; i++) {
    sys.socketpair(1, 1, fds);
    const [a, b] = [client.session(fds[0]), server.session(fds[1])];
    a.setHostname('second.example');
    for (let turn = 0, left = 2; turn < 10 && left > 0; turn++) {
      left = [a, b].filter((side) => !side.isHandshakeDone() && side.handshake() !== 0).length;
    }
    seen.push(a.alpn() + ' ' + b.sni());
    a.free(); b.free(); sys.close(fds[0]); sys.close(fds[1]);
  }
  parentPort.postMessage([...new Set(seen)]);`;

test('threads have contexts and callbacks of their own', async () => {
  const base = JSON.stringify(new URL('./', import.meta.url).href);
  const body = `(async () => {${threadBody.replaceAll('BASE', base)}})()`;
  const workerData = {
    server: serverOptions({ alpn: 'h2', certificates: [first, second] }),
    client: { ...common, certificate: null, alpn: 'h2' },
  };
  const workers = [1, 2].map(() => new Worker(body, { eval: true, workerData }));
  const answers = workers.map(
    (worker) =>
      new Promise<string[]>((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
      }),
  );
  assert.deepEqual(await Promise.all(answers), [['h2 second.example'], ['h2 second.example']]);
  await Promise.all(workers.map((worker) => worker.terminate()));
});
