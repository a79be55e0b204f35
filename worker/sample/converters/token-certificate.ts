// Converters of JSON Web Tokens with certificates of the store, and of encrypted ones (manual
// 7.3.1, "jwt_verify_cert", "jwt_decrypt_cert"). A certificate counts while its `jwt` is on; what
// the runtime API changes is seen by the next token.

import type { KeyObject } from 'node:crypto';
import type { CertificateModel } from '../../../shared/config/model-certificates.ts';
import {
  decryptToken,
  readCertificateKey,
  readJsonKey,
  readPrivateKey,
  type TokenKey,
  type TokenLimits,
} from '../../../shared/encrypted-token.ts';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindBinary, kindSint } from '../sample.ts';
import { decodeBase64, decodeUrlBase64 } from './encoding.ts';
import {
  tokenAlgorithms,
  tokenAlgorithmUnknown,
  tokenAlgorithmUnmanaged,
  tokenCertificateOff,
  tokenKeyUnknown,
  verifyToken,
} from './json-web-token.ts';
import { variableText } from './operand.ts';

const variableStart = /^(proc|sess|txn|req|res|check)\./;
const isVariable = (word: string): boolean => variableStart.test(word);

type ReadWord = (stream: Stream) => string | null;

/** The word itself, or the variable's text. null: alert given. */
function wordReader(word: string, scope: Scope): ReadWord | null {
  return isVariable(word) ? variableText(word, scope, true) : () => word;
}

/** Keys of certificates, read once for each content. */
class Keys {
  private readonly made = new WeakMap<CertificateModel, KeyObject | null>();
  private readonly read: (certificate: CertificateModel) => KeyObject | null;

  constructor(read: (certificate: CertificateModel) => KeyObject | null) {
    this.read = read;
  }

  of(certificate: CertificateModel): KeyObject | null {
    let key = this.made.get(certificate);
    if (key === undefined) {
      key = this.read(certificate);
      this.made.set(certificate, key);
    }
    return key;
  }
}

/** Of this thread. */
const publicKeys = new Keys(({ pem }) => readCertificateKey(pem));
const privateKeys = new Keys(({ pem, keyPem }) => readPrivateKey(keyPem || pem));

function buildVerify(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [name, certificateWord] = args as readonly string[];
  const { certificates } = scope.model;
  const algorithm = tokenAlgorithms.get(name);
  if (!isVariable(name) && (algorithm === undefined || algorithm.family === 'hmac')) {
    scope.alert(`'${name}' is not an algorithm of tokens that a certificate can verify`);
    return null;
  }
  if (!isVariable(certificateWord) && certificates[certificateWord] === undefined) {
    scope.alert(`unable to load the certificate '${certificateWord}'`);
    return null;
  }
  const readName = wordReader(name, scope);
  const readWord = wordReader(certificateWord, scope);
  if (readName === null || readWord === null) return null;
  return (sample, stream) => {
    const nameNow = readName(stream);
    const word = readWord(stream);
    if (nameNow === null || word === null) return false;
    return sample.setInt(verify(sample.text, nameNow, certificates[word]));
  };
}

function verify(token: string, name: string, certificate: CertificateModel | undefined): number {
  const algorithm = tokenAlgorithms.get(name);
  if (algorithm === undefined) return tokenAlgorithmUnknown;
  if (algorithm.family === 'hmac') return tokenAlgorithmUnmanaged;
  if (algorithm.family === 'none') return verifyToken(token, algorithm, '', null);
  if (certificate === undefined) return tokenKeyUnknown;
  if (!certificate.jwt) return tokenCertificateOff;
  return verifyToken(token, algorithm, '', publicKeys.of(certificate));
}

function limitsOf({ model }: Scope): TokenLimits {
  const { tokenAlgorithms: algorithms, tokenEncryptions: encryptions } = model.global;
  return { algorithms: new Set(algorithms), encryptions: new Set(encryptions) };
}

/** Decrypts with what `keyOf` makes of the word; '' when the token is not for this key. */
function decrypter(
  scope: Scope,
  read: ReadWord,
  keyOf: (word: string) => TokenKey | null,
): Convert {
  const limits = limitsOf(scope);
  return (sample, stream) => {
    const word = read(stream);
    const key = word === null ? null : keyOf(word);
    return sample.setBinary((key === null ? null : decryptToken(sample.text, key, limits)) ?? '');
  };
}

function buildByCertificate([word]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const name = word as string;
  const { certificates } = scope.model;
  const named = certificates[name];
  if (!isVariable(name) && named?.jwt !== true) {
    const why = named === undefined ? 'unknown' : 'unusable';
    const hint = named === undefined ? '' : ' ("jwt" option not set to "on")';
    scope.alert(`${why} certificate ${name}${hint}`);
    return null;
  }
  const read = wordReader(name, scope);
  if (read === null) return null;
  return decrypter(scope, read, (text) => {
    const certificate = certificates[text];
    return certificate?.jwt === true ? privateKeys.of(certificate) : null;
  });
}

/** A constant is read now, a variable with every token. */
const buildBy =
  (what: string, readKey: (text: string) => TokenKey | null): ConverterDef['build'] =>
  ([word], scope) => {
    const text = word as string;
    const read = wordReader(text, scope);
    if (read === null) return null;
    if (isVariable(text)) return decrypter(scope, read, readKey);
    const key = readKey(text);
    if (key !== null) return decrypter(scope, read, () => key);
    scope.alert(`'${text}' is not ${what}`);
    return null;
  };

/** With or without padding, in either alphabet. */
function secretOf(text: string): Buffer | null {
  const bytes = decodeBase64(text) ?? decodeUrlBase64(text);
  return bytes === null ? null : Buffer.from(bytes, 'latin1');
}

const row = (
  [name, args]: readonly [string, readonly string[]],
  returns: number,
  [help, example]: readonly [string, string],
  build: ConverterDef['build'],
): ConverterDef => ({
  name,
  args: args.map((one): ArgumentDef => ({ name: one, type: 'string' })),
  takes: kindBinary,
  returns,
  help,
  example: `${name}(${example})`,
  build,
});

export const tokenCertificates: readonly ConverterDef[] = [
  row(
    ['jwt_verify_cert', ['alg', 'cert']],
    kindSint,
    ['verifies a token with a certificate: 1 when it is right', 'txn.alg,txn.cert'],
    buildVerify,
  ),
  row(
    ['jwt_decrypt_cert', ['cert']],
    kindBinary,
    ['content of a token that was encrypted for a certificate', 'txn.cert'],
    buildByCertificate,
  ),
  row(
    ['jwt_decrypt_jwk', ['jwk']],
    kindBinary,
    ['content of a token that was encrypted for a JSON key', 'txn.jwk'],
    buildBy('a JSON Web Key', readJsonKey),
  ),
  row(
    ['jwt_decrypt_secret', ['secret']],
    kindBinary,
    ['content of a token that was encrypted with a secret', 'GawgguFyGrWKav7AX4VKUg=='],
    buildBy('base64', secretOf),
  ),
];
