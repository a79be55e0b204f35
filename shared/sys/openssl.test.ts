import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  authorityPem,
  clientKeyPem,
  clientPem,
  firstKeyPem,
  firstPem,
  revocationsPem,
  revokedKeyPem,
  revokedPem,
  rsaKeyPem,
  rsaPem,
  secondKeyPem,
  secondPem,
} from '../../test/harness/certificates.ts';
import { AF_UNIX, ECONNRESET, EPIPE, SHUT_WR, SOCK_STREAM } from './constants.ts';
import { linuxSys } from './linux.ts';
import { openSslTls, systemAuthorities } from './openssl.ts';
import {
  TLS_CLOSED,
  TLS_PROTOCOL,
  TLS_SYSCALL,
  TLS_WANT_READ,
  TLS_WANT_WRITE,
  type TlsCertificate,
  type TlsContext,
  type TlsOptions,
  type TlsResult,
  type TlsServerOptions,
  type TlsSession,
} from './tls.ts';

const sys = linuxSys();
const tls = openSslTls();
const memory = sys.region(1 << 16);

function certificate(pem: string, keyPem: string, names: readonly string[] = []): TlsCertificate {
  return { name: 'test.pem', pem: keyPem + pem, keyPem: '', names };
}

const first = certificate(firstPem, firstKeyPem);
const second = certificate(secondPem, secondKeyPem);
const rsa = certificate(rsaPem, rsaKeyPem);

const common: TlsOptions = {
  certificates: [],
  minVersion: '',
  maxVersion: '',
  ciphers: '',
  ciphersuites: '',
  curves: '',
  sigalgs: '',
  alpn: '',
  verify: 'none',
  caPem: '',
  crlPem: '',
  tickets: true,
};

function contextOf(result: TlsResult): TlsContext {
  assert.equal(result.error, '');
  assert.ok(result.context !== null);
  return result.context;
}

function serverOptions(options: Partial<TlsServerOptions>): TlsServerOptions {
  return {
    ...common,
    certificates: [first],
    strictSni: false,
    preferClientCiphers: false,
    ticketKeys: null,
    sessionMax: 0,
    sessionLifetimeSeconds: 300,
    ...options,
  };
}

const serverOf = (options: Partial<TlsServerOptions> = {}) =>
  contextOf(tls.serverContext(serverOptions(options)));
const clientOf = (options: Partial<TlsOptions> = {}) =>
  contextOf(tls.clientContext({ ...common, ...options }));

/** Two sessions over one socket pair. */
class Link {
  readonly client: TlsSession;
  readonly server: TlsSession;
  readonly fds = new Int32Array(2);
  clientEnd = TLS_WANT_READ;
  serverEnd = TLS_WANT_READ;

  constructor(client: TlsContext, server: TlsContext) {
    assert.equal(sys.socketpair(AF_UNIX, SOCK_STREAM, this.fds), 0);
    this.client = client.session(this.fds[0]!);
    this.server = server.session(this.fds[1]!);
  }

  /** Both sides until neither waits for the other. */
  handshake(): this {
    for (let turn = 0; turn < 10; turn++) {
      if (this.clientEnd === TLS_WANT_READ) this.clientEnd = this.client.handshake();
      if (this.serverEnd === TLS_WANT_READ) this.serverEnd = this.server.handshake();
    }
    return this;
  }

  close(): void {
    this.client.free();
    this.server.free();
    for (const fd of this.fds) sys.close(fd);
  }
}

function put(session: TlsSession, text: string): number {
  memory.bytes.set(Buffer.from(text, 'latin1'), 100);
  return session.write(memory, 100, text.length);
}

function get(session: TlsSession): string | number {
  const count = session.read(memory, 4096, 32768);
  if (count < 0) return count;
  return Buffer.from(memory.bytes.subarray(4096, 4096 + count)).toString('latin1');
}

function link(server: TlsContext, client: TlsContext, name = ''): Link {
  const made = new Link(client, server);
  if (name !== '') made.client.setHostname(name);
  return made.handshake();
}

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
  assert.equal(get(made.server), 'ping');
  assert.equal(put(made.server, 'pong'), 4);
  assert.equal(get(made.client), 'pong');
  assert.equal(made.server.write(memory, 0, 0), 0);
  assert.equal(made.client.protocol(), 'TLSv1.3');
  assert.match(made.client.cipher(), /^TLS_/);
  assert.ok(made.client.cipherBits() >= 128);
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

test('the certificate follows the server name', () => {
  const server = serverOf({ certificates: [second, first, rsa] });
  const strict = serverOf({ certificates: [first], strictSni: true });
  const client = clientOf();
  const shown = (name: string, context = server, from = client): string => {
    const made = link(context, from, name);
    const refused = made.clientEnd < 0;
    const der = made.client.peerCertificate();
    const subject = refused || der === null ? 'refused' : new X509Certificate(der).subject;
    made.close();
    return subject;
  };
  assert.equal(shown(''), 'CN=second.example');
  assert.equal(shown('second.example'), 'CN=second.example');
  assert.equal(shown('first.example'), 'CN=first.example');
  assert.equal(shown('FIRST.Example'), 'CN=first.example');
  assert.equal(shown('any.wild.example'), 'CN=first.example');
  assert.equal(shown('a.b.wild.example'), 'CN=second.example');
  assert.equal(shown('unknown.example'), 'CN=second.example');
  assert.equal(shown('rsa.example'), 'CN=rsa.example');
  // The same name with two kinds of key: a client that knows RSA only gets the other certificate.
  const rsaOnly = clientOf({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  assert.equal(shown('first.example', server, rsaOnly), 'CN=rsa.example');
  assert.equal(shown('first.example', strict), 'CN=first.example');
  assert.equal(shown('unknown.example', strict), 'refused');
  assert.equal(shown('', strict), 'refused');
  const named = serverOf({ certificates: [first, { ...second, names: ['Chosen.example'] }] });
  assert.equal(shown('chosen.example', named), 'CN=second.example');
  assert.equal(shown('second.example', named), 'CN=first.example');
  for (const context of [server, strict, client, rsaOnly, named]) context.free();
});

test('ALPN: the server prefers, nothing in common is no protocol', () => {
  const server = serverOf({ alpn: 'h2,http/1.1', certificates: [first, second] });
  const cases: readonly [string, string][] = [
    ['h2', 'h2'],
    ['http/1.1,h2', 'h2'],
    ['http/1.1', 'http/1.1'],
    ['http/1.0,h', ''],
    ['', ''],
  ];
  for (const [offer, chosen] of cases) {
    const client = clientOf({ alpn: offer });
    const made = link(server, client, 'second.example');
    assert.deepEqual([made.client.alpn(), made.server.alpn()], [chosen, chosen], offer);
    assert.equal(made.server.sni(), 'second.example');
    made.close();
    client.free();
  }
  server.free();
});

test('versions, ciphers and curves are as told', () => {
  const client = clientOf();
  const old = serverOf({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
  const made = link(old, client);
  assert.equal(made.server.protocol(), 'TLSv1.2');
  assert.equal(made.server.cipher(), 'ECDHE-ECDSA-AES256-GCM-SHA384');
  assert.equal(made.server.cipherBits(), 256);
  made.close();
  const suite = serverOf({
    ciphersuites: 'TLS_AES_128_GCM_SHA256',
    curves: 'P-384',
    tickets: false,
  });
  const other = link(suite, client);
  assert.equal(other.client.cipher(), 'TLS_AES_128_GCM_SHA256');
  other.close();
  const tooNew = serverOf({ minVersion: 'TLSv1.3' });
  const tooOld = clientOf({ maxVersion: 'TLSv1.2' });
  const failed = link(tooNew, tooOld);
  assert.deepEqual([failed.serverEnd, failed.clientEnd], [TLS_PROTOCOL, TLS_PROTOCOL]);
  assert.equal(failed.server.errorReason(), 'unsupported protocol');
  assert.match(failed.server.errorText(), /^error:0A000102:SSL routines:/);
  assert.notEqual(failed.client.errorCode, 0);
  failed.close();
  for (const context of [client, old, suite, tooNew, tooOld]) context.free();
});

test('a client trusts an authority, and checks the name', () => {
  const server = serverOf();
  const trusting = clientOf({ verify: 'required', caPem: authorityPem });
  const trustless = clientOf({ verify: 'required', caPem: secondPem });
  const indifferent = clientOf({ verify: 'none', caPem: secondPem });
  const outcome = (client: TlsContext, host: string): [number, string] => {
    const made = new Link(client, server);
    if (host !== '') made.client.expectHost(host);
    made.handshake();
    const text = made.clientEnd === 0 ? made.client.verifyText() : made.client.errorReason();
    made.close();
    return [made.clientEnd, text];
  };
  const refused: [number, string] = [TLS_PROTOCOL, 'certificate verify failed'];
  assert.deepEqual(outcome(trusting, ''), [0, 'ok']);
  assert.deepEqual(outcome(trusting, 'x.wild.example'), [0, 'ok']);
  assert.deepEqual(outcome(trusting, '127.0.0.1'), [0, 'ok']);
  assert.deepEqual(outcome(trusting, '127.0.0.2'), refused);
  assert.deepEqual(outcome(trusting, 'second.example'), refused);
  assert.deepEqual(outcome(trustless, ''), refused);
  assert.deepEqual(outcome(indifferent, ''), [0, 'unable to get local issuer certificate']);
  for (const context of [server, trusting, trustless, indifferent]) context.free();
});

test('a server asks for a certificate: optional, required, revoked', () => {
  const authorities = { caPem: authorityPem, crlPem: revocationsPem };
  const optional = serverOf({ verify: 'optional', ...authorities });
  const required = serverOf({ verify: 'required', ...authorities });
  const nobody = clientOf();
  const known = clientOf({ certificates: [certificate(clientPem, clientKeyPem)] });
  const revoked = clientOf({ certificates: [certificate(revokedPem, revokedKeyPem)] });
  const outcome = (server: TlsContext, client: TlsContext): [number, string] => {
    const made = link(server, client);
    const der = made.serverEnd === 0 ? made.server.peerCertificate() : null;
    const subject = der === null ? '' : new X509Certificate(der).subject;
    made.close();
    return [made.serverEnd, subject];
  };
  assert.deepEqual(outcome(optional, nobody), [0, '']);
  assert.deepEqual(outcome(optional, known), [0, 'CN=client']);
  assert.deepEqual(outcome(required, known), [0, 'CN=client']);
  assert.deepEqual(outcome(required, nobody), [TLS_PROTOCOL, '']);
  assert.deepEqual(outcome(optional, revoked), [TLS_PROTOCOL, '']);
  for (const context of [optional, required, nobody, known, revoked]) context.free();
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

test('what cannot be loaded is said, with its name', () => {
  const encrypted =
    '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n';
  const one = (pem: string, keyPem = ''): Partial<TlsServerOptions> => ({
    certificates: [{ name: 'site.pem', pem, keyPem, names: [] }],
  });
  const cases: readonly [Partial<TlsServerOptions>, RegExp][] = [
    [{ certificates: [] }, /needs a certificate/],
    [one(''), /no certificate in 'site.pem'/],
    [one('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'), /site.pem/],
    [one(firstPem), /no private key in 'site.pem'/],
    [one(firstPem + encrypted), /no private key in 'site.pem'/],
    [one(firstPem, secondKeyPem), /does not belong .* 'site.pem'/],
    [{ ciphers: 'NO-SUCH-CIPHER' }, /ciphers 'NO-SUCH-CIPHER'/],
    [{ ciphersuites: 'NO_SUCH' }, /ciphersuites 'NO_SUCH'/],
    [{ curves: 'P-1' }, /curves 'P-1'/],
    [{ sigalgs: 'none' }, /sigalgs 'none'/],
    [{ alpn: 'h2,,http/1.1' }, /ALPN/],
    [{ caPem: 'nothing' }, /no certificate authority/],
    [{ crlPem: 'nothing' }, /no revocation list/],
    [{ ticketKeys: new Uint8Array(79) }, /80 bytes/],
  ];
  for (const [options, message] of cases) {
    const result = tls.serverContext(serverOptions(options));
    assert.equal(result.context, null);
    assert.match(result.error, message);
  }
  const empty = tls.serverContext(serverOptions({ certificates: [], strictSni: true }));
  contextOf(empty).free();
  const keyBeside = tls.serverContext(serverOptions(one(firstPem, firstKeyPem)));
  contextOf(keyBeside).free();
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

test('the system has authorities', () => {
  assert.match(systemAuthorities(), /BEGIN CERTIFICATE/);
  assert.match(systemAuthorities({ SSL_CERT_FILE: '/nonexistent' }), /BEGIN CERTIFICATE/);
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
    client: { ...common, alpn: 'h2' },
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
