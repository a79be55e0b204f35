// Converters that encrypt and decrypt with AES (manual 7.3.1, "aes_gcm_dec") through the crypto of
// Node. Keys, nonces, tags and additional data are base64, as written or in a variable. CBC has no
// use for additional data: it is decoded and left out, as HAProxy does.

import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';
import type { ArgumentDef, ArgumentValue, Convert, ConverterDef, Scope } from '../../keyword.ts';
import type { Stream } from '../../stream/stream.ts';
import { kindBinary, Sample } from '../sample.ts';
import { variableWriter, type WriteVariable } from '../variables.ts';
import { decodeBase64 } from './encoding.ts';
import { textOperand } from './operand.ts';

type Mode = 'gcm' | 'cbc';

const tagBytes = 16;
const blockBytes = 16;

/** What the arguments became. */
interface Parts {
  readonly algorithm: 'aes-128-gcm' | 'aes-128-cbc';
  readonly keyBytes: number;
  readonly nonce: (stream: Stream) => Buffer | null;
  readonly key: (stream: Stream) => Buffer | null;
  readonly additional: (stream: Stream) => Buffer | null;
}

const noBytes = Buffer.alloc(0);

/** Bytes of a base64 argument; null: alert given. While serving, null: no such bytes. */
function bytesOf(
  word: string | undefined,
  what: string,
  scope: Scope,
): ((stream: Stream) => Buffer | null) | null {
  if (word === undefined || word === '') return () => noBytes;
  const isVariable = /^(proc|sess|txn|req|res|check)\./.test(word);
  if (!isVariable && decodeBase64(word) === null) {
    scope.alert(`the ${what} '${word}' is not base64`);
    return null;
  }
  const read = textOperand(word, scope, (text) => text);
  if (read === null) return null;
  return (stream) => {
    const text = read(stream);
    const bytes = text === null ? null : decodeBase64(text);
    return bytes === null ? null : Buffer.from(bytes, 'latin1');
  };
}

function partsOf(mode: Mode, args: readonly ArgumentValue[], scope: Scope): Parts | null {
  const bits = Number(args[0]);
  const [, nonceWord, keyWord] = args as readonly string[];
  if (bits !== 128 && bits !== 192 && bits !== 256) {
    scope.alert(`AES with a key of ${bits} bits does not exist: 128, 192 or 256`);
    return null;
  }
  const nonce = bytesOf(nonceWord, 'nonce', scope);
  const key = bytesOf(keyWord, 'key', scope);
  const additional = bytesOf(args[mode === 'gcm' ? 4 : 3] as string | undefined, 'aad', scope);
  if (nonce === null || key === null || additional === null) return null;
  // The types of Node know each algorithm by itself; all of one mode are used alike.
  const algorithm = `aes-${bits}-${mode}` as Parts['algorithm'];
  return { algorithm, keyBytes: bits / 8, nonce, key, additional };
}

/** Key, nonce and additional data of one call; false: a variable lacks or is too short. */
interface Material {
  key: Buffer;
  nonce: Buffer;
  additional: Buffer;
}

const material: Material = { key: noBytes, nonce: noBytes, additional: noBytes };

/** Longer keys are cut, as HAProxy does; a short nonce of CBC is filled with zeros. */
function gather(parts: Parts, mode: Mode, stream: Stream): boolean {
  const key = parts.key(stream);
  const nonce = parts.nonce(stream);
  const additional = parts.additional(stream);
  if (key === null || nonce === null || additional === null) return false;
  if (key.length < parts.keyBytes || nonce.length === 0) return false;
  material.key = key.subarray(0, parts.keyBytes);
  material.nonce = mode === 'gcm' ? nonce : fixedNonce(nonce);
  material.additional = additional;
  return true;
}

function fixedNonce(nonce: Buffer): Buffer {
  if (nonce.length >= blockBytes) return nonce.subarray(0, blockBytes);
  return Buffer.concat([nonce, Buffer.alloc(blockBytes - nonce.length)]);
}

function buildGcmEncrypt(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const parts = partsOf('gcm', args, scope);
  const write = variableWriter(args[3] as string, 0, scope);
  if (parts === null || write === null) return null;
  const tag = new Sample();
  return (sample, stream) => {
    if (!gather(parts, 'gcm', stream)) return false;
    const cipher = createCipheriv(parts.algorithm as 'aes-128-gcm', material.key, material.nonce);
    cipher.setAAD(material.additional);
    const text = cipher.update(sample.text, 'latin1', 'latin1') + cipher.final('latin1');
    return writeTag(stream, tag, cipher.getAuthTag(), write) && sample.setBinary(text);
  };
}

function writeTag(stream: Stream, tag: Sample, bytes: Buffer, write: WriteVariable): boolean {
  tag.setText(bytes.toString('base64'));
  return write(stream, tag);
}

function buildGcmDecrypt(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const parts = partsOf('gcm', args, scope);
  const tag = bytesOf(args[3] as string, 'tag', scope);
  if (parts === null || tag === null) return null;
  return (sample, stream) => {
    const given = tag(stream);
    if (given === null || given.length !== tagBytes || !gather(parts, 'gcm', stream)) return false;
    const bytes = openGcm(parts, sample.text, given);
    return bytes !== null && sample.setBinary(bytes);
  };
}

/**
 * The clear text when `tag` is that of the message, else null. The tag is made again and compared:
 * OpenSSL answers a wrong one by throwing, which is no way to answer traffic.
 */
function openGcm(parts: Parts, text: string, tag: Buffer): string | null {
  const { key, nonce, additional } = material;
  const algorithm = parts.algorithm as 'aes-128-gcm';
  const clear = createDecipheriv(algorithm, key, nonce).update(text, 'latin1');
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(additional);
  cipher.update(clear);
  cipher.final();
  return timingSafeEqual(cipher.getAuthTag(), tag) ? clear.toString('latin1') : null;
}

function buildCbcEncrypt(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const parts = partsOf('cbc', args, scope);
  if (parts === null) return null;
  return (sample, stream) => {
    if (!gather(parts, 'cbc', stream)) return false;
    const cipher = createCipheriv(parts.algorithm, material.key, material.nonce);
    const text = cipher.update(sample.text, 'latin1', 'latin1') + cipher.final('latin1');
    return sample.setBinary(text);
  };
}

function buildCbcDecrypt(args: readonly ArgumentValue[], scope: Scope): Convert | null {
  const parts = partsOf('cbc', args, scope);
  if (parts === null) return null;
  return (sample, stream) => {
    if (!gather(parts, 'cbc', stream)) return false;
    const bytes = openCbc(parts, sample.text);
    return bytes !== null && sample.setBinary(bytes);
  };
}

/** The clear text without its padding (RFC 5652 6.3); null: it was not made with this key. */
function openCbc(parts: Parts, text: string): string | null {
  if (text.length === 0 || text.length % blockBytes !== 0) return null;
  const decipher = createDecipheriv(parts.algorithm, material.key, material.nonce);
  decipher.setAutoPadding(false);
  const clear = decipher.update(text, 'latin1', 'latin1') + decipher.final('latin1');
  const padding = clear.charCodeAt(clear.length - 1);
  if (padding < 1 || padding > blockBytes) return null;
  const end = clear.length - padding;
  for (let i = end; i < clear.length; i++) if (clear.charCodeAt(i) !== padding) return null;
  return clear.slice(0, end);
}

const fixedArgs: readonly ArgumentDef[] = [
  { name: 'bits', type: 'sint' },
  { name: 'nonce', type: 'string' },
  { name: 'key', type: 'string' },
];
const additionalArg: ArgumentDef = { name: 'aad', type: 'string', optional: true };

/** A row: `args` behind bits, nonce and key. */
function row(
  name: string,
  help: string,
  args: readonly ArgumentDef[],
  build: ConverterDef['build'],
): ConverterDef {
  const tag = args.length > 1 ? ',txn.tag' : '';
  const example = `${name}(128,MTIzNDU2Nzg5MDEy,Zm9vb2Zvb29mb29wZm9vbw==${tag})`;
  return {
    name,
    args: [...fixedArgs, ...args],
    takes: kindBinary,
    returns: kindBinary,
    help,
    example,
    build,
  };
}

const gcmArgs: readonly ArgumentDef[] = [{ name: 'aead_tag', type: 'string' }, additionalArg];

export const ciphers: readonly ConverterDef[] = [
  row('aes_gcm_enc', 'encrypts with AES-GCM; the tag goes to a variable', gcmArgs, buildGcmEncrypt),
  row('aes_gcm_dec', 'decrypts and verifies with AES-GCM', gcmArgs, buildGcmDecrypt),
  row('aes_cbc_enc', 'encrypts with AES-CBC', [additionalArg], buildCbcEncrypt),
  row('aes_cbc_dec', 'decrypts with AES-CBC', [additionalArg], buildCbcDecrypt),
];
