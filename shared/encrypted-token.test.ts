import assert from 'node:assert/strict';
import {
  constants,
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { test } from 'node:test';
import {
  decryptToken,
  encryptedAlgorithmNames,
  encryptionNames,
  readJsonKey,
  type TokenKey,
} from './encrypted-token.ts';

const all = {
  algorithms: new Set(encryptedAlgorithmNames),
  encryptions: new Set(encryptionNames),
};
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const url = (bytes: Buffer): string => bytes.toString('base64url');

const contentBytes: Readonly<Record<string, number>> = {
  A128GCM: 16,
  A192GCM: 24,
  A256GCM: 32,
  'A128CBC-HS256': 32,
  'A192CBC-HS384': 48,
  'A256CBC-HS512': 64,
};

function gcm(key: Buffer, iv: Buffer, text: Buffer, also: string): [Buffer, Buffer] {
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-128-gcm', key, iv);
  cipher.setAAD(Buffer.from(also));
  return [Buffer.concat([cipher.update(text), cipher.final()]), cipher.getAuthTag()];
}

const text = Buffer.from('a secret text');

/** The text, encrypted, and its tag (RFC 7518 5). */
function seal(enc: string, key: Buffer, also: string, iv: Buffer): [Buffer, Buffer] {
  if (enc.endsWith('GCM')) return gcm(key, iv, text, also);
  const half = key.length / 2;
  const cipher = createCipheriv(`aes-${half * 8}-cbc`, key.subarray(half), iv);
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  const length = Buffer.alloc(8);
  length.writeUInt32BE(also.length * 8, 4);
  const hmac = createHmac(`sha${half * 16}`, key.subarray(0, half));
  return [
    sealed,
    hmac.update(also).update(iv).update(sealed).update(length).digest().subarray(0, half),
  ];
}

function wrap(key: Buffer, content: Buffer): Buffer {
  const cipher = createCipheriv(`id-aes${key.length * 8}-wrap`, key, Buffer.alloc(8, 0xa6));
  return Buffer.concat([cipher.update(content), cipher.final()]);
}

/** One round or two of the KDF, written out. */
function derive(shared: Buffer, name: string, length: number): Buffer {
  const four = (value: number): Buffer => Buffer.from([0, 0, value >> 8, value & 255]);
  const tail = [four(name.length), Buffer.from(name), four(0), four(0), four(length * 8)];
  const round = (number: number): Buffer =>
    createHash('sha256')
      .update(Buffer.concat([four(number), shared, ...tail]))
      .digest();
  return Buffer.concat([round(1), round(2)]).subarray(0, length);
}

interface Sent {
  readonly header: object;
  readonly wrapped: Buffer;
  readonly content: Buffer;
  readonly key: TokenKey;
}

/** A key of each algorithm, wrapped as the sender would. */
function send(alg: string, enc: string): Sent {
  const content = randomBytes(contentBytes[enc]);
  const bits = Number(/A(\d+)/.exec(alg)?.[1] ?? 0);
  const secret = randomBytes(bits / 8);
  if (alg === 'dir') return { header: {}, wrapped: Buffer.alloc(0), content, key: content };
  if (alg.startsWith('RSA')) {
    const oaepHash = alg === 'RSA-OAEP-256' ? 'sha256' : 'sha1';
    const padding =
      alg === 'RSA1_5' ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_OAEP_PADDING;
    const wrapped = publicEncrypt({ key: rsa.publicKey, padding, oaepHash }, content);
    return { header: {}, wrapped, content, key: rsa.privateKey };
  }
  if (alg.startsWith('ECDH')) {
    const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const shared = diffieHellman({ privateKey: own.privateKey, publicKey: ec.publicKey });
    const header = { epk: own.publicKey.export({ format: 'jwk' }) };
    if (bits === 0) {
      const made = derive(shared, enc, content.length);
      return { header, wrapped: Buffer.alloc(0), content: made, key: ec.privateKey };
    }
    const wrapped = wrap(derive(shared, alg, bits / 8), content);
    return { header, wrapped, content, key: ec.privateKey };
  }
  if (!alg.endsWith('GCMKW'))
    return { header: {}, wrapped: wrap(secret, content), content, key: secret };
  const iv = randomBytes(12);
  const [wrapped, tag] = gcm(secret, iv, content, '');
  return { header: { iv: url(iv), tag: url(tag) }, wrapped, content, key: secret };
}

function tokenOf(alg: string, enc: string): { readonly token: string; readonly key: TokenKey } {
  const { header, wrapped, content, key } = send(alg, enc);
  const head = url(Buffer.from(JSON.stringify({ alg, enc, ...header })));
  const iv = randomBytes(enc.endsWith('GCM') ? 12 : 16);
  const [sealed, tag] = seal(enc, content, head, iv);
  return { token: [head, url(wrapped), url(iv), url(sealed), url(tag)].join('.'), key };
}

test('every algorithm with every encryption is decrypted, and no token that was changed', () => {
  for (const alg of encryptedAlgorithmNames) {
    for (const enc of encryptionNames) {
      const { token, key } = tokenOf(alg, enc);
      assert.equal(decryptToken(token, key, all), 'a secret text', `${alg} ${enc}`);
      const parts = token.split('.');
      for (const [index, part] of parts.entries()) {
        const changed =
          part === '' ? 'AAAA' : part.startsWith('A') ? `B${part.slice(1)}` : `A${part.slice(1)}`;
        const forged = parts.with(index, changed).join('.');
        assert.equal(decryptToken(forged, key, all), null, `${alg} ${enc} part ${index}`);
      }
    }
  }
});

test('RFC 7516, A.3', () => {
  const token =
    'eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2Il' +
    'rT1oOQ.AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ';
  const key = readJsonKey('{"kty":"oct","k":"GawgguFyGrWKav7AX4VKUg"}');
  assert.ok(key !== null);
  assert.equal(decryptToken(token, key, all), 'Live long and prosper.');
  const few = { ...all, algorithms: new Set(['dir']) };
  assert.equal(decryptToken(token, key, few), null);
  assert.equal(decryptToken(token, rsa.privateKey, all), null);
  for (let length = 0; length < token.length; length++) {
    assert.equal(decryptToken(token.slice(0, length), key, all), null);
  }
});

test('keys: bytes, RSA, EC; what is none is no key', () => {
  const jwk = (key: object): TokenKey | null => readJsonKey(JSON.stringify(key));
  assert.ok(Buffer.isBuffer(jwk({ kty: 'oct', k: 'AAAA' })));
  assert.ok(jwk(ec.privateKey.export({ format: 'jwk' })) !== null);
  assert.ok(jwk(rsa.privateKey.export({ format: 'jwk' })) !== null);
  const own = rsa.privateKey.export({ format: 'jwk' });
  assert.equal(jwk({ ...own, qi: own.qi?.slice(4) }), null);
  for (const bad of [{ kty: 'oct' }, { kty: 'OKP' }, { kty: 'EC', crv: 'P-256' }, 1, null]) {
    assert.equal(jwk(bad as object), null);
  }
  assert.equal(readJsonKey('{'), null);
});
