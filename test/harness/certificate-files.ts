// The certificates of certificates.ts as files, as configurations name them: certificate and key in
// one .pem, authority and revocations apart. In a folder of their own, removed with the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authorityPem,
  clientKeyPem,
  clientPem,
  firstKeyPem,
  firstPem,
  revocationsPem,
  rsaKeyPem,
  rsaPem,
  secondKeyPem,
  secondPem,
} from './certificates.ts';
import type { Owner } from './proxy.ts';

const files: Readonly<Record<string, string>> = {
  'first.pem': firstKeyPem + firstPem,
  'second.pem': secondPem + secondKeyPem,
  'rsa.pem': rsaKeyPem + rsaPem,
  'client.pem': clientPem + clientKeyPem,
  'ca.pem': authorityPem,
  'crl.pem': revocationsPem,
  'bare.crt': firstPem,
  'bare.crt.key': firstKeyPem,
  'mismatch.pem': firstPem + secondKeyPem,
};

/** Path of the folder with first.pem, second.pem, rsa.pem, client.pem, ca.pem and so on. */
export function certificateFolder(owner: Owner): string {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-pem-'));
  owner.after(async () => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
