import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { authorityPem } from '../../test/harness/certificates.ts';
import { systemAuthorities } from './authorities.ts';

test('the system has authorities, whatever SSL_CERT_FILE says', () => {
  assert.match(systemAuthorities(new Map()), /BEGIN CERTIFICATE/);
  const nowhere = new Map([['SSL_CERT_FILE', '/nonexistent']]);
  assert.match(systemAuthorities(nowhere), /BEGIN CERTIFICATE/);
});

test('SSL_CERT_FILE names the file to trust', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-test-'));
  const path = join(folder, 'ca.pem');
  writeFileSync(path, authorityPem);
  assert.equal(systemAuthorities(new Map([['SSL_CERT_FILE', path]])), authorityPem);
  rmSync(folder, { recursive: true });
});
