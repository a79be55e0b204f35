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
  type TlsClientOptions,
  type TlsContext,
  type TlsInstance,
  type TlsResult,
  type TlsServerOptions,
  type TlsSession,
  type TlsSettings,
} from '../../shared/sys/tls.ts';

/** The real kernel. */
export const sys = linuxSys();
/** OpenSSL of this thread. */
export const tls = openSslTls();
/** Scratch of a test: 64 kB. */
export const memory = sys.region(1 << 16);

/** A certificate with its key in one text, as a .pem file has them. */
export function certificate(pem: string, keyPem: string): TlsCertificate {
  const name = 'test.pem';
  return { name, pem: keyPem + pem, keyPem: '', chainPem: '', ocsp: null, sctl: null };
}

export const first = certificate(firstPem, firstKeyPem);
export const second = certificate(secondPem, secondKeyPem);
export const rsa = certificate(rsaPem, rsaKeyPem);

/** Options that ask for nothing. */
export const common: TlsSettings = {
  minVersion: '',
  maxVersion: '',
  ciphers: '',
  ciphersuites: '',
  curves: '',
  sigalgs: '',
  clientSigalgs: '',
  alpn: '',
  verify: 'none',
  caPem: '',
  caVerifyPem: '',
  crlPem: '',
  hidesAuthorities: false,
  tickets: true,
};

/** The context, which must have been made. */
export function contextOf(result: TlsResult): TlsContext {
  assert.equal(result.error, '');
  assert.ok(result.context !== null);
  return result.context;
}

/** Certificates as a line names them one after the other: the first is the default. */
export function instancesOf(certificates: readonly TlsCertificate[], settings = common) {
  return certificates.map(
    (one, index): TlsInstance => ({
      certificate: one,
      filters: [],
      isDefault: index === 0,
      settings,
    }),
  );
}

type ServerTestOptions = Partial<TlsServerOptions> & {
  readonly certificates?: readonly TlsCertificate[];
};

/** Options of a server that shows `certificates`, or `first`. */
export function serverOptions(options: ServerTestOptions): TlsServerOptions {
  const { certificates = [first], ...others } = options;
  return {
    ...common,
    instances: instancesOf(certificates, { ...common, ...settingsOf(others) }),
    strictSni: false,
    preferClientCiphers: false,
    keepsHello: false,
    crtIgnored: [],
    caIgnored: [],
    ticketKeys: null,
    sessionMax: 0,
    sessionLifetimeSeconds: 300,
    ...others,
  };
}

/** Those that make a context. */
function settingsOf(options: Partial<TlsServerOptions>): Partial<TlsSettings> {
  const names = Object.keys(common) as (keyof TlsSettings)[];
  return Object.fromEntries(
    names.filter((name) => name in options).map((name) => [name, options[name]]),
  );
}

export const serverOf = (options: ServerTestOptions = {}) =>
  contextOf(tls.serverContext(serverOptions(options)));
export const clientOf = (options: Partial<TlsClientOptions> = {}) =>
  contextOf(tls.clientContext({ ...common, certificate: null, ...options }));

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
