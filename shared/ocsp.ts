// Which certificate an OCSP response is about (RFC 6960 4.1.1, CertID): hashes of its issuer's name
// and key, and its serial number. Pure.

import { createHash, X509Certificate } from 'node:crypto';
import { readIdentity } from './certificate.ts';

export interface CertificateId {
  /** The whole CertID in hexadecimal. */
  readonly key: string;
  readonly nameHash: string;
  readonly keyHash: string;
  readonly serial: string;
}

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** AlgorithmIdentifier of SHA-1, which identifies here and protects nothing. */
const sha1Identifier = '300906052b0e03021a0500';

const sha1 = (bytes: Uint8Array): Buffer => createHash('sha1').update(bytes).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Tag, length and content; lengths below 128 only, which all parts here have. */
const element = (tag: string, content: string): string =>
  tag + (content.length / 2).toString(16).padStart(2, '0') + content;

/**
 * Of the first certificate of `pem`, whose issuer is another one there or the first of `issuerPem`;
 * null: that cannot be told.
 */
export function certificateId(pem: string, issuerPem: string): CertificateId | null {
  const [leafText, ...others] = pem.match(block) ?? [];
  const issuers = [...others, ...(issuerPem.match(block) ?? [])];
  try {
    if (leafText === undefined) return null;
    const leaf = new X509Certificate(leafText);
    const issuer = issuers
      .map((text) => new X509Certificate(text))
      .find((one) => leaf.checkIssued(one));
    const own = readIdentity(leaf.raw);
    const signer = issuer === undefined ? null : readIdentity(issuer.raw);
    if (own === null || signer === null) return null;
    const nameHash = hex(sha1(own.issuerName));
    const keyHash = hex(sha1(signer.publicKey));
    const serial = hex(own.serial);
    const body = sha1Identifier + element('04', nameHash) + element('04', keyHash);
    return { key: element('30', body + element('02', serial)), nameHash, keyHash, serial };
  } catch {
    return null;
  }
}
