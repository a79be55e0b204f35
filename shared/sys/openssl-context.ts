// Contexts of OpenSSL: options, certificates by server name, ALPN. Made by openssl.ts at start, one
// per thread and bind or server line. What a server context answers in the middle of a handshake is
// asked by openssl-callbacks.ts.

import assert from 'node:assert/strict';
import { region, regionOf } from './memory.ts';
import { enlist, type ServerChoice, serverCallbacks, strike } from './openssl-callbacks.ts';
import type { OpenSslCalls } from './openssl-calls.ts';
import {
  type ReadCertificate,
  readCertificate,
  trustAuthorities,
  useCertificate,
  useRevocations,
} from './openssl-certificate.ts';
import { OpenSslSession } from './openssl-session.ts';
import type { Region } from './sys.ts';
import type {
  TlsContext,
  TlsOptions,
  TlsResult,
  TlsServerOptions,
  TlsSession,
  TlsVerify,
  TlsVersion,
} from './tls.ts';

const CTRL_MODE = 33;
const CTRL_READ_AHEAD = 41;
const CTRL_SESSION_MAX = 42;
const CTRL_SESSION_MODE = 44;
const CTRL_SERVERNAME_CALLBACK = 53;
const CTRL_SERVERNAME_ARGUMENT = 54;
const CTRL_TICKET_KEYS = 59;
const CTRL_CURVES = 92;
const CTRL_SIGALGS = 98;
const CTRL_MIN_VERSION = 123;
const CTRL_MAX_VERSION = 124;
/** Partial write, moving write buffer, release buffers of idle sessions. */
const MODES = 0x1 | 0x2 | 0x10;
const SESSIONS_OFF = 0;
const SESSIONS_SERVER = 2;
const OP_NO_TICKET = 2 ** 14;
const OP_NO_COMPRESSION = 2 ** 17;
const OP_SERVER_PREFERENCE = 2 ** 22;
const OP_NO_RENEGOTIATION = 2 ** 30;
const TICKET_KEY_BYTES = 80;

const versions: Readonly<Record<TlsVersion, number>> = {
  '': 0,
  'TLSv1.0': 0x301,
  'TLSv1.1': 0x302,
  'TLSv1.2': 0x303,
  'TLSv1.3': 0x304,
};

const verifyModes: Readonly<Record<TlsVerify, number>> = { none: 0, optional: 1, required: 3 };

export class OpenSslContext implements TlsContext, ServerChoice {
  readonly isServer: boolean;
  readonly strictSni: boolean;
  /** Protocols as RFC 7301 lists them: a length byte before each. */
  readonly alpn: Region;
  readonly number: number;
  /** SSL_CTX by server name; a wildcard is filed under its name with the star. */
  readonly byName = new Map<string, number>();
  readonly #calls: OpenSslCalls;
  /** Every SSL_CTX, the default first; empty once freed. */
  readonly #handles: number[];

  constructor(calls: OpenSslCalls, options: TlsOptions, isServer: boolean, strictSni: boolean) {
    this.#calls = calls;
    this.isServer = isServer;
    this.strictSni = strictSni;
    this.alpn = encodeAlpn(options.alpn);
    this.number = enlist(this);
    this.#handles = [];
  }

  /** Takes ownership of an SSL_CTX; the first one is the default. */
  adopt(handle: number): void {
    this.#handles.push(handle);
  }

  /** The SSL_CTX adopted last. */
  newest(): number {
    return this.#handles.at(-1)!;
  }

  session(fd: number): TlsSession {
    const calls = this.#calls;
    const handle = this.#handles[0];
    assert(handle !== undefined, 'use of a freed TLS context');
    const ssl = calls.SSL_new(handle);
    assert(ssl !== 0, 'OpenSSL has no memory for a session');
    assert.equal(calls.SSL_set_fd(ssl, fd), 1, 'OpenSSL refuses a descriptor');
    if (this.isServer) calls.SSL_set_accept_state(ssl);
    else calls.SSL_set_connect_state(ssl);
    return new OpenSslSession(calls, ssl);
  }

  free(): void {
    assert(this.#handles.length > 0, 'a TLS context is freed twice');
    this.release();
  }

  /** As `free`, for a context that was never finished. */
  release(): void {
    for (const handle of this.#handles.splice(0)) this.#calls.SSL_CTX_free(handle);
    this.byName.clear();
    strike(this.number);
  }

  /** The SSL_CTX for a server name: exact, then with a star for its first part; 0 for none. */
  find(name: string): number {
    const exact = this.byName.get(name);
    if (exact !== undefined) return exact;
    const dot = name.indexOf('.');
    return dot < 0 ? 0 : (this.byName.get(`*${name.slice(dot)}`) ?? 0);
  }
}

/** See `Tls.serverContext`. */
export function makeServerContext(calls: OpenSslCalls, options: TlsServerOptions): TlsResult {
  if (options.certificates.length === 0 && !options.strictSni) {
    return { context: null, error: 'a TLS listener needs a certificate' };
  }
  const certificates: ReadCertificate[] = [];
  for (const source of options.certificates) {
    const read = readCertificate(source);
    if (typeof read === 'string') return { context: null, error: read };
    certificates.push(read);
  }
  const context = new OpenSslContext(calls, options, true, options.strictSni);
  const build = (chosen: readonly ReadCertificate[]) => {
    const handle = calls.SSL_CTX_new(calls.TLS_server_method());
    context.adopt(handle);
    const error = configure(calls, handle, options, context);
    return error === '' ? setServer(calls, handle, { options, context, chosen }) : error;
  };
  return finish(context, fileByName(context, certificates, build));
}

/**
 * Builds one SSL_CTX for the default and one for every different set of certificates that share a
 * name: the first of each key type, so that a client gets the one it can check.
 */
function fileByName(
  context: OpenSslContext,
  certificates: readonly ReadCertificate[],
  build: (chosen: readonly ReadCertificate[]) => string,
): string {
  const first = certificates[0];
  const error = build(first === undefined ? [] : [first]);
  if (error !== '') return error;
  const byName = new Map<string, ReadCertificate[]>();
  for (const certificate of certificates) {
    for (const name of certificate.names) {
      const chosen = byName.get(name) ?? [];
      if (chosen.every((other) => other.keyType !== certificate.keyType)) chosen.push(certificate);
      byName.set(name, chosen);
    }
  }
  const built = new Map<string, number>();
  for (const [name, chosen] of byName) {
    const key = chosen.map((each) => certificates.indexOf(each)).join();
    let handle = built.get(key);
    if (handle === undefined) {
      const fault = build(chosen);
      if (fault !== '') return fault;
      handle = context.newest();
      built.set(key, handle);
    }
    context.byName.set(name, handle);
  }
  return '';
}

interface ServerParts {
  readonly options: TlsServerOptions;
  readonly context: OpenSslContext;
  readonly chosen: readonly ReadCertificate[];
}

function setServer(calls: OpenSslCalls, handle: number, parts: ServerParts): string {
  const { options, context, chosen } = parts;
  for (const { source } of chosen) {
    const error = useCertificate(calls, handle, source);
    if (error !== '') return error;
  }
  calls.SSL_CTX_set_session_id_context(handle, 'hawser', 6);
  const mode = options.sessionMax > 0 ? SESSIONS_SERVER : SESSIONS_OFF;
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MODE, mode, 0);
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MAX, options.sessionMax, 0);
  calls.SSL_CTX_set_timeout(handle, options.sessionLifetimeSeconds);
  if (!options.preferClientCiphers) calls.SSL_CTX_set_options(handle, OP_SERVER_PREFERENCE);
  if (options.ticketKeys !== null) {
    const keys = regionOf(Uint8Array.from(options.ticketKeys));
    if (keys.bytes.length !== TICKET_KEY_BYTES) return `ticket keys need ${TICKET_KEY_BYTES} bytes`;
    calls.SSL_CTX_ctrl(handle, CTRL_TICKET_KEYS, TICKET_KEY_BYTES, keys.address);
    keys.bytes.fill(0);
  }
  const callbacks = serverCallbacks();
  calls.SSL_CTX_callback_ctrl(handle, CTRL_SERVERNAME_CALLBACK, callbacks.serverName);
  calls.SSL_CTX_ctrl(handle, CTRL_SERVERNAME_ARGUMENT, 0, context.number);
  if (context.alpn.bytes.length > 0) {
    calls.SSL_CTX_set_alpn_select_cb(handle, callbacks.alpn, context.number);
  }
  return '';
}

/** See `Tls.clientContext`. The first certificate is shown to servers that ask for one. */
export function makeClientContext(calls: OpenSslCalls, options: TlsOptions): TlsResult {
  const context = new OpenSslContext(calls, options, false, false);
  const handle = calls.SSL_CTX_new(calls.TLS_client_method());
  context.adopt(handle);
  let error = configure(calls, handle, options, context);
  const [certificate] = options.certificates;
  if (error === '' && certificate !== undefined) error = useCertificate(calls, handle, certificate);
  if (error === '' && context.alpn.bytes.length > 0) {
    const { address, bytes } = context.alpn;
    // This one call answers 0 for success.
    const refused = calls.SSL_CTX_set_alpn_protos(handle, address, bytes.length) !== 0;
    if (refused) error = `not a list of ALPN protocols: '${options.alpn}'`;
  }
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MODE, SESSIONS_OFF, 0);
  return finish(context, error);
}

function finish(context: OpenSslContext, error: string): TlsResult {
  if (error === '') return { context, error };
  context.release();
  return { context: null, error };
}

/** What servers and clients share. */
function configure(
  calls: OpenSslCalls,
  handle: number,
  options: TlsOptions,
  context: OpenSslContext,
): string {
  calls.SSL_CTX_ctrl(handle, CTRL_MODE, MODES, 0);
  // One receive for a whole record instead of one for its head and one for its body.
  calls.SSL_CTX_ctrl(handle, CTRL_READ_AHEAD, 1, 0);
  const tickets = options.tickets ? 0 : OP_NO_TICKET;
  const renegotiation = options.renegotiates === true ? 0 : OP_NO_RENEGOTIATION;
  calls.SSL_CTX_set_options(handle, OP_NO_COMPRESSION + renegotiation + tickets);
  calls.SSL_CTX_ctrl(handle, CTRL_MIN_VERSION, versions[options.minVersion], 0);
  calls.SSL_CTX_ctrl(handle, CTRL_MAX_VERSION, versions[options.maxVersion], 0);
  const lists: readonly [string, string, () => number][] = [
    ['ciphers', options.ciphers, () => calls.SSL_CTX_set_cipher_list(handle, options.ciphers)],
    [
      'ciphersuites',
      options.ciphersuites,
      () => calls.SSL_CTX_set_ciphersuites(handle, options.ciphersuites),
    ],
    [
      'curves',
      options.curves,
      () => calls.SSL_CTX_ctrl_text(handle, CTRL_CURVES, 0, options.curves),
    ],
    [
      'sigalgs',
      options.sigalgs,
      () => calls.SSL_CTX_ctrl_text(handle, CTRL_SIGALGS, 0, options.sigalgs),
    ],
  ];
  for (const [name, value, apply] of lists) {
    if (value === '' || apply() === 1) continue;
    calls.ERR_clear_error();
    return `OpenSSL does not know the ${name} '${value}'`;
  }
  if (options.alpn !== '' && context.alpn.bytes.length === 0) {
    return `not a list of ALPN protocols: '${options.alpn}'`;
  }
  return setVerification(calls, handle, options, context.isServer);
}

function setVerification(
  calls: OpenSslCalls,
  handle: number,
  options: TlsOptions,
  isServer: boolean,
): string {
  calls.SSL_CTX_set_verify(handle, verifyModes[options.verify], 0);
  if (options.caPem !== '') {
    const error = trustAuthorities(calls, handle, options.caPem, isServer);
    if (error !== '') return error;
  }
  return options.crlPem === '' ? '' : useRevocations(calls, handle, options.crlPem);
}

/** The list of RFC 7301; empty when a name is empty or longer than 255 bytes. */
function encodeAlpn(list: string): Region {
  const parts = list === '' ? [] : list.split(',');
  const good = parts.every((name) => name.length > 0 && name.length < 256);
  const text = good ? parts.map((name) => String.fromCharCode(name.length) + name).join('') : '';
  const memory = region(text.length);
  memory.bytes.set(Buffer.from(text, 'latin1'));
  return memory;
}
