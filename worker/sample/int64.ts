// 64-bit signed integers as samples carry them: a number while it is a safe integer, a bigint
// beyond. Arithmetic saturates at the ends of the range as HAProxy's converters do (manual 7.3.1,
// "add", "mul"). Used by casts, converters and fetches on the proxy thread; nothing here throws.

export type Int64 = number | bigint;

const int64Max = 9223372036854775807n;
const int64Min = -9223372036854775808n;

/** Saturates, and comes back to a number where one can hold the value. */
function normal(value: bigint): Int64 {
  const held = value > int64Max ? int64Max : value < int64Min ? int64Min : value;
  const small = Number(held);
  return Number.isSafeInteger(small) ? small : held;
}

/** Wraps to 64 bits (bit operations and hashes), then as `normal`. */
export function wrapped(value: bigint): Int64 {
  return normal(BigInt.asIntN(64, value));
}

/** Saturating sum. */
export function add(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normal(BigInt(a) + BigInt(b));
}

/** Saturating difference. */
export function sub(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return normal(BigInt(a) - BigInt(b));
}

/** Saturating product. */
export function mul(a: Int64, b: Int64): Int64 {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product === 0 ? 0 : product;
  }
  return normal(BigInt(a) * BigInt(b));
}

/** Truncates toward zero; division by zero gives the largest value. */
export function div(a: Int64, b: Int64): Int64 {
  if (b === 0 || b === 0n) return int64Max;
  if (typeof a === 'number' && typeof b === 'number') {
    const quotient = Math.trunc(a / b);
    // Beyond 2^53 the rounding of the division could reach the next integer.
    if (Math.abs(a) < 2 ** 52) return quotient === 0 ? 0 : quotient;
  }
  return normal(BigInt(a) / BigInt(b));
}

/** Remainder with the sign of the dividend; of zero: zero. */
export function mod(a: Int64, b: Int64): Int64 {
  if (b === 0 || b === 0n) return 0;
  if (typeof a === 'number' && typeof b === 'number') {
    const rest = a % b;
    return rest === 0 ? 0 : rest;
  }
  return normal(BigInt(a) % BigInt(b));
}

/** The other sign, saturating. */
export function neg(a: Int64): Int64 {
  if (typeof a === 'number') return a === 0 ? 0 : -a;
  return normal(-a);
}

/** And, bit by bit, on 64 bits. */
export function and(a: Int64, b: Int64): Int64 {
  if (isWord(a) && isWord(b)) return a & b;
  return wrapped(BigInt(a) & BigInt(b));
}

/** Or, bit by bit, on 64 bits. */
export function or(a: Int64, b: Int64): Int64 {
  if (isWord(a) && isWord(b)) return a | b;
  return wrapped(BigInt(a) | BigInt(b));
}

/** Exclusive or, bit by bit, on 64 bits. */
export function xor(a: Int64, b: Int64): Int64 {
  if (isWord(a) && isWord(b)) return a ^ b;
  return wrapped(BigInt(a) ^ BigInt(b));
}

/** One's complement. */
export function cpl(a: Int64): Int64 {
  if (isWord(a)) return ~a;
  return wrapped(~BigInt(a));
}

/** Fits 32 bits with its sign: bit operations on it are the machine's own. */
function isWord(a: Int64): a is number {
  return typeof a === 'number' && (a | 0) === a;
}

/** Where the last `readInt64` stopped: the first character that is not part of the number. */
let readEnd = 0;

/**
 * Reads a decimal number with an optional sign at `from`, saturating; stops at the first other
 * character and says where in `readEnd`. No digit at all: 0, with `readEnd` behind the sign.
 */
export function readInt64(text: string, from = 0): Int64 {
  let at = from;
  let negative = false;
  const sign = text.charCodeAt(at);
  if (sign === 45 || sign === 43) {
    negative = sign === 45;
    at++;
  }
  const start = at;
  let value = 0;
  for (; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    value = value * 10 + digit;
  }
  readEnd = at;
  if (Number.isSafeInteger(value)) return negative ? neg(value) : value;
  const big = BigInt(text.slice(start, at));
  return normal(negative ? -big : big);
}

/** The whole of `text` as a number, null when it is anything else (HAProxy's strl2llrc). */
export function parseInt64(text: string): Int64 | null {
  const value = readInt64(text);
  if (readEnd !== text.length) return null;
  const last = text.charCodeAt(text.length - 1);
  return last >= 48 && last <= 57 ? value : null;
}

/** Eight characters, most significant byte first. */
export function int64Bytes(value: Int64): string {
  if (typeof value === 'number' && value >= 0) {
    return wordBytes(Math.floor(value / 4294967296)) + wordBytes(value % 4294967296);
  }
  const bits = BigInt.asUintN(64, BigInt(value));
  return wordBytes(Number(bits >> 32n)) + wordBytes(Number(bits & 0xffffffffn));
}

/** Four characters, most significant byte first. */
export function wordBytes(value: number): string {
  return String.fromCharCode(
    (value >>> 24) & 255,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  );
}
