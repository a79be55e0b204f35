// XXH3, the 64-bit hash of its published specification, with seed. Pure; proxy thread; called by
// converters/crypto.ts. Short inputs are mixed at once, long ones in stripes of 64 bytes.

const secretHex = [
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f',
  'cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c',
  '3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8',
  'a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364',
  'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e',
  '2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
];
const secret = Buffer.from(secretHex.join(''), 'hex');
/** The secret of a seed that is not 0, for long inputs. */
const seeded = Buffer.alloc(secret.length);

const word1 = 0x9e3779b1n;
const word2 = 0x85ebca77n;
const word3 = 0xc2b2ae3dn;
const long1 = 0x9e3779b185ebca87n;
const long2 = 0xc2b2ae3d27d4eb4fn;
const long3 = 0x165667b19e3779f9n;
const long4 = 0x85ebca77c2b2ae63n;
const long5 = 0x27d4eb2f165667c5n;
const mixer1 = 0x165667919e3779f9n;
const mixer2 = 0x9fb21c651e98df25n;
const low32 = 0xffffffffn;
const full = 0xffffffffffffffffn;

const shortMax = 16;
const middleMax = 128;
const largerMax = 240;
const stripeBytes = 64;
const stripesPerBlock = (secret.length - stripeBytes) / 8;

const cut = (value: bigint): bigint => value & full;
const turn = (value: bigint, bits: bigint): bigint =>
  cut((value << bits) | (value >> (64n - bits)));

/** Both halves of the 128-bit product, one over the other. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return (product & full) ^ (product >> 64n);
}

function avalanche(value: bigint): bigint {
  let hash = value ^ (value >> 37n);
  hash = cut(hash * mixer1);
  return hash ^ (hash >> 32n);
}

/** The last step of XXH64. */
function oldAvalanche(value: bigint): bigint {
  let hash = value ^ (value >> 33n);
  hash = cut(hash * long2);
  hash ^= hash >> 29n;
  hash = cut(hash * long3);
  return hash ^ (hash >> 32n);
}

const key = (at: number): bigint => secret.readBigUInt64LE(at);

/** XXH3 of a text of one character per byte, unsigned. `seed`: 0 to 2^64 - 1. */
export function xxh3Text(text: string, seed: bigint): bigint {
  const bytes = Buffer.from(text, 'latin1');
  const { length } = bytes;
  if (length === 0) return oldAvalanche(seed ^ key(56) ^ key(64));
  if (length <= 3) return hashTiny(bytes, seed);
  if (length <= 8) return hashSmall(bytes, seed);
  if (length <= shortMax) return hashShort(bytes, seed);
  if (length <= middleMax) return hashMiddle(bytes, seed);
  return length <= largerMax ? hashLarger(bytes, seed) : hashLong(bytes, seed);
}

function hashTiny(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  const last = bytes[length - 1] | (length << 8);
  const all = ((bytes[0] << 16) | (bytes[length >> 1] << 24) | last) >>> 0;
  const flip = BigInt((secret.readUInt32LE(0) ^ secret.readUInt32LE(4)) >>> 0);
  return oldAvalanche(BigInt(all) ^ cut(flip + seed));
}

function hashSmall(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  const start = BigInt(bytes.readUInt32LE(0));
  const end = BigInt(bytes.readUInt32LE(length - 4));
  const spread = seed ^ (swap32(seed & low32) << 32n);
  let hash = (end + (start << 32n)) ^ cut((key(8) ^ key(16)) - spread);
  hash ^= turn(hash, 49n) ^ turn(hash, 24n);
  hash = cut(hash * mixer2);
  hash ^= (hash >> 35n) + BigInt(length);
  hash = cut(hash * mixer2);
  return hash ^ (hash >> 28n);
}

function hashShort(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  const low = bytes.readBigUInt64LE(0) ^ cut((key(24) ^ key(32)) + seed);
  const high = bytes.readBigUInt64LE(length - 8) ^ cut((key(40) ^ key(48)) - seed);
  return avalanche(cut(BigInt(length) + swap64(low) + high + fold(low, high)));
}

function swap32(value: bigint): bigint {
  return (
    ((value & 0xffn) << 24n) |
    ((value & 0xff00n) << 8n) |
    ((value >> 8n) & 0xff00n) |
    ((value >> 24n) & 0xffn)
  );
}

const swap64 = (value: bigint): bigint => (swap32(value & low32) << 32n) | swap32(value >> 32n);

/** Sixteen bytes at `at` with sixteen of the secret. */
function mix(bytes: Buffer, at: number, secretAt: number, seed: bigint): bigint {
  const low = bytes.readBigUInt64LE(at) ^ cut(key(secretAt) + seed);
  const high = bytes.readBigUInt64LE(at + 8) ^ cut(key(secretAt + 8) - seed);
  return fold(low, high);
}

/** From both ends towards the middle. */
function hashMiddle(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  let hash = BigInt(length) * long1;
  for (let i = Math.floor((length - 1) / 32); i >= 0; i--) {
    hash += mix(bytes, 16 * i, 32 * i, seed);
    hash += mix(bytes, length - 16 * (i + 1), 32 * i + 16, seed);
  }
  return avalanche(cut(hash));
}

function hashLarger(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  const rounds = Math.floor(length / 16);
  let hash = BigInt(length) * long1;
  for (let i = 0; i < 8; i++) hash += mix(bytes, 16 * i, 16 * i, seed);
  hash = avalanche(cut(hash));
  for (let i = 8; i < rounds; i++) hash += mix(bytes, 16 * i, 16 * (i - 8) + 3, seed);
  hash += mix(bytes, length - 16, 136 - 17, seed);
  return avalanche(cut(hash));
}

const lanes: bigint[] = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
const lanesAtStart: readonly bigint[] = [word3, long1, long2, long3, long4, word2, long5, word1];

function accumulate(bytes: Buffer, at: number, from: Buffer, secretAt: number): void {
  for (let i = 0; i < 8; i++) {
    const value = bytes.readBigUInt64LE(at + 8 * i);
    const mixed = value ^ from.readBigUInt64LE(secretAt + 8 * i);
    lanes[i ^ 1] = cut(lanes[i ^ 1] + value);
    lanes[i] = cut(lanes[i] + (mixed & low32) * (mixed >> 32n));
  }
}

function scramble(from: Buffer): void {
  const secretAt = from.length - stripeBytes;
  for (let i = 0; i < 8; i++) {
    const mixed = lanes[i] ^ (lanes[i] >> 47n) ^ from.readBigUInt64LE(secretAt + 8 * i);
    lanes[i] = cut(mixed * word1);
  }
}

function secretOf(seed: bigint): Buffer {
  if (seed === 0n) return secret;
  for (let at = 0; at < secret.length; at += 16) {
    seeded.writeBigUInt64LE(cut(key(at) + seed), at);
    seeded.writeBigUInt64LE(cut(key(at + 8) - seed), at + 8);
  }
  return seeded;
}

function hashLong(bytes: Buffer, seed: bigint): bigint {
  const { length } = bytes;
  const from = secretOf(seed);
  for (let i = 0; i < 8; i++) lanes[i] = lanesAtStart[i];
  const stripes = Math.floor((length - 1) / stripeBytes);
  for (let i = 0; i < stripes; i++) {
    const inBlock = i % stripesPerBlock;
    accumulate(bytes, i * stripeBytes, from, 8 * inBlock);
    if (inBlock === stripesPerBlock - 1) scramble(from);
  }
  accumulate(bytes, length - stripeBytes, from, from.length - stripeBytes - 7);
  let hash = BigInt(length) * long1;
  for (let i = 0; i < 4; i++) {
    const low = lanes[2 * i] ^ from.readBigUInt64LE(11 + 16 * i);
    hash += fold(low, lanes[2 * i + 1] ^ from.readBigUInt64LE(19 + 16 * i));
  }
  return avalanche(cut(hash));
}
