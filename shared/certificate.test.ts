import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { clientPem, firstPem, rsaPem } from '../test/harness/certificates.ts';
import {
  type NameEntry,
  nameEntry,
  nameLine,
  nameRfc2253,
  readCertificate,
} from './certificate.ts';

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw;

test('the parts of a certificate', () => {
  const read = readCertificate(derOf(firstPem));
  assert.ok(read !== null);
  const same = new X509Certificate(firstPem);
  assert.equal(Buffer.from(read.serial, 'latin1').toString('hex').toUpperCase(), same.serialNumber);
  assert.equal(read.version, 3);
  assert.equal(read.keyAlgorithm, 'id-ecPublicKey');
  assert.equal(read.signatureAlgorithm, 'ecdsa-with-SHA256');
  assert.equal(nameLine(read.subject), '/CN=first.example');
  assert.equal(nameLine(read.issuer), '/CN=Test Authority');
  // Made for a hundred years: the end is a year that these two digits cannot say.
  assert.deepEqual([read.notBefore, read.notAfter], ['261123182927Z', '']);
  assert.equal(readCertificate(derOf(rsaPem))?.keyAlgorithm, 'rsaEncryption');
  assert.equal(nameLine(readCertificate(derOf(clientPem))?.subject ?? []), '/CN=client');
});

test('bytes that are no certificate give nothing, wherever they are cut', () => {
  const der = derOf(firstPem);
  for (let length = 0; length < der.length; length++) {
    assert.equal(readCertificate(der.subarray(0, length)), null, String(length));
  }
});

const entry = (name: string, value: string, joins = false): NameEntry => ({ name, value, joins });
const person = [entry('C', 'FR'), entry('O', 'A, B'), entry('OU', 'x'), entry('OU', 'y')];

test('names on one line, by entry, and as RFC 2253 writes them', () => {
  assert.equal(nameLine(person), '/C=FR/O=A, B/OU=x/OU=y');
  const cases: readonly (readonly [string, number, string | null])[] = [
    ['OU', 1, 'x'],
    ['ou', 2, 'y'],
    ['OU', 3, null],
    ['OU', -1, 'y'],
    ['OU', -2, 'x'],
    ['OU', 0, null],
    ['CN', 1, null],
  ];
  for (const [name, position, expected] of cases) {
    assert.equal(nameEntry(person, name, position), expected, `${name},${position}`);
  }
  assert.equal(nameRfc2253(person), 'OU=y,OU=x,O=A\\, B,C=FR');
  const joined = [entry('CN', 'a'), entry('UID', '#b ', true), entry('O', '\xc3\xa9')];
  assert.equal(nameRfc2253(joined), 'O=\\C3\\A9,CN=a+UID=\\#b\\ ');
});

test('a name that hides text behind a NUL is no name', () => {
  const hidden = [entry('CN', 'good.example\0.evil.example')];
  assert.deepEqual(
    [nameLine(hidden), nameRfc2253(hidden), nameEntry(hidden, 'CN', 1)],
    [null, null, null],
  );
  assert.equal(nameEntry([entry('CN', 'padded\0')], 'CN', 1), 'padded\0');
});
