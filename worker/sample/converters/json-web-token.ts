// Signed JSON Web Tokens in their compact form (RFC 7515, 7518): taken apart and verified through
// the crypto of Node. Keys are made at start; verifying is for the proxy thread and never throws.
//
//   base64url(header) . base64url(claims) . base64url(signature)

import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { decodeUrlBase64 } from './encoding.ts';

/** What verifying gives (manual 7.3.1, "jwt_verify"). */
export const tokenValid = 1;
export const tokenForged = 0;
export const tokenAlgorithmUnknown = -1;
export const tokenAlgorithmUnmanaged = -2;
export const tokenMalformed = -3;
export const tokenKeyUnknown = -5;
/** The certificate is there, its `jwt` is off. */
export const tokenCertificateOff = -7;

type Family = 'hmac' | 'rsa' | 'pss' | 'ecdsa' | 'none';

export interface TokenAlgorithm {
  readonly family: Family;
  readonly digest: string;
}

const families: readonly (readonly [string, Family])[] = [
  ['HS', 'hmac'],
  ['RS', 'rsa'],
  ['PS', 'pss'],
  ['ES', 'ecdsa'],
];

/** Algorithms by their names of RFC 7518 3.1. */
export const tokenAlgorithms: ReadonlyMap<string, TokenAlgorithm> = new Map([
  ...families.flatMap(([prefix, family]) =>
    ['256', '384', '512'].map((bits): [string, TokenAlgorithm] => [
      prefix + bits,
      { family, digest: `sha${bits}` },
    ]),
  ),
  ['none', { family: 'none', digest: '' }],
]);

/** Part `index` (0 header, 1 claims) of a token, decoded; null: there is no such part. */
export function tokenPart(token: string, index: number): string | null {
  let at = 0;
  for (let i = 0; i < index; i++) {
    at = token.indexOf('.', at) + 1;
    if (at === 0) return null;
  }
  const dot = token.indexOf('.', at);
  if (dot < 0 && index === 0) return null;
  return decodeUrlBase64(dot < 0 ? token.slice(at) : token.slice(at, dot));
}

/** The public key in a PEM text; null: there is none. Start only. */
export function buildPublicKey(pem: string): KeyObject | null {
  if (!/-----BEGIN (RSA )?PUBLIC KEY-----/.test(pem)) return null;
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}

/**
 * Verifies the signature of `token` with a secret (HMAC) or a public key: one of the numbers above.
 */
export function verifyToken(
  token: string,
  algorithm: TokenAlgorithm,
  secret: string,
  key: KeyObject | null,
): number {
  const claimsAt = token.indexOf('.') + 1;
  const signatureAt = claimsAt === 0 ? 0 : token.indexOf('.', claimsAt) + 1;
  if (signatureAt === 0 || token.indexOf('.', signatureAt) >= 0) return tokenMalformed;
  const isUnsigned = signatureAt === token.length;
  if (algorithm.family === 'none') return isUnsigned ? tokenValid : tokenForged;
  const signature = isUnsigned ? null : decodeUrlBase64(token.slice(signatureAt));
  if (signature === null || signature === '') return tokenMalformed;
  const signed = Buffer.from(token.slice(0, signatureAt - 1), 'latin1');
  const given = Buffer.from(signature, 'latin1');
  if (algorithm.family === 'hmac') return verifySecret(signed, given, algorithm, secret);
  return key === null ? tokenKeyUnknown : verifyKey(signed, given, algorithm, key);
}

function verifySecret(
  signed: Buffer,
  given: Buffer,
  { digest }: TokenAlgorithm,
  secret: string,
): number {
  const hmac = createHmac(digest, Buffer.from(secret, 'latin1')).update(signed).digest();
  const isEqual = hmac.length === given.length && timingSafeEqual(hmac, given);
  return isEqual ? tokenValid : tokenForged;
}

const keyTypes: Readonly<Record<Family, string>> = {
  hmac: '',
  none: '',
  rsa: 'rsa',
  pss: 'rsa',
  ecdsa: 'ec',
};

/** A key of another kind verifies nothing; ECDSA signs with two numbers of one length. */
function verifyKey(
  signed: Buffer,
  given: Buffer,
  { family, digest }: TokenAlgorithm,
  key: KeyObject,
): number {
  if (family === 'ecdsa' && given.length % 2 !== 0) return tokenMalformed;
  if (key.asymmetricKeyType !== keyTypes[family]) return tokenForged;
  const padding = family === 'pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  const how = family === 'ecdsa' ? ({ key, dsaEncoding: 'ieee-p1363' } as const) : { key, padding };
  return verify(digest, signed, how, given) ? tokenValid : tokenForged;
}
