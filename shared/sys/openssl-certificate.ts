// PEM text into an OpenSSL context: certificates with chain and key, authorities, revocations; and
// the server names a certificate answers for. Called by openssl-context.ts while contexts are made.
// Opens no file. Every function answers '' or what is wrong, in words that name the source.

import { X509Certificate } from 'node:crypto';
import { regionOf } from './memory.ts';
import type { OpenSslCalls } from './openssl-calls.ts';
import type { KeyKind } from './openssl-names.ts';
import type { TlsCertificate } from './tls.ts';

const CTRL_CHAIN_CERT = 89;
const CTRL_SET_DH_AUTO = 118;
const CRL_CHECK_ALL = 0xc;
const EXTENSION_TIMESTAMPS = 18;
const TIMESTAMPS_MAX = 65_535;

/** What is public in a certificate. */
export interface ReadCertificate {
  readonly source: TlsCertificate;
  /** Its CN and DNS alternative names, in lower case. */
  readonly names: readonly string[];
  /** One name may have a certificate of each. */
  readonly kind: KeyKind;
}

const kinds: Readonly<Record<string, KeyKind>> = { ec: 'ecdsa', rsa: 'rsa', 'rsa-pss': 'rsa' };

/** What was read of certificates that are still used. */
const readBefore = new WeakMap<TlsCertificate, ReadCertificate>();

/** Reads what is public in a certificate, once; a string says what is wrong. */
export function readCertificate(source: TlsCertificate): ReadCertificate | string {
  const known = readBefore.get(source);
  if (known !== undefined) return known;
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(source.pem);
  if (block === null) return `no certificate in '${source.name}'`;
  try {
    const certificate = new X509Certificate(block[0]);
    const names = certificateNames(certificate).map((name) => name.toLowerCase());
    const kind = kinds[certificate.publicKey.asymmetricKeyType ?? ''] ?? 'other';
    const read = { source, names, kind };
    readBefore.set(source, read);
    return read;
  } catch (error) {
    return `cannot read the certificate in '${source.name}': ${messageOf(error)}`;
  }
}

/** CN and DNS alternative names, as they are written. */
export function certificateNames(certificate: X509Certificate): string[] {
  const names = new Set<string>();
  for (const line of certificate.subject?.split('\n') ?? []) {
    if (line.startsWith('CN=')) names.add(line.slice(3));
  }
  for (const entry of certificate.subjectAltName?.split(', ') ?? []) {
    if (entry.startsWith('DNS:')) names.add(entry.slice(4).replace(/^"|"$/g, ''));
  }
  return [...names];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Loads leaf, chain, key and Diffie-Hellman parameters into `context`. '' or what is wrong. */
export function useCertificate(
  calls: OpenSslCalls,
  context: number,
  source: TlsCertificate,
): string {
  const chain = readAll(calls, source.pem, calls.PEM_read_bio_X509);
  if (chain.length === 1 && source.chainPem !== '') {
    chain.push(...readAll(calls, source.chainPem, calls.PEM_read_bio_X509));
  }
  const keyPem = source.keyPem === '' ? source.pem : source.keyPem;
  const [key = 0] = readAll(calls, keyPem, calls.PEM_read_bio_PrivateKey, 1);
  const error = loadPair(calls, context, source.name, chain, key);
  for (const certificate of chain) calls.X509_free(certificate);
  if (key !== 0) calls.EVP_PKEY_free(key);
  return error || useTimestamps(calls, context, source) || useParameters(calls, context, source);
}

function loadPair(
  calls: OpenSslCalls,
  context: number,
  name: string,
  chain: readonly number[],
  key: number,
): string {
  const leaf = chain[0];
  if (leaf === undefined) return `no certificate in '${name}'`;
  if (key === 0) return `no private key in '${name}'`;
  if (calls.X509_check_private_key(leaf, key) !== 1) {
    calls.ERR_clear_error();
    return `the private key does not belong to the certificate in '${name}'`;
  }
  if (calls.SSL_CTX_use_certificate(context, leaf) !== 1) return refusal(calls, name);
  if (calls.SSL_CTX_use_PrivateKey(context, key) !== 1) return refusal(calls, name);
  for (const issuer of chain.slice(1)) {
    if (calls.SSL_CTX_ctrl(context, CTRL_CHAIN_CERT, 1, issuer) !== 1) return refusal(calls, name);
  }
  return '';
}

/** Signed timestamps are an extension of the server hello: type, length, list (RFC 6962 3.3). */
function useTimestamps(
  calls: OpenSslCalls,
  context: number,
  { sctl, name }: TlsCertificate,
): string {
  if (sctl === null) return '';
  if (sctl.length > TIMESTAMPS_MAX) return `too many signed timestamps for '${name}'`;
  const head = [0, EXTENSION_TIMESTAMPS, sctl.length >> 8, sctl.length & 255];
  const { address, bytes } = regionOf(Uint8Array.from([...head, ...sctl]));
  const set = calls.SSL_CTX_use_serverinfo_ex(context, 1, address, bytes.length);
  return set === 1 ? '' : refusal(calls, name);
}

/** Parameters in the file are used; else OpenSSL chooses them by the key's size. */
function useParameters(calls: OpenSslCalls, context: number, source: TlsCertificate): string {
  if (!source.pem.includes('-----BEGIN DH PARAMETERS-----')) {
    calls.SSL_CTX_ctrl(context, CTRL_SET_DH_AUTO, 1, 0);
    return '';
  }
  const [parameters] = readAll(calls, source.pem, calls.PEM_read_bio_Parameters, 1);
  if (parameters === undefined) return `cannot read the DH parameters in '${source.name}'`;
  if (calls.SSL_CTX_set0_tmp_dh_pkey(context, parameters) === 1) return '';
  calls.EVP_PKEY_free(parameters);
  return refusal(calls, source.name);
}

/** Trusts every certificate of `pem`; `isNamed`: clients are told of them. */
export function trustAuthorities(
  calls: OpenSslCalls,
  context: number,
  pem: string,
  isNamed: boolean,
): string {
  const store = calls.SSL_CTX_get_cert_store(context);
  const authorities = readAll(calls, pem, calls.PEM_read_bio_X509);
  for (const authority of authorities) {
    calls.X509_STORE_add_cert(store, authority);
    if (isNamed) calls.SSL_CTX_add_client_CA(context, authority);
    calls.X509_free(authority);
  }
  calls.ERR_clear_error();
  return authorities.length > 0 ? '' : 'no certificate authority in the ca-file';
}

/** Checks every certificate of a chain against the revocation lists of `pem`. */
export function useRevocations(calls: OpenSslCalls, context: number, pem: string): string {
  const store = calls.SSL_CTX_get_cert_store(context);
  const lists = readAll(calls, pem, calls.PEM_read_bio_X509_CRL);
  for (const list of lists) {
    calls.X509_STORE_add_crl(store, list);
    calls.X509_CRL_free(list);
  }
  calls.X509_STORE_set_flags(store, CRL_CHECK_ALL);
  calls.ERR_clear_error();
  return lists.length > 0 ? '' : 'no revocation list in the crl-file';
}

/**
 * Reads the blocks of one kind. The empty string stands for a pass phrase, so that OpenSSL never
 * asks the terminal: an encrypted key is refused.
 */
function readAll(
  calls: OpenSslCalls,
  pem: string,
  readBlock: (bio: number, into: number, callback: number, phrase: number) => number,
  most = Number.POSITIVE_INFINITY,
): number[] {
  const bytes = new Uint8Array(Buffer.byteLength(pem, 'latin1') + 1);
  const length = Buffer.from(bytes.buffer).write(pem, 'latin1');
  const memory = regionOf(bytes);
  const bio = calls.BIO_new_mem_buf(memory.address, length);
  const found: number[] = [];
  while (found.length < most) {
    const object = readBlock(bio, 0, 0, memory.address + length);
    if (object === 0) break;
    found.push(object);
  }
  calls.BIO_free(bio);
  calls.ERR_clear_error();
  // Keys do not stay behind in memory; and the bytes had to live until here.
  bytes.fill(0);
  return found;
}

function refusal(calls: OpenSslCalls, name: string): string {
  const code = calls.ERR_get_error();
  calls.ERR_clear_error();
  return `OpenSSL refuses '${name}': ${calls.ERR_reason_error_string(code) ?? 'no reason given'}`;
}
