// Hash converters (manual 7.3.1): HAProxy's own and the published non-cryptographic ones as
// integers, and digests, HMAC and a constant-time comparison through the crypto of Node.

import { createHash, createHmac, getHashes, timingSafeEqual } from 'node:crypto';
import { avalanche } from '../../../shared/hash.ts';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import {
  crc32cText,
  crc32Text,
  djb2Text,
  sdbmText,
  wt6Text,
  xxh32Text,
  xxh64Text,
} from '../hash.ts';
import { wrapped } from '../int64.ts';
import { xxh3Text } from '../xxh3.ts';
import { kindBinary, kindBool, kindSint } from '../sample.ts';
import { decodeBase64 } from './encoding.ts';
import { textOperand, variableText } from './operand.ts';

const avalancheArg: readonly ArgumentDef[] = [{ name: 'avalanche', type: 'sint', optional: true }];
const seedArg: readonly ArgumentDef[] = [{ name: 'seed', type: 'sint', optional: true }];

/** A 32-bit hash that an argument other than 0 spreads. */
function spreadable(name: string, help: string, hash: (text: string) => number): ConverterDef {
  return {
    name,
    args: avalancheArg,
    takes: kindBinary,
    returns: kindSint,
    help,
    example: `${name}(1)`,
    build: ([mixes]) => {
      if (mixes === undefined || Number(mixes) === 0) {
        return (sample) => sample.setInt(hash(sample.text));
      }
      return (sample) => sample.setInt(avalanche(hash(sample.text)));
    },
  };
}

function buildXxh32([seed]: readonly ArgumentValue[]): Convert {
  const start = Number(BigInt.asIntN(32, BigInt((seed as number | bigint | undefined) ?? 0)));
  return (sample) => sample.setInt(xxh32Text(sample.text, start));
}

function buildXxh64([seed]: readonly ArgumentValue[]): Convert {
  const start = BigInt.asUintN(64, BigInt((seed as number | bigint | undefined) ?? 0));
  return (sample) => sample.setInt(wrapped(xxh64Text(sample.text, start)));
}

function buildXxh3([seed]: readonly ArgumentValue[]): Convert {
  const start = BigInt.asUintN(64, BigInt((seed as number | bigint | undefined) ?? 0));
  return (sample) => sample.setInt(wrapped(xxh3Text(sample.text, start)));
}

const known = new Map(getHashes().map((name) => [name.toLowerCase(), name]));

/** Name of the digest for Node, null with an alert. */
function digestName(word: string, scope: Scope): string | null {
  const found = known.get(word.toLowerCase());
  if (found !== undefined) return found;
  scope.alert(`'${word}' is not a digest of OpenSSL`);
  return null;
}

/** Digest of one-byte characters, one-byte characters again. */
function digestOf(algorithm: string, text: string): string {
  return createHash(algorithm).update(text, 'latin1').digest('binary');
}

function buildDigest([word]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const algorithm = digestName(word as string, scope);
  if (algorithm === null) return null;
  return (sample) => sample.setBinary(digestOf(algorithm, sample.text));
}

const sha2Names: Readonly<Record<number, string>> = {
  224: 'sha224',
  256: 'sha256',
  384: 'sha384',
  512: 'sha512',
};

function buildSha2([bits]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const algorithm = sha2Names[Number(bits ?? 256)];
  if (algorithm === undefined) {
    scope.alert(`sha2 of ${bits} bits does not exist: 224, 256, 384 or 512`);
    return null;
  }
  return (sample) => sample.setBinary(digestOf(algorithm, sample.text));
}

/** hmac(algorithm,key): the key is base64, as written or in a variable. */
function buildHmac(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const [word, keyWord] = args as readonly string[];
  const algorithm = digestName(word, scope);
  const isVariable = /^(proc|sess|txn|req|res|check)\./.test(keyWord);
  if (!isVariable && decodeBase64(keyWord) === null) {
    scope.alert(`the key '${keyWord}' of hmac is not base64`);
    return null;
  }
  const key = textOperand(keyWord, scope, decodeBase64);
  if (algorithm === null || key === null) return null;
  return (sample, stream) => {
    const secret = key(stream);
    if (secret === null) return false;
    const hmac = createHmac(algorithm, Buffer.from(secret, 'latin1'));
    return sample.setBinary(hmac.update(sample.text, 'latin1').digest('binary'));
  };
}

/** In constant time when the lengths are equal. */
function buildSecureCompare([name]: readonly ArgumentValue[], scope: Scope): Convert | null {
  const read = variableText(name as string, scope, true);
  if (read === null) return null;
  return (sample, stream) => {
    const other = read(stream);
    if (other === null) return false;
    if (other.length !== sample.text.length) return sample.setBool(false);
    const equal = timingSafeEqual(Buffer.from(other, 'latin1'), Buffer.from(sample.text, 'latin1'));
    return sample.setBool(equal);
  };
}

export const hashes: readonly ConverterDef[] = [
  spreadable('crc32', 'CRC-32', crc32Text),
  spreadable('crc32c', 'CRC-32C', crc32cText),
  spreadable('djb2', 'the djb2 hash', djb2Text),
  spreadable('sdbm', 'the sdbm hash', (text) => sdbmText(text, 0)),
  spreadable('wt6', 'the wt6 hash', wt6Text),
  {
    name: 'xxh32',
    args: seedArg,
    takes: kindBinary,
    returns: kindSint,
    help: 'the 32-bit xxHash',
    example: 'xxh32(1)',
    build: buildXxh32,
  },
  {
    name: 'xxh64',
    args: seedArg,
    takes: kindBinary,
    returns: kindSint,
    help: 'the 64-bit xxHash, signed',
    example: 'xxh64(1)',
    build: buildXxh64,
  },
  {
    name: 'xxh3',
    args: seedArg,
    takes: kindBinary,
    returns: kindSint,
    help: 'the 64-bit XXH3, signed',
    example: 'xxh3(1)',
    build: buildXxh3,
  },
  {
    name: 'sha1',
    args: [],
    takes: kindBinary,
    returns: kindBinary,
    help: 'SHA-1 digest',
    example: 'sha1',
    build: () => (sample) => sample.setBinary(digestOf('sha1', sample.text)),
  },
  {
    name: 'sha2',
    args: [{ name: 'bits', type: 'sint', optional: true }],
    takes: kindBinary,
    returns: kindBinary,
    help: 'SHA-2 digest of 224, 256, 384 or 512 bits',
    example: 'sha2(512)',
    build: buildSha2,
  },
  {
    name: 'digest',
    args: [{ name: 'algorithm', type: 'string' }],
    takes: kindBinary,
    returns: kindBinary,
    help: 'digest by its OpenSSL name',
    example: 'digest(sha256)',
    build: buildDigest,
  },
  {
    name: 'hmac',
    args: [
      { name: 'algorithm', type: 'string' },
      { name: 'key', type: 'string' },
    ],
    takes: kindBinary,
    returns: kindBinary,
    help: 'HMAC with a base64 key',
    example: 'hmac(sha256,a2V5)',
    build: buildHmac,
  },
  {
    name: 'secure_memcmp',
    args: [{ name: 'var', type: 'variable' }],
    takes: kindBinary,
    returns: kindBool,
    help: 'equal to a variable, in constant time',
    example: 'secure_memcmp(txn.a)',
    build: buildSecureCompare,
  },
];
