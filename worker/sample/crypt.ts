// Verifies passwords of userlists as crypt(3) writes them: MD5 ($1$), SHA-256 ($5$) and SHA-512
// ($6$), after their published descriptions, and plain ones. Slow by design: callers keep what was
// verified.

import { createHash, timingSafeEqual } from 'node:crypto';

const alphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

interface Scheme {
  readonly pattern: RegExp;
  readonly hash: (password: Buffer, parts: RegExpExecArray) => string;
}

const schemes: readonly Scheme[] = [
  {
    pattern: /^\$1\$([^$]{0,8})[^$]*\$(.*)$/,
    hash: (password, [, salt]) => md5Crypt(password, salt),
  },
  {
    pattern: /^\$([56])\$(?:rounds=(\d+)\$)?([^$]{0,16})[^$]*\$(.*)$/,
    hash: (password, [, kind, rounds, salt]) =>
      shaCrypt(password, salt, kind === '5' ? sha256 : sha512, rounds),
  },
];

/** True when `written` is in a form `verifyPassword` can check. */
export function isKnownCrypt(written: string): boolean {
  return schemes.some(({ pattern }) => pattern.test(written));
}

/** Does the password (one character per byte) belong to `written`? Unknown forms never match. */
export function verifyPassword(password: string, written: string): boolean {
  for (const { pattern, hash } of schemes) {
    const parts = pattern.exec(written);
    if (parts === null) continue;
    return isSame(hash(Buffer.from(password, 'latin1'), parts), parts[parts.length - 1]);
  }
  return false;
}

/** Compares without telling by time where they differ. */
export function isSame(a: string, b: string): boolean {
  const left = createHash('sha256').update(a, 'latin1').digest();
  return timingSafeEqual(left, createHash('sha256').update(b, 'latin1').digest());
}

function digest(algorithm: string, ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `length` bytes of `block` said again and again. */
function repeated(block: Buffer, length: number): Buffer {
  const out = Buffer.alloc(length);
  for (let at = 0; at < length; at += block.length)
    block.copy(out, at, 0, Math.min(block.length, length - at));
  return out;
}

/** Bytes by index in groups of three, least significant six bits first. */
function encode(bytes: Buffer, order: readonly (readonly number[])[]): string {
  let out = '';
  for (const group of order) {
    let value = 0;
    for (const index of group) value = value * 256 + (index < 0 ? 0 : bytes[index]);
    const letters = group.filter((index) => index >= 0).length + 1;
    for (let i = 0; i < letters; i++) {
      out += alphabet[value & 63];
      value >>>= 6;
    }
  }
  return out;
}

interface ShaKind {
  readonly algorithm: string;
  readonly order: readonly (readonly number[])[];
}

/** Triples (a, b, c) each rotated from the one before; the rest at the end. */
function shaOrder(first: readonly number[], shift: number, count: number, last: readonly number[]) {
  const order: number[][] = [];
  let triple = [...first];
  for (let i = 0; i < count; i++) {
    order.push(triple);
    const [a, b, c] = triple;
    triple = shift === 1 ? [b + 1, c + 1, a + 1] : [c + 1, a + 1, b + 1];
  }
  order.push([...last]);
  return order;
}

const sha256: ShaKind = { algorithm: 'sha256', order: shaOrder([0, 10, 20], 2, 10, [-1, 31, 30]) };
const sha512: ShaKind = { algorithm: 'sha512', order: shaOrder([0, 21, 42], 1, 21, [-1, -1, 63]) };

const roundsDefault = 5000;

/** The SHA-crypt of U. Drepper's description. */
function shaCrypt(
  password: Buffer,
  salt: string,
  kind: ShaKind,
  roundsText: string | undefined,
): string {
  const { algorithm, order } = kind;
  const saltBytes = Buffer.from(salt, 'latin1');
  const rounds = Math.min(Math.max(Number(roundsText ?? roundsDefault), 1000), 999_999_999);
  const inner = digest(algorithm, password, saltBytes, password);
  const parts: Buffer[] = [password, saltBytes, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>>= 1) parts.push(bits & 1 ? inner : password);
  let sum = digest(algorithm, ...parts);
  const passwords = Buffer.concat(new Array<Buffer>(password.length).fill(password));
  const p = repeated(digest(algorithm, passwords), password.length);
  const salts = Buffer.concat(new Array<Buffer>(16 + sum[0]).fill(saltBytes));
  const s = repeated(digest(algorithm, salts), saltBytes.length);
  for (let i = 0; i < rounds; i++) {
    const round: Buffer[] = [i & 1 ? p : sum];
    if (i % 3 !== 0) round.push(s);
    if (i % 7 !== 0) round.push(p);
    round.push(i & 1 ? sum : p);
    sum = digest(algorithm, ...round);
  }
  return encode(sum, order);
}

const md5Order = [
  [0, 6, 12],
  [1, 7, 13],
  [2, 8, 14],
  [3, 9, 15],
  [4, 10, 5],
  [-1, -1, 11],
];

/** The MD5-crypt of FreeBSD. */
function md5Crypt(password: Buffer, salt: string): string {
  const saltBytes = Buffer.from(salt, 'latin1');
  const magic = Buffer.from('$1$', 'latin1');
  const inner = digest('md5', password, saltBytes, password);
  const parts: Buffer[] = [password, magic, saltBytes, repeated(inner, password.length)];
  const zero = Buffer.alloc(1);
  for (let bits = password.length; bits > 0; bits >>>= 1) {
    parts.push(bits & 1 ? zero : password.subarray(0, 1));
  }
  let sum = digest('md5', ...parts);
  for (let i = 0; i < 1000; i++) {
    const round: Buffer[] = [i & 1 ? password : sum];
    if (i % 3 !== 0) round.push(saltBytes);
    if (i % 7 !== 0) round.push(password);
    round.push(i & 1 ? sum : password);
    sum = digest('md5', ...round);
  }
  return encode(sum, md5Order);
}
