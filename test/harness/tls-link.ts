// Two TLS sessions over one socket pair, for tests: contexts with short options, a client and a
// server that shake hands in turns, and text through either. Whoever makes a link closes it.

import assert from 'node:assert/strict';
import {
  firstKeyPem,
  firstPem,
  rsaKeyPem,
  rsaPem,
  secondKeyPem,
  secondPem,
} from './certificates.ts';
import { AF_UNIX, SOCK_STREAM } from '../../shared/sys/constants.ts';
import { linuxSys } from '../../shared/sys/linux.ts';
import { openSslTls } from '../../shared/sys/openssl.ts';
import {
  TLS_WANT_READ,
  type TlsCertificate,
  type TlsContext,
  type TlsOptions,
  type TlsResult,
  type TlsServerOptions,
  type TlsSession,
} from '../../shared/sys/tls.ts';

/** The real kernel. */
export const sys = linuxSys();
/** OpenSSL of this thread. */
export const tls = openSslTls();
/** Scratch of a test: 64 kB. */
export const memory = sys.region(1 << 16);

/** A certificate with its key in one text, as a .pem file has them. */
export function certificate(
  pem: string,
  keyPem: string,
  names: readonly string[] = [],
): TlsCertificate {
  return { name: 'test.pem', pem: keyPem + pem, keyPem: '', names };
}

export const first = certificate(firstPem, firstKeyPem);
export const second = certificate(secondPem, secondKeyPem);
export const rsa = certificate(rsaPem, rsaKeyPem);

/** Options that ask for nothing. */
export const common: TlsOptions = {
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

/** The context, which must have been made. */
export function contextOf(result: TlsResult): TlsContext {
  assert.equal(result.error, '');
  assert.ok(result.context !== null);
  return result.context;
}

/** Options of a server that shows `first`. */
export function serverOptions(options: Partial<TlsServerOptions>): TlsServerOptions {
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

export const serverOf = (options: Partial<TlsServerOptions> = {}) =>
  contextOf(tls.serverContext(serverOptions(options)));
export const clientOf = (options: Partial<TlsOptions> = {}) =>
  contextOf(tls.clientContext({ ...common, ...options }));

/** Two sessions over one socket pair. */
export class Link {
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

/** Writes text; the answer of `write`. */
export function put(session: TlsSession, text: string): number {
  memory.bytes.set(Buffer.from(text, 'latin1'), 100);
  return session.write(memory, 100, text.length);
}

/** Reads text, or the answer of `read` when that is none. */
export function get(session: TlsSession): string | number {
  const count = session.read(memory, 4096, 32768);
  if (count < 0) return count;
  return Buffer.from(memory.bytes.subarray(4096, 4096 + count)).toString('latin1');
}

/** A link that has shaken hands; `name` is the server name asked for. */
export function link(server: TlsContext, client: TlsContext, name = ''): Link {
  const made = new Link(client, server);
  if (name !== '') made.client.setHostname(name);
  return made.handshake();
}
