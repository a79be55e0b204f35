// A revocation list as `show ssl crl-file` tells of it. What OpenSSL prints is the source; the
// issuer is written as the API writes names.

import { nameLine, readIssuer } from '../../shared/certificate.ts';
import type { RuntimeContext } from './context.ts';

/** null: it cannot be read. */
export function revocationText({ tlsFiles }: RuntimeContext, pem: string): string | null {
  const base64 = pem.replace(/-----[^-]*-----/g, '');
  const der = Buffer.from(base64, 'base64');
  const issuer = readIssuer(der);
  const printed = tlsFiles.open().describe('revocations', der);
  if (printed === null || issuer === null) return null;
  const fact = (name: string): string =>
    new RegExp(`${name}: (.*)`).exec(printed)?.[1]?.trim() ?? '';
  const version = /Version (\d+)/.exec(printed)?.[1] ?? '1';
  const revoked = /^Revoked Certificates:\n(?: {4}.*\n?)*/m.exec(printed)?.[0] ?? '';
  const none = revoked === '' ? 'No Revoked Certificates.\n' : '';
  return (
    `Version ${version}\nSignature Algorithm: ${fact('Signature Algorithm')}\n` +
    `Issuer: ${nameLine(issuer) ?? ''}\nLast Update: ${fact('Last Update')}\n` +
    `Next Update: ${fact('Next Update')}\n${entriesOf(revoked)}${none}`
  );
}

/** Without what follows the entries, and extensions of entries. */
function entriesOf(text: string): string {
  const lines = text
    .split('\n')
    .filter((line) => /^(Revoked|\s+(Serial Number|Revocation Date))/.test(line));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
