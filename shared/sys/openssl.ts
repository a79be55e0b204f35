// TLS by OpenSSL: the contract of tls.ts for the calling thread. Entries of threads call
// `openSslTls()` when a configuration wants TLS; nothing is loaded before. Opens no
// descriptor and no file.

import { openSslCalls } from './openssl-calls.ts';
import { makeClientContext } from './openssl-context.ts';
import { makeServerContext } from './openssl-server.ts';
import { describe } from './openssl-print.ts';
import type { Tls } from './tls.ts';

/** Throws an Error that names the library when neither node nor the system has OpenSSL 3. */
export function openSslTls(): Tls {
  const calls = openSslCalls();
  return {
    version: calls.OpenSSL_version(0) ?? '',
    serverContext: (options) => makeServerContext(calls, options),
    clientContext: (options) => makeClientContext(calls, options),
    describe: (what, der) => describe(calls, what, der),
  };
}
