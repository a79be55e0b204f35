// What the runtime API shows of certificates and revocation lists, and what it takes from a payload
// (management.txt 9.3, show ssl cert and its kind). Pure.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { certificateBlocks } from '../../shared/config/issuer-chain.ts';

const keyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/;
const listBlock = /-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----/g;

/** The certificates of a text; null: one cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] | null {
  try {
    return certificateBlocks(pem).map((block) => new X509Certificate(block));
  } catch {
    return null;
  }
}

/** The revocation lists of a text, each as PEM. */
export const revocationBlocks = (pem: string): string[] => pem.match(listBlock) ?? [];

/** The private key of a text, '' for none. */
export const keyIn = (pem: string): string => keyBlock.exec(pem)?.[0] ?? '';

/** The key belongs to the certificate; what cannot be read does not. */
export function isPair(certificatePem: string, keyPem: string): boolean {
  const [leaf] = certificatesIn(certificatePem) ?? [];
  try {
    return leaf?.checkPrivateKey(createPrivateKey(keyIn(keyPem)));
  } catch {
    return false;
  }
}

const oneLine = (entries: string | undefined): string =>
  entries === undefined ? '' : `/${entries.split('\n').join('/')}`;

/** Serial number to issuer, one fact a line. */
export function certificateText(certificate: X509Certificate): string {
  const { serialNumber, validFrom, validTo, subjectAltName = '', fingerprint } = certificate;
  return (
    `Serial: ${serialNumber}\nnotBefore: ${validFrom}\n` +
    `notAfter: ${validTo}\nSubject Alternative Name: ${subjectAltName}\n` +
    `Algorithm: ${algorithmText(certificate)}\n` +
    `SHA1 FingerPrint: ${fingerprint.replaceAll(':', '')}\n` +
    `Subject: ${oneLine(certificate.subject)}\nIssuer: ${oneLine(certificate.issuer)}\n`
  );
}

/** Subject and issuer of what completes a certificate. */
export const chainText = (certificate: X509Certificate): string =>
  `Chain Subject: ${oneLine(certificate.subject)}\nChain Issuer: ${oneLine(certificate.issuer)}\n`;

/** `RSA2048`, `EC384`. */
function algorithmText({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = publicKey;
  if (type !== 'ec') return `${type.toUpperCase()}${details?.modulusLength ?? ''}`;
  return `EC${/\d+/.exec(details?.namedCurve ?? '')?.[0] ?? ''}`;
}

/** As `show ssl sni` names the kind of a key. */
export function kindText({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type = '' } = publicKey;
  return type === 'ec' ? 'ecdsa' : type.replace('rsa-pss', 'rsa');
}

/** Without empty lines, which would end the answer for who reads it. */
export const withoutGaps = (text: string): string => text.replaceAll('\n\n', '\n \n');
