// The certificate authorities this system trusts, for `ca-file @system-ca`. Read by the loader,
// before privileges are dropped; a confined worker opens no file. Control thread only.

import { rootCertificates } from 'node:tls';
import { readText } from './files.ts';

/** Where the systems of this world keep their authorities, in one file each. */
const authorityFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** PEM of SSL_CERT_FILE, of the system's own file, or of what came with node. Never empty. */
export function systemAuthorities(environment: { get(name: string): string | undefined }): string {
  const named = environment.get('SSL_CERT_FILE');
  for (const path of named === undefined ? authorityFiles : [named, ...authorityFiles]) {
    const { text } = readText(path);
    if (text !== '') return text;
  }
  return rootCertificates.join('\n');
}
