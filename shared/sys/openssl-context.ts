// A client's context of OpenSSL. Made by openssl.ts at start, one per thread and server line.

import assert from 'node:assert/strict';
import type { OpenSslCalls } from './openssl-calls.ts';
import { useCertificate } from './openssl-certificate.ts';
import { OpenSslSession } from './openssl-session.ts';
import { configure, encodeAlpn, isSame, setVerification } from './openssl-settings.ts';
import type { TlsClientOptions, TlsContext, TlsResult, TlsSession } from './tls.ts';

const CTRL_SESSION_MODE = 44;
const SESSIONS_OFF = 0;

class OpenSslClient implements TlsContext {
  readonly isServer = false;
  generation: number;
  readonly #calls: OpenSslCalls;
  /** The SSL_CTX, 0 once freed. */
  #handle: number;

  #options: TlsClientOptions;

  /** Takes ownership of an SSL_CTX. */
  constructor(calls: OpenSslCalls, handle: number, options: TlsClientOptions) {
    this.generation = 0;
    this.#calls = calls;
    this.#handle = handle;
    this.#options = options;
  }

  session(fd: number): TlsSession {
    const calls = this.#calls;
    assert(this.#handle !== 0, 'use of a freed TLS context');
    const ssl = calls.SSL_new(this.#handle);
    assert(ssl !== 0, 'OpenSSL has no memory for a session');
    assert.equal(calls.SSL_set_fd(ssl, fd), 1, 'OpenSSL refuses a descriptor');
    calls.SSL_set_connect_state(ssl);
    return new OpenSslSession(calls, ssl, null, this.generation);
  }

  adopt(handle: number): TlsSession {
    return new OpenSslSession(this.#calls, handle, null, this.generation);
  }

  renew(options: TlsClientOptions): string {
    assert(this.#handle !== 0, 'use of a freed TLS context');
    if (isSame(this.#options, options)) return '';
    const { handle, error } = buildClient(this.#calls, options);
    if (error !== '') return error;
    this.#calls.SSL_CTX_free(this.#handle);
    this.#handle = handle;
    this.#options = options;
    this.generation++;
    return '';
  }

  free(): void {
    assert(this.#handle !== 0, 'a TLS context is freed twice');
    this.#calls.SSL_CTX_free(this.#handle);
    this.#handle = 0;
  }
}

/** See `Tls.clientContext`. */
export function makeClientContext(calls: OpenSslCalls, options: TlsClientOptions): TlsResult {
  const { handle, error } = buildClient(calls, options);
  return error === ''
    ? { context: new OpenSslClient(calls, handle, options), error }
    : { context: null, error };
}

/** An SSL_CTX that is the caller's to free, none when there is an error. */
function buildClient(
  calls: OpenSslCalls,
  options: TlsClientOptions,
): { readonly handle: number; readonly error: string } {
  const handle = calls.SSL_CTX_new(calls.TLS_client_method());
  let error = configure(calls, handle, options) || setVerification(calls, handle, options, 0n);
  const { certificate } = options;
  if (error === '' && certificate !== null) error = useCertificate(calls, handle, certificate);
  if (error === '' && options.alpn !== '') {
    const { address, bytes } = encodeAlpn(options.alpn);
    // This one call answers 0 for success.
    const isRefused =
      bytes.length === 0 || calls.SSL_CTX_set_alpn_protos(handle, address, bytes.length) !== 0;
    if (isRefused) error = `not a list of ALPN protocols: '${options.alpn}'`;
  }
  calls.SSL_CTX_ctrl(handle, CTRL_SESSION_MODE, SESSIONS_OFF, 0);
  if (error === '') return { handle, error };
  calls.SSL_CTX_free(handle);
  return { handle: 0, error };
}
