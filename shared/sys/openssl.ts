// TLS by OpenSSL: the contract of tls.ts for the calling thread. Entries of threads call
// `openSslTls()` when a configuration wants TLS; nothing is loaded before. Opens no descriptor and,
// but for `systemAuthorities`, no file.

import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { openSslCalls } from './openssl-calls.ts';
import { makeClientContext, makeServerContext } from './openssl-context.ts';
import type { Tls } from './tls.ts';

/** Throws an Error that names the library when neither node nor the system has OpenSSL 3. */
export function openSslTls(): Tls {
  const calls = openSslCalls();
  return {
    version: calls.OpenSSL_version(0) ?? '',
    serverContext: (options) => makeServerContext(calls, options),
    clientContext: (options) => makeClientContext(calls, options),
  };
}

/** Where the systems of this world keep their authorities, in one file each. */
const AUTHORITY_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * PEM of the authorities this system trusts (`ca-file @system-ca`): SSL_CERT_FILE, the system's
 * file, or those that came with node. For the loader: a confined worker opens no file.
 */
export function systemAuthorities(environment: NodeJS.ProcessEnv = process.env): string {
  const named = environment['SSL_CERT_FILE'];
  for (const path of named === undefined ? AUTHORITY_FILES : [named, ...AUTHORITY_FILES]) {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      // The next system keeps them elsewhere.
    }
  }
  return rootCertificates.join('\n');
}
