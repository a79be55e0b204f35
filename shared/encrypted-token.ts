// Encrypted JSON Web Tokens in their compact form (RFC 7516, 7518): taken apart and decrypted
// through the crypto of Node, which throws at what it does not like; here that is null. Called by
// the converters jwt_decrypt_*; the thread's own, pure.
//
//   base64url(header) . base64url(key) . base64url(iv) . base64url(text) . base64url(tag)

import {
  constants,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type CipherGCMTypes,
  diffieHellman,
  type JsonWebKey,
  type KeyObject,
  privateDecrypt,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';

/** What a token is decrypted with: bytes, or a private key. */
export type TokenKey = Buffer | KeyObject;

/** Names that tokens may use, of RFC 7518 4.1 and 5.1. */
export interface TokenLimits {
  readonly algorithms: ReadonlySet<string>;
  readonly encryptions: ReadonlySet<string>;
}

interface Header {
  readonly alg: string;
  readonly enc: string;
  readonly iv?: string;
  readonly tag?: string;
  readonly epk?: JsonWebKey;
  readonly apu?: string;
  readonly apv?: string;
}

interface Encryption {
  /** Bytes of the content key. */
  readonly keyBytes: number;
  /** Hash of the tag, '' for GCM. */
  readonly digest: string;
}

const encryptions: ReadonlyMap<string, Encryption> = new Map([
  ['A128GCM', { keyBytes: 16, digest: '' }],
  ['A192GCM', { keyBytes: 24, digest: '' }],
  ['A256GCM', { keyBytes: 32, digest: '' }],
  ['A128CBC-HS256', { keyBytes: 32, digest: 'sha256' }],
  ['A192CBC-HS384', { keyBytes: 48, digest: 'sha384' }],
  ['A256CBC-HS512', { keyBytes: 64, digest: 'sha512' }],
]);

export const encryptionNames: readonly string[] = [...encryptions.keys()];

/** An encrypted content key becomes the key; null: it cannot. */
type Unwrap = (parts: Parts, key: TokenKey, encryption: Encryption) => Buffer | null;

interface Parts {
  readonly header: Header;
  readonly wrapped: Buffer;
}

const tagBytes = 16;
const nonceBytes = 12;
/** Where RFC 3394 begins. */
const wrapStart = Buffer.alloc(8, 0xa6);

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

const secretOf = (key: TokenKey, length: number): Buffer | null =>
  Buffer.isBuffer(key) && key.length === length ? key : null;

function unwrapAes(wrapped: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv(`id-aes${key.length * 8}-wrap`, key, wrapStart);
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}

function openGcm(
  key: Buffer,
  iv: Buffer,
  sealed: { readonly text: Buffer; readonly tag: Buffer; readonly also: Buffer },
): Buffer | null {
  if (sealed.tag.length !== tagBytes || iv.length !== nonceBytes) return null;
  // OpenSSL has the three lengths of key that come here.
  const name = `aes-${key.length * 8}-gcm` as CipherGCMTypes;
  const decipher = createDecipheriv(name, key, iv, { authTagLength: tagBytes });
  decipher.setAAD(sealed.also);
  decipher.setAuthTag(sealed.tag);
  return Buffer.concat([decipher.update(sealed.text), decipher.final()]);
}

const nothing = Buffer.alloc(0);

const byAesWrap =
  (length: number): Unwrap =>
  ({ wrapped }, key) => {
    const secret = secretOf(key, length);
    return secret === null ? null : unwrapAes(wrapped, secret);
  };

const byGcmWrap =
  (length: number): Unwrap =>
  ({ header, wrapped }, key) => {
    const secret = secretOf(key, length);
    if (secret === null || typeof header.iv !== 'string' || typeof header.tag !== 'string')
      return null;
    const sealed = { text: wrapped, tag: bytesOf(header.tag), also: nothing };
    return openGcm(secret, bytesOf(header.iv), sealed);
  };

const directly: Unwrap = ({ wrapped }, key, { keyBytes }) =>
  wrapped.length === 0 ? secretOf(key, keyBytes) : null;

const byOaep =
  (oaepHash: string): Unwrap =>
  ({ wrapped }, key) => {
    if (Buffer.isBuffer(key) || key.asymmetricKeyType !== 'rsa') return null;
    return privateDecrypt({ key, oaepHash, padding: constants.RSA_PKCS1_OAEP_PADDING }, wrapped);
  };

/**
 * RFC 8017 7.2.2. Whatever is wrong with the padding gives a random key, so that the tag refuses
 * the token like any other that is forged (RFC 7516 11.5).
 */
const byPkcs1: Unwrap = ({ wrapped }, key, { keyBytes }) => {
  if (Buffer.isBuffer(key) || key.asymmetricKeyType !== 'rsa') return null;
  const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, wrapped);
  const instead = randomBytes(keyBytes);
  const at = block.length - keyBytes;
  if (at < 11) return null;
  let bad = block[0] | (block[1] ^ 2) | block[at - 1];
  for (let i = 2; i < at - 1; i++) bad |= block[i] === 0 ? 1 : 0;
  return bad === 0 ? block.subarray(at) : instead;
};

/** RFC 7518 4.6: `length` 0: the content key itself, else bytes of a key that unwraps it. */
const byAgreement =
  (length: number): Unwrap =>
  ({ header, wrapped }, key, { keyBytes }) => {
    const { epk, alg, enc } = header;
    if (Buffer.isBuffer(key) || key.asymmetricKeyType !== 'ec' || epk === undefined) return null;
    const publicKey = createPublicKey({ key: epk, format: 'jwk' });
    const shared = diffieHellman({ privateKey: key, publicKey });
    if (length > 0) return unwrapAes(wrapped, deriveKey(shared, alg, length, header));
    return wrapped.length === 0 ? deriveKey(shared, enc, keyBytes, header) : null;
  };

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const counted = (bytes: Buffer): Buffer => Buffer.concat([uint32(bytes.length), bytes]);

/** Concat KDF with SHA-256 (NIST SP 800-56A 5.8.1). */
function deriveKey(
  shared: Buffer,
  name: string,
  length: number,
  { apu = '', apv = '' }: Header,
): Buffer {
  const info = Buffer.concat([
    counted(Buffer.from(name, 'latin1')),
    counted(bytesOf(apu)),
    counted(bytesOf(apv)),
    uint32(length * 8),
  ]);
  const blocks: Buffer[] = [];
  for (let i = 1; blocks.length * 32 < length; i++) {
    blocks.push(createHash('sha256').update(uint32(i)).update(shared).update(info).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

const algorithms: ReadonlyMap<string, Unwrap> = new Map<string, Unwrap>([
  ['A128KW', byAesWrap(16)],
  ['A192KW', byAesWrap(24)],
  ['A256KW', byAesWrap(32)],
  ['A128GCMKW', byGcmWrap(16)],
  ['A192GCMKW', byGcmWrap(24)],
  ['A256GCMKW', byGcmWrap(32)],
  ['dir', directly],
  ['RSA-OAEP', byOaep('sha1')],
  ['RSA-OAEP-256', byOaep('sha256')],
  ['RSA1_5', byPkcs1],
  ['ECDH-ES', byAgreement(0)],
  ['ECDH-ES+A128KW', byAgreement(16)],
  ['ECDH-ES+A192KW', byAgreement(24)],
  ['ECDH-ES+A256KW', byAgreement(32)],
]);

export const encryptedAlgorithmNames: readonly string[] = [...algorithms.keys()];

/** Weak: it must be asked for (RFC 8725 3.2). */
export const weakAlgorithm = 'RSA1_5';

function readHeader(text: string): Header | null {
  const value: unknown = JSON.parse(bytesOf(text).toString('utf8'));
  if (typeof value !== 'object' || value === null) return null;
  const { alg, enc } = value as Partial<Header>;
  return typeof alg === 'string' && typeof enc === 'string' ? (value as Header) : null;
}

/** RFC 7518 5.2: half of the key makes the tag, half decrypts. */
function openCbc(key: Buffer, { digest }: Encryption, parts: readonly string[]): Buffer | null {
  const half = key.length / 2;
  const [iv, text, tag] = parts.slice(2).map(bytesOf);
  const also = Buffer.from(parts[0], 'latin1');
  const bits = Buffer.alloc(8);
  bits.writeBigUInt64BE(BigInt(also.length) * 8n);
  const hmac = createHmac(digest, key.subarray(0, half));
  const made = hmac.update(also).update(iv).update(text).update(bits).digest().subarray(0, half);
  if (tag.length !== half || !timingSafeEqual(made, tag)) return null;
  const decipher = createDecipheriv(`aes-${half * 8}-cbc`, key.subarray(half), iv);
  return Buffer.concat([decipher.update(text), decipher.final()]);
}

function decrypt(token: string, key: TokenKey, limits: TokenLimits): Buffer | null {
  const parts = token.split('.');
  if (parts.length !== 5) return null;
  const header = readHeader(parts[0]);
  if (header === null) return null;
  const { alg, enc } = header;
  const encryption = encryptions.get(enc);
  const unwrap = algorithms.get(alg);
  if (encryption === undefined || unwrap === undefined) return null;
  if (!limits.algorithms.has(alg) || !limits.encryptions.has(enc)) return null;
  const content = unwrap({ header, wrapped: bytesOf(parts[1]) }, key, encryption);
  if (content === null || content.length !== encryption.keyBytes) return null;
  if (encryption.digest !== '') return openCbc(content, encryption, parts);
  const [iv, text, tag] = parts.slice(2).map(bytesOf);
  return openGcm(content, iv, { text, tag, also: Buffer.from(parts[0], 'latin1') });
}

/** The content, a byte per character; null: the token is none, or not for this key. */
export function decryptToken(token: string, key: TokenKey, limits: TokenLimits): string | null {
  try {
    return decrypt(token, key, limits)?.toString('latin1') ?? null;
  } catch {
    return null;
  }
}

const numberOf = (text: string | undefined): bigint =>
  BigInt(`0x0${bytesOf(text ?? '').toString('hex')}`);

/** OpenSSL takes the parts of an RSA key as they come: they must be those of one key. */
function isConsistent(key: JsonWebKey): boolean {
  const [n, d, p, q] = [key.n, key.d, key.p, key.q].map(numberOf);
  const [dp, dq, qi] = [key.dp, key.dq, key.qi].map(numberOf);
  if (p < 2n || q < 2n || p * q !== n) return false;
  return d % (p - 1n) === dp && d % (q - 1n) === dq && (qi * q) % p === 1n;
}

/** Bytes of an `oct` key, or a private key (RFC 7517); null: it is neither. */
export function readJsonKey(text: string): TokenKey | null {
  try {
    const key = JSON.parse(text) as JsonWebKey;
    if (key.kty === 'oct') return typeof key.k === 'string' ? bytesOf(key.k) : null;
    if (key.kty !== 'EC' && !(key.kty === 'RSA' && isConsistent(key))) return null;
    return createPrivateKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** The private key of a PEM text; null: there is none. */
export function readPrivateKey(pem: string): KeyObject | null {
  const block = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/.exec(pem);
  try {
    return block === null ? null : createPrivateKey(block[0]);
  } catch {
    return null;
  }
}

/** The public key of the first certificate of a PEM text; null: there is none. */
export function readCertificateKey(pem: string): KeyObject | null {
  const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(pem);
  try {
    return block === null ? null : new X509Certificate(block[0]).publicKey;
  } catch {
    return null;
  }
}
